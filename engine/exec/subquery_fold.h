#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/subquery_node.h"

namespace velo::exec {

/// How many pairs are looked at together.
inline constexpr size_t kPairsAtOnce = 32768;

/// Values of one column of the inner rows with the given ids.
using InnerColumn = std::function<Result<std::shared_ptr<arrow::Array>>(size_t column, std::span<const uint32_t> ids)>;

/// Collects, for each row of a batch of the outer query, what the inner rows that belong to it say, pair by pair, and
/// makes the value of the subquery of it. Pairs are looked at in batches of columns.
class SubqueryFold {
 public:
  /// `inner` has the columns that the node's expressions find after those of the outer rows.
  SubqueryFold(const SubqueryNode& node, const Schema& inner, const arrow::RecordBatch& outer, InnerColumn column,
               EvaluationContext* context);

  /// Inner rows that belong to outer ones, side by side. A scalar subquery wants its rows in order of arrival.
  Status AddPairs(std::vector<uint32_t> outer_rows, std::vector<uint32_t> inner_rows);
  /// The value per outer row. E4402 where a scalar subquery has several rows.
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> PairColumns(std::span<const uint32_t> outer_rows,
                                                          std::span<const uint32_t> inner_rows) const;
  Status KeepWhereResidualHolds();
  Status FoldPairs();
  Result<std::shared_ptr<arrow::Array>> Scalars();
  Result<std::shared_ptr<arrow::Array>> Truths() const;

  const SubqueryNode& node_;
  const Schema& inner_;
  const arrow::RecordBatch& outer_;
  const InnerColumn column_;
  EvaluationContext* const context_;
  std::vector<bool> read_;  ///< Per pair column: some expression reads it.
  std::vector<uint32_t> outer_rows_, inner_rows_;
  std::vector<uint32_t> found_;   ///< kScalar, per outer row: its inner row.
  std::vector<uint8_t> has_;      ///< Per outer row: some pair.
  std::vector<uint8_t> decided_;  ///< Per outer row: a true (kAny) or false (kAll) comparison.
  std::vector<uint8_t> unknown_;  ///< Per outer row: an unknown comparison.
};

}  // namespace velo::exec
