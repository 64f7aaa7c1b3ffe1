#include "assistant/language/sql_nodes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <utility>

namespace velo::language {

using sql::Binary;
using sql::BinaryOperator;
using sql::Expression;
using sql::ExpressionKind;
using sql::ExpressionPtr;
using sql::Literal;

namespace {

/// Calls `visit` for the node and all below it, as far as the planner itself builds or edits trees.
template <typename Visit>
void Walk(Expression& node, const Visit& visit) {
  visit(node);
  auto go = [&](ExpressionPtr& child) {
    if (child != nullptr) Walk(*child, visit);
  };
  switch (node.kind) {
    case ExpressionKind::kUnary:
      go(static_cast<sql::Unary&>(node).operand);
      break;
    case ExpressionKind::kBinary:
      go(static_cast<Binary&>(node).left);
      go(static_cast<Binary&>(node).right);
      break;
    case ExpressionKind::kIsTest:
      go(static_cast<sql::IsTest&>(node).operand);
      go(static_cast<sql::IsTest&>(node).other);
      break;
    case ExpressionKind::kBetween:
      go(static_cast<sql::Between&>(node).operand);
      go(static_cast<sql::Between&>(node).low);
      go(static_cast<sql::Between&>(node).high);
      break;
    case ExpressionKind::kInList:
      go(static_cast<sql::InList&>(node).operand);
      for (auto& item : static_cast<sql::InList&>(node).items) go(item);
      break;
    case ExpressionKind::kLike:
      go(static_cast<sql::Like&>(node).operand);
      go(static_cast<sql::Like&>(node).pattern);
      break;
    case ExpressionKind::kCase: {
      auto& branches = static_cast<sql::Case&>(node);
      go(branches.operand);
      for (auto& branch : branches.branches) {
        go(branch.when);
        go(branch.then);
      }
      go(branches.otherwise);
      break;
    }
    case ExpressionKind::kCast:
      go(static_cast<sql::Cast&>(node).operand);
      break;
    case ExpressionKind::kCall: {
      auto& call = static_cast<sql::Call&>(node);
      for (auto& argument : call.arguments) go(argument);
      for (auto& item : call.within_group) go(item.expression);
      for (auto& item : call.order_by) go(item.expression);
      go(call.filter);
      break;
    }
    case ExpressionKind::kAccess:
      go(static_cast<sql::Access&>(node).base);
      break;
    default:
      break;  // Leaves, and forms with a scope of their own.
  }
}

}  // namespace

ExpressionPtr ColumnNode(std::string_view name) {
  auto node = std::make_unique<sql::ColumnReference>();
  node->parts.push_back({std::string(name), {}, sql::Identifier::Quote::kNone});
  return node;
}

ExpressionPtr NumberNode(std::string_view digits) {
  bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  bool whole = digits.find_first_not_of("0123456789") == std::string_view::npos;
  bool scientific = digits.find('e') != std::string_view::npos;
  auto type = whole ? Literal::Type::kInteger : scientific ? Literal::Type::kFloat : Literal::Type::kDecimal;
  auto node = std::make_unique<Literal>(type);
  node->text = std::string(digits);
  if (!negative) return node;
  auto minus = std::make_unique<sql::Unary>(sql::UnaryOperator::kNegate);
  minus->operand = std::move(node);
  return minus;
}

ExpressionPtr StringNode(std::string_view text) {
  auto node = std::make_unique<Literal>(Literal::Type::kString);
  node->text = std::string(text);
  return node;
}

ExpressionPtr IntervalNode(int64_t milliseconds) {
  auto node = std::make_unique<Literal>(Literal::Type::kInterval);
  node->interval = MakeDuration(milliseconds);
  return node;
}

ExpressionPtr BinaryNode(BinaryOperator op, ExpressionPtr left, ExpressionPtr right) {
  auto node = std::make_unique<Binary>(op);
  node->left = std::move(left);
  node->right = std::move(right);
  return node;
}

ExpressionPtr NotNode(ExpressionPtr operand) {
  auto node = std::make_unique<sql::Unary>(sql::UnaryOperator::kNot);
  operand->parenthesised = operand->kind == ExpressionKind::kBinary;
  node->operand = std::move(operand);
  return node;
}

ExpressionPtr NullTestNode(ExpressionPtr operand, bool negated) {
  auto node = std::make_unique<sql::IsTest>(sql::IsTest::Test::kNull);
  node->negated = negated;
  node->operand = std::move(operand);
  return node;
}

ExpressionPtr LikeNode(ExpressionPtr operand, std::string_view pattern, bool negated) {
  auto node = std::make_unique<sql::Like>(sql::Like::Form::kLike);
  node->negated = negated;
  node->operand = std::move(operand);
  node->pattern = StringNode(pattern);
  return node;
}

ExpressionPtr CountAllNode() { return CallNode("COUNT", std::make_unique<sql::Star>()); }

ExpressionPtr CallNode(std::string_view function, ExpressionPtr argument) {
  auto node = std::make_unique<sql::Call>();
  node->name.text = std::string(function);
  node->arguments.push_back(std::move(argument));
  return node;
}

ExpressionPtr CallNode(std::string_view function, std::vector<ExpressionPtr> arguments) {
  auto node = std::make_unique<sql::Call>();
  node->name.text = std::string(function);
  node->arguments = std::move(arguments);
  return node;
}

ExpressionPtr ExtractNode(std::string_view unit, ExpressionPtr operand) {
  std::vector<ExpressionPtr> arguments;
  arguments.push_back(std::move(operand));
  return CallNode(unit, std::move(arguments));
}

sql::Duration MakeDuration(int64_t milliseconds) {
  sql::Duration duration;
  duration.milliseconds = milliseconds;
  return duration;
}

std::vector<ExpressionPtr> SplitConjuncts(ExpressionPtr condition) {
  std::vector<ExpressionPtr> parts;
  if (condition == nullptr) return parts;
  if (condition->kind == ExpressionKind::kBinary && static_cast<Binary&>(*condition).op == BinaryOperator::kAnd) {
    auto& both = static_cast<Binary&>(*condition);
    for (ExpressionPtr* side : {&both.left, &both.right}) {
      for (ExpressionPtr& part : SplitConjuncts(std::move(*side))) parts.push_back(std::move(part));
    }
    return parts;
  }
  parts.push_back(std::move(condition));
  return parts;
}

ExpressionPtr JoinConjuncts(std::vector<ExpressionPtr> parts) {
  ExpressionPtr whole;
  bool several = parts.size() > 1;
  for (ExpressionPtr& part : parts) {
    if (several && part->kind == ExpressionKind::kBinary && static_cast<Binary&>(*part).op == BinaryOperator::kOr) {
      part->parenthesised = true;
    }
    whole = whole == nullptr ? std::move(part) : BinaryNode(BinaryOperator::kAnd, std::move(whole), std::move(part));
  }
  return whole;
}

void CollectColumns(const Expression& expression, std::vector<std::string>* names) {
  Walk(const_cast<Expression&>(expression), [&](Expression& node) {
    if (node.kind != ExpressionKind::kColumn) return;
    const auto& parts = static_cast<sql::ColumnReference&>(node).parts;
    if (!parts.empty()) names->push_back(parts.back().text);
  });
}

bool HasAggregate(const Expression& expression) {
  static constexpr std::array<std::string_view, 32> kAggregates = {"COUNT",
                                                                   "SUM",
                                                                   "AVG",
                                                                   "MEAN",
                                                                   "MIN",
                                                                   "MAX",
                                                                   "STDDEV",
                                                                   "STDDEV_SAMP",
                                                                   "STDDEV_POP",
                                                                   "VARIANCE",
                                                                   "VAR_POP",
                                                                   "VAR_SAMP",
                                                                   "MEDIAN",
                                                                   "MODE",
                                                                   "PERCENTILE_CONT",
                                                                   "PERCENTILE_DISC",
                                                                   "FIRST_VALUE",
                                                                   "FIRST",
                                                                   "LAST_VALUE",
                                                                   "LAST",
                                                                   "DELTA",
                                                                   "CORR",
                                                                   "LISTAGG",
                                                                   "STRING_AGG",
                                                                   "ARRAY_AGG",
                                                                   "MIN_BY",
                                                                   "MAX_BY",
                                                                   "BOOL_AND",
                                                                   "BOOL_OR",
                                                                   "COUNT_IF",
                                                                   "COUNT_DISTINCT",
                                                                   "APPROX_COUNT_DISTINCT"};
  bool found = false;
  Walk(const_cast<Expression&>(expression), [&](Expression& node) {
    if (node.kind != ExpressionKind::kCall) return;
    const auto& call = static_cast<sql::Call&>(node);
    std::string name = call.name.text;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    bool aggregate = std::find(kAggregates.begin(), kAggregates.end(), name) != kAggregates.end();
    found = found || (aggregate && call.over == nullptr);
  });
  return found;
}

void QualifyColumn(std::string_view column, std::string_view alias, Expression* expression) {
  Walk(*expression, [&](Expression& node) {
    if (node.kind != ExpressionKind::kColumn) return;
    auto& parts = static_cast<sql::ColumnReference&>(node).parts;
    if (parts.size() != 1 || parts[0].text != column) return;
    sql::Identifier qualifier;
    qualifier.text = std::string(alias);
    parts.insert(parts.begin(), std::move(qualifier));
  });
}

int RenameColumn(std::string_view from, std::string_view to, Expression* expression) {
  int found = 0;
  Walk(*expression, [&](Expression& node) {
    if (node.kind != ExpressionKind::kColumn) return;
    auto& parts = static_cast<sql::ColumnReference&>(node).parts;
    if (parts.size() != 1 || parts[0].text != from) return;
    parts[0].text = std::string(to);
    ++found;
  });
  return found;
}

}  // namespace velo::language
