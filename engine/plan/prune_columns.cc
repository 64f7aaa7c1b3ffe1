#include "engine/plan/prune_columns.h"

#include <algorithm>
#include <numeric>

#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {
namespace {

/// Marks of the output columns of a node.
using Needed = std::vector<bool>;

void Mark(int column, Needed* needed) {
  if (column >= 0 && column < static_cast<int>(needed->size())) (*needed)[static_cast<size_t>(column)] = true;
}

void Mark(const std::vector<int>& columns, Needed* needed) {
  for (int column : columns) Mark(column, needed);
}

void MarkColumnsOf(const BoundExpression& expression, Needed* needed) {
  std::vector<int> columns;
  CollectColumns(expression, &columns);
  Mark(columns, needed);
}

PrunedPlan Prune(const PlanNodePtr& plan, Needed needed);

std::vector<int> Identity(size_t size) {
  std::vector<int> mapping(size);
  std::iota(mapping.begin(), mapping.end(), 0);
  return mapping;
}

void Remap(std::vector<int>* columns, const std::vector<int>& mapping) {
  for (int& column : *columns) column = mapping[static_cast<size_t>(column)];
}

/// Leaves out columns of `output` that are not needed; returns where the others went.
std::vector<int> KeepNeeded(const Needed& needed, Schema* output) {
  std::vector<int> mapping(needed.size(), -1);
  std::vector<Column> kept;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    mapping[i] = static_cast<int>(kept.size());
    kept.push_back(output->columns[i]);
  }
  output->columns = std::move(kept);
  return mapping;
}

/// Everything in the node that counts output columns.
void FinishOutput(const std::vector<int>& mapping, PlanNode* node) {
  if (node->event_time >= 0) node->event_time = mapping[static_cast<size_t>(node->event_time)];
  Remap(&node->change_key, mapping);
}

template <typename Values>
void KeepNeeded(const Needed& needed, size_t first, Values* values) {
  Values kept;
  for (size_t i = 0; i < values->size(); ++i) {
    if (needed[first + i]) kept.push_back(std::move((*values)[i]));
  }
  *values = std::move(kept);
}

/// Replaces the only input by what is left of it when only `needed` is read, and follows in all expressions.
std::vector<int> PruneInput(const Needed& needed, PlanNode* node) {
  PrunedPlan input = Prune(node->inputs[0], needed);
  node->inputs[0] = input.plan;
  ForEachExpression(
      node, [&input](BoundExpressionPtr* expression) { *expression = RemapColumns(*expression, input.mapping); });
  return input.mapping;
}

Needed NeededByExpressions(const PlanNode& node) {
  Needed needed(node.inputs[0]->output.columns.size(), false);
  ForEachExpression(node, [&needed](const BoundExpressionPtr& expression) { MarkColumnsOf(*expression, &needed); });
  return needed;
}

PrunedPlan PruneScan(const PlanNodePtr& plan, Needed needed) {
  auto scan = std::static_pointer_cast<ScanNode>(CloneNode(*plan));
  if (scan->event_time_expression != nullptr) MarkColumnsOf(*scan->event_time_expression, &needed);
  Mark(scan->punctuation_column, &needed);
  const std::vector<int> mapping = KeepNeeded(needed, &scan->output);
  KeepNeeded(needed, 0, &scan->columns);
  if (scan->punctuation_column >= 0) scan->punctuation_column = mapping[static_cast<size_t>(scan->punctuation_column)];
  if (scan->event_time_expression != nullptr) {
    scan->event_time_expression = RemapColumns(scan->event_time_expression, mapping);
  }
  FinishOutput(mapping, scan.get());
  return {scan, mapping};
}

PrunedPlan PruneProject(const PlanNodePtr& plan, const Needed& needed) {
  auto project = std::static_pointer_cast<ProjectNode>(CloneNode(*plan));
  const std::vector<int> mapping = KeepNeeded(needed, &project->output);
  KeepNeeded(needed, 0, &project->expressions);
  PruneInput(NeededByExpressions(*project), project.get());
  FinishOutput(mapping, project.get());
  return {project, mapping};
}

PrunedPlan PruneAggregate(const PlanNodePtr& plan, Needed needed) {
  auto aggregate = std::static_pointer_cast<AggregateNode>(CloneNode(*plan));
  const size_t keys = aggregate->keys.size();
  for (size_t i = 0; i < needed.size(); ++i) {
    if (i < keys || i >= keys + aggregate->aggregates.size()) needed[i] = true;
  }
  const std::vector<int> mapping = KeepNeeded(needed, &aggregate->output);
  KeepNeeded(needed, keys, &aggregate->aggregates);
  PruneInput(NeededByExpressions(*aggregate), aggregate.get());
  FinishOutput(mapping, aggregate.get());
  return {aggregate, mapping};
}

/// Nodes whose output is that of their input, perhaps with columns of their own behind it.
PrunedPlan PruneThrough(const PlanNodePtr& plan, Needed needed) {
  std::shared_ptr<PlanNode> node = CloneNode(*plan);
  const size_t width = node->inputs[0]->output.columns.size();
  needed.resize(width);
  const Needed by_expressions = NeededByExpressions(*node);
  for (size_t i = 0; i < width; ++i) needed[i] = needed[i] || by_expressions[i];
  std::vector<int>* listed = node->kind == PlanKind::kDistinct ? &static_cast<DistinctNode*>(node.get())->columns
                             : node->kind == PlanKind::kSort   ? &static_cast<SortNode*>(node.get())->row_key
                                                               : nullptr;
  if (listed != nullptr) Mark(*listed, &needed);
  std::vector<int> mapping = PruneInput(needed, node.get());
  if (listed != nullptr) Remap(listed, mapping);
  const std::vector<Column> own(plan->output.columns.begin() + static_cast<std::ptrdiff_t>(width),
                                plan->output.columns.end());
  node->output = node->inputs[0]->output;
  for (const Column& column : own) {
    mapping.push_back(static_cast<int>(node->output.columns.size()));
    node->output.columns.push_back(column);
  }
  FinishOutput(mapping, node.get());
  return {node, mapping};
}

PrunedPlan PruneSubquery(const PlanNodePtr& plan, Needed needed) {
  const PlanNodePtr& outer = plan->inputs[0];
  const size_t width = outer->output.columns.size();
  const bool is_read = needed[width];
  needed.resize(width);
  if (!is_read) {
    PrunedPlan rest = Prune(outer, needed);
    rest.mapping.push_back(-1);
    return rest;
  }
  std::shared_ptr<PlanNode> node = CloneNode(*plan);
  ForEachExpression(static_cast<const PlanNode&>(*node),
                    [&needed](const BoundExpressionPtr& expression) { MarkColumnsOf(*expression, &needed); });
  PrunedPlan input = Prune(outer, needed);
  node->inputs[0] = input.plan;
  node->output = input.plan->output;
  const auto new_width = static_cast<int>(node->output.columns.size());
  // Columns of the second input follow those of the first.
  std::vector<int> pairs = input.mapping;
  const PlanNode& inner = *plan->inputs[1];
  const auto* subquery = static_cast<const SubqueryNode*>(plan.get());
  const PlanNode& compared = subquery->per_record != nullptr ? *subquery->per_record : inner;
  for (size_t i = 0; i < compared.output.columns.size(); ++i) pairs.push_back(new_width + static_cast<int>(i));
  ForEachExpression(node.get(),
                    [&pairs](BoundExpressionPtr* expression) { *expression = RemapColumns(*expression, pairs); });
  input.mapping.push_back(new_width);
  node->output.columns.push_back(plan->output.columns.back());
  FinishOutput(input.mapping, node.get());
  return {node, input.mapping};
}

/// Prunes below the node, which keeps all of its columns.
PrunedPlan PruneInside(const PlanNodePtr& plan) {
  std::shared_ptr<PlanNode> node = CloneNode(*plan);
  for (PlanNodePtr& input : node->inputs) input = PruneColumns(input);
  return {node, Identity(plan->output.columns.size())};
}

PrunedPlan PruneUnion(const PlanNodePtr& plan, const Needed& needed) {
  const bool projects = std::all_of(plan->inputs.begin(), plan->inputs.end(), [&plan](const PlanNodePtr& input) {
    return input->kind == PlanKind::kProject && input->event_time == plan->event_time && input->change_key.empty();
  });
  if (!projects || !plan->change_key.empty()) return PruneInside(plan);
  std::shared_ptr<PlanNode> node = CloneNode(*plan);
  const std::vector<int> mapping = KeepNeeded(needed, &node->output);
  for (PlanNodePtr& input : node->inputs) input = Prune(input, needed).plan;
  FinishOutput(mapping, node.get());
  return {node, mapping};
}

PrunedPlan Prune(const PlanNodePtr& plan, Needed needed) {
  Mark(plan->event_time, &needed);
  Mark(plan->change_key, &needed);
  switch (plan->kind) {
    case PlanKind::kScan:
      return PruneScan(plan, std::move(needed));
    case PlanKind::kProject:
      return PruneProject(plan, needed);
    case PlanKind::kAggregate:
      return PruneAggregate(plan, std::move(needed));
    case PlanKind::kFilter:
    case PlanKind::kWindowRows:
    case PlanKind::kDistinct:
    case PlanKind::kSort:
    case PlanKind::kLimit:
      return PruneThrough(plan, std::move(needed));
    case PlanKind::kSubquery:
      return PruneSubquery(plan, std::move(needed));
    case PlanKind::kUnion:
      return PruneUnion(plan, needed);
    case PlanKind::kValues:
      return {plan, Identity(plan->output.columns.size())};
    case PlanKind::kJoin:
    case PlanKind::kOver:
    case PlanKind::kUnnest:
    case PlanKind::kNormalise:
      break;
  }
  return PruneInside(plan);
}

}  // namespace

PrunedPlan PruneColumns(const PlanNodePtr& plan, const std::vector<int>& needed) {
  Needed marks(plan->output.columns.size(), false);
  Mark(needed, &marks);
  return Prune(plan, std::move(marks));
}

PlanNodePtr PruneColumns(const PlanNodePtr& plan) {
  return Prune(plan, Needed(plan->output.columns.size(), true)).plan;
}

}  // namespace velo::plan
