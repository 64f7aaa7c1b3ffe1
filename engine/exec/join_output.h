#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/exec/kept_rows.h"
#include "engine/exec/operator.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

/// Makes the output columns of a join out of rows kept on both sides. Rows are named by their numbers in KeptRows.
class JoinOutput {
 public:
  using Rows = std::span<const uint32_t>;

  /// `wanted`: the output columns that somebody reads; the others are filled with NULLs. Empty: all.
  JoinOutput(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted, LaneContext* context);

  /// Takes the pairs out for which the residual condition does not hold, looking at them a column at a time.
  Status KeepMatching(const KeptRows& left, const KeptRows& right, std::vector<uint32_t>* left_rows,
                      std::vector<uint32_t>* right_rows) const;
  Result<std::shared_ptr<arrow::RecordBatch>> Pairs(const KeptRows& left, const KeptRows& right, Rows left_rows,
                                                    Rows right_rows) const;
  /// Rows of one side with NULLs for the other.
  Result<std::shared_ptr<arrow::RecordBatch>> Unmatched(Side side, const KeptRows& rows, Rows numbers) const;

 private:
  bool IsWanted(size_t output) const { return wanted_.empty() || wanted_[output]; }
  Result<std::shared_ptr<arrow::Array>> Nulls(size_t output, int64_t count) const;

  const std::shared_ptr<const JoinNode> node_;
  const std::vector<bool> wanted_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  std::vector<int> columns_[2];  ///< Input columns of each side that go to the output.
  int times_[2];                 ///< Input column with the event time, or -1.
  BoundExpressionPtr residual_;  ///< Over residual_columns_[0], then residual_columns_[1].
  std::vector<int> residual_columns_[2];
};

}  // namespace velo::exec
