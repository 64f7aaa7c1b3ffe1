#pragma once

#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Sessions per group with their aggregate state. A session is a closed interval of event times; intervals no further
/// apart than the gap are one session. Every session has a slot in the states; slots are not reused, and when dead ones
/// (of merged or dropped sessions) outnumber the live ones everything is rewritten.
class SessionStore {
 public:
  struct Session {
    int64_t first = 0, last = 0;
    uint32_t slot = 0;
    bool closed = false;  ///< Given out because the watermark has passed the end.
    bool emitted = false;
    int64_t emitted_first = 0;  ///< Bounds given out last.
  };
  /// A session that went into another one after rows of it had been given out.
  struct Absorbed {
    uint32_t key = 0;
    int64_t emitted_first = 0;
    uint32_t into = 0;  ///< Slot.
  };

  /// `longest`: no row may make a session longer than this (ms between its first and last row); 0: no limit.
  SessionStore(const AggregateNode& node, int64_t gap, int64_t longest);

  Status FindKeys(const KeysAndInputs& input, std::vector<uint32_t>* key_ids);
  /// The session a time would join; null when it would start one.
  Session* Find(uint32_t key, int64_t time);
  /// Puts the interval into the sessions of `key`, merging what it bridges; returns the slot, to be passed through
  /// SlotAfterMerges.
  uint32_t Place(uint32_t key, int64_t first, int64_t last);
  uint32_t SlotAfterMerges(uint32_t slot) const;
  /// Joins the states of sessions merged since the last call. Call before the states are used.
  Status ApplyMerges(std::vector<Absorbed>* absorbed);

  AggregateColumns& states() { return states_; }
  uint32_t key_of(uint32_t slot) const { return slot_key_[slot]; }
  size_t slot_count() const { return slot_key_.size(); }
  /// REQUIRES: the slot is live.
  Session& SessionAt(uint32_t slot);
  bool IsLive(uint32_t slot) const { return live_[slot] != 0; }
  void Drop(uint32_t slot);
  /// Returns whether slot ids have changed.
  Result<bool> CompactIfWorthwhile();
  Status MergeFrom(SessionStore& other);
  std::vector<uint32_t> LiveSlots() const;
  const GroupTable& keys() const { return *keys_; }
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);
  int64_t MemoryBytes() const;

 private:
  using SessionRange = std::pair<std::vector<Session>::iterator, std::vector<Session>::iterator>;
  SessionRange Within(SessionRange candidates, int64_t first, int64_t last) const;
  uint32_t NewSlot(uint32_t key);
  Status Absorb(SessionStore& other);

  const AggregateNode& node_;
  const int64_t gap_;
  const int64_t longest_;
  std::unique_ptr<GroupTable> keys_;
  std::vector<std::vector<Session>> sessions_;  ///< Per key, by time.
  std::vector<uint32_t> slot_key_;
  std::vector<uint8_t> live_;
  std::vector<uint32_t> merged_into_;  ///< Per slot: itself, or the slot it was merged into.
  std::vector<uint32_t> merged_;       ///< Slots merged since ApplyMerges.
  std::vector<Absorbed> absorbed_;
  size_t dead_ = 0;
  AggregateColumns states_;
};

}  // namespace velo::exec
