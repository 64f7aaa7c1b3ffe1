#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

/// Joins two changing tables: a change of either side gives the rows of the result that change with it, old before new.
/// With `at_end` only the result at the end of the input is given out.
std::unique_ptr<TwoInputOperator> MakeTableJoin(std::shared_ptr<const JoinNode> node, bool at_end,
                                                LaneContext* context);

}  // namespace velo::exec
