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

/// A time plus a constant.
struct ShiftedTime {
  BoundExpressionPtr time;
  int64_t shift_ms = 0;
  bool shifted = false;
};

std::optional<int64_t> IntervalOf(const BoundExpression& expression) {
  if (expression.kind != BoundKind::kLiteral || expression.type.kind() != TypeKind::kInterval) return std::nullopt;
  if (expression.literal == nullptr || !expression.literal->is_valid) return std::nullopt;
  return static_cast<const arrow::DurationScalar&>(*expression.literal).value;
}

ShiftedTime TakeShift(const BoundExpressionPtr& expression) {
  const bool sum = expression->kind == BoundKind::kCall && expression->arguments.size() == 2 &&
                   (expression->function->name == "+" || expression->function->name == "-");
  if (!sum) return {expression, 0, false};
  const bool minus = expression->function->name == "-";
  size_t time = 0;
  std::optional<int64_t> interval = IntervalOf(*expression->arguments[1]);
  if (!interval.has_value() && !minus) {
    interval = IntervalOf(*expression->arguments[0]);
    time = 1;
  }
  if (!interval.has_value()) return {expression, 0, false};
  ShiftedTime inner = TakeShift(expression->arguments[time]);
  inner.shift_ms += minus ? -*interval : *interval;
  inner.shifted = true;
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
  // left + a op right + b  <=>  right - left mirrored(op) a - b
  Narrow(Mirrored(op), left.shift_ms - right.shift_ms, &limits);
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
    const int relation = scope.columns()[place].relation;
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
