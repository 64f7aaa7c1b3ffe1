#include "engine/runtime/script_session.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <mutex>

#include "engine/runtime/introspection.h"

namespace velo {
namespace {

/// Collects the rows of every statement as "name: kind a b", and stops the script when enough have come.
class Collector : public ScriptObserver {
 public:
  explicit Collector(size_t enough) : enough_(enough) {}

  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) override {
    struct Receiver : ResultReceiver {
      Collector* collector;
      std::string name;
      int columns;
      void OnRows(const Batch& batch) override { collector->Add(name, columns, batch); }
      void OnFinished(const Status&) override {}
    };
    if (statement.kind != "select") return nullptr;
    auto receiver = std::make_shared<Receiver>();
    receiver->collector = this;
    receiver->name = std::to_string(statement.number);
    receiver->columns = static_cast<int>(columns.columns.size());
    return receiver;
  }
  bool WantsMore() override {
    if (on_tick) on_tick();
    std::lock_guard lock(mutex_);
    return rows_.size() < enough_ && ++ticks_ < 2'000;
  }
  std::vector<std::string> rows() {
    std::lock_guard lock(mutex_);
    return rows_;
  }

  std::function<void()> on_tick;

 private:
  void Add(const std::string& name, int columns, const Batch& batch) {
    static constexpr const char* kMarks[] = {"+", "-U", "U", "-"};
    std::lock_guard lock(mutex_);
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text = name + ":";
      text += batch.kinds.empty() ? "+" : kMarks[static_cast<size_t>(batch.kinds[row])];
      for (int c = 0; c < columns; ++c) text += " " + (*batch.columns->column(c)->GetScalar(row))->ToString();
      rows_.push_back(std::move(text));
    }
  }

  const size_t enough_;
  std::mutex mutex_;
  std::vector<std::string> rows_;
  int ticks_ = 0;
};

class ScriptSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_session_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    EngineOptions options;
    options.data_dir = directory_;
    options.workers = 2;
    auto opened = Engine::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    engine_ = opened.TakeValue();
    const Schema columns{{{"k", TypeKind::kString, true}, {"v", TypeKind::kInteger, true}}};
    ASSERT_TRUE(engine_->topics()->Create("numbers", columns, {}, "", {}).ok());
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Append(const std::vector<std::pair<std::string, int64_t>>& rows) {
    arrow::StringBuilder keys;
    arrow::Int64Builder values;
    for (const auto& [key, value] : rows) ASSERT_TRUE(keys.Append(key).ok() && values.Append(value).ok());
    const Schema columns{{{"k", TypeKind::kString, true}, {"v", TypeKind::kInteger, true}}};
    TopicAppend append;
    append.columns = arrow::RecordBatch::Make(columns.ToArrow(), static_cast<int64_t>(rows.size()),
                                              {*keys.Finish(), *values.Finish()});
    ASSERT_TRUE(engine_->topics()->Append("numbers", 0, append).ok());
  }

  static SessionOptions Live() {
    SessionOptions options;
    options.run.live = true;
    return options;
  }

  std::string directory_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ScriptSessionTest, LiveStatementsRunSideBySide) {
  Append({{"a", 1}, {"b", 20}});
  ScriptSession session(engine_.get(), nullptr, Live());
  Collector collector(3);
  bool fed = false;
  collector.on_tick = [&] {
    if (!fed && collector.rows().size() == 1) {
      fed = true;
      Append({{"c", 30}, {"d", 2}, {"e", 40}});
    }
  };
  const Status status = session.Execute(
      "CREATE STREAM large AS SELECT k, v FROM numbers WHERE v > 10; SELECT k, v * 10 AS v FROM large", &collector);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(collector.rows(), (std::vector<std::string>{"2:+ b 200", "2:+ c 300", "2:+ e 400"}));
}

TEST_F(ScriptSessionTest, AStatementHasAMemoryLimitOfItsOwn) {
  std::vector<std::pair<std::string, int64_t>> rows;
  for (int64_t i = 0; i < 60'000; ++i) rows.emplace_back(std::to_string(i), i);
  Append(rows);
  SessionOptions options;
  options.run.batch_rows = 512;
  const auto run = [&](const std::string& limit, int64_t of_session) {
    options.run.memory_limit = of_session;
    ScriptSession session(engine_.get(), nullptr, options);
    Collector collector(100'000);
    return session.Execute("SELECT k, COUNT(*) AS n FROM numbers GROUP BY k WINDOW TUMBLING(v, 1m)" + limit,
                           &collector);
  };
  EXPECT_TRUE(run("", 0).ok());
  EXPECT_TRUE(run(" WITH ('max.memory.mb' = '0')", 0).ok());
  EXPECT_TRUE(run(" WITH ('max.memory.mb' = '900')", 0).ok());
  EXPECT_EQ(run(" WITH ('max.memory.mb' = '1')", 0).error().code, "MEMORY_LIMIT");
  EXPECT_EQ(run(" WITH ('max.memory.mb' = '1')", int64_t{1} << 40).error().code, "MEMORY_LIMIT");
  EXPECT_EQ(run(" WITH ('max.memory.mb' = '900')", 1 << 20).error().code, "MEMORY_LIMIT");
}

TEST_F(ScriptSessionTest, ALiveTableGivesItsChanges) {
  Append({{"a", 1}, {"b", 2}});
  ScriptSession session(engine_.get(), nullptr, Live());
  Collector collector(4);
  bool fed = false;
  collector.on_tick = [&] {
    if (!fed && collector.rows().size() == 2) {
      fed = true;
      Append({{"a", 10}});
      Append({{"c", 3}});
    }
  };
  const Status status = session.Execute(
      "CREATE TABLE sums AS SELECT k, SUM(v) AS total FROM numbers GROUP BY k; SELECT k, total FROM sums", &collector);
  EXPECT_TRUE(status.ok()) << status.ToString();
  const std::vector<std::string> rows = collector.rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0], "2:+ a 1");
  EXPECT_EQ(rows[1], "2:+ b 2");
  EXPECT_EQ(rows[2], "2:U a 11");
  EXPECT_EQ(rows[3], "2:+ c 3");
}

TEST_F(ScriptSessionTest, AnAggregateOverALiveTableIsRightAtEveryMoment) {
  Append({{"a", 1}, {"b", 2}});
  ScriptSession session(engine_.get(), nullptr, Live());
  Collector collector(1'000);
  bool fed = false;
  int rounds = 0;
  collector.on_tick = [&] {
    const auto rows = collector.rows();
    if (!fed && !rows.empty() && rows.back().ends_with(" 3")) {
      fed = true;
      Append({{"a", 10}});
    }
    if (!rows.empty() && rows.back().ends_with(" 13") && ++rounds > 2) session.Cancel();
  };
  const Status status = session.Execute(
      "CREATE TABLE sums AS SELECT k, SUM(v) AS total FROM numbers GROUP BY k; SELECT SUM(total) AS all_of_it FROM "
      "sums",
      &collector);
  EXPECT_TRUE(status.ok()) << status.ToString();
  ASSERT_FALSE(collector.rows().empty());
  EXPECT_TRUE(collector.rows().back().ends_with(" 13")) << collector.rows().back();
}

TEST_F(ScriptSessionTest, ReadersFollowUntilTheLastWriterEnds) {
  auto relation = engine_->memory().Create("log", Schema{{{"v", TypeKind::kInteger, false}}}, RelationKind::kStream, {},
                                           &engine_->clock());
  relation->AddWriter();
  ReadOptions follow;
  follow.columns = {"v", "_offset"};
  follow.follow = true;
  auto readers = relation->OpenSource()->OpenReaders(follow);
  ASSERT_TRUE(readers.ok());
  PartitionReader& reader = *readers->front();
  auto idle = reader.Read();
  ASSERT_TRUE(idle.ok() && idle->state == ReadOutcome::State::kIdle);
  bool woken = false;
  reader.SetWakeUp([&] { woken = true; });
  arrow::Int64Builder values;
  ASSERT_TRUE(values.AppendValues({5, 6, 7}).ok());
  SinkRows rows;
  rows.columns = arrow::RecordBatch::Make(relation->schema().ToArrow(), 3, {*values.Finish()});
  ASSERT_TRUE(relation->Append(rows).ok());
  EXPECT_TRUE(woken);
  auto read = reader.Read();
  ASSERT_TRUE(read.ok() && read->state == ReadOutcome::State::kRows);
  EXPECT_EQ(read->batch.num_rows(), 3);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*read->batch.columns->column(1)).Value(2), 2);
  relation->RemoveWriter();
  auto end = reader.Read();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->state, ReadOutcome::State::kEnd);
}

TEST_F(ScriptSessionTest, PausedStreamsGoOnWhenResumed) {
  Append({{"a", 1}});
  ScriptSession session(engine_.get(), nullptr, Live());
  Collector collector(2);
  bool paused = false;
  collector.on_tick = [&] {
    const SessionObject* stream = session.Find("copy");
    if (stream == nullptr || stream->job == nullptr) return;
    if (!paused && collector.rows().size() == 1) {
      paused = true;
      stream->job->Pause();
      Append({{"b", 2}});
      EXPECT_EQ(stream->job->state(), JobState::kPaused);
      stream->job->Resume();
    }
  };
  const Status status = session.Execute("CREATE STREAM copy AS SELECT k FROM numbers; SELECT k FROM copy", &collector);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(collector.rows(), (std::vector<std::string>{"2:+ a", "2:+ b"}));
}

TEST_F(ScriptSessionTest, DestroyingASessionStopsItsStreams) {
  Append({{"a", 1}});
  {
    ScriptSession session(engine_.get(), nullptr, Live());
    Collector collector(1);
    EXPECT_TRUE(session.Execute("CREATE STREAM copy AS SELECT k FROM numbers; SELECT k FROM copy", &collector).ok());
    EXPECT_NE(engine_->memory().Find("copy"), nullptr);
  }
  EXPECT_EQ(engine_->memory().Find("copy"), nullptr);
}

TEST(Patterns, AreThoseOfLike) {
  EXPECT_TRUE(MatchesPattern("", "anything"));
  EXPECT_TRUE(MatchesPattern("a%", "abc"));
  EXPECT_TRUE(MatchesPattern("%c", "abc"));
  EXPECT_TRUE(MatchesPattern("a_c", "abc"));
  EXPECT_TRUE(MatchesPattern("*b*", "aBc"));
  EXPECT_TRUE(MatchesPattern("%a%b%", "xaxxbx"));
  EXPECT_FALSE(MatchesPattern("a_", "abc"));
  EXPECT_FALSE(MatchesPattern("b%", "abc"));
  EXPECT_FALSE(MatchesPattern("%d", "abc"));
}

}  // namespace
}  // namespace velo
