#include "engine/plan/binder/join_conditions.h"

#include <arrow/scalar.h>

#include <algorithm>

#include "engine/functions/type_rules.h"
#include "engine/plan/binder/aggregate_stage.h"
#include "engine/plan/binder/predicates.h"

namespace velo::plan {
namespace {

/// The type two keys are compared in, or nothing where equal keys may look different.
std::optional<SqlType> KeyType(const SqlType& left, const SqlType& right) {
  const auto plain = [](const SqlType& type) {
    switch (type.kind()) {
      case TypeKind::kAny:
      case TypeKind::kNull:
      case TypeKind::kJson:
      case TypeKind::kArray:
      case TypeKind::kMap:
      case TypeKind::kStruct:
        return false;
      default:
        return true;
    }
  };
  if (!plain(left) || !plain(right)) return std::nullopt;
  if (left == right) return left;
  const bool numbers = left.is_numeric() && right.is_numeric();
  const bool times = (left.kind() == TypeKind::kDate && right.kind() == TypeKind::kTimestamp) ||
                     (left.kind() == TypeKind::kTimestamp && right.kind() == TypeKind::kDate);
  if (!numbers && !times) return std::nullopt;
  return CommonType(left, right);
}

bool AddKey(const BoundExpression& condition, const Scope& scope, const JoinSides& sides, JoinConditions* out) {
  if (condition.kind != BoundKind::kCall || condition.function->name != "=") return false;
  if (!IsDeterministic(condition)) return false;
  BoundExpressionPtr left = condition.arguments[0], right = condition.arguments[1];
  SidesRead of_left = ReadSides(*left, scope, sides), of_right = ReadSides(*right, scope, sides);
  if (of_left.right) {
    std::swap(left, right);
    std::swap(of_left, of_right);
  }
  if (!of_left.left || of_left.right || of_left.other || !of_right.right || of_right.left || of_right.other) {
    return false;
  }
  if (scope.has_unknown_schema() && (IsUnknown(left->type) || IsUnknown(right->type))) {
    out->keys.emplace_back(left, right);
    return true;
  }
  const std::optional<SqlType> type = KeyType(left->type, right->type);
  if (!type.has_value()) return false;
  Result<BoundExpressionPtr> left_cast = MakeCast(left, *type, false, left->text, left->span);
  Result<BoundExpressionPtr> right_cast = MakeCast(right, *type, false, right->text, right->span);
  if (!left_cast.ok() || !right_cast.ok()) return false;
  out->keys.emplace_back(*left_cast, *right_cast);
  return true;
}

constexpr int64_t kMillisPerDay = 86'400'000;

/// A time plus a constant. Where months are in it, the constant lies between two lengths.
struct ShiftedTime {
  BoundExpressionPtr time;
  int64_t least_ms = 0, most_ms = 0;
  bool shifted = false;
  bool exact() const { return least_ms == most_ms; }
  void Shift(int64_t one_end_ms, int64_t other_end_ms) {
    least_ms += std::min(one_end_ms, other_end_ms);
    most_ms += std::max(one_end_ms, other_end_ms);
    shifted = true;
  }
};

std::optional<int64_t> IntervalOf(const BoundExpression& expression) {
  if (expression.kind != BoundKind::kLiteral || expression.type.kind() != TypeKind::kInterval) return std::nullopt;
  if (expression.literal == nullptr || !expression.literal->is_valid) return std::nullopt;
  return static_cast<const arrow::DurationScalar&>(*expression.literal).value;
}

/// The months of DATE_ADD('month', n, time) with a constant n.
std::optional<int64_t> MonthsOf(const BoundExpression& call) {
  const std::string_view name = call.function->name;
  if ((name != "DATE_ADD" && name != "DATE_SUB") || call.arguments.size() != 3) return std::nullopt;
  const BoundExpression& unit = *call.arguments[0];
  const BoundExpression& count = *call.arguments[1];
  const auto constant = [](const BoundExpression& argument, TypeKind kind) {
    return argument.kind == BoundKind::kLiteral && argument.type.kind() == kind && argument.literal->is_valid;
  };
  if (!constant(unit, TypeKind::kString) || !constant(count, TypeKind::kInteger)) return std::nullopt;
  if (static_cast<const arrow::StringScalar&>(*unit.literal).view() != "month") return std::nullopt;
  const int64_t months = static_cast<const arrow::Int64Scalar&>(*count.literal).value;
  return name == "DATE_SUB" ? -months : months;
}

ShiftedTime TakeShift(const BoundExpressionPtr& expression) {
  const ShiftedTime unshifted{expression, 0, 0, false};
  // A day stays a day after months were added.
  if (expression->kind == BoundKind::kCast) {
    const ShiftedTime inner = TakeShift(expression->arguments[0]);
    return inner.shifted && inner.time->type == expression->type ? inner : unshifted;
  }
  if (expression->kind != BoundKind::kCall) return unshifted;
  if (const std::optional<int64_t> months = MonthsOf(*expression)) {
    ShiftedTime inner = TakeShift(expression->arguments[2]);
    inner.Shift(*months * 28 * kMillisPerDay, *months * 31 * kMillisPerDay);
    return inner;
  }
  const std::string_view name = expression->function->name;
  if (expression->arguments.size() != 2 || (name != "+" && name != "-")) return unshifted;
  size_t time = 0;
  std::optional<int64_t> interval = IntervalOf(*expression->arguments[1]);
  if (!interval.has_value() && name == "+") {
    interval = IntervalOf(*expression->arguments[0]);
    time = 1;
  }
  if (!interval.has_value()) return unshifted;
  ShiftedTime inner = TakeShift(expression->arguments[time]);
  const int64_t shift = name == "-" ? -*interval : *interval;
  inner.Shift(shift, shift);
  return inner;
}

bool IsTime(const ShiftedTime& side, bool other_is_shifted, const Scope& scope) {
  const TypeKind kind = side.time->type.kind();
  if (kind == TypeKind::kTimestamp || kind == TypeKind::kDate) return true;
  if (kind == TypeKind::kAny) return scope.has_unknown_schema() && (side.shifted || other_is_shifted);
  if (kind != TypeKind::kInteger || side.time->kind != BoundKind::kColumn) return false;
  if (side.shifted || other_is_shifted) return true;
  const ScopeColumn& column = scope.columns()[side.time->column];
  if (column.relation < 0) return false;
  if (column.system) return column.column.name == kEventTimeColumn || column.column.name == kTimestampColumn;
  const RelationPtr& relation = scope.relations()[column.relation].relation;
  return relation != nullptr && relation->event_time_column == column.column.name;
}

/// Limits that `op` puts on a distance: distance op `constant`.
void Narrow(std::string_view op, int64_t constant, TimeLimits* limits) {
  if (op == ">" || op == ">=") {
    const int64_t from = op == ">" ? constant + 1 : constant;
    limits->lower = limits->lower.has_value() ? std::max(*limits->lower, from) : from;
  } else {
    const int64_t to = op == "<" ? constant - 1 : constant;
    limits->upper = limits->upper.has_value() ? std::min(*limits->upper, to) : to;
  }
}

/// Returns true when the limits say all that the condition says.
bool AddTimeLimit(const BoundExpressionPtr& condition, const Scope& scope, const JoinSides& sides,
                  JoinConditions* out) {
  if (condition->kind != BoundKind::kCall || !IsComparison(condition->function->name)) return false;
  std::string_view op = condition->function->name;
  if (op == "=" || !IsDeterministic(*condition)) return false;
  ShiftedTime left = TakeShift(condition->arguments[0]), right = TakeShift(condition->arguments[1]);
  if (!IsTime(left, right.shifted, scope) || !IsTime(right, left.shifted, scope)) return false;
  if (ReadSides(*left.time, scope, sides).right) {
    std::swap(left, right);
    op = Mirrored(op);
  }
  const SidesRead of_left = ReadSides(*left.time, scope, sides), of_right = ReadSides(*right.time, scope, sides);
  const bool apart =
      of_left.left && !of_left.right && !of_left.other && of_right.right && !of_right.left && !of_right.other;
  if (!apart) return false;
  TimeLimits& limits = out->limits;
  if (limits.left_time == nullptr) {
    limits.left_time = left.time;
    limits.right_time = right.time;
  } else if (!SameBound(*limits.left_time, *left.time) || !SameBound(*limits.right_time, *right.time)) {
    return false;
  }
  // left + a op right + b  <=>  right - left mirrored(op) a - b, of which months leave the wider bound.
  const std::string_view mirrored = Mirrored(op);
  const bool lower = mirrored[0] == '>';
  Narrow(mirrored, lower ? left.least_ms - right.most_ms : left.most_ms - right.least_ms, &limits);
  if (!left.exact() || !right.exact()) return false;
  out->time_conditions.push_back(condition);
  return true;
}

}  // namespace

void TimeLimits::Intersect(int64_t from, int64_t to) {
  lower = lower.has_value() ? std::max(*lower, from) : from;
  upper = upper.has_value() ? std::min(*upper, to) : to;
}

SidesRead ReadSides(const BoundExpression& expression, const Scope& scope, const JoinSides& sides) {
  std::vector<int> places;
  CollectColumns(expression, &places);
  SidesRead read;
  for (int place : places) {
    // A parameter of a correlated subquery belongs to neither side.
    const int relation = place < 0 ? -1 : scope.columns()[place].relation;
    if (relation == sides.right) {
      read.right = true;
    } else if (std::find(sides.left.begin(), sides.left.end(), relation) != sides.left.end()) {
      read.left = true;
    } else {
      read.other = true;
    }
  }
  return read;
}

JoinConditions SplitConditions(const std::vector<BoundExpressionPtr>& conditions, const Scope& scope,
                               const JoinSides& sides) {
  JoinConditions split;
  for (const BoundExpressionPtr& condition : conditions) {
    if (AddKey(*condition, scope, sides, &split) || AddTimeLimit(condition, scope, sides, &split)) continue;
    if (!IsTrueLiteral(*condition)) split.residual.push_back(condition);
  }
  return split;
}

}  // namespace velo::plan
