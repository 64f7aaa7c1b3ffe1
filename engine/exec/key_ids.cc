#include "engine/exec/key_ids.h"

#include <algorithm>
#include <utility>

namespace velo::exec {

using hashing::HashInteger;
using hashing::HashShort;
using hashing::Load;
using hashing::Mix;

namespace {

constexpr size_t kFirstCapacity = 64;

uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0x2545F4914F6CDD1DULL ^ bytes.size();
  const char* at = bytes.data();
  size_t left = bytes.size();
  while (left >= 8) {
    hash = Mix(hash ^ Load<uint64_t>(at), 0x9E3779B97F4A7C15ULL);
    at += 8;
    left -= 8;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, at, left);
  return Mix(hash ^ tail, 0xD6E8FEB86659FD93ULL);
}

// Gives a table more slots; `is_free(slot)` and `hash_of(slot)` say what its slots hold.
template <typename Slot, typename IsFree, typename HashOf>
void Rehash(std::vector<Slot>* slots, size_t capacity, IsFree is_free, HashOf hash_of) {
  const std::vector<Slot> old = std::exchange(*slots, std::vector<Slot>(capacity));
  const size_t mask = slots->size() - 1;
  for (const Slot& slot : old) {
    if (is_free(slot)) continue;
    size_t at = hash_of(slot) & mask;
    while (!is_free((*slots)[at])) at = (at + 1) & mask;
    (*slots)[at] = slot;
  }
}

template <typename Slot, typename IsFree, typename HashOf>
void Double(std::vector<Slot>* slots, IsFree is_free, HashOf hash_of) {
  Rehash(slots, std::max(kFirstCapacity, slots->size() * 2), is_free, hash_of);
}

}  // namespace

uint32_t IntegerIds::Find(int64_t key) const {
  if (slots_.empty()) return UINT32_MAX;
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashInteger(key) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX || slot.key == key) return slot.id;
  }
}

void IntegerIds::Clear() {
  slots_.clear();
  used_ = 0;
}

void IntegerIds::Grow() { Resize(std::max(kFirstCapacity, slots_.size() * 2)); }

void IntegerIds::Reserve(size_t keys) {
  size_t capacity = std::max(kFirstCapacity, slots_.size());
  while (hashing::IsFull(keys, capacity)) capacity *= 2;
  if (capacity > slots_.size()) Resize(capacity);
}

void IntegerIds::Resize(size_t capacity) {
  Rehash(
      &slots_, capacity, [](const Slot& slot) { return slot.id == UINT32_MAX; },
      [](const Slot& slot) { return HashInteger(slot.key); });
}

uint32_t ShortIds::Find(const ShortKey& key) const {
  if (slots_.empty()) return UINT32_MAX;
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashShort(key) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.key == key || slot.key.high == 0) return slot.id;
  }
}

void ShortIds::Grow() {
  Double(
      &slots_, [](const Slot& slot) { return slot.key.high == 0; },
      [](const Slot& slot) { return HashShort(slot.key); });
}

std::string_view LongIds::KeyOf(uint32_t entry) const {
  const int64_t from = entry == 0 ? 0 : ends_[entry - 1];
  return std::string_view(bytes_).substr(static_cast<size_t>(from), static_cast<size_t>(ends_[entry] - from));
}

uint32_t LongIds::FindOrInsert(std::string_view key, uint32_t next, bool* is_new) {
  if (ids_.size() * 2 >= slots_.size()) Grow();
  const auto hash = static_cast<uint32_t>(HashBytes(key) >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) {
      slot = {hash, static_cast<uint32_t>(ids_.size())};
      ids_.push_back(next);
      bytes_ += key;
      ends_.push_back(static_cast<int64_t>(bytes_.size()));
      *is_new = true;
      return next;
    }
    if (slot.hash == hash && KeyOf(slot.id) == key) {
      *is_new = false;
      return ids_[slot.id];
    }
  }
}

uint32_t LongIds::Find(std::string_view key) const {
  if (slots_.empty()) return UINT32_MAX;
  const auto hash = static_cast<uint32_t>(HashBytes(key) >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) return UINT32_MAX;
    if (slot.hash == hash && KeyOf(slot.id) == key) return ids_[slot.id];
  }
}

void LongIds::Grow() {
  Double(
      &slots_, [](const Slot& slot) { return slot.id == UINT32_MAX; }, [](const Slot& slot) { return slot.hash; });
}

int64_t LongIds::MemoryBytes() const {
  return static_cast<int64_t>(slots_.capacity() * sizeof(Slot) + ids_.capacity() * sizeof(uint32_t) +
                              ends_.capacity() * sizeof(int64_t) + bytes_.capacity());
}

}  // namespace velo::exec
