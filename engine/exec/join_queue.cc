#include "engine/exec/join_queue.h"

#include <algorithm>
#include <numeric>

namespace velo::exec {

namespace {

// Makes the vector what `values` lie in.
void Own(std::vector<int64_t> from, std::span<const int64_t>* values, std::shared_ptr<const void>* owner) {
  auto owned = std::make_shared<const std::vector<int64_t>>(std::move(from));
  *values = *owned;
  *owner = std::move(owned);
}

}  // namespace

void JoinQueue::Add(Rows rows) {
  if (rows.times.empty()) return;
  is_sorted_ = is_sorted_ && (empty() || pieces_.back().rows.times.back() <= rows.times.front()) &&
               std::is_sorted(rows.times.begin(), rows.times.end());
  size_ += rows.times.size();
  pieces_.push_back({std::move(rows), 0});
}

void JoinQueue::Sort() {
  if (is_sorted_) return;
  std::vector<int64_t> times, keys;
  std::vector<uint8_t> lone;
  const std::vector<uint32_t> numbers = AllRows();
  for (const Piece& piece : pieces_) {
    const auto from = static_cast<std::ptrdiff_t>(piece.next);
    times.insert(times.end(), piece.rows.times.begin() + from, piece.rows.times.end());
    keys.insert(keys.end(), piece.rows.keys.begin() + from, piece.rows.keys.end());
    for (size_t i = piece.next; i < piece.rows.times.size(); ++i) lone.push_back(piece.IsLone(i) ? 1 : 0);
  }
  std::vector<uint32_t> order(size_);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&times](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  const auto in_order = [&order](const auto& values) {
    std::decay_t<decltype(values)> moved(order.size());
    for (size_t i = 0; i < order.size(); ++i) moved[i] = values[order[i]];
    return moved;
  };
  Piece sorted;
  Own(in_order(times), &sorted.rows.times, &sorted.rows.times_owner);
  Own(in_order(keys), &sorted.rows.keys, &sorted.rows.keys_owner);
  sorted.rows.lone = in_order(lone);
  sorted.rows.numbers = in_order(numbers);
  pieces_.clear();
  pieces_.push_back(std::move(sorted));
  is_sorted_ = true;
}

size_t JoinQueue::CountBelow(int64_t limit) const {
  size_t count = 0;
  for (const Piece& piece : pieces_) {
    const auto times = piece.rows.times.subspan(piece.next);
    if (times.back() >= limit) {
      return count + static_cast<size_t>(std::lower_bound(times.begin(), times.end(), limit) - times.begin());
    }
    count += times.size();
  }
  return count;
}

bool JoinQueue::has_lone(size_t count) const {
  if (empty() || pieces_.front().rows.lone.empty()) return false;
  const auto first = pieces_.front().rows.lone.begin() + static_cast<std::ptrdiff_t>(pieces_.front().next);
  const auto end = first + static_cast<std::ptrdiff_t>(count);
  return std::find(first, end, 1) != end;
}

std::span<const int64_t> JoinQueue::times(size_t count) const {
  return empty() ? std::span<const int64_t>() : pieces_.front().rows.times.subspan(pieces_.front().next, count);
}

std::span<const int64_t> JoinQueue::keys(size_t count) const {
  return empty() ? std::span<const int64_t>() : pieces_.front().rows.keys.subspan(pieces_.front().next, count);
}

std::span<const uint32_t> JoinQueue::rows(size_t count) const {
  numbers_.resize(count);
  for (size_t i = 0; i < count; ++i) numbers_[i] = row(i);
  return numbers_;
}

void JoinQueue::Drop(size_t count) {
  size_ -= count;
  while (count > 0) {
    Piece& front = pieces_.front();
    const size_t part = std::min(count, front.rows.times.size() - front.next);
    front.next += part;
    count -= part;
    if (front.next == front.rows.times.size()) pieces_.pop_front();
  }
  is_sorted_ = is_sorted_ || empty();
}

std::vector<uint32_t> JoinQueue::AllRows() const {
  std::vector<uint32_t> numbers;
  numbers.reserve(size_);
  for (const Piece& piece : pieces_) {
    for (size_t i = piece.next; i < piece.rows.times.size(); ++i) numbers.push_back(piece.NumberOf(i));
  }
  return numbers;
}

void JoinQueue::Rekey(std::span<const uint32_t> keys) {
  for (Piece& piece : pieces_) {
    std::vector<int64_t> changed(piece.rows.times.size());
    const size_t left = changed.size() - piece.next;
    std::copy_n(keys.begin(), left, changed.begin() + static_cast<std::ptrdiff_t>(piece.next));
    keys = keys.subspan(left);
    Own(std::move(changed), &piece.rows.keys, &piece.rows.keys_owner);
  }
}

int64_t JoinQueue::MemoryBytes() const {
  int64_t bytes = 0;
  for (const Piece& piece : pieces_) {
    bytes += static_cast<int64_t>(piece.rows.times.size_bytes() + piece.rows.keys.size_bytes() +
                                  piece.rows.lone.capacity() + piece.rows.numbers.capacity() * sizeof(uint32_t));
  }
  return bytes;
}

}  // namespace velo::exec
