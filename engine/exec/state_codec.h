#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/batch.h"

namespace arrow {
class Array;
class RecordBatch;
}  // namespace arrow

namespace velo::exec {

/// The building blocks of operator state as bytes: little-endian integers, length-prefixed text, Arrow IPC for columns.
void PutInteger(int64_t value, std::string* out);
void PutText(std::string_view text, std::string* out);
void PutIntegers(std::span<const uint32_t> values, std::string* out);
Status PutBatch(const arrow::RecordBatch& batch, std::string* out);
/// Batches with the kinds of their rows.
Status PutBatches(std::span<const Batch> batches, std::string* out);
/// Columns get the names "0", "1" ...
Status PutArrays(const std::vector<std::shared_ptr<arrow::Array>>& arrays, int64_t rows, std::string* out);

/// Each takes its part off the front of `in`; too few bytes are the error STATE_DAMAGED.
Result<int64_t> TakeInteger(std::string_view* in);
Result<std::string_view> TakeText(std::string_view* in);
Result<std::vector<uint32_t>> TakeIntegers(std::string_view* in);
Result<std::shared_ptr<arrow::RecordBatch>> TakeBatch(std::string_view* in);
Result<std::vector<Batch>> TakeBatches(std::string_view* in);

}  // namespace velo::exec
