#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace velo::exec {

/// One kept row and its join time.
struct TimedRow {
  int64_t time = 0;
  uint32_t row = 0;
};

/// For every key (a dense id) its rows in order of time, those of equal time in order of arrival. All runs live in one
/// pool in slots whose sizes are powers of two, so that many short runs cost no allocation each. Not thread safe.
class TimeRuns {
 public:
  /// Cheap when no later row of the key has come yet.
  void Insert(uint32_t key, TimedRow row);
  /// The rows of `key` with from <= time <= to; valid until the next change.
  std::span<const TimedRow> Window(uint32_t key, int64_t from, int64_t to) const;
  /// Takes the rows of `key` with time < `cutoff` out.
  void DropBefore(uint32_t key, int64_t cutoff);
  /// Takes the first row of `key` out and returns it. REQUIRES: CountOf(key) > 0.
  TimedRow PopFirst(uint32_t key);
  /// Takes one row out, wherever it is.
  void Remove(uint32_t key, TimedRow row);
  uint32_t CountOf(uint32_t key) const { return key < runs_.size() ? runs_[key].end - runs_[key].begin : 0; }
  void Clear();
  int64_t MemoryBytes() const;

 private:
  static constexpr uint8_t kNoSlot = 0xff;
  static constexpr int kSizes = 32;
  struct Run {
    uint32_t slot = 0;   ///< Where it starts in the pool.
    uint32_t begin = 0;  ///< Its rows are slot + [begin, end).
    uint32_t end = 0;
    uint8_t size_log = kNoSlot;  ///< The slot holds 1 << size_log rows.
  };
  uint32_t TakeSlot(uint8_t size_log);
  void MakeRoom(Run* run);
  void LetGoIfEmpty(Run* run);

  std::vector<TimedRow> pool_;
  std::vector<Run> runs_;               ///< By key.
  std::vector<uint32_t> free_[kSizes];  ///< Slots that can be used again, by size.
};

}  // namespace velo::exec
