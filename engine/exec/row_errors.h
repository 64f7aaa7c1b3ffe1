#pragma once

#include <functional>

#include "engine/exec/operator.h"

namespace velo::exec {

/// True for failures that are the fault of single rows (bad cast, overflow: E4xxx), not of the query or the world.
bool IsRowError(const Status& status);

/// Calls `evaluate` for the whole batch. Where it fails because of single rows, these are found by halving, counted as
/// bad with their reason, and the others are evaluated in parts, in order. `evaluate` must leave no trace when it
/// fails. Without a meter for bad rows (`counts_input` false) the failure is returned as it is.
Status EvaluateGoodRows(const Batch& batch, LaneContext& context, bool counts_input,
                        const std::function<Status(const Batch&)>& evaluate,
                        const std::function<Status(const Batch&)>& consume);

}  // namespace velo::exec
