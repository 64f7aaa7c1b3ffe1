#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/functions/column_reader.h"

namespace velo {

/// Units of EXTRACT, DATE_TRUNC, DATEDIFF and DATE_ADD.
enum class CalendarUnit : uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kDayOfWeek,
  kIsoDayOfWeek,
  kDayOfYear,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond,
  kEpoch
};

/// Reads "day", "DAYS", "dow", "us" ... Case is ignored.
std::optional<CalendarUnit> ParseCalendarUnit(std::string_view word);
/// E2301 with the list of units.
Status UnknownUnit(std::string_view name, std::string_view word);
/// Microseconds of a unit of fixed length (WEEK to MICROSECOND); 0 for the others.
int64_t UnitMicros(CalendarUnit unit);

/// Field of a point in time (dialect 5.3), for EPOCH the seconds cut toward the past.
int64_t ExtractField(CalendarUnit unit, int64_t micros);
/// Start of the unit that contains the time; weeks start on Monday.
int64_t TruncateTo(CalendarUnit unit, int64_t micros);
/// Adds months, quarters and years by the calendar (clamped to the end of the month), other units by their length.
std::optional<int64_t> AddUnits(CalendarUnit unit, int64_t count, int64_t micros);
/// end - start: boundaries crossed for DAY and longer, elapsed units toward zero for shorter ones.
int64_t DifferenceIn(CalendarUnit unit, int64_t start, int64_t end);

/// Formats a time by strftime letters, or by Java letters when the pattern has no % (dialect 5.3).
void AppendFormatted(int64_t micros, std::string_view pattern, std::string* out);
/// Reads a time by the same patterns. Nothing when the text does not fit.
std::optional<int64_t> ParseFormatted(std::string_view text, std::string_view pattern);

/// A time argument: TIMESTAMP, or INTEGER epoch milliseconds. Gives microseconds.
class Instants : public Values<int64_t> {
 public:
  Instants(const arrow::Datum& datum, const SqlType& type)
      : Values<int64_t>(datum), unit_(type.kind() == TypeKind::kInteger ? 1000 : 1) {}
  int64_t operator[](int64_t row) const {
    return static_cast<int64_t>(static_cast<uint64_t>(Values<int64_t>::operator[](row)) * static_cast<uint64_t>(unit_));
  }

 private:
  int64_t unit_;
};

}  // namespace velo
