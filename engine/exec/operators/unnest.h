#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/unnest_node.h"

namespace velo::exec {

/// One row per element of an array, in the order of the elements. `counts_input`: the rows come from a source and are
/// counted here.
std::unique_ptr<Operator> MakeUnnest(std::shared_ptr<const UnnestNode> node, bool counts_input, LaneContext* context);

}  // namespace velo::exec
