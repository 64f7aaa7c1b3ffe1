#include <arrow/scalar.h>

#include <algorithm>
#include <array>

#include "engine/functions/type_rules.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/types/time_text.h"

// A length of time as a value is milliseconds: months count 30 days, years 365 (dialect 1.8). Next to a point in time
// the months that the expression names are added by the calendar, and only the rest by its length.

namespace velo::plan {
namespace {

constexpr int64_t kMillisPerMonth = 30LL * 86'400'000;

struct UnitMonths {
  std::string_view unit;
  int64_t months;
};
constexpr std::array<UnitMonths, 6> kCalendarUnits = {
    {{"MONTH", 1}, {"MONTHS", 1}, {"QUARTER", 3}, {"QUARTERS", 3}, {"YEAR", 12}, {"YEARS", 12}}};

/// Months of the unit of MAKE_INTERVAL(n, 'month'); 0 for units of fixed length and for all other calls.
int64_t MonthsOfUnit(const sql::Call& call) {
  const std::string name = UpperCase(call.name.text);
  if ((name != "MAKE_INTERVAL" && name != "TO_INTERVAL") || call.arguments.size() != 2) return 0;
  const sql::Expression& unit = *call.arguments[1];
  if (unit.kind != sql::ExpressionKind::kLiteral) return 0;
  const std::string word = UpperCase(static_cast<const sql::Literal&>(unit).text);
  for (const UnitMonths& known : kCalendarUnits) {
    if (known.unit == word) return known.months;
  }
  return 0;
}

bool IsSum(sql::BinaryOperator op) { return op == sql::BinaryOperator::kAdd || op == sql::BinaryOperator::kSubtract; }

}  // namespace

bool NamesMonths(const sql::Expression& expression) {
  switch (expression.kind) {
    case sql::ExpressionKind::kLiteral: {
      const auto& literal = static_cast<const sql::Literal&>(expression);
      return literal.type == sql::Literal::Type::kInterval && literal.interval.months != 0;
    }
    case sql::ExpressionKind::kCall:
      return MonthsOfUnit(static_cast<const sql::Call&>(expression)) != 0;
    case sql::ExpressionKind::kUnary: {
      const auto& unary = static_cast<const sql::Unary&>(expression);
      return unary.op != sql::UnaryOperator::kNot && NamesMonths(*unary.operand);
    }
    case sql::ExpressionKind::kBinary: {
      const auto& binary = static_cast<const sql::Binary&>(expression);
      if (!IsSum(binary.op) && binary.op != sql::BinaryOperator::kMultiply) return false;
      return NamesMonths(*binary.left) || NamesMonths(*binary.right);
    }
    default:
      return false;
  }
}

BoundExpressionPtr ExpressionBinder::Whole(int64_t value, SourceSpan span) {
  return MakeLiteral(std::make_shared<arrow::Int64Scalar>(value), TypeKind::kInteger, std::to_string(value), span);
}

BoundExpressionPtr ExpressionBinder::Combined(std::string_view op, Bound left, Bound right, SourceSpan span) {
  if (right == nullptr) return left;
  if (left == nullptr) return op == "-" ? FoldConstants(Operator("NEGATE", {std::move(right)}, span)) : right;
  return FoldConstants(Operator(op, {std::move(left), std::move(right)}, span));
}

ExpressionBinder::IntervalParts ExpressionBinder::BindInterval(const sql::Expression& expression) {
  const SourceSpan span = expression.span;
  if (!NamesMonths(expression)) return {nullptr, FoldConstants(BindNode(expression))};
  if (expression.kind == sql::ExpressionKind::kLiteral) {
    const auto& literal = static_cast<const sql::Literal&>(expression);
    IntervalParts parts{Whole(literal.interval.months, span), nullptr};
    if (literal.interval.milliseconds != 0) {
      parts.rest = MakeLiteral(std::make_shared<arrow::DurationScalar>(literal.interval.milliseconds,
                                                                       arrow::duration(arrow::TimeUnit::MILLI)),
                               TypeKind::kInterval, literal.text, span);
    }
    return parts;
  }
  if (expression.kind == sql::ExpressionKind::kCall) {
    const auto& call = static_cast<const sql::Call&>(expression);
    const Bound count = FoldConstants(BindNode(*call.arguments[0]));
    return Multiplied({Whole(MonthsOfUnit(call), span), nullptr}, count, span);
  }
  if (expression.kind == sql::ExpressionKind::kUnary) {
    const auto& unary = static_cast<const sql::Unary&>(expression);
    IntervalParts parts = BindInterval(*unary.operand);
    if (unary.op == sql::UnaryOperator::kPlus) return parts;
    return {Combined("-", nullptr, parts.months, span), Combined("-", nullptr, parts.rest, span)};
  }
  const auto& binary = static_cast<const sql::Binary&>(expression);
  if (binary.op == sql::BinaryOperator::kMultiply) {
    const bool left = NamesMonths(*binary.left);
    const Bound factor = FoldConstants(BindNode(left ? *binary.right : *binary.left));
    return Multiplied(BindInterval(left ? *binary.left : *binary.right), factor, span);
  }
  const IntervalParts left = BindInterval(*binary.left), right = BindInterval(*binary.right);
  const std::string_view op = sql::OperatorText(binary.op);
  return {Combined(op, left.months, right.months, span), Combined(op, left.rest, right.rest, span)};
}

ExpressionBinder::IntervalParts ExpressionBinder::Multiplied(IntervalParts parts, const Bound& factor,
                                                             SourceSpan span) {
  if (factor->type.kind() == TypeKind::kInteger) {
    if (parts.months != nullptr) parts.months = FoldConstants(Operator("*", {parts.months, factor}, span));
    if (parts.rest != nullptr) parts.rest = FoldConstants(Operator("*", {parts.rest, factor}, span));
    return parts;
  }
  // There is no half of a month in the calendar.
  const Bound month =
      MakeLiteral(std::make_shared<arrow::DurationScalar>(kMillisPerMonth, arrow::duration(arrow::TimeUnit::MILLI)),
                  TypeKind::kInterval, "INTERVAL '1' MONTH", span);
  Bound length = FoldConstants(Operator("*", {month, parts.months}, span));
  if (parts.rest != nullptr) length = FoldConstants(Operator("+", {length, parts.rest}, span));
  return {nullptr, FoldConstants(Operator("*", {length, factor}, span))};
}

BoundExpressionPtr ExpressionBinder::ShiftTime(const Bound& time, const IntervalParts& parts, bool minus,
                                               const std::string& text, SourceSpan span) {
  Bound shifted = time;
  if (parts.months != nullptr) {
    const Bound unit = MakeLiteral(std::make_shared<arrow::StringScalar>("month"), TypeKind::kString, "'month'", span);
    const ScalarFunction& add = *context_->functions->FindScalar(minus ? "DATE_SUB" : "DATE_ADD");
    Result<Bound> call = MakeCall(add, {unit, parts.months, time}, text, span);
    if (!call.ok()) return Report(call.status(), span);
    shifted = *call;
    // What was a day or a number of milliseconds stays one.
    const TypeKind kind = time->type.kind();
    if (kind == TypeKind::kDate || kind == TypeKind::kInteger) {
      Result<Bound> cast = MakeCast(shifted, kind, false, text, span);
      if (!cast.ok()) return Report(cast.status(), span);
      shifted = *cast;
    }
  }
  if (parts.rest == nullptr) return shifted;
  return Operator(minus ? "-" : "+", {std::move(shifted), parts.rest}, span);
}

BoundExpressionPtr ExpressionBinder::BindCalendarSum(const sql::Binary& binary) {
  const bool minus = binary.op == sql::BinaryOperator::kSubtract;
  if (!minus && binary.op != sql::BinaryOperator::kAdd) return nullptr;
  const bool right = NamesMonths(*binary.right) && !NamesMonths(*binary.left);
  const bool left = !minus && NamesMonths(*binary.left) && !NamesMonths(*binary.right);
  if (!left && !right) return nullptr;
  const sql::Expression& other = right ? *binary.left : *binary.right;
  const Bound time = FoldConstants(BindNode(other));
  const sql::Expression& length = right ? *binary.right : *binary.left;
  if (time->type.kind() == TypeKind::kInterval) {
    // Two lengths: nothing says in which month they are.
    const Bound value = BindNode(length);
    const Bound operands[] = {right ? time : value, right ? value : time};
    return Operator(minus ? "-" : "+", {operands[0], operands[1]}, binary.span);
  }
  return ShiftTime(time, BindInterval(length), minus, ExpressionText(binary), binary.span);
}

BoundExpressionPtr ExpressionBinder::BindCalendarShift(const sql::Call& call, std::string_view name) {
  const Bound time = FoldConstants(BindNode(*call.arguments[0]));
  const Bound shifted =
      ShiftTime(time, BindInterval(*call.arguments[1]), name == "DATE_SUB", ExpressionText(call), call.span);
  Result<Bound> instant = MakeCast(shifted, TypeKind::kTimestamp, false, shifted->text, call.span);
  return instant.ok() ? *instant : Report(instant.status(), call.span);
}

}  // namespace velo::plan
