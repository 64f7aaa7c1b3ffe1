#include "engine/runtime/engine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "engine/types/value_text.h"

namespace velo {
namespace {

class Collector : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override {
    std::lock_guard lock(mutex_);
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text;
      AppendJsonRow(*batch.columns, row, JsonStyle::kExact, &text);
      rows_.push_back(std::move(text));
    }
    changed_.notify_all();
  }
  void OnFinished(const Status&) override { ++finished; }
  bool WaitForRows(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return rows_.size() >= count; });
  }
  std::vector<std::string> rows() {
    std::lock_guard lock(mutex_);
    return rows_;
  }
  std::atomic<int> finished{0};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> rows_;
};

Schema NumberSchema() {
  Schema schema;
  schema.columns = {{"k", TypeKind::kString}, {"v", TypeKind::kInteger}};
  return schema;
}

std::shared_ptr<arrow::RecordBatch> Numbers(int64_t from, int64_t rows) {
  arrow::StringBuilder keys;
  arrow::Int64Builder values;
  for (int64_t i = from; i < from + rows; ++i) {
    EXPECT_TRUE(keys.Append("key" + std::to_string(i % 10)).ok());
    EXPECT_TRUE(values.Append(i).ok());
  }
  return arrow::RecordBatch::Make(NumberSchema().ToArrow(), rows, arrow::ArrayVector{*keys.Finish(), *values.Finish()});
}

// A source that never ends: the reader gives the same rows again and again.
class EndlessReader : public PartitionReader {
 public:
  explicit EndlessReader(std::vector<std::string> columns) : columns_(std::move(columns)), rows_(Numbers(0, 4096)) {}
  Result<ReadOutcome> Read() override {
    arrow::ArrayVector picked;
    arrow::FieldVector fields;
    for (const std::string& name : columns_) {
      picked.push_back(rows_->GetColumnByName(name));
      fields.push_back(arrow::field(name, picked.back()->type()));
    }
    read_ += 4096;
    return ReadOutcome{ReadOutcome::State::kRows,
                       Batch{arrow::RecordBatch::Make(arrow::schema(fields), 4096, picked), {}}};
  }
  std::string Position() const override { return std::to_string(read_); }
  Status Seek(const std::string&) override { return Status::OK(); }
  ReadProgress Progress() const override { return {.rows = read_}; }
  std::string name() const override { return "endless"; }

 private:
  std::vector<std::string> columns_;
  std::shared_ptr<arrow::RecordBatch> rows_;
  int64_t read_ = 0;
};

class EndlessSource : public Source {
 public:
  const Schema& schema() const override { return schema_; }
  bool bounded() const override { return true; }
  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    std::vector<std::unique_ptr<PartitionReader>> readers;
    readers.push_back(std::make_unique<EndlessReader>(options.columns));
    return readers;
  }

 private:
  const Schema schema_ = NumberSchema();
};

class EndlessConnector : public Connector {
 public:
  std::string_view scheme() const override { return "endless"; }
  const std::vector<ConnectorOption>& options() const override { return options_; }
  Result<ConnectionReport> Connect(const std::string&, const PropertyMap&) override { return ConnectionReport{}; }
  Result<SchemaReport> Describe(const std::string&, const PropertyMap&, int64_t) override { return SchemaReport{}; }
  Result<Preview> Peek(const std::string&, const PropertyMap&, const PreviewRequest&) override { return Preview{}; }
  Result<std::unique_ptr<Source>> OpenSource(const std::string&, const PropertyMap&) override {
    ++opened;
    return std::unique_ptr<Source>(std::make_unique<EndlessSource>());
  }
  std::atomic<int> opened{0};

 private:
  const std::vector<ConnectorOption> options_;
};

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / (std::string("velo_engine_test_") + std::to_string(getpid()) + "_" +
                                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(directory_);
    auto endless = std::make_unique<EndlessConnector>();
    endless_ = endless.get();
    connectors_.Add(std::move(endless));
    EngineOptions options;
    options.data_dir = directory_.string();
    options.workers = 2;
    options.connectors = &connectors_;
    auto engine = Engine::Open(options);
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    engine_ = std::move(*engine);
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<const PreparedQuery> Prepare(const std::string& sql) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(sql, &engine_->catalog(), BuiltinFunctions(), &diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << sql << ": " << diagnostics.items()[0].message;
    return report.statements[0].prepared;
  }

  std::shared_ptr<Job> Start(const std::string& sql, std::shared_ptr<Collector> collector, bool live = false) {
    RunOptions options;
    options.live = live;
    auto job = engine_->Start(Prepare(sql), options, std::move(collector));
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    return *job;
  }

  void AppendNumbers(int32_t partition, int64_t from, int64_t rows) {
    ASSERT_TRUE(engine_->topics()->Append("numbers", partition, {Numbers(from, rows), {}, {}, {}}).ok());
  }

  ConnectorRegistry connectors_;
  EndlessConnector* endless_ = nullptr;
  std::filesystem::path directory_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, CancelsInTheMiddleOfAScanWithinASecond) {
  for (const char* sql :
       {"SELECT k, SUM(v) AS s FROM endless://x GROUP BY k EMIT FINAL",
        "SELECT k, SUM(v) AS s FROM endless://x GROUP BY k EMIT CHANGES", "SELECT v FROM endless://x WHERE v < 0"}) {
    auto collector = std::make_shared<Collector>();
    const auto job = Start(sql, collector);
    while (job->metrics().rows_in < 10'000) std::this_thread::yield();
    EXPECT_EQ(job->state(), JobState::kRunning);
    const Timestamp before = SystemClock().Now();
    job->Cancel();
    ASSERT_TRUE(job->WaitFor(10'000));
    EXPECT_LT(SystemClock().Now() - before, 1'000'000);
    EXPECT_EQ(job->state(), JobState::kCancelled);
    EXPECT_TRUE(job->result().ok());
    EXPECT_EQ(collector->finished, 1);
    const JobMetrics m = job->metrics();
    EXPECT_EQ(m.rows_in, m.rows_used + m.rows_filtered + m.rows_late + m.rows_bad + m.rows_in_flight);
  }
}

TEST_F(EngineTest, RunsManyJobsOnTwoThreads) {
  std::vector<std::shared_ptr<Job>> jobs;
  for (int i = 0; i < 50; ++i) {
    jobs.push_back(
        Start("SELECT k, COUNT(*) AS n FROM endless://x GROUP BY k EMIT FINAL", std::make_shared<Collector>()));
  }
  for (const auto& job : jobs) {
    while (job->metrics().rows_in == 0) std::this_thread::yield();
  }
  for (const auto& job : jobs) job->Cancel();
  for (const auto& job : jobs) EXPECT_TRUE(job->WaitFor(10'000));
}

TEST_F(EngineTest, PausedJobsReadNothingUntilResumed) {
  ASSERT_TRUE(engine_->topics()->Create("numbers", NumberSchema(), {}, "", {}).ok());
  auto collector = std::make_shared<Collector>();
  const auto job = Start("SELECT v FROM numbers", collector, true);
  AppendNumbers(0, 0, 3);
  ASSERT_TRUE(collector->WaitForRows(3));
  job->Pause();
  EXPECT_EQ(job->state(), JobState::kPaused);
  AppendNumbers(0, 3, 2);
  EXPECT_EQ(collector->rows().size(), 3U);
  job->Resume();
  ASSERT_TRUE(collector->WaitForRows(5));
  EXPECT_EQ(job->state(), JobState::kRunning);
  job->Cancel();
  ASSERT_TRUE(job->WaitFor(10'000));
}

TEST_F(EngineTest, FollowsATopicAndReadsWhatIsThereWhenNotLive) {
  ASSERT_TRUE(engine_->topics()->Create("numbers", NumberSchema(), {.partitions = 3}, "", {}).ok());
  for (int32_t partition = 0; partition < 3; ++partition) AppendNumbers(partition, partition * 100, 50);
  JobMetrics metrics;
  const auto rows =
      RunToEnd(engine_.get(), Prepare("SELECT COUNT(*) AS n, SUM(v) AS s FROM numbers"), {}, true, 20'000, &metrics);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  std::string text;
  AppendJsonRow(*rows->columns, 0, JsonStyle::kExact, &text);
  EXPECT_EQ(rows->num_rows(), 1);
  EXPECT_TRUE(text.starts_with(R"({"n":150,"s":18675)")) << text;
  EXPECT_EQ(metrics.rows_in, 150);
  EXPECT_EQ(metrics.rows_used, 150);

  const auto by_function =
      RunToEnd(engine_.get(), Prepare("SELECT COUNT(*) AS n FROM KAFKA_TOPIC('numbers')"), {}, true, 20'000, &metrics);
  ASSERT_TRUE(by_function.ok()) << by_function.status().ToString();
  EXPECT_EQ(metrics.rows_in, 150);

  auto collector = std::make_shared<Collector>();
  const auto job = Start("SELECT v FROM numbers WHERE v >= 1000", collector, true);
  AppendNumbers(1, 1000, 5);
  ASSERT_TRUE(collector->WaitForRows(5));
  EXPECT_EQ(job->WhyNoRows().kind, "");
  job->Cancel();
  ASSERT_TRUE(job->WaitFor(10'000));
}

TEST_F(EngineTest, KeepsInferredSchemasForAWhile) {
  Prepare("SELECT k FROM endless://x");
  Prepare("SELECT v FROM endless://x");
  EXPECT_EQ(endless_->opened, 1);
  Prepare("SELECT k FROM endless://y");
  EXPECT_EQ(endless_->opened, 2);
}

TEST_F(EngineTest, KnowsTopicsByNameAndNoOthers) {
  ASSERT_TRUE(engine_->topics()->Create("price-moves", NumberSchema(), {}, "", {"k"}).ok());
  EXPECT_EQ(engine_->catalog().Names(), std::vector<std::string>{"price-moves"});
  const auto known = engine_->catalog().Find("price-moves", {});
  ASSERT_TRUE(known.ok());
  EXPECT_EQ((*known)->key_columns, std::vector<std::string>{"k"});
  const auto unknown = engine_->catalog().Find("price-move", {});
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(*unknown, nullptr);
  const auto scheme = engine_->catalog().Find("gopher://x", {});
  ASSERT_FALSE(scheme.ok());
  EXPECT_EQ(scheme.status().error().code, "E3004");
}

TEST_F(EngineTest, RunsOnGivenRowsInsteadOfTheSource) {
  const auto query = Prepare("SELECT k, SUM(v) AS s FROM endless://x GROUP BY k EMIT FINAL");
  auto collector = std::make_shared<Collector>();
  const auto job = engine_->StartOnRows(query, {{"endless://x", Numbers(0, 20)}}, {}, collector);
  ASSERT_TRUE(job.ok());
  ASSERT_TRUE((*job)->WaitFor(10'000));
  EXPECT_EQ(collector->rows().size(), 10U);
  const auto missing = engine_->StartOnRows(query, {}, {}, collector);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().error().code, "SOURCE_NOT_FOUND");
}

TEST_F(EngineTest, StopsRunningJobsWhenItCloses) {
  auto collector = std::make_shared<Collector>();
  const auto job = Start("SELECT k, COUNT(*) AS n FROM endless://x GROUP BY k EMIT FINAL", collector);
  engine_.reset();
  EXPECT_EQ(job->state(), JobState::kCancelled);
  EXPECT_EQ(collector->finished, 1);
}

}  // namespace
}  // namespace velo
