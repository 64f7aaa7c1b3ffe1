#pragma once

#include "engine/sql/ast/statement.h"

namespace velo::sql {

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
