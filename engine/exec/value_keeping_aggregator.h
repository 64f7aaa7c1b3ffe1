#pragma once

#include <memory>
#include <vector>

#include "engine/functions/function.h"

namespace velo::exec {

/// An aggregate over rows that may be taken back, for functions that cannot subtract (MIN, FIRST, percentiles, sums of
/// FLOAT, everything DISTINCT): keeps the values of every group in order of arrival. Rows that are added go straight
/// into `inner`; a group that lost a row is computed again from its values when its result is asked for. With
/// `distinct`, equal values count once. A row taken back is the oldest with its values.
std::unique_ptr<Aggregator> MakeValueKeepingAggregator(std::unique_ptr<Aggregator> inner,
                                                       const std::vector<SqlType>& arguments, bool distinct);

}  // namespace velo::exec
