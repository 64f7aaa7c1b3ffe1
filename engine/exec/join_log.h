#pragma once

#include <cstdint>
#include <vector>

namespace velo::exec {

/// Rows of one side of a join in order of time, the rows of a key chained from the newest back. Rows come in at the new
/// end and leave at the old one; both cost no allocation once the log is large enough. Keys are 64 bits: equal keys
/// have equal bits. Not thread safe.
class JoinLog {
 public:
  struct Entry {
    int64_t time = 0;
    int64_t key = 0;
    uint32_t row = 0;
    uint32_t older = 0;    ///< Position of the next older entry of the chain.
    bool is_lone = false;  ///< It has no key and meets nobody.
  };

  uint32_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  const Entry& oldest() const { return entries_[begin_ & mask_]; }
  /// The i-th entry, from the oldest on.
  const Entry& at(uint32_t i) const { return entries_[(begin_ + i) & mask_]; }

  /// Appends a row. REQUIRES: no entry is newer than `time`.
  void Append(int64_t time, int64_t key, uint32_t row) {
    if (size() == entries_.size()) Grow();
    Link(end_, {time, key, row, 0, false});
    ++end_;
  }
  /// Appends a row that meets nobody.
  void AppendLone(int64_t time, uint32_t row) {
    if (size() == entries_.size()) Grow();
    entries_[end_++ & mask_] = {time, 0, row, 0, true};
  }
  void DropOldest() { ++begin_; }

  /// Calls visit(row) for the rows of `key` whose time is at least `earliest`, newest first, until it returns false.
  template <typename Visit>
  void VisitKey(int64_t key, int64_t earliest, Visit visit) const {
    if (empty()) return;
    for (uint32_t at = heads_[Place(key)]; IsHeld(at); at = entries_[at & mask_].older) {
      const Entry& entry = entries_[at & mask_];
      if (entry.time < earliest) return;
      if (entry.key == key && !visit(entry.row)) return;
    }
  }

  /// Gives the entries other keys: keys[i] is that of the i-th entry.
  void Rekey(const std::vector<int64_t>& keys);
  void Clear() { *this = JoinLog(); }
  int64_t MemoryBytes() const {
    return static_cast<int64_t>(entries_.capacity() * sizeof(Entry) + heads_.capacity() * sizeof(uint32_t));
  }

 private:
  // Positions wrap around. A chain can lead to one that was given anew since; what is there has another key.
  bool IsHeld(uint32_t position) const { return position - begin_ < end_ - begin_; }
  size_t Place(int64_t key) const { return (static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ULL) >> shift_; }
  void Link(uint32_t position, Entry entry) {
    uint32_t& head = heads_[Place(entry.key)];
    entry.older = head;
    head = position;
    entries_[position & mask_] = entry;
  }
  void Relink();
  void Grow();

  std::vector<Entry> entries_;   ///< Entry at position p: p & mask_.
  std::vector<uint32_t> heads_;  ///< Position of the newest entry of each chain; as many as entries.
  uint32_t mask_ = 0;
  uint32_t shift_ = 0;
  uint32_t begin_ = 0, end_ = 0;
};

}  // namespace velo::exec
