#include "engine/exec/join_log.h"

#include <algorithm>
#include <bit>

namespace velo::exec {

namespace {

constexpr size_t kFirstCapacity = 1024;

}  // namespace

void JoinLog::Grow() {
  std::vector<Entry> larger(std::max(kFirstCapacity, entries_.size() * 2));
  const auto mask = static_cast<uint32_t>(larger.size() - 1);
  for (uint32_t at = begin_; at != end_; ++at) larger[at & mask] = entries_[at & mask_];
  entries_ = std::move(larger);
  mask_ = mask;
  shift_ = 64 - static_cast<uint32_t>(std::countr_zero(entries_.size()));
  Relink();
}

void JoinLog::Relink() {
  // One before the oldest is held by nobody.
  heads_.assign(entries_.size(), begin_ - 1);
  for (uint32_t at = begin_; at != end_; ++at) {
    if (!entries_[at & mask_].is_lone) Link(at, entries_[at & mask_]);
  }
}

void JoinLog::Rekey(const std::vector<int64_t>& keys) {
  for (uint32_t i = 0; i < size(); ++i) entries_[(begin_ + i) & mask_].key = keys[i];
  Relink();
}

}  // namespace velo::exec
