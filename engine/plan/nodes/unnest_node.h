#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo {

/// One row per element of an array; NULL and the empty array have none. Output: the input columns without the event
/// time, then the element and its 1-based position, then the event time where there is one.
struct UnnestNode : PlanNode {
  UnnestNode() : PlanNode(PlanKind::kUnnest) {}
  BoundExpressionPtr array;
  bool keeps_empty = false;  ///< LEFT JOIN: a row without elements stays, with NULLs.
};

}  // namespace velo
