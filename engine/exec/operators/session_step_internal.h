#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/operators/hash_aggregate.h"

namespace velo::exec {

/// Rows to be given out, one per session: its key, the group of its aggregates, its bounds.
struct SessionResults {
  std::vector<uint32_t> keys, groups;
  std::vector<int64_t> starts, ends;
  std::vector<RowKind> kinds;

  void Add(uint32_t key, uint32_t group, int64_t start, int64_t end, RowKind kind);
  bool empty() const { return keys.empty(); }
};

/// What the steps that aggregate in sessions share (session_aggregate.cc, changing_sessions.cc): the node taken apart,
/// rows on their way in and results on their way out. Has no state of its own.
struct SessionStep {
  SessionStep(AggregateSettings settings, LaneContext* context);

  using Consume = std::function<Status(const Batch& part, const KeysAndInputs& input, const arrow::Int64Array& times)>;
  /// Passes on the rows whose keys and inputs can be computed; the others are set aside and counted.
  Status TakeBatch(const Batch& batch, const Consume& consume, OperatorMetrics* counts) const;
  /// Adds the results as rows. Their keys are ids of `keys`, their groups those of `states`.
  Status Append(const GroupTable& keys, AggregateColumns* states, SessionResults results,
                EmissionBuffer* emission) const;
  /// The time at which a session that ends at `end` accepts no late row any more.
  int64_t AfterLateness(int64_t end) const;
  /// `open`: sessions that are waited for; the first of them ends at `first_end`.
  void Explain(size_t open, int64_t first_end, std::vector<OperatorInsight>* insights) const;

  const AggregateSettings settings;
  const AggregateNode& node;
  const int64_t gap;
  const int64_t lateness;
  const int time_column;
  const std::shared_ptr<arrow::Schema> schema;
  LaneContext* const context;
};

}  // namespace velo::exec
