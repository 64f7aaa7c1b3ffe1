#include <arrow/util/decimal.h>

#include <cmath>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

constexpr int64_t kMillisPerDay = 86'400'000;

Status Overflow(const KernelContext& context) {
  return Status::User("E4004", "the result of the calculation does not fit into " + context.result.ToString(),
                      "CAST an operand to FLOAT or to a DECIMAL with fewer decimals.");
}

// Runs `op(a, b, &out)` over all rows in three shapes, so that constants stay in registers. Returns whether an op said
// that its result does not fit; rows without value count as well.
template <typename Out, typename A, typename B, typename Op>
bool RunLoop(const Values<A>& a, const Values<B>& b, int64_t rows, Out* out, Op op) {
  bool failed = false;
  if (a.constant()) {
    const A left = a[0];
    const B* right = b.raw();
    const int64_t step = b.constant() ? 0 : 1;
    for (int64_t i = 0; i < rows; ++i) failed |= !op(left, right[i * step], out + i);
  } else if (b.constant()) {
    const A* left = a.raw();
    const B right = b[0];
    for (int64_t i = 0; i < rows; ++i) failed |= !op(left[i], right, out + i);
  } else {
    const A* left = a.raw();
    const B* right = b.raw();
    for (int64_t i = 0; i < rows; ++i) failed |= !op(left[i], right[i], out + i);
  }
  return failed;
}

// An operation that is defined for all values but may overflow (E4004).
template <typename Out, typename A, typename B, typename Op>
Result<arrow::Datum> Compute(const KernelContext& context, std::span<const arrow::Datum> arguments, Op op) {
  const Values<A> a(arguments[0]);
  const Values<B> b(arguments[1]);
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity({&a, &b}, context.rows));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> values,
                              arrow::AllocateBuffer(context.rows * static_cast<int64_t>(sizeof(Out))));
  Out* out = reinterpret_cast<Out*>(values->mutable_data());
  if (RunLoop(a, b, context.rows, out, op)) {
    // Whatever lies under a NULL may overflow.
    for (int64_t i = 0; i < context.rows; ++i) {
      if (!a.IsNull(i) && !b.IsNull(i) && !op(a[i], b[i], out + i)) return Overflow(context);
    }
  }
  return FinishColumn(context, std::move(validity), std::move(values));
}

// Division and modulo: a zero divisor gives NULL and is counted.
template <typename Out, typename A, typename B, typename Op>
Result<arrow::Datum> ComputeUnlessZero(const KernelContext& context, std::span<const arrow::Datum> arguments, Op op) {
  const Values<B> divisor(arguments[1]);
  bool any_zero = false;
  const int64_t divisors = divisor.constant() ? 1 : context.rows;
  for (int64_t i = 0; i < divisors; ++i) any_zero |= divisor.raw()[i] == B{0};
  if (!any_zero) return Compute<Out, A, B>(context, arguments, op);
  const Values<A> a(arguments[0]);
  int64_t zeros = 0;
  bool overflow = false;
  auto result = MapFixed<Out>(context, {&a, &divisor}, [&](int64_t row) -> std::optional<Out> {
    if (divisor[row] == B{0}) {
      ++zeros;
      return std::nullopt;
    }
    Out out{};
    overflow |= !op(a[row], divisor[row], &out);
    return out;
  });
  if (overflow) return Overflow(context);
  if (context.division_by_zero != nullptr) *context.division_by_zero += zeros;
  return result;
}

enum class Operation : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo };

bool Scaled(Int128 value, int digits, Int128* out) { return !__builtin_mul_overflow(value, PowerOfTen(digits), out); }

arrow::BasicDecimal256 Wide(Int128 value) {
  return arrow::BasicDecimal256(
      arrow::BasicDecimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)));
}

// value / divisor with 256 bits in between, rounded half away from zero.
bool DivideWide(const arrow::BasicDecimal256& value, const arrow::BasicDecimal256& divisor, Int128* out) {
  arrow::BasicDecimal256 quotient, rest;
  if (value.Divide(divisor, &quotient, &rest) != arrow::DecimalStatus::kSuccess) return false;
  const arrow::BasicDecimal256 twice_rest = arrow::BasicDecimal256::Abs(rest) * arrow::BasicDecimal256(2);
  if (twice_rest >= arrow::BasicDecimal256::Abs(divisor)) {
    quotient += arrow::BasicDecimal256(value.IsNegative() == divisor.IsNegative() ? 1 : -1);
  }
  if (!quotient.FitsInPrecision(38)) return false;
  const auto& words = quotient.little_endian_array();
  *out = static_cast<Int128>(static_cast<unsigned __int128>(words[1]) << 64 | words[0]);
  return true;
}

template <Operation kOperation>
Result<arrow::Datum> DecimalKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const int left_scale = context.arguments[0].scale();
  const int right_scale = context.arguments[1].scale();
  const int scale = context.result.scale();
  if constexpr (kOperation == Operation::kAdd || kOperation == Operation::kSubtract) {
    const int left_up = scale - left_scale;
    const int right_up = scale - right_scale;
    return Compute<Int128, Int128, Int128>(context, arguments, [=](Int128 a, Int128 b, Int128* out) {
      if (left_up > 0 && !Scaled(a, left_up, &a)) return false;
      if (right_up > 0 && !Scaled(b, right_up, &b)) return false;
      *out = kOperation == Operation::kAdd ? a + b : a - b;
      return FitsPrecision(*out, 38);
    });
  } else if constexpr (kOperation == Operation::kMultiply) {
    const int down = left_scale + right_scale - scale;
    return Compute<Int128, Int128, Int128>(context, arguments, [=](Int128 a, Int128 b, Int128* out) {
      if (__builtin_mul_overflow(a, b, out)) return DivideWide(Wide(a) * Wide(b), Wide(PowerOfTen(down)), out);
      if (down > 0) *out = DivideRounded(*out, PowerOfTen(down));
      return FitsPrecision(*out, 38);
    });
  } else if constexpr (kOperation == Operation::kDivide) {
    const int up = scale + right_scale - left_scale;
    return ComputeUnlessZero<Int128, Int128, Int128>(context, arguments, [=](Int128 a, Int128 b, Int128* out) {
      Int128 dividend;
      if (b == 0) return true;  // Lies under a NULL.
      if (!Scaled(a, up, &dividend)) return DivideWide(Wide(a) * Wide(PowerOfTen(up)), Wide(b), out);
      *out = DivideRounded(dividend, b);
      return FitsPrecision(*out, 38);
    });
  } else {
    const int left_up = scale - left_scale;
    const int right_up = scale - right_scale;
    return ComputeUnlessZero<Int128, Int128, Int128>(context, arguments, [=](Int128 a, Int128 b, Int128* out) {
      if (b == 0) return true;
      if (!Scaled(a, left_up, &a) || !Scaled(b, right_up, &b)) return false;
      *out = a % b;
      return true;
    });
  }
}

template <Operation kOperation>
Result<arrow::Datum> FloatKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const auto op = [](double a, double b, double* out) {
    if constexpr (kOperation == Operation::kAdd) *out = a + b;
    if constexpr (kOperation == Operation::kSubtract) *out = a - b;
    if constexpr (kOperation == Operation::kMultiply) *out = a * b;
    if constexpr (kOperation == Operation::kDivide) *out = a / b;
    if constexpr (kOperation == Operation::kModulo) *out = std::fmod(a, b);
    return true;
  };
  if constexpr (kOperation == Operation::kDivide || kOperation == Operation::kModulo) {
    return ComputeUnlessZero<double, double, double>(context, arguments, op);
  } else {
    return Compute<double, double, double>(context, arguments, op);
  }
}

template <Operation kOperation>
Result<arrow::Datum> IntegerKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  if constexpr (kOperation == Operation::kModulo) {
    return ComputeUnlessZero<int64_t, int64_t, int64_t>(context, arguments, [](int64_t a, int64_t b, int64_t* out) {
      // The smallest integer modulo -1 overflows in hardware; 0 lies under a NULL.
      *out = b == -1 || b == 0 ? 0 : a % b;
      return true;
    });
  } else {
    return Compute<int64_t, int64_t, int64_t>(context, arguments, [](int64_t a, int64_t b, int64_t* out) {
      if constexpr (kOperation == Operation::kAdd) return !__builtin_add_overflow(a, b, out);
      if constexpr (kOperation == Operation::kSubtract) return !__builtin_sub_overflow(a, b, out);
      return !__builtin_mul_overflow(a, b, out);
    });
  }
}

// a*left + b*right for times in different units; `right` is negative for a difference.
Result<arrow::Datum> TimeSum(const KernelContext& context, std::span<const arrow::Datum> arguments, int64_t left,
                             int64_t right, int64_t divisor = 1) {
  return Compute<int64_t, int64_t, int64_t>(context, arguments, [=](int64_t a, int64_t b, int64_t* out) {
    int64_t x, y, sum;
    if (__builtin_mul_overflow(a, left, &x) || __builtin_mul_overflow(b, right, &y)) return false;
    if (__builtin_add_overflow(x, y, &sum)) return false;
    *out = FloorDivide(sum, divisor);
    return true;
  });
}

// A day and a number in units of `unit` to the day.
Result<arrow::Datum> DaySum(const KernelContext& context, std::span<const arrow::Datum> arguments, int64_t sign,
                            int64_t unit) {
  return Compute<int32_t, int32_t, int64_t>(context, arguments, [=](int32_t a, int64_t b, int32_t* out) {
    b /= unit;
    const int64_t days = a + sign * (b % INT32_MAX);
    *out = static_cast<int32_t>(days);
    return b > INT32_MIN && b < INT32_MAX && days <= INT32_MAX && days >= INT32_MIN;
  });
}

bool TruncateToInteger(double value, int64_t* out) {
  if (!(std::fabs(value) < 9.2e18)) return false;
  *out = static_cast<int64_t>(std::llround(value));
  return true;
}

// The rule has left these pairs: INTERVAL*FLOAT, FLOAT*INTERVAL, INTERVAL/FLOAT, INTERVAL/INTERVAL.
template <Operation kOperation>
Result<arrow::Datum> IntervalScaling(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  if constexpr (kOperation == Operation::kMultiply) {
    const auto op = [](auto a, auto b, int64_t* out) {
      return TruncateToInteger(static_cast<double>(a) * static_cast<double>(b), out);
    };
    if (context.arguments[0].kind() == TypeKind::kInterval) {
      return Compute<int64_t, int64_t, double>(context, arguments, op);
    }
    return Compute<int64_t, double, int64_t>(context, arguments, op);
  } else {
    if (context.arguments[1].kind() == TypeKind::kInterval) {
      return ComputeUnlessZero<double, int64_t, int64_t>(context, arguments, [](int64_t a, int64_t b, double* out) {
        *out = static_cast<double>(a) / static_cast<double>(b);
        return true;
      });
    }
    return ComputeUnlessZero<int64_t, int64_t, double>(context, arguments, [](int64_t a, double b, int64_t* out) {
      return b == 0 || TruncateToInteger(static_cast<double>(a) / b, out);
    });
  }
}

template <Operation kOperation>
Result<arrow::Datum> TimeKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  constexpr int64_t kSign = kOperation == Operation::kSubtract ? -1 : 1;
  const TypeKind left = context.arguments[0].kind();
  const TypeKind right = context.arguments[1].kind();
  if constexpr (kOperation == Operation::kMultiply || kOperation == Operation::kDivide) {
    return IntervalScaling<kOperation>(context, arguments);
  }
  if (left == TypeKind::kDate) {
    if (right == TypeKind::kInteger) return DaySum(context, arguments, kSign, 1);
    if (right == TypeKind::kInterval) return DaySum(context, arguments, kSign, kMillisPerDay);
    return Compute<int64_t, int32_t, int32_t>(context, arguments, [](int32_t a, int32_t b, int64_t* out) {
      *out = int64_t{a} - b;
      return true;
    });
  }
  if (right == TypeKind::kDate) {
    const arrow::Datum swapped[] = {arguments[1], arguments[0]};
    return DaySum(context, swapped, 1, kMillisPerDay);
  }
  if (left == TypeKind::kTimestamp && right == TypeKind::kTimestamp) return TimeSum(context, arguments, 1, -1, 1000);
  if (left == TypeKind::kTimestamp) return TimeSum(context, arguments, 1, kSign * 1000);
  if (right == TypeKind::kTimestamp) return TimeSum(context, arguments, 1000, kSign);
  return TimeSum(context, arguments, 1, kSign);
}

Result<arrow::Datum> Concatenate(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const Values<std::string_view> a(arguments[0]);
  const Values<std::string_view> b(arguments[1]);
  return MapText(context, {&a, &b}, [&](int64_t row, std::string* out) {
    out->append(a[row]).append(b[row]);
    return true;
  });
}

template <Operation kOperation>
Result<arrow::Datum> Arithmetic(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const TypeKind left = context.arguments[0].kind();
  const TypeKind right = context.arguments[1].kind();
  if (left == TypeKind::kInteger && right == TypeKind::kInteger) return IntegerKernel<kOperation>(context, arguments);
  if (left == TypeKind::kFloat && right == TypeKind::kFloat) return FloatKernel<kOperation>(context, arguments);
  if (left == TypeKind::kDecimal) return DecimalKernel<kOperation>(context, arguments);
  if (left == TypeKind::kString) return Concatenate(context, arguments);
  return TimeKernel<kOperation>(context, arguments);
}

// The same, but a zero divisor fails the record: 'sql.division_by_zero' = 'error'.
template <Operation kOperation>
Result<arrow::Datum> ArithmeticOrError(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  int64_t zeros = 0;
  KernelContext counting = context;
  counting.division_by_zero = &zeros;
  auto result = Arithmetic<kOperation>(counting, arguments);
  if (result.ok() && zeros > 0) return Status::User("E4003", "division by zero", "Guard the divisor: NULLIF(x, 0).");
  return result;
}

int DivisionScale(int left, int right) { return std::clamp(std::max(left, right) + 4, 6, kMaxDecimalScale); }

CallTypes NumberTypes(char op, const SqlType& a, const SqlType& b) {
  if (a.kind() == TypeKind::kFloat || b.kind() == TypeKind::kFloat ||
      (op == '/' && a.kind() == TypeKind::kInteger && b.kind() == TypeKind::kInteger)) {
    return {{TypeKind::kFloat, TypeKind::kFloat}, TypeKind::kFloat};
  }
  if (a.kind() == TypeKind::kInteger && b.kind() == TypeKind::kInteger) {
    return {{TypeKind::kInteger, TypeKind::kInteger}, TypeKind::kInteger};
  }
  const SqlType left = a.kind() == TypeKind::kInteger ? SqlType::Decimal(38, 0) : a;
  const SqlType right = b.kind() == TypeKind::kInteger ? SqlType::Decimal(38, 0) : b;
  int scale = std::max(left.scale(), right.scale());
  if (op == '*') scale = std::min(left.scale() + right.scale(), kMaxDecimalScale);
  if (op == '/') scale = DivisionScale(left.scale(), right.scale());
  return {{left, right}, SqlType::Decimal(38, scale)};
}

// The number a text stands for next to another number: known exactly for a literal, FLOAT otherwise.
Result<SqlType> NumberTypeOfText(const SqlType& type, const std::string* constant, std::string_view op,
                                 TypeSpan arguments) {
  if (type.kind() == TypeKind::kNull || constant == nullptr || type.kind() == TypeKind::kAny) {
    return SqlType(TypeKind::kFloat);
  }
  const std::string_view text = TrimText(*constant);
  if (ParseInteger(text)) return SqlType(TypeKind::kInteger);
  if (const auto decimal = ParseDecimal(text)) return SqlType::Decimal(38, decimal->scale);
  if (ParseFloat(text)) return SqlType(TypeKind::kFloat);
  return CannotApply(op, arguments);
}

bool IsWholeDays(ConstantSpan constants, size_t index) {
  if (index >= constants.size() || constants[index] == nullptr) return false;
  const auto length = ParseInterval(*constants[index]);
  return length && *length % kMillisPerDay == 0;
}

// Pairs with at least one time or interval. Nothing when the table of dialect 3.4 has no such pair.
std::optional<CallTypes> TimeTypes(char op, SqlType a, SqlType b, ConstantSpan constants) {
  const bool sum = op == '+' || op == '-';
  const auto is = [](const SqlType& t, TypeKind kind) { return t.kind() == kind; };
  // Text and unknown values next to an interval are points in time, next to a time what fits.
  if (IsTextLike(a) && is(b, TypeKind::kInterval) && sum) a = TypeKind::kTimestamp;
  if (IsTextLike(b) && is(a, TypeKind::kInterval) && op == '+') b = TypeKind::kTimestamp;
  if (IsTextLike(b) && is(a, TypeKind::kTimestamp))
    b = op == '-' && !IsUnknown(b) ? TypeKind::kTimestamp : TypeKind::kInterval;
  if (IsTextLike(a) && is(b, TypeKind::kTimestamp)) a = op == '-' ? TypeKind::kTimestamp : TypeKind::kInterval;
  if (is(a, TypeKind::kDate) && is(b, TypeKind::kInteger) && sum) return CallTypes{{a, b}, TypeKind::kDate};
  if (is(a, TypeKind::kDate) && is(b, TypeKind::kDate) && op == '-') return CallTypes{{a, b}, TypeKind::kInteger};
  if (is(a, TypeKind::kDate) && is(b, TypeKind::kInterval) && sum && IsWholeDays(constants, 1)) {
    return CallTypes{{a, b}, TypeKind::kDate};
  }
  if (is(a, TypeKind::kInterval) && is(b, TypeKind::kDate) && op == '+' && IsWholeDays(constants, 0)) {
    return CallTypes{{a, b}, TypeKind::kDate};
  }
  if (is(a, TypeKind::kDate)) a = TypeKind::kTimestamp;
  if (is(b, TypeKind::kDate)) b = TypeKind::kTimestamp;
  const bool left_time = is(a, TypeKind::kTimestamp), right_time = is(b, TypeKind::kTimestamp);
  const bool left_length = is(a, TypeKind::kInterval), right_length = is(b, TypeKind::kInterval);
  if (left_time && right_time && op == '-') return CallTypes{{a, b}, TypeKind::kInterval};
  if (left_time && right_length && sum) return CallTypes{{a, b}, TypeKind::kTimestamp};
  if (left_length && right_time && op == '+') return CallTypes{{a, b}, TypeKind::kTimestamp};
  if (left_length && right_length && sum) return CallTypes{{a, b}, TypeKind::kInterval};
  if (left_length && right_length && op == '/') return CallTypes{{a, b}, TypeKind::kFloat};
  if (is(a, TypeKind::kInteger) && right_length && sum) return CallTypes{{a, b}, TypeKind::kInteger};
  if (left_length && is(b, TypeKind::kInteger) && op == '+') return CallTypes{{a, b}, TypeKind::kInteger};
  const auto factor = [](const SqlType& t) { return t.is_numeric() || IsUnknown(t); };
  if (left_length && factor(b) && (op == '*' || op == '/'))
    return CallTypes{{a, TypeKind::kFloat}, TypeKind::kInterval};
  if (factor(a) && right_length && op == '*') return CallTypes{{TypeKind::kFloat, b}, TypeKind::kInterval};
  return std::nullopt;
}

Result<CallTypes> ArithmeticTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  SqlType a = arguments[0], b = arguments[1];
  const char op = name == "MOD" ? '%' : name[0];
  const auto timed = [](const SqlType& t) {
    return t.kind() == TypeKind::kInterval || t.kind() == TypeKind::kTimestamp || t.kind() == TypeKind::kDate;
  };
  if (timed(a) || timed(b)) {
    if (auto types = TimeTypes(op, a, b, constants)) return *types;
    return CannotApply(name, arguments);
  }
  const bool left_text = a.kind() == TypeKind::kString, right_text = b.kind() == TypeKind::kString;
  if (op == '+' && left_text && right_text) return CallTypes{{a, b}, TypeKind::kString};
  if (left_text && right_text) return CannotApply(name, arguments);
  if (a.kind() == TypeKind::kNull && !IsTextLike(b)) a = b;
  if (b.kind() == TypeKind::kNull && !IsTextLike(a)) b = a;
  if (IsTextLike(a)) {
    VELO_ASSIGN_OR_RETURN(a, NumberTypeOfText(a, constants.empty() ? nullptr : constants[0], name, arguments));
  }
  if (IsTextLike(b)) {
    VELO_ASSIGN_OR_RETURN(b, NumberTypeOfText(b, constants.empty() ? nullptr : constants[1], name, arguments));
  }
  if (!a.is_numeric() || !b.is_numeric()) return CannotApply(name, arguments);
  return NumberTypes(op, a, b);
}

Result<CallTypes> NegateTypes(std::string_view, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount("-", arguments, 1, 1));
  SqlType type = arguments[0];
  if (IsUnknown(type)) type = TypeKind::kFloat;
  if (!type.is_numeric() && type.kind() != TypeKind::kInterval) return CannotApply("-", arguments);
  return CallTypes{{type}, type};
}

Result<arrow::Datum> Negate(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  if (context.result.kind() == TypeKind::kFloat) {
    const Values<double> a(arguments[0]);
    return MapFixed<double>(context, {&a}, [&](int64_t row) { return -a[row]; });
  }
  if (context.result.kind() == TypeKind::kDecimal) {
    const Values<Int128> a(arguments[0]);
    return MapFixed<Int128>(context, {&a}, [&](int64_t row) { return -a[row]; });
  }
  const Values<int64_t> a(arguments[0]);
  bool overflow = false;
  auto result = MapFixed<int64_t>(context, {&a}, [&](int64_t row) {
    int64_t out;
    overflow |= __builtin_sub_overflow(int64_t{0}, a[row], &out);
    return out;
  });
  if (overflow) return Overflow(context);
  return result;
}

// Text whose meaning shows at run time, where an aggregate needs numbers (dialect 5.8).
Result<arrow::Datum> AggregateInput(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const Values<std::string_view> text(arguments[0]);
  std::optional<std::string> misfit;
  auto numbers = MapFixed<double>(context, {&text}, [&](int64_t row) {
    const std::optional<double> number = ParseFloat(TrimText(text[row]));
    if (!number && !misfit) misfit = std::string(text[row].substr(0, 60));
    return number.value_or(0);
  });
  if (!misfit) return numbers;
  return Status::User("E4005", fmt::format("an aggregate of numbers cannot take '{}'", *misfit),
                      "Leave such values out: TRY_CAST(x AS FLOAT) gives NULL for them.");
}

ScalarFunction Operator(std::string name, TypeRule types, ScalarKernel kernel) {
  ScalarFunction function;
  function.name = std::move(name);
  function.types = types;
  function.kernel = kernel;
  function.doc.category = "Operator";
  return function;
}

}  // namespace

void RegisterArithmetic(FunctionRegistry* registry) {
  registry->Add(Operator("+", ArithmeticTypes, Arithmetic<Operation::kAdd>));
  registry->Add(Operator("-", ArithmeticTypes, Arithmetic<Operation::kSubtract>));
  registry->Add(Operator("*", ArithmeticTypes, Arithmetic<Operation::kMultiply>));
  registry->Add(Operator("/", ArithmeticTypes, Arithmetic<Operation::kDivide>));
  registry->Add(Operator("%", ArithmeticTypes, Arithmetic<Operation::kModulo>));
  registry->Add(Operator("/ OR ERROR", ArithmeticTypes, ArithmeticOrError<Operation::kDivide>));
  registry->Add(Operator("% OR ERROR", ArithmeticTypes, ArithmeticOrError<Operation::kModulo>));
  registry->Add(Operator("NEGATE", NegateTypes, Negate));
  registry->Add(Operator("AGGREGATE INPUT", FixedTypes<TypeKind::kFloat, 1, TypeKind::kString>, AggregateInput));
  registry->Add(Operator("||", FixedTypes<TypeKind::kString, 2, TypeKind::kString, TypeKind::kString>, Concatenate));
  ScalarFunction mod = Operator("MOD", ArithmeticTypes, Arithmetic<Operation::kModulo>);
  mod.doc = {"Math",
             "MOD(a, b) → type of a % b",
             "Remainder of a divided by b, with the sign of a.",
             "NULL in, NULL out; b = 0 gives NULL",
             "MOD(-7, 3)",
             "-1"};
  registry->Add(std::move(mod));
}

}  // namespace velo
