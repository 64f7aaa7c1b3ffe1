#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace velo::exec {

/// Sets of 64-bit integers, one per group, that know how many values each holds. One hash table for all groups maps
/// (group, value / 64) to the 64 bits of that block: values that lie close together share a slot, so a dense set costs
/// bits, and a sparse one no more than a plain table. Not thread safe.
class ValueBlocks {
 public:
  /// Makes room for groups 0..groups-1.
  void Resize(int64_t groups);
  /// Puts values[i] into the set of groups[i].
  void Add(std::span<const int64_t> values, std::span<const uint32_t> groups);
  /// The same, and appends to `added` the places i whose value was not in its set before.
  void Add(std::span<const int64_t> values, std::span<const uint32_t> groups, std::vector<uint32_t>* added);
  /// Adds the values of `other`: its group i goes into group map[i]; UINT32_MAX skips it.
  void Merge(const ValueBlocks& other, std::span<const uint32_t> map);
  /// Empties the set of a group; its slots are let go when the table is rewritten next.
  void Reset(uint32_t group);
  int64_t count(uint32_t group) const { return sets_[group].count; }
  size_t groups() const { return sets_.size(); }
  /// How many values all sets hold together.
  int64_t total() const { return total_; }
  /// Calls visit(group, value) for every value, in no order that means anything.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.bits == 0 || group_of_[slot.set] == kGone) continue;
      for (uint64_t bits = slot.bits; bits != 0; bits &= bits - 1) {
        visit(group_of_[slot.set], slot.block * 64 + __builtin_ctzll(bits));
      }
    }
  }
  int64_t MemoryBytes() const;
  void Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  struct Slot {
    int64_t block = 0;
    uint64_t bits = 0;  ///< 0: the slot is free.
    uint32_t set = 0;
  };
  struct Set {
    uint32_t number = 0;  ///< A new one after every Reset, so that slots of the old set belong to nobody.
    int64_t count = 0;
  };
  static constexpr uint32_t kGone = UINT32_MAX;

  template <typename OnNew>
  void AddEach(std::span<const int64_t> values, std::span<const uint32_t> groups, OnNew on_new);
  static uint64_t Hash(uint32_t set, int64_t block);
  Slot& Find(uint32_t set, int64_t block, uint64_t hash);
  Slot& FindOrInsert(uint32_t set, int64_t block, uint64_t hash);
  /// Adds a block of values to a set.
  void Unite(Set* set, int64_t block, uint64_t bits);
  /// Rewrites the table with room for `more` further slots when it lacks it.
  void Reserve(size_t more);
  void Rewrite(size_t capacity);

  std::vector<Slot> slots_;  ///< Open addressing, linear probing; a power of two.
  size_t used_ = 0;
  size_t dead_ = 0;  ///< An upper bound of the used slots of sets that are gone.
  int64_t total_ = 0;
  std::vector<Set> sets_;           ///< Per group.
  std::vector<uint32_t> group_of_;  ///< Of each set number; kGone after Reset.
};

}  // namespace velo::exec
