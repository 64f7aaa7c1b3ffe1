#pragma once

#include <string>

#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// What a user calls the step, in the words of the query: "WHERE price > 3", "GROUP BY symbol", "LIMIT 5".
std::string StepName(const PlanNode& node);

}  // namespace velo::plan
