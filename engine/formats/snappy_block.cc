#include "engine/formats/snappy_block.h"

#include <algorithm>
#include <array>
#include <cstring>

// The format: a varint with the size of the content, then elements that begin with a tag byte. Its two low bits tell a
// literal (00) from copies of earlier output whose distance takes one, two or four bytes (01, 10, 11).

namespace velo::formats {
namespace {

/// A copy of 64 bytes takes three, which is the best that there is.
constexpr size_t kBestRatio = 22;

/// What the tag of a copy says: its length, bytes of distance that follow, and high bits of the distance.
struct CopyTag {
  uint8_t length = 0;
  uint8_t follow = 0;
  uint16_t high = 0;
  uint32_t mask = 0;
};

constexpr std::array<CopyTag, 256> MakeCopyTags() {
  std::array<CopyTag, 256> tags{};
  for (unsigned tag = 0; tag < 256; ++tag) {
    CopyTag& entry = tags[tag];
    switch (tag & 3) {
      case 1:
        entry = {static_cast<uint8_t>(4 + ((tag >> 2) & 7)), 1, static_cast<uint16_t>((tag >> 5) << 8), 0xff};
        break;
      case 2:
        entry = {static_cast<uint8_t>(1 + (tag >> 2)), 2, 0, 0xffff};
        break;
      case 3:
        entry = {static_cast<uint8_t>(1 + (tag >> 2)), 4, 0, 0xffffffff};
        break;
      default:
        break;
    }
  }
  return tags;
}
constexpr std::array<CopyTag, 256> kCopyTags = MakeCopyTags();

uint32_t Load32(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, 4);
  return value;
}

void Copy16(uint8_t* to, const uint8_t* from) {
  uint64_t low, high;
  std::memcpy(&low, from, 8);
  std::memcpy(&high, from + 8, 8);
  std::memcpy(to, &low, 8);
  std::memcpy(to + 8, &high, 8);
}

std::optional<size_t> TakeSize(const uint8_t** at, const uint8_t* end) {
  uint64_t size = 0;
  for (int shift = 0; shift < 35 && *at < end; shift += 7) {
    const uint8_t byte = *(*at)++;
    size |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return size <= UINT32_MAX ? std::optional<size_t>(size) : std::nullopt;
  }
  return std::nullopt;
}

/// Copies output from `from` on to `done`; they may overlap, which repeats it. Up to 15 bytes after the end are
/// written.
void CopyBack(uint8_t* out, size_t done, size_t from, size_t length) {
  const size_t distance = done - from;
  if (distance >= 16) {
    for (size_t i = 0; i < length; i += 16) Copy16(out + done + i, out + from + i);
  } else if (distance >= 8) {
    for (size_t i = 0; i < length; i += 8) std::memcpy(out + done + i, out + from + i, 8);
  } else {
    for (size_t i = 0; i < length; ++i) out[done + i] = out[from + i];
  }
}

/// How far a block has been taken: the next element, and how much output there is.
struct Progress {
  const uint8_t* at;
  size_t done = 0;
};

/// Bytes that can be read after an element, and written after what has been put out, wherever an element is taken at
/// full width.
constexpr size_t kRoom = 32;
/// Bytes of a block that are marked together.
constexpr size_t kMarked = 512;

/// Says for each of `count` bytes how long the element is that begins there, if one does: a near copy, or a literal of
/// up to three bytes and the near copy after it. 0: another one. Looks at 16 bytes more. All is reckoned in bytes, so
/// that the compiler takes many at once.
inline __attribute__((always_inline)) void MarkStepsBody(const uint8_t* in, size_t count, uint8_t* steps) {
  uint8_t copies[kMarked + 16];
  for (size_t i = 0; i < count + 16; ++i) {
    const auto length = static_cast<uint8_t>((in[i] & 3) + 1);
    copies[i] = (length & 2) != 0 ? length : 0;
  }
  for (size_t i = 0; i < count; ++i) {
    const auto mask = [&](uint8_t tag) { return static_cast<uint8_t>(in[i] == tag ? 0xff : 0); };
    steps[i] = static_cast<uint8_t>(copies[i] | (mask(0 << 2) & (copies[i + 2] + 2)) |
                                    (mask(1 << 2) & (copies[i + 3] + 3)) | (mask(2 << 2) & (copies[i + 4] + 4)));
  }
}

using MarkSteps = void(const uint8_t* in, size_t count, uint8_t* steps);

void MarkStepsAnywhere(const uint8_t* in, size_t count, uint8_t* steps) { MarkStepsBody(in, count, steps); }

#if defined(__x86_64__)
// Nothing else is done with wide registers: mixed with code that does not know of them they cost more than they save.
__attribute__((target("avx2"))) void MarkStepsOnModernMachine(const uint8_t* in, size_t count, uint8_t* steps) {
  MarkStepsBody(in, count, steps);
}
#endif

MarkSteps* FastestMarkSteps() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return MarkStepsOnModernMachine;
#endif
  return MarkStepsAnywhere;
}

/// Takes a longer literal or a copy from far away. False when it is damaged.
bool TakeRareElement(const uint8_t* end, uint8_t* out, size_t size, Progress* progress) {
  auto& [at, done] = *progress;
  const unsigned tag = *at++;
  size_t length = (tag >> 2) + 1;
  if ((tag & 3) != 0) {
    const size_t from = done - Load32(at);
    if (from >= done || length > size - done) return false;
    CopyBack(out, done, from, length);
    at += 4;
    done += length;
    return true;
  }
  if (length <= 16) {
    Copy16(out + done, at);
  } else {
    // From 60 on the length follows the tag.
    if (length > 60) {
      const size_t follow = length - 60;
      length = static_cast<size_t>(Load32(at) & (0xffffffffU >> (8 * (4 - follow)))) + 1;
      at += follow;
    }
    if (length > static_cast<size_t>(end - at) || length > size - done) return false;
    std::memcpy(out + done, at, length);
  }
  at += length;
  done += length;
  return true;
}

/// Takes elements as long as there is room to read and write at full width. False when the block is damaged.
///
/// Most elements are short, a literal and a copy in turn, and how fast they can be taken depends on how soon it is
/// known where the next ones begin. So that is found out beforehand, for all bytes at once, without knowing where
/// elements begin.
bool TakeElements(MarkSteps* mark_steps, const uint8_t* end, uint8_t* out, size_t size, Progress* progress) {
  if (size < kRoom) return true;
  const size_t last_done = size - kRoom;
  auto& [at, done] = *progress;
  uint8_t steps[kMarked];
  while (static_cast<size_t>(end - at) > kRoom && done <= last_done) {
    const uint8_t* const begin = at;
    const size_t count = std::min(kMarked, static_cast<size_t>(end - at) - kRoom);
    mark_steps(begin, count, steps);
    Progress here = *progress;
    size_t place = 0;
    while (place < count && here.done <= last_done) {
      const size_t step = steps[place];
      if (step == 0) [[unlikely]] {
        here.at = begin + place;
        if (!TakeRareElement(end, out, size, &here)) return false;
        place = static_cast<size_t>(here.at - begin);
        continue;
      }
      uint64_t word;
      std::memcpy(&word, begin + place, 8);
      place += step;
      if ((word & 3) == 0) {
        const uint64_t tag = word & 0xff;
        const auto literal = static_cast<uint32_t>(word >> 8);
        std::memcpy(out + here.done, &literal, 4);
        here.done += (tag >> 2) + 1;
        word >>= 2 * tag + 16;                // The tag and (tag >> 2) + 1 bytes.
        if (((word + 1) & 2) == 0) continue;  // No near copy.
      }
      const CopyTag& copy = kCopyTags[word & 0xff];
      const size_t distance = copy.high + ((word >> 8) & copy.mask);
      const size_t from = here.done - distance;
      if (from >= here.done) return false;  // No distance, or one to before the beginning.
      if (distance >= 16 && copy.length <= 16) [[likely]] {
        Copy16(out + here.done, out + from);
      } else {
        if (copy.length > size - here.done) return false;
        CopyBack(out, here.done, from, copy.length);
      }
      here.done += copy.length;
    }
    *progress = {begin + place, here.done};
  }
  return true;
}

/// Takes the elements at the end, byte by byte.
bool TakeLastElements(const uint8_t* end, uint8_t* out, size_t size, Progress* progress) {
  auto& [at, done] = *progress;
  while (at < end) {
    const unsigned tag = *at++;
    const auto left = static_cast<size_t>(end - at);
    uint8_t bytes[4] = {};
    std::memcpy(bytes, at, std::min<size_t>(left, 4));
    if ((tag & 3) == 0) {
      size_t length = (tag >> 2) + 1;
      size_t follow = 0;
      if (length > 60) {
        follow = length - 60;
        length = static_cast<size_t>(Load32(bytes) & (0xffffffffU >> (8 * (4 - follow)))) + 1;
      }
      if (follow > left || length > left - follow || length > size - done) return false;
      std::memcpy(out + done, at + follow, length);
      at += follow + length;
      done += length;
      continue;
    }
    const CopyTag& copy = kCopyTags[tag];
    const size_t distance = copy.high + (Load32(bytes) & copy.mask);
    if (copy.follow > left || copy.length > size - done || distance - 1 >= done) return false;
    at += copy.follow;
    for (size_t i = 0; i < copy.length; ++i) out[done + i] = out[done - distance + i];
    done += copy.length;
  }
  return true;
}

bool Decompress(std::span<const uint8_t> block, uint8_t* out, size_t size, MarkSteps* mark_steps) {
  const uint8_t* at = block.data();
  const uint8_t* const end = at + block.size();
  const auto told = TakeSize(&at, end);
  if (!told || *told != size) return false;
  Progress progress{at};
  return TakeElements(mark_steps, end, out, size, &progress) && TakeLastElements(end, out, size, &progress) &&
         progress.done == size;
}

}  // namespace

std::optional<size_t> SnappySize(std::span<const uint8_t> block) {
  const uint8_t* at = block.data();
  const auto size = TakeSize(&at, block.data() + block.size());
  return size && *size <= block.size() * kBestRatio ? size : std::nullopt;
}

bool DecompressSnappy(std::span<const uint8_t> block, uint8_t* out, size_t size) {
  static MarkSteps* const mark_steps = FastestMarkSteps();
  return Decompress(block, out, size, mark_steps);
}

bool DecompressSnappyAnywhere(std::span<const uint8_t> block, uint8_t* out, size_t size) {
  return Decompress(block, out, size, MarkStepsAnywhere);
}

}  // namespace velo::formats
