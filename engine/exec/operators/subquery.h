#pragma once

#include "engine/exec/operator.h"
#include "engine/plan/nodes/subquery_node.h"

namespace velo::exec {

/// Adds the value of a subquery to every row of the left, by what the right holds at that moment. With `counts_input`
/// rows whose subquery fails (E4402) are counted as bad, else the failure ends the query.
/// State: the rows, or the distinct keys, of the subquery's tables.
std::unique_ptr<TwoInputOperator> MakeSubquery(std::shared_ptr<const SubqueryNode> node, bool counts_input,
                                               LaneContext* context);

}  // namespace velo::exec
