#pragma once

#include <cstdint>
#include <span>

#include "engine/base/status.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// Rows [offset, offset + length) with their kinds; shares the columns.
Batch Slice(const Batch& batch, int64_t offset, int64_t length);
/// Row i of the result is row rows[i] of the batch.
Result<Batch> TakeRows(const Batch& batch, std::span<const uint32_t> rows);
/// The rows without those that take an earlier row back (deletes, before-images); the rest are plain rows.
Result<Batch> WithoutRetractions(const Batch& batch);

}  // namespace velo::exec
