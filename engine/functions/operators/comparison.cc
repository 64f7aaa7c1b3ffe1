#include <array>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/operators/comparison.h"
#include "engine/functions/type_rules.h"
#include "engine/types/cast.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

bool IsText(const SqlType& type) {
  return type.kind() == TypeKind::kString || type.kind() == TypeKind::kJson || type.kind() == TypeKind::kAny;
}

bool IsInstant(const SqlType& type) { return type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kDate; }

// Equal up to what the comparison kernels see.
bool SamePhysicalType(const SqlType& a, const SqlType& b) {
  if (a.kind() == TypeKind::kDecimal && b.kind() == TypeKind::kDecimal) return a.scale() == b.scale();
  return a == b || (IsText(a) && IsText(b));
}

// The exact type of a number written as text.
std::optional<SqlType> NumberType(std::string_view text) {
  text = TrimText(text);
  if (ParseInteger(text)) return SqlType(TypeKind::kInteger);
  if (const auto decimal = ParseDecimal(text)) return SqlType::Decimal(38, decimal->scale);
  if (ParseFloat(text)) return SqlType(TypeKind::kFloat);
  return std::nullopt;
}

SqlType CommonNumberType(const SqlType& a, const SqlType& b) {
  if (a.kind() == TypeKind::kDecimal && SamePhysicalType(a, b)) return a;
  const SqlType common = CommonType(a, b);
  return common.kind() == TypeKind::kDecimal ? SqlType::Decimal(38, common.scale()) : common;
}

// The type in which values of both sides are compared once texts are parsed; ANY when there is none.
SqlType ComparisonType(const SqlType& a, const SqlType& b) {
  if (SamePhysicalType(a, b)) return a;
  if (a.kind() == TypeKind::kNull) return b;
  if (b.kind() == TypeKind::kNull) return a;
  if (IsText(a) && !IsText(b)) return ComparisonType(b, a);
  if (a.is_numeric() && b.is_numeric()) return CommonNumberType(a, b);
  if (IsText(b)) {
    if (a.kind() == TypeKind::kDecimal) return SqlType::Decimal(38, kMaxDecimalScale);
    if (a.is_numeric()) return TypeKind::kFloat;
    if (a.kind() == TypeKind::kDate) return TypeKind::kTimestamp;
    return a;
  }
  if (IsInstant(a) && (IsInstant(b) || b.kind() == TypeKind::kInteger)) return TypeKind::kTimestamp;
  if (IsInstant(b) && a.kind() == TypeKind::kInteger) return TypeKind::kTimestamp;
  if (a.kind() == TypeKind::kInterval && b.is_numeric()) return b.kind() == TypeKind::kInteger ? b : TypeKind::kFloat;
  if (b.kind() == TypeKind::kInterval && a.is_numeric()) return a.kind() == TypeKind::kInteger ? a : TypeKind::kFloat;
  if (a.is_nested() && a.kind() == b.kind()) {
    bool mixed = false;
    const SqlType common = CommonType(a, b, &mixed);
    if (!mixed) return common;
  }
  return TypeKind::kAny;
}

// Whether the planner may put a plain CAST here: it never fails and means the same.
bool CastBeforehand(const SqlType& from, const SqlType& to) {
  if (from.is_numeric() && to.is_numeric()) return true;
  return from.kind() == TypeKind::kNull || (from.kind() == TypeKind::kDate && to.kind() == TypeKind::kTimestamp) ||
         from.kind() == TypeKind::kInterval || (from.is_nested() && to.is_nested());
}

Result<arrow::Datum> MillisecondsToTimestamp(const arrow::Datum& datum, int64_t rows) {
  KernelContext context;
  context.result = TypeKind::kTimestamp;
  context.rows = datum.is_scalar() ? 1 : rows;
  const Values<int64_t> milliseconds(datum);
  VELO_ASSIGN_OR_RETURN(arrow::Datum micros, MapFixed<int64_t>(context, {&milliseconds}, [&](int64_t row) {
                          int64_t out;
                          return __builtin_mul_overflow(milliseconds[row], int64_t{1000}, &out)
                                     ? std::nullopt
                                     : std::optional<int64_t>(out);
                        }));
  if (!datum.is_scalar()) return micros;
  VELO_ASSIGN_OR_RETURN_ARROW(auto scalar, micros.make_array()->GetScalar(0));
  return arrow::Datum(std::move(scalar));
}

Result<arrow::Datum> Prepare(const arrow::Datum& datum, const SqlType& from, const SqlType& to, int64_t rows) {
  if (SamePhysicalType(from, to)) return datum;
  if (from.kind() == TypeKind::kInteger && to.kind() == TypeKind::kTimestamp) {
    return MillisecondsToTimestamp(datum, rows);
  }
  return CastDatum(datum, from, to, /*try_cast=*/true);
}

Result<arrow::Datum> NestedEqual(const KernelContext& context, const arrow::Datum& left, const arrow::Datum& right,
                                 bool negated) {
  const ColumnReader a(left);
  const ColumnReader b(right);
  return MapBoolean(context, {&a, &b}, [&](int64_t row) {
    const int64_t i = a.Index(row), j = b.Index(row);
    return a.array().RangeEquals(b.array(), i, i + 1, j) != negated;
  });
}

constexpr std::array<std::pair<std::string_view, const char*>, 6> kArrowNames = {{{"=", "equal"},
                                                                                  {"!=", "not_equal"},
                                                                                  {"<", "less"},
                                                                                  {"<=", "less_equal"},
                                                                                  {">", "greater"},
                                                                                  {">=", "greater_equal"}}};

template <size_t kIndex>
Result<arrow::Datum> CompareKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  return Compare(context, kArrowNames[kIndex].first, arguments[0], context.arguments[0], arguments[1],
                 context.arguments[1]);
}

Result<CallTypes> CompareTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  CallTypes types;
  types.result = TypeKind::kBoolean;
  VELO_ASSIGN_OR_RETURN(types.arguments, ComparableTypes(name, arguments, constants));
  const bool ordered = name != "=" && name != "!=" && name != "IS DISTINCT FROM" && name != "NULLIF";
  if (ordered && (types.arguments[0].is_nested() || types.arguments[1].is_nested())) {
    return CannotApply(name, arguments);
  }
  return types;
}

Result<arrow::Datum> BetweenKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  VELO_ASSIGN_OR_RETURN(arrow::Datum low,
                        Compare(context, ">=", arguments[0], context.arguments[0], arguments[1], context.arguments[1]));
  VELO_ASSIGN_OR_RETURN(arrow::Datum high,
                        Compare(context, "<=", arguments[0], context.arguments[0], arguments[2], context.arguments[2]));
  return CallArrow("and_kleene", {low, high});
}

Result<CallTypes> BetweenTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 3, 3));
  VELO_ASSIGN_OR_RETURN(auto types, ComparableTypes(name, arguments, constants));
  return CallTypes{std::move(types), TypeKind::kBoolean};
}

Result<arrow::Datum> DistinctKernel(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  VELO_ASSIGN_OR_RETURN(arrow::Datum differs,
                        Compare(context, "!=", arguments[0], context.arguments[0], arguments[1], context.arguments[1]));
  const ColumnReader a(arguments[0]);
  const ColumnReader b(arguments[1]);
  const Values<bool> differ(differs);
  return MapBoolean(context, {}, [&](int64_t row) {
    if (a.IsNull(row) || b.IsNull(row)) return a.IsNull(row) != b.IsNull(row);
    return differ.IsNull(row) || differ[row];
  });
}

}  // namespace

Result<arrow::Datum> Compare(const KernelContext& context, std::string_view op, const arrow::Datum& left,
                             const SqlType& left_type, const arrow::Datum& right, const SqlType& right_type) {
  SqlType common = ComparisonType(left_type, right_type);
  // A constant text next to a number keeps its exact value.
  for (const auto& [text, text_type, other] :
       {std::tuple(&left, &left_type, &right_type), {&right, &right_type, &left_type}}) {
    if (!IsText(*text_type) || !other->is_numeric() || !text->is_scalar() || !text->scalar()->is_valid) continue;
    const auto number = NumberType(static_cast<const arrow::BaseBinaryScalar&>(*text->scalar()).view());
    if (number) common = CommonNumberType(*number, *other);
  }
  VELO_ASSIGN_OR_RETURN(const arrow::Datum a, Prepare(left, left_type, common, context.rows));
  VELO_ASSIGN_OR_RETURN(const arrow::Datum b, Prepare(right, right_type, common, context.rows));
  if (common.is_nested()) return NestedEqual(context, a, b, op == "!=");
  for (const auto& [symbol, function] : kArrowNames) {
    if (symbol == op) return CallArrow(function, {a, b});
  }
  return Status::Bug("unknown comparison");
}

Result<std::vector<SqlType>> ComparableTypes(std::string_view op, TypeSpan arguments, ConstantSpan constants) {
  std::vector<SqlType> types(arguments.begin(), arguments.end());
  // A literal that reads as what the first operand is becomes that, so that nothing is parsed per row.
  const auto settle = [&](size_t literal, const SqlType& other) {
    if (literal >= constants.size() || constants[literal] == nullptr || !IsText(types[literal])) return;
    const std::string_view text = *constants[literal];
    if (other.is_numeric()) {
      if (const auto number = NumberType(text)) types[literal] = *number;
    } else if (other.kind() == TypeKind::kTimestamp && ParseTimestamp(text)) {
      types[literal] = TypeKind::kTimestamp;
    } else if (other.kind() == TypeKind::kDate) {
      if (ParseDate(text)) types[literal] = TypeKind::kDate;
    } else if (other.kind() == TypeKind::kInterval && ParseInterval(text)) {
      types[literal] = TypeKind::kInterval;
    }
  };
  if (types.empty()) return types;
  for (size_t i = 1; i < types.size(); ++i) {
    settle(i, types[0]);
    settle(0, types[i]);
  }
  SqlType common = types[0];
  bool all_cast = true;
  for (size_t i = 1; i < types.size(); ++i) {
    const SqlType pair = ComparisonType(types[0], types[i]);
    const bool unknown = IsUnknown(types[0]) || IsUnknown(types[i]);
    if (pair.kind() == TypeKind::kAny && !unknown) {
      const SqlType shown[] = {arguments[0], arguments[i]};
      return CannotApply(op, shown);
    }
    common = ComparisonType(common, types[i]);
  }
  for (const SqlType& type : types)
    all_cast = all_cast && (SamePhysicalType(type, common) || CastBeforehand(type, common));
  if (all_cast) {
    for (SqlType& type : types) {
      if (!SamePhysicalType(type, common)) type = common;
    }
  }
  for (SqlType& type : types) {
    if (type.kind() == TypeKind::kNull) type = IsUnknown(common) ? SqlType(TypeKind::kString) : common;
  }
  return types;
}

void RegisterComparison(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, TypeRule types, ScalarKernel kernel, bool null_in_null_out) {
    ScalarFunction function;
    function.name = std::move(name);
    function.types = types;
    function.kernel = kernel;
    function.null_in_null_out = null_in_null_out;
    function.doc.category = "Operator";
    registry->Add(std::move(function));
  };
  add("=", CompareTypes, CompareKernel<0>, true);
  add("!=", CompareTypes, CompareKernel<1>, true);
  add("<", CompareTypes, CompareKernel<2>, true);
  add("<=", CompareTypes, CompareKernel<3>, true);
  add(">", CompareTypes, CompareKernel<4>, true);
  add(">=", CompareTypes, CompareKernel<5>, true);
  // 5 BETWEEN 7 AND NULL is false, not unknown.
  add("BETWEEN", BetweenTypes, BetweenKernel, false);
  add("IS DISTINCT FROM", CompareTypes, DistinctKernel, false);
}

}  // namespace velo
