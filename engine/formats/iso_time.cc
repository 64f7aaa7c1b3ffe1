#include "engine/formats/iso_time.h"

#include <cstring>
#include <optional>

#include "engine/formats/digits.h"
#include "engine/types/time_text.h"

namespace velo::formats {
namespace {

constexpr size_t kDateLength = 10;            ///< 2026-02-16
constexpr size_t kMinuteLength = 16;          ///< 2026-02-16T10:30
constexpr size_t kSecondLength = 19;          ///< 2026-02-16T10:30:00
constexpr size_t kLongestTimestampText = 40;  ///< Longer texts are something else.

bool IsBlank(char letter) { return letter == ' ' || letter == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

/// Two digits as a number; 100 or more when one of them is no digit.
inline unsigned TwoDigits(const char* text) {
  const auto tens = static_cast<unsigned char>(text[0] - '0'), ones = static_cast<unsigned char>(text[1] - '0');
  return tens > 9 || ones > 9 ? 100 : tens * 10u + ones;
}

/// REQUIRES: at least kDateLength letters.
inline bool ReadDay(const char* text, int64_t* days) {
  if (text[4] != '-' || text[7] != '-') return false;
  const unsigned century = TwoDigits(text), year_of_century = TwoDigits(text + 2);
  const unsigned month = TwoDigits(text + 5), day = TwoDigits(text + 8);
  if (century > 99 || year_of_century > 99 || month < 1 || month > 12 || day < 1) return false;
  const int year = static_cast<int>(century * 100 + year_of_century);
  // Only days at the end of a month need its length.
  if (day > 28 && static_cast<int>(day) > DaysInMonth(year, static_cast<int>(month))) return false;
  *days = DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day));
  return true;
}

/// The forms that programs write: seconds, a fraction of up to six digits, Z or nothing. REQUIRES: kSecondLength.
inline bool ReadUsualForm(std::string_view text, int64_t* micros) {
  const char* at = text.data();
  int64_t days;
  if (at[13] != ':' || at[16] != ':' || !ReadDay(at, &days)) return false;
  const unsigned hour = TwoDigits(at + 11), minute = TwoDigits(at + 14), second = TwoDigits(at + 17);
  if (hour > 23 || minute > 59 || second > 59) return false;
  const char* end = at + text.size();
  if (end[-1] == 'Z') --end;
  int64_t fraction = 0;
  if (end - at > static_cast<ptrdiff_t>(kSecondLength)) {
    const char* digit = at + kSecondLength;
    if (*digit++ != '.' || digit == end || end - digit > 6) return false;
    int64_t unit = kMicrosPerSecond;
    for (; digit != end; ++digit) {
      if (static_cast<unsigned char>(*digit - '0') > 9) return false;
      unit /= 10;
      fraction += (*digit - '0') * unit;
    }
  }
  *micros = days * kMicrosPerDay + int64_t{hour * 3600 + minute * 60 + second} * kMicrosPerSecond + fraction;
  return true;
}

/// "10:30:00" as seconds, eight letters at once; -1 for anything else.
inline int64_t SecondsOfDay(const char* text) {
#if defined(__x86_64__)
  uint64_t word;
  std::memcpy(&word, text, sizeof(word));
  // Digits become their values, colons zeros.
  word ^= 0x30303A30303A3030ULL;
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  // Sets the high bits of digits above 9 and of colons that are none.
  if (((word | (word + 0x76767F76767F7676ULL)) & kHighBits) != 0) return -1;
  // Each byte with the next one as a number of two digits.
  word = word * 10 + (word >> 8);
  const uint64_t hour = word & 0xFF, minute = (word >> 24) & 0xFF, second = (word >> 48) & 0xFF;
#else
  const unsigned hour = TwoDigits(text), minute = TwoDigits(text + 3), second = TwoDigits(text + 6);
  if (text[2] != ':' || text[5] != ':') return -1;
#endif
  if (hour > 23 || minute > 59 || second > 59) return -1;
  return static_cast<int64_t>(hour * 3600 + minute * 60 + second);
}

}  // namespace

bool ReadIsoDate(std::string_view text, int32_t* days) {
  text = Trim(text);
  int64_t day;
  if (text.size() != kDateLength || !ReadDay(text.data(), &day)) return false;
  *days = static_cast<int32_t>(day);
  return true;
}

bool ReadIsoTimestamp(std::string_view text, int64_t* micros) {
  text = Trim(text);
  if (text.size() < kMinuteLength || text.size() > kLongestTimestampText) return false;
  if (text[10] != 'T' && text[10] != ' ') return false;
  if (text.size() >= kSecondLength && ReadUsualForm(text, micros)) return true;
  if (text[4] != '-' || text[7] != '-' || text[13] != ':') return false;
  const std::optional<int64_t> parsed = ParseTimestamp(text);
  if (parsed) *micros = *parsed;
  return parsed.has_value();
}

bool ReadIsoInstant(std::string_view text, int64_t* micros) {
  if (ReadIsoTimestamp(text, micros)) return true;
  int32_t days;
  if (!ReadIsoDate(text, &days)) return false;
  *micros = days * kMicrosPerDay;
  return true;
}

bool IsoInstantReader::Read(std::string_view text, int64_t* micros) {
  const char* const at = text.data();
  if (text.size() < kSecondLength || text.size() > 27 || (at[10] != ' ' && at[10] != 'T')) {
    return ReadIsoInstant(text, micros);
  }
  if (std::memcmp(at, day_.data(), kDateLength) != 0) {
    int64_t days;
    if (!ReadDay(at, &days)) return ReadIsoInstant(text, micros);
    std::memcpy(day_.data(), at, kDateLength);
    midnight_ = days * kMicrosPerDay;
  }
  const int64_t seconds = SecondsOfDay(at + 11);
  if (seconds < 0) return ReadIsoInstant(text, micros);
  const size_t length = text.size() - (text.back() == 'Z' ? 1 : 0);
  uint64_t fraction = 0;
  if (length > kSecondLength) {
    static constexpr uint64_t kUnits[] = {0, 100'000, 10'000, 1'000, 100, 10, 1};
    const char* digits = at + kSecondLength + 1;
    const char* const end = at + length;
    const int64_t count = ReadDigits(&digits, end, &fraction);
    if (at[kSecondLength] != '.' || digits != end || count < 1 || count > 6) return ReadIsoInstant(text, micros);
    fraction *= kUnits[count];
  }
  *micros = midnight_ + seconds * kMicrosPerSecond + static_cast<int64_t>(fraction);
  return true;
}

}  // namespace velo::formats
