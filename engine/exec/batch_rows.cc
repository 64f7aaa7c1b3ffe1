#include "engine/exec/batch_rows.h"

#include "engine/types/arrow_status.h"

namespace velo::exec {

Batch Slice(const Batch& batch, int64_t offset, int64_t length) {
  Batch slice;
  slice.columns = batch.columns->Slice(offset, length);
  if (!batch.kinds.empty()) {
    slice.kinds.assign(batch.kinds.begin() + offset, batch.kinds.begin() + offset + length);
  }
  return slice;
}

Result<Batch> TakeRows(const Batch& batch, std::span<const uint32_t> rows) {
  const auto count = static_cast<int64_t>(rows.size());
  const arrow::UInt32Array indices(count, arrow::Buffer::Wrap(rows.data(), rows.size()));
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& column : batch.columns->columns()) {
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> taken,
                                arrow::compute::Take(*column, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::move(taken));
  }
  Batch picked{arrow::RecordBatch::Make(batch.columns->schema(), count, std::move(columns)), {}};
  if (batch.kinds.empty()) return picked;
  picked.kinds.reserve(rows.size());
  for (uint32_t row : rows) picked.kinds.push_back(batch.kinds[row]);
  return picked;
}

Result<Batch> WithoutRetractions(const Batch& batch) {
  const auto retracts = [](RowKind kind) { return kind == RowKind::kDelete || kind == RowKind::kUpdateBefore; };
  if (std::none_of(batch.kinds.begin(), batch.kinds.end(), retracts)) return Batch{batch.columns, {}};
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < batch.kinds.size(); ++i) {
    if (!retracts(batch.kinds[i])) rows.push_back(static_cast<uint32_t>(i));
  }
  return TakeRows(Batch{batch.columns, {}}, rows);
}

}  // namespace velo::exec
