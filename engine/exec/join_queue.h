#pragma once

#include <cstdint>
#include <vector>

namespace velo::exec {

/// Rows of one side of a join that have come and are to be joined in order of time. Not thread safe.
class JoinQueue {
 public:
  /// Appends a row. A lone one has no key and meets nobody.
  void Add(int64_t time, int64_t key, uint32_t row, bool is_lone) {
    is_sorted_ = is_sorted_ && (times_.empty() || time >= times_.back());
    times_.push_back(time);
    keys_.push_back(key);
    rows_.push_back(row);
    lone_.push_back(is_lone ? 1 : 0);
  }
  void Reserve(size_t more);
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
  /// Takes the first `count` rows out.
  void Drop(size_t count);
  /// Gives the rows other keys: keys[i] is that of the i-th row.
  void Rekey(const std::vector<int64_t>& keys);
  int64_t MemoryBytes() const;

 private:
  std::vector<int64_t> times_, keys_;
  std::vector<uint32_t> rows_;
  std::vector<uint8_t> lone_;
  size_t next_ = 0;  ///< Rows before it are gone.
  bool is_sorted_ = true;
};

}  // namespace velo::exec
