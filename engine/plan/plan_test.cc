#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/plan_fixture.h"
#include "engine/sql/parser.h"

namespace velo {
namespace {

struct Analysed {
  ScriptReport report;
  Diagnostics diagnostics;

  const StatementReport& last() const { return report.statements.back(); }
  const PreparedQuery& query() const { return *last().prepared; }
  const Diagnostic* Find(std::string_view code) const {
    for (const Diagnostic& found : diagnostics.items()) {
      if (found.code == code) return &found;
    }
    return nullptr;
  }
};

Analysed Analyse(std::string_view sql) {
  MemoryCatalog catalog;
  FillTestCatalog(&catalog);
  Analysed result;
  result.report = AnalyseScript(sql, &catalog, BuiltinFunctions(), &result.diagnostics);
  return result;
}

template <typename Node>
const Node* FindNode(const PlanNode& plan, PlanKind kind) {
  if (plan.kind == kind) return static_cast<const Node*>(&plan);
  for (const PlanNodePtr& input : plan.inputs) {
    if (const Node* found = FindNode<Node>(*input, kind)) return found;
  }
  return nullptr;
}

/// The text with the edits of the first fix of `code` applied.
std::string Repaired(std::string_view sql, std::string_view code) {
  const Analysed analysed = Analyse(sql);
  const Diagnostic* found = analysed.Find(code);
  if (found == nullptr || found->fixes.empty()) return "no fix";
  std::string text(sql);
  std::vector<TextEdit> edits = found->fixes[0].edits;
  std::sort(edits.begin(), edits.end(),
            [](const TextEdit& a, const TextEdit& b) { return a.span.offset > b.span.offset; });
  for (const TextEdit& edit : edits) text.replace(edit.span.offset, edit.span.length, edit.text);
  return text;
}

TEST(BindQuery, WindowedResultCarriesItsBoundsBehindTheVisibleColumns) {
  const Analysed a =
      Analyse("SELECT AVG(price) AS p, symbol FROM trades GROUP BY symbol WINDOW TUMBLING(5m) EMIT CHANGES");
  ASSERT_TRUE(a.report.valid);
  const PreparedQuery& query = a.query();
  EXPECT_EQ(query.output.Names(), (std::vector<std::string>{"p", "symbol"}));
  EXPECT_EQ(query.plan->output.Names(), (std::vector<std::string>{"p", "symbol", "_window_start", "_window_end"}));
  EXPECT_EQ(query.key, (std::vector<int>{1, 2}));
  EXPECT_EQ(query.plan->event_time, 3);
  EXPECT_TRUE(query.updates);
  EXPECT_TRUE(query.windowed);
  EXPECT_TRUE(query.emit_changes);
  EXPECT_FALSE(query.bounded);
  EXPECT_TRUE(query.not_runnable_reason.empty()) << query.not_runnable_reason;
}

TEST(BindQuery, GroupKeysThatAreNotSelectedAreKeptHidden) {
  const Analysed a = Analyse("SELECT COUNT(*) AS n FROM trades GROUP BY symbol, side");
  EXPECT_EQ(a.query().output.Names(), (std::vector<std::string>{"n"}));
  EXPECT_EQ(a.query().key, (std::vector<int>{1, 2}));
  EXPECT_EQ(a.query().plan->output.columns.size(), 3u);
}

TEST(BindQuery, ScansReadOnlyWhatTheQueryUses) {
  const Analysed a = Analyse("SELECT symbol FROM trades WHERE volume > 10 ORDER BY price LIMIT 1");
  const auto* scan = FindNode<ScanNode>(*a.query().plan, PlanKind::kScan);
  ASSERT_NE(scan, nullptr);
  EXPECT_EQ(scan->columns, (std::vector<std::string>{"volume", "symbol", "price"}));
  ASSERT_EQ(scan->pushed.size(), 1u);
  EXPECT_EQ(scan->pushed[0].column, "volume");
  EXPECT_EQ(scan->pushed[0].op, ">");
}

TEST(BindQuery, TimeColumnsBecomeEventTime) {
  const Analysed a = Analyse("SELECT COUNT(*) FROM trades WINDOW TUMBLING(timestamp, 1m)");
  const auto* scan = FindNode<ScanNode>(*a.query().plan, PlanKind::kScan);
  ASSERT_NE(scan->event_time_expression, nullptr);
  EXPECT_EQ(scan->event_time_expression->type.kind(), TypeKind::kInteger);
  EXPECT_EQ(scan->output.columns[scan->event_time].name, "_event_time");
  EXPECT_EQ(scan->watermark_strategy, "ascending");
  const auto* aggregate = FindNode<AggregateNode>(*a.query().plan, PlanKind::kAggregate);
  EXPECT_EQ(aggregate->window->size_ms, 60'000);
  EXPECT_EQ(aggregate->window->grace_ms, 30'000);
}

TEST(BindQuery, FilesHaveNoWatermarkBeforeTheirEnd) {
  const Analysed a = Analyse("SELECT city, MAX(temp) FROM weather GROUP BY city WINDOW TUMBLING(7d)");
  const auto* scan = FindNode<ScanNode>(*a.query().plan, PlanKind::kScan);
  EXPECT_TRUE(scan->watermark_strategy.empty());
  EXPECT_EQ(FindNode<AggregateNode>(*a.query().plan, PlanKind::kAggregate)->window->grace_ms, 0);
  EXPECT_TRUE(a.query().bounded);
}

TEST(BindQuery, SameAggregateIsComputedOnce) {
  const Analysed a =
      Analyse("SELECT SUM(price) / SUM(volume) AS r, SUM(price) AS p FROM trades HAVING SUM(volume) > 0");
  EXPECT_EQ(FindNode<AggregateNode>(*a.query().plan, PlanKind::kAggregate)->aggregates.size(), 2u);
}

TEST(BindQuery, AliasesOfEarlierItemsCanBeUsed) {
  const Analysed a = Analyse("SELECT price * volume AS notional, notional * 2 AS twice FROM trades");
  ASSERT_TRUE(a.report.valid);
  EXPECT_EQ(a.last().output.columns[1].type.kind(), TypeKind::kFloat);
}

TEST(BindQuery, UngroupedColumnsShowTheirLastValue) {
  const Analysed a = Analyse("SELECT symbol, side, COUNT(*) AS n FROM trades GROUP BY symbol");
  ASSERT_NE(a.Find("W2111"), nullptr);
  EXPECT_TRUE(a.query().not_runnable_reason.empty()) << a.query().not_runnable_reason;
  EXPECT_EQ(a.last().output.columns[1].type.kind(), TypeKind::kString);
}

TEST(BindQuery, StarReplacesColumnsInPlace) {
  const Analysed a = Analyse("SELECT *, price * 2 AS price FROM trades");
  EXPECT_EQ(a.last().output.Names(),
            (std::vector<std::string>{"symbol", "price", "volume", "timestamp", "side", "quantity"}));
  const Analysed b = Analyse("SELECT * EXCEPT (side, quantity) FROM trades");
  EXPECT_EQ(b.last().output.Names(), (std::vector<std::string>{"symbol", "price", "volume", "timestamp"}));
}

TEST(BindQuery, OutputNamesFollowTheDialect) {
  const Analysed a = Analyse("SELECT count(*), SUM(total), CASE WHEN MAX(id) > 1 THEN 1 END, 1 + 2 FROM orders");
  EXPECT_EQ(a.last().output.Names(), (std::vector<std::string>{"COUNT", "SUM", "case_expr", "expr_4"}));
  const Analysed b = Analyse("SELECT upper(symbol), price + 1, symbol, symbol FROM trades");
  EXPECT_EQ(b.last().output.Names(), (std::vector<std::string>{"UPPER", "expr_2", "symbol", "symbol_2"}));
}

TEST(BindQuery, BoundedSortTakesFinalGroups) {
  const Analysed a = Analyse("SELECT city, AVG(temp) AS t FROM weather GROUP BY city ORDER BY t DESC LIMIT 3");
  EXPECT_FALSE(FindNode<AggregateNode>(*a.query().plan, PlanKind::kAggregate)->emit_changes);
  EXPECT_EQ(FindNode<SortNode>(*a.query().plan, PlanKind::kSort)->scope, SortNode::Scope::kWhole);
}

TEST(BindQuery, ContinuousTopNKeepsOneRowPerKey) {
  const Analysed a = Analyse("SELECT symbol, SUM(volume) AS v FROM trades GROUP BY symbol ORDER BY v DESC LIMIT 3");
  const auto* sort = FindNode<SortNode>(*a.query().plan, PlanKind::kSort);
  EXPECT_EQ(sort->scope, SortNode::Scope::kContinuous);
  EXPECT_EQ(sort->row_key, (std::vector<int>{0}));
  EXPECT_EQ(sort->limit, 3);
  EXPECT_TRUE(sort->keys[0].descending);
  EXPECT_TRUE(sort->keys[0].nulls_first);
}

TEST(BindQuery, WhatCannotRunSaysSo) {
  const Analysed join =
      Analyse("SELECT t.symbol FROM trades t JOIN quotes q ON t.symbol = q.symbol WITH ('join.type' = 'session')");
  ASSERT_TRUE(join.report.valid);
  EXPECT_EQ(join.query().not_runnable_code, "E3090");
  EXPECT_NE(join.query().not_runnable_reason.find("Joins"), std::string::npos);
  const Analysed unknown = Analyse("SELECT * FROM trade");
  EXPECT_EQ(unknown.query().not_runnable_code, "SOURCE_NOT_FOUND");
  EXPECT_NE(unknown.query().not_runnable_reason.find("trades"), std::string::npos);
}

TEST(BindQuery, JoinsSplitTheirConditions) {
  const Analysed a = Analyse(
      "SELECT t.symbol FROM trades t JOIN quotes q ON t.symbol = q.symbol AND t.price > q.bid "
      "AND q.qts > t.timestamp - INTERVAL '1' MINUTE AND q.qts <= t.timestamp + INTERVAL '10' MINUTE "
      "WHERE t.volume > 5");
  ASSERT_TRUE(a.report.valid) << a.diagnostics.items()[0].message;
  const auto* join = FindNode<JoinNode>(*a.query().plan, PlanKind::kJoin);
  EXPECT_EQ(join->method, JoinMethod::kInterval);
  ASSERT_EQ(join->left_keys.size(), 1u);
  EXPECT_EQ(join->left_keys[0]->text, "symbol");
  ASSERT_TRUE(join->bound.has_value());
  EXPECT_EQ(join->bound->lower_ms, -59'999);
  EXPECT_EQ(join->bound->upper_ms, 600'000);
  EXPECT_EQ(join->retention_ms, 1'200'000);
  ASSERT_NE(join->residual, nullptr);
  EXPECT_EQ(join->residual->text, "t.price > q.bid");
  EXPECT_EQ(join->inputs[0]->kind, PlanKind::kFilter);
  EXPECT_EQ(join->inputs[1]->kind, PlanKind::kScan);
}

TEST(BindQuery, UnknownRelationsGetASchemaFromUse) {
  const Analysed a = Analyse("SELECT a, SUM(b) AS s FROM clicks WHERE c > 1 GROUP BY a");
  ASSERT_TRUE(a.report.valid);
  ASSERT_EQ(a.last().inferred.size(), 1u);
  EXPECT_EQ(a.last().inferred[0].first, "clicks");
  EXPECT_EQ(a.last().inferred[0].second.Names(), (std::vector<std::string>{"c", "a", "b"}));
}

TEST(BindQuery, WindowOverASubqueryUsesItsTime) {
  const Analysed a =
      Analyse("SELECT COUNT(*) AS n FROM (SELECT symbol FROM trades WHERE price > 1) WINDOW TUMBLING(1m)");
  ASSERT_TRUE(a.report.valid) << a.diagnostics.items()[0].message;
  const auto* aggregate = FindNode<AggregateNode>(*a.query().plan, PlanKind::kAggregate);
  const PlanNode& input = *aggregate->inputs[0];
  ASSERT_GE(input.event_time, 0);
  EXPECT_EQ(input.output.columns[input.event_time].name, "_event_time");
}

TEST(BindQuery, EventTimeAliasLeavesThePayload) {
  const Analysed a = Analyse("SELECT symbol, timestamp AS _event_time FROM trades");
  EXPECT_EQ(a.last().output.Names(), (std::vector<std::string>{"symbol"}));
  EXPECT_EQ(a.query().plan->event_time, 1);
}

TEST(Fixes, CureWhatTheyAreAbout) {
  EXPECT_EQ(Repaired("SELECT prise FROM trades", "E2102"), "SELECT price FROM trades");
  EXPECT_EQ(Repaired("SELECT Price FROM trades", "W2106"), "SELECT price FROM trades");
  EXPECT_EQ(Repaired("SELECT AVGG(price) FROM trades", "E2309"), "SELECT AVG(price) FROM trades");
  EXPECT_EQ(Repaired("SELECT * FROM trade", "W3001"), "SELECT * FROM trades");
  EXPECT_EQ(Repaired("SELECT x.price FROM trades t", "E2104"), "SELECT t.price FROM trades t");
  EXPECT_EQ(Repaired("SELECT symbol + side FROM trades", "W2301"), "SELECT symbol || side FROM trades");
  EXPECT_EQ(Repaired("SELECT symbol * side FROM trades", "E2301"),
            "SELECT CAST(symbol AS FLOAT) * CAST(side AS FLOAT) FROM trades");
  EXPECT_EQ(Repaired("SELECT price * 2 AS d FROM trades WHERE d > 1", "E2105"),
            "SELECT price * 2 AS d FROM trades WHERE (price * 2) > 1");
  EXPECT_EQ(Repaired("SELECT symbol, price, COUNT(*) FROM trades GROUP BY symbol", "W2111"),
            "SELECT symbol, price, COUNT(*) FROM trades GROUP BY symbol, price");
  EXPECT_EQ(Repaired("SELECT symbol FROM trades WHERE COUNT(*) > 3 GROUP BY symbol", "E2110"),
            "SELECT symbol FROM trades  GROUP BY symbol HAVING COUNT(*) > 3");
}

TEST(AnalyseScript, ReportsFactsAndSummaries) {
  const Analysed a = Analyse(
      "SELECT symbol, AVG(price) AS p FROM trades GROUP BY symbol WINDOW TUMBLING(INTERVAL '5' MINUTE) EMIT CHANGES");
  const StatementReport& report = a.last();
  EXPECT_EQ(report.kind, "select");
  EXPECT_EQ(report.fields, (std::vector<std::string>{"symbol", "AVG(price)"}));
  EXPECT_EQ(report.group_by, (std::vector<std::string>{"symbol"}));
  EXPECT_EQ(report.key_columns, (std::vector<std::string>{"symbol"}));
  EXPECT_EQ(report.window_type, "tumbling");
  EXPECT_EQ(report.window_size_ms, 300'000);
  EXPECT_EQ(report.emit_mode, "Changes");
  EXPECT_EQ(report.summary, "Groups trades by symbol in 5-minute tumbling windows and emits every change.");
  EXPECT_EQ(report.short_summary, "Groups by symbol with 5-minute tumbling windows.");
}

TEST(AnalyseScript, BrokenStatementsDoNotBlameTheirReaders) {
  const Analysed a =
      Analyse("CREATE STREAM big-ones AS SELECT FROM trades; SELECT * FROM big-ones; SELECT symbol FROM trades");
  EXPECT_FALSE(a.report.valid);
  ASSERT_EQ(a.report.statements.size(), 3u);
  EXPECT_FALSE(a.report.statements[0].valid);
  EXPECT_EQ(a.Find("W3001"), nullptr);
  EXPECT_TRUE(a.report.statements[2].valid);
}

TEST(AnalyseScript, EmptyTextHasNoStatement) {
  EXPECT_TRUE(Analyse("").report.statements.empty());
  EXPECT_TRUE(Analyse("-- only a comment").report.statements.empty());
}

TEST(AnalyseScript, ReadsAnnotationsIntoData) {
  const Analysed a = Analyse(
      "-- @app: desk\n-- @version: 2.0.0\n\n-- @name: volumes\n-- @job_mode: adaptive\n-- @metric: desk_volume\n-- "
      "@metric_type: gauge\n"
      "-- @metric_labels: symbol\n-- @alert: total > 1M\n-- @alert_severity: critical\n-- @alert_for: 30s\n-- @viz: "
      "line\n"
      "SELECT symbol, SUM(volume) AS total FROM trades GROUP BY symbol");
  ASSERT_TRUE(a.report.valid);
  const ScriptAnnotations& data = a.report.application;
  EXPECT_EQ(data.app, "desk");
  EXPECT_EQ(data.version, "2.0.0");
  ASSERT_EQ(data.jobs.size(), 1u);
  EXPECT_EQ(data.jobs[0].name, "volumes");
  ASSERT_EQ(data.metrics.size(), 1u);
  EXPECT_EQ(data.metrics[0].field, "total");
  EXPECT_TRUE(data.metrics[0].field_inferred);
  EXPECT_EQ(data.metrics[0].labels, (std::vector<std::string>{"symbol"}));
  ASSERT_EQ(data.alerts.size(), 1u);
  EXPECT_EQ(data.alerts[0].condition, "total > 1M");
  EXPECT_EQ(data.alerts[0].severity, AlertSeverity::kCritical);
  EXPECT_EQ(data.alerts[0].for_ms, 30'000);
  EXPECT_EQ(data.charts[0].type, "line");
}

TEST(AnalyseScript, FiveHundredLinesTakeNoTime) {
  std::string text = "-- @app: large\n";
  for (int i = 0; i < 62; ++i) {
    text += fmt::format(
        "-- @name: q{0}\nCREATE STREAM s{0} AS\nSELECT symbol, AVG(price) AS p, SUM(volume) AS v\nFROM trades\n"
        "WHERE price > {0}\nGROUP BY symbol\nWINDOW TUMBLING(INTERVAL '5' MINUTE)\nEMIT CHANGES;\n",
        i);
  }
  ASSERT_TRUE(Analyse(text).report.valid);
  const auto start = std::chrono::steady_clock::now();
  const Analysed a = Analyse(text);
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  RecordProperty("microseconds", static_cast<int>(spent.count()));
  EXPECT_EQ(a.report.statements.size(), 62u);
  // The promise is 10 ms; the bound leaves room for a busy machine.
  EXPECT_LT(spent.count(), 100'000);
}

TEST(BindCondition, SeesTheColumnsOfTheSchemaOnly) {
  MemoryCatalog catalog;
  FillTestCatalog(&catalog);
  const Schema schema = (*catalog.Find("trades", {}))->schema;
  auto bind = [&](std::string_view text, Diagnostics* diagnostics) {
    const sql::ExpressionPtr expression = sql::ParseExpression(text, diagnostics);
    return BindCondition(*expression, schema, BuiltinFunctions(), diagnostics);
  };
  Diagnostics fine;
  const BoundExpressionPtr bound = bind("volume > 10 AND symbol = 'A'", &fine);
  ASSERT_NE(bound, nullptr);
  std::vector<int> columns;
  CollectColumns(*bound, &columns);
  std::sort(columns.begin(), columns.end());
  EXPECT_EQ(columns, (std::vector<int>{0, 2}));
  for (const auto& [text, code] :
       {std::pair("volum > 10", "E2102"), std::pair("price + 1", "E2301"), std::pair("SUM(price) > 1", "E2110")}) {
    Diagnostics wrong;
    EXPECT_EQ(bind(text, &wrong), nullptr) << text;
    ASSERT_FALSE(wrong.items().empty());
    EXPECT_EQ(wrong.items()[0].code, code);
  }
}

TEST(Explain, StepsGoFromSourceToResult) {
  const Analysed a =
      Analyse("SELECT symbol, COUNT(*) AS n FROM trades WHERE price > 1 GROUP BY symbol WINDOW TUMBLING(5m)");
  const std::vector<ExplainStep> steps = ExplainSteps(a.query());
  std::vector<std::string> names;
  for (const ExplainStep& step : steps) names.push_back(step.op);
  EXPECT_EQ(names, (std::vector<std::string>{"Source", "Filter", "WindowAggregate", "Project", "Result"}));
  EXPECT_TRUE(steps[0].span.valid());
  EXPECT_NE(steps[2].detail.find("1 row per symbol and open window"), std::string::npos);
}

}  // namespace
}  // namespace velo
