#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Lets a row through when its values have not been seen. `bounded_memory`: of an endless input only the newest
/// DistinctNode::max_entries (at least half of them) are remembered.
std::unique_ptr<Operator> MakeDistinct(std::shared_ptr<const DistinctNode> node, bool bounded_memory,
                                       LaneContext* context);

/// The same above rows that can be taken back: a value comes with its first row and goes with its last. With
/// `joins_updates` a value that takes the place of another one leaves as an update, so that nobody sees the state
/// between.
std::unique_ptr<Operator> MakeChangingDistinct(std::shared_ptr<const DistinctNode> node, bool joins_updates);

}  // namespace velo::exec
