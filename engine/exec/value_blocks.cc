#include "engine/exec/value_blocks.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFirstCapacity = 64;
// Slots asked for in one go, so that their cache misses overlap.
constexpr size_t kProbesAhead = 64;

}  // namespace

uint64_t ValueBlocks::Hash(uint32_t set, int64_t block) {
  const uint64_t key = static_cast<uint64_t>(block) ^ (static_cast<uint64_t>(set) * 0x9E3779B97F4A7C15ULL);
  const unsigned __int128 product = static_cast<unsigned __int128>(key ^ 0x2545F4914F6CDD1DULL) * 0xD6E8FEB86659FD93ULL;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

void ValueBlocks::Resize(int64_t groups) {
  const auto wanted = static_cast<size_t>(groups);
  while (sets_.size() < wanted) {
    group_of_.push_back(static_cast<uint32_t>(sets_.size()));
    sets_.push_back({static_cast<uint32_t>(group_of_.size() - 1), 0});
  }
}

ValueBlocks::Slot& ValueBlocks::Find(uint32_t set, int64_t block, uint64_t hash) {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].bits != 0 && (slots_[at].block != block || slots_[at].set != set)) at = (at + 1) & mask;
  return slots_[at];
}

ValueBlocks::Slot& ValueBlocks::FindOrInsert(uint32_t set, int64_t block, uint64_t hash) {
  Slot& slot = Find(set, block, hash);
  if (slot.bits == 0) {
    slot.block = block;
    slot.set = set;
    ++used_;
  }
  return slot;
}

template <typename OnNew>
void ValueBlocks::AddEach(std::span<const int64_t> values, std::span<const uint32_t> groups, OnNew on_new) {
  std::array<uint64_t, kProbesAhead> hashes;
  for (size_t from = 0; from < values.size(); from += kProbesAhead) {
    const size_t count = std::min(kProbesAhead, values.size() - from);
    Reserve(count);
    const size_t mask = slots_.size() - 1;
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = Hash(sets_[groups[from + i]].number, values[from + i] >> 6);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (size_t i = 0; i < count; ++i) {
      const int64_t value = values[from + i];
      Set& set = sets_[groups[from + i]];
      Slot& slot = FindOrInsert(set.number, value >> 6, hashes[i]);
      const auto is_new = static_cast<int64_t>(~slot.bits >> (value & 63) & 1);
      set.count += is_new;
      total_ += is_new;
      slot.bits |= 1ULL << (value & 63);
      on_new(from + i, is_new != 0);
    }
  }
}

void ValueBlocks::Add(std::span<const int64_t> values, std::span<const uint32_t> groups) {
  AddEach(values, groups, [](size_t, bool) {});
}

void ValueBlocks::Add(std::span<const int64_t> values, std::span<const uint32_t> groups, std::vector<uint32_t>* added) {
  AddEach(values, groups, [added](size_t place, bool is_new) {
    if (is_new) added->push_back(static_cast<uint32_t>(place));
  });
}

void ValueBlocks::Unite(Set* set, int64_t block, uint64_t bits) {
  Slot& slot = FindOrInsert(set->number, block, Hash(set->number, block));
  const int64_t more = std::popcount(bits & ~slot.bits);
  set->count += more;
  total_ += more;
  slot.bits |= bits;
}

void ValueBlocks::Merge(const ValueBlocks& other, std::span<const uint32_t> map) {
  // The slots of the other table come in the order of their hashes: in a smaller table they would pile up.
  if (slots_.size() < other.slots_.size()) Rewrite(other.slots_.size());
  for (const Slot& slot : other.slots_) {
    const uint32_t theirs = slot.bits == 0 ? kGone : other.group_of_[slot.set];
    if (theirs == kGone || theirs >= map.size() || map[theirs] == UINT32_MAX) continue;
    Reserve(1);
    Unite(&sets_[map[theirs]], slot.block, slot.bits);
  }
}

void ValueBlocks::Reset(uint32_t group) {
  Set& set = sets_[group];
  if (set.count == 0) return;
  dead_ += static_cast<size_t>(set.count);
  total_ -= set.count;
  group_of_[set.number] = kGone;
  set = {static_cast<uint32_t>(group_of_.size()), 0};
  group_of_.push_back(group);
}

void ValueBlocks::Reserve(size_t more) {
  const auto is_full = [&](size_t capacity) { return (used_ + more) * 5 > capacity * 3; };
  if (!is_full(slots_.size())) return;
  // Where many slots belong to nobody, rewriting alone makes room.
  const bool grows = slots_.empty() || dead_ * 2 < used_;
  Rewrite(std::max(kFirstCapacity, slots_.size() * (grows ? 2 : 1)));
  size_t capacity = slots_.size();
  while (is_full(capacity)) capacity *= 2;
  if (capacity > slots_.size()) Rewrite(capacity);
}

void ValueBlocks::Rewrite(size_t capacity) {
  // Sets are numbered by group again, so numbers do not run out.
  std::vector<uint32_t> renamed(group_of_.size(), kGone);
  for (uint32_t group = 0; group < sets_.size(); ++group) renamed[sets_[group].number] = group;
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(capacity));
  used_ = 0;
  dead_ = 0;
  for (const Slot& slot : old) {
    if (slot.bits == 0 || renamed[slot.set] == kGone) continue;
    Slot& target = Find(renamed[slot.set], slot.block, Hash(renamed[slot.set], slot.block));
    target = {slot.block, slot.bits, renamed[slot.set]};
    ++used_;
  }
  group_of_.resize(sets_.size());
  for (uint32_t group = 0; group < sets_.size(); ++group) {
    sets_[group].number = group;
    group_of_[group] = group;
  }
}

int64_t ValueBlocks::MemoryBytes() const {
  return static_cast<int64_t>(slots_.capacity() * sizeof(Slot) + sets_.capacity() * sizeof(Set) +
                              group_of_.capacity() * sizeof(uint32_t));
}

void ValueBlocks::Save(std::string* out) const {
  std::vector<uint32_t> groups;
  std::vector<uint64_t> words;
  for (const Slot& slot : slots_) {
    if (slot.bits == 0 || group_of_[slot.set] == kGone) continue;
    groups.push_back(group_of_[slot.set]);
    words.push_back(static_cast<uint64_t>(slot.block));
    words.push_back(slot.bits);
  }
  PutInteger(static_cast<int64_t>(sets_.size()), out);
  PutIntegers(groups, out);
  PutText({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint64_t)}, out);
}

Status ValueBlocks::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> groups, TakeIntegers(in));
  VELO_ASSIGN_OR_RETURN(const std::string_view words, TakeText(in));
  if (words.size() != groups.size() * 2 * sizeof(uint64_t)) {
    return Status::World("STATE_DAMAGED", "the saved sets of values are cut off");
  }
  *this = ValueBlocks();
  Resize(size);
  Reserve(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    uint64_t word[2];
    std::memcpy(word, words.data() + i * sizeof(word), sizeof(word));
    if (groups[i] >= sets_.size()) return Status::World("STATE_DAMAGED", "a saved set of values has no group");
    Unite(&sets_[groups[i]], static_cast<int64_t>(word[0]), word[1]);
  }
  return Status::OK();
}

}  // namespace velo::exec
