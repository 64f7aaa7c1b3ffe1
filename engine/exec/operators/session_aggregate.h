#pragma once

#include <memory>

#include "engine/exec/operators/hash_aggregate.h"

namespace velo::exec {

/// GROUP BY in session windows: per group, times no further apart than the gap share a session; a row that bridges
/// sessions merges them.
std::unique_ptr<MergeableOperator> MakeSessionAggregate(AggregateSettings settings, LaneContext* context);

}  // namespace velo::exec
