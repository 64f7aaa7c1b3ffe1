#pragma once

#include <memory>

#include "engine/exec/operators/hash_aggregate.h"

namespace velo::exec {

/// GROUP BY in tumbling or sliding windows. A sliding window that gives rows out only when it closes shares panes of
/// gcd(size, advance) with its neighbours and merges them at the close; one that gives rows out at once keeps every
/// window apart.
std::unique_ptr<MergeableOperator> MakeWindowAggregate(AggregateSettings settings, LaneContext* context);

}  // namespace velo::exec
