#include "engine/plan/rewrite.h"

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/normalise_node.h"
#include "engine/plan/nodes/over_node.h"
#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/nodes/unnest_node.h"

namespace velo::plan {
namespace {

using Visit = std::function<void(BoundExpressionPtr*)>;

void VisitAll(std::vector<BoundExpressionPtr>* expressions, const Visit& visit) {
  for (BoundExpressionPtr& expression : *expressions) visit(&expression);
}

void VisitCall(AggregateCall* call, const Visit& visit) {
  VisitAll(&call->arguments, visit);
  visit(&call->filter);
}

void VisitJoin(JoinNode* join, const Visit& visit) {
  VisitAll(&join->left_keys, visit);
  VisitAll(&join->right_keys, visit);
  if (join->bound.has_value()) {
    visit(&join->bound->left_time);
    visit(&join->bound->right_time);
  }
  visit(&join->residual);
  VisitAll(&join->fallback_values, visit);
}

void VisitOver(OverNode* over, const Visit& visit) {
  VisitAll(&over->partition_by, visit);
  for (SortKey& key : over->order_by) visit(&key.expression);
  for (OverCall& call : over->calls) {
    VisitCall(&call.call, visit);
    visit(&call.otherwise);
  }
}

void VisitSubquery(SubqueryNode* subquery, const Visit& visit) {
  VisitAll(&subquery->outer_keys, visit);
  visit(&subquery->residual);
  VisitAll(&subquery->operands, visit);
  visit(&subquery->comparison);
  visit(&subquery->empty_value);
  VisitAll(&subquery->parameters, visit);
}

template <typename Node>
std::shared_ptr<PlanNode> Copy(const PlanNode& node) {
  return std::make_shared<Node>(static_cast<const Node&>(node));
}

}  // namespace

std::shared_ptr<PlanNode> CloneNode(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan:
      return Copy<ScanNode>(node);
    case PlanKind::kValues:
      return Copy<ValuesNode>(node);
    case PlanKind::kFilter:
      return Copy<FilterNode>(node);
    case PlanKind::kProject:
      return Copy<ProjectNode>(node);
    case PlanKind::kAggregate:
      return Copy<AggregateNode>(node);
    case PlanKind::kWindowRows:
      return Copy<WindowRowsNode>(node);
    case PlanKind::kDistinct:
      return Copy<DistinctNode>(node);
    case PlanKind::kSort:
      return Copy<SortNode>(node);
    case PlanKind::kLimit:
      return Copy<LimitNode>(node);
    case PlanKind::kUnion:
      return Copy<UnionNode>(node);
    case PlanKind::kJoin:
      return Copy<JoinNode>(node);
    case PlanKind::kOver:
      return Copy<OverNode>(node);
    case PlanKind::kSubquery:
      return Copy<SubqueryNode>(node);
    case PlanKind::kUnnest:
      return Copy<UnnestNode>(node);
    case PlanKind::kNormalise:
      return Copy<NormaliseNode>(node);
  }
  return nullptr;
}

void ForEachExpression(PlanNode* node, const Visit& visit_any) {
  const Visit visit = [&visit_any](BoundExpressionPtr* expression) {
    if (*expression != nullptr) visit_any(expression);
  };
  switch (node->kind) {
    case PlanKind::kScan:
      visit(&static_cast<ScanNode*>(node)->event_time_expression);
      break;
    case PlanKind::kValues:
      for (auto& row : static_cast<ValuesNode*>(node)->rows) VisitAll(&row, visit);
      break;
    case PlanKind::kFilter:
      visit(&static_cast<FilterNode*>(node)->predicate);
      break;
    case PlanKind::kProject:
      VisitAll(&static_cast<ProjectNode*>(node)->expressions, visit);
      break;
    case PlanKind::kAggregate: {
      auto* aggregate = static_cast<AggregateNode*>(node);
      VisitAll(&aggregate->keys, visit);
      for (AggregateCall& call : aggregate->aggregates) VisitCall(&call, visit);
      break;
    }
    case PlanKind::kSort:
      for (SortKey& key : static_cast<SortNode*>(node)->keys) visit(&key.expression);
      break;
    case PlanKind::kJoin:
      VisitJoin(static_cast<JoinNode*>(node), visit);
      break;
    case PlanKind::kOver:
      VisitOver(static_cast<OverNode*>(node), visit);
      break;
    case PlanKind::kSubquery:
      VisitSubquery(static_cast<SubqueryNode*>(node), visit);
      break;
    case PlanKind::kUnnest:
      visit(&static_cast<UnnestNode*>(node)->array);
      break;
    case PlanKind::kWindowRows:
    case PlanKind::kDistinct:
    case PlanKind::kLimit:
    case PlanKind::kUnion:
    case PlanKind::kNormalise:
      break;
  }
}

void ForEachExpression(const PlanNode& node, const std::function<void(const BoundExpressionPtr&)>& visit) {
  // The visitor only reads, so the node stays as it is.
  ForEachExpression(const_cast<PlanNode*>(&node), [&visit](BoundExpressionPtr* expression) { visit(*expression); });
}

BoundExpressionPtr ReplaceColumns(const BoundExpressionPtr& expression,
                                  const std::function<BoundExpressionPtr(const BoundExpressionPtr&)>& replace) {
  if (expression->kind == BoundKind::kColumn) return replace(expression);
  if (expression->arguments.empty()) return expression;
  auto replaced = std::make_shared<BoundExpression>(*expression);
  for (BoundExpressionPtr& argument : replaced->arguments) argument = ReplaceColumns(argument, replace);
  return replaced;
}

}  // namespace velo::plan
