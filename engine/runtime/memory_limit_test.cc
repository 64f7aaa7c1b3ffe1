#include <gtest/gtest.h>

#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"

namespace velo {
namespace {

// k INTEGER, v INTEGER, t INTEGER: "e" has 60,000 rows with 20,000 keys, "many" 150,000 rows with as many keys.
class MemoryLimitTest : public ::testing::Test {
 protected:
  MemoryLimitTest() {
    AddRows("e", 60'000, 20'000);
    AddRows("many", 150'000, 150'000);
    engine_ = Engine::Open({}).TakeValue();
  }

  void AddRows(const std::string& name, int64_t rows, int64_t key_count) {
    Relation relation;
    relation.name = name;
    relation.bounded = true;
    relation.schema.columns = {{"k", TypeKind::kInteger}, {"v", TypeKind::kInteger}, {"t", TypeKind::kInteger}};
    arrow::Int64Builder keys, values, times;
    for (int64_t row = 0; row < rows; ++row) {
      EXPECT_TRUE(keys.Append(row * 7919 % key_count).ok() && values.Append(row % 101).ok() && times.Append(row).ok());
    }
    inputs_.emplace_back(
        name, arrow::RecordBatch::Make(relation.schema.ToArrow(), rows,
                                       arrow::ArrayVector{*keys.Finish(), *values.Finish(), *times.Finish()}));
    catalog_.Put(std::move(relation));
  }

  class Collector : public ResultReceiver {
   public:
    void OnRows(const Batch& batch) override {
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        std::string text;
        for (const auto& column : batch.columns->columns())
          text += column->GetScalar(row).ValueOrDie()->ToString() + " ";
        rows.push_back(text);
      }
    }
    void OnFinished(const Status&) override {}
    std::vector<std::string> rows;
  };

  // The sorted rows of the answer, or the code of the error.
  std::vector<std::string> Run(const std::string& sql, int64_t memory_limit, int lanes = 2, bool sorted = true) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(sql, &catalog_, BuiltinFunctions(), &diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << sql;
    RunOptions options;
    options.lanes = lanes;
    options.batch_rows = 512;
    options.memory_limit = memory_limit;
    auto collector = std::make_shared<Collector>();
    auto job = engine_->StartOnRows(report.statements[0].prepared, inputs_, options, collector);
    EXPECT_TRUE(job.ok() && (*job)->WaitFor(60'000));
    rows_read_ = (*job)->metrics().rows_in;
    if (!(*job)->result().ok()) return {(*job)->result().error().code};
    if (sorted) std::sort(collector->rows.begin(), collector->rows.end());
    return collector->rows;
  }

  int64_t rows_read_ = 0;  ///< By the last Run.
  Engine::Inputs inputs_;
  MemoryCatalog catalog_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(MemoryLimitTest, GroupsOnDiskGiveTheSameAnswer) {
  for (const char* sql :
       {"SELECT k, COUNT(*) AS n, SUM(v) AS s, MIN(v) AS low, AVG(v) AS mean FROM e GROUP BY k EMIT FINAL",
        "SELECT k, FIRST_VALUE(v) AS a, LAST_VALUE(v) AS b, ARRAY_AGG(v) AS all_of_them FROM e GROUP BY k EMIT FINAL",
        "SELECT k % 700 AS k, COUNT(DISTINCT v) AS d, MEDIAN(v) AS m, MAX(CAST(v AS STRING)) AS x FROM e GROUP BY k % "
        "700 "
        "EMIT FINAL",
        "SELECT COUNT(*) AS n, SUM(s) AS s FROM (SELECT k, SUM(v) AS s FROM e GROUP BY k EMIT FINAL) AS g EMIT "
        "FINAL"}) {
    const std::vector<std::string> expected = Run(sql, 0, 1);
    EXPECT_EQ(Run(sql, 1 << 18, 1), expected) << sql;
    EXPECT_EQ(Run(sql, 1 << 18, 2), expected) << sql;
    EXPECT_EQ(Run(sql, 1 << 20, 3), expected) << sql;
  }
}

TEST_F(MemoryLimitTest, TheOrderOfManyGroupsDoesNotDependOnLanes) {
  const std::string sql = "SELECT k, COUNT(*) AS n FROM many GROUP BY k EMIT FINAL";
  const std::vector<std::string> expected = Run(sql, 0, 1, /*sorted=*/false);
  EXPECT_EQ(expected.size(), 150'000U);
  EXPECT_EQ(Run(sql, 0, 2, /*sorted=*/false), expected);
  EXPECT_EQ(Run(sql, 1 << 20, 2, /*sorted=*/false), expected);
}

TEST_F(MemoryLimitTest, StateThatMustStayInMemoryEndsTheQuery) {
  for (const char* sql : {"SELECT k, COUNT(*) AS n FROM e GROUP BY k WINDOW TUMBLING(t, 1m)",
                          "SELECT ARRAY_AGG(v) AS all_of_them FROM e EMIT FINAL"}) {
    EXPECT_EQ(Run(sql, 1 << 12), std::vector<std::string>{"MEMORY_LIMIT"}) << sql;
    EXPECT_GE(Run(sql, int64_t{1} << 30).size(), 1U) << sql;
  }
}

TEST_F(MemoryLimitTest, ATableThatLanesShareEndsTheQueryWhileItIsRead) {
  const std::string sql = "SELECT COUNT(*) AS n FROM e JOIN many ON e.k = many.k";
  EXPECT_EQ(Run(sql, 1 << 20, 2), std::vector<std::string>{"MEMORY_LIMIT"});
  EXPECT_LT(rows_read_, 100'000) << "the table alone has 150,000";
  EXPECT_EQ(Run(sql, 0, 2), Run(sql, 0, 1));
}

}  // namespace
}  // namespace velo
