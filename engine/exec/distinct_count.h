#pragma once

#include <memory>
#include <vector>

#include "engine/functions/function.h"

namespace velo::exec {

/// COUNT(DISTINCT x) and COUNT_DISTINCT(x, ...), exactly: the number of distinct values, or combinations of values, per
/// group; rows with a NULL argument are left out. Numbers and times go into sets as they are, other values under the
/// number they get at first sight.
std::unique_ptr<Aggregator> MakeDistinctCount(const std::vector<SqlType>& arguments);

}  // namespace velo::exec
