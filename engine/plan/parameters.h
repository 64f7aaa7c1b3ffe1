#pragma once

#include <memory>
#include <vector>

#include "engine/plan/nodes/subquery_node.h"

namespace velo::plan {

// A correlated subquery reads values of the outer row. Inside of its plan they are parameters: column expressions with
// a negative column, which every layout of columns leaves alone. Parameter p of a subquery is column -2 - p; -1 is no
// column at all. The subquery around it says what each stands for.

BoundExpressionPtr MakeParameter(int index, SqlType type, std::string text, SourceSpan span);
bool IsParameter(const BoundExpression& expression);
int ParameterIndex(const BoundExpression& parameter);
bool HasParameters(const BoundExpression& expression);
/// Whether the plan or anything below it reads parameters of its own subquery (those of subqueries inside are theirs).
bool HasParameters(const PlanNode& plan);

/// Cuts a plan with parameters into the part that must be run for each outer row, and the largest parts below it that
/// need not: these are put into `tables`, and leaves without rows stand for them in the plan returned.
PlanNodePtr CutOffTables(const PlanNodePtr& plan, std::vector<PlanNodePtr>* leaves, std::vector<PlanNodePtr>* tables);

/// The plan with literals in the place of its parameters. Leaves stay the same objects.
PlanNodePtr BindParameters(const PlanNodePtr& plan, const std::vector<BoundExpressionPtr>& literals);

}  // namespace velo::plan
