#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/query_binder.h"

namespace velo::plan {

Schema ExpressionBinder::BindSubquery(const sql::Query& query) {
  BoundQuery bound = BindQueryTree(context_, query, env_->scope, {.feeds_query = true});
  if (!bound.bounded) {
    diagnostics().Warning("W2401", query.span, "this subquery reads a stream; its newest row per key is used").hint =
        "read a table (CREATE TABLE ... AS) or a bounded source instead";
  }
  context_->RefuseToRun("E3090", "Subqueries in expressions are checked but cannot be run in this version.");
  return bound.schema_known ? bound.visible : Schema{};
}

BoundExpressionPtr ExpressionBinder::BindScalarQuery(const sql::ScalarQuery& node) {
  const size_t errors = diagnostics().error_count();
  const Schema schema = BindSubquery(*node.query);
  if (diagnostics().error_count() > errors || schema.columns.empty()) return Placeholder(TypeKind::kAny, node.span);
  if (schema.columns.size() != 1) {
    diagnostics().Error(
        "E2402", node.span,
        fmt::format("a subquery used as a value must return one column, not {}", schema.columns.size()));
    return Poison(node.span);
  }
  return Placeholder(schema.columns[0].type, node.span);
}

BoundExpressionPtr ExpressionBinder::BindInQuery(const sql::InQuery& node) {
  const bool row = node.operand->kind == sql::ExpressionKind::kRow;
  size_t width = 1;
  if (row) {
    const auto& items = static_cast<const sql::RowValue&>(*node.operand).items;
    width = items.size();
    for (const sql::ExpressionPtr& item : items) BindNode(*item);
  } else {
    BindNode(*node.operand);
  }
  const Schema schema = BindSubquery(*node.query);
  if (!schema.columns.empty() && schema.columns.size() != width) {
    diagnostics().Error("E2402", node.query->span,
                        fmt::format("the subquery of IN must return {} column{}, not {}", width, width == 1 ? "" : "s",
                                    schema.columns.size()));
  }
  return Placeholder(TypeKind::kBoolean, node.span);
}

BoundExpressionPtr ExpressionBinder::BindExists(const sql::Exists& node) {
  BindSubquery(*node.query);
  return Placeholder(TypeKind::kBoolean, node.span);
}

BoundExpressionPtr ExpressionBinder::BindQuantified(const sql::Quantified& node) {
  Bound operand = BindNode(*node.operand);
  if (node.query != nullptr) {
    const Schema schema = BindSubquery(*node.query);
    if (!schema.columns.empty() && schema.columns.size() != 1) {
      diagnostics().Error(
          "E2402", node.query->span,
          fmt::format("the subquery of ANY and ALL must return one column, not {}", schema.columns.size()));
    }
  } else {
    BindNode(*node.array);
    context_->RefuseToRun("E3090", "ANY and ALL are checked but cannot be run in this version.");
  }
  return Placeholder(TypeKind::kBoolean, node.span);
}

namespace {

template <typename Visit>
void VisitAll(const std::vector<sql::ExpressionPtr>& expressions, const Visit& visit) {
  for (const sql::ExpressionPtr& expression : expressions) {
    if (expression != nullptr) VisitExpressions(*expression, visit);
  }
}

}  // namespace

void VisitExpressions(const sql::Expression& expression, const std::function<bool(const sql::Expression&)>& visit) {
  if (!visit(expression)) return;
  auto child = [&visit](const sql::ExpressionPtr& node) {
    if (node != nullptr) VisitExpressions(*node, visit);
  };
  using Kind = sql::ExpressionKind;
  switch (expression.kind) {
    case Kind::kUnary:
      child(static_cast<const sql::Unary&>(expression).operand);
      break;
    case Kind::kBinary: {
      const auto& node = static_cast<const sql::Binary&>(expression);
      child(node.left);
      child(node.right);
      break;
    }
    case Kind::kIsTest: {
      const auto& node = static_cast<const sql::IsTest&>(expression);
      child(node.operand);
      child(node.other);
      break;
    }
    case Kind::kBetween: {
      const auto& node = static_cast<const sql::Between&>(expression);
      child(node.operand);
      child(node.low);
      child(node.high);
      break;
    }
    case Kind::kInList: {
      const auto& node = static_cast<const sql::InList&>(expression);
      child(node.operand);
      VisitAll(node.items, visit);
      break;
    }
    case Kind::kInQuery:
      child(static_cast<const sql::InQuery&>(expression).operand);
      break;
    case Kind::kQuantified:
      child(static_cast<const sql::Quantified&>(expression).operand);
      break;
    case Kind::kLike: {
      const auto& node = static_cast<const sql::Like&>(expression);
      child(node.operand);
      child(node.pattern);
      break;
    }
    case Kind::kCase: {
      const auto& node = static_cast<const sql::Case&>(expression);
      child(node.operand);
      for (const sql::Case::Branch& branch : node.branches) {
        child(branch.when);
        child(branch.then);
      }
      child(node.otherwise);
      break;
    }
    case Kind::kCast:
      child(static_cast<const sql::Cast&>(expression).operand);
      break;
    case Kind::kCall: {
      const auto& node = static_cast<const sql::Call&>(expression);
      VisitAll(node.arguments, visit);
      for (const sql::OrderItem& item : node.within_group) child(item.expression);
      child(node.filter);
      if (node.over != nullptr) {
        VisitAll(node.over->partition_by, visit);
        for (const sql::OrderItem& item : node.over->order_by) child(item.expression);
      }
      break;
    }
    case Kind::kArray:
      VisitAll(static_cast<const sql::ArrayLiteral&>(expression).items, visit);
      break;
    case Kind::kMap:
      for (const auto& [key, value] : static_cast<const sql::MapLiteral&>(expression).entries) {
        child(key);
        child(value);
      }
      break;
    case Kind::kRow:
      VisitAll(static_cast<const sql::RowValue&>(expression).items, visit);
      break;
    case Kind::kAccess: {
      const auto& node = static_cast<const sql::Access&>(expression);
      child(node.base);
      child(node.index);
      child(node.upper);
      break;
    }
    case Kind::kLiteral:
    case Kind::kColumn:
    case Kind::kStar:
    case Kind::kScalarQuery:
    case Kind::kExists:
    case Kind::kStruct:
      break;
  }
}

bool ContainsAggregate(const sql::Expression& expression, const FunctionRegistry& functions) {
  bool found = false;
  VisitExpressions(expression, [&](const sql::Expression& node) {
    if (node.kind != sql::ExpressionKind::kCall) return !found;
    const auto& call = static_cast<const sql::Call&>(node);
    if (call.over == nullptr && functions.FindAggregate(call.name.text) != nullptr) found = true;
    return !found;
  });
  return found;
}

}  // namespace velo::plan
