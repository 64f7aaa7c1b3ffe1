#pragma once

#include <optional>
#include <string>

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Whether the event time of the rows is that of the scans below, whose watermarks speak for it; not so when a
/// projection computes it.
bool ScansKnowTime(const PlanNode& node);

/// For how long, in milliseconds of watermark past its time, a row of that side can find its first partner in an
/// interval join: after that it goes out alone or not at all. kWaitsForever: there is no bound.
constexpr int64_t kWaitsForever = INT64_MAX;
int64_t WaitForPartner(const JoinNode& join, bool left);
/// How far the watermark that an interval join passes on is behind its own: rows without a partner come out late.
int64_t HeldBackByJoin(const JoinNode& join);

/// For rows whose event time is that of one side of an interval join below them, while the time of the join is the
/// later of both: how far that time can be behind the watermark which the join passes on. Nothing where it is another
/// time, or the join has no bound.
std::optional<int64_t> LagBehindJoin(const PlanNode& node);

/// The column of the only scan below `node` that `time` (milliseconds, over the rows of `node`) says the same as, so
/// that whoever knows the values of the column knows the time. Empty where there is none.
std::string TimeColumn(const PlanNode& node, const BoundExpressionPtr& time);

}  // namespace velo::exec
