#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo {

/// One row per element of an array. Output: the input columns, then the element and its 1-based position.
struct UnnestNode : PlanNode {
  UnnestNode() : PlanNode(PlanKind::kUnnest) {}
  BoundExpressionPtr array;
  bool keeps_empty = false;  ///< LEFT JOIN: a row without elements stays, with NULLs.
};

}  // namespace velo
