#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/exec/row_table.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

/// The rows of the right. Lanes that run parts of one query share it: one fills it, then all only read.
struct LookupTable {
  explicit LookupTable(const JoinNode& node);
  RowTable rows;
  std::atomic<bool> loaded{false};
};

struct LookupJoinSettings {
  std::shared_ptr<const JoinNode> node;
  std::shared_ptr<LookupTable> table;
  /// Rows of that side come from a source and are counted here: used, or bad when their key cannot be computed.
  bool counts_left = false;
  bool counts_right = false;
  std::vector<bool> wanted;  ///< The output columns that somebody reads; empty: all.
  std::vector<bool> coded;   ///< Text columns of the output that may be dictionary<int32, utf8>; empty: none.
};

/// Joins rows of the left with what the right holds at that moment; the right is read first (dialect 4.9). State: the
/// rows of the right. A row of the left leaves at once, with its kind; unmatched rows of the right (RIGHT, FULL) leave
/// at the end of the left.
std::unique_ptr<TwoInputOperator> MakeLookupJoin(LookupJoinSettings settings, LaneContext* context);

}  // namespace velo::exec
