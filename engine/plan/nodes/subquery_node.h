#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo {

/// Evaluates a subquery of an expression for every row of inputs[0] against the rows that inputs[1] holds at that
/// moment (inputs[1] loads first). Output: the columns of inputs[0], then one column: the value, or the truth value.
///
/// Where the subquery depends on the outer row only by equalities and conditions between the two, it is taken apart:
/// inputs[1] is the subquery without these conditions, equalities are keys, the others `residual`. Every other
/// correlated subquery is run once for each distinct combination of `parameters` (see `per_record`).
struct SubqueryNode : PlanNode {
  enum class Form : uint8_t {
    kScalar,  ///< The only row's column values[0]; more rows are E4402.
    kExists,  ///< Whether there is a row.
    kIn,      ///< Whether the operands equal the columns `values` of some row.
    kAny,     ///< Whether `comparison` holds for some row.
    kAll      ///< Whether `comparison` holds for every row.
  };
  SubqueryNode() : PlanNode(PlanKind::kSubquery) {}
  Form form = Form::kScalar;
  std::vector<BoundExpressionPtr> outer_keys;  ///< Over inputs[0].
  std::vector<int> inner_keys;                 ///< Columns of inputs[1], parallel to outer_keys; NULL never matches.
  BoundExpressionPtr residual;                 ///< Over the columns of inputs[0], then those of inputs[1]; may be null.
  std::vector<BoundExpressionPtr> operands;    ///< kIn: over inputs[0], each of the type of its column in `values`.
  std::vector<int> values;                     ///< kScalar, kIn: columns of inputs[1] or of per_record.
  BoundExpressionPtr comparison;               ///< kAny, kAll: over inputs[0], then inputs[1] or per_record.
  BoundExpressionPtr empty_value;              ///< kScalar without a row (0 for COUNT), over inputs[0]; null: NULL.

  /// What the subquery reads of the outer row, over inputs[0]; only with per_record.
  std::vector<BoundExpressionPtr> parameters;
  /// The subquery with parameters in it (engine/plan/parameters.h). Its leaves `tables` stand for the rows of
  /// inputs[1]; with several tables, inputs[1] is their union: the number of the table, then the columns of each, side
  /// by side.
  PlanNodePtr per_record;
  std::vector<PlanNodePtr> tables;

  std::string text;  ///< The subquery as written, shortened.
};

}  // namespace velo
