#include "engine/exec/event_time_source.h"

#include <algorithm>

#include "engine/exec/same_expression.h"

namespace velo::exec {

namespace {

// An expression with the node over whose rows it is.
struct Origin {
  const PlanNode* node = nullptr;
  BoundExpressionPtr expression;
};

// The expression in terms of the projection's input; null when it is not a column of it.
BoundExpressionPtr BelowProject(const ProjectNode& project, const BoundExpressionPtr& expression) {
  if (expression->kind == BoundKind::kColumn) return project.expressions[static_cast<size_t>(expression->column)];
  std::vector<int> columns;
  CollectColumns(*expression, &columns);
  std::vector<int> mapping(project.expressions.size(), -1);
  for (int column : columns) {
    const BoundExpression& source = *project.expressions[static_cast<size_t>(column)];
    if (source.kind != BoundKind::kColumn) return nullptr;
    mapping[static_cast<size_t>(column)] = source.column;
  }
  return RemapColumns(expression, mapping);
}

// Follows an expression down through filters and projections.
Origin Trace(const PlanNode& from, BoundExpressionPtr expression) {
  const PlanNode* node = &from;
  while (expression != nullptr) {
    if (node->kind == PlanKind::kProject) {
      expression = BelowProject(static_cast<const ProjectNode&>(*node), expression);
    } else if (node->kind != PlanKind::kFilter) {
      break;
    }
    node = node->inputs[0].get();
  }
  const bool is_scan = expression != nullptr && node->kind == PlanKind::kScan;
  if (is_scan && expression->kind == BoundKind::kColumn && expression->column == node->event_time) {
    expression = static_cast<const ScanNode&>(*node).event_time_expression;
  }
  return {node, std::move(expression)};
}

// Whether the expression over a side of a join is the time that the watermark of the side speaks of.
bool IsTimeOfSide(const PlanNode& side, const BoundExpressionPtr& expression) {
  const Origin origin = Trace(side, expression);
  if (origin.expression == nullptr || origin.node->kind != PlanKind::kScan) return false;
  const BoundExpressionPtr& time = static_cast<const ScanNode&>(*origin.node).event_time_expression;
  return time != nullptr && IsSameExpression(*time, *origin.expression);
}

}  // namespace

bool ScansKnowTime(const PlanNode& node) {
  if (node.kind == PlanKind::kScan) return static_cast<const ScanNode&>(node).event_time_expression != nullptr;
  if (node.kind == PlanKind::kProject && node.event_time >= 0) {
    const BoundExpression& time = *static_cast<const ProjectNode&>(node).expressions[node.event_time];
    if (time.kind != BoundKind::kColumn || time.column != node.inputs[0]->event_time) return false;
  }
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const PlanNodePtr& input) { return ScansKnowTime(*input); });
}

int64_t WaitForPartner(const JoinNode& join, bool left) {
  const int64_t retention = join.retention_ms >= 0 ? join.retention_ms : kWaitsForever;
  if (!join.bound.has_value()) return retention;
  return std::min(left ? join.bound->upper_ms : -join.bound->lower_ms, retention);
}

int64_t HeldBackByJoin(const JoinNode& join) {
  const bool full = join.join == sql::JoinKind::kFull;
  int64_t delay = 0;
  if (full || join.join == sql::JoinKind::kLeft) delay = std::max(delay, WaitForPartner(join, true));
  if (full || join.join == sql::JoinKind::kRight) delay = std::max(delay, WaitForPartner(join, false));
  return delay;
}

std::optional<int64_t> LagBehindJoin(const PlanNode& node) {
  const Origin time = Trace(node, MakeColumn(node.event_time, TypeKind::kInteger));
  if (time.expression == nullptr || time.node->kind != PlanKind::kJoin) return std::nullopt;
  const auto& join = static_cast<const JoinNode&>(*time.node);
  if (join.method != JoinMethod::kInterval || !join.bound.has_value()) return std::nullopt;
  std::vector<int> columns;
  CollectColumns(*time.expression, &columns);
  if (columns.empty()) return std::nullopt;
  const int of_left = PayloadColumns(*join.inputs[0]);
  const bool left = columns[0] < of_left;
  std::vector<int> mapping(join.output.columns.size(), -1);
  for (int column : columns) {
    if ((column < of_left) != left || column == join.event_time) return std::nullopt;
    mapping[static_cast<size_t>(column)] = left ? column : column - of_left;
  }
  if (!IsTimeOfSide(*join.inputs[left ? 0 : 1], RemapColumns(time.expression, mapping))) return std::nullopt;
  return std::max<int64_t>(0, WaitForPartner(join, left) - HeldBackByJoin(join));
}

std::string TimeColumn(const PlanNode& node, const BoundExpressionPtr& time) {
  const Origin origin = Trace(node, time);
  if (origin.expression == nullptr || origin.node->kind != PlanKind::kScan) return "";
  const BoundExpression* column = origin.expression.get();
  const bool is_cast = column->kind == BoundKind::kCast && column->type.kind() == TypeKind::kInteger;
  if (is_cast) column = column->arguments[0].get();
  const TypeKind wanted = is_cast ? TypeKind::kTimestamp : TypeKind::kInteger;
  if (column->kind != BoundKind::kColumn || column->type.kind() != wanted) return "";
  const auto& names = static_cast<const ScanNode&>(*origin.node).columns;
  return column->column < static_cast<int>(names.size()) ? names[static_cast<size_t>(column->column)] : "";
}

}  // namespace velo::exec
