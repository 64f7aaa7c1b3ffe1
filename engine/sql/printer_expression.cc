#include <fmt/format.h>

#include "engine/sql/printer_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

// How tightly a node binds (dialect 2.6), loosest first.
constexpr int kOr = 1;
constexpr int kAnd = 2;
constexpr int kNot = 3;
constexpr int kPredicate = 4;
constexpr int kConcat = 5;
constexpr int kAdditive = 6;
constexpr int kMultiplicative = 7;
constexpr int kUnary = 8;
constexpr int kPostfix = 9;
constexpr int kPrimary = 10;

int LevelOf(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kOr:
      return kOr;
    case BinaryOperator::kAnd:
      return kAnd;
    case BinaryOperator::kConcat:
      return kConcat;
    case BinaryOperator::kAdd:
    case BinaryOperator::kSubtract:
      return kAdditive;
    case BinaryOperator::kMultiply:
    case BinaryOperator::kDivide:
    case BinaryOperator::kModulo:
      return kMultiplicative;
    default:
      return kPredicate;
  }
}

int LevelOf(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::kBinary:
      return LevelOf(static_cast<const Binary&>(expression).op);
    case ExpressionKind::kUnary:
      return static_cast<const Unary&>(expression).op == UnaryOperator::kNot ? kNot : kUnary;
    case ExpressionKind::kExists:
      return static_cast<const Exists&>(expression).negated ? kNot : kPrimary;
    case ExpressionKind::kIsTest:
    case ExpressionKind::kBetween:
    case ExpressionKind::kInList:
    case ExpressionKind::kInQuery:
    case ExpressionKind::kLike:
    case ExpressionKind::kQuantified:
      return kPredicate;
    case ExpressionKind::kAccess:
      return kPostfix;
    default:
      return kPrimary;
  }
}

std::string_view LikeWord(Like::Form form) {
  return form == Like::Form::kLike ? "LIKE " : form == Like::Form::kILike ? "ILIKE " : "REGEXP ";
}

}  // namespace

void Printer::Operand(const Expression& expression, int least_level) {
  const bool parentheses = LevelOf(expression) < least_level;
  if (parentheses) Text("(");
  Body(expression);
  if (parentheses) Text(")");
}

void Printer::Expressions(const std::vector<ExpressionPtr>& items) {
  List(items, [this](const ExpressionPtr& item) { PrintExpression(*item); });
}

void Printer::Body(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      return LiteralText(static_cast<const Literal&>(expression));
    case ExpressionKind::kColumn: {
      const auto& parts = static_cast<const ColumnReference&>(expression).parts;
      for (const Identifier& part : parts) {
        if (&part != &parts.front()) Text(".");
        if (part.quote != Identifier::Quote::kDouble) {
          Text(QuoteIdentifier(part.text));
          continue;
        }
        Text("\"");
        for (const char c : part.text) out_.append(c == '"' ? 2 : 1, c);
        Text("\"");
      }
      return;
    }
    case ExpressionKind::kStar: {
      const auto& star = static_cast<const Star&>(expression);
      if (!star.qualifier.empty()) Text(QuoteIdentifier(star.qualifier.text) + ".");
      Text("*");
      if (star.except.empty()) return;
      Keyword(" EXCEPT ");
      return Names(star.except);
    }
    case ExpressionKind::kUnary: {
      const auto& unary = static_cast<const Unary&>(expression);
      if (unary.op == UnaryOperator::kNot) {
        Keyword("NOT ");
        return Operand(*unary.operand, kNot);
      }
      Text(unary.op == UnaryOperator::kNegate ? "-" : "+");
      // A second sign would read as a comment.
      return Operand(*unary.operand, unary.operand->kind == ExpressionKind::kUnary ? kPostfix : kUnary);
    }
    case ExpressionKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expression);
      const int level = LevelOf(binary.op);
      Operand(*binary.left, level == kPredicate ? level + 1 : level);
      Keyword(fmt::format(" {} ", OperatorText(binary.op)));
      return Operand(*binary.right, level + 1);
    }
    case ExpressionKind::kIsTest:
      return IsTestText(static_cast<const IsTest&>(expression));
    case ExpressionKind::kBetween: {
      const auto& between = static_cast<const Between&>(expression);
      Operand(*between.operand, kConcat);
      Keyword(between.negated ? " NOT BETWEEN " : " BETWEEN ");
      if (between.symmetric) Keyword("SYMMETRIC ");
      Operand(*between.low, kConcat);
      Keyword(" AND ");
      return Operand(*between.high, kConcat);
    }
    case ExpressionKind::kInList: {
      const auto& in = static_cast<const InList&>(expression);
      Operand(*in.operand, kConcat);
      Keyword(in.negated ? " NOT IN (" : " IN (");
      Expressions(in.items);
      return Text(")");
    }
    case ExpressionKind::kInQuery: {
      const auto& in = static_cast<const InQuery&>(expression);
      Operand(*in.operand, kConcat);
      Keyword(in.negated ? " NOT IN " : " IN ");
      return Block(*in.query);
    }
    case ExpressionKind::kLike: {
      const auto& like = static_cast<const Like&>(expression);
      Operand(*like.operand, kConcat);
      Keyword(like.negated ? " NOT " : " ");
      Keyword(LikeWord(like.form));
      Operand(*like.pattern, kConcat);
      if (like.escape == nullptr) return;
      Keyword(" ESCAPE ");
      return Operand(*like.escape, kPrimary);
    }
    case ExpressionKind::kCase:
      return CaseText(static_cast<const Case&>(expression));
    case ExpressionKind::kCast: {
      const auto& cast = static_cast<const Cast&>(expression);
      Keyword(cast.try_cast ? "TRY_CAST(" : "CAST(");
      PrintExpression(*cast.operand);
      Keyword(" AS ");
      TypeText(cast.type);
      return Text(")");
    }
    case ExpressionKind::kCall:
      return CallText(static_cast<const Call&>(expression));
    case ExpressionKind::kScalarQuery:
      return Block(*static_cast<const ScalarQuery&>(expression).query);
    case ExpressionKind::kExists: {
      const auto& exists = static_cast<const Exists&>(expression);
      Keyword(exists.negated ? "NOT EXISTS " : "EXISTS ");
      return Block(*exists.query);
    }
    case ExpressionKind::kQuantified: {
      const auto& quantified = static_cast<const Quantified&>(expression);
      Operand(*quantified.operand, kConcat);
      Keyword(fmt::format(" {} {} ", OperatorText(quantified.op), quantified.all ? "ALL" : "ANY"));
      if (quantified.query != nullptr) return Block(*quantified.query);
      Text("(");
      PrintExpression(*quantified.array);
      return Text(")");
    }
    case ExpressionKind::kArray:
      Keyword("ARRAY");
      Text("[");
      Expressions(static_cast<const ArrayLiteral&>(expression).items);
      return Text("]");
    case ExpressionKind::kMap: {
      Keyword("MAP");
      Text("{");
      List(static_cast<const MapLiteral&>(expression).entries, [this](const auto& entry) {
        PrintExpression(*entry.first);
        Text(": ");
        PrintExpression(*entry.second);
      });
      return Text("}");
    }
    case ExpressionKind::kRow:
      Text("(");
      Expressions(static_cast<const RowValue&>(expression).items);
      return Text(")");
    case ExpressionKind::kAccess:
      return AccessText(static_cast<const Access&>(expression));
    case ExpressionKind::kStruct:
      return;
  }
}

void Printer::LiteralText(const Literal& literal) {
  switch (literal.type) {
    case Literal::Type::kNull:
      return Keyword("NULL");
    case Literal::Type::kBoolean:
      return Keyword(UpperCase(literal.text));
    case Literal::Type::kInteger:
    case Literal::Type::kDecimal:
    case Literal::Type::kFloat:
      return Text(literal.text);
    case Literal::Type::kString:
      return Text(QuoteString(literal.text));
    case Literal::Type::kInterval: {
      // Less than a millisecond is only in the text.
      const bool lost = literal.interval.milliseconds == 0 && literal.interval.months == 0 && !literal.text.empty();
      return lost ? Text(literal.text) : Keyword(PrintDuration(literal.interval));
    }
    case Literal::Type::kDate:
      Keyword("DATE ");
      return Text(QuoteString(literal.text));
    case Literal::Type::kTime:
      Keyword("TIME ");
      return Text(QuoteString(literal.text));
    case Literal::Type::kTimestamp:
      Keyword("TIMESTAMP ");
      return Text(QuoteString(literal.text));
  }
}

void Printer::IsTestText(const IsTest& test) {
  Operand(*test.operand, kConcat);
  Keyword(test.negated ? " IS NOT " : " IS ");
  switch (test.test) {
    case IsTest::Test::kNull:
      return Keyword("NULL");
    case IsTest::Test::kTrue:
      return Keyword("TRUE");
    case IsTest::Test::kFalse:
      return Keyword("FALSE");
    case IsTest::Test::kUnknown:
      return Keyword("UNKNOWN");
    case IsTest::Test::kDistinctFrom:
      Keyword("DISTINCT FROM ");
      return Operand(*test.other, kConcat);
  }
}

void Printer::CaseText(const Case& node) {
  Keyword("CASE ");
  if (node.operand != nullptr) {
    PrintExpression(*node.operand);
    Text(" ");
  }
  for (const Case::Branch& branch : node.branches) {
    Keyword("WHEN ");
    PrintExpression(*branch.when);
    Keyword(" THEN ");
    PrintExpression(*branch.then);
    Text(" ");
  }
  if (node.otherwise != nullptr) {
    Keyword("ELSE ");
    PrintExpression(*node.otherwise);
    Text(" ");
  }
  Keyword("END");
}

void Printer::CallArguments(const Call& call) {
  const auto& arguments = call.arguments;
  const bool trim = call.spelling == "LEADING" || call.spelling == "TRAILING" || call.spelling == "BOTH" ||
                    (call.spelling == "FROM" && SameWord(call.name.text, "TRIM"));
  if (trim) {
    if (call.spelling != "FROM") Keyword(call.spelling + " ");
    if (arguments.size() > 1) {
      PrintExpression(*arguments[1]);
      Text(" ");
    }
    Keyword("FROM ");
    return PrintExpression(*arguments[0]);
  }
  if (call.spelling == "IN") {
    Operand(*arguments[0], kConcat);
    Keyword(" IN ");
    return PrintExpression(*arguments[1]);
  }
  if (call.spelling == "FROM" && SameWord(call.name.text, "EXTRACT")) {
    Keyword(UpperCase(static_cast<const Literal&>(*arguments[0]).text) + " FROM ");
    return PrintExpression(*arguments[1]);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0 && call.spelling == "FROM") {
      Keyword(i == 1 ? " FROM " : " FOR ");
    } else if (i > 0) {
      Text(", ");
    }
    PrintExpression(*arguments[i]);
    if (i < call.argument_names.size() && !call.argument_names[i].empty()) {
      Keyword(" AS ");
      Text(QuoteIdentifier(call.argument_names[i].text));
    }
  }
}

void Printer::CallText(const Call& call) {
  const bool trim = call.spelling == "LEADING" || call.spelling == "TRAILING";
  Text(trim ? "TRIM" : call.name.text);
  if (call.no_parentheses) return;
  Text("(");
  if (call.distinct) Keyword("DISTINCT ");
  CallArguments(call);
  if (!call.order_by.empty()) {
    Keyword(" ORDER BY ");
    OrderItems(call.order_by);
  }
  Text(")");
  if (!call.within_group.empty()) {
    Keyword(" WITHIN GROUP (ORDER BY ");
    OrderItems(call.within_group);
    Text(")");
  }
  if (call.filter != nullptr) {
    Keyword(" FILTER (WHERE ");
    PrintExpression(*call.filter);
    Text(")");
  }
  if (call.ignore_nulls) Keyword(*call.ignore_nulls ? " IGNORE NULLS" : " RESPECT NULLS");
  if (call.over == nullptr) return;
  Keyword(" OVER ");
  OverText(*call.over);
}

void Printer::OverText(const Over& over) {
  if (!over.window_name.empty()) return Text(QuoteIdentifier(over.window_name.text));
  Text("(");
  OverBody(over);
  Text(")");
}

void Printer::OverBody(const Over& over) {
  const size_t start = out_.size();
  const auto next = [&](std::string_view words) {
    if (out_.size() > start) Text(" ");
    Keyword(words);
  };
  if (over.buffer_rows) next(fmt::format("ROWS WINDOW BUFFER {} ROWS", *over.buffer_rows));
  if (!over.partition_by.empty()) {
    next("PARTITION BY ");
    Expressions(over.partition_by);
  }
  if (!over.order_by.empty()) {
    next("ORDER BY ");
    OrderItems(over.order_by);
  }
  if (over.frame) {
    next(over.frame->unit == Frame::Unit::kRows    ? "ROWS "
         : over.frame->unit == Frame::Unit::kRange ? "RANGE "
                                                   : "GROUPS ");
    FrameText(*over.frame);
  }
  if (over.emit != Over::Emit::kDefault)
    next(over.emit == Over::Emit::kEveryRecord ? "EMIT EVERY RECORD" : "EMIT ON BUFFER FULL");
  if (over.expire_never) next("EXPIRE AFTER NEVER");
  if (over.expire_after) next("EXPIRE AFTER " + PrintDuration(*over.expire_after) + " INACTIVITY");
}

void Printer::FrameText(const Frame& frame) {
  const auto bound = [this](const FrameBound& item) {
    using Kind = FrameBound::Kind;
    if (item.kind == Kind::kCurrentRow) return Keyword("CURRENT ROW");
    if (item.kind == Kind::kUnboundedPreceding) return Keyword("UNBOUNDED PRECEDING");
    if (item.kind == Kind::kUnboundedFollowing) return Keyword("UNBOUNDED FOLLOWING");
    Keyword(item.duration ? PrintDuration(*item.duration) : std::to_string(item.rows));
    Keyword(item.kind == Kind::kPreceding ? " PRECEDING" : " FOLLOWING");
  };
  Keyword("BETWEEN ");
  bound(frame.start);
  Keyword(" AND ");
  bound(frame.end);
}

void Printer::AccessText(const Access& access) {
  // After a column .name would read as one more part of the column, and after a number as its fraction.
  const ExpressionKind base = access.base->kind;
  const bool apart =
      base == ExpressionKind::kLiteral || (access.step == Access::Step::kField && base == ExpressionKind::kColumn);
  Operand(*access.base, apart ? kPrimary + 1 : kPostfix);
  switch (access.step) {
    case Access::Step::kField:
      return Text("." + QuoteIdentifier(access.field.text));
    case Access::Step::kWildcard:
      return Text(access.bracketed ? "[*]" : ".*");
    case Access::Step::kIndex:
    case Access::Step::kSlice:
      Text("[");
      if (access.index != nullptr) PrintExpression(*access.index);
      if (access.step == Access::Step::kSlice) Text(":");
      if (access.upper != nullptr) PrintExpression(*access.upper);
      return Text("]");
  }
}

void Printer::TypeText(const TypeName& type) {
  const size_t zone = std::min(type.name.find(" WITH TIME"), type.name.find(" WITHOUT TIME"));
  Keyword(std::string_view(type.name).substr(0, zone));
  if (!type.children.empty()) {
    Text("<");
    List(type.children, [this](const std::pair<std::string, TypeName>& child) {
      if (!child.first.empty()) Text(QuoteIdentifier(child.first) + " ");
      TypeText(child.second);
    });
    Text(">");
  }
  if (!type.arguments.empty()) {
    Text("(");
    List(type.arguments, [this](int64_t argument) { Text(std::to_string(argument)); });
    Text(")");
  }
  if (zone != std::string::npos) Keyword(std::string_view(type.name).substr(zone));
}

void Printer::OrderItems(const std::vector<OrderItem>& items) {
  List(items, [this](const OrderItem& item) {
    PrintExpression(*item.expression);
    if (item.descending) Keyword(" DESC");
    if (item.nulls_first) Keyword(*item.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  });
}

}  // namespace velo::sql
