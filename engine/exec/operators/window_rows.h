#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// A window over rows without aggregation: gives every row out once per tumbling or sliding window it is in, with the
/// bounds of the window added; at once, or when the window closes, in arrival order.
std::unique_ptr<Operator> MakeWindowRows(std::shared_ptr<const WindowRowsNode> node, bool counts_input,
                                         LaneContext* context);

}  // namespace velo::exec
