#include "engine/formats/utf8.h"

#include <cstdint>
#include <cstring>

namespace velo::formats {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080ULL;

/// Returns the length of the well-formed character at `at`, or 0.
size_t CharacterLength(const unsigned char* at, size_t left) {
  auto follows = [at, left](size_t i) { return i < left && (at[i] & 0xC0) == 0x80; };
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;
    if (lead == 0xED && at[1] > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xF0 && at[1] < 0x90) return 0;
    if (lead == 0xF4 && at[1] > 0x8F) return 0;
    return 4;
  }
  return 0;
}

/// Whether 32 bytes are ASCII.
bool IsAscii32(const unsigned char* at) {
  uint64_t words[4];
  std::memcpy(words, at, sizeof(words));
  return ((words[0] | words[1] | words[2] | words[3]) & kHighBits) == 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  size_t left = text.size();
  while (left > 0) {
    // Most text is ASCII: 32 bytes at a time, the last ones together with some that were looked at before.
    while (left >= 32 && IsAscii32(at)) {
      at += 32;
      left -= 32;
    }
    if (left < 32 && text.size() >= 32 && IsAscii32(at + left - 32)) return true;
    for (size_t i = 0; i < 32 && left > 0;) {
      const size_t length = CharacterLength(at, left);
      if (length == 0) return false;
      at += length;
      left -= length;
      i += length;
    }
  }
  return true;
}

}  // namespace velo::formats
