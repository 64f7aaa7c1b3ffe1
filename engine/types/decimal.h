#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace velo {

/// The unscaled value of a DECIMAL; the bytes of an arrow decimal128 on a little-endian machine.
using Int128 = __int128;

inline constexpr int kMaxDecimalScale = 18;

/// Returns 10^exponent. REQUIRES: 0 <= exponent <= 38.
Int128 PowerOfTen(int exponent);
/// Whether the value has at most `precision` digits.
bool FitsPrecision(Int128 value, int precision);
/// Divides, rounding half away from zero. REQUIRES: divisor != 0.
Int128 DivideRounded(Int128 value, Int128 divisor);
/// Changes the scale, rounding half away from zero. Nothing when the result has more than 38 digits.
std::optional<Int128> Rescale(Int128 value, int from_scale, int to_scale);

struct DecimalValue {
  Int128 unscaled = 0;
  int scale = 0;
};

/// Reads "-12.50", ".5", "7.", "1e3" with the natural scale of the text (trailing zeros count). Nothing for other text
/// or for values beyond 38 digits. Digits after the 18th decimal are rounded.
std::optional<DecimalValue> ParseDecimal(std::string_view text);
/// Appends the value with exactly `scale` digits after the point.
void AppendDecimal(Int128 unscaled, int scale, std::string* out);
/// Returns the nearest double.
double DecimalToDouble(Int128 unscaled, int scale);
/// Returns the value rounded half away from zero as people read the number (2.345 becomes 2.35 at scale 2). Nothing for
/// NaN, infinities and values beyond 38 digits.
std::optional<Int128> DoubleToDecimal(double value, int scale);

/// Appends the shortest text that reads back as the same double: "0.1", "5.0", "1e+300", "NaN", "Infinity".
void AppendFloat(double value, std::string* out);
/// Reads a whole text as a number. Nothing when anything is left over.
std::optional<double> ParseFloat(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text);
/// Removes white space at both ends.
std::string_view TrimText(std::string_view text);

}  // namespace velo
