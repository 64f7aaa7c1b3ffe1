#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace velo::formats {

/// YYYY-MM-DD only; blanks around it do no harm. Days since 1970.
bool ReadIsoDate(std::string_view text, int32_t* days);

/// "2026-02-16T10:30:00.250Z", with a blank instead of T, without seconds, fraction or zone (then UTC), or with a zone
/// such as +02:00; blanks around it do no harm. Microseconds since 1970, further digits cut off.
bool ReadIsoTimestamp(std::string_view text, int64_t* micros);

/// The same, and a date alone is its midnight: for columns that hold both.
bool ReadIsoInstant(std::string_view text, int64_t* micros);

/// Reads many instants one after the other, as ReadIsoInstant does; those of the day of the one before in few steps.
/// Not thread safe.
class IsoInstantReader {
 public:
  /// 32 bytes from text.data() on must be readable.
  bool Read(std::string_view text, int64_t* micros);

 private:
  std::array<char, 16> day_{};  ///< "2026-02-16" that midnight_ belongs to, and zeros.
  int64_t midnight_ = 0;
};

}  // namespace velo::formats
