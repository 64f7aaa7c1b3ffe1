// Any text as a number, date, time, timestamp or length of time: what is read and printed reads back as the same value.

#include <cmath>

#include "engine/types/decimal.h"
#include "engine/types/time_text.h"
#include "tests/fuzz/check.h"

namespace velo::fuzz {
namespace {

template <typename Value, typename Parse, typename Append>
void RoundTrip(std::string_view law, std::optional<Value> value, const Parse& parse, const Append& append) {
  if (!value.has_value()) return;
  std::string text;
  append(*value, &text);
  const std::optional<Value> again = parse(text);
  Check(again.has_value() && *again == *value, law, text);
}

void CheckDecimal(std::string_view text) {
  const std::optional<DecimalValue> value = ParseDecimal(text);
  if (!value.has_value()) return;
  Check(value->scale >= 0 && value->scale <= kMaxDecimalScale && FitsPrecision(value->unscaled, 38), "decimals fit");
  std::string printed;
  AppendDecimal(value->unscaled, value->scale, &printed);
  const std::optional<DecimalValue> again = ParseDecimal(printed);
  Check(again.has_value() && again->unscaled == value->unscaled && again->scale == value->scale,
        "a decimal reads back as itself", printed);
  // The nearest double of the number as text and of the decimal are the same.
  const std::optional<double> nearest = ParseFloat(printed);
  const double converted = DecimalToDouble(value->unscaled, value->scale);
  Check(nearest.has_value() && *nearest == converted, "a decimal as FLOAT is the nearest one", printed);
  for (int scale = 0; scale <= kMaxDecimalScale; scale += 6) Rescale(value->unscaled, value->scale, scale);
}

}  // namespace
}  // namespace velo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::CheckDecimal(text);
  fuzz::RoundTrip("an integer reads back", ParseInteger(text), ParseInteger,
                  [](int64_t value, std::string* out) { *out += std::to_string(value); });
  const std::optional<double> number = ParseFloat(text);
  if (number.has_value() && !std::isnan(*number)) {
    fuzz::RoundTrip("a float reads back", number, ParseFloat, AppendFloat);
    for (int scale = 0; scale <= kMaxDecimalScale; scale += 9) DoubleToDecimal(*number, scale);
  }
  fuzz::RoundTrip("a date reads back", ParseDate(text), ParseDate, AppendDate);
  fuzz::RoundTrip("a time of day reads back", ParseTimeOfDay(text), ParseTimeOfDay, AppendTimeOfDay);
  for (const InstantStyle style : {InstantStyle::kSql, InstantStyle::kRfc3339}) {
    fuzz::RoundTrip("a timestamp reads back", ParseTimestamp(text), ParseTimestamp,
                    [style](int64_t value, std::string* out) { AppendTimestamp(value, style, out); });
  }
  fuzz::RoundTrip("a length of time reads back", ParseInterval(text), ParseInterval, AppendInterval);
  return 0;
}
