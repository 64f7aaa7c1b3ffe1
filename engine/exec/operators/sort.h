#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// ORDER BY [LIMIT] over the whole input, over the rows of each closed window, or within each batch. Ties keep input
/// order.
std::unique_ptr<Operator> MakeSort(std::shared_ptr<const SortNode> node, LaneContext* context);

}  // namespace velo::exec
