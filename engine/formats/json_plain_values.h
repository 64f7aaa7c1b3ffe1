#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/formats/digits.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace velo::formats {

// JSON values in the form that programs write: texts without escapes, numbers of few digits without an exponent. Each
// function begins at the first byte of a value and returns where it ends, or null for what is not of this form or not
// JSON at all, which JsonCursor then looks at. All of it stays in registers, and no branch depends on how long a value
// is, since lengths cannot be foretold. 64 bytes from `at` on must be readable; a value may seem to go on there.

/// Remembers whether any byte of the texts that were passed was not ASCII. Bytes close by may count too.
class JsonTextBytes {
 public:
#if defined(__SSE2__)
  void Add(__m128i bytes) { all_ = _mm_or_si128(all_, bytes); }
  bool ascii() const { return _mm_movemask_epi8(all_) == 0; }

 private:
  __m128i all_ = _mm_setzero_si128();
#else
  void Add(char byte) { all_ |= static_cast<unsigned char>(byte); }
  bool ascii() const { return all_ < 0x80; }

 private:
  unsigned char all_ = 0;
#endif
};

#if defined(__SSE2__)
/// One bit per byte: whether it is a quote, a backslash or a control character, which no text may hold as it is.
inline unsigned JsonSpecialBytes(__m128i part) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(part, _mm_set1_epi8(0x1f)), part);
  const __m128i quote = _mm_cmpeq_epi8(part, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(part, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

/// REQUIRES: *at == '"'. `limit` is where the search for the closing quote may end; the value ends behind it.
inline const char* PassPlainText(const char* at, const char* limit, JsonTextBytes* bytes) {
  ++at;
#if defined(__SSE2__)
  while (at < limit) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const unsigned mask = JsonSpecialBytes(part);
    bytes->Add(part);
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += __builtin_ctz(mask);
    return *at == '"' ? at + 1 : nullptr;
  }
#else
  for (; at < limit && *at != '\\' && static_cast<unsigned char>(*at) > 0x1f; ++at) {
    if (*at == '"') return at + 1;
    bytes->Add(*at);
  }
#endif
  return nullptr;
}

/// The shape of a number: how many digits stand before and behind its point.
struct JsonNumberShape {
  const char* digits = nullptr;  ///< The first one.
  const char* end = nullptr;     ///< Null for what has no plain form.
  int whole = 0;
  int decimals = 0;  ///< 0: there is no point.
};

/// REQUIRES: *at is a minus or a digit.
inline JsonNumberShape ShapeOfPlainNumber(const char* at) {
  constexpr int kMost = 15;
  const int sign = *at == '-' ? 1 : 0;
#if defined(__SSE2__)
  // Where the number ends is told without waiting for its sign: the first byte is part of it in any case.
  const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i values = _mm_sub_epi8(part, _mm_set1_epi8('0'));
  const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
  const unsigned others = ~(static_cast<unsigned>(_mm_movemask_epi8(digits)) | 1);
  int length = __builtin_ctz(others);
#else
  const auto is_digit = [](char letter) { return static_cast<unsigned char>(letter - '0') < 10; };
  int length = 1;
  while (length <= kMost && is_digit(at[length])) ++length;
#endif
  JsonNumberShape shape;
  shape.digits = at + sign;
  shape.whole = length - sign;
  bool good = shape.whole > 0 && (*shape.digits != '0' || shape.whole == 1);
  if (at[length] == '.') {
#if defined(__SSE2__)
    // Bits beyond the 16 bytes are set, so a number that goes on there seems to end there.
    shape.decimals = __builtin_ctz(others >> (length + 1));
#else
    while (shape.decimals <= kMost && is_digit(at[length + 1 + shape.decimals])) ++shape.decimals;
#endif
    good = good && shape.decimals > 0;
    length += 1 + shape.decimals;
  }
  if (good && length <= kMost && (at[length] | 0x20) != 'e') [[likely]]
    shape.end = at + length;
  return shape;
}

/// The value of 1 to 8 digits. REQUIRES: they are digits, 8 bytes can be read.
inline uint64_t ValueOfDigits(const char* at, int count) {
#if defined(__x86_64__)
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  // Behind leading zeros the digits are added up in pairs, fours and eights.
  word = (word ^ 0x3030303030303030ULL) << (8 * (8 - count));
  word = word * 10 + (word >> 8);
  return ((word & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
          ((word >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >>
         32;
#else
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value * 10 + static_cast<uint64_t>(at[i] - '0');
  return value;
#endif
}

inline const char* ReadPlainJsonInteger(const char* at, int64_t* value) {
  const JsonNumberShape shape = ShapeOfPlainNumber(at);
  if (shape.end == nullptr || shape.decimals > 0) return nullptr;
  uint64_t magnitude;
  if (shape.whole <= 8) {
    magnitude = ValueOfDigits(shape.digits, shape.whole);
  } else {
    magnitude =
        ValueOfDigits(shape.digits, shape.whole - 8) * 100'000'000 + ValueOfDigits(shape.digits + shape.whole - 8, 8);
  }
  const auto integer = static_cast<int64_t>(magnitude);
  *value = *at == '-' ? -integer : integer;
  return shape.end;
}

inline const char* ReadPlainJsonFloat(const char* at, double* value) {
  const JsonNumberShape shape = ShapeOfPlainNumber(at);
  if (shape.end == nullptr || shape.whole > 8 || shape.decimals > 8) return nullptr;
  uint64_t mantissa = ValueOfDigits(shape.digits, shape.whole);
  double magnitude;
  if (shape.decimals > 0) {
    static constexpr uint64_t kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    mantissa = mantissa * kPowers[shape.decimals] + ValueOfDigits(shape.digits + shape.whole + 1, shape.decimals);
    // Both the digits (14 at most) and the power of ten are exact as doubles, so one division rounds correctly.
    magnitude = static_cast<double>(static_cast<int64_t>(mantissa)) / kPowersOfTen[shape.decimals];
  } else {
    magnitude = static_cast<double>(static_cast<int64_t>(mantissa));
  }
  *value = *at == '-' ? -magnitude : magnitude;
  return shape.end;
}

/// true, false or null.
inline const char* PassPlainWord(const char* at) {
  if (std::memcmp(at, "true", 4) == 0 || std::memcmp(at, "null", 4) == 0) return at + 4;
  return std::memcmp(at, "false", 5) == 0 ? at + 5 : nullptr;
}

/// Any value but objects and arrays.
inline const char* PassPlainValue(const char* at, const char* limit, JsonTextBytes* bytes) {
  if (*at == '"') return PassPlainText(at, limit, bytes);
  if (*at == '-' || static_cast<unsigned char>(*at - '0') < 10) return ShapeOfPlainNumber(at).end;
  return PassPlainWord(at);
}

}  // namespace velo::formats
