#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace velo::exec {

/// Rows of one side of a join in order of time, the rows of a key chained from the newest back. Rows come in at the new
/// end and leave at the old one; both cost no allocation once the log is large enough. Keys are 64 bits: equal keys
/// have equal bits. Not thread safe.
class JoinLog {
 public:
  uint32_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  /// The i-th row, from the oldest on.
  uint32_t row(uint32_t i) const { return entries_[(begin_ + i) & mask_].row; }

  /// Appends rows[i] with keys[i] at times[i]. REQUIRES: times do not go down, and no entry is newer than the first.
  void Append(std::span<const int64_t> times, std::span<const int64_t> keys, std::span<const uint32_t> rows);
  /// Appends a row that meets nobody.
  void AppendLone(int64_t time, uint32_t row);
  /// Forgets the rows whose time is below `time` and appends them to `rows`, oldest first.
  void DropBelow(int64_t time, std::vector<uint32_t>* rows);
  void DropAll(std::vector<uint32_t>* rows);

  /// Writes the positions of those keys to `found` that may have rows here (all that have, and few others) and returns
  /// their number. There is room for all.
  size_t FindLikely(std::span<const int64_t> keys, uint32_t* found) const;

  /// Calls visit(row) for the rows of `key` whose time is from `earliest` to `latest`, newest first, until it returns
  /// false.
  template <typename Visit>
  void VisitKey(int64_t key, int64_t earliest, int64_t latest, Visit visit) const {
    if (empty()) return;
    for (uint32_t at = heads_[Place(key)]; IsHeld(at); at = entries_[at & mask_].older) {
      const Entry& entry = entries_[at & mask_];
      if (entry.time < earliest) return;
      if (entry.key == key && entry.time <= latest && !visit(entry.row)) return;
    }
  }

  /// Gives the entries other keys: keys[i] is that of the i-th entry.
  void Rekey(std::span<const uint32_t> keys);
  void Clear() { *this = JoinLog(); }
  int64_t MemoryBytes() const {
    return static_cast<int64_t>(entries_.capacity() * sizeof(Entry) + heads_.capacity() * sizeof(uint32_t));
  }

 private:
  struct Entry {
    int64_t time = 0;
    int64_t key = 0;
    uint32_t row = 0;
    uint32_t older = 0;  ///< Position of the next older entry of the chain; its own: it meets nobody.
  };
  // Row numbers run out and the log is cleared long before positions wrap around, so what a chain leads to beyond the
  // oldest entry is held no more.
  bool IsHeld(uint32_t position) const { return position - begin_ < end_ - begin_; }
  size_t Place(int64_t key) const { return (static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ULL) >> shift_; }
  void Link(uint32_t position, Entry* entry) {
    uint32_t& head = heads_[Place(entry->key)];
    entry->older = head;
    head = position;
  }
  void Relink();
  void DropUpTo(uint32_t end, std::vector<uint32_t>* rows);
  size_t FetchAhead() const;
  void MakeRoom(size_t rows);

  std::vector<Entry> entries_;   ///< Entry at position p: p & mask_.
  std::vector<uint32_t> heads_;  ///< Position of the newest entry of each chain.
  uint32_t mask_ = 0;
  uint32_t shift_ = 0;
  uint32_t begin_ = 0, end_ = 0;
};

}  // namespace velo::exec
