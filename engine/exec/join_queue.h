#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace velo::exec {

/// Rows of one side of a join that have come and are to be joined in order of time. Batches that come in order stay in
/// the memory they came in; others are put into order together. Not thread safe.
class JoinQueue {
 public:
  /// The rows of one batch, or several put into order.
  struct Rows {
    std::span<const int64_t> times, keys;
    std::shared_ptr<const void> times_owner, keys_owner;  ///< What they lie in.
    std::vector<uint8_t> lone;      ///< 1: the row has no key and meets nobody. Empty: there is none.
    uint32_t first_number = 0;      ///< The number of the first row; the others follow it ...
    std::vector<uint32_t> numbers;  ///< ... unless they are here.
  };
  void Add(Rows rows);
  /// Puts the rows in order of time, those of equal time in order of arrival. To be called before rows are taken.
  void Sort();
  /// How many rows have a time below `limit`. REQUIRES: sorted.
  size_t CountBelow(int64_t limit) const;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The rows at the front that lie together, 0 when there are none. All below speaks of these.
  size_t together() const { return empty() ? 0 : pieces_.front().rows.times.size() - pieces_.front().next; }
  int64_t time(size_t i) const { return pieces_.front().rows.times[pieces_.front().next + i]; }
  int64_t key(size_t i) const { return pieces_.front().rows.keys[pieces_.front().next + i]; }
  uint32_t row(size_t i) const { return pieces_.front().NumberOf(pieces_.front().next + i); }
  bool is_lone(size_t i) const { return pieces_.front().IsLone(pieces_.front().next + i); }
  bool has_lone(size_t count) const;
  /// Of the first `count`.
  std::span<const int64_t> times(size_t count) const;
  std::span<const int64_t> keys(size_t count) const;
  /// Valid until the next call.
  std::span<const uint32_t> rows(size_t count) const;

  /// Takes the first `count` rows out, however they lie.
  void Drop(size_t count);
  /// The numbers of all rows, in order.
  std::vector<uint32_t> AllRows() const;
  /// Gives the rows other keys: keys[i] is that of the i-th row of all.
  void Rekey(std::span<const uint32_t> keys);
  int64_t MemoryBytes() const;

 private:
  struct Piece {
    Rows rows;
    size_t next = 0;  ///< Rows before it are gone.
    uint32_t NumberOf(size_t i) const {
      return rows.numbers.empty() ? rows.first_number + static_cast<uint32_t>(i) : rows.numbers[i];
    }
    bool IsLone(size_t i) const { return !rows.lone.empty() && rows.lone[i] != 0; }
  };

  std::deque<Piece> pieces_;  ///< None is empty.
  size_t size_ = 0;
  bool is_sorted_ = true;
  mutable std::vector<uint32_t> numbers_;  ///< Scratch of rows().
};

}  // namespace velo::exec
