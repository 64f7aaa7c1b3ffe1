#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/kept_rows.h"
#include "engine/exec/operator.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

/// Rows of one side of a join with what it needs to know of them.
struct JoinRows {
  Batch batch;
  std::vector<std::shared_ptr<arrow::Array>> keys;
  /// Join time in ms, never NULL; JoinInput::kNoTime and below where the row has none. Null when the join knows no
  /// time.
  std::shared_ptr<arrow::Int64Array> times;
};

/// Evaluates keys and join times of one side. Counts rows that come straight from a source: as used, or as bad when an
/// expression fails on them. Rows without a time meet nobody: they end here, as filtered, unless the join shows the
/// rows of this side without a partner.
class JoinInput {
 public:
  static constexpr int64_t kNoTime = INT64_MIN / 4;

  JoinInput(std::shared_ptr<const JoinNode> node, Side side, bool counts_input, LaneContext* context);

  bool has_time() const { return time_ != nullptr || time_column_ >= 0; }
  /// Calls `consume` for the good rows of the batch, in order; more than once when some are bad.
  Status Evaluate(const Batch& batch, const std::function<Status(const JoinRows&)>& consume) const;
  /// The keys of a whole batch.
  Result<std::vector<std::shared_ptr<arrow::Array>>> Keys(const arrow::RecordBatch& rows) const;
  /// The keys of some kept rows; takes only the columns they are made of.
  Result<std::vector<std::shared_ptr<arrow::Array>>> Keys(const KeptRows& kept, std::span<const uint32_t> rows) const;

 private:
  Status EvaluateParts(const Batch& part, JoinRows* rows) const;
  Status DropMissingTimes(JoinRows* rows) const;
  Status SetMissingTimes(JoinRows* rows) const;

  const std::shared_ptr<const JoinNode> node_;
  const Side side_;
  const bool is_outer_;  ///< Rows of this side without a partner go out.
  const std::vector<BoundExpressionPtr>& keys_;
  std::vector<int> key_columns_;                 ///< Those that keys read.
  std::vector<BoundExpressionPtr> narrow_keys_;  ///< The keys over key_columns_ alone.
  BoundExpressionPtr time_;                      ///< Null: the event time column.
  int time_column_ = -1;                         ///< -1: none.
  const bool counts_input_;
  LaneContext* const context_;
};

}  // namespace velo::exec
