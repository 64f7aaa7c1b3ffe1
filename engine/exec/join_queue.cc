#include "engine/exec/join_queue.h"

#include <algorithm>
#include <numeric>

namespace velo::exec {

namespace {

template <typename T>
void Permute(const std::vector<size_t>& order, std::vector<T>* values) {
  std::vector<T> moved(order.size());
  for (size_t i = 0; i < order.size(); ++i) moved[i] = (*values)[order[i]];
  *values = std::move(moved);
}

template <typename T>
void EraseFront(size_t count, std::vector<T>* values) {
  values->erase(values->begin(), values->begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

void JoinQueue::Add(std::span<const int64_t> times, std::span<const int64_t> keys, uint32_t first_row,
                    std::span<const uint8_t> is_lone) {
  const size_t before = times_.size();
  times_.insert(times_.end(), times.begin(), times.end());
  keys_.insert(keys_.end(), keys.begin(), keys.end());
  lone_.insert(lone_.end(), is_lone.begin(), is_lone.end());
  rows_.resize(times_.size());
  std::iota(rows_.begin() + static_cast<std::ptrdiff_t>(before), rows_.end(), first_row);
  for (size_t i = std::max<size_t>(before, next_ + 1); i < times_.size() && is_sorted_; ++i) {
    is_sorted_ = times_[i - 1] <= times_[i];
  }
}

void JoinQueue::Sort() {
  if (is_sorted_) return;
  std::vector<size_t> order(size());
  std::iota(order.begin(), order.end(), next_);
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) { return times_[a] < times_[b]; });
  Permute(order, &times_);
  Permute(order, &keys_);
  Permute(order, &rows_);
  Permute(order, &lone_);
  next_ = 0;
  is_sorted_ = true;
}

size_t JoinQueue::CountBelow(int64_t limit) const {
  const auto first = times_.begin() + static_cast<std::ptrdiff_t>(next_);
  return static_cast<size_t>(std::lower_bound(first, times_.end(), limit) - first);
}

void JoinQueue::Drop(size_t count) {
  next_ += count;
  if (next_ * 2 < times_.size()) return;
  EraseFront(next_, &times_);
  EraseFront(next_, &keys_);
  EraseFront(next_, &rows_);
  EraseFront(next_, &lone_);
  next_ = 0;
}

void JoinQueue::Rekey(std::span<const uint32_t> keys) {
  std::copy(keys.begin(), keys.end(), keys_.begin() + static_cast<std::ptrdiff_t>(next_));
}

int64_t JoinQueue::MemoryBytes() const {
  return static_cast<int64_t>((times_.capacity() + keys_.capacity()) * sizeof(int64_t) +
                              rows_.capacity() * sizeof(uint32_t) + lone_.capacity());
}

}  // namespace velo::exec
