#include "engine/exec/read_ahead.h"

#include <deque>

namespace velo::exec {

namespace {

// Enough to bridge the time that the consumer is not looked after; few, as each holds a batch.
constexpr size_t kBatchesAhead = 4;

// What one Read of the inner reader gave, and how it stood afterwards.
struct Portion {
  Result<ReadOutcome> outcome;
  std::string position;
  ReadProgress progress;
  int64_t lowest_time = kBeginOfTime;
  std::vector<BadRecord> bad_records;
};

class Decoder : public Task {
 public:
  Decoder(std::unique_ptr<PartitionReader> reader, std::shared_ptr<Source> source)
      : source_(std::move(source)), reader_(std::move(reader)) {}

  // Only before the task is started.
  PartitionReader& reader() { return *reader_; }

  Next Step() override {
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return Next::kDone;
      if (portions_.size() >= kBatchesAhead) return Next::kWait;
    }
    Portion portion{reader_->Read(), reader_->Position(), reader_->Progress(), reader_->LowestTime(),
                    reader_->TakeBadRecords()};
    const bool is_last = !portion.outcome.ok() || portion.outcome->state == ReadOutcome::State::kEnd;
    std::function<void()> wake_up;
    {
      std::lock_guard lock(mutex_);
      portions_.push_back(std::move(portion));
      wake_up = wake_up_;
    }
    if (wake_up) wake_up();
    return is_last ? Next::kDone : Next::kAgain;
  }

  std::optional<Portion> TakePortion() {
    std::lock_guard lock(mutex_);
    if (portions_.empty()) return std::nullopt;
    Portion portion = std::move(portions_.front());
    portions_.pop_front();
    return portion;
  }

  void SetWakeUp(std::function<void()> wake_up) {
    std::lock_guard lock(mutex_);
    wake_up_ = std::move(wake_up);
  }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      wake_up_ = nullptr;
    }
    Wake();
  }

 private:
  const std::shared_ptr<Source> source_;
  const std::unique_ptr<PartitionReader> reader_;
  std::mutex mutex_;
  std::deque<Portion> portions_;
  std::function<void()> wake_up_;
  bool stopped_ = false;
};

class ReadAhead : public PartitionReader {
 public:
  ReadAhead(std::unique_ptr<PartitionReader> reader, std::shared_ptr<Source> source, WorkerPool* pool)
      : name_(reader->name()),
        position_(reader->Position()),
        progress_(reader->Progress()),
        lowest_time_(reader->LowestTime()),
        pool_(pool),
        decoder_(std::make_shared<Decoder>(std::move(reader), std::move(source))) {}
  ~ReadAhead() override { decoder_->Stop(); }

  Result<ReadOutcome> Read() override {
    if (!started_) {
      started_ = true;
      pool_->Start(decoder_);
    }
    if (ended_) return ReadOutcome{ReadOutcome::State::kEnd, {}};
    std::optional<Portion> portion = decoder_->TakePortion();
    decoder_->Wake();
    if (!portion.has_value()) return ReadOutcome{ReadOutcome::State::kIdle, {}};
    position_ = std::move(portion->position);
    progress_ = portion->progress;
    lowest_time_ = portion->lowest_time;
    std::move(portion->bad_records.begin(), portion->bad_records.end(), std::back_inserter(bad_records_));
    ended_ = portion->outcome.ok() && portion->outcome->state == ReadOutcome::State::kEnd;
    return std::move(portion->outcome);
  }

  void SetWakeUp(std::function<void()> wake_up) override { decoder_->SetWakeUp(std::move(wake_up)); }
  std::string Position() const override { return position_; }
  Status Seek(const std::string& position) override {
    VELO_RETURN_IF_ERROR(decoder_->reader().Seek(position));
    position_ = decoder_->reader().Position();
    lowest_time_ = decoder_->reader().LowestTime();
    return Status::OK();
  }
  ReadProgress Progress() const override { return progress_; }
  int64_t LowestTime() const override { return lowest_time_; }
  std::vector<BadRecord> TakeBadRecords() override { return std::exchange(bad_records_, {}); }
  std::string name() const override { return name_; }

 private:
  const std::string name_;
  std::string position_;
  ReadProgress progress_;
  int64_t lowest_time_;
  std::vector<BadRecord> bad_records_;
  WorkerPool* const pool_;
  const std::shared_ptr<Decoder> decoder_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<PartitionReader> MakeReadAhead(std::unique_ptr<PartitionReader> reader, std::shared_ptr<Source> source,
                                               WorkerPool* pool) {
  return std::make_unique<ReadAhead>(std::move(reader), std::move(source), pool);
}

}  // namespace velo::exec
