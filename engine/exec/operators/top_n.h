#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Keeps the best rows of an endless input and gives out what enters or changes within them; a row that is pushed out
/// is given out as a delete. `per_batch`: looks once per batch instead of after every row.
std::unique_ptr<Operator> MakeTopN(std::shared_ptr<const SortNode> node, bool per_batch, LaneContext* context);

}  // namespace velo::exec
