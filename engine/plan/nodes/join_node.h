#pragma once

#include "engine/plan/nodes/plan_node.h"
#include "engine/sql/ast/query.h"

namespace velo {

enum class JoinMethod : uint8_t {
  kInterval,  ///< Two streams: both sides are kept by key, for as long as a match can come.
  kLookup,    ///< Rows of the left meet what the right table holds at that moment; the table loads first.
  kTable,     ///< Two changing tables: a change of either side changes the result.
};

/// Bound on `right time - left time` in milliseconds, both ends inclusive.
struct JoinTimeBound {
  int64_t lower_ms = 0;
  int64_t upper_ms = 0;
  BoundExpressionPtr left_time;   ///< Over the left input; INTEGER ms.
  BoundExpressionPtr right_time;  ///< Over the right input; INTEGER ms.
};

/// Joins two inputs. Output: columns of the left, then columns of the right (each without its hidden _event_time, which
/// is the last column of an input with a time), then, when `event_time` is set, the later of both times: of the one
/// there is where only one side has a time. A semi join puts out the left columns only.
struct JoinNode : PlanNode {
  JoinNode() : PlanNode(PlanKind::kJoin) {}
  sql::JoinKind join = sql::JoinKind::kInner;
  JoinMethod method = JoinMethod::kInterval;
  /// Equality keys, pairwise of one type: left_keys[i] over the left input, right_keys[i] over the right. NULL never
  /// matches.
  std::vector<BoundExpressionPtr> left_keys, right_keys;
  std::optional<JoinTimeBound> bound;
  /// What else must hold, over the left columns followed by the right ones; may be null.
  BoundExpressionPtr residual;
  /// kInterval: rows are dropped once the watermark is this far past their time. -1: never (bounded inputs that emit no
  /// watermark).
  int64_t retention_ms = -1;
  int64_t max_rows_per_key = 0;  ///< Oldest go first; 0: no limit.
  int64_t max_rows = 0;          ///< Of each side; 0: no limit.
  /// Both sides read one relation: a record does not meet itself.
  bool self = false;
  /// kLookup, when the table has no row or is not loaded in time (dialect 4.9).
  std::string fallback;  ///< Lower case without underscores ("emitwithnulls"); empty: as the kind of join says.
  std::vector<BoundExpressionPtr> fallback_values;  ///< Per right column, for "use_defaults"; null entries are NULL.
  int64_t table_wait_ms = 60'000;
  /// kLookup into a table that goes on changing: columns of the right of which only the newest row counts; empty: every
  /// row, or what Changes of the right says.
  std::vector<int> table_key;
  std::string description;  ///< "left join hub_regions".
};

/// How many columns of a side of a join its rows show: all but the hidden time.
inline int PayloadColumns(const PlanNode& side) {
  return side.event_time >= 0 ? side.event_time : static_cast<int>(side.output.columns.size());
}

}  // namespace velo
