#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/subquery_node.h"

namespace velo::exec {

/// How one subquery is evaluated: holds the rows of its tables and answers for rows of the outer query. Not thread
/// safe.
class SubqueryEvaluator {
 public:
  virtual ~SubqueryEvaluator() = default;
  /// Rows of inputs[1]; deletes and before-images take an equal row back.
  virtual Status AddRows(const Batch& rows) = 0;
  /// The value of the subquery for every row of `outer`. Leaves no trace when it fails.
  virtual Result<std::shared_ptr<arrow::Array>> Evaluate(const arrow::RecordBatch& outer) = 0;
  virtual Status Save(std::string* out) const = 0;
  virtual Status Load(std::string_view* in) = 0;
  virtual int64_t MemoryBytes() const = 0;
};

/// EXISTS and IN without further conditions: counts the rows of each key.
std::unique_ptr<SubqueryEvaluator> MakeMembershipEvaluator(std::shared_ptr<const SubqueryNode> node,
                                                           LaneContext* context);
/// Everything that looks at the rows with the same key one by one.
std::unique_ptr<SubqueryEvaluator> MakePairEvaluator(std::shared_ptr<const SubqueryNode> node, LaneContext* context);
/// Runs the subquery for each distinct combination of outer values in a batch.
std::unique_ptr<SubqueryEvaluator> MakePerRecordEvaluator(std::shared_ptr<const SubqueryNode> node,
                                                          LaneContext* context);

/// Whether the kind adds a row, or takes one back.
inline bool AddsRow(const Batch& batch, int64_t row) {
  if (batch.kinds.empty()) return true;
  const RowKind kind = batch.kinds[static_cast<size_t>(row)];
  return kind == RowKind::kInsert || kind == RowKind::kUpdateAfter;
}

}  // namespace velo::exec
