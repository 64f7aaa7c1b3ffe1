#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Lets `limit` rows through after skipping `offset`, in all or per window. In all, it is satisfied afterwards.
std::unique_ptr<Operator> MakeLimit(std::shared_ptr<const LimitNode> node);

}  // namespace velo::exec
