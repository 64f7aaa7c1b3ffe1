#pragma once

#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/over_node.h"

namespace velo::exec {

/// Row windows over the rows of a partition as they come, each frame ending with the row itself: what COUNT, SUM, AVG
/// and LAG say of them needs no buffer of rows, only rings of their arguments. Windows of one partition that stand on
/// top of each other are computed together, with one look-up of the partition.
///
/// Returns those from `top` down, the lowest first; none when `top` is not such a window.
std::vector<std::shared_ptr<const OverNode>> ArrivalWindows(const std::shared_ptr<const OverNode>& top);

/// `windows`: as ArrivalWindows gives them, at least one. With `counts_input` the operator counts the rows it takes in,
/// and finds bad ones.
std::unique_ptr<Operator> MakeArrivalOver(std::vector<std::shared_ptr<const OverNode>> windows, bool counts_input,
                                          LaneContext* context);

}  // namespace velo::exec
