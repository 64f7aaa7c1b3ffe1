#include "engine/types/time_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "engine/types/decimal.h"

namespace velo {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Reads text from left to right; every step says whether it fitted.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool Number(int min_digits, int max_digits, int* out) {
    int digits = 0;
    int value = 0;
    while (digits < max_digits && IsDigit(peek())) {
      value = value * 10 + (text_[at_++] - '0');
      ++digits;
    }
    *out = value;
    return digits >= min_digits;
  }
  // Digits of a fraction as microseconds; at most nine digits are accepted.
  bool FractionMicros(int64_t* micros) {
    int digits = 0;
    int64_t value = 0;
    for (; IsDigit(peek()); ++at_, ++digits) {
      if (digits < 6) value = value * 10 + (peek() - '0');
    }
    for (int i = digits; i < 6; ++i) value *= 10;
    *micros = value;
    return digits >= 1 && digits <= 9;
  }
  std::string_view Word() {
    const size_t start = at_;
    while (IsLetter(peek())) ++at_;
    return text_.substr(start, at_ - start);
  }
  void SkipSpaces() {
    while (peek() == ' ') ++at_;
  }
  std::string_view rest() const { return text_.substr(at_); }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

std::optional<int64_t> CheckedDays(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  return DaysFromCivil(year, month, day);
}

// Leaves the cursor after the date.
std::optional<int64_t> TakeDate(Cursor& in) {
  int first = 0, second = 0, third = 0;
  const std::string_view rest = in.rest();
  size_t digits = 0;
  while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
  if (digits == 8) {
    return in.Number(4, 4, &first) && in.Number(2, 2, &second) && in.Number(2, 2, &third)
               ? CheckedDays(first, second, third)
               : std::nullopt;
  }
  if (digits == 4) {
    const char separator = rest.size() > 4 ? rest[4] : '\0';
    if (separator != '-' && separator != '/') return std::nullopt;
    const bool fits = in.Number(4, 4, &first) && in.Take(separator) && in.Number(1, 2, &second) && in.Take(separator) &&
                      in.Number(1, 2, &third);
    return fits ? CheckedDays(first, second, third) : std::nullopt;
  }
  if (digits != 1 && digits != 2) return std::nullopt;
  in.Number(1, 2, &first);
  if (in.Take('/')) {
    const bool fits = in.Number(1, 2, &second) && in.Take('/') && in.Number(4, 4, &third);
    return fits ? CheckedDays(third, first, second) : std::nullopt;
  }
  const bool fits = in.Take('-') && in.Number(1, 2, &second) && in.Take('-') && in.Number(4, 4, &third);
  return fits ? CheckedDays(third, second, first) : std::nullopt;
}

std::optional<int64_t> TakeTimeOfDay(Cursor& in) {
  int hour = 0, minute = 0, second = 0;
  int64_t micros = 0;
  if (!in.Number(1, 2, &hour) || !in.Take(':') || !in.Number(2, 2, &minute)) return std::nullopt;
  if (in.Take(':')) {
    if (!in.Number(2, 2, &second)) return std::nullopt;
    if ((in.Take('.') || in.Take(',')) && !in.FractionMicros(&micros)) return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + micros;
}

// "Z", "+02:00", "+0200", "+02", "GMT", "UTC" or nothing. Returns seconds east of Greenwich.
std::optional<int> TakeZone(Cursor& in) {
  if (in.at_end() || in.Take('Z') || in.Take('z')) return 0;
  if (IsLetter(in.peek())) {
    const std::string_view word = in.Word();
    return word == "GMT" || word == "UTC" || word == "UT" ? std::optional<int>(0) : std::nullopt;
  }
  const char sign = in.peek();
  if (sign != '+' && sign != '-') return std::nullopt;
  in.Take(sign);
  int hours = 0, minutes = 0;
  if (!in.Number(2, 2, &hours)) return std::nullopt;
  const bool colon = in.Take(':');
  if ((colon || IsDigit(in.peek())) && !in.Number(2, 2, &minutes)) return std::nullopt;
  if (hours > 18 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return sign == '-' ? -seconds : seconds;
}

// "Tue, 01 Apr 2025 09:30:00 +0000", the day name is optional.
std::optional<int64_t> ParseMailDate(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Cursor in(text);
  if (IsLetter(in.peek())) {
    if (in.Word().size() != 3 || !in.Take(',')) return std::nullopt;
    in.SkipSpaces();
  }
  int day = 0, year = 0, month = 0;
  if (!in.Number(1, 2, &day)) return std::nullopt;
  in.SkipSpaces();
  const std::string_view name = in.Word();
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (name == kMonths[i]) month = static_cast<int>(i) + 1;
  }
  in.SkipSpaces();
  if (month == 0 || !in.Number(4, 4, &year)) return std::nullopt;
  in.SkipSpaces();
  const auto days = CheckedDays(year, month, day);
  const auto time = TakeTimeOfDay(in);
  if (!days || !time) return std::nullopt;
  in.SkipSpaces();
  const auto zone = TakeZone(in);
  if (!zone || !in.at_end()) return std::nullopt;
  return *days * kMicrosPerDay + *time - *zone * kMicrosPerSecond;
}

// Milliseconds of one unit; 0 for an unknown word.
double UnitMilliseconds(std::string_view unit) {
  std::string word;
  for (const char c : unit) word.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  if (word.size() > 3 && word.back() == 's') word.pop_back();
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  static constexpr Unit kUnits[] = {{"ns", 1e-6},
                                    {"nanosecond", 1e-6},
                                    {"us", 1e-3},
                                    {"μs", 1e-3},
                                    {"µs", 1e-3},
                                    {"microsecond", 1e-3},
                                    {"ms", 1},
                                    {"millisecond", 1},
                                    {"milli", 1},
                                    {"s", 1000},
                                    {"sec", 1000},
                                    {"second", 1000},
                                    {"m", 60'000},
                                    {"min", 60'000},
                                    {"minute", 60'000},
                                    {"h", 3'600'000},
                                    {"hr", 3'600'000},
                                    {"hour", 3'600'000},
                                    {"d", 86'400'000},
                                    {"day", 86'400'000},
                                    {"w", 604'800'000},
                                    {"week", 604'800'000},
                                    {"month", 30 * 86'400'000.0},
                                    {"quarter", 90 * 86'400'000.0},
                                    {"year", 365 * 86'400'000.0},
                                    {"hrs", 3'600'000},
                                    {"day", 86'400'000}};
  for (const Unit& candidate : kUnits) {
    if (candidate.name == word) return candidate.milliseconds;
  }
  return 0;
}

}  // namespace

int64_t DaysFromCivil(int64_t year, int month, int day) {
  // Years are counted from March so that the leap day is the last of its year.
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = FloorDivide(y, 400);
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = FloorDivide(days, 146'097);
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int32_t>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  date.month = static_cast<int32_t>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  date.year = static_cast<int32_t>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<int64_t> ParseDate(std::string_view text) {
  Cursor in(TrimText(text));
  const auto days = TakeDate(in);
  return in.at_end() ? days : std::nullopt;
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  text = TrimText(text);
  Cursor in(text);
  const auto days = TakeDate(in);
  if (!days) return ParseMailDate(text);
  if (in.at_end()) return *days * kMicrosPerDay;
  if (!in.Take('T') && !in.Take(' ') && !in.Take('t')) return std::nullopt;
  const auto time = TakeTimeOfDay(in);
  if (!time) return std::nullopt;
  in.SkipSpaces();
  const auto zone = TakeZone(in);
  if (!zone || !in.at_end()) return std::nullopt;
  return *days * kMicrosPerDay + *time - *zone * kMicrosPerSecond;
}

std::optional<int64_t> ParseTimeOfDay(std::string_view text) {
  Cursor in(TrimText(text));
  const auto time = TakeTimeOfDay(in);
  return in.at_end() ? time : std::nullopt;
}

int64_t EpochToMicros(int64_t value) {
  const int64_t size = value < 0 ? -(value + 1) : value;
  if (size < 100'000'000'000) return value * kMicrosPerSecond;
  if (size < 100'000'000'000'000) return value * 1000;
  if (size < 100'000'000'000'000'000) return value;
  return FloorDivide(value, 1000);
}

std::optional<int64_t> ParseInterval(std::string_view text) {
  text = TrimText(text);
  double total = 0;
  bool any = false;
  while (!text.empty()) {
    size_t length = text[0] == '-' || text[0] == '+' ? 1 : 0;
    while (length < text.size() && (IsDigit(text[length]) || text[length] == '.')) ++length;
    const auto number = ParseFloat(text.substr(0, length));
    if (!number) return std::nullopt;
    text = TrimText(text.substr(length));
    length = 0;
    while (length < text.size() && text[length] != ' ' && !IsDigit(text[length])) ++length;
    const double unit = UnitMilliseconds(text.substr(0, length));
    if (unit == 0) return std::nullopt;
    total += *number * unit;
    any = true;
    text = TrimText(text.substr(length));
  }
  // Beyond 2^53 the sum above loses milliseconds: 285,000 years are enough.
  constexpr double kLargest = 9'007'199'254'740'992.0;
  if (!any || std::fabs(total) > kLargest) return std::nullopt;
  return static_cast<int64_t>(std::floor(total));
}

namespace {

// A number below 100 as two digits.
char* PutTwoDigits(char* at, int64_t number) {
  *at++ = static_cast<char>('0' + number / 10);
  *at++ = static_cast<char>('0' + number % 10);
  return at;
}

}  // namespace

void AppendDate(int64_t days, std::string* out) {
  const CivilDate date = CivilFromDays(days);
  if (date.year >= 0 && date.year <= 9999) {
    char text[10];
    char* at = PutTwoDigits(PutTwoDigits(text, date.year / 100), date.year % 100);
    *at++ = '-';
    at = PutTwoDigits(at, date.month);
    *at++ = '-';
    PutTwoDigits(at, date.day);
    out->append(text, sizeof(text));
    return;
  }
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

void AppendTimeOfDay(int64_t micros, std::string* out) {
  const int64_t seconds = micros / kMicrosPerSecond;
  const int64_t fraction = micros % kMicrosPerSecond;
  if (micros >= 0 && micros < kMicrosPerDay && fraction % 1000 == 0) {
    char text[12];
    char* at = PutTwoDigits(text, seconds / 3600);
    *at++ = ':';
    at = PutTwoDigits(at, seconds / 60 % 60);
    *at++ = ':';
    at = PutTwoDigits(at, seconds % 60);
    *at++ = '.';
    *at++ = static_cast<char>('0' + fraction / 100'000);
    PutTwoDigits(at, fraction / 1000 % 100);
    out->append(text, sizeof(text));
    return;
  }
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction % 1000 == 0) {
    fmt::format_to(std::back_inserter(*out), ".{:03}", fraction / 1000);
  } else {
    fmt::format_to(std::back_inserter(*out), ".{:06}", fraction);
  }
}

void AppendTimestamp(int64_t micros, InstantStyle style, std::string* out) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  AppendDate(days, out);
  out->push_back(style == InstantStyle::kSql ? ' ' : 'T');
  AppendTimeOfDay(micros - days * kMicrosPerDay, out);
  if (style == InstantStyle::kRfc3339) out->push_back('Z');
}

void AppendInterval(int64_t milliseconds, std::string* out) {
  struct Unit {
    std::string_view name;
    uint64_t milliseconds;
  };
  static constexpr Unit kUnits[] = {
      {"DAY", 86'400'000}, {"HOUR", 3'600'000}, {"MINUTE", 60'000}, {"SECOND", 1000}, {"MILLISECOND", 1}};
  if (milliseconds == 0) {
    out->append("0 SECOND");
    return;
  }
  uint64_t rest = milliseconds < 0 ? -static_cast<uint64_t>(milliseconds) : static_cast<uint64_t>(milliseconds);
  bool first = true;
  for (const Unit& unit : kUnits) {
    const uint64_t count = rest / unit.milliseconds;
    rest %= unit.milliseconds;
    if (count == 0) continue;
    fmt::format_to(std::back_inserter(*out), "{}{}{} {}", first ? "" : " ", milliseconds < 0 ? "-" : "", count,
                   unit.name);
    first = false;
  }
}

}  // namespace velo
