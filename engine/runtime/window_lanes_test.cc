#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"

namespace velo {
namespace {

// Windows over 30,000 rows give the same rows in the same order whatever the number of lanes. Of "ordered" every lane
// has a stretch of time to itself, of "mixed" all lanes have rows of all windows, of "one_lane" the first third has no
// row that WHERE v >= 0 lets through.
class WindowLanesTest : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 30'000;

  WindowLanesTest() {
    AddRows(
        "ordered", [](int64_t row) { return row * 40; }, [](int64_t row) { return row % 97; });
    AddRows(
        "mixed", [](int64_t row) { return row * 7919 % kRows * 40; }, [](int64_t row) { return row % 97; });
    AddRows(
        "one_lane", [](int64_t row) { return row * 40; }, [](int64_t row) { return row < kRows / 3 ? -1 : row; });
    engine_ = Engine::Open({}).TakeValue();
  }

  // k STRING (every 13th is NULL), v INTEGER (every 11th is NULL), t INTEGER.
  void AddRows(const std::string& name, int64_t (*time_of)(int64_t), int64_t (*value_of)(int64_t)) {
    Relation relation;
    relation.name = name;
    relation.bounded = true;
    relation.schema.columns = {{"k", TypeKind::kString}, {"v", TypeKind::kInteger}, {"t", TypeKind::kInteger}};
    arrow::StringBuilder keys;
    arrow::Int64Builder values, times;
    for (int64_t row = 0; row < kRows; ++row) {
      const std::string key = "key " + std::to_string(row * 31 % 41);
      EXPECT_TRUE((row % 13 == 0 ? keys.AppendNull() : keys.Append(key)).ok());
      EXPECT_TRUE((row % 11 == 0 ? values.AppendNull() : values.Append(value_of(row))).ok());
      EXPECT_TRUE(times.Append(time_of(row)).ok());
    }
    inputs_.emplace_back(
        name, arrow::RecordBatch::Make(relation.schema.ToArrow(), kRows,
                                       arrow::ArrayVector{*keys.Finish(), *values.Finish(), *times.Finish()}));
    catalog_.Put(std::move(relation));
  }

  // The answer as it came; null when there is none.
  std::shared_ptr<arrow::RecordBatch> Run(const std::string& sql, int lanes) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(sql, &catalog_, BuiltinFunctions(), &diagnostics);
    if (diagnostics.has_errors()) return nullptr;
    const std::shared_ptr<const PreparedQuery>& query = report.statements[0].prepared;
    RunOptions options;
    options.lanes = lanes;
    options.coalesce_changes = true;
    EXPECT_TRUE(RowsStandAsTheyCome(*query, options)) << sql;
    const auto collector = std::make_shared<RowCollector>();
    const auto job = engine_->StartOnRows(query, inputs_, options, collector);
    if (!job.ok() || !(*job)->WaitFor(60'000) || !(*job)->result().ok()) return nullptr;
    const Result<Batch> rows = collector->Rows(*query, /*fold=*/false);
    if (!rows.ok()) return nullptr;
    for (const RowKind kind : rows->kinds) EXPECT_EQ(kind, RowKind::kInsert);
    return rows->columns;
  }

  Engine::Inputs inputs_;
  MemoryCatalog catalog_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(WindowLanesTest, AnswersDoNotDependOnLanes) {
  constexpr const char* kColumns =
      "k, _window_start AS w, COUNT(*) AS n, SUM(v) AS s, FIRST_VALUE(v) AS a, LAST_VALUE(v) AS z, MIN(v) AS low, "
      "COUNT(DISTINCT v) AS d, ARRAY_AGG(v) AS all_of_them";
  for (const char* table : {"ordered", "mixed", "one_lane"}) {
    // Some thousand rows each, so that lanes' states are merged and windows made side by side.
    for (const char* window : {"TUMBLING(t, 4s)", "SLIDING(t, 12s, 4s)", "SLIDING(t, 6s, 4s)", "SLIDING(t, 2s, 4s)"}) {
      const std::string sql =
          fmt::format("SELECT {} FROM {} WHERE COALESCE(v, -1) >= 0 GROUP BY k WINDOW {}", kColumns, table, window);
      const auto expected = Run(sql, 1);
      ASSERT_NE(expected, nullptr) << sql;
      EXPECT_GT(expected->num_rows(), 4096) << sql;
      for (const int lanes : {2, 3, 8}) {
        const auto rows = Run(sql, lanes);
        EXPECT_TRUE(rows != nullptr && rows->Equals(*expected)) << sql << " in lanes: " << lanes;
      }
    }
  }
}

TEST_F(WindowLanesTest, NoRowsAtAll) {
  const std::string sql = "SELECT k, COUNT(*) AS n FROM mixed WHERE v < -5 GROUP BY k WINDOW SLIDING(t, 12s, 4s)";
  for (const int lanes : {1, 3}) {
    const auto rows = Run(sql, lanes);
    EXPECT_TRUE(rows != nullptr && rows->num_rows() == 0) << lanes;
  }
}

}  // namespace
}  // namespace velo
