#include "engine/exec/inner_rows.h"
#include "engine/exec/subquery_evaluator.h"
#include "engine/exec/subquery_fold.h"

namespace velo::exec {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

std::vector<std::shared_ptr<arrow::DataType>> TypesOf(const Schema& schema) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const Column& column : schema.columns) types.push_back(column.type.ToArrow());
  return types;
}

class PairEvaluator : public SubqueryEvaluator {
 public:
  PairEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context)
      : node_(std::move(node)), context_(context), rows_(TypesOf(node_->inputs[1]->output), node_->inner_keys) {}

  Status AddRows(const Batch& rows) override { return rows_.Add(rows); }

  Result<ArrayPtr> Evaluate(const arrow::RecordBatch& outer) override {
    std::vector<ArrayPtr> keys;
    for (const BoundExpressionPtr& key : node_->outer_keys) {
      VELO_ASSIGN_OR_RETURN(ArrayPtr column, EvaluateToArray(*key, outer, &context_->evaluation));
      keys.push_back(std::move(column));
    }
    std::vector<uint32_t> firsts;
    rows_.Find(keys, outer.num_rows(), &firsts);
    SubqueryFold fold(
        *node_, node_->inputs[1]->output, outer,
        [this](size_t column, std::span<const uint32_t> ids) { return rows_.Gather(column, ids); },
        &context_->evaluation);
    for (uint32_t row = 0; row < firsts.size(); ++row) {
      for (uint32_t inner = firsts[row]; inner != InnerRows::kNone; inner = rows_.Next(inner)) {
        VELO_RETURN_IF_ERROR(fold.AddPair(row, inner));
      }
      if (context_->IsCancelled()) break;
    }
    return fold.Finish();
  }

  Status Save(std::string* out) const override { return rows_.Save(out); }
  Status Load(std::string_view* in) override { return rows_.Load(in); }
  int64_t MemoryBytes() const override { return rows_.MemoryBytes(); }

 private:
  const std::shared_ptr<const SubqueryNode> node_;
  LaneContext* const context_;
  InnerRows rows_;
};

}  // namespace

std::unique_ptr<SubqueryEvaluator> MakePairEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context) {
  return std::make_unique<PairEvaluator>(std::move(node), context);
}

}  // namespace velo::exec
