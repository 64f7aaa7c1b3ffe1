#include <fmt/format.h>

#include <array>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

/// Trees lean to the left, so their height grows with the number of operators; this bounds it.
constexpr int kMaxOperators = 2000;

struct ComparisonSymbol {
  std::string_view symbol;
  BinaryOperator op;
};
constexpr std::array kComparisons = std::to_array<ComparisonSymbol>({{"=", BinaryOperator::kEqual},
                                                                     {"==", BinaryOperator::kEqual},
                                                                     {"!=", BinaryOperator::kNotEqual},
                                                                     {"<>", BinaryOperator::kNotEqual},
                                                                     {"<", BinaryOperator::kLess},
                                                                     {"<=", BinaryOperator::kLessEqual},
                                                                     {">", BinaryOperator::kGreater},
                                                                     {">=", BinaryOperator::kGreaterEqual},
                                                                     {"~", BinaryOperator::kMatch},
                                                                     {"!~", BinaryOperator::kNotMatch},
                                                                     {"~*", BinaryOperator::kMatchNoCase},
                                                                     {"!~*", BinaryOperator::kNotMatchNoCase}});

bool IsComparison(const Expression& expression) {
  if (expression.kind != ExpressionKind::kBinary || expression.parenthesised) return false;
  const BinaryOperator op = static_cast<const Binary&>(expression).op;
  return op >= BinaryOperator::kEqual && op != BinaryOperator::kAnd && op != BinaryOperator::kOr;
}

}  // namespace

bool Parser::CountOperator() {
  if (++operators_ <= kMaxOperators) return true;
  Expected(fmt::format("at most {} operators in one expression", kMaxOperators)).hint =
      "use IN (...) or split the query";
  return false;
}

ExpressionPtr Parser::MakeBinary(BinaryOperator op, SourceSpan operator_span, ExpressionPtr left, ExpressionPtr right) {
  auto binary = std::make_unique<Binary>(op, SourceSpan::Cover(left->span, right->span));
  binary->operator_span = operator_span;
  binary->left = std::move(left);
  binary->right = std::move(right);
  return binary;
}

ExpressionPtr Parser::ParseExpression() {
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  ExpressionPtr left = ParseAnd();
  while (left != nullptr && AtWord("OR")) {
    const SourceSpan span = Peek().span;
    AcceptWord("OR");
    ExpressionPtr right = CountOperator() ? ParseAnd() : nullptr;
    if (right == nullptr) return nullptr;
    left = MakeBinary(BinaryOperator::kOr, span, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::ParseAnd() {
  ExpressionPtr left = ParseNot();
  while (left != nullptr && (AtWord("AND") || AtSymbol("&&"))) {
    const SourceSpan span = Peek().span;
    if (AtSymbol("&&")) {
      Diagnostic& error = Report("E1001", span, "unexpected character '&&'");
      error.hint = "use AND";
      error.fixes.push_back({"use AND", {{span, "AND"}}});
      Advance();
    } else {
      AcceptWord("AND");
    }
    ExpressionPtr right = CountOperator() ? ParseNot() : nullptr;
    if (right == nullptr) return nullptr;
    left = MakeBinary(BinaryOperator::kAnd, span, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::ParseNot() {
  const size_t start = pos_;
  if (AtSymbol("!")) {
    Diagnostic& error = Report("E1001", Peek().span, "unexpected character '!'");
    error.hint = "use NOT";
    error.fixes.push_back({"use NOT", {{Peek().span, "NOT "}}});
    Advance();
  } else if (!AcceptWord("NOT")) {
    return ParsePredicate();
  }
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  if (AtWord("EXISTS")) {
    ExpressionPtr exists = ParseExists(true);
    if (exists != nullptr) exists->span = SpanSince(start);
    return exists;
  }
  ExpressionPtr operand = ParseNot();
  if (operand == nullptr) return nullptr;
  auto negation = std::make_unique<Unary>(UnaryOperator::kNot, SpanSince(start));
  negation->operand = std::move(operand);
  return negation;
}

ExpressionPtr Parser::ParsePredicate() {
  ExpressionPtr left = ParseConcat();
  bool done = false;
  while (left != nullptr && !done) left = ParsePredicateTail(std::move(left), &done);
  return left;
}

ExpressionPtr Parser::ParsePredicateTail(ExpressionPtr left, bool* done) {
  for (const ComparisonSymbol& comparison : kComparisons) {
    if (!AtSymbol(comparison.symbol)) continue;
    const SourceSpan span = Peek().span;
    Advance();
    return ParseComparison(std::move(left), comparison.op, span);
  }
  if (AtSymbol("<=>")) {
    Diagnostic& error = Report("E1001", Peek().span, "unexpected character '<=>'");
    error.hint = "use IS NOT DISTINCT FROM";
    error.fixes.push_back({"use IS NOT DISTINCT FROM", {{Peek().span, "IS NOT DISTINCT FROM"}}});
    const SourceSpan span = Peek().span;
    Advance();
    return ParseComparison(std::move(left), BinaryOperator::kEqual, span);
  }
  if (AtWord("IS")) return CountOperator() ? ParseIs(std::move(left)) : nullptr;
  const size_t ahead = AtWord("NOT") ? 1 : 0;
  if (AtAnyWord({"BETWEEN", "IN", "LIKE", "ILIKE", "REGEXP", "RLIKE"}, ahead)) {
    if (!CountOperator()) return nullptr;
    const bool negated = AcceptWord("NOT");
    if (AtWord("BETWEEN")) return ParseBetween(std::move(left), negated);
    if (AtWord("IN")) return ParseIn(std::move(left), negated);
    if (AtWord("LIKE")) return ParseLike(std::move(left), Like::Form::kLike, negated);
    if (AtWord("ILIKE")) return ParseLike(std::move(left), Like::Form::kILike, negated);
    return ParseLike(std::move(left), Like::Form::kRegexp, negated);
  }
  *done = true;
  return left;
}

ExpressionPtr Parser::ParseComparison(ExpressionPtr left, BinaryOperator op, SourceSpan operator_span) {
  if (!CountOperator()) return nullptr;
  if (IsComparison(*left)) {
    Diagnostic& warning = diagnostics_->Warning("W1008", operator_span, "chained comparison");
    warning.hint = "this compares the result of the first comparison; write a < b AND b < c for a range";
  }
  if (AtAnyWord({"ANY", "SOME", "ALL"}) && AtSymbol("(", 1)) {
    auto quantified = std::make_unique<Quantified>();
    quantified->op = op;
    quantified->all = AtWord("ALL");
    quantified->operand = std::move(left);
    AcceptWord(quantified->all ? "ALL" : AtWord("ANY") ? "ANY" : "SOME");
    if (AtQuery(1)) {
      quantified->query = ParseParenthesisedQuery();
      if (quantified->query == nullptr) return nullptr;
    } else {
      AcceptSymbol("(");
      quantified->array = ParseExpression();
      if (quantified->array == nullptr || !ExpectSymbol(")", "")) return nullptr;
    }
    quantified->span = SourceSpan::Cover(quantified->operand->span, Previous().span);
    return quantified;
  }
  ExpressionPtr right = ParseConcat();
  if (right == nullptr) return nullptr;
  return MakeBinary(op, operator_span, std::move(left), std::move(right));
}

ExpressionPtr Parser::ParseIs(ExpressionPtr operand) {
  AcceptWord("IS");
  const bool negated = AcceptWord("NOT");
  auto test = std::make_unique<IsTest>(IsTest::Test::kNull);
  if (AcceptWord("NULL")) {
    test->test = IsTest::Test::kNull;
  } else if (AcceptWord("TRUE")) {
    test->test = IsTest::Test::kTrue;
  } else if (AcceptWord("FALSE")) {
    test->test = IsTest::Test::kFalse;
  } else if (AcceptWord("UNKNOWN")) {
    test->test = IsTest::Test::kUnknown;
  } else if (AcceptWord("DISTINCT")) {
    test->test = IsTest::Test::kDistinctFrom;
    if (!ExpectWord("FROM", "IS DISTINCT")) return nullptr;
    test->other = ParseConcat();
    if (test->other == nullptr) return nullptr;
  } else {
    Expected(negated ? "NULL, TRUE, FALSE or DISTINCT FROM after IS NOT"
                     : "NULL, NOT NULL, TRUE, FALSE or DISTINCT FROM after IS");
    return nullptr;
  }
  test->negated = negated;
  test->span = SourceSpan::Cover(operand->span, Previous().span);
  test->operand = std::move(operand);
  return test;
}

ExpressionPtr Parser::ParseBetween(ExpressionPtr operand, bool negated) {
  AcceptWord("BETWEEN");
  auto between = std::make_unique<Between>();
  between->negated = negated;
  between->symmetric = AcceptWord("SYMMETRIC");
  static constexpr std::string_view kHint = "x BETWEEN low AND high";
  if (AtEnd() || AtWord("AND") || AtClause()) {
    Expected("a lower bound after BETWEEN", "E1014").hint = kHint;
    return nullptr;
  }
  between->low = ParseConcat();
  if (between->low == nullptr) return nullptr;
  if (!AcceptWord("AND")) {
    Diagnostic& error = Expected("AND and an upper bound after BETWEEN", "E1014");
    error.message = "BETWEEN needs two bounds joined by AND";
    error.hint = kHint;
    return nullptr;
  }
  if (AtEnd() || AtClause() || AtSymbol(")")) {
    Expected("an upper bound after BETWEEN ... AND", "E1014").hint = kHint;
    return nullptr;
  }
  between->high = ParseConcat();
  if (between->high == nullptr) return nullptr;
  between->span = SourceSpan::Cover(operand->span, Previous().span);
  between->operand = std::move(operand);
  return between;
}

ExpressionPtr Parser::ParseIn(ExpressionPtr operand, bool negated) {
  AcceptWord("IN");
  if (!AtSymbol("(")) {
    Expected("'(' with a list of values after IN").hint = "x IN ('a', 'b')";
    return nullptr;
  }
  if (HoldsQuery(0)) {
    auto in = std::make_unique<InQuery>();
    in->negated = negated;
    in->query = ParseParenthesisedQuery();
    if (in->query == nullptr) return nullptr;
    in->span = SourceSpan::Cover(operand->span, Previous().span);
    in->operand = std::move(operand);
    return in;
  }
  AcceptSymbol("(");
  if (AtSymbol(")")) {
    Diagnostic& error = Expected("a value", "E1015");
    error.message = "IN needs at least one value";
    error.hint = "x IN ('a', 'b')";
    return nullptr;
  }
  auto in = std::make_unique<InList>();
  in->negated = negated;
  if (!ParseExpressionList(&in->items, ")")) return nullptr;
  in->span = SourceSpan::Cover(operand->span, Previous().span);
  in->operand = std::move(operand);
  return in;
}

ExpressionPtr Parser::ParseLike(ExpressionPtr operand, Like::Form form, bool negated) {
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  auto like = std::make_unique<Like>(form);
  like->negated = negated;
  const bool before = std::exchange(double_is_string_, true);
  like->pattern = ParseConcat();
  bool good = like->pattern != nullptr;
  if (good && form != Like::Form::kRegexp && AcceptWord("ESCAPE")) {
    like->escape = ParsePrimary();
    good = like->escape != nullptr;
  }
  double_is_string_ = before;
  if (!good) return nullptr;
  like->span = SourceSpan::Cover(operand->span, Previous().span);
  like->operand = std::move(operand);
  return like;
}

ExpressionPtr Parser::ParseConcat() {
  ExpressionPtr left = ParseAdditive();
  while (left != nullptr && AtSymbol("||")) {
    const SourceSpan span = Peek().span;
    Advance();
    ExpressionPtr right = CountOperator() ? ParseAdditive() : nullptr;
    if (right == nullptr) return nullptr;
    left = MakeBinary(BinaryOperator::kConcat, span, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::ParseAdditive() {
  ExpressionPtr left = ParseMultiplicative();
  while (left != nullptr && (AtSymbol("+") || AtSymbol("-"))) {
    const BinaryOperator op = AtSymbol("+") ? BinaryOperator::kAdd : BinaryOperator::kSubtract;
    const SourceSpan span = Peek().span;
    Advance();
    ExpressionPtr right;
    if (AtNumber() && Peek(1).kind == TokenKind::kWord && IsTimeUnit(Peek(1).text)) {
      // ts - 5 MINUTES: in arithmetic a number with a unit is a length of time, not a number with an alias.
      Duration duration;
      const SourceSpan start = Peek().span;
      if (!ParseDurationValue(&duration, "a length of time")) return nullptr;
      auto literal = std::make_unique<Literal>(Literal::Type::kInterval, SourceSpan::Cover(start, Previous().span));
      literal->text = duration.text;
      literal->interval = std::move(duration);
      right = std::move(literal);
    } else {
      right = CountOperator() ? ParseMultiplicative() : nullptr;
    }
    if (right == nullptr) return nullptr;
    left = MakeBinary(op, span, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::ParseMultiplicative() {
  ExpressionPtr left = ParseUnary();
  while (left != nullptr && (AtSymbol("*") || AtSymbol("/") || AtSymbol("%"))) {
    const BinaryOperator op = AtSymbol("*")   ? BinaryOperator::kMultiply
                              : AtSymbol("/") ? BinaryOperator::kDivide
                                              : BinaryOperator::kModulo;
    const SourceSpan span = Peek().span;
    Advance();
    ExpressionPtr right = CountOperator() ? ParseUnary() : nullptr;
    if (right == nullptr) return nullptr;
    left = MakeBinary(op, span, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::ParseUnary() {
  if (!AtSymbol("-") && !AtSymbol("+")) return ParsePostfix();
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  const size_t start = pos_;
  const UnaryOperator op = AtSymbol("-") ? UnaryOperator::kNegate : UnaryOperator::kPlus;
  Advance();
  ExpressionPtr operand = ParseUnary();
  if (operand == nullptr) return nullptr;
  auto unary = std::make_unique<Unary>(op, SpanSince(start));
  unary->operand = std::move(operand);
  return unary;
}

/// x::type. Reports it with the cast that would be right and skips it, so that more errors can be found.
bool Parser::ReportCastOperator(const Expression& operand) {
  const SourceSpan span = Peek().span;
  const size_t start = pos_;
  Advance();
  TypeName type;
  if (Peek().kind != TokenKind::kWord || Peek().reserved) {
    Report("E1001", span, "unexpected character ':'").hint = "use CAST(x AS t)";
    last_error_offset_ = span.offset;
    return false;
  }
  const size_t type_start = pos_;
  if (!ParseType(&type)) return false;
  const std::string_view type_text = Source(SpanSince(type_start));
  const std::string cast = fmt::format("CAST({} AS {})", Source(operand.span), type_text);
  Diagnostic& error = Report("E1001", span, "unexpected character ':'");
  error.hint = "use " + cast;
  error.fixes.push_back({"use " + cast, {{SourceSpan::Cover(operand.span, SpanSince(start)), cast}}});
  return true;
}

ExpressionPtr Parser::ParsePostfix() {
  ExpressionPtr base = ParsePrimary();
  while (base != nullptr) {
    if (AtSymbol("::")) {
      if (!ReportCastOperator(*base)) return nullptr;
    } else if (AtSymbol("[")) {
      base = CountOperator() ? ParseIndex(std::move(base)) : nullptr;
    } else if (AtSymbol(".")) {
      if (!CountOperator()) return nullptr;
      Advance();
      const bool wildcard = AtSymbol("*");
      auto access = std::make_unique<Access>(wildcard ? Access::Step::kWildcard : Access::Step::kField);
      access->bracketed = false;
      if (!wildcard && !AtFieldName()) {
        Expected("a field name after '.'");
        return nullptr;
      }
      if (!wildcard) {
        access->field = {Peek().text, Peek().span,
                         Peek().kind == TokenKind::kWord ? Identifier::Quote::kNone : Identifier::Quote::kBacktick};
      }
      Advance();
      access->span = SourceSpan::Cover(base->span, Previous().span);
      access->base = std::move(base);
      base = std::move(access);
    } else {
      break;
    }
  }
  return base;
}

ExpressionPtr Parser::ParseIndex(ExpressionPtr base) {
  AcceptSymbol("[");
  auto access = std::make_unique<Access>(Access::Step::kIndex);
  if (AtSymbol("*") && AtSymbol("]", 1)) {
    Advance();
    access->step = Access::Step::kWildcard;
  } else {
    if (!AtSymbol(":")) {
      access->index = ParseExpression();
      if (access->index == nullptr) return nullptr;
    }
    if (AcceptSymbol(":")) {
      access->step = Access::Step::kSlice;
      if (!AtSymbol("]")) {
        access->upper = ParseExpression();
        if (access->upper == nullptr) return nullptr;
      }
    }
  }
  if (!ExpectSymbol("]", "after the index")) return nullptr;
  access->span = SourceSpan::Cover(base->span, Previous().span);
  access->base = std::move(base);
  return access;
}

}  // namespace velo::sql
