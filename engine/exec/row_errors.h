#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "engine/exec/operator.h"

namespace velo::exec {

/// True for failures that are the fault of single rows (bad cast, overflow: E4xxx), not of the query or the world.
bool IsRowError(const Status& status);

/// Calls `evaluate` for the whole batch. Where it fails because of single rows, these are found by halving, counted as
/// bad with their reason, and the others are evaluated in parts, in order. `evaluate` must leave no trace when it
/// fails. Without a meter for bad rows (`counts_input` false) the failure is returned as it is.
/// Where a step is given, they count as its bad rows too.
Status EvaluateGoodRows(const Batch& batch, LaneContext& context, bool counts_input,
                        const std::function<Status(const Batch&)>& evaluate,
                        const std::function<Status(const Batch&)>& consume, OperatorMetrics* counts = nullptr);

/// Keeps rows (the newest BadRecordLog::kKept) with the reason why they were set aside, as JSON of the columns the
/// query reads. `log` may be null.
void SetAside(BadRecordLog* log, const Batch& batch, std::span<const uint32_t> rows, std::string_view reason);

}  // namespace velo::exec
