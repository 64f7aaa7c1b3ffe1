#include "tests/runner/test_source.h"

#include "engine/io/memory_source.h"

namespace velo::testing {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);

class ScriptedReader : public PartitionReader {
 public:
  ScriptedReader(std::shared_ptr<ScriptedSource> source, std::vector<std::string> columns)
      : source_(std::move(source)), columns_(std::move(columns)) {}
  ~ScriptedReader() override { source_->SetWakeUp(nullptr); }
  Result<ReadOutcome> Read() override {
    ReadOutcome outcome = source_->Next(columns_);
    if (outcome.state == ReadOutcome::State::kRows) rows_ += outcome.batch.num_rows();
    return outcome;
  }
  void SetWakeUp(std::function<void()> wake_up) override { source_->SetWakeUp(std::move(wake_up)); }
  std::string Position() const override { return std::to_string(rows_); }
  Status Seek(const std::string&) override { return Status::Bug("a scripted source cannot go back"); }
  ReadProgress Progress() const override { return {.rows = rows_}; }
  std::string name() const override { return "the scripted source"; }

 private:
  const std::shared_ptr<ScriptedSource> source_;
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
    if (options.follow) {
      std::vector<std::unique_ptr<PartitionReader>> readers;
      readers.push_back(std::make_unique<ScriptedReader>(script_, options.columns));
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
    if (at == sources_->end()) return Status::User("SOURCE_NOT_FOUND", fmt::format("the test has no source '{}'", name));
    return std::unique_ptr<Source>(std::make_unique<TestSource>(name, at->second));
  }

 private:
  static Status Unsupported() { return Status::User("UNSUPPORTED", "test sources can only be read"); }
  std::map<std::string, std::shared_ptr<ScriptedSource>>* const sources_;
  const std::vector<ConnectorOption> options_;
};

}  // namespace

void ScriptedSource::Feed(std::shared_ptr<arrow::RecordBatch> rows) {
  if (rows->num_rows() == 0) return;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back({ReadOutcome::State::kRows, Batch{std::move(rows), {}}});
  }
  Wake();
}

void ScriptedSource::AdvanceWatermark(int64_t millis) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back({ReadOutcome::State::kIdle, {}, millis});
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

void ScriptedSource::Wake() {
  std::function<void()> wake_up;
  {
    std::lock_guard lock(mutex_);
    wake_up = wake_up_;
  }
  if (wake_up) wake_up();
}

// The query has worked off everything when it comes back empty-handed twice: by the second time the step in which it asked
// first is over.
bool ScriptedSource::WaitUntilQuiet() {
  for (int round = 0; round < 2; ++round) {
    int64_t before;
    {
      std::lock_guard lock(mutex_);
      before = idle_answers_;
    }
    Wake();
    std::unique_lock lock(mutex_);
    if (!asked_.wait_for(lock, kPatience, [&] {
          return end_seen_ || wake_up_ == nullptr || (queue_.empty() && idle_answers_ > before);
        })) {
      return false;
    }
  }
  return true;
}

ReadOutcome ScriptedSource::Next(const std::vector<std::string>& columns) {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    if (ended_) {
      end_seen_ = true;
      asked_.notify_all();
      return {ReadOutcome::State::kEnd, {}};
    }
    ++idle_answers_;
    asked_.notify_all();
    return {ReadOutcome::State::kIdle, {}};
  }
  ReadOutcome outcome = std::move(queue_.front());
  queue_.pop_front();
  if (outcome.state != ReadOutcome::State::kRows) {
    // The query will not ask again by itself.
    ++idle_answers_;
    asked_.notify_all();
    if ((!queue_.empty() || ended_) && wake_up_) wake_up_();
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

void ScriptedSource::SetWakeUp(std::function<void()> wake_up) {
  std::lock_guard lock(mutex_);
  wake_up_ = std::move(wake_up);
  asked_.notify_all();
}

std::unique_ptr<Connector> MakeTestConnector(std::map<std::string, std::shared_ptr<ScriptedSource>>* sources) {
  return std::make_unique<TestConnector>(sources);
}

}  // namespace velo::testing
