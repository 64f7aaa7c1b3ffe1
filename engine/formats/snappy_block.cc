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

/// Takes a literal whose tag has just been passed, where at least 16 bytes can be read and written. False when it is
/// too long.
bool TakeLiteral(size_t tag, const uint8_t* end, uint8_t* out, size_t size, Progress* progress) {
  auto& [at, done] = *progress;
  size_t length = (tag >> 2) + 1;
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

/// Takes elements as long as whole words can be read and written. False when the block is damaged.
///
/// Most elements are short, a literal and a copy in turn. Where the literal has no more than three bytes, both lie in
/// one word. How fast that goes depends on how soon it is known where the next element begins: so that comes out of the
/// word by as few operations as can be, and none of them waits for a table.
bool TakeElements(const uint8_t* end, uint8_t* out, size_t size, Progress* progress) {
  constexpr size_t kRoom = 32;
  constexpr size_t kTagOfThree = 2 << 2;
  if (static_cast<size_t>(end - progress->at) < kRoom || size < kRoom) return true;
  const uint8_t* const last_at = end - kRoom;
  const size_t last_done = size - kRoom;
  Progress here = *progress;
  auto& [at, done] = here;
  while (at <= last_at && done <= last_done) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    size_t tag = *at;
    if ((tag & 3) == 0) {
      if (tag > kTagOfThree) {
        ++at;
        if (!TakeLiteral(tag, end, out, size, &here)) return false;
        continue;
      }
      const auto literal = static_cast<uint32_t>(word >> 8);
      std::memcpy(out + done, &literal, 4);
      done += (tag >> 2) + 1;
      at += (tag >> 2) + 2;
      word >>= 2 * tag + 16;  // The tag and (tag >> 2) + 1 bytes.
      if ((word & 3) == 0) continue;
      tag = word & 0xff;
    }
    at += 1 + (word & 3);
    const CopyTag& copy = kCopyTags[tag];
    size_t distance = copy.high + ((word >> 8) & copy.mask);
    if ((word & 3) == 3) [[unlikely]] {
      distance = Load32(at - 3);
      ++at;
    }
    const size_t length = copy.length;
    const size_t from = done - distance;
    if (from >= done) return false;  // No distance, or one to before the beginning.
    if (distance >= 16 && length <= 16) [[likely]] {
      Copy16(out + done, out + from);
    } else {
      if (length > size - done) return false;
      CopyBack(out, done, from, length);
    }
    done += length;
  }
  *progress = here;
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

}  // namespace

std::optional<size_t> SnappySize(std::span<const uint8_t> block) {
  const uint8_t* at = block.data();
  const auto size = TakeSize(&at, block.data() + block.size());
  return size && *size <= block.size() * kBestRatio ? size : std::nullopt;
}

bool DecompressSnappy(std::span<const uint8_t> block, uint8_t* out, size_t size) {
  const uint8_t* at = block.data();
  const uint8_t* const end = at + block.size();
  const auto told = TakeSize(&at, end);
  if (!told || *told != size) return false;
  Progress progress{at};
  return TakeElements(end, out, size, &progress) && TakeLastElements(end, out, size, &progress) &&
         progress.done == size;
}

}  // namespace velo::formats
