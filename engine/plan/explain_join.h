#pragma once

#include <string>

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/unnest_node.h"

namespace velo {

/// What a join does and what it keeps, for EXPLAIN: "left join hubs, key hub, looks up ..., state: ...".
std::string DescribeJoin(const JoinNode& node);
std::string DescribeUnnest(const UnnestNode& node);

}  // namespace velo
