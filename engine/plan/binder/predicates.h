#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/expr/bound_expression.h"
#include "engine/functions/registry.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Takes a condition apart at its ANDs and appends the parts.
void SplitConjuncts(const BoundExpressionPtr& condition, std::vector<BoundExpressionPtr>* parts);
/// Puts conditions together with AND; null for none.
BoundExpressionPtr JoinConjuncts(const std::vector<BoundExpressionPtr>& parts, const FunctionRegistry& functions);

bool IsComparison(std::string_view function_name);
/// The comparison with its sides exchanged: "<" becomes ">".
std::string_view Mirrored(std::string_view comparison);
/// Whether the expression has the same value whenever it is computed for the same row.
bool IsDeterministic(const BoundExpression& expression);
bool IsTrueLiteral(const BoundExpression& expression);

/// Returns `input` with a filter for `conditions` (over its positions) on top; `input` itself for none. Where the input
/// is a scan, the conjuncts that can skip blocks are noted there; nobody else may have seen that scan.
PlanNodePtr AddFilter(const PlanNodePtr& input, const std::vector<BoundExpressionPtr>& conditions,
                      const FunctionRegistry& functions, SourceSpan span);

}  // namespace velo::plan
