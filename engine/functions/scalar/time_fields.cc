#include "engine/functions/families.h"
#include "engine/functions/scalar/calendar.h"
#include "engine/functions/type_rules.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
constexpr const char* kNulls = "NULL in, NULL out";

// The unit of a call. The type rules have seen that it is constant where types were known.
Result<CalendarUnit> UnitOf(std::string_view name, const arrow::Datum& argument) {
  const Values<std::string_view> text(argument);
  const std::string_view word = text.constant() && !text.IsNull(0) ? text[0] : std::string_view();
  const auto unit = ParseCalendarUnit(word);
  if (!unit) return UnknownUnit(name, word);
  return *unit;
}

bool IsUnitConstant(ConstantSpan constants, size_t index) {
  return index < constants.size() && constants[index] != nullptr && ParseCalendarUnit(*constants[index]).has_value();
}

// The unit must be a constant that names one; nothing is said about a value of unknown type.
Status CheckUnit(std::string_view name, TypeSpan arguments, ConstantSpan constants, size_t index) {
  const std::string* word = index < constants.size() ? constants[index] : nullptr;
  if (word != nullptr) return IsUnitConstant(constants, index) ? Status::OK() : UnknownUnit(name, *word);
  if (arguments[index].kind() == TypeKind::kAny) return Status::OK();
  return WrongArgumentType(name, index, arguments[index], "a constant unit such as 'hour'");
}

Result<CallTypes> ExtractTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  VELO_RETURN_IF_ERROR(CheckUnit(name, arguments, constants, 0));
  CallTypes types{{TypeKind::kString}, TypeKind::kInteger};
  const SqlType& time = arguments[1];
  if (time.kind() == TypeKind::kInterval || time.kind() == TypeKind::kTime) {
    types.arguments.push_back(time);
  } else {
    VELO_ASSIGN_OR_RETURN(SqlType fitted, FitArgument(name, 1, time, TypeKind::kTimestamp));
    types.arguments.push_back(std::move(fitted));
  }
  const bool epoch = IsUnitConstant(constants, 0) && ParseCalendarUnit(*constants[0]) == CalendarUnit::kEpoch;
  if (epoch && time.kind() != TypeKind::kDate) types.result = TypeKind::kFloat;
  return types;
}

Result<arrow::Datum> Extract(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(const CalendarUnit unit, UnitOf("EXTRACT", arguments[0]));
  const TypeKind kind = context.arguments[1].kind();
  if (kind == TypeKind::kInterval) {
    const Values<int64_t> length(arguments[1]);
    if (context.result.kind() == TypeKind::kFloat) {
      return MapFixed<double>(context, {&length},
                              [&](int64_t row) { return static_cast<double>(length[row]) / 1000.0; });
    }
    // Months and years of a length have 30 and 365 days.
    int64_t unit_millis = UnitMicros(unit) / 1000;
    if (unit == CalendarUnit::kMonth) unit_millis = 30 * kMicrosPerDay / 1000;
    if (unit == CalendarUnit::kQuarter) unit_millis = 90 * kMicrosPerDay / 1000;
    if (unit == CalendarUnit::kYear) unit_millis = 365 * kMicrosPerDay / 1000;
    return MapFixed<int64_t>(context, {&length}, [&](int64_t row) {
      if (unit == CalendarUnit::kMicrosecond) return length[row] * 1000;
      if (unit == CalendarUnit::kNanosecond) return length[row] * 1'000'000;
      return length[row] / std::max<int64_t>(unit_millis, 1);
    });
  }
  const Instants time(arguments[1], context.arguments[1]);
  if (context.result.kind() == TypeKind::kFloat) {
    return MapFixed<double>(context, {&time}, [&](int64_t row) { return static_cast<double>(time[row]) / 1e6; });
  }
  return MapFixed<int64_t>(context, {&time}, [&](int64_t row) { return ExtractField(unit, time[row]); });
}

template <CalendarUnit kUnit>
Result<arrow::Datum> FieldOf(const KernelContext& context, Arguments arguments) {
  const Instants time(arguments[0], context.arguments[0]);
  return MapFixed<int64_t>(context, {&time}, [&](int64_t row) { return ExtractField(kUnit, time[row]); });
}

Result<CallTypes> TruncateTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const size_t unit = IsUnitConstant(constants, 1) && !IsUnitConstant(constants, 0) ? 1 : 0;
  VELO_RETURN_IF_ERROR(CheckUnit(name, arguments, constants, unit));
  CallTypes types{{TypeKind::kString, TypeKind::kString}, TypeKind::kTimestamp};
  VELO_ASSIGN_OR_RETURN(types.arguments[1 - unit],
                        FitArgument(name, 1 - unit, arguments[1 - unit], TypeKind::kTimestamp));
  return types;
}

Result<arrow::Datum> Truncate(const KernelContext& context, Arguments arguments) {
  const size_t unit_at = context.arguments[0].kind() == TypeKind::kString ? 0 : 1;
  VELO_ASSIGN_OR_RETURN(const CalendarUnit unit, UnitOf("DATE_TRUNC", arguments[unit_at]));
  const Instants time(arguments[1 - unit_at], context.arguments[1 - unit_at]);
  return MapFixed<int64_t>(context, {&time}, [&](int64_t row) { return TruncateTo(unit, time[row]); });
}

Result<CallTypes> DifferenceTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 3));
  CallTypes types{{}, TypeKind::kInteger};
  const size_t first = arguments.size() == 3 ? 1 : 0;
  if (first == 1) {
    VELO_RETURN_IF_ERROR(CheckUnit(name, arguments, constants, 0));
    types.arguments.push_back(TypeKind::kString);
  }
  for (size_t i = first; i < arguments.size(); ++i) {
    VELO_ASSIGN_OR_RETURN(SqlType time, FitArgument(name, i, arguments[i], TypeKind::kTimestamp));
    types.arguments.push_back(std::move(time));
  }
  return types;
}

Result<arrow::Datum> Difference(const KernelContext& context, Arguments arguments) {
  CalendarUnit unit = CalendarUnit::kDay;
  if (arguments.size() == 2) {
    const Instants end(arguments[0], context.arguments[0]);
    const Instants start(arguments[1], context.arguments[1]);
    return MapFixed<int64_t>(context, {&start, &end},
                             [&](int64_t row) { return DifferenceIn(unit, start[row], end[row]); });
  }
  VELO_ASSIGN_OR_RETURN(unit, UnitOf("DATEDIFF", arguments[0]));
  const Instants start(arguments[1], context.arguments[1]);
  const Instants end(arguments[2], context.arguments[2]);
  return MapFixed<int64_t>(context, {&start, &end},
                           [&](int64_t row) { return DifferenceIn(unit, start[row], end[row]); });
}

// (ts, INTERVAL) or (unit, n, ts).
Result<CallTypes> AddTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 3));
  CallTypes types{{}, TypeKind::kTimestamp};
  if (arguments.size() == 2) {
    VELO_ASSIGN_OR_RETURN(SqlType time, FitArgument(name, 0, arguments[0], TypeKind::kTimestamp));
    VELO_ASSIGN_OR_RETURN(SqlType length, FitArgument(name, 1, arguments[1], TypeKind::kInterval));
    types.arguments = {std::move(time), std::move(length)};
    return types;
  }
  VELO_RETURN_IF_ERROR(CheckUnit(name, arguments, constants, 0));
  VELO_ASSIGN_OR_RETURN(SqlType count, FitArgument(name, 1, arguments[1], TypeKind::kInteger));
  VELO_ASSIGN_OR_RETURN(SqlType time, FitArgument(name, 2, arguments[2], TypeKind::kTimestamp));
  types.arguments = {TypeKind::kString, std::move(count), std::move(time)};
  return types;
}

template <int64_t kSign>
Result<arrow::Datum> Add(const KernelContext& context, Arguments arguments) {
  bool overflow = false;
  const auto checked = [&](std::optional<int64_t> value) {
    overflow |= !value;
    return value.value_or(0);
  };
  Result<arrow::Datum> result = arrow::Datum();
  if (arguments.size() == 2) {
    const Instants time(arguments[0], context.arguments[0]);
    const Values<int64_t> length(arguments[1]);
    result = MapFixed<int64_t>(context, {&time, &length}, [&](int64_t row) {
      return checked(AddUnits(CalendarUnit::kMillisecond, kSign * length[row], time[row]));
    });
  } else {
    VELO_ASSIGN_OR_RETURN(const CalendarUnit unit, UnitOf("DATE_ADD", arguments[0]));
    const Values<int64_t> count(arguments[1]);
    const Instants time(arguments[2], context.arguments[2]);
    result = MapFixed<int64_t>(context, {&time, &count},
                               [&](int64_t row) { return checked(AddUnits(unit, kSign * count[row], time[row])); });
  }
  if (overflow) return Status::User("E4004", "the date lies beyond the range of TIMESTAMP");
  return result;
}

Result<arrow::Datum> MakeInterval(const KernelContext& context, Arguments arguments) {
  const Values<double> count(arguments[0]);
  const Values<std::string_view> word(arguments[1]);
  Status failure;
  auto result = MapFixed<int64_t>(context, {&count, &word}, [&](int64_t row) -> int64_t {
    const auto unit = ParseInterval("1 " + std::string(word[row]));
    if (!unit) failure = UnknownUnit("MAKE_INTERVAL", word[row]);
    return unit ? static_cast<int64_t>(count[row] * static_cast<double>(*unit)) : 0;
  });
  VELO_RETURN_IF_ERROR(failure);
  return result;
}

template <bool kEnd>
Result<arrow::Datum> TumbleBound(const KernelContext& context, Arguments arguments) {
  const Instants time(arguments[0], context.arguments[0]);
  const Values<int64_t> length(arguments[1]);
  return MapFixed<int64_t>(context, {&time, &length}, [&](int64_t row) -> std::optional<int64_t> {
    if (length[row] <= 0) return std::nullopt;
    const int64_t start = FloorDivide(FloorDivide(time[row], 1000), length[row]) * length[row];
    return kEnd ? start + length[row] : start;
  });
}

}  // namespace

void RegisterTimeFields(FunctionRegistry* registry) {
  const std::string category = "Date and time";
  registry->Add(ScalarFunction{.name = "EXTRACT",
                               .aliases = {"DATE_PART"},
                               .types = ExtractTypes,
                               .kernel = Extract,
                               .doc = {category, "EXTRACT(unit FROM time) → INTEGER, FLOAT for EPOCH",
                                       "One field of a time, or an interval in a unit.", kNulls,
                                       "EXTRACT(HOUR FROM TIMESTAMP '2025-04-01 09:30:00')", "9"}});
  const auto field = [&](std::string name, ScalarKernel kernel, std::string description, std::string result) {
    ScalarFunction function;
    function.name = name;
    function.types = FixedTypes<TypeKind::kInteger, 1, TypeKind::kTimestamp>;
    function.kernel = kernel;
    function.doc = {category,
                    name + "(time) → INTEGER",
                    std::move(description),
                    kNulls,
                    name + "(TIMESTAMP '2025-04-01 09:30:15')",
                    std::move(result)};
    registry->Add(std::move(function));
  };
  field("YEAR", FieldOf<CalendarUnit::kYear>, "Year of the time.", "2025");
  field("QUARTER", FieldOf<CalendarUnit::kQuarter>, "Quarter of the year, 1 to 4.", "2");
  field("MONTH", FieldOf<CalendarUnit::kMonth>, "Month, 1 to 12.", "4");
  field("WEEK", FieldOf<CalendarUnit::kWeek>, "ISO week of the year, 1 to 53.", "14");
  field("DAY", FieldOf<CalendarUnit::kDay>, "Day of the month.", "1");
  field("DAYOFWEEK", FieldOf<CalendarUnit::kDayOfWeek>, "Day of the week, 0 is Sunday.", "2");
  field("DAYOFYEAR", FieldOf<CalendarUnit::kDayOfYear>, "Day of the year, 1 to 366.", "91");
  field("HOUR", FieldOf<CalendarUnit::kHour>, "Hour of the day.", "9");
  field("MINUTE", FieldOf<CalendarUnit::kMinute>, "Minute of the hour.", "30");
  field("SECOND", FieldOf<CalendarUnit::kSecond>, "Second of the minute.", "15");
  registry->Add(ScalarFunction{
      .name = "DATE_TRUNC",
      .types = TruncateTypes,
      .kernel = Truncate,
      .doc = {category, "DATE_TRUNC(unit, time) → TIMESTAMP", "Start of the unit; weeks start on Monday.", kNulls,
              "DATE_TRUNC('hour', TIMESTAMP '2025-04-01 09:30:00')", "2025-04-01 09:00:00.000"}});
  registry->Add(ScalarFunction{.name = "DATEDIFF",
                               .aliases = {"TIMESTAMPDIFF", "DATE_DIFF"},
                               .types = DifferenceTypes,
                               .kernel = Difference,
                               .doc = {category, "DATEDIFF(unit, start, end) → INTEGER",
                                       "end - start: boundaries crossed for DAY and longer, elapsed units for shorter "
                                       "ones; DATEDIFF(a, b) is days a - b.",
                                       kNulls, "DATEDIFF('day', DATE '2025-03-30', DATE '2025-04-01')", "2"}});
  registry->Add(
      ScalarFunction{.name = "DATE_ADD",
                     .aliases = {"TIMESTAMPADD", "DATEADD"},
                     .types = AddTypes,
                     .kernel = Add<1>,
                     .doc = {category, "DATE_ADD(time, interval) | DATE_ADD(unit, n, time) → TIMESTAMP",
                             "A later time; months end at the end of the month.", kNulls,
                             "DATE_ADD('month', 1, TIMESTAMP '2025-01-31 00:00:00')", "2025-02-28 00:00:00.000"}});
  registry->Add(ScalarFunction{
      .name = "DATE_SUB",
      .types = AddTypes,
      .kernel = Add<-1>,
      .doc = {category, "DATE_SUB(time, interval) | DATE_SUB(unit, n, time) → TIMESTAMP", "An earlier time.", kNulls,
              "DATE_SUB(TIMESTAMP '2025-04-01 00:00:00', INTERVAL '1' DAY)", "2025-03-31 00:00:00.000"}});
  registry->Add(ScalarFunction{.name = "MAKE_INTERVAL",
                               .aliases = {"TO_INTERVAL"},
                               .types = FixedTypes<TypeKind::kInterval, 2, TypeKind::kFloat, TypeKind::kString>,
                               .kernel = MakeInterval,
                               .doc = {category, "MAKE_INTERVAL(n, unit) → INTERVAL", "A length of time.", kNulls,
                                       "MAKE_INTERVAL(90, 'minute')", "1 HOUR 30 MINUTE"}});
  registry->Add(
      ScalarFunction{.name = "TUMBLE_START",
                     .types = FixedTypes<TypeKind::kInteger, 2, TypeKind::kTimestamp, TypeKind::kInterval>,
                     .kernel = TumbleBound<false>,
                     .doc = {category, "TUMBLE_START(time, length) → INTEGER ms",
                             "Start of the tumbling bucket of the time; without arguments of the window of the query.",
                             kNulls, "TUMBLE_START(65000, INTERVAL '1' MINUTE)", "60000"}});
  registry->Add(
      ScalarFunction{.name = "TUMBLE_END",
                     .types = FixedTypes<TypeKind::kInteger, 2, TypeKind::kTimestamp, TypeKind::kInterval>,
                     .kernel = TumbleBound<true>,
                     .doc = {category, "TUMBLE_END(time, length) → INTEGER ms",
                             "End of the tumbling bucket of the time; without arguments of the window of the query.",
                             kNulls, "TUMBLE_END(65000, INTERVAL '1' MINUTE)", "120000"}});
}

}  // namespace velo
