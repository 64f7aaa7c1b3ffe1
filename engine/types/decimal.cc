#include "engine/types/decimal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace velo {
namespace {

constexpr std::array<Int128, 39> MakePowers() {
  std::array<Int128, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<Int128, 39> kPowers = MakePowers();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Doubles up to 2^53 divided by a power of ten up to 10^22 are rounded once, hence correctly.
constexpr Int128 kExactDouble = Int128{1} << 53;

}  // namespace

Int128 PowerOfTen(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

bool FitsPrecision(Int128 value, int precision) {
  const Int128 limit = PowerOfTen(precision < 38 ? precision : 38);
  return value < limit && value > -limit;
}

Int128 DivideRounded(Int128 value, Int128 divisor) {
  Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const Int128 rest_size = rest < 0 ? -rest : rest;
  const Int128 divisor_size = divisor < 0 ? -divisor : divisor;
  if (rest_size >= divisor_size - rest_size) quotient += (value < 0) == (divisor < 0) ? 1 : -1;
  return quotient;
}

std::optional<Int128> Rescale(Int128 value, int from_scale, int to_scale) {
  if (from_scale == to_scale) return value;
  if (to_scale < from_scale) {
    return from_scale - to_scale > 38 ? Int128{0} : DivideRounded(value, PowerOfTen(from_scale - to_scale));
  }
  Int128 result;
  if (to_scale - from_scale > 38 || __builtin_mul_overflow(value, PowerOfTen(to_scale - from_scale), &result) ||
      !FitsPrecision(result, 38)) {
    return value == 0 ? std::optional<Int128>(0) : std::nullopt;
  }
  return result;
}

std::optional<DecimalValue> ParseDecimal(std::string_view text) {
  size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  DecimalValue value;
  bool any_digit = false;
  bool after_point = false;
  bool cut = false;       // Digits beyond what is kept were seen.
  bool round_up = false;  // The first of them was 5 or more.
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!IsDigit(text[at])) break;
    any_digit = true;
    if (after_point && value.scale >= kMaxDecimalScale) {
      if (!cut) round_up = text[at] >= '5';
      cut = true;
      continue;
    }
    if (!FitsPrecision(value.unscaled, 37)) return std::nullopt;
    value.unscaled = value.unscaled * 10 + (text[at] - '0');
    if (after_point) ++value.scale;
  }
  if (!any_digit) return std::nullopt;
  if (round_up && !FitsPrecision(++value.unscaled, 38)) return std::nullopt;
  if (negative) value.unscaled = -value.unscaled;
  if (at == text.size()) return value;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  std::string_view digits = text.substr(at + 1);
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  if (exponent > 100 || exponent < -100) return std::nullopt;
  const int natural = value.scale - exponent;
  const int scale = natural < 0 ? 0 : natural > kMaxDecimalScale ? kMaxDecimalScale : natural;
  // value.unscaled is the number times 10^natural.
  if (natural >= 0 && natural <= kMaxDecimalScale) return DecimalValue{value.unscaled, natural};
  const auto rescaled = natural < 0 ? Rescale(value.unscaled, 0, -natural) : Rescale(value.unscaled, natural, scale);
  if (!rescaled) return std::nullopt;
  return DecimalValue{*rescaled, scale};
}

void AppendDecimal(Int128 unscaled, int scale, std::string* out) {
  char digits[64];
  int count = 0;
  // Negating the smallest value is defined for unsigned numbers only.
  auto rest = static_cast<unsigned __int128>(unscaled);
  if (unscaled < 0) {
    out->push_back('-');
    rest = -rest;
  }
  do {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  while (count <= scale) digits[count++] = '0';
  while (count > 0) {
    if (count == scale) out->push_back('.');
    out->push_back(digits[--count]);
  }
}

double DecimalToDouble(Int128 unscaled, int scale) {
  static constexpr double kTens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (unscaled <= kExactDouble && unscaled >= -kExactDouble && scale >= 0 && scale <= 22) {
    return static_cast<double>(unscaled) / kTens[scale];
  }
  std::string text;
  AppendDecimal(unscaled, scale, &text);
  return ParseFloat(text).value_or(0);
}

std::optional<Int128> DoubleToDecimal(double value, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  if (scale == 0 && value == std::trunc(value) && std::fabs(value) < 9e15) return static_cast<Int128>(value);
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "{}", value);
  const auto parsed = ParseDecimal({text.data(), text.size()});
  if (!parsed) return std::nullopt;
  return Rescale(parsed->unscaled, parsed->scale, scale);
}

namespace {

/// Appends a value with at most four decimals, as prices have. False, with nothing appended, for any other.
bool AppendShortDecimal(double value, std::string* out) {
  constexpr int kDecimals = 4;
  constexpr int64_t kUnit = 10'000;
  constexpr double kBound = 1e15;
  const double scaled = value * kUnit;
  if (!(std::abs(scaled) < kBound)) return false;
  // Whole numbers below 1e15 are exact as doubles and so is the unit: the quotient is the double nearest to the
  // decimal. Different decimals of 15 digits are different doubles, so there is no shorter one for this value.
  const auto rounded = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  if (static_cast<double>(rounded) / static_cast<double>(kUnit) != value) return false;
  uint64_t whole = static_cast<uint64_t>(std::abs(rounded)) / kUnit;
  uint64_t fraction = static_cast<uint64_t>(std::abs(rounded)) % kUnit;
  char buffer[24];
  char* at = buffer;
  if (std::signbit(value)) *at++ = '-';
  at = std::to_chars(at, at + 20, whole).ptr;
  *at++ = '.';
  char* const decimals = at;
  for (int i = kDecimals - 1; i >= 0; --i) {
    decimals[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  at += kDecimals;
  while (at > decimals + 1 && at[-1] == '0') --at;
  out->append(buffer, static_cast<size_t>(at - buffer));
  return true;
}

}  // namespace

void AppendFloat(double value, std::string* out) {
  if (AppendShortDecimal(value, out)) return;
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
  } else {
    char buffer[32];
    const std::string_view text(buffer, static_cast<size_t>(fmt::format_to(buffer, "{}", value) - buffer));
    out->append(text);
    if (text.find_first_of(".e") == std::string_view::npos) out->append(".0");
  }
}

std::optional<double> ParseFloat(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view TrimText(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace velo
