#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/operators/over_rows.h"

namespace velo::exec {

/// The buffers of all partitions of one row window (dialect 4.10), fed in the order of arrival. Rows are ids into the
/// log. As long as the rows of a partition come in the order of the window, its buffer is its view; after a late row
/// the view is a sorted copy, until the rows that were out of order have left. Not thread safe.
class OverBuffers {
 public:
  OverBuffers(const OverNode& node, const OrderLog* order);

  /// The rows of one batch.
  struct Arrivals {
    int64_t rows = 0;
    const uint32_t* ids = nullptr;
    const uint32_t* partitions = nullptr;
    const int64_t* times = nullptr;  ///< Milliseconds; only read when rows expire.
  };

  /// Makes room for partitions 0..count-1.
  void Resize(uint32_t count);
  /// Takes rows in from `from` on, until all are in or the lists in `facts` are long; returns the row to go on with.
  /// Facts, entering() and restarts() then speak about rows `from` up to there.
  int64_t TakeIn(const Arrivals& rows, int64_t from, OverFacts* facts);
  /// Forgets the rows that have left. Call after the functions have seen the batch.
  void EndBatch(std::span<const uint32_t> partitions);

  const PartitionBuffer* buffers() const { return buffers_.data(); }
  uint32_t partition_count() const { return static_cast<uint32_t>(buffers_.size()); }
  /// Running windows only: rows that enter the frame. Null: each row itself, at once.
  const uint32_t* entering() const { return delay_ > 0 ? entering_.data() : nullptr; }
  const uint8_t* restarts() const { return restarts_.empty() ? nullptr : restarts_.data(); }

  /// Partitions that hold something, in order of first sight, when so many others are empty that the rest is worth
  /// rewriting; else nothing.
  std::vector<uint32_t> PartitionsToKeep() const;
  /// New partition i is what partition keep[i] was.
  void KeepPartitions(std::span<const uint32_t> keep);

  void CollectRows(std::vector<uint32_t>* ids) const;
  void RenumberRows(std::span<const uint32_t> new_ids);
  int64_t MemoryBytes() const;
  void Save(std::span<const uint32_t> new_ids, std::string* out) const;
  Status Load(std::string_view* in);

 private:
  struct Partition {
    std::vector<uint32_t> view;  ///< Sorted ids while the buffer is out of order, else empty.
    uint32_t late = 0;           ///< Number of the newest row that came below its predecessor; only with a view.
    int64_t newest_time = INT64_MIN;
    FrameFinder::Frame hint;                  ///< As numbers: the frame of the newest row while in order.
    uint32_t newer = kNoRow, older = kNoRow;  ///< Neighbours in the list of recent use.
    bool live = false;
  };

  void Clear(uint32_t partition);
  void Append(uint32_t partition, uint32_t id);
  void DropOldest(uint32_t partition);
  void DropByDistance(uint32_t partition);
  bool Expired(Partition* state, int64_t time) const;
  void MarkUsed(uint32_t partition, bool* starts);
  void Unlink(uint32_t partition);

  const OverNode& node_;
  const OrderLog* order_;
  const FrameFinder finder_;
  const bool ordered_;
  const int64_t delay_;  ///< Running window: rows after which a row enters the frame.
  const int64_t keep_;   ///< Rows kept per partition; 0: none.
  const bool hints_;     ///< RANGE offsets are found from the last frame.
  std::vector<PartitionBuffer> buffers_;
  std::vector<Partition> partitions_;
  std::vector<uint32_t> entering_;
  std::vector<uint8_t> restarts_;
  uint32_t most_recent_ = kNoRow, least_recent_ = kNoRow;
  int64_t live_ = 0;
};

}  // namespace velo::exec
