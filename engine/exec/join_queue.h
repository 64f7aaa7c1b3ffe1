#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace velo::exec {

/// Rows of one side of a join that have come and are to be joined in order of time. Not thread safe.
class JoinQueue {
 public:
  /// Appends rows; the i-th has times[i], keys[i] and the number first_row + i. Where is_lone[i] is not 0 it has no key
  /// and meets nobody. All have the same length.
  void Add(std::span<const int64_t> times, std::span<const int64_t> keys, uint32_t first_row,
           std::span<const uint8_t> is_lone);
  /// Puts the rows in order of time, those of equal time in order of arrival. To be called before rows are taken.
  void Sort();
  /// How many rows have a time below `limit`. REQUIRES: sorted.
  size_t CountBelow(int64_t limit) const;

  size_t size() const { return times_.size() - next_; }
  bool empty() const { return next_ == times_.size(); }
  /// The i-th row still there.
  int64_t time(size_t i) const { return times_[next_ + i]; }
  int64_t key(size_t i) const { return keys_[next_ + i]; }
  uint32_t row(size_t i) const { return rows_[next_ + i]; }
  bool is_lone(size_t i) const { return lone_[next_ + i] != 0; }
  /// The first `count` rows still there.
  std::span<const int64_t> times(size_t count) const { return std::span(times_).subspan(next_, count); }
  std::span<const int64_t> keys(size_t count) const { return std::span(keys_).subspan(next_, count); }
  std::span<const uint32_t> rows(size_t count) const { return std::span(rows_).subspan(next_, count); }
  std::span<const uint8_t> lone(size_t count) const { return std::span(lone_).subspan(next_, count); }
  /// Takes the first `count` rows out.
  void Drop(size_t count);
  /// Gives the rows other keys: keys[i] is that of the i-th row.
  void Rekey(std::span<const uint32_t> keys);
  int64_t MemoryBytes() const;

 private:
  std::vector<int64_t> times_, keys_;
  std::vector<uint32_t> rows_;
  std::vector<uint8_t> lone_;
  size_t next_ = 0;  ///< Rows before it are gone.
  bool is_sorted_ = true;
};

}  // namespace velo::exec
