#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/clock.h"

namespace arrow {
class RecordBatch;
}

namespace velo {

/// What a row means to a changing table. A plain stream only has kInsert.
enum class RowKind : uint8_t { kInsert = 0, kUpdateBefore = 1, kUpdateAfter = 2, kDelete = 3 };

/// Rows on their way through the engine: columns, and per row its kind. Copying shares the columns.
struct Batch {
  std::shared_ptr<arrow::RecordBatch> columns;
  /// Empty means that every row is an insert; else one entry per row.
  std::vector<RowKind> kinds;

  int64_t num_rows() const;
};

/// No event will come any more.
inline constexpr Timestamp kEndOfTime = INT64_MAX;
/// No event has come yet.
inline constexpr Timestamp kBeginOfTime = INT64_MIN;

}  // namespace velo
