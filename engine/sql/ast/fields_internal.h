#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

#include "engine/sql/ast/statement.h"

namespace velo::sql {

/// N is T or const T.
template <class N, class T>
concept Is = std::same_as<std::remove_const_t<N>, T>;

// Fields(node) names the members of each kind of node once; copying and comparing both walk over them. `kind` and what
// the constructor sets (kind of literal, operator) are listed where they can differ.

template <Is<Literal> N>
auto Fields(N& n) {
  return std::tie(n.type, n.text, n.interval);
}
template <Is<ColumnReference> N>
auto Fields(N& n) {
  return std::tie(n.parts);
}
template <Is<Star> N>
auto Fields(N& n) {
  return std::tie(n.qualifier, n.except);
}
template <Is<Unary> N>
auto Fields(N& n) {
  return std::tie(n.op, n.operand);
}
template <Is<Binary> N>
auto Fields(N& n) {
  return std::tie(n.op, n.operator_span, n.left, n.right);
}
template <Is<IsTest> N>
auto Fields(N& n) {
  return std::tie(n.test, n.negated, n.operand, n.other);
}
template <Is<Between> N>
auto Fields(N& n) {
  return std::tie(n.negated, n.symmetric, n.operand, n.low, n.high);
}
template <Is<InList> N>
auto Fields(N& n) {
  return std::tie(n.negated, n.operand, n.items);
}
template <Is<InQuery> N>
auto Fields(N& n) {
  return std::tie(n.negated, n.operand, n.query);
}
template <Is<Like> N>
auto Fields(N& n) {
  return std::tie(n.form, n.negated, n.operand, n.pattern, n.escape);
}
template <Is<Case> N>
auto Fields(N& n) {
  return std::tie(n.operand, n.branches, n.otherwise);
}
template <Is<Case::Branch> N>
auto Fields(N& n) {
  return std::tie(n.when, n.then);
}
template <Is<Cast> N>
auto Fields(N& n) {
  return std::tie(n.try_cast, n.operand, n.type);
}
template <Is<TypeName> N>
auto Fields(N& n) {
  return std::tie(n.name, n.arguments, n.children, n.span);
}
template <Is<OrderItem> N>
auto Fields(N& n) {
  return std::tie(n.expression, n.descending, n.nulls_first);
}
template <Is<FrameBound> N>
auto Fields(N& n) {
  return std::tie(n.kind, n.rows, n.duration, n.span);
}
template <Is<Frame> N>
auto Fields(N& n) {
  return std::tie(n.unit, n.start, n.end, n.span);
}
template <Is<Over> N>
auto Fields(N& n) {
  return std::tie(n.window_name, n.buffer_rows, n.partition_by, n.order_by, n.frame, n.emit, n.expire_after,
                  n.expire_never, n.span);
}
template <Is<Call> N>
auto Fields(N& n) {
  return std::tie(n.name, n.distinct, n.no_parentheses, n.arguments, n.argument_names, n.spelling, n.order_by,
                  n.within_group, n.filter, n.ignore_nulls, n.over);
}
template <Is<ScalarQuery> N>
auto Fields(N& n) {
  return std::tie(n.query);
}
template <Is<Exists> N>
auto Fields(N& n) {
  return std::tie(n.negated, n.query);
}
template <Is<Quantified> N>
auto Fields(N& n) {
  return std::tie(n.op, n.all, n.operand, n.query, n.array);
}
template <Is<ArrayLiteral> N>
auto Fields(N& n) {
  return std::tie(n.items);
}
template <Is<MapLiteral> N>
auto Fields(N& n) {
  return std::tie(n.entries);
}
template <Is<RowValue> N>
auto Fields(N& n) {
  return std::tie(n.items);
}
template <Is<Access> N>
auto Fields(N& n) {
  return std::tie(n.step, n.base, n.index, n.upper, n.field, n.bracketed);
}

template <Is<Property> N>
auto Fields(N& n) {
  return std::tie(n.key, n.key_span, n.value, n.value_span, n.value_is_string);
}
template <Is<Sink> N>
auto Fields(N& n) {
  return std::tie(n.name, n.span, n.properties);
}
template <Is<SelectItem> N>
auto Fields(N& n) {
  return std::tie(n.expression, n.alias, n.primary_key, n.span);
}
template <Is<WindowClause> N>
auto Fields(N& n) {
  return std::tie(n.kind, n.size, n.advance, n.grace, n.time, n.session_keys, n.from_group_by, n.span);
}
template <Is<NamedWindow> N>
auto Fields(N& n) {
  return std::tie(n.name, n.body);
}
template <Is<GroupItem> N>
auto Fields(N& n) {
  return std::tie(n.expression);
}
template <Is<Within> N>
auto Fields(N& n) {
  return std::tie(n.before, n.after, n.grace, n.span);
}
template <Is<Join> N>
auto Fields(N& n) {
  return std::tie(n.kind, n.right, n.within, n.on, n.using_columns, n.span);
}
template <Is<TableReference> N>
auto Fields(N& n) {
  return std::tie(n.kind, n.name, n.name_span, n.subquery, n.function, n.alias, n.column_aliases, n.properties, n.joins,
                  n.span);
}
template <Is<SelectCore> N>
auto Fields(N& n) {
  return std::tie(n.distinct, n.items, n.from, n.where, n.group_by, n.window, n.having, n.named_windows, n.span,
                  n.where_span, n.group_by_span, n.window_span, n.having_span);
}
template <Is<QueryBody> N>
auto Fields(N& n) {
  return std::tie(n.select, n.arms, n.operators);
}
template <Is<CommonTable> N>
auto Fields(N& n) {
  return std::tie(n.name, n.columns, n.query);
}
template <Is<Query> N>
auto Fields(N& n) {
  return std::tie(n.common_tables, n.body, n.order_by, n.limit, n.offset, n.limit_span, n.order_by_span, n.emit_span,
                  n.emit, n.into, n.properties, n.span);
}

template <Is<QueryStatement> N>
auto Fields(N& n) {
  return std::tie(n.query);
}
template <Is<ColumnDefinition> N>
auto Fields(N& n) {
  return std::tie(n.name, n.type, n.primary_key, n.not_null, n.default_value, n.check, n.comment);
}
template <Is<CreateStatement> N>
auto Fields(N& n) {
  return std::tie(n.what, n.or_replace, n.if_not_exists, n.temporary, n.name, n.name_span, n.columns, n.primary_key,
                  n.watermark_column, n.watermark_delay, n.properties, n.into, n.emit, n.query);
}
template <Is<InsertStatement> N>
auto Fields(N& n) {
  return std::tie(n.target, n.columns, n.query, n.rows, n.properties);
}
template <Is<UpdateStatement> N>
auto Fields(N& n) {
  return std::tie(n.name, n.name_span, n.assignments, n.where);
}
template <Is<DeleteStatement> N>
auto Fields(N& n) {
  return std::tie(n.name, n.name_span, n.where);
}
template <Is<DropStatement> N>
auto Fields(N& n) {
  return std::tie(n.what, n.if_exists, n.cascade, n.name, n.name_span);
}
template <Is<AlterStatement> N>
auto Fields(N& n) {
  return std::tie(n.what, n.name, n.name_span, n.action, n.offset, n.properties);
}
template <Is<JobStatement> N>
auto Fields(N& n) {
  return std::tie(n.verb, n.name, n.name_span, n.force, n.version, n.strategy, n.canary_percent, n.body, n.properties);
}
template <Is<ShowStatement> N>
auto Fields(N& n) {
  return std::tie(n.what, n.name, n.pattern, n.name_span);
}
template <Is<DescribeStatement> N>
auto Fields(N& n) {
  return std::tie(n.extended, n.name, n.name_span);
}
template <Is<ExplainStatement> N>
auto Fields(N& n) {
  return std::tie(n.mode, n.body);
}

template <class T>
concept HasFields = requires(T& node) {
  Fields(node);
};

/// Calls `visit` with a null pointer of the node type that belongs to the kind, and returns what it returns.
template <class Visitor>
auto WithExpressionType(ExpressionKind kind, Visitor visit) {
  switch (kind) {
    case ExpressionKind::kLiteral:
      return visit(static_cast<Literal*>(nullptr));
    case ExpressionKind::kColumn:
      return visit(static_cast<ColumnReference*>(nullptr));
    case ExpressionKind::kStar:
      return visit(static_cast<Star*>(nullptr));
    case ExpressionKind::kUnary:
      return visit(static_cast<Unary*>(nullptr));
    case ExpressionKind::kBinary:
      return visit(static_cast<Binary*>(nullptr));
    case ExpressionKind::kIsTest:
      return visit(static_cast<IsTest*>(nullptr));
    case ExpressionKind::kBetween:
      return visit(static_cast<Between*>(nullptr));
    case ExpressionKind::kInList:
      return visit(static_cast<InList*>(nullptr));
    case ExpressionKind::kInQuery:
      return visit(static_cast<InQuery*>(nullptr));
    case ExpressionKind::kLike:
      return visit(static_cast<Like*>(nullptr));
    case ExpressionKind::kCase:
      return visit(static_cast<Case*>(nullptr));
    case ExpressionKind::kCast:
      return visit(static_cast<Cast*>(nullptr));
    case ExpressionKind::kCall:
      return visit(static_cast<Call*>(nullptr));
    case ExpressionKind::kScalarQuery:
      return visit(static_cast<ScalarQuery*>(nullptr));
    case ExpressionKind::kExists:
      return visit(static_cast<Exists*>(nullptr));
    case ExpressionKind::kQuantified:
      return visit(static_cast<Quantified*>(nullptr));
    case ExpressionKind::kArray:
      return visit(static_cast<ArrayLiteral*>(nullptr));
    case ExpressionKind::kMap:
      return visit(static_cast<MapLiteral*>(nullptr));
    case ExpressionKind::kAccess:
      return visit(static_cast<Access*>(nullptr));
    case ExpressionKind::kRow:
    case ExpressionKind::kStruct:  // STRUCT(...) is a Call.
      break;
  }
  return visit(static_cast<RowValue*>(nullptr));
}

template <class Visitor>
auto WithStatementType(StatementKind kind, Visitor visit) {
  switch (kind) {
    case StatementKind::kQuery:
      return visit(static_cast<QueryStatement*>(nullptr));
    case StatementKind::kCreate:
      return visit(static_cast<CreateStatement*>(nullptr));
    case StatementKind::kInsert:
      return visit(static_cast<InsertStatement*>(nullptr));
    case StatementKind::kUpdate:
      return visit(static_cast<UpdateStatement*>(nullptr));
    case StatementKind::kDelete:
      return visit(static_cast<DeleteStatement*>(nullptr));
    case StatementKind::kDrop:
      return visit(static_cast<DropStatement*>(nullptr));
    case StatementKind::kAlter:
      return visit(static_cast<AlterStatement*>(nullptr));
    case StatementKind::kJob:
      return visit(static_cast<JobStatement*>(nullptr));
    case StatementKind::kShow:
      return visit(static_cast<ShowStatement*>(nullptr));
    case StatementKind::kDescribe:
      return visit(static_cast<DescribeStatement*>(nullptr));
    case StatementKind::kExplain:
      break;
  }
  return visit(static_cast<ExplainStatement*>(nullptr));
}

}  // namespace velo::sql
