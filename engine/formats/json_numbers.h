#pragma once

#include "engine/formats/csv_types.h"
#include "engine/formats/json_cursor.h"

namespace velo::formats {

/// The number as a 64 bit integer; false when it is none.
inline bool ToInteger(const JsonNumber& number, int64_t* value) {
  if (!number.exact) return ReadInteger(number.text, value);
  if (number.has_point) return false;
  const auto magnitude = static_cast<int64_t>(number.mantissa);
  *value = number.negative ? -magnitude : magnitude;
  return true;
}

/// The double nearest to the number; false when it is beyond all of them.
inline bool ToFloat(const JsonNumber& number, double* value) {
  if (!number.exact || number.mantissa >= (uint64_t{1} << 53)) return ReadFloat(number.text, value);
  // Both the digits and the power of ten are exact as doubles, so one division rounds correctly.
  const double magnitude = static_cast<double>(number.mantissa) / kPowersOfTen[number.decimals];
  *value = number.negative ? -magnitude : magnitude;
  return true;
}

}  // namespace velo::formats
