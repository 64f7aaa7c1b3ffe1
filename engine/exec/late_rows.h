#pragma once

#include <span>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Counts the rows of a batch that a window does not take in, and sets the newest of them aside with the reason: too
/// late for the allowed lateness, or without a usable time (E4202). `counts_input`: rows come straight from a source,
/// so their way ends here and the rest of the batch counts as used.
void CountSetAside(const Batch& batch, std::span<const uint32_t> late, std::span<const uint32_t> bad,
                   const WindowSpec& window, bool counts_input, LaneContext& context, OperatorMetrics* counts);

}  // namespace velo::exec
