#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace velo::exec {

/// A ring of a RingPool: its values lie in a slot whose size is a power of two.
struct RingPosition {
  uint32_t slot = 0;  ///< Where it starts in the pool.
  uint32_t mask = 0;  ///< Size of the slot less one.
  uint32_t next = 0;  ///< Values pushed so far, modulo 2^32.
  uint32_t size = 0;  ///< How many of them count, kept by the owner. The last mask + 1 can be read.
  bool has_slot = false;

  /// Where the value is that was pushed `back` values ago; 1: the last one.
  uint32_t Back(uint32_t back) const { return slot + ((next - back) & mask); }
};

/// Rings of values with their validity, all in one pool: many short rings cost no allocation each. A ring grows as long
/// as its owner counts all its values. Not thread safe.
template <typename Value>
class RingPool {
 public:
  /// Appends a value and returns where it is. The owner adds it to `size`, or takes the oldest off: the slot always has
  /// room for one value more than count.
  uint32_t Push(RingPosition* ring, Value value, uint8_t valid) {
    if (!ring->has_slot || ring->size > ring->mask) Grow(ring);
    const uint32_t at = ring->slot + (ring->next++ & ring->mask);
    values_[at] = value;
    valid_[at] = valid;
    return at;
  }
  const Value* values() const { return values_.data(); }
  const uint8_t* valid() const { return valid_.data(); }

  /// Appends the values that count, oldest first.
  void CopyOut(const RingPosition& ring, std::vector<Value>* values, std::vector<uint8_t>* valid) const {
    for (uint32_t back = ring.size; back > 0; --back) {
      values->push_back(values_[ring.Back(back)]);
      valid->push_back(valid_[ring.Back(back)]);
    }
  }
  int64_t MemoryBytes() const { return static_cast<int64_t>(values_.capacity() * sizeof(Value) + valid_.capacity()); }

 private:
  static constexpr uint32_t kFirstSize = 4;

  void Grow(RingPosition* ring) {
    RingPosition larger = *ring;
    const uint32_t size = ring->has_slot ? 2 * (ring->mask + 1) : kFirstSize;
    std::vector<uint32_t>& unused = free_[std::countr_zero(size)];
    if (unused.empty()) {
      larger.slot = static_cast<uint32_t>(values_.size());
      values_.resize(values_.size() + size);
      valid_.resize(valid_.size() + size);
    } else {
      larger.slot = unused.back();
      unused.pop_back();
    }
    larger.mask = size - 1;
    larger.has_slot = true;
    for (uint32_t back = ring->size; back > 0; --back) {
      values_[larger.Back(back)] = values_[ring->Back(back)];
      valid_[larger.Back(back)] = valid_[ring->Back(back)];
    }
    if (ring->has_slot) free_[std::countr_zero(ring->mask + 1)].push_back(ring->slot);
    *ring = larger;
  }

  std::vector<Value> values_;
  std::vector<uint8_t> valid_;
  std::vector<uint32_t> free_[32];  ///< Slots that can be used again, by the logarithm of their size.
};

}  // namespace velo::exec
