#include "engine/types/timestamp_reader.h"

#include <bit>
#include <cstring>

#include "engine/types/time_text.h"

namespace velo {

namespace {

// Two digits as a number; `wrong` becomes non-zero when they are none.
uint32_t TwoDigits(const char* text, uint32_t* wrong) {
  const uint32_t tens = static_cast<unsigned char>(text[0]) - uint32_t{'0'};
  const uint32_t ones = static_cast<unsigned char>(text[1]) - uint32_t{'0'};
  *wrong |= (tens > 9 ? 1 : 0) | (ones > 9 ? 1 : 0);
  return tens * 10 + ones;
}

// ".250" as microseconds: one to six digits.
bool Fraction(std::string_view text, int64_t* micros) {
  if (text.size() < 2 || text.size() > 7 || text[0] != '.') return false;
  int64_t value = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  for (size_t digits = text.size() - 1; digits < 6; ++digits) value *= 10;
  *micros = value;
  return true;
}

// "07.250" as milliseconds, all digits at once; below 0 when it is none. What it reads before `text` is cast off.
int64_t SecondsAndMillis(const char* text) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t word = 0;
  std::memcpy(&word, text - 2, sizeof(word));
  // Digits become their values and the point 0; adding shows those that are too large in their highest bit.
  const uint64_t digits = (word >> 16) ^ 0x3030302E3030;
  if (((digits | (digits + 0x7676767F7676)) & 0x808080808080) != 0) return -1;
  const auto digit = [digits](int at) { return static_cast<int64_t>(digits >> (8 * at) & 0xF); };
  if (digit(0) > 5) return -1;
  return (digit(0) * 10 + digit(1)) * 1000 + digit(3) * 100 + digit(4) * 10 + digit(5);
}

}  // namespace

bool TimestampReader::TakeDay(const char* text) {
  if (std::memcmp(text, date_.data(), date_.size()) == 0) return true;
  uint32_t wrong = (text[4] != '-' ? 1 : 0) | (text[7] != '-' ? 1 : 0);
  const uint32_t century = TwoDigits(text, &wrong), of_century = TwoDigits(text + 2, &wrong);
  const uint32_t month = TwoDigits(text + 5, &wrong), day = TwoDigits(text + 8, &wrong);
  if (wrong != 0 || month < 1 || month > 12 || day < 1) return false;
  const int64_t year = century * 100 + of_century;
  if (static_cast<int>(day) > DaysInMonth(year, static_cast<int>(month))) return false;
  std::memcpy(date_.data(), text, date_.size());
  midnight_ = DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day)) * kMicrosPerDay;
  return true;
}

std::optional<int64_t> TimestampReader::Read(std::string_view text) {
  if (text.size() == kWithMillis && std::memcmp(text.data(), minute_.data(), kToMinute) == 0) {
    if (const int64_t millis = SecondsAndMillis(text.data() + kToMinute); millis >= 0) {
      return minute_begin_ + millis * (kMicrosPerSecond / 1000);
    }
  }
  return ReadLonger(text);
}

std::optional<int64_t> TimestampReader::ReadLonger(std::string_view text) {
  constexpr size_t kToSeconds = 19;
  if (text.size() < kToSeconds || !TakeDay(text.data())) return ParseTimestamp(text);
  const char* time = text.data() + 11;
  uint32_t wrong = (text[10] != ' ' && text[10] != 'T' ? 1 : 0) | (time[2] != ':' ? 1 : 0) | (time[5] != ':' ? 1 : 0);
  const uint32_t hour = TwoDigits(time, &wrong), minute = TwoDigits(time + 3, &wrong);
  const uint32_t second = TwoDigits(time + 6, &wrong);
  std::string_view rest = text.substr(kToSeconds);
  if (!rest.empty() && rest.back() == 'Z') rest.remove_suffix(1);
  int64_t micros = 0;
  if (wrong != 0 || hour > 23 || minute > 59 || second > 59 || (!rest.empty() && !Fraction(rest, &micros))) {
    return ParseTimestamp(text);
  }
  std::memcpy(minute_.data(), text.data(), kToMinute);
  minute_begin_ = midnight_ + int64_t{hour * 60 + minute} * 60 * kMicrosPerSecond;
  return minute_begin_ + int64_t{second} * kMicrosPerSecond + micros;
}

}  // namespace velo
