#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Decides for every node how its rows may be taken back (PlanNode::changes, change_key) and puts a NormaliseNode
/// wherever an operator must see the row that an update replaces. Runs once, over a whole bound plan; columns stay
/// where they are.
/// What each node does is a table in README.md. At the root nobody needs old rows: there a projection may lose the key,
/// and PreparedQuery::key says what identifies a row.
PlanNodePtr ResolveChanges(const PlanNodePtr& plan);

}  // namespace velo::plan
