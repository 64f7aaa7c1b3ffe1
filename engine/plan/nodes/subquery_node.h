#pragma once

#include "engine/plan/nodes/plan_node.h"
#include "engine/sql/ast/expression.h"

namespace velo {

/// Evaluates a subquery of an expression for every row of inputs[0] against the rows that inputs[1] holds at that
/// moment (inputs[1] loads first). Output: the columns of inputs[0], then one column: the value, or the truth value.
/// Correlations are taken apart: equalities become keys, everything else `residual`.
struct SubqueryNode : PlanNode {
  enum class Form : uint8_t { kScalar, kExists, kIn, kAny, kAll };
  SubqueryNode() : PlanNode(PlanKind::kSubquery) {}
  Form form = Form::kScalar;
  bool negated = false;                                  ///< NOT IN, NOT EXISTS.
  std::vector<BoundExpressionPtr> outer_keys;            ///< Over inputs[0].
  std::vector<BoundExpressionPtr> inner_keys;            ///< Over inputs[1]; NULL never matches.
  BoundExpressionPtr residual;                           ///< Over the columns of inputs[0], then those of inputs[1].
  std::vector<BoundExpressionPtr> operands;              ///< IN, ANY, ALL: over inputs[0]; one per value column.
  sql::BinaryOperator op = sql::BinaryOperator::kEqual;  ///< ANY, ALL.
  std::vector<int> values;                               ///< Columns of inputs[1]: the value, or what is compared.
  BoundExpressionPtr empty_value;                        ///< Scalar without a row (0 for COUNT); null: NULL.
  std::string text;                                      ///< The subquery as written, shortened.
};

}  // namespace velo
