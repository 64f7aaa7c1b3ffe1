#include "engine/exec/key_evaluation.h"

#include <arrow/array/concatenate.h>

#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

std::vector<std::shared_ptr<arrow::DataType>> KeyTypes(const std::vector<BoundExpressionPtr>& keys) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const BoundExpressionPtr& key : keys) types.push_back(key->type.ToArrow());
  return types;
}

Status EvaluateKeysAndInputs(const AggregateNode& node, const Batch& batch, EvaluationContext* context,
                             KeysAndInputs* out) {
  out->keys.clear();
  out->signs = SignsOf(batch.kinds);
  for (const BoundExpressionPtr& key : node.keys) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, EvaluateToArray(*key, *batch.columns, context));
    out->keys.push_back(std::move(column));
  }
  VELO_ASSIGN_OR_RETURN(out->inputs, EvaluateInputs(node.aggregates, *batch.columns, context));
  return Status::OK();
}

std::vector<uint32_t> DistinctInOrder(std::span<const uint32_t> ids, size_t size) {
  std::vector<uint8_t> seen(size, 0);
  std::vector<uint32_t> distinct;
  for (uint32_t id : ids) {
    if (seen[id] != 0) continue;
    seen[id] = 1;
    distinct.push_back(id);
  }
  return distinct;
}

Status PutKeys(const GroupTable& groups, std::span<const uint32_t> ids, std::string* out) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t column = 0; column < groups.column_count(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, groups.Keys(column, ids));
    columns.push_back(std::move(array));
  }
  return PutArrays(columns, static_cast<int64_t>(ids.size()), out);
}

void EmissionBuffer::Add(std::vector<std::shared_ptr<arrow::Array>> columns, std::vector<RowKind> kinds) {
  pieces_.resize(columns.size());
  for (size_t c = 0; c < columns.size(); ++c) pieces_[c].push_back(std::move(columns[c]));
  kinds_.insert(kinds_.end(), kinds.begin(), kinds.end());
}

Status EmissionBuffer::Flush(Output& out) {
  if (kinds_.empty()) return Status::OK();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (auto& pieces : pieces_) {
    if (pieces.size() == 1) {
      columns.push_back(std::move(pieces[0]));
      continue;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  const auto rows = static_cast<int64_t>(kinds_.size());
  Batch batch{arrow::RecordBatch::Make(schema_, rows, std::move(columns)), std::move(kinds_)};
  pieces_.clear();
  kinds_.clear();
  return out.Emit(std::move(batch));
}

}  // namespace velo::exec
