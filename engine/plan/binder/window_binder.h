#pragma once

#include <optional>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Turns a WINDOW clause into lengths in milliseconds with the defaults of dialect 4.5, reporting W2201, W2202, E2208.
/// `exact_at_end`: the input is bounded without watermarks, so that nothing can be late.
WindowSpec BindWindow(const BindingContext& context, const sql::WindowClause& window, bool exact_at_end);

/// "5-minute tumbling windows", "1-hour windows every 5 minutes", "sessions with a gap of 30 minutes".
std::string DescribeWindow(const WindowSpec& window);
/// "5 minutes", "90 seconds": the largest exact unit.
std::string DescribeDuration(int64_t milliseconds);

}  // namespace velo::plan
