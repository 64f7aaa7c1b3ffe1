// Every operator goes on after Save and Load as if nothing had happened.

#include <gtest/gtest.h>

#include "engine/exec/scan_driver.h"
#include "engine/io/memory_source.h"
#include "engine/plan/prepared_query.h"
#include "engine/types/value_text.h"

namespace velo::exec {
namespace {

class CollectingPort : public Port {
 public:
  Status Rows(const Batch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text = std::to_string(static_cast<int>(batch.kinds.empty() ? RowKind::kInsert : batch.kinds[row]));
      AppendJsonRow(*batch.columns, row, JsonStyle::kExact, &text);
      rows.push_back(std::move(text));
    }
    return Status::OK();
  }
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override {
    ended = true;
    return Status::OK();
  }
  std::vector<std::string> rows;
  bool ended = false;
};

Relation Events() {
  Relation events;
  events.name = "e";
  events.uri = "test://e";
  events.event_time_column = "t";
  events.schema.columns = {{"k", TypeKind::kString}, {"t", TypeKind::kInteger}, {"v", TypeKind::kInteger}};
  return events;
}

std::shared_ptr<arrow::RecordBatch> EventRows() {
  arrow::StringBuilder keys;
  arrow::Int64Builder times, values;
  for (int64_t i = 0; i < 40; ++i) {
    const bool added =
        (i % 7 == 3 ? keys.AppendNull() : keys.Append(std::string(1, static_cast<char>('a' + i % 3)))).ok() &&
        times.Append(i * 10 - (i % 5 == 4 ? 25 : 0)).ok() && values.Append(i * i % 11).ok();
    EXPECT_TRUE(added);
  }
  return arrow::RecordBatch::Make(Events().schema.ToArrow(), 40,
                                  arrow::ArrayVector{*keys.Finish(), *times.Finish(), *values.Finish()});
}

// A query over the events, one row at a time, as often stopped and rebuilt as wanted.
class RunningQuery {
 public:
  explicit RunningQuery(const std::string& sql) {
    MemoryCatalog catalog;
    catalog.Put(Events());
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(sql, &catalog, BuiltinFunctions(), &diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << sql << ": " << diagnostics.items()[0].message;
    query_ = report.statements[0].prepared;
    source_ = MakeMemorySource("e", Events().schema, {{EventRows()}});
    meter_ = std::make_unique<InputMeter>();
    Build();
  }

  // Lets the scans read so many rows, each in its turn.
  void Step(int rows) {
    for (int i = 0; i < rows; ++i) {
      size_t tried = 0;
      for (bool worked = false; !worked && tried < drivers_.size(); ++tried) {
        ScanDriver& driver = *drivers_[turn_++ % drivers_.size()];
        if (!driver.MayRead()) continue;
        const auto progress = driver.Step();
        ASSERT_TRUE(progress.ok());
        worked = *progress == ScanDriver::Progress::kWorked;
      }
    }
  }

  // Saves everything, throws it away, builds it again and loads.
  void Restart() {
    std::string state;
    for (const auto& driver : drivers_) ASSERT_TRUE(driver->Save(&state).ok());
    ASSERT_TRUE(pipeline_->Save(&state).ok());
    Build();
    std::string_view left = state;
    for (const auto& driver : drivers_) ASSERT_TRUE(driver->Load(&left).ok());
    ASSERT_TRUE(pipeline_->Load(&left).ok());
    EXPECT_TRUE(left.empty());
  }

  const CollectingPort& sink() const { return sink_; }

 private:
  void Build() {
    context_ = {};
    context_.meter = meter_.get();
    context_.bad_records = &bad_records_;
    PipelineSettings settings;
    auto pipeline = BuildPipeline(query_->plan, settings, &context_, &sink_);
    ASSERT_TRUE(pipeline.ok());
    pipeline_ = std::move(*pipeline);
    drivers_.clear();
    for (const Pipeline::Leaf& leaf : pipeline_->leaves) {
      ScanSettings scan;
      scan.node = std::static_pointer_cast<const ScanNode>(leaf.node);
      scan.has_watermarks = scan.node->event_time_expression != nullptr;
      scan.clock = &clock_;
      ReadOptions read;
      read.columns = scan.node->columns;
      read.batch_rows = 1;
      auto readers = source_->OpenReaders(read);
      ASSERT_TRUE(readers.ok());
      drivers_.push_back(std::make_unique<ScanDriver>(scan, std::move(*readers), leaf, &context_));
    }
  }

  ManualClock clock_{0};
  std::shared_ptr<const PreparedQuery> query_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<InputMeter> meter_;
  BadRecordLog bad_records_;
  LaneContext context_;
  CollectingPort sink_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<std::unique_ptr<ScanDriver>> drivers_;
  size_t turn_ = 0;
};

class Restart : public ::testing::TestWithParam<const char*> {};

TEST_P(Restart, ChangesNothing) {
  RunningQuery whole(GetParam());
  whole.Step(200);
  RunningQuery broken(GetParam());
  for (int i = 0; i < 5; ++i) {
    broken.Step(7);
    broken.Restart();
  }
  broken.Step(200);
  EXPECT_TRUE(whole.sink().ended);
  EXPECT_TRUE(broken.sink().ended);
  EXPECT_FALSE(whole.sink().rows.empty());
  EXPECT_EQ(whole.sink().rows, broken.sink().rows);
}

INSTANTIATE_TEST_SUITE_P(
    Queries, Restart,
    ::testing::Values(
        "SELECT k, v FROM e WHERE v > 3",  //
        "SELECT k, LISTAGG(v ORDER BY v DESC) AS l, FIRST(v) AS f, LAST(v) AS z FROM e GROUP BY k EMIT CHANGES",
        "SELECT k, TOPK(v, 3) AS t, MAP_AGG(k, v) AS m, APPROX_PERCENTILE(v, 0.5) AS p FROM e GROUP BY k EMIT FINAL",
        "SELECT k, COUNT(*) AS n, SUM(v) AS s, AVG(v) AS a, MIN(v) AS lo FROM e GROUP BY k EMIT CHANGES",
        "SELECT COUNT(DISTINCT v) AS n FROM e EMIT CHANGES",
        "SELECT k, SUM(DISTINCT v) AS s FROM e GROUP BY k EMIT FINAL",
        "SELECT k, SUM(v) AS s, _window_start AS w FROM e GROUP BY k WINDOW TUMBLING(50ms)",
        "SELECT k, SUM(v) AS s, _window_start AS w FROM e GROUP BY k WINDOW TUMBLING(50ms, GRACE PERIOD 0ms) EMIT "
        "CHANGES",
        "SELECT k, MAX(v) AS s, _window_start AS w FROM e GROUP BY k WINDOW SLIDING(60ms, 40ms)",
        "SELECT k, SUM(v) AS s, _window_start AS w, _window_end AS x FROM e GROUP BY k WINDOW SESSION(25ms)",
        "SELECT k, SUM(v) AS s FROM e GROUP BY k WINDOW SESSION(25ms) EMIT CHANGES",
        "SELECT k, v FROM e WINDOW TUMBLING(50ms)",  //
        "SELECT DISTINCT k, v FROM e",               //
        "SELECT k, SUM(v) OVER w AS s, MIN(v) OVER w AS m, LAG(v) OVER w AS l, ROW_NUMBER() OVER w AS n, "
        "FIRST_VALUE(k) "
        "OVER w AS f FROM e WINDOW w AS (PARTITION BY k)",
        "SELECT k, AVG(v) OVER w AS a, MAX(v) OVER w AS m, RANK() OVER w AS r, LISTAGG(v) OVER w AS l FROM e WINDOW w "
        "AS "
        "(ROWS WINDOW BUFFER 4 ROWS PARTITION BY k ORDER BY t)",
        "SELECT k, STDDEV(v) OVER (PARTITION BY k ORDER BY t RANGE 100ms PRECEDING) AS s FROM e",
        "SELECT k, SUM(v) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS s FROM e",
        "SELECT v, COUNT(*) OVER (PARTITION BY v ORDER BY k) AS s FROM e WITH ('row_window.max_partitions' = '3')",
        "SELECT k, COUNT(v) OVER (PARTITION BY k EXPIRE AFTER 30ms) AS s FROM e",
        "SELECT k, SUM(v) AS s, RANK() OVER (ORDER BY SUM(v)) AS r FROM e GROUP BY k WINDOW TUMBLING(50ms)",
        "SELECT k, v FROM e LIMIT 17",  //
        "SELECT k, SUM(v) AS s FROM e GROUP BY k ORDER BY s DESC LIMIT 2 EMIT CHANGES",
        "SELECT k, SUM(v) AS s FROM e GROUP BY k WINDOW TUMBLING(100ms) ORDER BY s DESC LIMIT 2",
        "SELECT a.v AS x, b.v AS y FROM e a JOIN e b ON a.k = b.k AND b.t BETWEEN a.t AND a.t + INTERVAL '30' "
        "MILLISECOND",
        "SELECT a.v AS x, b.v AS y FROM e a FULL JOIN e b ON a.k = b.k AND a.v < b.v AND b.t BETWEEN a.t - INTERVAL "
        "'20' MILLISECOND AND a.t + INTERVAL '30' MILLISECOND",
        "SELECT a.v AS x FROM e a LEFT SEMI JOIN e b ON a.k = b.k AND b.t BETWEEN a.t AND a.t + INTERVAL '50' "
        "MILLISECOND",
        "SELECT a.v AS x, b.v AS y FROM e a LEFT JOIN e b ON a.v = b.v WITH ('join.retention' = '40ms')",
        "SELECT x.k, x.s, y.n FROM (SELECT k, SUM(v) AS s FROM e GROUP BY k EMIT CHANGES) x FULL JOIN (SELECT k, "
        "COUNT(*) AS n FROM e WHERE v > 4 GROUP BY k EMIT CHANGES) y ON x.k = y.k EMIT CHANGES",
        "SELECT COUNT(*) AS g, MAX(n) AS hi, AVG(n) AS a, COUNT(DISTINCT n) AS d FROM (SELECT k, SUM(v) AS n FROM e "
        "GROUP BY k) EMIT CHANGES",
        "SELECT n, COUNT(*) AS g, LAST(k) AS l FROM (SELECT k, v % 3 AS n, SUM(v) AS s FROM e GROUP BY k, v % 3) GROUP "
        "BY n EMIT CHANGES",
        "SELECT SUM(n) AS total FROM (SELECT k, COUNT(*) AS n FROM e GROUP BY k WINDOW TUMBLING(50ms, GRACE PERIOD "
        "25ms)) EMIT CHANGES",
        "SELECT _window_start AS w, COUNT(*) AS n, MAX(v) AS hi, COUNT(*) FILTER (WHERE v > 4) AS f FROM (SELECT k, "
        "LAST(t) AS t, SUM(v) AS v FROM e GROUP BY k) WINDOW SESSION(t, 15ms, GRACE PERIOD 100ms) EMIT CHANGES",
        "SELECT k, _window_start AS w, LISTAGG(v) AS l FROM (SELECT k, v % 3 AS g, LAST(t) AS t, SUM(v) AS v FROM e "
        "GROUP "
        "BY k, v % 3) GROUP BY k WINDOW SESSION(t, 40ms, GRACE PERIOD 0ms)",
        "SELECT DISTINCT n FROM (SELECT k, SUM(v) % 4 AS n FROM e GROUP BY k)",
        "SELECT n FROM (SELECT k, SUM(v) AS n FROM e GROUP BY k) ORDER BY n DESC LIMIT 2 EMIT CHANGES",
        "SELECT v, COUNT(*) AS n FROM e GROUP BY v EMIT CHANGES WITH ('max.groups' = '3')",
        "SELECT k, COUNT(*) AS n FROM e GROUP BY k EMIT CHANGES WITH ('emit.interval' = '1 hour')",
        "SELECT k, COUNT(*) AS n FROM e GROUP BY k WINDOW TUMBLING(50ms) EMIT CHANGES WITH ('emit.interval' = '1 "
        "hour')",
        "SELECT k, COUNT(*) AS n, _window_start AS w FROM e GROUP BY k WINDOW SESSION(40ms) WITH "
        "('session.max.duration' = '60ms')"));

}  // namespace
}  // namespace velo::exec
