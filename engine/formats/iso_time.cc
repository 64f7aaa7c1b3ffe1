#include "engine/formats/iso_time.h"

#include <optional>

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

}  // namespace velo::formats
