#include "engine/topics/topic_partition.h"

#include <arrow/record_batch.h>

#include "engine/state/key_encoding.h"
#include "engine/types/arrow_status.h"

namespace velo::topics {
namespace {

/// Rows kept decoded in memory per partition.
constexpr int64_t kTailRows = 16384;
/// A slice of the tail below this size is small; this many small ones in a row are joined.
constexpr int64_t kSmallTailRows = 512;
constexpr int64_t kSmallTailSlices = 64;
/// Stored batches below the target are joined, this many at least at a time, so that each row is rewritten few times.
constexpr int64_t kTargetBatchRows = 8192;
constexpr size_t kJoinAtLeast = 32;

const arrow::Int64Array& Int64Column(const arrow::RecordBatch& batch, int column) {
  return static_cast<const arrow::Int64Array&>(*batch.column(column));
}

}  // namespace

int64_t StoredSlice::end_offset() const { return base_offset + rows->num_rows(); }

void AppendListener::Call() {
  std::lock_guard lock(mutex_);
  if (wake_up_) wake_up_();
}

void AppendListener::Clear() {
  std::lock_guard lock(mutex_);
  wake_up_ = nullptr;
}

TopicPartition::TopicPartition(std::shared_ptr<const TopicDefinition> definition, int32_t partition,
                               state::KeyValueStore* store)
    : definition_(std::move(definition)),
      partition_(partition),
      store_(store),
      stored_schema_(StoredSchema(definition_->schema)) {}

Status TopicPartition::Load() {
  std::lock_guard lock(mutex_);
  std::string head;
  bool found = false;
  VELO_RETURN_IF_ERROR(store_->Get(HeadKey(definition_->name, partition_), &head, &found));
  if (found) VELO_RETURN_IF_ERROR(DecodeHead(head, &next_offset_));
  const std::string prefix = InfoPrefix(definition_->name, partition_);
  auto cursor = store_->NewCursor();
  for (cursor->Seek(prefix); cursor->valid() && cursor->key().starts_with(prefix); cursor->Next()) {
    BatchInfo info;
    std::string_view rest = cursor->key().substr(prefix.size());
    uint64_t base = 0;
    state::TakeUint64(&rest, &base);
    info.base_offset = static_cast<int64_t>(base);
    VELO_RETURN_IF_ERROR(DecodeInfo(cursor->value(), &info));
    bytes_ += info.bytes;
    batches_.push_back(info);
  }
  VELO_RETURN_IF_ERROR(cursor->status());
  return LoadNewest();
}

Status TopicPartition::LoadNewest() {
  tail_.clear();
  tail_rows_ = small_tail_slices_ = 0;
  latest_timestamp_ = 0;
  latest_key_.clear();
  if (batches_.empty()) return Status::OK();
  VELO_ASSIGN_OR_RETURN(StoredSlice newest, LoadBatch(batches_.back().base_offset));
  const StoredColumns columns = StoredColumnsOf(definition_->schema);
  const int64_t last = newest.rows->num_rows() - 1;
  latest_timestamp_ = Int64Column(*newest.rows, columns.timestamp).Value(last);
  const auto& keys = static_cast<const arrow::StringArray&>(*newest.rows->column(columns.key));
  if (keys.IsValid(last)) latest_key_ = keys.GetString(last);
  PushTail(std::move(newest));
  return Status::OK();
}

Status TopicPartition::CheckNotDeleted() const {
  if (!deleted_) return Status::OK();
  return Status::User("TOPIC_NOT_FOUND", fmt::format("The topic '{}' was deleted.", definition_->name),
                      "Create it again to go on.");
}

Result<int64_t> TopicPartition::Append(const TopicAppend& rows, Timestamp now) {
  VELO_ASSIGN_OR_RETURN(auto stored, ToStored(rows, definition_->schema, stored_schema_, now));
  VELO_ASSIGN_OR_RETURN(std::string bytes, EncodeBatch(*stored));
  BatchInfo info;
  info.rows = stored->num_rows();
  info.bytes = static_cast<int64_t>(bytes.size());
  info.writer = rows.writer;
  info.appended = now;
  info.oldest = info.newest = rows.timestamps.empty() ? now : rows.timestamps.front();
  for (Timestamp time : rows.timestamps) {
    info.oldest = std::min(info.oldest, time);
    info.newest = std::max(info.newest, time);
  }
  {
    std::lock_guard lock(mutex_);
    VELO_RETURN_IF_ERROR(CheckNotDeleted());
    info.base_offset = next_offset_;
    StoredSlice slice{info.base_offset, std::move(stored)};
    VELO_RETURN_IF_ERROR(Store(slice, info, std::move(bytes)));
    latest_timestamp_ = rows.timestamps.empty() ? now : rows.timestamps.back();
    if (!rows.keys.empty()) latest_key_ = rows.keys.back().value_or("");
    PushTail(std::move(slice));
    VELO_RETURN_IF_ERROR(CompactTail());
  }
  CallListeners();
  return info.base_offset;
}

Status TopicPartition::Store(const StoredSlice& slice, const BatchInfo& info, std::string bytes) {
  state::WriteSet writes;
  writes.Put(BatchKey(definition_->name, partition_, info.base_offset), std::move(bytes));
  writes.Put(InfoKey(definition_->name, partition_, info.base_offset), EncodeInfo(info));
  writes.Put(HeadKey(definition_->name, partition_), EncodeHead(slice.end_offset()));
  VELO_RETURN_IF_ERROR(store_->Write(writes));
  batches_.push_back(info);
  bytes_ += info.bytes;
  next_offset_ = slice.end_offset();
  return Status::OK();
}

size_t TopicPartition::FirstBatchFrom(int64_t offset) const {
  size_t first = batches_.size();
  while (first > 0 && batches_[first - 1].base_offset + batches_[first - 1].rows > offset) --first;
  return first;
}

Status TopicPartition::CheckCut(int64_t offset, int64_t writer) {
  std::lock_guard lock(mutex_);
  return CheckCutLocked(offset, writer);
}

Status TopicPartition::CheckCutLocked(int64_t offset, int64_t writer) const {
  VELO_RETURN_IF_ERROR(CheckNotDeleted());
  if (offset > next_offset_) {
    return Status::World("CONFLICT",
                         fmt::format("Partition {} of topic '{}' ends at {}, before {}, where the checkpoint has it.",
                                     partition_, definition_->name, next_offset_, offset),
                         "The topic was made anew or lost its end. Start again with an empty checkpoint folder.");
  }
  for (size_t i = FirstBatchFrom(offset); i < batches_.size(); ++i) {
    if (batches_[i].writer == writer) continue;
    return Status::User("CONFLICT",
                        fmt::format("Somebody else has written to partition {} of topic '{}' since the checkpoint "
                                    "(from offset {} on), so what followed it cannot be taken back.",
                                    partition_, definition_->name, std::max(offset, batches_[i].base_offset)),
                        "Give the query a topic of its own, and start again with an empty checkpoint folder.");
  }
  return Status::OK();
}

Status TopicPartition::CutBack(int64_t offset, int64_t writer) {
  std::lock_guard lock(mutex_);
  VELO_RETURN_IF_ERROR(CheckCutLocked(offset, writer));
  if (offset == next_offset_) return Status::OK();
  const size_t first = FirstBatchFrom(offset);
  std::deque<BatchInfo> kept(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(first));
  int64_t bytes = 0;
  for (const BatchInfo& info : kept) bytes += info.bytes;
  state::WriteSet writes;
  for (size_t i = first; i < batches_.size(); ++i) {
    const BatchInfo& info = batches_[i];
    if (info.base_offset < offset) {
      // Only the first can reach across.
      VELO_ASSIGN_OR_RETURN(const StoredSlice whole, LoadBatch(info.base_offset));
      BatchInfo part = info;
      part.rows = offset - info.base_offset;
      VELO_ASSIGN_OR_RETURN(std::string encoded, EncodeBatch(*whole.rows->Slice(0, part.rows)));
      part.bytes = static_cast<int64_t>(encoded.size());
      writes.Put(BatchKey(definition_->name, partition_, part.base_offset), std::move(encoded));
      writes.Put(InfoKey(definition_->name, partition_, part.base_offset), EncodeInfo(part));
      bytes += part.bytes;
      kept.push_back(part);
      continue;
    }
    writes.Delete(BatchKey(definition_->name, partition_, info.base_offset));
    writes.Delete(InfoKey(definition_->name, partition_, info.base_offset));
  }
  writes.Put(HeadKey(definition_->name, partition_), EncodeHead(offset));
  VELO_RETURN_IF_ERROR(store_->Write(writes));
  batches_ = std::move(kept);
  bytes_ = bytes;
  next_offset_ = offset;
  return LoadNewest();
}

void TopicPartition::PushTail(StoredSlice slice) {
  const int64_t rows = slice.rows->num_rows();
  tail_rows_ += rows;
  small_tail_slices_ = rows < kSmallTailRows ? small_tail_slices_ + 1 : 0;
  tail_.push_back(std::move(slice));
  while (tail_.size() > 1 && tail_rows_ - tail_.front().rows->num_rows() >= kTailRows) {
    tail_rows_ -= tail_.front().rows->num_rows();
    tail_.pop_front();
  }
}

Status TopicPartition::CompactTail() {
  if (small_tail_slices_ < kSmallTailSlices) return Status::OK();
  const size_t count = std::min(static_cast<size_t>(small_tail_slices_), tail_.size());
  arrow::RecordBatchVector parts;
  for (size_t i = tail_.size() - count; i < tail_.size(); ++i) parts.push_back(tail_[i].rows);
  StoredSlice joined;
  joined.base_offset = tail_[tail_.size() - count].base_offset;
  VELO_ASSIGN_OR_RETURN_ARROW(joined.rows, arrow::ConcatenateRecordBatches(parts));
  tail_.resize(tail_.size() - count);
  tail_.push_back(std::move(joined));
  small_tail_slices_ = 0;
  return Status::OK();
}

void TopicPartition::CallListeners() {
  std::vector<std::shared_ptr<AppendListener>> listeners;
  {
    std::lock_guard lock(listeners_mutex_);
    std::erase_if(listeners_, [&](const std::weak_ptr<AppendListener>& weak) {
      auto listener = weak.lock();
      if (listener) listeners.push_back(std::move(listener));
      return weak.expired();
    });
  }
  for (const auto& listener : listeners) listener->Call();
}

void TopicPartition::AddListener(const std::shared_ptr<AppendListener>& listener) {
  std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(listener);
}

TopicPartitionInfo TopicPartition::Info() {
  std::lock_guard lock(mutex_);
  TopicPartitionInfo info;
  info.partition = partition_;
  info.low_offset = batches_.empty() ? next_offset_ : batches_.front().base_offset;
  info.high_offset = next_offset_;
  info.latest_timestamp = latest_timestamp_;
  info.latest_key = latest_key_;
  return info;
}

int64_t TopicPartition::size_bytes() {
  std::lock_guard lock(mutex_);
  return bytes_;
}

int64_t TopicPartition::low_offset() {
  std::lock_guard lock(mutex_);
  return batches_.empty() ? next_offset_ : batches_.front().base_offset;
}

int64_t TopicPartition::high_offset() {
  std::lock_guard lock(mutex_);
  return next_offset_;
}

Timestamp TopicPartition::oldest_batch_time() {
  std::lock_guard lock(mutex_);
  return batches_.empty() ? kEndOfTime : batches_.front().newest;
}

Result<int64_t> TopicPartition::OffsetAt(Timestamp time) {
  std::lock_guard lock(mutex_);
  for (const BatchInfo& info : batches_) {
    if (info.newest < time) continue;
    VELO_ASSIGN_OR_RETURN(StoredSlice slice, LoadBatch(info.base_offset));
    const auto& times = Int64Column(*slice.rows, StoredColumnsOf(definition_->schema).timestamp);
    for (int64_t row = 0; row < times.length(); ++row) {
      if (times.Value(row) >= time) return slice.base_offset + row;
    }
  }
  return next_offset_;
}

Result<std::vector<StoredSlice>> TopicPartition::Read(int64_t offset, int64_t max_rows) {
  {
    std::lock_guard lock(mutex_);
    VELO_RETURN_IF_ERROR(CheckNotDeleted());
    const int64_t low = batches_.empty() ? next_offset_ : batches_.front().base_offset;
    offset = std::max(offset, low);
    std::vector<StoredSlice> slices;
    if (offset >= next_offset_) return slices;
    if (!tail_.empty() && offset >= tail_.front().base_offset) {
      auto at = std::upper_bound(tail_.begin(), tail_.end(), offset,
                                 [](int64_t wanted, const StoredSlice& slice) { return wanted < slice.base_offset; });
      for (--at; at != tail_.end() && max_rows > 0; ++at) {
        const int64_t skip = std::max<int64_t>(0, offset - at->base_offset);
        slices.push_back({at->base_offset + skip, at->rows->Slice(skip, max_rows)});
        max_rows -= slices.back().rows->num_rows();
      }
      return slices;
    }
  }
  // A cursor walks over a snapshot, so joining and dropping of batches meanwhile do no harm and no lock is needed.
  return ReadStored(offset, max_rows);
}

Result<std::vector<StoredSlice>> TopicPartition::ReadStored(int64_t offset, int64_t max_rows) {
  const std::string prefix = BatchPrefix(definition_->name, partition_);
  auto cursor = store_->NewCursor();
  cursor->SeekForPrevious(BatchKey(definition_->name, partition_, offset));
  if (!cursor->valid() || !cursor->key().starts_with(prefix)) cursor->Seek(prefix);
  std::vector<StoredSlice> slices;
  for (; max_rows > 0 && cursor->valid() && cursor->key().starts_with(prefix); cursor->Next()) {
    std::string_view rest = cursor->key().substr(prefix.size());
    uint64_t base = 0;
    state::TakeUint64(&rest, &base);
    VELO_ASSIGN_OR_RETURN(auto rows, DecodeBatch(cursor->value(), stored_schema_));
    const int64_t skip = std::max<int64_t>(0, offset - static_cast<int64_t>(base));
    if (skip >= rows->num_rows()) continue;
    slices.push_back({static_cast<int64_t>(base) + skip, rows->Slice(skip, max_rows)});
    max_rows -= slices.back().rows->num_rows();
  }
  VELO_RETURN_IF_ERROR(cursor->status());
  return slices;
}

Result<StoredSlice> TopicPartition::LoadBatch(int64_t base_offset) {
  std::string bytes;
  bool found = false;
  VELO_RETURN_IF_ERROR(store_->Get(BatchKey(definition_->name, partition_, base_offset), &bytes, &found));
  if (!found) return Status::Bug(fmt::format("batch {} of {} is missing", base_offset, definition_->name));
  VELO_ASSIGN_OR_RETURN(auto rows, DecodeBatch(bytes, stored_schema_));
  return StoredSlice{base_offset, std::move(rows)};
}

Result<int64_t> TopicPartition::DropOldest(Timestamp now, int64_t excess_bytes) {
  std::lock_guard lock(mutex_);
  if (batches_.empty() || deleted_) return 0;
  const BatchInfo oldest = batches_.front();
  const int64_t keep_ms = definition_->options.retention_ms;
  const bool too_old = keep_ms >= 0 && oldest.appended < now - keep_ms * kMicrosPerMilli;
  if (!too_old && excess_bytes <= 0) return 0;
  state::WriteSet writes;
  writes.Delete(BatchKey(definition_->name, partition_, oldest.base_offset));
  writes.Delete(InfoKey(definition_->name, partition_, oldest.base_offset));
  VELO_RETURN_IF_ERROR(store_->Write(writes));
  batches_.pop_front();
  bytes_ -= oldest.bytes;
  const int64_t low = batches_.empty() ? next_offset_ : batches_.front().base_offset;
  while (!tail_.empty() && tail_.front().end_offset() <= low) {
    tail_rows_ -= tail_.front().rows->num_rows();
    tail_.pop_front();
  }
  return oldest.bytes;
}

Status TopicPartition::JoinSmallBatches() {
  std::lock_guard lock(mutex_);
  if (deleted_) return Status::OK();
  for (size_t first = 0; first < batches_.size(); ++first) {
    int64_t rows = 0;
    size_t count = 0;
    while (first + count < batches_.size() && batches_[first + count].rows < kTargetBatchRows &&
           rows < kTargetBatchRows && batches_[first + count].writer == batches_[first].writer) {
      rows += batches_[first + count].rows;
      ++count;
    }
    if (count >= kJoinAtLeast) VELO_RETURN_IF_ERROR(JoinRun(first, count));
  }
  return Status::OK();
}

Status TopicPartition::JoinRun(size_t first, size_t count) {
  arrow::RecordBatchVector parts;
  BatchInfo joined = batches_[first];
  int64_t replaced_bytes = 0;
  state::WriteSet writes;
  for (size_t i = first; i < first + count; ++i) {
    const BatchInfo& info = batches_[i];
    VELO_ASSIGN_OR_RETURN(StoredSlice slice, LoadBatch(info.base_offset));
    parts.push_back(std::move(slice.rows));
    joined.oldest = std::min(joined.oldest, info.oldest);
    joined.newest = std::max(joined.newest, info.newest);
    joined.appended = std::max(joined.appended, info.appended);
    replaced_bytes += info.bytes;
    if (i == first) continue;
    joined.rows += info.rows;
    writes.Delete(BatchKey(definition_->name, partition_, info.base_offset));
    writes.Delete(InfoKey(definition_->name, partition_, info.base_offset));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(auto rows, arrow::ConcatenateRecordBatches(parts));
  VELO_ASSIGN_OR_RETURN(std::string bytes, EncodeBatch(*rows));
  joined.bytes = static_cast<int64_t>(bytes.size());
  writes.Put(BatchKey(definition_->name, partition_, joined.base_offset), std::move(bytes));
  writes.Put(InfoKey(definition_->name, partition_, joined.base_offset), EncodeInfo(joined));
  VELO_RETURN_IF_ERROR(store_->Write(writes));
  bytes_ += joined.bytes - replaced_bytes;
  batches_[first] = joined;
  batches_.erase(batches_.begin() + first + 1, batches_.begin() + first + count);
  return Status::OK();
}

void TopicPartition::MarkDeleted() {
  {
    std::lock_guard lock(mutex_);
    deleted_ = true;
    tail_.clear();
  }
  CallListeners();
}

}  // namespace velo::topics
