#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/gather.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// Rows that wait for a partner, held in the batches they came in and named by numbers given in order of arrival. The
/// memory of a batch is let go with its last row; small batches are put together. Not thread safe.
class KeptRows {
 public:
  explicit KeptRows(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// Keeps all rows of `columns`; the first gets the number end(), the others follow.
  Status Add(std::shared_ptr<arrow::RecordBatch> columns);
  /// The number the next row will get.
  uint32_t end() const { return end_; }
  /// No row before this one is kept.
  uint32_t begin() const { return segments_.empty() ? end_ : segments_.front().first; }
  /// Gives up rows. They must not be asked for again.
  void Release(std::span<const uint32_t> rows);
  void Release(uint32_t row) { Release(std::span(&row, 1)); }
  /// Gives up the batches that hold only rows below `row`.
  void ReleaseBatchesBelow(uint32_t row);

  /// Stands for a row that is not there: its columns are NULL.
  static constexpr uint32_t kNoRow = UINT32_MAX;

  /// Where rows lie.
  struct Found {
    std::vector<PieceRow> places;
    std::vector<const arrow::RecordBatch*> pieces;
    bool are_neighbours = false;  ///< One piece of one batch, in order: nothing needs to be copied.
    bool has_missing = false;     ///< kNoRow was asked for: its place is the first row of piece pieces.size().
  };
  /// Looks the rows up; valid until the next Add or Release.
  void Find(std::span<const uint32_t> rows, Found* found) const;
  /// One column of the rows that Find was asked for, in that order.
  Result<std::shared_ptr<arrow::Array>> Take(int column, const Found& found) const;
  Result<std::shared_ptr<arrow::RecordBatch>> TakeAll(std::span<const uint32_t> rows) const;

  int64_t live() const { return live_; }
  /// Live rows, and those that are kept only because their batch is.
  int64_t held() const { return held_; }
  int64_t MemoryBytes() const { return bytes_; }

 private:
  struct Segment {
    std::shared_ptr<arrow::RecordBatch> columns;
    uint32_t first = 0;
    uint32_t rows = 0;
    uint32_t live = 0;
    int64_t bytes = 0;
  };
  size_t SegmentOf(uint32_t row) const;
  Status MergeSmall();
  Status MergeLast(size_t count);

  std::shared_ptr<arrow::Schema> schema_;
  std::deque<Segment> segments_;
  uint32_t end_ = 0;
  int64_t live_ = 0;
  int64_t held_ = 0;
  int64_t bytes_ = 0;
  mutable size_t last_segment_ = 0;  ///< Where the last row was found: neighbours are asked for together.
};

}  // namespace velo::exec
