#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/state/key_value_store.h"
#include "engine/topics/topic_codec.h"
#include "engine/topics/topic_store.h"

namespace velo::topics {

/// Rows of a partition that lie next to each other in the log, in stored form (StoredSchema).
struct StoredSlice {
  int64_t base_offset = 0;
  std::shared_ptr<arrow::RecordBatch> rows;

  int64_t end_offset() const;
};

/// Someone who wants to know of appends. Its mutex is held while it is called, so that after Clear() no call runs.
class AppendListener {
 public:
  explicit AppendListener(std::function<void()> wake_up) : wake_up_(std::move(wake_up)) {}
  void Call();
  void Clear();

 private:
  std::mutex mutex_;
  std::function<void()> wake_up_;
};

/// One partition of one topic: the list of its stored batches, and its newest rows decoded in memory so that live
/// readers and peeks touch no disk. Thread safe.
class TopicPartition {
 public:
  TopicPartition(std::shared_ptr<const TopicDefinition> definition, int32_t partition, state::KeyValueStore* store);

  /// Reads the list of batches from the store. Call once, before anything else.
  Status Load();
  /// Returns the offset of the first row.
  Result<int64_t> Append(const TopicAppend& rows, Timestamp now);
  /// Whether CutBack with the same arguments would do: CONFLICT when others than `writer` have written behind `offset`,
  /// or the partition ends before it.
  Status CheckCut(int64_t offset, int64_t writer);
  /// Takes back all messages from `offset` on.
  Status CutBack(int64_t offset, int64_t writer);
  TopicPartitionInfo Info();
  int64_t size_bytes();
  int64_t low_offset();
  int64_t high_offset();
  /// Returns the offset of the first message with an arrival time at or after `time`; the high offset when there is
  /// none.
  Result<int64_t> OffsetAt(Timestamp time);
  /// Returns up to `max_rows` rows from `offset` on, or from the oldest kept row when that is newer. Empty at the end.
  Result<std::vector<StoredSlice>> Read(int64_t offset, int64_t max_rows);
  void AddListener(const std::shared_ptr<AppendListener>& listener);

  /// Drops the oldest batch when it is past its age or when `excess_bytes` is positive. Returns the bytes freed.
  Result<int64_t> DropOldest(Timestamp now, int64_t excess_bytes);
  /// Age of the oldest batch, for choosing what to drop; kEndOfTime when there is none.
  Timestamp oldest_batch_time();
  /// Joins neighbouring small batches into larger ones.
  Status JoinSmallBatches();
  /// Ends all use of the partition: later calls answer TOPIC_NOT_FOUND and waiting readers are woken.
  void MarkDeleted();
  bool deleted() const { return deleted_; }

  int32_t partition() const { return partition_; }
  const TopicDefinition& definition() const { return *definition_; }
  const std::shared_ptr<arrow::Schema>& stored_schema() const { return stored_schema_; }

 private:
  Status CheckNotDeleted() const;
  Status Store(const StoredSlice& slice, const BatchInfo& info, std::string bytes);
  void PushTail(StoredSlice slice);
  /// Fills the tail and what is known of the newest message; nothing when the partition is empty.
  Status LoadNewest();
  Status CheckCutLocked(int64_t offset, int64_t writer) const;
  /// Position in batches_ of the first that holds messages from `offset` on.
  size_t FirstBatchFrom(int64_t offset) const;
  Status CompactTail();
  void CallListeners();
  Result<std::vector<StoredSlice>> ReadStored(int64_t offset, int64_t max_rows);
  Status JoinRun(size_t first, size_t count);
  Result<StoredSlice> LoadBatch(int64_t base_offset);

  const std::shared_ptr<const TopicDefinition> definition_;
  const int32_t partition_;
  state::KeyValueStore* const store_;
  const std::shared_ptr<arrow::Schema> stored_schema_;
  std::atomic<bool> deleted_{false};

  std::mutex mutex_;
  std::deque<BatchInfo> batches_;
  std::deque<StoredSlice> tail_;
  int64_t tail_rows_ = 0;
  int64_t small_tail_slices_ = 0;
  int64_t next_offset_ = 0;
  int64_t bytes_ = 0;
  Timestamp latest_timestamp_ = 0;
  std::string latest_key_;

  std::mutex listeners_mutex_;
  std::vector<std::weak_ptr<AppendListener>> listeners_;
};

}  // namespace velo::topics
