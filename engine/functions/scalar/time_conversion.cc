#include <cmath>

#include "engine/functions/families.h"
#include "engine/functions/scalar/calendar.h"
#include "engine/functions/type_rules.h"
#include "engine/types/cast.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
constexpr const char* kNulls = "NULL in, NULL out";

Result<arrow::Datum> Now(const KernelContext& context, Arguments) {
  return arrow::Datum(FloorDivide(context.now_micros, 1000));
}

Result<arrow::Datum> CurrentDate(const KernelContext& context, Arguments) {
  const auto days = static_cast<int32_t>(FloorDivide(context.now_micros, kMicrosPerDay));
  return arrow::Datum(std::make_shared<arrow::Date32Scalar>(days));
}

Result<arrow::Datum> CurrentTime(const KernelContext& context, Arguments) {
  const int64_t of_day = context.now_micros - FloorDivide(context.now_micros, kMicrosPerDay) * kMicrosPerDay;
  return arrow::Datum(std::make_shared<arrow::Time64Scalar>(of_day / 1000 * 1000, arrow::TimeUnit::MICRO));
}

// TO_TIMESTAMP and TO_DATE: a cast that gives NULL, or a text read by a pattern.
template <TypeKind kResult>
Result<CallTypes> ConversionTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 2));
  if (arguments.size() == 2) {
    return FixedTypes<kResult, 2, TypeKind::kString, TypeKind::kString>(name, arguments, constants);
  }
  const bool number_to_date = kResult == TypeKind::kDate && arguments[0].is_numeric();
  if (!number_to_date && !CanCast(arguments[0], kResult)) return WrongArgumentType(name, 0, arguments[0], "a time");
  const SqlType type = arguments[0].kind() == TypeKind::kNull ? SqlType(TypeKind::kString) : arguments[0];
  return CallTypes{{type}, kResult};
}

Result<arrow::Datum> ToTimestamp(const KernelContext& context, Arguments arguments) {
  if (arguments.size() == 1) return CastDatum(arguments[0], context.arguments[0], TypeKind::kTimestamp, true);
  const Values<std::string_view> text(arguments[0]);
  const Values<std::string_view> pattern(arguments[1]);
  return MapFixed<int64_t>(context, {&text, &pattern},
                           [&](int64_t row) { return ParseFormatted(text[row], pattern[row]); });
}

Result<arrow::Datum> ToDate(const KernelContext& context, Arguments arguments) {
  if (arguments.size() == 1) {
    if (!context.arguments[0].is_numeric()) return CastDatum(arguments[0], context.arguments[0], TypeKind::kDate, true);
    VELO_ASSIGN_OR_RETURN(const arrow::Datum time,
                          CastDatum(arguments[0], context.arguments[0], TypeKind::kTimestamp, true));
    return CastDatum(time, TypeKind::kTimestamp, TypeKind::kDate, true);
  }
  const Values<std::string_view> text(arguments[0]);
  const Values<std::string_view> pattern(arguments[1]);
  return MapFixed<int32_t>(context, {&text, &pattern}, [&](int64_t row) -> std::optional<int32_t> {
    const auto micros = ParseFormatted(text[row], pattern[row]);
    if (!micros) return std::nullopt;
    return static_cast<int32_t>(FloorDivide(*micros, kMicrosPerDay));
  });
}

Result<arrow::Datum> DateFormat(const KernelContext& context, Arguments arguments) {
  const Instants time(arguments[0], context.arguments[0]);
  const Values<std::string_view> pattern(arguments[1]);
  return MapText(context, {&time, &pattern}, [&](int64_t row, std::string* out) {
    AppendFormatted(time[row], pattern[row], out);
    return true;
  });
}

std::optional<int64_t> SecondsToMicros(double seconds) {
  const double micros = std::round(seconds * 1e6);
  if (!(std::fabs(micros) < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(micros);
}

Result<arrow::Datum> FromUnixTime(const KernelContext& context, Arguments arguments) {
  const Values<double> seconds(arguments[0]);
  if (arguments.size() == 1) {
    return MapFixed<int64_t>(context, {&seconds}, [&](int64_t row) { return SecondsToMicros(seconds[row]); });
  }
  const Values<std::string_view> pattern(arguments[1]);
  return MapText(context, {&seconds, &pattern}, [&](int64_t row, std::string* out) {
    const auto micros = SecondsToMicros(seconds[row]);
    if (micros) AppendFormatted(*micros, pattern[row], out);
    return micros.has_value();
  });
}

Result<CallTypes> FromUnixTimeTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_ASSIGN_OR_RETURN(CallTypes types, (FixedTypes<TypeKind::kTimestamp, 1, TypeKind::kFloat, TypeKind::kString>(
                                             name, arguments, constants)));
  if (arguments.size() == 2) types.result = TypeKind::kString;
  return types;
}

Result<arrow::Datum> UnixTimestamp(const KernelContext& context, Arguments arguments) {
  if (arguments.empty()) return arrow::Datum(FloorDivide(context.now_micros, kMicrosPerSecond));
  const Instants time(arguments[0], context.arguments[0]);
  return MapFixed<int64_t>(context, {&time}, [&](int64_t row) { return FloorDivide(time[row], kMicrosPerSecond); });
}

Result<arrow::Datum> FromUnixMillis(const KernelContext& context, Arguments arguments) {
  const Values<int64_t> millis(arguments[0]);
  return MapFixed<int64_t>(context, {&millis}, [&](int64_t row) -> std::optional<int64_t> {
    int64_t micros;
    if (__builtin_mul_overflow(millis[row], int64_t{1000}, &micros)) return std::nullopt;
    return micros;
  });
}

Result<arrow::Datum> ToUnixMillis(const KernelContext& context, Arguments arguments) {
  const Instants time(arguments[0], context.arguments[0]);
  return MapFixed<int64_t>(context, {&time}, [&](int64_t row) { return FloorDivide(time[row], 1000); });
}

// Bounds of the window of the query: the planner replaces these calls by the window columns.
Result<CallTypes> WindowBoundTypes(std::string_view, TypeSpan arguments, ConstantSpan) {
  return CallTypes{{arguments.begin(), arguments.end()}, TypeKind::kInteger};
}

Result<arrow::Datum> OutsideWindow(const KernelContext&, Arguments) {
  return Status::User("E2205", "the bounds of a window exist only in a query with a WINDOW clause",
                      "Add WINDOW TUMBLING(...), SLIDING(...) or SESSION(...).");
}

void RegisterWindowBounds(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, std::string description) {
    ScalarFunction function;
    function.name = name;
    function.types = WindowBoundTypes;
    function.kernel = OutsideWindow;
    function.null_in_null_out = false;
    function.deterministic = false;
    function.doc = {"Window", name + "() → INTEGER ms", std::move(description), "", name + "()", ""};
    registry->Add(std::move(function));
  };
  for (const std::string kind : {"WINDOW", "HOP", "SLIDING", "SESSION"}) {
    add(kind + "_START", "Start of the current window.");
    add(kind + "_END", "End of the current window.");
  }
  add("SESSION_DURATION", "Last minus first event time of the session.");
}

}  // namespace

void RegisterTimeConversions(FunctionRegistry* registry) {
  const std::string category = "Date and time";
  registry->Add(ScalarFunction{
      .name = "NOW",
      .aliases = {"CURRENT_TIMESTAMP", "SYSTEM_TIME", "LOCALTIMESTAMP"},
      .types = FixedTypes<TypeKind::kInteger, 0>,
      .kernel = Now,
      .deterministic = false,
      .doc = {category, "NOW() → INTEGER ms", "The time of day in epoch milliseconds.", "", "NOW() > 0", "true"}});
  registry->Add(ScalarFunction{
      .name = "CURRENT_DATE",
      .types = FixedTypes<TypeKind::kDate, 0>,
      .kernel = CurrentDate,
      .deterministic = false,
      .doc = {category, "CURRENT_DATE → DATE", "Today (UTC).", "", "CURRENT_DATE > DATE '2020-01-01'", "true"}});
  registry->Add(ScalarFunction{
      .name = "CURRENT_TIME",
      .types = FixedTypes<TypeKind::kTime, 0>,
      .kernel = CurrentTime,
      .deterministic = false,
      .doc = {category, "CURRENT_TIME → TIME", "The time of day (UTC).", "", "CURRENT_TIME IS NOT NULL", "true"}});
  registry->Add(
      ScalarFunction{.name = "TIMESTAMP",
                     .aliases = {"TO_TIMESTAMP", "PARSE_TIMESTAMP"},
                     .types = ConversionTypes<TypeKind::kTimestamp>,
                     .kernel = ToTimestamp,
                     .doc = {category, "TO_TIMESTAMP(value[, pattern]) → TIMESTAMP",
                             "Reads a text or an epoch number as a time.", "NULL for text that does not fit",
                             "TO_TIMESTAMP('01.04.2025 09:30', '%d.%m.%Y %H:%M')", "2025-04-01 09:30:00.000"}});
  registry->Add(
      ScalarFunction{.name = "DATE",
                     .aliases = {"TO_DATE"},
                     .types = ConversionTypes<TypeKind::kDate>,
                     .kernel = ToDate,
                     .doc = {category, "TO_DATE(value[, pattern]) → DATE", "The day of a time or text.",
                             "NULL for text that does not fit", "TO_DATE('01.04.2025', '%d.%m.%Y')", "2025-04-01"}});
  registry->Add(
      ScalarFunction{.name = "DATE_FORMAT",
                     .aliases = {"FORMAT_TIMESTAMP", "TO_CHAR"},
                     .types = FixedTypes<TypeKind::kString, 2, TypeKind::kTimestamp, TypeKind::kString>,
                     .kernel = DateFormat,
                     .doc = {category, "DATE_FORMAT(time, pattern) → STRING",
                             "The time by strftime letters, or by Java letters in a pattern without %.", kNulls,
                             "DATE_FORMAT(TIMESTAMP '2025-04-01 09:30:00', '%Y/%m/%d %H:%M')", "2025/04/01 09:30"}});
  registry->Add(ScalarFunction{.name = "FROM_UNIXTIME",
                               .types = FromUnixTimeTypes,
                               .kernel = FromUnixTime,
                               .doc = {category, "FROM_UNIXTIME(seconds[, pattern]) → TIMESTAMP, STRING with a pattern",
                                       "The time that many seconds after 1970.", kNulls, "FROM_UNIXTIME(1743499800)",
                                       "2025-04-01 09:30:00.000"}});
  registry->Add(ScalarFunction{
      .name = "UNIX_TIMESTAMP",
      .types = FixedTypes<TypeKind::kInteger, 0, TypeKind::kTimestamp>,
      .kernel = UnixTimestamp,
      .deterministic = false,
      .doc = {category, "UNIX_TIMESTAMP([time]) → INTEGER", "Seconds since 1970, of now without argument.", kNulls,
              "UNIX_TIMESTAMP(TIMESTAMP '2025-04-01 09:30:00')", "1743499800"}});
  registry->Add(ScalarFunction{
      .name = "FROM_UNIXMS",
      .types = FixedTypes<TypeKind::kTimestamp, 1, TypeKind::kInteger>,
      .kernel = FromUnixMillis,
      .doc = {category, "FROM_UNIXMS(milliseconds) → TIMESTAMP", "The time that many milliseconds after 1970.", kNulls,
              "FROM_UNIXMS(1743499800250)", "2025-04-01 09:30:00.250"}});
  registry->Add(ScalarFunction{.name = "TO_UNIXMS",
                               .aliases = {"UNIX_MILLIS"},
                               .types = FixedTypes<TypeKind::kInteger, 1, TypeKind::kTimestamp>,
                               .kernel = ToUnixMillis,
                               .doc = {category, "TO_UNIXMS(time) → INTEGER", "Milliseconds since 1970.", kNulls,
                                       "TO_UNIXMS(TIMESTAMP '2025-04-01 09:30:00.250')", "1743499800250"}});
  RegisterWindowBounds(registry);
}

}  // namespace velo
