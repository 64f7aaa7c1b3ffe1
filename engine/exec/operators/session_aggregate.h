#pragma once

#include <memory>

#include "engine/exec/operators/hash_aggregate.h"

namespace velo::exec {

/// GROUP BY in session windows: per group, times no further apart than the gap share a session; a row that bridges
/// sessions merges them.
std::unique_ptr<MergeableOperator> MakeSessionAggregate(AggregateSettings settings, LaneContext* context);

/// The same over rows that may be taken back, which can shorten or split a session (changing_sessions.cc). Keeps the
/// rows of every session until no late row is accepted any more.
std::unique_ptr<Operator> MakeChangingSessions(AggregateSettings settings, LaneContext* context);

}  // namespace velo::exec
