#include <fmt/format.h>

#include <array>

#include "engine/functions/scalar/calendar.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

int64_t Field(CalendarUnit unit, int64_t micros) { return ExtractField(unit, micros); }

void AppendNumber(int64_t value, int width, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{:0{}}", value, width);
}

int64_t Hour12(int64_t micros) {
  const int64_t hour = Field(CalendarUnit::kHour, micros) % 12;
  return hour == 0 ? 12 : hour;
}

// One strftime letter. `sql_minutes` tells that the pattern has MySQL's %i, which makes %s the seconds of the minute.
void AppendLetter(char letter, int64_t micros, bool sql_minutes, std::string* out) {
  switch (letter) {
    case 'Y':
      return AppendNumber(Field(CalendarUnit::kYear, micros), 4, out);
    case 'y':
      return AppendNumber(Field(CalendarUnit::kYear, micros) % 100, 2, out);
    case 'm':
      return AppendNumber(Field(CalendarUnit::kMonth, micros), 2, out);
    case 'c':
      return AppendNumber(Field(CalendarUnit::kMonth, micros), 1, out);
    case 'd':
      return AppendNumber(Field(CalendarUnit::kDay, micros), 2, out);
    case 'e':
      fmt::format_to(std::back_inserter(*out), "{:2}", Field(CalendarUnit::kDay, micros));
      return;
    case 'H':
      return AppendNumber(Field(CalendarUnit::kHour, micros), 2, out);
    case 'k':
      return AppendNumber(Field(CalendarUnit::kHour, micros), 1, out);
    case 'I':
    case 'h':
      return AppendNumber(Hour12(micros), 2, out);
    case 'M':
    case 'i':
      return AppendNumber(Field(CalendarUnit::kMinute, micros), 2, out);
    case 'S':
      return AppendNumber(Field(CalendarUnit::kSecond, micros), 2, out);
    case 's':
      if (sql_minutes) return AppendNumber(Field(CalendarUnit::kSecond, micros), 2, out);
      return AppendNumber(Field(CalendarUnit::kEpoch, micros), 1, out);
    case 'p':
      out->append(Field(CalendarUnit::kHour, micros) < 12 ? "AM" : "PM");
      return;
    case 'j':
      return AppendNumber(Field(CalendarUnit::kDayOfYear, micros), 3, out);
    case 'A':
      out->append(kDays[static_cast<size_t>(Field(CalendarUnit::kDayOfWeek, micros))]);
      return;
    case 'a':
      out->append(kDays[static_cast<size_t>(Field(CalendarUnit::kDayOfWeek, micros))].substr(0, 3));
      return;
    case 'B':
      out->append(kMonths[static_cast<size_t>(Field(CalendarUnit::kMonth, micros) - 1)]);
      return;
    case 'b':
      out->append(kMonths[static_cast<size_t>(Field(CalendarUnit::kMonth, micros) - 1)].substr(0, 3));
      return;
    case 'u':
      return AppendNumber(Field(CalendarUnit::kIsoDayOfWeek, micros), 1, out);
    case 'w':
      return AppendNumber(Field(CalendarUnit::kDayOfWeek, micros), 1, out);
    case 'V':
      return AppendNumber(Field(CalendarUnit::kWeek, micros), 2, out);
    case 'Z':
      out->append("UTC");
      return;
    case 'z':
      out->append("+0000");
      return;
    case 'f':
      return AppendNumber(Field(CalendarUnit::kMicrosecond, micros), 6, out);
    case 'F':
      return AppendFormatted(micros, "%Y-%m-%d", out);
    case 'T':
      return AppendFormatted(micros, "%H:%M:%S", out);
    case '%':
      out->push_back('%');
      return;
    default:
      out->push_back('%');
      out->push_back(letter);
  }
}

// The same in strftime letters; text in '...' stays as it is.
std::string FromJavaPattern(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    const char letter = pattern[i];
    if (letter == '\'') {
      const size_t end = pattern.find('\'', i + 1);
      if (end == i + 1) {
        out.push_back('\'');
      } else {
        out.append(pattern.substr(i + 1, end == std::string_view::npos ? end : end - i - 1));
      }
      if (end == std::string_view::npos) break;
      i = end + 1;
      continue;
    }
    size_t count = 1;
    while (i + count < pattern.size() && pattern[i + count] == letter) ++count;
    switch (letter) {
      case 'y':
      case 'u':
        out += count == 2 ? "%y" : "%Y";
        break;
      case 'M':
        out += count >= 4 ? "%B" : count == 3 ? "%b" : count == 2 ? "%m" : "%c";
        break;
      case 'd':
        out += "%d";
        break;
      case 'D':
        out += "%j";
        break;
      case 'H':
        out += count == 1 ? "%k" : "%H";
        break;
      case 'h':
        out += "%I";
        break;
      case 'm':
        out += "%i";
        break;
      case 's':
        out += "%S";
        break;
      case 'S':
        out += count <= 3 ? "%3f" : "%6f";
        break;
      case 'a':
        out += "%p";
        break;
      case 'E':
        out += count >= 4 ? "%A" : "%a";
        break;
      case 'z':
        out += "%Z";
        break;
      case 'Z':
      case 'X':
      case 'x':
        out += "%z";
        break;
      default:
        out.append(count, letter);
    }
    i += count;
  }
  return out;
}

bool HasSqlMinutes(std::string_view pattern) { return pattern.find("%i") != std::string_view::npos; }

// What a pattern has collected from a text.
struct Parts {
  int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0, zone_seconds = 0;
  bool afternoon = false, half_day = false;
  std::optional<int64_t> epoch;
};

bool TakeNumber(std::string_view* text, size_t most, int64_t* out) {
  size_t digits = 0;
  *out = 0;
  while (digits < most && digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    *out = *out * 10 + ((*text)[digits++] - '0');
  }
  text->remove_prefix(digits);
  return digits > 0;
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view start) {
  if (text.size() < start.size()) return false;
  for (size_t i = 0; i < start.size(); ++i) {
    if ((text[i] | 0x20) != (start[i] | 0x20)) return false;
  }
  return true;
}

template <size_t kCount>
bool TakeName(std::string_view* text, const std::array<std::string_view, kCount>& names, int64_t* index) {
  for (size_t i = 0; i < kCount; ++i) {
    for (const size_t length : {names[i].size(), size_t{3}}) {
      if (!StartsWithIgnoringCase(*text, names[i].substr(0, length))) continue;
      text->remove_prefix(length);
      *index = static_cast<int64_t>(i);
      return true;
    }
  }
  return false;
}

bool TakeFraction(std::string_view* text, int64_t* micros) {
  const size_t before = text->size();
  if (!TakeNumber(text, 9, micros)) return false;
  for (size_t digits = before - text->size(); digits < 6; ++digits) *micros *= 10;
  for (size_t digits = before - text->size(); digits > 6; --digits) *micros /= 10;
  return true;
}

bool TakeZone(std::string_view* text, int64_t* seconds) {
  if (StartsWithIgnoringCase(*text, "UTC") || StartsWithIgnoringCase(*text, "GMT")) {
    text->remove_prefix(3);
    return true;
  }
  if (text->starts_with("Z")) {
    text->remove_prefix(1);
    return true;
  }
  if (text->empty() || ((*text)[0] != '+' && (*text)[0] != '-')) return false;
  const int sign = (*text)[0] == '-' ? -1 : 1;
  text->remove_prefix(1);
  int64_t hours = 0, minutes = 0;
  if (!TakeNumber(text, 2, &hours)) return false;
  if (text->starts_with(":")) text->remove_prefix(1);
  TakeNumber(text, 2, &minutes);
  *seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

bool TakeLetter(char letter, bool sql_minutes, std::string_view* text, Parts* parts) {
  int64_t ignored = 0;
  switch (letter) {
    case 'Y':
      return TakeNumber(text, 4, &parts->year);
    case 'y':
      if (!TakeNumber(text, 2, &parts->year)) return false;
      parts->year += parts->year < 70 ? 2000 : 1900;
      return true;
    case 'm':
    case 'c':
      return TakeNumber(text, 2, &parts->month);
    case 'd':
    case 'e':
      while (text->starts_with(" ")) text->remove_prefix(1);
      return TakeNumber(text, 2, &parts->day);
    case 'H':
    case 'k':
      return TakeNumber(text, 2, &parts->hour);
    case 'I':
    case 'h':
      parts->half_day = true;
      return TakeNumber(text, 2, &parts->hour);
    case 'M':
    case 'i':
      return TakeNumber(text, 2, &parts->minute);
    case 'S':
      return TakeNumber(text, 2, &parts->second);
    case 's':
      if (sql_minutes) return TakeNumber(text, 2, &parts->second);
      if (!TakeNumber(text, 18, &ignored)) return false;
      parts->epoch = ignored;
      return true;
    case 'p':
      parts->afternoon = StartsWithIgnoringCase(*text, "PM");
      if (!parts->afternoon && !StartsWithIgnoringCase(*text, "AM")) return false;
      text->remove_prefix(2);
      return true;
    case 'f':
      return TakeFraction(text, &parts->micros);
    case 'B':
    case 'b':
      if (!TakeName(text, kMonths, &parts->month)) return false;
      ++parts->month;
      return true;
    case 'A':
    case 'a':
      return TakeName(text, kDays, &ignored);
    case 'z':
    case 'Z':
      return TakeZone(text, &parts->zone_seconds);
    default:
      return false;
  }
}

bool TakePattern(std::string_view pattern, std::string_view* text, Parts* parts) {
  const bool sql_minutes = HasSqlMinutes(pattern);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      if (!text->starts_with(pattern[i])) return false;
      text->remove_prefix(1);
      continue;
    }
    char letter = pattern[++i];
    if ((letter == '3' || letter == '6') && i + 1 < pattern.size()) letter = pattern[++i];
    bool fits;
    if (letter == 'F') {
      fits = TakePattern("%Y-%m-%d", text, parts);
    } else if (letter == 'T') {
      fits = TakePattern("%H:%M:%S", text, parts);
    } else if (letter == '%') {
      fits = text->starts_with('%');
      if (fits) text->remove_prefix(1);
    } else {
      fits = TakeLetter(letter, sql_minutes, text, parts);
    }
    if (!fits) return false;
  }
  return true;
}

}  // namespace

void AppendFormatted(int64_t micros, std::string_view pattern, std::string* out) {
  if (pattern.find('%') == std::string_view::npos) {
    const std::string translated = FromJavaPattern(pattern);
    if (translated.find('%') != std::string::npos) return AppendFormatted(micros, translated, out);
  }
  const bool sql_minutes = HasSqlMinutes(pattern);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      out->push_back(pattern[i]);
      continue;
    }
    const char letter = pattern[++i];
    const bool digits = (letter == '3' || letter == '6') && i + 1 < pattern.size() && pattern[i + 1] == 'f';
    if (digits) {
      ++i;
      const int64_t fraction = ExtractField(CalendarUnit::kMicrosecond, micros);
      AppendNumber(letter == '3' ? fraction / 1000 : fraction, letter - '0', out);
    } else {
      AppendLetter(letter, micros, sql_minutes, out);
    }
  }
}

std::optional<int64_t> ParseFormatted(std::string_view text, std::string_view pattern) {
  std::string translated;
  if (pattern.find('%') == std::string_view::npos) {
    translated = FromJavaPattern(pattern);
    pattern = translated;
  }
  Parts parts;
  text = TrimText(text);
  if (!TakePattern(pattern, &text, &parts) || !text.empty()) return std::nullopt;
  if (parts.epoch) return *parts.epoch * kMicrosPerSecond;
  if (parts.half_day) parts.hour = parts.hour % 12 + (parts.afternoon ? 12 : 0);
  const bool date_fits = parts.month >= 1 && parts.month <= 12 && parts.day >= 1 &&
                         parts.day <= DaysInMonth(parts.year, static_cast<int>(parts.month));
  if (!date_fits || parts.hour > 23 || parts.minute > 59 || parts.second > 59) return std::nullopt;
  const int64_t days = DaysFromCivil(parts.year, static_cast<int>(parts.month), static_cast<int>(parts.day));
  const int64_t seconds = parts.hour * 3600 + parts.minute * 60 + parts.second - parts.zone_seconds;
  return days * kMicrosPerDay + seconds * kMicrosPerSecond + parts.micros;
}

}  // namespace velo
