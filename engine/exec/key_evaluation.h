#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Group keys and aggregate arguments of one batch, evaluated.
struct KeysAndInputs {
  std::vector<std::shared_ptr<arrow::Array>> keys;
  AggregateInputs inputs;
  ChangeSigns signs;
};

std::vector<std::shared_ptr<arrow::DataType>> KeyTypes(const std::vector<BoundExpressionPtr>& keys);

/// Evaluates what an aggregate needs of a batch.
Status EvaluateKeysAndInputs(const AggregateNode& node, const Batch& batch, EvaluationContext* context,
                             KeysAndInputs* out);

/// The distinct values of `ids`, in order of first sight. All are below `size`.
std::vector<uint32_t> DistinctInOrder(std::span<const uint32_t> ids, size_t size);

Status PutKeys(const GroupTable& groups, std::span<const uint32_t> ids, std::string* out);

/// Collects small pieces of output rows and emits them as one batch.
class EmissionBuffer {
 public:
  explicit EmissionBuffer(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}
  void Add(std::vector<std::shared_ptr<arrow::Array>> columns, std::vector<RowKind> kinds);
  /// Emits what was added, if anything.
  Status Flush(Output& out);

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> pieces_;  ///< Per column.
  std::vector<RowKind> kinds_;
};

}  // namespace velo::exec
