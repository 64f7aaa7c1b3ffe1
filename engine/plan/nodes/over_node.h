#pragma once

#include "engine/plan/nodes/plan_node.h"
#include "engine/sql/ast/expression.h"

namespace velo {

/// One end of a frame. `offset` is a number of rows, milliseconds, or a value of the ORDER BY column, by `unit` of the
/// frame.
struct OverBound {
  sql::FrameBound::Kind kind = sql::FrameBound::Kind::kUnboundedPreceding;
  int64_t rows = 0;
  double value = 0;  ///< RANGE over a number.
};

struct OverFrame {
  sql::Frame::Unit unit = sql::Frame::Unit::kRows;
  OverBound start, end;
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
  std::optional<OverFrame> frame;  ///< Unset: the default of dialect 4.10.
  int64_t buffer_rows = -1;        ///< As written or derived; -1: running state without a buffer.
  int64_t buffer_ms = -1;          ///< RANGE with a duration: rows older than this leave; -1: no such limit.
  int64_t expire_ms = -1;          ///< The buffer is emptied after this long without a row; -1: never.
  bool emit_on_full = false;
  int64_t max_partitions = 0;  ///< Least recently used go first; 0: no limit.
  /// Above a windowed aggregation: the rows of one closed window are one buffer.
  bool per_window = false;
};

}  // namespace velo
