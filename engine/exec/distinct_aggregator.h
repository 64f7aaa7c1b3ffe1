#pragma once

#include <memory>
#include <vector>

#include "engine/functions/function.h"

namespace velo::exec {

/// Wraps an aggregate so that every combination of argument values counts once per group: SUM(DISTINCT x).
std::unique_ptr<Aggregator> MakeDistinctAggregator(std::unique_ptr<Aggregator> inner,
                                                   const std::vector<SqlType>& arguments);

}  // namespace velo::exec
