#include "tests/runner/test_source.h"

#include "engine/io/memory_source.h"

namespace velo::testing {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);

class ScriptedReader : public PartitionReader {
 public:
  ScriptedReader(std::shared_ptr<ScriptedSource> source, size_t partition, std::vector<std::string> columns)
      : source_(std::move(source)), partition_(partition), columns_(std::move(columns)) {}
  ~ScriptedReader() override { source_->SetWakeUp(partition_, nullptr); }
  Result<ReadOutcome> Read() override {
    ReadOutcome outcome = source_->Next(partition_, columns_);
    if (outcome.state == ReadOutcome::State::kRows) rows_ += outcome.batch.num_rows();
    return outcome;
  }
  void SetWakeUp(std::function<void()> wake_up) override { source_->SetWakeUp(partition_, std::move(wake_up)); }
  std::string Position() const override { return std::to_string(rows_); }
  Status Seek(const std::string&) override { return Status::Bug("a scripted source cannot go back"); }
  ReadProgress Progress() const override { return {.rows = rows_}; }
  std::string name() const override { return fmt::format("partition {} of the scripted source", partition_); }

 private:
  const std::shared_ptr<ScriptedSource> source_;
  const size_t partition_;
  const std::vector<std::string> columns_;
  int64_t rows_ = 0;
};

class TestSource : public Source {
 public:
  TestSource(std::string name, std::shared_ptr<ScriptedSource> script)
      : name_(std::move(name)), script_(std::move(script)) {}
  const Schema& schema() const override { return script_->schema(); }
  bool bounded() const override { return true; }
  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    if (options.follow && !script_->is_file()) {
      std::vector<std::unique_ptr<PartitionReader>> readers;
      for (size_t partition = 0; partition < script_->live_partitions(); ++partition) {
        readers.push_back(std::make_unique<ScriptedReader>(script_, partition, options.columns));
      }
      return readers;
    }
    std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> parts;
    const auto& rows = script_->rows();
    const int64_t share = std::max<int64_t>(1, (rows->num_rows() + script_->partitions() - 1) / script_->partitions());
    for (int64_t from = 0; from < rows->num_rows(); from += share) parts.push_back({rows->Slice(from, share)});
    if (parts.empty()) parts.emplace_back();
    return MakeMemorySource(name_, script_->schema(), std::move(parts))->OpenReaders(options);
  }

 private:
  const std::string name_;
  const std::shared_ptr<ScriptedSource> script_;
};

class TestConnector : public Connector {
 public:
  explicit TestConnector(std::map<std::string, std::shared_ptr<ScriptedSource>>* sources) : sources_(sources) {}
  std::string_view scheme() const override { return "test"; }
  const std::vector<ConnectorOption>& options() const override { return options_; }
  Result<ConnectionReport> Connect(const std::string&, const PropertyMap&) override { return Unsupported(); }
  Result<SchemaReport> Describe(const std::string&, const PropertyMap&, int64_t) override { return Unsupported(); }
  Result<Preview> Peek(const std::string&, const PropertyMap&, const PreviewRequest&) override { return Unsupported(); }
  Result<std::unique_ptr<Source>> OpenSource(const std::string& uri, const PropertyMap&) override {
    const std::string name = uri.substr(std::string_view("test://").size());
    const auto at = sources_->find(name);
    if (at == sources_->end())
      return Status::User("SOURCE_NOT_FOUND", fmt::format("the test has no source '{}'", name));
    return std::unique_ptr<Source>(std::make_unique<TestSource>(name, at->second));
  }

 private:
  static Status Unsupported() { return Status::User("UNSUPPORTED", "test sources can only be read"); }
  std::map<std::string, std::shared_ptr<ScriptedSource>>* const sources_;
  const std::vector<ConnectorOption> options_;
};

}  // namespace

void ScriptedSource::Feed(std::shared_ptr<arrow::RecordBatch> rows, size_t partition) {
  if (rows->num_rows() == 0) return;
  {
    std::lock_guard lock(mutex_);
    queues_.at(partition).given.push_back({ReadOutcome::State::kRows, Batch{std::move(rows), {}}});
  }
  Wake();
}

void ScriptedSource::AdvanceWatermark(int64_t millis) {
  {
    std::lock_guard lock(mutex_);
    for (Queue& queue : queues_) queue.given.push_back({ReadOutcome::State::kIdle, {}, millis});
  }
  Wake();
}

void ScriptedSource::End() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  Wake();
}

void ScriptedSource::Restart() {
  std::lock_guard lock(mutex_);
  ended_ = false;
  for (Queue& queue : queues_) queue = Queue();
}

void ScriptedSource::Wake() {
  std::vector<std::function<void()>> wake_ups;
  {
    std::lock_guard lock(mutex_);
    for (const Queue& queue : queues_) wake_ups.push_back(queue.wake_up);
  }
  for (const auto& wake_up : wake_ups) {
    if (wake_up) wake_up();
  }
}

// The query has worked off everything when every partition comes back empty-handed twice: by the second time the step
// in which it asked first is over.
bool ScriptedSource::WaitUntilQuiet() {
  for (int round = 0; round < 2; ++round) {
    std::vector<int64_t> before;
    {
      std::lock_guard lock(mutex_);
      for (const Queue& queue : queues_) before.push_back(queue.idle_answers);
    }
    Wake();
    std::unique_lock lock(mutex_);
    const auto is_quiet = [&] {
      for (size_t i = 0; i < queues_.size(); ++i) {
        const Queue& queue = queues_[i];
        const bool quiet = queue.given.empty() && queue.idle_answers > before[i];
        if (!quiet && !queue.end_seen && queue.wake_up != nullptr) return false;
      }
      return true;
    };
    if (!asked_.wait_for(lock, kPatience, is_quiet)) return false;
  }
  return true;
}

ReadOutcome ScriptedSource::Next(size_t partition, const std::vector<std::string>& columns) {
  std::lock_guard lock(mutex_);
  Queue& queue = queues_[partition];
  if (queue.given.empty()) {
    if (ended_) {
      queue.end_seen = true;
      asked_.notify_all();
      return {ReadOutcome::State::kEnd, {}};
    }
    ++queue.idle_answers;
    asked_.notify_all();
    return {ReadOutcome::State::kIdle, {}};
  }
  ReadOutcome outcome = std::move(queue.given.front());
  queue.given.pop_front();
  if (outcome.state != ReadOutcome::State::kRows) {
    // The query will not ask again by itself.
    ++queue.idle_answers;
    asked_.notify_all();
    if ((!queue.given.empty() || ended_) && queue.wake_up) queue.wake_up();
    return outcome;
  }
  std::vector<std::shared_ptr<arrow::Array>> picked;
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    auto column = outcome.batch.columns->GetColumnByName(name);
    if (column == nullptr) {
      const std::vector<int64_t> zeros(static_cast<size_t>(outcome.batch.num_rows()), 0);
      column = std::make_shared<arrow::Int64Array>(outcome.batch.num_rows(), arrow::Buffer::FromVector(zeros));
    }
    fields.push_back(arrow::field(name, column->type()));
    picked.push_back(std::move(column));
  }
  outcome.batch.columns =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), outcome.batch.num_rows(), std::move(picked));
  return outcome;
}

void ScriptedSource::SetWakeUp(size_t partition, std::function<void()> wake_up) {
  std::lock_guard lock(mutex_);
  queues_[partition].wake_up = std::move(wake_up);
  asked_.notify_all();
}

std::unique_ptr<Connector> MakeTestConnector(std::map<std::string, std::shared_ptr<ScriptedSource>>* sources) {
  return std::make_unique<TestConnector>(sources);
}

}  // namespace velo::testing
