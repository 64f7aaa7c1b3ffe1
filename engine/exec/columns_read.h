#pragma once

#include <vector>

#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Which columns of its only input a node reads, given which of its own output columns are read. Empty means all, of
/// both. For inputs that can save the work of making columns nobody looks at.
std::vector<bool> ColumnsRead(const PlanNode& node, const std::vector<bool>& read_of_output);

}  // namespace velo::exec
