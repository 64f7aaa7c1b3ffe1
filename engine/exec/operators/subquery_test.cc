// Subquery operators by themselves: rows that are taken back, and state that is saved and loaded.

#include "engine/exec/operators/subquery.h"

#include <gtest/gtest.h>

#include "engine/plan/prepared_query.h"
#include "engine/types/value_text.h"

namespace velo::exec {
namespace {

Relation Table(const std::string& name) {
  Relation relation;
  relation.name = name;
  relation.uri = "test://" + name;
  relation.bounded = true;
  relation.schema.columns = {{"k", TypeKind::kInteger, true}, {"v", TypeKind::kInteger, true}};
  return relation;
}

std::shared_ptr<const SubqueryNode> FindSubquery(const PlanNodePtr& plan) {
  if (plan->kind == PlanKind::kSubquery) return std::static_pointer_cast<const SubqueryNode>(plan);
  for (const PlanNodePtr& input : plan->inputs) {
    if (auto found = FindSubquery(input)) return found;
  }
  return nullptr;
}

class LastColumn : public Output {
 public:
  Status Emit(Batch batch) override {
    const auto column = batch.columns->column(batch.columns->num_columns() - 1);
    for (int64_t row = 0; row < column->length(); ++row) {
      std::string text;
      AppendText(*column, row, &text);
      values.push_back(std::move(text));
    }
    return Status::OK();
  }
  std::vector<std::string> values;
};

// An operator with the rows it is asked for in the order of its node's inputs: integers, as many as it has columns.
class Subquery {
 public:
  explicit Subquery(const std::string& condition) {
    MemoryCatalog catalog;
    catalog.Put(Table("o"));
    catalog.Put(Table("i"));
    Diagnostics diagnostics;
    const std::string sql = "SELECT k, v, " + condition + " AS x FROM o";
    const ScriptReport report = AnalyseScript(sql, &catalog, BuiltinFunctions(), &diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << sql << ": " << diagnostics.items()[0].message;
    node_ = FindSubquery(report.statements[0].prepared->plan);
    context_.meter = &meter_;
    context_.bad_records = &bad_records_;
    Build();
  }

  void AddRows(const std::vector<std::vector<int64_t>>& rows, RowKind kind = RowKind::kInsert) {
    Batch batch = Rows(*node_->inputs[1], rows);
    batch.kinds.assign(rows.size(), kind);
    ASSERT_TRUE(operator_->OnBatch(Side::kRight, batch, out_).ok());
  }
  void EndTable() { ASSERT_TRUE(operator_->OnEnd(Side::kRight, out_).ok()); }

  std::vector<std::string> Ask(const std::vector<std::vector<int64_t>>& rows) {
    EXPECT_TRUE(operator_->WantsLeft());
    out_.values.clear();
    EXPECT_TRUE(operator_->OnBatch(Side::kLeft, Rows(*node_->inputs[0], rows), out_).ok());
    return out_.values;
  }

  void Restart() {
    std::string state;
    ASSERT_TRUE(operator_->Save(&state).ok());
    Build();
    std::string_view left = state;
    ASSERT_TRUE(operator_->Load(&left).ok());
    EXPECT_TRUE(left.empty());
    Build();
    std::string_view cut = std::string_view(state).substr(0, state.size() / 2);
    EXPECT_FALSE(operator_->Load(&cut).ok());
    Build();
    left = state;
    ASSERT_TRUE(operator_->Load(&left).ok());
  }

  TwoInputOperator& step() { return *operator_; }
  int64_t bad() const { return meter_.bad; }
  size_t table_columns() const { return node_->inputs[1]->output.columns.size(); }

 private:
  void Build() { operator_ = MakeSubquery(node_, true, &context_); }

  static Batch Rows(const PlanNode& node, const std::vector<std::vector<int64_t>>& rows) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t c = 0; c < node.output.columns.size(); ++c) {
      arrow::Int64Builder builder;
      for (const auto& row : rows) EXPECT_TRUE(builder.Append(row.at(c)).ok());
      columns.push_back(*builder.Finish());
    }
    return {arrow::RecordBatch::Make(node.output.ToArrow(), static_cast<int64_t>(rows.size()), columns), {}};
  }

  std::shared_ptr<const SubqueryNode> node_;
  InputMeter meter_;
  BadRecordLog bad_records_;
  LaneContext context_;
  LastColumn out_;
  std::unique_ptr<TwoInputOperator> operator_;
};

using Values = std::vector<std::string>;

TEST(Subquery, WaitsForItsTable) {
  Subquery in("k IN (SELECT k FROM i)");
  EXPECT_FALSE(in.step().WantsLeft());
  in.AddRows({{1}});
  EXPECT_FALSE(in.step().WantsLeft());
  in.EndTable();
  EXPECT_TRUE(in.step().WantsLeft());
  EXPECT_EQ(in.Ask({{1, 0}, {2, 0}}), (Values{"true", "false"}));
}

TEST(Subquery, MembershipForgetsRowsTakenBack) {
  Subquery in("k IN (SELECT k FROM i)");
  in.AddRows({{1}, {1}, {2}});
  in.EndTable();
  in.AddRows({{1}, {2}}, RowKind::kDelete);
  EXPECT_EQ(in.Ask({{1, 0}, {2, 0}}), (Values{"true", "false"}));
  in.AddRows({{1}}, RowKind::kUpdateBefore);
  in.AddRows({{2}}, RowKind::kUpdateAfter);
  EXPECT_EQ(in.Ask({{1, 0}, {2, 0}}), (Values{"false", "true"}));
}

TEST(Subquery, MembershipGoesOnAfterARestart) {
  Subquery in("k IN (SELECT k FROM i)");
  in.AddRows({{1}, {3}});
  in.EndTable();
  in.Restart();
  EXPECT_EQ(in.Ask({{1, 0}, {2, 0}, {3, 0}}), (Values{"true", "false", "true"}));
  EXPECT_GT(in.step().StateBytes(), 0);
  in.AddRows({{2}});
  EXPECT_EQ(in.Ask({{2, 0}}), (Values{"true"}));
}

TEST(Subquery, ValuesByKeyGoOnAfterARestart) {
  Subquery value("(SELECT i.v FROM i WHERE i.k = o.k)");
  ASSERT_EQ(value.table_columns(), 2U);
  value.AddRows({{10, 1}, {20, 2}});
  value.EndTable();
  value.Restart();
  EXPECT_EQ(value.Ask({{1, 0}, {2, 0}, {3, 0}}), (Values{"10", "20", "NULL"}));
  EXPECT_GT(value.step().StateBytes(), 0);
}

TEST(Subquery, SeveralRowsMakeTheRecordBad) {
  Subquery value("(SELECT i.v FROM i WHERE i.k = o.k)");
  value.AddRows({{10, 1}, {11, 1}, {20, 2}});
  value.EndTable();
  EXPECT_EQ(value.Ask({{2, 0}, {1, 0}, {3, 0}}), (Values{"20", "NULL"}));
  EXPECT_EQ(value.bad(), 1);
}

TEST(Subquery, EvaluationPerRecordGoesOnAfterARestart) {
  Subquery value("(SELECT COUNT(*) FROM i WHERE i.k < o.k)");
  ASSERT_EQ(value.table_columns(), 1U);
  value.AddRows({{1}, {2}, {3}});
  value.EndTable();
  value.Restart();
  EXPECT_EQ(value.Ask({{0, 0}, {2, 0}, {9, 0}, {2, 0}}), (Values{"0", "1", "3", "1"}));
  value.AddRows({{1}});
  EXPECT_EQ(value.Ask({{2, 0}}), (Values{"2"}));
  EXPECT_GT(value.step().StateBytes(), 0);
}

TEST(Subquery, ComparisonsWithEveryRow) {
  Subquery all("v > ALL (SELECT i.v FROM i WHERE i.k = o.k)");
  all.AddRows({{5, 1}, {7, 1}, {9, 2}});
  all.EndTable();
  EXPECT_EQ(all.Ask({{1, 8}, {1, 6}, {2, 9}, {3, 0}}), (Values{"true", "false", "false", "true"}));
  all.Restart();
  EXPECT_EQ(all.Ask({{1, 8}}), (Values{"true"}));
}

}  // namespace
}  // namespace velo::exec
