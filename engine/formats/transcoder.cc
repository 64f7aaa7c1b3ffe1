#include "engine/formats/transcoder.h"

#include <array>

namespace velo::formats {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

/// Windows-1252 for the bytes 0x80 to 0x9f; the rest of Latin-1 equals Unicode.
constexpr std::array<uint16_t, 32> kWindows1252 = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

void AppendCodePoint(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (point >> 6)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (point >> 12)));
    out->push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (point >> 18)));
    out->push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

}  // namespace

void Transcoder::Append(std::string_view bytes, std::string* utf8) {
  if (encoding_ == Encoding::kUtf8) {
    utf8->append(bytes);
    return;
  }
  if (encoding_ == Encoding::kLatin1) {
    for (char letter : bytes) {
      const auto byte = static_cast<unsigned char>(letter);
      AppendCodePoint(byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte, utf8);
    }
    return;
  }
  for (char letter : bytes) {
    odd_byte_.push_back(letter);
    if (odd_byte_.size() < 2) continue;
    const auto first = static_cast<unsigned char>(odd_byte_[0]), second = static_cast<unsigned char>(odd_byte_[1]);
    const bool little = encoding_ == Encoding::kUtf16LittleEndian;
    AppendUnit(static_cast<uint16_t>(little ? first | (second << 8) : (first << 8) | second), utf8);
    odd_byte_.clear();
  }
}

void Transcoder::AppendUnit(uint16_t unit, std::string* utf8) {
  const bool is_low = unit >= 0xDC00 && unit < 0xE000;
  if (high_surrogate_ != 0) {
    const uint32_t high = std::exchange(high_surrogate_, 0);
    if (is_low) return AppendCodePoint(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), utf8);
    AppendCodePoint(kReplacement, utf8);
  }
  if (unit >= 0xD800 && unit < 0xDC00) {
    high_surrogate_ = unit;
  } else {
    AppendCodePoint(is_low ? kReplacement : unit, utf8);
  }
}

void Transcoder::Finish(std::string* utf8) {
  if (high_surrogate_ != 0 || !odd_byte_.empty()) AppendCodePoint(kReplacement, utf8);
  high_surrogate_ = 0;
  odd_byte_.clear();
}

}  // namespace velo::formats
