#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/source_span.h"
#include "engine/catalog/catalog.h"
#include "engine/expr/bound_expression.h"
#include "engine/types/schema.h"

namespace velo {

enum class PlanKind : uint8_t {
  kScan,
  kValues,
  kFilter,
  kProject,
  kAggregate,
  kWindowRows,
  kDistinct,
  kSort,
  kLimit,
  kUnion,
  kJoin,
  kOver,
  kSubquery,
  kUnnest,
  kNormalise
};

/// How the rows of a node may be taken back; decides what stands above it (dialect 4.7, 4.12).
enum class Changes : uint8_t {
  kAppend,   ///< Every row is an insert.
  kUpsert,   ///< An update or a delete takes the place of the row with the same PlanNode::change_key.
  kRetract,  ///< Before an update or with a delete comes the old row, whole (kUpdateBefore or kDelete).
};

struct PlanNode;
using PlanNodePtr = std::shared_ptr<const PlanNode>;

/// A logical operator as plain data: what EXPLAIN, lineage, the validator, the assistant and exec read. Immutable once
/// bound. Expressions refer to columns of the input by position.
struct PlanNode {
  explicit PlanNode(PlanKind kind) : kind(kind) {}
  virtual ~PlanNode() = default;

  const PlanKind kind;
  std::vector<PlanNodePtr> inputs;
  Schema output;
  bool bounded = false;
  SourceSpan span;
  /// Column of `output` holding event time in INTEGER ms, or -1. It travels with the rows so that windows above a
  /// filter or projection still know their time.
  int event_time = -1;
  Changes changes = Changes::kAppend;
  std::vector<int> change_key;  ///< Columns of `output`; for kUpsert.
};

/// Reads the columns the query needs from one relation.
struct ScanNode : PlanNode {
  ScanNode() : PlanNode(PlanKind::kScan) {}
  RelationPtr relation;
  PropertyMap properties;            ///< Resolved properties of this relation (dialect 7.1).
  std::vector<std::string> columns;  ///< Payload and system columns read; output starts with them in this order.
  /// Computes event time (INTEGER ms) from the columns read; null when nothing above needs time. When set, output has
  /// one more column, "_event_time", at position `event_time`.
  BoundExpressionPtr event_time_expression;
  std::string event_time_name;     ///< "timestamp", "message time": for EXPLAIN and messages.
  std::string watermark_strategy;  ///< Empty: none before the end of bounded input, else as dialect 4.4.
  int64_t watermark_delay_ms = 0;
  bool watermark_assumed = false;  ///< Nobody chose the strategy; disorder is reported once (W4401).
  int punctuation_column = -1;     ///< Strategy "punctuated": only rows in which this column is true advance it.
  int64_t idle_timeout_ms = 60'000;
  bool idle_advance = false;  ///< All partitions idle: the watermark follows the wall clock less the idle timeout.
  int64_t watermark_interval_ms = 1'000;  ///< How often the wall clock is looked at, where it counts.
  bool follows_wall_clock = false;        ///< Time is arrival: once caught up, the wall clock is the watermark.
  /// What happens to a row whose event time is NULL or unreadable.
  enum class TimeFallback : uint8_t { kReject, kArrival, kArrivalWithWarning };
  TimeFallback time_fallback = TimeFallback::kReject;
  /// Conjuncts `column op constant` of the filter above, for chunk skipping.
  struct Pushed {
    std::string column;
    std::string op;  ///< "=", "<", "<=", ">", ">="
    std::shared_ptr<arrow::Scalar> value;
  };
  std::vector<Pushed> pushed;
};

/// Constant rows: SELECT without FROM, VALUES.
struct ValuesNode : PlanNode {
  ValuesNode() : PlanNode(PlanKind::kValues) {}
  std::vector<std::vector<BoundExpressionPtr>> rows;
};

struct FilterNode : PlanNode {
  FilterNode() : PlanNode(PlanKind::kFilter) {}
  BoundExpressionPtr predicate;
  bool is_having = false;
};

struct ProjectNode : PlanNode {
  ProjectNode() : PlanNode(PlanKind::kProject) {}
  std::vector<BoundExpressionPtr> expressions;  ///< One per output column.
};

enum class WindowType : uint8_t { kTumbling, kSliding, kSession };

/// Time windows of an aggregation. All lengths in milliseconds.
struct WindowSpec {
  WindowType type = WindowType::kTumbling;
  int64_t size_ms = 0;     ///< The gap for sessions.
  int64_t advance_ms = 0;  ///< Equal to size for tumbling.
  int64_t grace_ms = 0;    ///< Allowed lateness (dialect 4.5).
  int64_t offset_ms = 0;
  std::string late_strategy = "drop";
  int64_t late_retention_ms = 3'600'000;  ///< "update_previous": how much longer closed windows are kept.
  int64_t session_max_ms = 0;             ///< Longest session; 0: no limit.
  SourceSpan span;
};

/// How long after its end a window still takes rows in: the allowed lateness, and with "update_previous" its retention.
inline int64_t LateRowsAcceptedFor(const WindowSpec& window) {
  return window.grace_ms + (window.late_strategy.starts_with("update_previous") ? window.late_retention_ms : 0);
}

struct AggregateCall {
  const AggregateFunction* function = nullptr;
  CallTypes types;
  std::vector<BoundExpressionPtr> arguments;  ///< Over the input; empty for COUNT(*).
  /// ORDER BY inside the call: its keys are the last arguments, one per entry.
  std::vector<ValueOrder> order_by;
  std::vector<std::string> constants;  ///< Text of constant arguments (percentile, separator).
  std::vector<bool> constant_given;    ///< Parallel to constants.
  bool distinct = false;
  BoundExpressionPtr filter;  ///< May be null.
  std::string text;
};

/// Groups rows. Output: keys, then aggregates, then, when windowed, _window_start and _window_end (INTEGER ms).
struct AggregateNode : PlanNode {
  AggregateNode() : PlanNode(PlanKind::kAggregate) {}
  std::vector<BoundExpressionPtr> keys;
  std::vector<AggregateCall> aggregates;
  std::optional<WindowSpec> window;
  bool emit_changes = true;  ///< False: EMIT FINAL.
  int64_t max_groups = 0;    ///< 0: no limit; else the least recently updated go, or
  bool fails_at_max_groups = false;
  int64_t group_ttl_ms = 0;      ///< Groups without a row for this long (wall clock) go; 0: never.
  int64_t emit_interval_ms = 0;  ///< EMIT CHANGES: at most one row per group in this time; 0: every change.
};

/// A window over rows without aggregation (dialect 4.7): passes rows on (CHANGES) or when their window closes (FINAL),
/// adding _window_start and _window_end.
struct WindowRowsNode : PlanNode {
  WindowRowsNode() : PlanNode(PlanKind::kWindowRows) {}
  WindowSpec window;
  bool emit_changes = false;
};

struct DistinctNode : PlanNode {
  DistinctNode() : PlanNode(PlanKind::kDistinct) {}
  std::vector<int> columns;  ///< Input columns that must differ.
  int64_t max_entries = 1'000'000;
};

struct SortKey {
  BoundExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};

/// ORDER BY [LIMIT]: full sort at the end of bounded input; per closed window; or continuous top-N (dialect 4.15).
struct SortNode : PlanNode {
  SortNode() : PlanNode(PlanKind::kSort) {}
  std::vector<SortKey> keys;
  int64_t limit = -1;  ///< -1: none.
  int64_t offset = 0;
  enum class Scope : uint8_t { kWhole, kPerWindow, kContinuous, kPerBatch };
  Scope scope = Scope::kWhole;
  std::vector<int> row_key;  ///< Continuous: newest row per key replaces the older one.
};

/// LIMIT without ORDER BY.
struct LimitNode : PlanNode {
  LimitNode() : PlanNode(PlanKind::kLimit) {}
  int64_t limit = 0;
  int64_t offset = 0;
  bool per_window = false;
};

struct UnionNode : PlanNode {
  UnionNode() : PlanNode(PlanKind::kUnion) {}
};

}  // namespace velo
