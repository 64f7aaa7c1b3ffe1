#include "engine/functions/scalar/calendar.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/types/time_text.h"

namespace velo {
namespace {

struct UnitName {
  std::string_view name;
  CalendarUnit unit;
};

constexpr UnitName kUnits[] = {{"YEAR", CalendarUnit::kYear},
                               {"QUARTER", CalendarUnit::kQuarter},
                               {"MONTH", CalendarUnit::kMonth},
                               {"WEEK", CalendarUnit::kWeek},
                               {"DAY", CalendarUnit::kDay},
                               {"DOW", CalendarUnit::kDayOfWeek},
                               {"DAYOFWEEK", CalendarUnit::kDayOfWeek},
                               {"ISODOW", CalendarUnit::kIsoDayOfWeek},
                               {"DOY", CalendarUnit::kDayOfYear},
                               {"DAYOFYEAR", CalendarUnit::kDayOfYear},
                               {"HOUR", CalendarUnit::kHour},
                               {"MINUTE", CalendarUnit::kMinute},
                               {"SECOND", CalendarUnit::kSecond},
                               {"MILLISECOND", CalendarUnit::kMillisecond},
                               {"MICROSECOND", CalendarUnit::kMicrosecond},
                               {"NANOSECOND", CalendarUnit::kNanosecond},
                               {"EPOCH", CalendarUnit::kEpoch},
                               {"MS", CalendarUnit::kMillisecond},
                               {"US", CalendarUnit::kMicrosecond},
                               {"NS", CalendarUnit::kNanosecond},
                               {"MILLI", CalendarUnit::kMillisecond},
                               {"MIN", CalendarUnit::kMinute},
                               {"SEC", CalendarUnit::kSecond},
                               {"HR", CalendarUnit::kHour},
                               {"H", CalendarUnit::kHour},
                               {"M", CalendarUnit::kMinute},
                               {"S", CalendarUnit::kSecond},
                               {"D", CalendarUnit::kDay},
                               {"W", CalendarUnit::kWeek},
                               {"DAY_OF_WEEK", CalendarUnit::kDayOfWeek},
                               {"DAY_OF_YEAR", CalendarUnit::kDayOfYear}};

int64_t DayNumber(int64_t micros) { return FloorDivide(micros, kMicrosPerDay); }

// 1970-01-01 was a Thursday. 0 = Monday.
int64_t Weekday(int64_t days) { return ((days + 3) % 7 + 7) % 7; }

int64_t IsoWeek(int64_t days) {
  // The week belongs to the year that has its Thursday.
  const int64_t thursday = days - Weekday(days) + 3;
  return (thursday - DaysFromCivil(CivilFromDays(thursday).year, 1, 1)) / 7 + 1;
}

int64_t MonthNumber(int64_t micros) {
  const CivilDate date = CivilFromDays(DayNumber(micros));
  return int64_t{date.year} * 12 + date.month - 1;
}

int64_t StartOfMonth(int64_t month_number) {
  const int64_t year = FloorDivide(month_number, 12);
  return DaysFromCivil(year, static_cast<int>(month_number - year * 12) + 1, 1) * kMicrosPerDay;
}

int64_t MonthsOf(CalendarUnit unit) {
  if (unit == CalendarUnit::kYear) return 12;
  if (unit == CalendarUnit::kQuarter) return 3;
  return unit == CalendarUnit::kMonth ? 1 : 0;
}

}  // namespace

std::optional<CalendarUnit> ParseCalendarUnit(std::string_view word) {
  std::string upper;
  for (const char c : TrimText(word)) upper.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  for (int plural = 0; plural < 2; ++plural) {
    for (const UnitName& candidate : kUnits) {
      if (candidate.name == upper) return candidate.unit;
    }
    if (upper.size() < 3 || upper.back() != 'S') break;
    upper.pop_back();
  }
  return std::nullopt;
}

Status UnknownUnit(std::string_view name, std::string_view word) {
  return Status::User("E2301", fmt::format("{} does not know the unit '{}'", name, word),
                      "Units are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND and MICROSECOND.");
}

int64_t UnitMicros(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::kWeek:
      return 7 * kMicrosPerDay;
    case CalendarUnit::kDay:
      return kMicrosPerDay;
    case CalendarUnit::kHour:
      return 3600 * kMicrosPerSecond;
    case CalendarUnit::kMinute:
      return 60 * kMicrosPerSecond;
    case CalendarUnit::kSecond:
    case CalendarUnit::kEpoch:
      return kMicrosPerSecond;
    case CalendarUnit::kMillisecond:
      return 1000;
    case CalendarUnit::kMicrosecond:
      return 1;
    default:
      return 0;
  }
}

int64_t ExtractField(CalendarUnit unit, int64_t micros) {
  const int64_t days = DayNumber(micros);
  const int64_t of_day = micros - days * kMicrosPerDay;
  switch (unit) {
    case CalendarUnit::kYear:
      return CivilFromDays(days).year;
    case CalendarUnit::kQuarter:
      return (CivilFromDays(days).month + 2) / 3;
    case CalendarUnit::kMonth:
      return CivilFromDays(days).month;
    case CalendarUnit::kWeek:
      return IsoWeek(days);
    case CalendarUnit::kDay:
      return CivilFromDays(days).day;
    case CalendarUnit::kDayOfWeek:
      return (Weekday(days) + 1) % 7;
    case CalendarUnit::kIsoDayOfWeek:
      return Weekday(days) + 1;
    case CalendarUnit::kDayOfYear:
      return days - DaysFromCivil(CivilFromDays(days).year, 1, 1) + 1;
    case CalendarUnit::kHour:
      return of_day / (3600 * kMicrosPerSecond);
    case CalendarUnit::kMinute:
      return of_day / (60 * kMicrosPerSecond) % 60;
    case CalendarUnit::kSecond:
      return of_day / kMicrosPerSecond % 60;
    case CalendarUnit::kMillisecond:
      return of_day % kMicrosPerSecond / 1000;
    case CalendarUnit::kMicrosecond:
      return of_day % kMicrosPerSecond;
    case CalendarUnit::kNanosecond:
      return of_day % kMicrosPerSecond * 1000;
    case CalendarUnit::kEpoch:
      return FloorDivide(micros, kMicrosPerSecond);
  }
  return 0;
}

int64_t TruncateTo(CalendarUnit unit, int64_t micros) {
  if (const int64_t months = MonthsOf(unit); months > 0) {
    return StartOfMonth(FloorDivide(MonthNumber(micros), months) * months);
  }
  const int64_t days = DayNumber(micros);
  if (unit == CalendarUnit::kWeek) return (days - Weekday(days)) * kMicrosPerDay;
  const int64_t length = std::max<int64_t>(UnitMicros(unit), 1);
  return FloorDivide(micros, length) * length;
}

std::optional<int64_t> AddUnits(CalendarUnit unit, int64_t count, int64_t micros) {
  int64_t out;
  if (const int64_t months = MonthsOf(unit); months > 0) {
    int64_t shift;
    if (__builtin_mul_overflow(count, months, &shift) || shift > 3'000'000 || shift < -3'000'000) return std::nullopt;
    const int64_t days = DayNumber(micros);
    const CivilDate date = CivilFromDays(days);
    const int64_t month_number = MonthNumber(micros) + shift;
    const int64_t year = FloorDivide(month_number, 12);
    const int month = static_cast<int>(month_number - year * 12) + 1;
    const int day = std::min(date.day, DaysInMonth(year, month));
    out = DaysFromCivil(year, month, day);
    if (__builtin_mul_overflow(out, kMicrosPerDay, &out)) return std::nullopt;
    return out + (micros - days * kMicrosPerDay);
  }
  if (unit == CalendarUnit::kNanosecond) {
    count = FloorDivide(count, 1000);
    unit = CalendarUnit::kMicrosecond;
  }
  if (__builtin_mul_overflow(count, UnitMicros(unit), &out) || __builtin_add_overflow(out, micros, &out)) {
    return std::nullopt;
  }
  return out;
}

int64_t DifferenceIn(CalendarUnit unit, int64_t start, int64_t end) {
  if (const int64_t months = MonthsOf(unit); months > 0) {
    return FloorDivide(MonthNumber(end), months) - FloorDivide(MonthNumber(start), months);
  }
  if (unit == CalendarUnit::kDay) return DayNumber(end) - DayNumber(start);
  if (unit == CalendarUnit::kWeek) {
    return (TruncateTo(unit, end) - TruncateTo(unit, start)) / (7 * kMicrosPerDay);
  }
  const int64_t elapsed = end - start;
  if (unit == CalendarUnit::kNanosecond) return elapsed * 1000;
  return elapsed / std::max<int64_t>(UnitMicros(unit), 1);
}

}  // namespace velo
