#pragma once

#include "engine/functions/type_rules.h"

namespace velo {

/// Third argument of PERCENTILE_DISC for WITHIN GROUP (ORDER BY x DESC).
inline constexpr std::string_view kDescendingOrder = "descending";

/// Types of PERCENTILE_CONT, PERCENTILE_DISC and APPROX_PERCENTILE: (x, p) or (p, x), where the constant in 0..1 is p.
/// E2312 when there is none.
Result<CallTypes> PercentileTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants);
/// Position of x among the arguments.
size_t PercentileValueArgument(ConstantSpan constants);
/// p itself.
double PercentileFraction(ConstantSpan constants);

}  // namespace velo
