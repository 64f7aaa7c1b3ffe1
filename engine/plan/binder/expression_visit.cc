#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

template <typename Visitor>
void VisitAll(const std::vector<sql::ExpressionPtr>& expressions, const Visitor& visit) {
  for (const sql::ExpressionPtr& expression : expressions) {
    if (expression != nullptr) VisitExpressions(*expression, visit);
  }
}

using Child = std::function<void(const sql::ExpressionPtr&)>;
using Visit = std::function<bool(const sql::Expression&)>;

/// Children of operators and tests; false for other expressions.
bool VisitOperator(const sql::Expression& expression, const Child& child, const Visit& visit) {
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
    default:
      return false;
  }
  return true;
}

/// Children of calls, constructors and paths.
void VisitCompound(const sql::Expression& expression, const Child& child, const Visit& visit) {
  using Kind = sql::ExpressionKind;
  switch (expression.kind) {
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
    default:
      break;
  }
}

}  // namespace

void VisitExpressions(const sql::Expression& expression, const std::function<bool(const sql::Expression&)>& visit) {
  if (!visit(expression)) return;
  const Child child = [&visit](const sql::ExpressionPtr& node) {
    if (node != nullptr) VisitExpressions(*node, visit);
  };
  if (!VisitOperator(expression, child, visit)) VisitCompound(expression, child, visit);
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
