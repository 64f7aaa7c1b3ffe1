#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace velo::exec {

/// Maps 64-bit keys to dense ids in order of first sight. Open addressing, linear probing.
class IntegerIds {
 public:
  /// Returns the id of `key`; a new key gets the id `next` and sets `is_new`.
  uint32_t FindOrInsert(int64_t key, uint32_t next, bool* is_new);
  /// UINT32_MAX when there is no such key.
  uint32_t Find(int64_t key) const;
  /// Of many keys: sets hashes[i] to what FindOrInsert needs and starts loading the places of keys in a table that does
  /// not fit into the cache.
  void Prepare(const int64_t* keys, size_t count, uint64_t* hashes) const;
  uint32_t FindOrInsert(int64_t key, uint64_t hash, uint32_t next, bool* is_new);
  /// Makes room for `keys` keys, so that the table need not grow step by step.
  void Reserve(size_t keys);
  void Clear();
  int64_t MemoryBytes() const { return static_cast<int64_t>(slots_.capacity() * sizeof(Slot)); }

 private:
  struct Slot {
    int64_t key = 0;
    uint32_t id = UINT32_MAX;
  };
  void Grow();
  void Resize(size_t capacity);

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// A byte string of at most 15 bytes with its length, as two words: equal strings have equal words.
struct ShortKey {
  static constexpr size_t kMaxLength = 15;
  /// The key of a longer string says no more than that it is long.
  static ShortKey Of(std::string_view bytes);
  bool is_long() const { return high == 0; }
  bool operator==(const ShortKey&) const = default;

  uint64_t low = 0;
  uint64_t high = 0;  ///< Length + 1 in its uppermost byte; 0: long, or no key.
};

/// Maps short byte strings to dense ids in order of first sight; keys lie in the table itself, so that finding one is
/// one access to memory and no call.
class ShortIds {
 public:
  uint32_t FindOrInsert(const ShortKey& key, uint32_t next, bool* is_new);
  uint32_t Find(const ShortKey& key) const;
  void Prefetch(const ShortKey& key) const;
  int64_t MemoryBytes() const { return static_cast<int64_t>(slots_.capacity() * sizeof(Slot)); }

 private:
  struct Slot {
    ShortKey key;
    uint32_t id = UINT32_MAX;
  };
  void Grow();

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// Maps long byte strings to dense ids in order of first sight; keeps a copy of the bytes.
class LongIds {
 public:
  uint32_t FindOrInsert(std::string_view key, uint32_t next, bool* is_new);
  uint32_t Find(std::string_view key) const;
  int64_t MemoryBytes() const;

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t id = UINT32_MAX;
  };
  void Grow();
  std::string_view KeyOf(uint32_t entry) const;

  std::vector<Slot> slots_;    ///< `id` is the position in ids_ and ends_.
  std::vector<uint32_t> ids_;  ///< Of each entry.
  std::vector<int64_t> ends_;  ///< Of each entry in bytes_.
  std::string bytes_;
};

/// Maps byte strings of any length to dense ids in order of first sight.
class BytesIds {
 public:
  uint32_t FindOrInsert(std::string_view key, uint32_t next, bool* is_new) {
    return FindOrInsert(ShortKey::Of(key), key, next, is_new);
  }
  /// With `short_key` made before, by Prepare.
  uint32_t FindOrInsert(const ShortKey& short_key, std::string_view key, uint32_t next, bool* is_new) {
    return short_key.is_long() ? long_.FindOrInsert(key, next, is_new) : short_.FindOrInsert(short_key, next, is_new);
  }
  /// Starts loading the place of `key`, for tables that do not fit into the cache.
  ShortKey Prepare(std::string_view key) const {
    const ShortKey short_key = ShortKey::Of(key);
    short_.Prefetch(short_key);
    return short_key;
  }
  /// UINT32_MAX when there is no such key.
  uint32_t Find(std::string_view key) const {
    const ShortKey short_key = ShortKey::Of(key);
    return short_key.is_long() ? long_.Find(key) : short_.Find(short_key);
  }
  int64_t MemoryBytes() const { return short_.MemoryBytes() + long_.MemoryBytes(); }

 private:
  ShortIds short_;
  LongIds long_;
};

// What follows runs once per row and is worth being inlined.

namespace hashing {

// Tables up to this many slots stay in the cache, where loading ahead costs more than it saves.
inline constexpr size_t kCachedSlots = 8192;

// Tables that stay in the cache are kept nearly empty, so that almost every key is found in its first place and the
// branch is foretold; larger ones are filled to three quarters to save memory.
inline bool IsFull(size_t used, size_t capacity) {
  return capacity <= kCachedSlots ? used * 8 >= capacity : used * 4 >= capacity * 3;
}

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashInteger(int64_t key) {
  return Mix(static_cast<uint64_t>(key) ^ 0x9E3779B97F4A7C15ULL, 0xD6E8FEB86659FD93ULL);
}

inline uint64_t HashShort(const ShortKey& key) {
  return Mix(key.low ^ 0x9E3779B97F4A7C15ULL, key.high ^ 0xD6E8FEB86659FD93ULL);
}

template <typename Word>
Word Load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

}  // namespace hashing

inline ShortKey ShortKey::Of(std::string_view bytes) {
  using hashing::Load;
  const size_t length = bytes.size();
  const char* from = bytes.data();
  ShortKey key;
  if (length > kMaxLength) return key;
  // Loads that overlap, so that nothing beyond the string is read.
  if (length >= 8) {
    key.low = Load<uint64_t>(from);
    if (length > 8) key.high = Load<uint64_t>(from + length - 8) >> (8 * (16 - length));
  } else if (length >= 4) {
    key.low = Load<uint32_t>(from) | static_cast<uint64_t>(Load<uint32_t>(from + length - 4)) << (8 * (length - 4));
  } else if (length > 0) {
    key.low = static_cast<uint64_t>(Load<uint8_t>(from)) |
              static_cast<uint64_t>(Load<uint8_t>(from + length / 2)) << (8 * (length / 2)) |
              static_cast<uint64_t>(Load<uint8_t>(from + length - 1)) << (8 * (length - 1));
  }
  key.high |= static_cast<uint64_t>(length + 1) << 56;
  return key;
}

inline uint32_t ShortIds::FindOrInsert(const ShortKey& key, uint32_t next, bool* is_new) {
  if (hashing::IsFull(used_, slots_.size())) Grow();
  const size_t mask = slots_.size() - 1;
  for (size_t at = hashing::HashShort(key) & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.key == key) {
      *is_new = false;
      return slot.id;
    }
    if (slot.key.high != 0) continue;
    slot = {key, next};
    ++used_;
    *is_new = true;
    return next;
  }
}

inline void ShortIds::Prefetch(const ShortKey& key) const {
  if (slots_.size() > hashing::kCachedSlots) __builtin_prefetch(&slots_[hashing::HashShort(key) & (slots_.size() - 1)]);
}

inline uint32_t IntegerIds::FindOrInsert(int64_t key, uint32_t next, bool* is_new) {
  return FindOrInsert(key, hashing::HashInteger(key), next, is_new);
}

inline uint32_t IntegerIds::FindOrInsert(int64_t key, uint64_t hash, uint32_t next, bool* is_new) {
  if (slots_.empty()) Grow();
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id == UINT32_MAX) {
      slot = {key, next};
      if (hashing::IsFull(++used_, slots_.size())) Grow();
      *is_new = true;
      return next;
    }
    if (slot.key == key) {
      *is_new = false;
      return slot.id;
    }
  }
}

inline void IntegerIds::Prepare(const int64_t* keys, size_t count, uint64_t* hashes) const {
  for (size_t i = 0; i < count; ++i) hashes[i] = hashing::HashInteger(keys[i]);
  if (slots_.size() <= hashing::kCachedSlots) return;
  for (size_t i = 0; i < count; ++i) __builtin_prefetch(&slots_[hashes[i] & (slots_.size() - 1)], 1);
}

}  // namespace velo::exec
