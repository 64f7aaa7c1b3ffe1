#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

struct FilterSettings {
  std::shared_ptr<const FilterNode> node;
  /// Rows come straight from a source: removed ones count as filtered.
  bool counts_input = false;
  /// The receiver keeps the newest row per key: an updated row that fails becomes a delete, so that it vanishes there.
  bool deletes_failing_updates = false;
  /// The input carries old rows (Changes::kRetract): a delete whose row never passed is none.
  bool input_has_old_rows = false;
};

/// Lets rows through for which the predicate is true.
std::unique_ptr<Operator> MakeFilter(FilterSettings settings, LaneContext* context);

}  // namespace velo::exec
