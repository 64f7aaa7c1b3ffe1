#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// A copy of the node itself; its inputs are shared.
std::shared_ptr<PlanNode> CloneNode(const PlanNode& node);

/// Calls `visit` for every expression of the node (not of its inputs) that is set, whatever input it refers to.
/// `visit` may replace it.
void ForEachExpression(PlanNode* node, const std::function<void(BoundExpressionPtr*)>& visit);
void ForEachExpression(const PlanNode& node, const std::function<void(const BoundExpressionPtr&)>& visit);

/// The expression with every column (parameters included) replaced by what `replace` returns for it.
BoundExpressionPtr ReplaceColumns(const BoundExpressionPtr& expression,
                                  const std::function<BoundExpressionPtr(const BoundExpressionPtr&)>& replace);

}  // namespace velo::plan
