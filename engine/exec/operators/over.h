#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/over_node.h"

namespace velo::exec {

/// Row windows (dialect 4.10): every row leaves with its functions computed over the buffer of its partition, as it was
/// when the row came. With `counts_input` the operator counts the rows it takes in, and finds bad ones.
std::unique_ptr<Operator> MakeOver(std::shared_ptr<const OverNode> node, bool counts_input, LaneContext* context);

/// For OverNode::per_emission: rows are held until the emission they belong to is complete (the watermark moves on, or
/// the input ends) and then looked at together. State: the rows of one emission.
std::unique_ptr<Operator> MakeOverEmission(std::shared_ptr<const OverNode> node, LaneContext* context);

}  // namespace velo::exec
