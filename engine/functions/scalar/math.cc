#include <arrow/compute/api_scalar.h>

#include <cmath>
#include <numbers>
#include <random>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
constexpr const char* kNulls = "NULL in, NULL out";

Status OutOfRange(std::string_view name) {
  return Status::User("E4004", std::string(name) + " gives a number that does not fit into INTEGER",
                      "CAST the argument to FLOAT.");
}

// The numeric type to work in: what is not known is taken as FLOAT.
Result<SqlType> NumericArgument(std::string_view name, size_t position, const SqlType& given) {
  if (given.is_numeric()) return given;
  if (IsUnknown(given)) return SqlType(TypeKind::kFloat);
  return WrongArgumentType(name, position, given, "a number");
}

Result<CallTypes> SameNumberTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (arguments[0].kind() == TypeKind::kInterval) return CallTypes{{arguments[0]}, arguments[0]};
  VELO_ASSIGN_OR_RETURN(const SqlType type, NumericArgument(name, 0, arguments[0]));
  return CallTypes{{type}, type};
}

Result<CallTypes> NumberToInteger(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_ASSIGN_OR_RETURN(CallTypes types, SameNumberTypes(name, arguments, constants));
  types.result = TypeKind::kInteger;
  return types;
}

Result<arrow::Datum> Abs(const KernelContext& context, Arguments arguments) {
  if (context.result.kind() == TypeKind::kFloat) {
    const Values<double> x(arguments[0]);
    return MapFixed<double>(context, {&x}, [&](int64_t row) { return std::fabs(x[row]); });
  }
  if (context.result.kind() == TypeKind::kDecimal) {
    const Values<Int128> x(arguments[0]);
    return MapFixed<Int128>(context, {&x}, [&](int64_t row) { return x[row] < 0 ? -x[row] : x[row]; });
  }
  const Values<int64_t> x(arguments[0]);
  bool overflow = false;
  auto result = MapFixed<int64_t>(context, {&x}, [&](int64_t row) {
    overflow |= x[row] == INT64_MIN;
    return x[row] < 0 && x[row] != INT64_MIN ? -x[row] : x[row];
  });
  if (overflow) return OutOfRange("ABS");
  return result;
}

Result<arrow::Datum> Sign(const KernelContext& context, Arguments arguments) {
  const auto sign = [](auto value) -> int64_t { return (value > 0) - (value < 0); };
  switch (context.arguments[0].kind()) {
    case TypeKind::kFloat: {
      const Values<double> x(arguments[0]);
      return MapFixed<int64_t>(context, {&x}, [&](int64_t row) { return sign(x[row]); });
    }
    case TypeKind::kDecimal: {
      const Values<Int128> x(arguments[0]);
      return MapFixed<int64_t>(context, {&x}, [&](int64_t row) { return sign(x[row]); });
    }
    default: {
      const Values<int64_t> x(arguments[0]);
      return MapFixed<int64_t>(context, {&x}, [&](int64_t row) { return sign(x[row]); });
    }
  }
}

enum class Rounding : uint8_t { kNearest, kTowardZero };

Int128 Shorten(Int128 value, int digits, Rounding rounding) {
  if (digits > 38) return 0;
  const Int128 unit = PowerOfTen(digits);
  return rounding == Rounding::kNearest ? DivideRounded(value, unit) : value / unit;
}

// Rounds a double as people read it. Only numbers close to the middle need the detour over their digits.
double RoundFloat(double value, int64_t digits, Rounding rounding) {
  if (!std::isfinite(value) || digits > 17) return value;
  if (digits < -300) return 0;
  const double unit = std::pow(10.0, static_cast<double>(std::abs(digits)));
  const double scaled = digits < 0 ? value / unit : value * unit;
  if (std::fabs(scaled) > 9e15) return value;
  double whole = std::trunc(scaled);
  const double fraction = std::fabs(scaled - whole);
  const double middle = rounding == Rounding::kNearest ? 0.5 : 1.0;
  if (digits >= 0 && std::fabs(fraction - middle) < 1e-4) {
    if (rounding == Rounding::kNearest) {
      const auto exact = DoubleToDecimal(value, static_cast<int>(std::min<int64_t>(digits, kMaxDecimalScale)));
      if (exact) return DecimalToDouble(*exact, static_cast<int>(std::min<int64_t>(digits, kMaxDecimalScale)));
    } else if (std::round(scaled) / unit == value) {
      // 0.29 * 100 is a little less than 29; the number itself has no digits to cut.
      return value;
    }
  }
  if (rounding == Rounding::kNearest && fraction >= 0.5) whole += value < 0 ? -1 : 1;
  return digits < 0 ? whole * unit : whole / unit;
}

template <Rounding kRounding>
Result<arrow::Datum> Round(const KernelContext& context, Arguments arguments) {
  const Values<int64_t> digits(arguments.size() > 1 ? arguments[1] : arrow::Datum(int64_t{0}));
  switch (context.arguments[0].kind()) {
    case TypeKind::kFloat: {
      const Values<double> x(arguments[0]);
      return MapFixed<double>(context, {&x, &digits},
                              [&](int64_t row) { return RoundFloat(x[row], digits[row], kRounding); });
    }
    case TypeKind::kDecimal: {
      const Values<Int128> x(arguments[0]);
      const int scale = context.arguments[0].scale();
      const int result_scale = context.result.scale();
      return MapFixed<Int128>(context, {&x, &digits}, [&](int64_t row) {
        const int kept = static_cast<int>(std::clamp<int64_t>(digits[row], -40, scale));
        const Int128 shortened = Shorten(x[row], scale - kept, kRounding);
        // Digits before the point come back as zeros.
        return Rescale(shortened, kept < 0 ? 0 : kept, result_scale).value_or(0) *
               (kept < 0 && kept >= -38 ? PowerOfTen(-kept) : 1);
      });
    }
    default: {
      const Values<int64_t> x(arguments[0]);
      return MapFixed<int64_t>(context, {&x, &digits}, [&](int64_t row) -> int64_t {
        if (digits[row] >= 0) return x[row];
        if (digits[row] < -18) return 0;
        const int cut = static_cast<int>(-digits[row]);
        return static_cast<int64_t>(Shorten(x[row], cut, kRounding) * PowerOfTen(cut));
      });
    }
  }
}

Result<CallTypes> RoundTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 2));
  VELO_ASSIGN_OR_RETURN(const SqlType type, NumericArgument(name, 0, arguments[0]));
  CallTypes types{{type}, type};
  int64_t digits = 0;
  if (arguments.size() == 2) {
    VELO_ASSIGN_OR_RETURN(SqlType count, FitArgument(name, 1, arguments[1], TypeKind::kInteger));
    types.arguments.push_back(std::move(count));
    const bool constant = constants.size() > 1 && constants[1] != nullptr;
    digits = constant ? ParseInteger(*constants[1]).value_or(type.scale()) : type.scale();
  }
  if (type.kind() == TypeKind::kDecimal) {
    types.result = SqlType::Decimal(38, static_cast<int>(std::clamp<int64_t>(digits, 0, type.scale())));
  }
  return types;
}

template <bool kUp>
Result<arrow::Datum> WholeNumber(const KernelContext& context, Arguments arguments) {
  switch (context.arguments[0].kind()) {
    case TypeKind::kFloat: {
      const Values<double> x(arguments[0]);
      bool overflow = false;
      auto result = MapFixed<int64_t>(context, {&x}, [&](int64_t row) -> std::optional<int64_t> {
        const double whole = kUp ? std::ceil(x[row]) : std::floor(x[row]);
        if (std::isnan(whole)) return std::nullopt;
        if (!(std::fabs(whole) < 9.2e18)) overflow = true;
        return overflow ? 0 : static_cast<int64_t>(whole);
      });
      if (overflow) return OutOfRange(kUp ? "CEIL" : "FLOOR");
      return result;
    }
    case TypeKind::kDecimal: {
      const Values<Int128> x(arguments[0]);
      const Int128 unit = PowerOfTen(context.arguments[0].scale());
      bool overflow = false;
      auto result = MapFixed<int64_t>(context, {&x}, [&](int64_t row) {
        Int128 whole = x[row] / unit;
        const Int128 rest = x[row] % unit;
        if (kUp && rest > 0) ++whole;
        if (!kUp && rest < 0) --whole;
        overflow |= whole > INT64_MAX || whole < INT64_MIN;
        return static_cast<int64_t>(whole);
      });
      if (overflow) return OutOfRange(kUp ? "CEIL" : "FLOOR");
      return result;
    }
    default:
      return arguments[0];
  }
}

// A function of one FLOAT. `compute` returns nothing where it has no value.
template <auto kCompute>
Result<arrow::Datum> FloatFunction(const KernelContext& context, Arguments arguments) {
  const Values<double> x(arguments[0]);
  return MapFixed<double>(context, {&x}, [&](int64_t row) { return kCompute(x[row]); });
}

template <double (*kLogarithm)(double)>
std::optional<double> LogarithmOf(double x) {
  return x > 0 ? std::optional<double>(kLogarithm(x)) : std::nullopt;
}

Result<arrow::Datum> Sqrt(const KernelContext& context, Arguments arguments) {
  const Values<double> x(arguments[0]);
  bool negative = false;
  auto result = MapFixed<double>(context, {&x}, [&](int64_t row) {
    negative |= x[row] < 0;
    return std::sqrt(x[row]);
  });
  if (negative)
    return Status::User("E4004", "SQRT of a negative number", "Guard it: CASE WHEN x >= 0 THEN SQRT(x) END.");
  return result;
}

Result<arrow::Datum> Log(const KernelContext& context, Arguments arguments) {
  if (arguments.size() == 1) return FloatFunction<LogarithmOf<std::log>>(context, arguments);
  const Values<double> base(arguments[0]);
  const Values<double> x(arguments[1]);
  return MapFixed<double>(context, {&base, &x}, [&](int64_t row) -> std::optional<double> {
    if (base[row] <= 0 || base[row] == 1 || x[row] <= 0) return std::nullopt;
    return std::log(x[row]) / std::log(base[row]);
  });
}

Result<arrow::Datum> Power(const KernelContext& context, Arguments arguments) {
  if (context.result.kind() == TypeKind::kFloat) {
    const Values<double> base(arguments[0]);
    const Values<double> exponent(arguments[1]);
    return MapFixed<double>(context, {&base, &exponent},
                            [&](int64_t row) { return std::pow(base[row], exponent[row]); });
  }
  const Values<int64_t> base(arguments[0]);
  const Values<int64_t> exponent(arguments[1]);
  bool overflow = false;
  auto result = MapFixed<int64_t>(context, {&base, &exponent}, [&](int64_t row) {
    int64_t power = 1, square = base[row];
    bool square_overflow = false;
    for (int64_t rest = exponent[row]; rest > 0; rest >>= 1) {
      if ((rest & 1) != 0) overflow |= square_overflow || __builtin_mul_overflow(power, square, &power);
      square_overflow |= __builtin_mul_overflow(square, square, &square);
    }
    return power;
  });
  if (overflow) return OutOfRange("POWER");
  return result;
}

Result<CallTypes> PowerTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const bool integers = arguments[0].kind() == TypeKind::kInteger && arguments[1].kind() == TypeKind::kInteger;
  // Whether the result is whole must be known before any row is seen.
  const bool known = constants.size() > 1 && constants[1] != nullptr;
  bool whole = integers && known && ParseInteger(*constants[1]).value_or(-1) >= 0;
  if (whole && constants[0] != nullptr) {
    const double power = std::pow(ParseFloat(*constants[0]).value_or(0), ParseFloat(*constants[1]).value_or(0));
    whole = std::fabs(power) < 9.2e18;
  }
  const SqlType type = whole ? TypeKind::kInteger : TypeKind::kFloat;
  for (size_t i = 0; i < 2; ++i) VELO_RETURN_IF_ERROR(NumericArgument(name, i, arguments[i]).status());
  return CallTypes{{type, type}, type};
}

Result<arrow::Datum> Div(const KernelContext& context, Arguments arguments) {
  const Values<double> a(arguments[0]);
  const Values<double> b(arguments[1]);
  int64_t zeros = 0;
  auto result = MapFixed<int64_t>(context, {&a, &b}, [&](int64_t row) -> std::optional<int64_t> {
    if (b[row] == 0) {
      ++zeros;
      return std::nullopt;
    }
    return static_cast<int64_t>(std::floor(a[row] / b[row]));
  });
  if (context.division_by_zero != nullptr) *context.division_by_zero += zeros;
  return result;
}

Result<arrow::Datum> IntegerDiv(const KernelContext& context, Arguments arguments) {
  if (context.arguments[0].kind() == TypeKind::kFloat) return Div(context, arguments);
  const Values<int64_t> a(arguments[0]);
  const Values<int64_t> b(arguments[1]);
  int64_t zeros = 0;
  auto result = MapFixed<int64_t>(context, {&a, &b}, [&](int64_t row) -> std::optional<int64_t> {
    if (b[row] == 0) {
      ++zeros;
      return std::nullopt;
    }
    return b[row] == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(a[row])) : FloorDivide(a[row], b[row]);
  });
  if (context.division_by_zero != nullptr) *context.division_by_zero += zeros;
  return result;
}

Result<CallTypes> DivTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  for (size_t i = 0; i < 2; ++i) VELO_RETURN_IF_ERROR(NumericArgument(name, i, arguments[i]).status());
  const bool integers = arguments[0].kind() == TypeKind::kInteger && arguments[1].kind() == TypeKind::kInteger;
  const SqlType type = integers ? TypeKind::kInteger : TypeKind::kFloat;
  return CallTypes{{type, type}, TypeKind::kInteger};
}

template <bool kGreatest>
Result<arrow::Datum> Extreme(const KernelContext&, Arguments arguments) {
  return CallArrow(kGreatest ? "max_element_wise" : "min_element_wise", {arguments.begin(), arguments.end()});
}

Result<CallTypes> ExtremeTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  SqlType common = arguments[0];
  for (const SqlType& type : arguments) {
    bool mixed = false;
    const SqlType wider = CommonType(common, type, &mixed);
    const SqlType pair[] = {common, type};
    if (mixed || type.is_nested()) return CannotApply(name, pair);
    common = wider;
  }
  if (IsUnknown(common)) common = TypeKind::kString;
  return CallTypes{std::vector<SqlType>(arguments.size(), common), common};
}

Result<arrow::Datum> Pi(const KernelContext&, Arguments) { return arrow::Datum(std::numbers::pi); }

Result<arrow::Datum> Random(const KernelContext& context, Arguments) {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  std::uniform_real_distribution<double> distribution(0.0, 1.0);
  return MapFixed<double>(context, {}, [&](int64_t) { return distribution(generator); });
}

Result<arrow::Datum> WidthBucket(const KernelContext& context, Arguments arguments) {
  const Values<double> x(arguments[0]);
  const Values<double> low(arguments[1]);
  const Values<double> high(arguments[2]);
  const Values<int64_t> count(arguments[3]);
  return MapFixed<int64_t>(context, {&x, &low, &high, &count}, [&](int64_t row) -> std::optional<int64_t> {
    if (count[row] < 1 || low[row] == high[row] || std::isnan(x[row])) return std::nullopt;
    const double place = (x[row] - low[row]) / (high[row] - low[row]);
    if (place < 0) return 0;
    if (place >= 1) return count[row] + 1;
    return static_cast<int64_t>(place * static_cast<double>(count[row])) + 1;
  });
}

std::optional<double> Plain(double value) { return value; }
double Radians(double x) { return x * std::numbers::pi / 180; }
double Degrees(double x) { return x * 180 / std::numbers::pi; }

Result<arrow::Datum> Atan2(const KernelContext& context, Arguments arguments) {
  const Values<double> y(arguments[0]);
  const Values<double> x(arguments[1]);
  return MapFixed<double>(context, {&y, &x}, [&](int64_t row) { return std::atan2(y[row], x[row]); });
}

template <double (*kFunction)(double)>
std::optional<double> Wrapped(double x) {
  return Plain(kFunction(x));
}

void AddFloatFunction(FunctionRegistry* registry, std::string name, ScalarKernel kernel, std::string description,
                      std::string argument, std::string example_result, std::string nulls = kNulls) {
  ScalarFunction function;
  function.name = name;
  function.types = FixedTypes<TypeKind::kFloat, 1, TypeKind::kFloat>;
  function.kernel = kernel;
  function.doc = {"Math",           name + "(x) → FLOAT",        std::move(description),
                  std::move(nulls), name + "(" + argument + ")", std::move(example_result)};
  registry->Add(std::move(function));
}

void RegisterFloatFunctions(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, ScalarKernel kernel, std::string description, std::string argument,
                              std::string result) {
    AddFloatFunction(registry, std::move(name), kernel, std::move(description), std::move(argument), std::move(result));
  };
  add("SQRT", Sqrt, "Square root; an error for negative numbers.", "16", "4.0");
  add("EXP", FloatFunction<Wrapped<std::exp>>, "e to the power of x.", "0", "1.0");
  const std::string positive = "NULL for x <= 0";
  AddFloatFunction(registry, "LN", FloatFunction<LogarithmOf<std::log>>, "Natural logarithm.", "1", "0.0", positive);
  AddFloatFunction(registry, "LOG10", FloatFunction<LogarithmOf<std::log10>>, "Logarithm to base 10.", "1000", "3.0",
                   positive);
  AddFloatFunction(registry, "LOG2", FloatFunction<LogarithmOf<std::log2>>, "Logarithm to base 2.", "8", "3.0",
                   positive);
  add("SIN", FloatFunction<Wrapped<std::sin>>, "Sine of an angle in radians.", "0", "0.0");
  add("COS", FloatFunction<Wrapped<std::cos>>, "Cosine of an angle in radians.", "0", "1.0");
  add("TAN", FloatFunction<Wrapped<std::tan>>, "Tangent of an angle in radians.", "0", "0.0");
  add("ASIN", FloatFunction<Wrapped<std::asin>>, "Angle in radians whose sine is x.", "0", "0.0");
  add("ACOS", FloatFunction<Wrapped<std::acos>>, "Angle in radians whose cosine is x.", "1", "0.0");
  add("ATAN", FloatFunction<Wrapped<std::atan>>, "Angle in radians whose tangent is x.", "0", "0.0");
  add("RADIANS", FloatFunction<Wrapped<Radians>>, "Degrees as radians.", "180", "3.141592653589793");
  add("DEGREES", FloatFunction<Wrapped<Degrees>>, "Radians as degrees.", "PI()", "180.0");
}

void RegisterRounding(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{
      .name = "ROUND",
      .types = RoundTypes,
      .kernel = Round<Rounding::kNearest>,
      .doc = {"Math", "ROUND(x[, digits]) → type of x", "Rounds half away from zero; digits may be negative.", kNulls,
              "ROUND(2.345, 2)", "2.35"}});
  registry->Add(ScalarFunction{.name = "TRUNC",
                               .aliases = {"TRUNCATE"},
                               .types = RoundTypes,
                               .kernel = Round<Rounding::kTowardZero>,
                               .doc = {"Math", "TRUNC(x[, digits]) → type of x", "Cuts digits toward zero.", kNulls,
                                       "TRUNC(-2.79, 1)", "-2.7"}});
  registry->Add(ScalarFunction{
      .name = "CEIL",
      .aliases = {"CEILING"},
      .types = NumberToInteger,
      .kernel = WholeNumber<true>,
      .doc = {"Math", "CEIL(x) → INTEGER", "Smallest whole number that is not below x.", kNulls, "CEIL(1.2)", "2"}});
  registry->Add(ScalarFunction{
      .name = "FLOOR",
      .types = NumberToInteger,
      .kernel = WholeNumber<false>,
      .doc = {"Math", "FLOOR(x) → INTEGER", "Largest whole number that is not above x.", kNulls, "FLOOR(-1.2)", "-2"}});
}

}  // namespace

void RegisterMath(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{
      .name = "ABS",
      .types = SameNumberTypes,
      .kernel = Abs,
      .doc = {"Math", "ABS(x) → type of x", "The number without its sign.", kNulls, "ABS(-2.50)", "2.50"}});
  registry->Add(ScalarFunction{.name = "SIGN",
                               .types = NumberToInteger,
                               .kernel = Sign,
                               .doc = {"Math", "SIGN(x) → INTEGER", "-1, 0 or 1.", kNulls, "SIGN(-7)", "-1"}});
  registry->Add(ScalarFunction{.name = "POWER",
                               .aliases = {"POW"},
                               .types = PowerTypes,
                               .kernel = Power,
                               .doc = {"Math", "POWER(x, y) → FLOAT, INTEGER for whole x and constant whole y",
                                       "x to the power of y.", kNulls, "POWER(2, 10)", "1024"}});
  registry->Add(
      ScalarFunction{.name = "LOG",
                     .types = FixedTypes<TypeKind::kFloat, 1, TypeKind::kFloat, TypeKind::kFloat>,
                     .kernel = Log,
                     .doc = {"Math", "LOG(x) | LOG(base, x) → FLOAT", "Natural logarithm, or the one to a base.",
                             "NULL for x <= 0", "LOG(10, 100)", "2.0"}});
  registry->Add(ScalarFunction{.name = "DIV",
                               .types = DivTypes,
                               .kernel = IntegerDiv,
                               .doc = {"Math", "DIV(a, b) → INTEGER", "Quotient rounded down.",
                                       "NULL in, NULL out; b = 0 gives NULL", "DIV(-7, 2)", "-4"}});
  registry->Add(ScalarFunction{.name = "LEAST",
                               .types = ExtremeTypes,
                               .kernel = Extreme<false>,
                               .null_in_null_out = false,
                               .doc = {"Math", "LEAST(x, ...) → common type", "The smallest value.",
                                       "NULL values are left out", "LEAST(3, NULL, 1.5)", "1.5"}});
  registry->Add(ScalarFunction{.name = "GREATEST",
                               .types = ExtremeTypes,
                               .kernel = Extreme<true>,
                               .null_in_null_out = false,
                               .doc = {"Math", "GREATEST(x, ...) → common type", "The largest value.",
                                       "NULL values are left out", "GREATEST(3, NULL, 1)", "3"}});
  registry->Add(ScalarFunction{
      .name = "ATAN2",
      .types = FixedTypes<TypeKind::kFloat, 2, TypeKind::kFloat, TypeKind::kFloat>,
      .kernel = Atan2,
      .doc = {"Math", "ATAN2(y, x) → FLOAT", "Angle of the point (x, y) in radians.", kNulls, "ATAN2(0, 1)", "0.0"}});
  registry->Add(ScalarFunction{.name = "PI",
                               .types = FixedTypes<TypeKind::kFloat, 0>,
                               .kernel = Pi,
                               .doc = {"Math", "PI() → FLOAT", "The number pi.", "", "PI()", "3.141592653589793"}});
  registry->Add(ScalarFunction{
      .name = "RANDOM",
      .aliases = {"RAND"},
      .types = FixedTypes<TypeKind::kFloat, 0>,
      .kernel = Random,
      .deterministic = false,
      .doc = {"Math", "RANDOM() → FLOAT", "A random number from 0 up to 1.", "", "RANDOM() < 1", "true"}});
  registry->Add(ScalarFunction{
      .name = "WIDTH_BUCKET",
      .types =
          FixedTypes<TypeKind::kInteger, 4, TypeKind::kFloat, TypeKind::kFloat, TypeKind::kFloat, TypeKind::kInteger>,
      .kernel = WidthBucket,
      .doc = {"Math", "WIDTH_BUCKET(x, low, high, n) → INTEGER",
              "Number of the bucket x falls into when low to high is cut into n; 0 below, n + 1 above.", kNulls,
              "WIDTH_BUCKET(7, 0, 10, 5)", "4"}});
  RegisterRounding(registry);
  RegisterFloatFunctions(registry);
}

}  // namespace velo
