#include "engine/exec/time_runs.h"

#include <algorithm>

namespace velo::exec {

namespace {

bool IsBefore(const TimedRow& row, int64_t time) { return row.time < time; }
bool IsAfter(int64_t time, const TimedRow& row) { return time < row.time; }

// Below this a walk is faster than halving.
constexpr ptrdiff_t kShort = 8;

}  // namespace

uint32_t TimeRuns::TakeSlot(uint8_t size_log) {
  std::vector<uint32_t>& unused = free_[size_log];
  if (!unused.empty()) {
    const uint32_t slot = unused.back();
    unused.pop_back();
    return slot;
  }
  const auto slot = static_cast<uint32_t>(pool_.size());
  pool_.resize(pool_.size() + (size_t{1} << size_log));
  return slot;
}

// Makes sure that one more row fits behind the last.
void TimeRuns::MakeRoom(Run* run) {
  if (run->size_log == kNoSlot) {
    *run = {TakeSlot(0), 0, 0, 0};
    return;
  }
  const uint32_t capacity = uint32_t{1} << run->size_log;
  if (run->end < capacity) return;
  const uint32_t count = run->end - run->begin;
  // Moving to the front pays when half of the slot has become free there.
  if (run->begin > 0 && count <= capacity / 2) {
    std::copy_n(pool_.begin() + run->slot + run->begin, count, pool_.begin() + run->slot);
  } else {
    const auto larger = static_cast<uint8_t>(run->size_log + 1);
    const uint32_t slot = TakeSlot(larger);
    std::copy_n(pool_.begin() + run->slot + run->begin, count, pool_.begin() + slot);
    free_[run->size_log].push_back(run->slot);
    run->slot = slot;
    run->size_log = larger;
  }
  run->begin = 0;
  run->end = count;
}

void TimeRuns::LetGoIfEmpty(Run* run) {
  if (run->begin != run->end || run->size_log == kNoSlot) return;
  free_[run->size_log].push_back(run->slot);
  *run = Run();
}

void TimeRuns::Insert(uint32_t key, TimedRow row) {
  if (key >= runs_.size()) runs_.resize(std::max<size_t>(size_t{key} + 1, runs_.size() * 2));
  Run& run = runs_[key];
  MakeRoom(&run);
  TimedRow* begin = pool_.data() + run.slot + run.begin;
  TimedRow* end = pool_.data() + run.slot + run.end;
  ++run.end;
  if (begin == end || end[-1].time <= row.time) {
    *end = row;
    return;
  }
  TimedRow* at = std::upper_bound(begin, end, row.time, IsAfter);
  std::copy_backward(at, end, end + 1);
  *at = row;
}

std::span<const TimedRow> TimeRuns::Window(uint32_t key, int64_t from, int64_t to) const {
  if (key >= runs_.size()) return {};
  const Run& run = runs_[key];
  const TimedRow* begin = pool_.data() + run.slot + run.begin;
  const TimedRow* end = pool_.data() + run.slot + run.end;
  if (begin == end) return {};
  // Mostly the newest rows are wanted, and all that are kept.
  if (end[-1].time > to) end = std::upper_bound(begin, end, to, IsAfter);
  if (begin != end && begin->time < from) {
    if (end - begin <= kShort) {
      while (begin != end && begin->time < from) ++begin;
    } else {
      begin = std::lower_bound(begin, end, from, IsBefore);
    }
  }
  return {begin, end};
}

void TimeRuns::DropBefore(uint32_t key, int64_t cutoff) {
  if (key >= runs_.size()) return;
  Run& run = runs_[key];
  while (run.begin != run.end && pool_[run.slot + run.begin].time < cutoff) ++run.begin;
  LetGoIfEmpty(&run);
}

TimedRow TimeRuns::PopFirst(uint32_t key) {
  Run& run = runs_[key];
  const TimedRow first = pool_[run.slot + run.begin++];
  LetGoIfEmpty(&run);
  return first;
}

void TimeRuns::Remove(uint32_t key, TimedRow row) {
  if (key >= runs_.size()) return;
  Run& run = runs_[key];
  TimedRow* begin = pool_.data() + run.slot + run.begin;
  TimedRow* end = pool_.data() + run.slot + run.end;
  TimedRow* at = std::lower_bound(begin, end, row.time, IsBefore);
  while (at != end && at->time == row.time && at->row != row.row) ++at;
  if (at == end || at->row != row.row) return;
  std::copy(at + 1, end, at);
  --run.end;
  LetGoIfEmpty(&run);
}

void TimeRuns::Clear() {
  pool_.clear();
  runs_.clear();
  for (std::vector<uint32_t>& unused : free_) unused.clear();
}

int64_t TimeRuns::MemoryBytes() const {
  size_t bytes = pool_.capacity() * sizeof(TimedRow) + runs_.capacity() * sizeof(Run);
  for (const std::vector<uint32_t>& unused : free_) bytes += unused.capacity() * sizeof(uint32_t);
  return static_cast<int64_t>(bytes);
}

}  // namespace velo::exec
