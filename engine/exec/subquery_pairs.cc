#include "engine/exec/row_table.h"
#include "engine/exec/subquery_evaluator.h"
#include "engine/exec/subquery_fold.h"

namespace velo::exec {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

RowTable::Settings TableSettings(const SubqueryNode& node) {
  const PlanNode& table = *node.inputs[1];
  RowTable::Settings settings;
  settings.schema = table.output.ToArrow();
  for (int key : node.inner_keys) settings.key_types.push_back(table.output.columns[key].type.ToArrow());
  settings.changes = table.changes;
  settings.identity = table.change_key;
  return settings;
}

class PairEvaluator : public SubqueryEvaluator {
 public:
  PairEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context)
      : node_(std::move(node)), context_(context), rows_(TableSettings(*node_)) {}

  Status AddRows(const Batch& rows) override {
    std::vector<ArrayPtr> keys;
    for (int key : node_->inner_keys) keys.push_back(rows.columns->column(key));
    return rows_.Apply(rows, keys);
  }

  Result<ArrayPtr> Evaluate(const arrow::RecordBatch& outer) override {
    std::vector<ArrayPtr> keys;
    for (const BoundExpressionPtr& key : node_->outer_keys) {
      VELO_ASSIGN_OR_RETURN(ArrayPtr column, EvaluateToArray(*key, outer, &context_->evaluation));
      keys.push_back(std::move(column));
    }
    SubqueryFold fold(
        *node_, node_->inputs[1]->output, outer,
        [this](size_t column, std::span<const uint32_t> ids) -> Result<ArrayPtr> {
          const int position = static_cast<int>(column);
          VELO_ASSIGN_OR_RETURN(const RowTable::Columns taken, rows_.Take({&position, 1}, ids));
          return taken[0];
        },
        &context_->evaluation);
    RowTable::Walk walk;
    RowTable::Matches matches;
    VELO_RETURN_IF_ERROR(rows_.Begin(keys, outer.num_rows(), &walk));
    while (!walk.IsDone() && !context_->IsCancelled()) {
      matches = {};
      rows_.Continue(&walk, /*outer=*/false, kPairsAtOnce, &matches);
      matches.WriteProbeRows();
      VELO_RETURN_IF_ERROR(fold.AddPairs(std::move(matches.probe_rows), std::move(matches.table_rows)));
    }
    return fold.Finish();
  }

  Status Save(std::string* out) const override { return rows_.Save(out); }
  Status Load(std::string_view* in) override { return rows_.Load(in); }
  int64_t MemoryBytes() const override { return rows_.StateBytes(); }

 private:
  const std::shared_ptr<const SubqueryNode> node_;
  LaneContext* const context_;
  RowTable rows_;
};

}  // namespace

std::unique_ptr<SubqueryEvaluator> MakePairEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context) {
  return std::make_unique<PairEvaluator>(std::move(node), context);
}

}  // namespace velo::exec
