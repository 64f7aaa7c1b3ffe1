#include "engine/exec/dictionary_columns.h"

#include <algorithm>

#include "engine/exec/operators/over_arrival.h"
#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/over_node.h"
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

// What a lookup join looks into of the rows on its left, given that of its output.
Looked LookedIntoBelow(const JoinNode& join, const Looked& above) {
  const PlanNode& left = *join.inputs[0];
  Looked joined = above;
  // The condition may read columns of the right that a semi join does not show.
  joined.resize(
      std::max<size_t>(joined.size(), static_cast<size_t>(PayloadColumns(left) + PayloadColumns(*join.inputs[1]))));
  LookInto(join.residual, &joined);
  Looked looked(left.output.columns.size(), false);
  std::copy_n(joined.begin(), PayloadColumns(left), looked.begin());
  const bool finds_by_codes = join.left_keys.size() == 1 && join.left_keys[0]->kind == BoundKind::kColumn;
  for (const BoundExpressionPtr& key : join.left_keys) {
    if (!finds_by_codes) LookInto(key, &looked);
  }
  // Their messages and defaults are made of values.
  if (!join.fallback.empty()) looked.assign(looked.size(), true);
  return looked;
}

// What row windows that are computed together look into of the rows below them, given that of their output. Theirs are
// the columns from below, then the results.
Looked LookedIntoBelow(const std::vector<std::shared_ptr<const OverNode>>& windows, const Looked& above) {
  Looked looked(above.begin(),
                above.begin() + static_cast<std::ptrdiff_t>(windows.front()->inputs[0]->output.columns.size()));
  const std::vector<BoundExpressionPtr>& keys = windows.front()->partition_by;
  const bool parts_by_codes = keys.size() == 1 && keys[0]->kind == BoundKind::kColumn;
  for (const BoundExpressionPtr& key : keys) {
    if (!parts_by_codes) LookInto(key, &looked);
  }
  for (const auto& window : windows) {
    for (const OverCall& call : window->calls) {
      LookInto(call.call.filter, &looked);
      for (const BoundExpressionPtr& argument : call.call.arguments) LookInto(argument, &looked);
    }
  }
  return looked;
}

// Sessions look into their keys.
bool MayGroupByCodes(const AggregateNode& aggregate) {
  return !aggregate.window.has_value() || aggregate.window->type == WindowType::kTumbling ||
         aggregate.window->type == WindowType::kSliding;
}

// A node below `top` with what is looked into of its output.
struct Reached {
  const PlanNode* node = nullptr;
  Looked looked;
  const PlanNodePtr* owner = nullptr;  ///< Where the node above holds it; null for the top.
};

// Follows the chain below `top` down to `end`, or to the scan where that is null; the node is null when there is
// something else in between.
Reached FollowTo(const PlanNode& top, const PlanNode* end) {
  Reached at{&top, Looked(top.output.columns.size(), false)};
  if (top.kind == PlanKind::kAggregate) {
    const auto& aggregate = static_cast<const AggregateNode&>(top);
    if (!MayGroupByCodes(aggregate)) return {};
    at = {top.inputs[0].get(), LookedIntoBy(aggregate), &top.inputs[0]};
  }
  while (at.node != end && at.node->kind != PlanKind::kScan) {
    if (at.node->kind == PlanKind::kFilter) {
      LookInto(static_cast<const FilterNode*>(at.node)->predicate, &at.looked);
    } else if (at.node->kind == PlanKind::kProject) {
      at.looked = LookedIntoBelow(static_cast<const ProjectNode&>(*at.node), at.looked);
    } else if (at.node->kind == PlanKind::kJoin &&
               static_cast<const JoinNode&>(*at.node).method == JoinMethod::kLookup) {
      at.looked = LookedIntoBelow(static_cast<const JoinNode&>(*at.node), at.looked);
    } else if (at.node->kind == PlanKind::kOver && at.owner != nullptr) {
      const auto windows = ArrivalWindows(std::static_pointer_cast<const OverNode>(*at.owner));
      if (windows.empty()) return {};
      at.looked = LookedIntoBelow(windows, at.looked);
      at.owner = &windows.front()->inputs[0];
      at.node = at.owner->get();
      continue;
    } else {
      return {};
    }
    at.owner = &at.node->inputs[0];
    at.node = at.owner->get();
  }
  return at;
}

}  // namespace

std::vector<bool> DictionaryColumnsOf(const PlanNode& top, const PlanNode& join) {
  const Reached reached = FollowTo(top, &join);
  if (reached.node != &join) return {};
  std::vector<bool> coded;
  for (size_t i = 0; i < join.output.columns.size(); ++i) {
    coded.push_back(!reached.looked[i] && join.output.columns[i].type.kind() == TypeKind::kString);
  }
  return coded;
}

std::vector<std::string> DictionaryColumns(const PlanNode& top) {
  Reached reached = FollowTo(top, nullptr);
  if (reached.node == nullptr) return {};
  const PlanNode* node = reached.node;
  Looked& looked = reached.looked;
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

std::vector<std::string> DictionaryColumnsOfPlan(const PlanNode& plan, bool coalesce_changes) {
  for (const PlanNode* node = &plan; node->inputs.size() == 1; node = node->inputs[0].get()) {
    if (node->kind == PlanKind::kOver) coalesce_changes = false;  // It remembers every change.
    if (node->kind != PlanKind::kAggregate) continue;
    const auto& aggregate = static_cast<const AggregateNode&>(*node);
    const bool gives_every_change = aggregate.emit_changes && !coalesce_changes;
    const bool is_limited = aggregate.max_groups > 0 || aggregate.group_ttl_ms > 0;
    if (gives_every_change || is_limited) continue;
    std::vector<std::string> names = DictionaryColumns(aggregate);
    if (!names.empty()) return names;
  }
  return {};
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
