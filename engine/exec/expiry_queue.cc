#include "engine/exec/expiry_queue.h"

#include <algorithm>

namespace velo::exec {

namespace {

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

}  // namespace

void ExpiryQueue::Add(Entry entry) {
  const int64_t number = FloorDivide(entry.time, stretch_);
  if (last_ == nullptr || number != last_number_) {
    last_ = &stretches_[number];
    last_number_ = number;
  }
  last_->push_back(entry);
  ++count_;
}

void ExpiryQueue::TakeBefore(int64_t cutoff, std::vector<Entry>* out) {
  const int64_t number = FloorDivide(cutoff, stretch_);
  while (!stretches_.empty() && stretches_.begin()->first <= number) {
    std::vector<Entry>& entries = stretches_.begin()->second;
    const auto stay =
        std::partition(entries.begin(), entries.end(), [cutoff](const Entry& entry) { return entry.time < cutoff; });
    out->insert(out->end(), entries.begin(), stay);
    count_ -= stay - entries.begin();
    entries.erase(entries.begin(), stay);
    // Only the last stretch can be left in part.
    if (!entries.empty()) return;
    if (&entries == last_) last_ = nullptr;
    stretches_.erase(stretches_.begin());
  }
}

bool ExpiryQueue::TakeFirst(Entry* out) {
  if (stretches_.empty()) return false;
  std::vector<Entry>& entries = stretches_.begin()->second;
  const auto first = std::min_element(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time < b.time : a.row < b.row;
  });
  *out = *first;
  *first = entries.back();
  entries.pop_back();
  --count_;
  if (entries.empty()) {
    if (&entries == last_) last_ = nullptr;
    stretches_.erase(stretches_.begin());
  }
  return true;
}

std::vector<ExpiryQueue::Entry> ExpiryQueue::ByArrival() const {
  std::vector<Entry> all;
  all.reserve(static_cast<size_t>(count_));
  for (const auto& [number, entries] : stretches_) all.insert(all.end(), entries.begin(), entries.end());
  std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.row < b.row; });
  return all;
}

void ExpiryQueue::Clear() {
  stretches_.clear();
  last_ = nullptr;
  count_ = 0;
}

int64_t ExpiryQueue::MemoryBytes() const {
  return count_ * static_cast<int64_t>(sizeof(Entry)) + static_cast<int64_t>(stretches_.size()) * 64;
}

}  // namespace velo::exec
