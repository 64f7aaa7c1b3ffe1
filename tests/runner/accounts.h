#pragma once

#include "engine/runtime/engine.h"

namespace velo::testing {

/// Whether every row of a quiet job is accounted for: in = used + filtered + late + bad + in flight, and for each step
/// in = used + filtered + late + bad + held. The error says which account does not add up.
Status CheckAccounts(const JobMetrics& metrics);

}  // namespace velo::testing
