#pragma once

#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

struct IntervalJoinSettings {
  std::shared_ptr<const JoinNode> node;
  bool counts_input[2] = {false, false};  ///< The rows of that side come straight from a source.
  std::vector<bool> wanted;               ///< The output columns that somebody reads; empty: all.
};

/// Joins rows as they arrive: pairs go out at once, outer rows once the watermark says that no partner can come.
std::unique_ptr<TwoInputOperator> MakeIntervalJoin(IntervalJoinSettings settings, LaneContext* context);

/// Joins two inputs that end and have no watermark before that: both are kept and joined in order of time when they are
/// complete, so that the order of the rows in the files does not matter and few rows are looked at for each other.
std::unique_ptr<TwoInputOperator> MakeCompleteIntervalJoin(IntervalJoinSettings settings, LaneContext* context);

}  // namespace velo::exec
