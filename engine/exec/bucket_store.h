#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Aggregate state per (stretch of time, group): the store below tumbling and sliding windows. A stretch ("bucket") is
/// a window or a pane. Each pair has a slot; slots are given out in order of first sight and never reused, so their
/// order is arrival order. Dropping a bucket leaves dead slots behind; when they outnumber the live ones everything is
/// rewritten without them, so memory follows the live state.
///
/// The pairs of a bucket can be looked up only once rows come back to it: where rows come in order of time, most
/// buckets are filled in one go, and whoever fills them knows which groups are new.
class BucketStore {
 public:
  struct Bucket {
    uint32_t number = 0;          ///< Unique for ever; part of the lookup key.
    bool closed = false;          ///< Its rows have been given out.
    std::vector<uint32_t> slots;  ///< In order of first sight.
    size_t known = 0;             ///< How many of them, from the front, can be looked up already.
  };

  /// `takes_back`: rows may leave their slot again, so the rows in every slot are counted.
  BucketStore(const AggregateNode& node, bool takes_back);

  /// Gives every row its group key id.
  Status FindKeys(const KeysAndInputs& input, std::vector<uint32_t>* key_ids);
  /// `is_new` (may be null): whether there was none yet.
  Bucket& BucketAt(int64_t start, bool* is_new = nullptr);
  /// The slot of a group, which is given one when it has none yet.
  uint32_t SlotOf(Bucket& bucket, int64_t start, uint32_t key_id);
  /// REQUIRES: the group has no slot in this bucket.
  uint32_t AddSlot(Bucket& bucket, int64_t start, uint32_t key_id);
  /// After new slots: makes room in the states.
  void Grow() {
    states_.Resize(static_cast<int64_t>(slot_key_.size()));
    GrowMembers();
  }

  std::map<int64_t, Bucket>& buckets() { return buckets_; }
  const std::map<int64_t, Bucket>& buckets() const { return buckets_; }
  AggregateColumns& states() { return states_; }
  const AggregateColumns& states() const { return states_; }
  uint32_t key_of(uint32_t slot) const { return slot_key_[slot]; }
  int64_t start_of(uint32_t slot) const { return slot_start_[slot]; }
  size_t slot_count() const { return slot_key_.size(); }
  size_t key_count() const { return keys_->size(); }
  bool emitted(uint32_t slot) const { return emitted_[slot] != 0; }
  void set_emitted(uint32_t slot) { emitted_[slot] = 1; }
  /// Only with `takes_back`.
  int64_t members(uint32_t slot) const { return members_[slot]; }
  void AddMember(uint32_t slot, int64_t count) { members_[slot] += count; }
  /// The slot has no rows any more: as if it had never been given out.
  void Empty(uint32_t slot) {
    states_.Reset({&slot, 1});
    emitted_[slot] = 0;
  }
  Result<std::shared_ptr<arrow::Array>> Keys(size_t column, std::span<const uint32_t> key_ids) const {
    return keys_->Keys(column, key_ids);
  }

  std::map<int64_t, Bucket>::iterator Drop(std::map<int64_t, Bucket>::iterator bucket);
  /// Rewrites the state without dead slots when that pays. Slot and key ids change.
  Status CompactIfWorthwhile();
  /// Adds the state of `other`, which is later in input order and empty afterwards. `pool` (may be null) helps.
  Status MergeFrom(BucketStore& other, WorkerPool* pool);
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);
  int64_t MemoryBytes() const;

 private:
  void GrowMembers() {
    if (takes_back_) members_.resize(slot_key_.size(), 0);
  }
  Status Absorb(const BucketStore& other, WorkerPool* pool);
  void MapToSlots(const BucketStore& other, std::span<const uint32_t> slots, std::vector<uint32_t>* map);

  const AggregateNode& node_;
  const bool takes_back_;
  std::unique_ptr<GroupTable> keys_;
  std::map<int64_t, Bucket> buckets_;
  uint32_t next_bucket_ = 0;
  IntegerIds slots_;  ///< (bucket number << 32 | key id) to slot.
  std::vector<uint32_t> slot_key_;
  std::vector<int64_t> slot_start_;
  std::vector<uint8_t> emitted_;
  std::vector<int64_t> members_;
  size_t dead_ = 0;
  AggregateColumns states_;
};

}  // namespace velo::exec
