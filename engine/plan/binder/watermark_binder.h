#pragma once

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Reads the watermark.* and event.time.fallback properties of a relation into its scan (dialect 4.3, 4.4). The columns
/// of the scan are laid out, its event time is not added yet: a punctuation field is read as one more column. Call only
/// for scans whose rows need event time. `time_in_window`: the WINDOW clause names the time, so a row without one is an
/// error and no fallback applies.
void BindWatermark(const BindingContext& context, bool time_in_window, ScanNode* scan);

/// Whether the time is the arrival of the row: system column _timestamp as it is.
bool IsArrivalTime(const BoundExpression& time);

}  // namespace velo::plan
