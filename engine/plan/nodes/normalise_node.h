#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo {

/// Remembers the newest row of every key so that updates carry the row they replace: turns Changes::kUpsert of its
/// input into kRetract. State: one row per key of the input; keys of windows leave when their window can no longer
/// change.
struct NormaliseNode : PlanNode {
  NormaliseNode() : PlanNode(PlanKind::kNormalise) {}
  int window_end = -1;         ///< Column with the end of the window a row belongs to; -1: rows stay for good.
  int64_t window_kept_ms = 0;  ///< How far the watermark passes that end until the row can no longer change.
};

}  // namespace velo
