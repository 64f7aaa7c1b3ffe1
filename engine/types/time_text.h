#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace velo {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
  int32_t year = 1970;
  int32_t month = 1;  ///< 1-12
  int32_t day = 1;    ///< 1-31
};

/// Days since 1970-01-01. The day may lie outside its month: (2025, 1, 32) is February 1st.
int64_t DaysFromCivil(int64_t year, int month, int day);
CivilDate CivilFromDays(int64_t days);
int DaysInMonth(int64_t year, int month);
/// Rounds toward the past.
constexpr int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor != 0 && (value % divisor < 0) != (divisor < 0) ? 1 : 0);
}

/// The date forms of dialect 3.6: 2025-04-01, 2025/04/01, 04/01/2025, 01-04-2025, 20250401. Returns days since 1970.
std::optional<int64_t> ParseDate(std::string_view text);
/// The timestamp forms of dialect 3.6, RFC 2822 and all date forms included; no zone means UTC. Returns microseconds
/// since 1970, digits beyond that cut off.
std::optional<int64_t> ParseTimestamp(std::string_view text);
/// HH:MM[:SS[.ffffff]]. Returns microseconds since midnight.
std::optional<int64_t> ParseTimeOfDay(std::string_view text);
/// Reads an epoch number whose unit its size tells (dialect 3.6: seconds, milli-, micro- or nanoseconds).
int64_t EpochToMicros(int64_t value);
/// Reads a length of time: "5m", "1.5h", "5 MINUTES", "1 hour 30 minutes". Returns milliseconds.
std::optional<int64_t> ParseInterval(std::string_view text);

void AppendDate(int64_t days, std::string* out);
/// "09:30:00.250"; microseconds only when there are any.
void AppendTimeOfDay(int64_t micros, std::string* out);
enum class InstantStyle : uint8_t { kSql, kRfc3339 };
/// "2025-04-01 09:30:00.250" or "2025-04-01T09:30:00.250Z".
void AppendTimestamp(int64_t micros, InstantStyle style, std::string* out);
/// "5 MINUTE", "1 HOUR 30 MINUTE", "250 MILLISECOND", "0 SECOND".
void AppendInterval(int64_t milliseconds, std::string* out);

}  // namespace velo
