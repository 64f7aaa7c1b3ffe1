#include "engine/exec/dictionary_columns.h"

#include <algorithm>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// Per column: whether somebody looks into its values.
using Looked = std::vector<bool>;

void LookInto(const BoundExpressionPtr& expression, Looked* looked) {
  if (expression == nullptr) return;
  std::vector<int> columns;
  CollectColumns(*expression, &columns);
  for (const int column : columns) (*looked)[static_cast<size_t>(column)] = true;
}

Looked LookedIntoBy(const AggregateNode& aggregate) {
  Looked looked(aggregate.inputs[0]->output.columns.size(), false);
  const bool groups_by_codes = aggregate.keys.size() == 1 && aggregate.keys[0]->kind == BoundKind::kColumn;
  for (const BoundExpressionPtr& key : aggregate.keys) {
    if (!groups_by_codes) LookInto(key, &looked);
  }
  for (const AggregateCall& call : aggregate.aggregates) {
    LookInto(call.filter, &looked);
    for (const BoundExpressionPtr& argument : call.arguments) LookInto(argument, &looked);
  }
  return looked;
}

// What a projection's input is looked into for, given that of its output.
Looked LookedIntoBelow(const ProjectNode& project, const Looked& above) {
  Looked looked(project.inputs[0]->output.columns.size(), false);
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    const BoundExpression& expression = *project.expressions[i];
    if (expression.kind != BoundKind::kColumn || above[i]) LookInto(project.expressions[i], &looked);
  }
  return looked;
}

}  // namespace

std::vector<std::string> DictionaryColumns(const PlanNode& top) {
  const PlanNode* node = &top;
  Looked looked(top.output.columns.size(), false);
  if (top.kind == PlanKind::kAggregate) {
    const auto& aggregate = static_cast<const AggregateNode&>(top);
    if (aggregate.window.has_value()) return {};
    looked = LookedIntoBy(aggregate);
    node = top.inputs[0].get();
  }
  for (; node->kind != PlanKind::kScan; node = node->inputs[0].get()) {
    if (node->kind == PlanKind::kFilter) {
      LookInto(static_cast<const FilterNode*>(node)->predicate, &looked);
    } else if (node->kind == PlanKind::kProject) {
      looked = LookedIntoBelow(static_cast<const ProjectNode&>(*node), looked);
    } else {
      return {};
    }
  }
  const auto& scan = static_cast<const ScanNode&>(*node);
  LookInto(scan.event_time_expression, &looked);
  std::vector<std::string> names;
  for (size_t i = 0; i < scan.output.columns.size(); ++i) {
    const Column& column = scan.output.columns[i];
    const bool is_read = std::find(scan.columns.begin(), scan.columns.end(), column.name) != scan.columns.end();
    if (is_read && !looked[i] && column.type.kind() == TypeKind::kString) names.push_back(column.name);
  }
  return names;
}

Result<Batch> DecodeDictionaries(const Batch& batch) {
  std::vector<std::shared_ptr<arrow::Array>> columns = batch.columns->columns();
  for (std::shared_ptr<arrow::Array>& column : columns) {
    if (column->type_id() != arrow::Type::DICTIONARY) continue;
    const auto& codes = static_cast<const arrow::DictionaryArray&>(*column);
    VELO_ASSIGN_OR_RETURN_ARROW(column, arrow::compute::Take(*codes.dictionary(), *codes.indices(),
                                                             arrow::compute::TakeOptions::NoBoundsCheck()));
  }
  return Batch{arrow::RecordBatch::Make(batch.columns->schema(), batch.num_rows(), std::move(columns)), batch.kinds};
}

}  // namespace velo::exec
