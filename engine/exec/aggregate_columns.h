#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// The evaluated inputs of all aggregate calls for one batch.
struct AggregateInputs {
  int64_t rows = 0;
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> arguments;  ///< Per call.
  std::vector<std::vector<uint8_t>> selected;                         ///< Per call; empty without FILTER.

  /// Row i of the result is row rows[i] of this.
  Result<AggregateInputs> Take(std::span<const uint32_t> rows) const;
  AggregateInputs Slice(int64_t offset, int64_t length) const;
};

Result<AggregateInputs> EvaluateInputs(const std::vector<AggregateCall>& calls, const arrow::RecordBatch& batch,
                                       EvaluationContext* context);

/// Which rows of a batch take an earlier row back; both empty when none does.
struct ChangeSigns {
  std::vector<uint8_t> takes_back;  ///< 1: this row leaves its group.
  std::vector<uint8_t> replaced;    ///< 1: the next row takes the place of this one.

  ChangeSigns Slice(int64_t offset, int64_t length) const;
};
ChangeSigns SignsOf(const std::vector<RowKind>& kinds);
ChangeSigns TakeSigns(const ChangeSigns& signs, std::span<const uint32_t> rows);

/// The states of all aggregate calls of one node, addressed by dense group ids. Not thread safe.
class AggregateColumns {
 public:
  /// `calls` must outlive this. `takes_back`: rows may be taken back, so functions that cannot subtract keep values.
  explicit AggregateColumns(const std::vector<AggregateCall>& calls, bool takes_back = false);

  void Resize(int64_t groups);
  int64_t groups() const { return groups_; }
  Status Update(const AggregateInputs& inputs, const uint32_t* ids);
  /// Rows [offset, offset + length) only. ids[i] belongs to row offset + i.
  Status UpdateRange(const AggregateInputs& inputs, const uint32_t* ids, int64_t offset, int64_t length);
  /// Updates row by row and appends, per call, the results of each row's group with the rows up to it.
  Status UpdateShowing(const AggregateInputs& inputs, const uint32_t* ids,
                       std::vector<std::shared_ptr<arrow::Array>>* columns);
  /// Updates row by row as far as anyone can tell: cuts the rows into runs in which no group comes twice and calls
  /// `after_run(offset, length)` when a run is in.
  Status UpdateInRuns(const AggregateInputs& inputs, const uint32_t* ids,
                      const std::function<Status(int64_t offset, int64_t length)>& after_run);
  /// As UpdateInRuns, where rows with takes_back[row] != 0 are taken out of their group again. Such a row and the one
  /// that replaces it (`replaced[row]`: row + 1 belongs to it) are one step: nobody sees the state between them.
  Status ApplyInRuns(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs,
                     const std::function<Status(int64_t offset, int64_t length)>& after_run);
  /// The same in one go, where only the outcome counts.
  Status Apply(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs);
  /// Group i of `other` goes into group map[i]; UINT32_MAX skips it.
  Status Merge(const AggregateColumns& other, std::span<const uint32_t> map);
  /// Resize and Merge in one. With a pool, the calls are done side by side where there are many groups.
  Status ResizeAndMerge(int64_t groups, const AggregateColumns& other, std::span<const uint32_t> map, WorkerPool* pool);
  /// Appends one array per call; a pool helps in the same way.
  Status Finalise(std::span<const uint32_t> groups, std::vector<std::shared_ptr<arrow::Array>>* columns,
                  WorkerPool* pool = nullptr);
  /// Empties groups so that their ids can be used again.
  void Reset(std::span<const uint32_t> groups);
  int64_t MemoryBytes() const;
  void Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  std::vector<int64_t> RunsOf(const uint32_t* ids, int64_t rows);
  Status ApplyRange(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs, int64_t offset,
                    int64_t length);

  std::vector<std::unique_ptr<Aggregator>> aggregators_;
  bool subtracts_ = true;  ///< Every function can, so the order of adding and taking back does not matter.
  int64_t groups_ = 0;
  std::vector<uint32_t> last_run_;  ///< Per group: the run it was seen in last.
  uint32_t run_ = 0;
};

}  // namespace velo::exec
