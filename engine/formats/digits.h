#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace velo::formats {

// Numbers as most files write them, read eight digits at a time so that there is no branch per digit. 8 bytes behind
// `end` must be readable.

/// Passes the digits from `*at` on and appends them to `mantissa`, whose value means nothing beyond 18 digits. Returns
/// how many.
inline int64_t ReadDigits(const char** at, const char* end, uint64_t* mantissa) {
  const char* const begin = *at;
  const char* next = begin;
#if defined(__x86_64__)
  static constexpr uint64_t kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  uint64_t number = *mantissa;
  int count = 8;
  while (count == 8 && next < end) {
    uint64_t word;
    std::memcpy(&word, next, sizeof(word));
    word ^= 0x3030303030303030ULL;
    // Bytes that are no digits get their high bit set, up to the first of them.
    const uint64_t others = (word | (word + 0x7676767676767676ULL)) & 0x8080808080808080ULL;
    count = others == 0 ? 8 : __builtin_ctzll(others) / 8;
    if (count == 0) break;
    // Behind leading zeros the digits are added up in pairs, fours and eights.
    word <<= 8 * (8 - count);
    word = word * 10 + (word >> 8);
    word = ((word & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
            ((word >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >>
           32;
    number = number * kPowers[count] + word;
    next += count;
  }
  if (next <= end) [[likely]] {
    *mantissa = number;
    *at = next;
    return next - begin;
  }
  // What stands behind the text looks like digits.
  next = begin;
#endif
  for (; next < end && static_cast<unsigned char>(*next - '0') < 10; ++next) {
    *mantissa = *mantissa * 10 + static_cast<uint64_t>(*next - '0');
  }
  *at = next;
  return next - begin;
}

/// Powers of ten that a double holds exactly.
inline constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// `-?digits` of at most 18 digits. False for anything else.
inline bool ReadPlainInteger(std::string_view text, int64_t* value) {
  const char* at = text.data();
  const char* end = at + text.size();
  const bool negative = at != end && *at == '-';
  at += negative ? 1 : 0;
  uint64_t mantissa = 0;
  const int64_t count = ReadDigits(&at, end, &mantissa);
  if (at != end || count == 0 || count > 18) return false;
  *value = negative ? -static_cast<int64_t>(mantissa) : static_cast<int64_t>(mantissa);
  return true;
}

/// `-?digits(.digits?)?` or `-?.digits` of at most 18 digits, whose value is below 2^53 without the point. False for
/// anything else.
inline bool ReadPlainFloat(std::string_view text, double* value) {
  const char* at = text.data();
  const char* end = at + text.size();
  const bool negative = at != end && *at == '-';
  at += negative ? 1 : 0;
  uint64_t mantissa = 0;
  int64_t count = ReadDigits(&at, end, &mantissa), decimals = 0;
  if (at != end && *at == '.') {
    ++at;
    decimals = ReadDigits(&at, end, &mantissa);
    count += decimals;
  }
  if (at != end || count == 0 || count > 18 || mantissa >= (uint64_t{1} << 53)) return false;
  // Both the digits and the power of ten are exact as doubles, so one division rounds correctly.
  const double magnitude = static_cast<double>(mantissa) / kPowersOfTen[decimals];
  *value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace velo::formats
