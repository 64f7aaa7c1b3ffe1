#include "engine/exec/join_log.h"

#include <algorithm>
#include <bit>

namespace velo::exec {

namespace {

constexpr size_t kFirstCapacity = 1024;
// A log in the cache has room for short chains: most keys that have no rows are then told from the head alone.
constexpr size_t kSmallCapacity = 16384;
constexpr size_t kHeadsPerEntry = 4;
// How far ahead of their turn the heads of a large log are fetched.
constexpr size_t kFetchAhead = 16;

}  // namespace

// In rows. What is in the cache does not have to be fetched.
size_t JoinLog::FetchAhead() const { return entries_.size() <= kSmallCapacity ? SIZE_MAX / 2 : kFetchAhead; }

void JoinLog::MakeRoom(size_t rows) {
  const size_t wanted = size() + rows;
  if (wanted <= entries_.size()) return;
  std::vector<Entry> larger(std::max(kFirstCapacity, std::bit_ceil(wanted)));
  const auto mask = static_cast<uint32_t>(larger.size() - 1);
  for (uint32_t at = begin_; at != end_; ++at) {
    larger[at & mask] = entries_[at & mask_];
  }
  entries_ = std::move(larger);
  mask_ = mask;
  Relink();
}

void JoinLog::Relink() {
  const size_t heads = entries_.size() * (entries_.size() <= kSmallCapacity ? kHeadsPerEntry : 1);
  shift_ = 64 - static_cast<uint32_t>(std::countr_zero(heads));
  // One before the oldest is held by nobody.
  heads_.assign(heads, begin_ - 1);
  for (uint32_t at = begin_; at != end_; ++at) {
    Entry& entry = entries_[at & mask_];
    if (entry.older != at) Link(at, &entry);
  }
}

void JoinLog::Append(std::span<const int64_t> times, std::span<const int64_t> keys, std::span<const uint32_t> rows) {
  MakeRoom(times.size());
  const size_t ahead = FetchAhead();
  for (size_t i = 0; i < times.size(); ++i) {
    if (i + ahead < times.size()) __builtin_prefetch(&heads_[Place(keys[i + ahead])], 1);
    Entry& entry = entries_[end_ & mask_];
    entry.time = times[i];
    entry.key = keys[i];
    entry.row = rows[i];
    Link(end_++, &entry);
  }
}

void JoinLog::AppendLone(int64_t time, uint32_t row) {
  MakeRoom(1);
  entries_[end_ & mask_] = {time, 0, row, end_};
  ++end_;
}

void JoinLog::DropBelow(int64_t time, std::vector<uint32_t>* rows) {
  uint32_t end = begin_;
  while (end != end_ && entries_[end & mask_].time < time) ++end;
  DropUpTo(end, rows);
}

void JoinLog::DropAll(std::vector<uint32_t>* rows) { DropUpTo(end_, rows); }

void JoinLog::DropUpTo(uint32_t end, std::vector<uint32_t>* rows) {
  const size_t before = rows->size();
  rows->resize(before + (end - begin_));
  for (uint32_t* row = rows->data() + before; begin_ != end; ++begin_) *row++ = entries_[begin_ & mask_].row;
}

size_t JoinLog::FindLikely(std::span<const int64_t> keys, uint32_t* found) const {
  if (empty()) return 0;
  size_t held = 0;
  const size_t ahead = FetchAhead();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + ahead < keys.size()) __builtin_prefetch(&heads_[Place(keys[i + ahead])]);
    found[held] = static_cast<uint32_t>(i);
    held += IsHeld(heads_[Place(keys[i])]) ? 1 : 0;
  }
  // Of those whose chain has somebody, the ones that meet their own key at its head or have to look further.
  size_t count = 0;
  for (size_t i = 0; i < held; ++i) {
    const int64_t key = keys[found[i]];
    const Entry& newest = entries_[heads_[Place(key)] & mask_];
    found[count] = found[i];
    count += (newest.key == key) | IsHeld(newest.older) ? 1 : 0;
  }
  return count;
}

void JoinLog::Rekey(std::span<const uint32_t> keys) {
  for (uint32_t i = 0; i < size(); ++i) entries_[(begin_ + i) & mask_].key = keys[i];
  Relink();
}

}  // namespace velo::exec
