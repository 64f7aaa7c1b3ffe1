#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo {

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class FrameEdge : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };

/// One end of a frame. `offset` counts rows (ROWS), groups of equal rows (GROUPS), milliseconds (RANGE over a time) or
/// whole units of the ORDER BY column (RANGE over a number).
struct OverBound {
  FrameEdge kind = FrameEdge::kCurrentRow;
  int64_t offset = 0;
  bool operator==(const OverBound&) const = default;
};

struct OverFrame {
  FrameUnit unit = FrameUnit::kRange;
  OverBound start{FrameEdge::kUnboundedPreceding, 0}, end;
  bool operator==(const OverFrame&) const = default;
};

/// A function evaluated for every row over the rows around it.
struct OverCall {
  const WindowFunction* window = nullptr;  ///< Either this
  AggregateCall call;                      ///< or an aggregate; arguments, filter and text are set for both.
  int64_t offset = 1;                      ///< LAG, LEAD, NTH_VALUE, NTILE: their constant.
  BoundExpressionPtr otherwise;            ///< Default of LAG and LEAD; null: NULL.
  bool ignore_nulls = false;
};

/// Row windows (dialect 4.10): per partition key a buffer of the most recent rows. Output: the input columns, then one
/// column per call. All calls share one window; a query with several has several nodes.
struct OverNode : PlanNode {
  OverNode() : PlanNode(PlanKind::kOver) {}
  std::vector<BoundExpressionPtr> partition_by;
  std::vector<SortKey> order_by;
  std::vector<OverCall> calls;
  OverFrame frame;           ///< Always set; the default of dialect 4.10 is RANGE UNBOUNDED PRECEDING to CURRENT ROW.
  int64_t buffer_rows = -1;  ///< As written or derived; -1: running state without a buffer.
  int64_t buffer_ms = -1;    ///< RANGE with a duration: rows older than this leave; -1: no such limit.
  int64_t expire_ms = -1;    ///< The buffer is emptied after this long without a row; -1: never.
  bool emit_on_full = false;
  int64_t max_partitions = 0;  ///< Least recently used go first; 0: no limit.
  /// Above final rows of a grouping or a time window: the rows of one emission (one closed window, or the end of the
  /// input) are looked at together, as in a database. No buffer then.
  bool per_emission = false;
  int window_start = -1, window_end = -1;  ///< per_emission: columns of the input with the window's bounds, or -1.
};

}  // namespace velo
