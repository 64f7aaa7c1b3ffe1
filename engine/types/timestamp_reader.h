#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace velo {

/// Reads many timestamps one after the other, as ParseTimestamp does. Those that machines write
/// ("2025-04-01 09:30:00", "2025-04-01T09:30:00.250Z") take a short way, shorter still on the day of the one before.
class TimestampReader {
 public:
  /// Microseconds since 1970; nothing when the text is no timestamp.
  std::optional<int64_t> Read(std::string_view text);

 private:
  bool TakeDay(const char* text);

  std::array<char, 10> date_{};  ///< "2025-04-01" that midnight_ belongs to.
  int64_t midnight_ = 0;
};

}  // namespace velo
