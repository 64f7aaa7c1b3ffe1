#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace velo::exec {

/// Rows in the order in which their time passes. They are kept in stretches of time, so that taking in a row that comes
/// out of order costs no more than one that does not. Not thread safe.
class ExpiryQueue {
 public:
  struct Entry {
    int64_t time = 0;
    uint32_t row = 0;
    uint32_t key = 0;
  };
  /// `stretch`: the length of a stretch in the unit of time, at least 1.
  explicit ExpiryQueue(int64_t stretch) : stretch_(stretch) {}

  void Add(Entry entry);
  /// Moves all entries with time < `cutoff` to the end of `out`, in no certain order.
  void TakeBefore(int64_t cutoff, std::vector<Entry>* out);
  /// Moves the entry that expires first (the first to arrive, of several). False when there is none.
  bool TakeFirst(Entry* out);
  /// All entries in order of arrival.
  std::vector<Entry> ByArrival() const;
  void Clear();
  int64_t MemoryBytes() const;

 private:
  const int64_t stretch_;
  std::map<int64_t, std::vector<Entry>> stretches_;  ///< By floor(time / stretch_).
  std::vector<Entry>* last_ = nullptr;               ///< Of the entry added last.
  int64_t last_number_ = 0;
  int64_t count_ = 0;
};

}  // namespace velo::exec
