#include "engine/formats/parquet_runs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace velo::formats {
namespace {

/// Values that are unpacked together: they begin and end at a byte, whatever their width.
constexpr int kGroup = 8;

uint64_t Load64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, 8);
  return value;
}

/// Eight values of kWidth bits. Reads up to eight bytes beyond their beginnings.
template <int kWidth>
void UnpackGroup(const uint8_t* in, uint32_t* out) {
  constexpr uint64_t kMask = (uint64_t{1} << kWidth) - 1;
  [&]<size_t... kPlace>(std::index_sequence<kPlace...>) {
    ((out[kPlace] = static_cast<uint32_t>((Load64(in + kPlace * kWidth / 8) >> (kPlace * kWidth % 8)) & kMask)), ...);
  }
  (std::make_index_sequence<kGroup>());
}

/// Whole groups, as long as nothing is read at or beyond `end`; returns how many values that were.
template <int kWidth>
int64_t UnpackGroups(const uint8_t* in, const uint8_t* end, uint32_t* out, int64_t count) {
  int64_t done = 0;
  // The last value of a group begins before its last byte.
  while (count - done >= kGroup && end - in >= kWidth + 8) {
    UnpackGroup<kWidth>(in, out + done);
    in += kWidth;
    done += kGroup;
  }
  return done;
}

using Unpacker = int64_t (*)(const uint8_t*, const uint8_t*, uint32_t*, int64_t);

template <size_t... kWidths>
constexpr std::array<Unpacker, sizeof...(kWidths)> MakeUnpackers(std::index_sequence<kWidths...>) {
  return {&UnpackGroups<static_cast<int>(kWidths)>...};
}
constexpr auto kUnpackers = MakeUnpackers(std::make_index_sequence<RunReader::kMaxWidth + 1>());

/// One value of `width` bits; nothing is read at or beyond `end`.
uint32_t UnpackOne(const uint8_t* bits, const uint8_t* end, int width, int64_t place) {
  const int64_t bit = place * width;
  const uint8_t* from = bits + bit / 8;
  uint64_t word = 0;
  if (end - from >= 8) {
    word = Load64(from);
  } else if (from < end) {
    std::memcpy(&word, from, static_cast<size_t>(end - from));
  }
  return static_cast<uint32_t>((word >> (bit % 8)) & ((uint64_t{1} << width) - 1));
}

void Unpack(const uint8_t* bits, const uint8_t* end, int width, int64_t place, int64_t count, uint32_t* out) {
  int64_t done = 0;
  for (; done < count && (place + done) % kGroup != 0; ++done) {
    out[done] = UnpackOne(bits, end, width, place + done);
  }
  done += kUnpackers[static_cast<size_t>(width)](bits + (place + done) / kGroup * width, end, out + done, count - done);
  for (; done < count; ++done) out[done] = UnpackOne(bits, end, width, place + done);
}

}  // namespace

RunReader::RunReader(std::span<const uint8_t> bytes, int width)
    : at_(bytes.data()), end_(bytes.data() + bytes.size()), width_(width) {}

// Brings up the next run that is not empty.
bool RunReader::NextRun() {
  while (left_ == 0) {
    uint64_t header = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ >= end_ || shift > 28) return false;
      const uint8_t byte = *at_++;
      header |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    packed_ = (header & 1) != 0;
    left_ = static_cast<int64_t>(header >> 1);
    if (packed_) {
      // What the last run is filled up with may be cut off.
      const auto there = static_cast<int64_t>(end_ - at_);
      const int64_t bytes = std::min(left_ * width_, there);
      left_ = width_ == 0 ? left_ * kGroup : std::min(left_ * kGroup, bytes * 8 / width_);
      bits_ = at_;
      place_ = 0;
      at_ += bytes;
    } else {
      const int bytes = (width_ + 7) / 8;
      if (end_ - at_ < bytes) return false;
      value_ = 0;
      std::memcpy(&value_, at_, static_cast<size_t>(bytes));
      at_ += bytes;
    }
  }
  return true;
}

bool RunReader::Read(uint32_t* out, int64_t count) {
  while (count > 0) {
    if (left_ == 0 && !NextRun()) return false;
    const int64_t taken = std::min(count, left_);
    if (packed_) {
      Unpack(bits_, end_, width_, place_, taken, out);
      place_ += taken;
    } else {
      std::fill_n(out, taken, value_);
    }
    left_ -= taken;
    out += taken;
    count -= taken;
  }
  return true;
}

bool RunReader::Skip(int64_t count) {
  while (count > 0) {
    if (left_ == 0 && !NextRun()) return false;
    const int64_t taken = std::min(count, left_);
    place_ += taken;
    left_ -= taken;
    count -= taken;
  }
  return true;
}

bool RunReader::Gather(std::span<const uint32_t> places, uint32_t* out) {
  int64_t passed = 0;
  for (size_t i = 0; i < places.size();) {
    if (!Skip(places[i] - passed)) return false;
    passed = places[i];
    if (left_ == 0 && !NextRun()) return false;
    // All that lie in this run.
    const int64_t from = passed, run = left_;
    int64_t last = 0;
    for (; i < places.size() && places[i] - from < run; ++i) {
      last = places[i] - from;
      *out++ = packed_ ? UnpackOne(bits_, end_, width_, place_ + last) : value_;
    }
    place_ += last + 1;
    left_ -= last + 1;
    passed += last + 1;
  }
  return true;
}

bool RunReader::NextAreEqual(int64_t count, uint32_t* value) {
  if (left_ == 0 && !NextRun()) return false;
  if (packed_ || left_ < count) return false;
  *value = value_;
  return true;
}

}  // namespace velo::formats
