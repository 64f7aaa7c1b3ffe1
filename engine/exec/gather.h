#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/status.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace velo::exec {

/// Where a value lies in a column that is kept in pieces.
struct PieceRow {
  uint32_t piece = 0;
  uint32_t row = 0;
};

/// Returns the values at `places`, in that order, as one array. All `pieces` have the type `type`.
Result<std::shared_ptr<arrow::Array>> Gather(const std::shared_ptr<arrow::DataType>& type,
                                             std::span<const arrow::Array* const> pieces,
                                             std::span<const PieceRow> places);

/// Whether the places are neighbours in one piece, in order.
bool AreNeighbours(std::span<const PieceRow> places);

}  // namespace velo::exec
