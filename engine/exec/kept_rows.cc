#include "engine/exec/kept_rows.h"

#include <arrow/array/concatenate.h>
#include <arrow/util/byte_size.h>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// So many batches below a size are put together; the sizes make every row move at most three times.
constexpr size_t kMergeWidth = 32;
constexpr uint32_t kSmallSizes[] = {kMergeWidth, kMergeWidth * 32, kMergeWidth * 1024};

int64_t BytesOf(const arrow::RecordBatch& columns) {
  const auto bytes = arrow::util::ReferencedBufferSize(columns);
  return bytes.ok() ? *bytes : 0;
}

}  // namespace

Status KeptRows::Add(std::shared_ptr<arrow::RecordBatch> columns) {
  const auto rows = static_cast<uint32_t>(columns->num_rows());
  if (rows == 0) return Status::OK();
  const int64_t bytes = BytesOf(*columns);
  segments_.push_back({std::move(columns), end_, rows, rows, bytes});
  end_ += rows;
  live_ += rows;
  held_ += rows;
  bytes_ += bytes;
  return rows < kSmallSizes[2] ? MergeSmall() : Status::OK();
}

Status KeptRows::MergeSmall() {
  for (uint32_t size : kSmallSizes) {
    if (segments_.size() < kMergeWidth) return Status::OK();
    const auto is_small = [size](const Segment& segment) { return segment.rows < size; };
    if (std::all_of(segments_.end() - kMergeWidth, segments_.end(), is_small)) {
      VELO_RETURN_IF_ERROR(MergeLast(kMergeWidth));
    }
  }
  return Status::OK();
}

Status KeptRows::MergeLast(size_t count) {
  const auto begin = segments_.end() - static_cast<std::ptrdiff_t>(count);
  Segment merged;
  merged.first = begin->first;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int c = 0; c < schema_->num_fields(); ++c) {
    arrow::ArrayVector pieces;
    for (auto segment = begin; segment != segments_.end(); ++segment) pieces.push_back(segment->columns->column(c));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  for (auto segment = begin; segment != segments_.end(); ++segment) {
    merged.rows += segment->rows;
    merged.live += segment->live;
    bytes_ -= segment->bytes;
  }
  merged.columns = arrow::RecordBatch::Make(schema_, merged.rows, std::move(columns));
  merged.bytes = BytesOf(*merged.columns);
  bytes_ += merged.bytes;
  segments_.erase(begin, segments_.end());
  segments_.push_back(std::move(merged));
  return Status::OK();
}

size_t KeptRows::SegmentOf(uint32_t row) const {
  if (last_segment_ < segments_.size()) {
    const Segment& last = segments_[last_segment_];
    if (row >= last.first && row - last.first < last.rows) return last_segment_;
  }
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), row,
                                      [](uint32_t number, const Segment& segment) { return number < segment.first; });
  last_segment_ = static_cast<size_t>(after - segments_.begin()) - 1;
  return last_segment_;
}

void KeptRows::Release(std::span<const uint32_t> rows) {
  for (size_t i = 0; i < rows.size();) {
    Segment& segment = segments_[SegmentOf(rows[i])];
    size_t to = i + 1;
    while (to < rows.size() && rows[to] - segment.first < segment.rows) ++to;
    segment.live -= static_cast<uint32_t>(to - i);
    i = to;
  }
  live_ -= std::ssize(rows);
  while (!segments_.empty() && segments_.front().live == 0) {
    held_ -= segments_.front().rows;
    bytes_ -= segments_.front().bytes;
    segments_.pop_front();
    if (last_segment_ > 0) --last_segment_;
  }
}

void KeptRows::ReleaseBatchesBelow(uint32_t row) {
  while (!segments_.empty() && segments_.front().first + segments_.front().rows <= row) {
    live_ -= segments_.front().live;
    held_ -= segments_.front().rows;
    bytes_ -= segments_.front().bytes;
    segments_.pop_front();
    if (last_segment_ > 0) --last_segment_;
  }
}

void KeptRows::Find(std::span<const uint32_t> rows, Found* found) const {
  found->places.resize(rows.size());
  found->pieces.clear();
  found->has_missing = false;
  std::vector<uint32_t> piece_of(segments_.size(), UINT32_MAX);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow) {
      found->has_missing = true;
      found->places[i] = {UINT32_MAX, 0};
      continue;
    }
    const size_t at = SegmentOf(rows[i]);
    if (piece_of[at] == UINT32_MAX) {
      piece_of[at] = static_cast<uint32_t>(found->pieces.size());
      found->pieces.push_back(segments_[at].columns.get());
    }
    found->places[i] = {piece_of[at], rows[i] - segments_[at].first};
  }
  if (found->has_missing) {
    for (PieceRow& place : found->places) {
      if (place.piece == UINT32_MAX) place.piece = static_cast<uint32_t>(found->pieces.size());
    }
  }
  found->are_neighbours = !found->has_missing && AreNeighbours(found->places);
}

Result<std::shared_ptr<arrow::Array>> KeptRows::Take(int column, const Found& found) const {
  if (found.are_neighbours) {
    return found.pieces[0]->column(column)->Slice(found.places[0].row, std::ssize(found.places));
  }
  std::vector<std::shared_ptr<arrow::Array>> owners;
  std::vector<const arrow::Array*> pieces;
  for (const arrow::RecordBatch* piece : found.pieces) {
    owners.push_back(piece->column(column));
    pieces.push_back(owners.back().get());
  }
  if (found.has_missing) {
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> null,
                                arrow::MakeArrayOfNull(schema_->field(column)->type(), 1));
    owners.push_back(std::move(null));
    pieces.push_back(owners.back().get());
  }
  return Gather(schema_->field(column)->type(), pieces, found.places);
}

Result<std::shared_ptr<arrow::RecordBatch>> KeptRows::TakeAll(std::span<const uint32_t> rows) const {
  Found found;
  Find(rows, &found);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int c = 0; c < schema_->num_fields(); ++c) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, Take(c, found));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(rows.size()), std::move(columns));
}

}  // namespace velo::exec
