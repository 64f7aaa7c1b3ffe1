#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace velo {

/// Reads many timestamps one after the other, as ParseTimestamp does. Those that machines write
/// ("2025-04-01 09:30:00", "2025-04-01T09:30:00.250Z") take a short way, shorter still on the day of the one before;
/// with three decimals and in the minute of the one before they take the shortest.
class TimestampReader {
 public:
  /// Microseconds since 1970; nothing when the text is no timestamp.
  std::optional<int64_t> Read(std::string_view text);

 private:
  static constexpr size_t kToMinute = 17;  ///< "2025-04-01 09:30:"
  static constexpr size_t kWithMillis = 23;
  bool TakeDay(const char* text);
  std::optional<int64_t> ReadLonger(std::string_view text);

  std::array<char, kToMinute> minute_{};  ///< That minute_begin_ belongs to.
  int64_t minute_begin_ = 0;
  std::array<char, 10> date_{};  ///< "2025-04-01" that midnight_ belongs to.
  int64_t midnight_ = 0;
};

}  // namespace velo
