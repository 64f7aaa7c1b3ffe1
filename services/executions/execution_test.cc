#include "services/executions/execution.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/plan/nodes/plan_node.h"
#include "services/executions/execution_json.h"
#include "services/executions/export_rows.h"
#include "services/json.h"

namespace velo::services {
namespace {

/// symbol, total and the hidden end of the window.
std::shared_ptr<PreparedQuery> Query(bool updates) {
  auto query = std::make_shared<PreparedQuery>();
  Schema all{{{"symbol", TypeKind::kString}, {"total", TypeKind::kInteger}, {"_window_end", TypeKind::kInteger}}};
  query->output = Schema{{all.columns[0], all.columns[1]}};
  auto plan = std::make_shared<PlanNode>(PlanKind::kProject);
  plan->output = all;
  query->plan = plan;
  query->updates = updates;
  if (updates) query->key = {0, 2};
  query->windowed = updates;
  return query;
}

Batch Rows(const std::vector<std::tuple<std::string, int64_t, int64_t>>& rows, std::vector<RowKind> kinds = {}) {
  arrow::StringBuilder symbols;
  arrow::Int64Builder totals, ends;
  for (const auto& [symbol, total, end] : rows) {
    EXPECT_TRUE(symbols.Append(symbol).ok());
    EXPECT_TRUE(totals.Append(total).ok());
    EXPECT_TRUE(ends.Append(end).ok());
  }
  auto schema = arrow::schema({arrow::field("symbol", arrow::utf8()), arrow::field("total", arrow::int64()),
                               arrow::field("_window_end", arrow::int64())});
  arrow::ArrayVector columns = {symbols.Finish().ValueOrDie(), totals.Finish().ValueOrDie(),
                                ends.Finish().ValueOrDie()};
  return {arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), columns), std::move(kinds)};
}

class RecordingSink : public ViewerSink {
 public:
  void Send(std::string message) override { messages.push_back(Json::parse(message)); }
  size_t queued_bytes() const override { return queued; }
  void Close(int code, const std::string&) override { closed = code; }
  std::vector<Json> Of(const std::string& type) const {
    std::vector<Json> found;
    for (const Json& message : messages) {
      if (message["type"] == type) found.push_back(message);
    }
    return found;
  }

  std::vector<Json> messages;
  size_t queued = 0;
  int closed = 0;
};

class ExecutionTest : public testing::Test {
 protected:
  void Make(bool updates, bool live, int64_t max_rows = 1000) {
    ExecutionSpec spec;
    spec.sql = "SELECT";
    spec.query = Query(updates);
    spec.run.live = live;
    spec.max_rows = max_rows;
    execution_ = std::make_unique<Execution>("exec_1", spec, &clock_, [] {});
  }
  /// One publication later.
  void Publish() {
    clock_.Advance(Execution::kPublishMicros);
    execution_->Tick();
  }
  std::shared_ptr<RecordingSink> View(ViewerOptions options = {}) {
    auto sink = std::make_shared<RecordingSink>();
    Result<int64_t> viewer = execution_->Attach(sink, options);
    EXPECT_TRUE(viewer.ok());
    viewer_ = *viewer;
    return sink;
  }

  ManualClock clock_{1'000'000'000};
  std::unique_ptr<Execution> execution_;
  int64_t viewer_ = 0;
};

TEST_F(ExecutionTest, FoldsByKeyAndSendsHiddenTimeColumns) {
  Make(true, true);
  execution_->OnRows(Rows({{"AAPL", 1, 60}, {"MSFT", 2, 60}}));
  execution_->OnRows(Rows({{"AAPL", 5, 60}}, {RowKind::kUpdateAfter}));
  EXPECT_EQ(execution_->Rows(0, 10), (std::vector<std::string>{R"({"symbol":"AAPL","total":5,"_window_end":60})",
                                                               R"({"symbol":"MSFT","total":2,"_window_end":60})"}));
  EXPECT_TRUE(execution_->shape().columns[2].hidden);
  EXPECT_EQ(execution_->shape().key_columns, (std::vector<std::string>{"symbol", "_window_end"}));
  EXPECT_EQ(execution_->Viz().type, "line");
  EXPECT_EQ(execution_->Viz().x, "_window_end");
  EXPECT_EQ(execution_->Viz().series, "symbol");
}

TEST_F(ExecutionTest, ConflatesChangesBetweenPublications) {
  Make(true, true);
  auto sink = View();
  execution_->OnRows(Rows({{"AAPL", 1, 60}}));
  execution_->OnRows(Rows({{"AAPL", 2, 60}}, {RowKind::kUpdateAfter}));
  Publish();
  execution_->OnRows(Rows({{"AAPL", 3, 60}}, {RowKind::kUpdateAfter}));
  Publish();
  auto rows = sink->Of("rows");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["batch_number"], 1);
  EXPECT_EQ(rows[0]["data"][0]["total"], 2);
  EXPECT_EQ(rows[0]["conflated"], 1);
  EXPECT_FALSE(rows[0].contains("ops"));
  EXPECT_EQ(rows[1]["batch_number"], 2);
  EXPECT_EQ(rows[1]["ops"][0], "update");
}

TEST_F(ExecutionTest, TellsDeletedRowsAndDropsThoseNobodySaw) {
  Make(true, true);
  auto sink = View();
  execution_->OnRows(Rows({{"AAPL", 1, 60}}));
  Publish();
  execution_->OnRows(Rows({{"AAPL", 1, 60}, {"MSFT", 1, 60}, {"MSFT", 1, 60}},
                          {RowKind::kDelete, RowKind::kInsert, RowKind::kDelete}));
  Publish();
  auto rows = sink->Of("rows");
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[1]["data"].size(), 1u);
  EXPECT_EQ(rows[1]["ops"][0], "delete");
  EXPECT_TRUE(execution_->Rows(0, 10).empty());
}

TEST_F(ExecutionTest, LiveRowsKeepTheNewestBoundedTheFirst) {
  Make(false, true, 2);
  execution_->OnRows(Rows({{"a", 1, 0}, {"b", 2, 0}, {"c", 3, 0}}));
  EXPECT_EQ(execution_->Rows(0, 10).front(), R"({"symbol":"b","total":2,"_window_end":0})");
  Make(false, false, 2);
  execution_->OnRows(Rows({{"a", 1, 0}, {"b", 2, 0}, {"c", 3, 0}}));
  EXPECT_EQ(execution_->Rows(0, 10).size(), 2u);
  EXPECT_EQ(execution_->Rows(0, 10).front(), R"({"symbol":"a","total":1,"_window_end":0})");
  EXPECT_TRUE(execution_->Facts().truncated);
}

TEST_F(ExecutionTest, StopsSendingWhenTheWindowIsFullAndMergesOnAck) {
  Make(true, true);
  auto sink = View({.acknowledged = true});
  for (int64_t i = 0; i < 40; ++i) {
    execution_->OnRows(Rows({{"AAPL", i, 60}}));
    Publish();
  }
  EXPECT_EQ(sink->Of("rows").size(), static_cast<size_t>(Execution::kWindow));
  execution_->Acknowledge(viewer_, Execution::kWindow);
  execution_->Tick();
  auto rows = sink->Of("rows");
  ASSERT_EQ(rows.size(), static_cast<size_t>(Execution::kWindow) + 1);
  EXPECT_EQ(rows.back()["batch_number"], 40);
  ASSERT_EQ(rows.back()["data"].size(), 1u);
  EXPECT_EQ(rows.back()["data"][0]["total"], 39);
  EXPECT_EQ(rows.back()["conflated"], 23);
}

TEST_F(ExecutionTest, ClosesAViewerThatNeverAcknowledges) {
  Make(true, true);
  auto sink = View({.acknowledged = true});
  for (int64_t i = 0; i < 20; ++i) {
    execution_->OnRows(Rows({{"AAPL", i, 60}}));
    Publish();
  }
  clock_.Advance(31'000'000);
  execution_->Tick();
  EXPECT_EQ(sink->closed, 4408);
  EXPECT_EQ(execution_->Facts().viewers, 0);
}

TEST_F(ExecutionTest, PauseHoldsRowsOfOneViewerOnly) {
  Make(false, true);
  auto first = View();
  int64_t paused = viewer_;
  auto second = View();
  execution_->SetPaused(paused, true);
  execution_->OnRows(Rows({{"a", 1, 0}}));
  Publish();
  EXPECT_TRUE(first->Of("rows").empty());
  EXPECT_EQ(second->Of("rows").size(), 1u);
  execution_->SetPaused(paused, false);
  execution_->Tick();
  EXPECT_EQ(first->Of("rows").size(), 1u);
}

TEST_F(ExecutionTest, ResumesFromABatchOrSendsASnapshot) {
  Make(false, true);
  for (int i = 0; i < 3; ++i) {
    execution_->OnRows(Rows({{"a", i, 0}}));
    Publish();
  }
  auto resumed = View({.after = 1});
  execution_->Tick();
  EXPECT_EQ(resumed->messages.front()["resumed_from"], 1);
  ASSERT_EQ(resumed->Of("rows").size(), 1u);
  EXPECT_EQ(resumed->Of("rows")[0]["data"].size(), 2u);
  auto fresh = View();
  execution_->Tick();
  ASSERT_EQ(fresh->Of("snapshot").size(), 1u);
  EXPECT_EQ(fresh->Of("snapshot")[0]["data"].size(), 3u);
  EXPECT_EQ(fresh->Of("snapshot")[0]["batch_number"], 3);
}

TEST_F(ExecutionTest, EndsWithAllRowsThenComplete) {
  Make(false, false);
  auto sink = View();
  execution_->OnRows(Rows({{"a", 1, 0}}));
  execution_->OnFinished(Status::OK());
  execution_->Tick();
  EXPECT_EQ(sink->Of("rows").size(), 1u);
  ASSERT_EQ(sink->Of("complete").size(), 1u);
  EXPECT_EQ(sink->Of("complete")[0]["state"], "finished");
  EXPECT_EQ(sink->Of("complete")[0]["total_rows"], 1);
  EXPECT_EQ(sink->closed, 1000);
}

TEST_F(ExecutionTest, TellsWhyItFailed) {
  Make(false, true);
  auto sink = View();
  execution_->OnFinished(Status::User("E4002", "'abc' is not a number.", "Use TRY_CAST."));
  execution_->Tick();
  ASSERT_EQ(sink->Of("error").size(), 1u);
  EXPECT_EQ(sink->Of("error")[0]["code"], "EXECUTION_ERROR");
  EXPECT_EQ(sink->Of("error")[0]["diagnostics"][0]["code"], "E4002");
  EXPECT_EQ(execution_->Facts().state, "failed");
}

TEST_F(ExecutionTest, IsAbandonedOnlyWithoutViewers) {
  Make(false, true);
  auto sink = View();
  clock_.Advance(120'000'000);
  EXPECT_FALSE(execution_->Abandoned(60'000'000));
  execution_->Detach(viewer_);
  EXPECT_FALSE(execution_->Abandoned(60'000'000));
  clock_.Advance(61'000'000);
  EXPECT_TRUE(execution_->Abandoned(60'000'000));
}

TEST(EvidenceJson, TellsStepsAndTheNewestRecordsFirst) {
  JobMetrics metrics;
  metrics.operators.push_back({.name = "WHERE v > 1", .rows_in = 3, .rows_out = 1, .rows_filtered = 2});
  ExecutionEvidence evidence;
  evidence.late = {{.raw = "{\"v\":1}", .reason = "first"}, {.raw = "{\"v\":2}", .reason = "second"}};
  evidence.warnings = {{"W4301", "the state is full", 7}};
  const Json json = EvidenceJson(metrics, evidence);
  EXPECT_EQ(json["operators"][0]["rows_filtered"], 2);
  EXPECT_EQ(json["late_records"][0]["reason"], "second");
  EXPECT_EQ(json["late_records"].size(), 2u);
  EXPECT_EQ(json["warnings"][0]["times"], 7);
  EXPECT_TRUE(json["bad_records"].empty());
}

TEST_F(ExecutionTest, RowsWithoutAQueryAreAllVisibleAndStay) {
  ExecutionSpec spec;
  spec.sql = "SHOW TABLES";
  spec.columns =
      Schema{{{"symbol", TypeKind::kString}, {"total", TypeKind::kInteger}, {"_window_end", TypeKind::kInteger}}};
  execution_ = std::make_unique<Execution>("exec_1", spec, &clock_, [] {});
  execution_->OnRows(Rows({{"a", 1, 0}}));
  execution_->OnFinished(Status::OK());
  EXPECT_EQ(execution_->Facts().state, "finished");
  EXPECT_EQ(execution_->Viz().type, "table");
  EXPECT_FALSE(execution_->shape().columns[2].hidden);
  EXPECT_TRUE(execution_->Release());
  EXPECT_FALSE(execution_->Release());
}

TEST_F(ExecutionTest, WhatWritesIsNotCutShortAndNeedsNoViewers) {
  ExecutionSpec spec;
  spec.query = Query(false);
  spec.run.live = true;
  spec.writes = true;
  execution_ = std::make_unique<Execution>("exec_1", spec, &clock_, [] {});
  clock_.Advance(120'000'000);
  EXPECT_FALSE(execution_->Abandoned(60'000'000));
}

TEST(PrintRows, DefusesFormulasAndQuotes) {
  std::vector<ResultColumn> columns = {
      {"name", "String", "STRING"}, {"n", "Integer", "INTEGER"}, {"_window_end", "Integer", "INTEGER", true, true}};
  std::vector<std::string> rows = {R"({"name":"=1+1","n":-5,"_window_end":1})",
                                   R"({"name":"a,\"b\"","n":null,"_window_end":1})"};
  EXPECT_EQ(PrintRows(columns, rows, {RowsFormat::kCsv, true}), "name,n\r\n'=1+1,-5\r\n\"a,\"\"b\"\"\",\r\n");
  EXPECT_EQ(PrintRows(columns, rows, {RowsFormat::kCsv, false}).substr(8, 9), "=1+1,-5\r\n");
  EXPECT_EQ(PrintRows(columns, {R"({"name":"a|b<c","n":1})"}, {RowsFormat::kMarkdown, true}),
            "| name | n |\n| --- | --- |\n| a\\|b&lt;c | 1 |\n");
  EXPECT_EQ(PrintRows(columns, {R"({"name":"x","n":1,"_window_end":9})"}, {RowsFormat::kJsonl, true}),
            "{\"name\":\"x\",\"n\":1}\n");
}

}  // namespace
}  // namespace velo::services
