#include "engine/exec/bucket_store.h"

#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFewDeadSlots = 1024;

int64_t LookupKey(const BucketStore::Bucket& bucket, uint32_t key_id) {
  return static_cast<int64_t>(static_cast<uint64_t>(bucket.number) << 32 | key_id);
}

}  // namespace

BucketStore::BucketStore(const AggregateNode& node, bool takes_back)
    : node_(node),
      takes_back_(takes_back),
      keys_(std::make_unique<GroupTable>(KeyTypes(node.keys))),
      states_(node.aggregates, takes_back) {}

Status BucketStore::FindKeys(const KeysAndInputs& input, std::vector<uint32_t>* key_ids) {
  key_ids->resize(static_cast<size_t>(input.inputs.rows));
  return keys_->FindOrInsert(input.keys, input.inputs.rows, key_ids->data());
}

BucketStore::Bucket& BucketStore::BucketAt(int64_t start, bool* is_new) {
  const auto [at, was_none] = buckets_.try_emplace(start);
  if (was_none) at->second.number = next_bucket_++;
  if (is_new != nullptr) *is_new = was_none;
  return at->second;
}

uint32_t BucketStore::SlotOf(Bucket& bucket, int64_t start, uint32_t key_id) {
  const auto next = static_cast<uint32_t>(slot_key_.size());
  bool is_new = false;
  for (; bucket.known < bucket.slots.size(); ++bucket.known) {
    const uint32_t slot = bucket.slots[bucket.known];
    slots_.FindOrInsert(LookupKey(bucket, slot_key_[slot]), slot, &is_new);
  }
  const uint32_t slot = slots_.FindOrInsert(LookupKey(bucket, key_id), next, &is_new);
  if (is_new) {
    AddSlot(bucket, start, key_id);
    ++bucket.known;
  }
  return slot;
}

uint32_t BucketStore::AddSlot(Bucket& bucket, int64_t start, uint32_t key_id) {
  const auto slot = static_cast<uint32_t>(slot_key_.size());
  slot_key_.push_back(key_id);
  slot_start_.push_back(start);
  emitted_.push_back(0);
  bucket.slots.push_back(slot);
  return slot;
}

std::map<int64_t, BucketStore::Bucket>::iterator BucketStore::Drop(std::map<int64_t, Bucket>::iterator bucket) {
  dead_ += bucket->second.slots.size();
  return buckets_.erase(bucket);
}

Status BucketStore::CompactIfWorthwhile() {
  if (dead_ < kFewDeadSlots || dead_ * 2 < slot_key_.size()) return Status::OK();
  BucketStore fresh(node_, takes_back_);
  VELO_RETURN_IF_ERROR(fresh.Absorb(*this, /*pool=*/nullptr));
  keys_ = std::move(fresh.keys_);
  buckets_ = std::move(fresh.buckets_);
  next_bucket_ = fresh.next_bucket_;
  slots_ = std::move(fresh.slots_);
  slot_key_ = std::move(fresh.slot_key_);
  slot_start_ = std::move(fresh.slot_start_);
  emitted_ = std::move(fresh.emitted_);
  members_ = std::move(fresh.members_);
  states_ = std::move(fresh.states_);
  dead_ = 0;
  return Status::OK();
}

Status BucketStore::MergeFrom(BucketStore& other, WorkerPool* pool) {
  VELO_RETURN_IF_ERROR(Absorb(other, pool));
  other.buckets_.clear();
  return Status::OK();
}

// Adds the live slots of `other`, in their order.
Status BucketStore::Absorb(const BucketStore& other, WorkerPool* pool) {
  std::vector<uint8_t> live(other.slot_key_.size(), 0);
  for (const auto& [start, bucket] : other.buckets_) {
    for (uint32_t slot : bucket.slots) live[slot] = 1;
  }
  // Its keys get their ids here in the order of their first live slot.
  constexpr uint32_t kUnused = UINT32_MAX;
  std::vector<uint32_t> slots, key_ids, place_of(other.keys_->size(), kUnused);
  for (uint32_t slot = 0; slot < live.size(); ++slot) {
    if (live[slot] == 0) continue;
    slots.push_back(slot);
    uint32_t& place = place_of[other.slot_key_[slot]];
    if (place != kUnused) continue;
    place = static_cast<uint32_t>(key_ids.size());
    key_ids.push_back(other.slot_key_[slot]);
  }
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t key = 0; key < node_.keys.size(); ++key) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, other.Keys(key, key_ids));
    keys.push_back(std::move(column));
  }
  std::vector<uint32_t> here(key_ids.size());
  if (!key_ids.empty()) {
    VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys, static_cast<int64_t>(key_ids.size()), here.data()));
  }
  std::vector<uint32_t> map(other.slot_key_.size(), UINT32_MAX);
  for (const uint32_t slot : slots) map[slot] = here[place_of[other.slot_key_[slot]]];
  MapToSlots(other, slots, &map);
  for (const uint32_t slot : slots) emitted_[map[slot]] |= other.emitted_[slot];
  for (const auto& [start, bucket] : other.buckets_) BucketAt(start).closed |= bucket.closed;
  GrowMembers();
  for (size_t i = 0; takes_back_ && i < slots.size(); ++i) members_[map[slots[i]]] += other.members_[slots[i]];
  return states_.ResizeAndMerge(static_cast<int64_t>(slot_key_.size()), other.states_, map, pool);
}

// Replaces the key ids that `map` has for slots of `other` by slots of this store.
void BucketStore::MapToSlots(const BucketStore& other, std::span<const uint32_t> slots, std::vector<uint32_t>* map) {
  const auto first_new = next_bucket_;
  Bucket* bucket = nullptr;
  int64_t start = 0;
  for (const uint32_t slot : slots) {
    if (bucket == nullptr || start != other.slot_start_[slot]) {
      start = other.slot_start_[slot];
      bucket = &BucketAt(start);
    }
    // The slots of a bucket differ in their groups.
    uint32_t& mapped = (*map)[slot];
    mapped = bucket->number >= first_new ? AddSlot(*bucket, start, mapped) : SlotOf(*bucket, start, mapped);
  }
}

Status BucketStore::Save(std::string* out) const {
  std::vector<uint32_t> all(keys_->size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  PutInteger(keys_->size(), out);
  VELO_RETURN_IF_ERROR(PutKeys(*keys_, all, out));
  PutInteger(next_bucket_, out);
  PutInteger(static_cast<int64_t>(buckets_.size()), out);
  for (const auto& [start, bucket] : buckets_) {
    PutInteger(start, out);
    PutInteger(bucket.number, out);
    PutInteger(bucket.closed ? 1 : 0, out);
    PutIntegers(bucket.slots, out);
  }
  PutIntegers(slot_key_, out);
  PutText({reinterpret_cast<const char*>(slot_start_.data()), slot_start_.size() * sizeof(int64_t)}, out);
  PutText({reinterpret_cast<const char*>(emitted_.data()), emitted_.size()}, out);
  PutText({reinterpret_cast<const char*>(members_.data()), members_.size() * sizeof(int64_t)}, out);
  PutInteger(static_cast<int64_t>(dead_), out);
  states_.Save(out);
  return Status::OK();
}

Status BucketStore::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t key_count, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
  std::vector<uint32_t> ids(static_cast<size_t>(key_count));
  if (key_count > 0) VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys->columns(), key_count, ids.data()));
  VELO_ASSIGN_OR_RETURN(const int64_t next_bucket, TakeInteger(in));
  next_bucket_ = static_cast<uint32_t>(next_bucket);
  VELO_ASSIGN_OR_RETURN(const int64_t bucket_count, TakeInteger(in));
  for (int64_t i = 0; i < bucket_count; ++i) {
    VELO_ASSIGN_OR_RETURN(const int64_t start, TakeInteger(in));
    Bucket& bucket = buckets_[start];
    VELO_ASSIGN_OR_RETURN(const int64_t number, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t closed, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(bucket.slots, TakeIntegers(in));
    bucket.number = static_cast<uint32_t>(number);
    bucket.closed = closed != 0;
  }
  VELO_ASSIGN_OR_RETURN(slot_key_, TakeIntegers(in));
  VELO_ASSIGN_OR_RETURN(const std::string_view starts, TakeText(in));
  slot_start_.resize(slot_key_.size());
  const size_t start_bytes = std::min(starts.size(), slot_key_.size() * sizeof(int64_t));
  if (start_bytes > 0) std::memcpy(slot_start_.data(), starts.data(), start_bytes);
  VELO_ASSIGN_OR_RETURN(const std::string_view emitted, TakeText(in));
  emitted_.assign(emitted.begin(), emitted.end());
  VELO_ASSIGN_OR_RETURN(const std::string_view members, TakeText(in));
  members_.resize(members.size() / sizeof(int64_t));
  if (!members_.empty()) std::memcpy(members_.data(), members.data(), members.size());
  VELO_ASSIGN_OR_RETURN(const int64_t dead, TakeInteger(in));
  dead_ = static_cast<size_t>(dead);
  Grow();
  return states_.Load(in);
}

int64_t BucketStore::MemoryBytes() const {
  return keys_->MemoryBytes() + slots_.MemoryBytes() + states_.MemoryBytes() +
         static_cast<int64_t>(slot_key_.capacity() * (2 * sizeof(uint32_t) + sizeof(int64_t) + 1) +
                              buckets_.size() * (sizeof(Bucket) + 64));
}

}  // namespace velo::exec
