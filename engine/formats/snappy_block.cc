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

/// Copies earlier output; source and target may overlap, which repeats it. Up to 63 bytes after the end are written.
void CopyBack(uint8_t* to, size_t distance, size_t length) {
  const uint8_t* from = to - distance;
  if (distance >= 16) {
    for (size_t done = 0; done < length; done += 16) Copy16(to + done, from + done);
    return;
  }
  for (size_t done = 0; done < length; ++done) to[done] = from[done];
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
  uint8_t* to = out;
  uint8_t* const out_end = out + size;
  // Most elements are short, a literal and a copy in turn. Where the literal has no more than three bytes, both lie in
  // one word, so that nothing has to be loaded to know where the next element is.
  while (end - at >= 32 && out_end - to >= 32) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    size_t tag = word & 0xff;
    if ((tag & 3) == 0) {
      size_t length = (tag >> 2) + 1;
      if (length > 3) {
        ++at;
        if (length <= 16) {
          Copy16(to, at);
        } else {
          // From 60 on the length follows the tag.
          if (length > 60) {
            const size_t follow = length - 60;
            length = static_cast<size_t>(Load32(at) & (0xffffffffU >> (8 * (4 - follow)))) + 1;
            at += follow;
          }
          if (length > static_cast<size_t>(end - at) || length > static_cast<size_t>(out_end - to)) return false;
          std::memcpy(to, at, length);
        }
        at += length;
        to += length;
        continue;
      }
      const auto literal = static_cast<uint32_t>(word >> 8);
      std::memcpy(to, &literal, 4);
      to += length;
      at += length + 1;
      word >>= 8 * (length + 1);
      tag = word & 0xff;
      if ((tag & 3) == 0) continue;
    }
    const CopyTag& copy = kCopyTags[tag];
    size_t distance = copy.high + ((word >> 8) & copy.mask);
    if ((tag & 3) == 3) {
      distance = Load32(at + 1);
      at += 2;
    }
    at += 1 + (tag & 3);
    const size_t length = copy.length;
    if (distance - 1 >= static_cast<size_t>(to - out)) return false;
    if (length <= 16 && distance >= 16) {
      Copy16(to, to - distance);
    } else if (length <= 16 && distance >= 8) {
      const uint8_t* from = to - distance;
      std::memcpy(to, from, 8);
      std::memcpy(to + 8, from + 8, 8);
    } else {
      if (length > static_cast<size_t>(out_end - to)) return false;
      CopyBack(to, distance, length);
    }
    to += length;
  }
  if (to > out_end) return false;
  while (at < end) {
    const unsigned tag = *at++;
    const auto left = static_cast<size_t>(end - at);
    const auto room = static_cast<size_t>(out_end - to);
    uint8_t bytes[4] = {};
    std::memcpy(bytes, at, std::min<size_t>(left, 4));
    if ((tag & 3) == 0) {
      size_t length = (tag >> 2) + 1;
      size_t follow = 0;
      if (length > 60) {
        follow = length - 60;
        length = static_cast<size_t>(Load32(bytes) & (0xffffffffU >> (8 * (4 - follow)))) + 1;
      }
      if (follow > left || length > left - follow || length > room) return false;
      std::memcpy(to, at + follow, length);
      at += follow + length;
      to += length;
      continue;
    }
    const CopyTag& copy = kCopyTags[tag];
    const size_t distance = copy.high + (Load32(bytes) & copy.mask);
    if (copy.follow > left || copy.length > room || distance - 1 >= static_cast<size_t>(to - out)) return false;
    at += copy.follow;
    for (size_t done = 0; done < copy.length; ++done) to[done] = (to - distance)[done];
    to += copy.length;
  }
  return to == out_end;
}

}  // namespace velo::formats
