#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

/// Reserved words that name functions when "(" follows.
bool IsFunctionName(const Token& token) {
  for (const std::string_view word : {"LEFT", "RIGHT", "JOIN", "VALUES", "INSERT"}) {
    if (SameWord(token.text, word)) return true;
  }
  return !token.reserved;
}

}  // namespace

void Parser::SettleWholeItem(Expression* item) {
  if (item->kind != ExpressionKind::kColumn || item->parenthesised) return;
  for (Identifier& part : static_cast<ColumnReference*>(item)->parts) {
    if (part.quote == Identifier::Quote::kDouble) part.quote = Identifier::Quote::kBacktick;
  }
}

bool Parser::AtQuery(size_t ahead) const {
  while (AtSymbol("(", ahead)) ++ahead;
  if (AtWord("SELECT", ahead)) return true;
  return AtWord("WITH", ahead) && !AtSymbol("(", ahead + 1);
}

bool Parser::HoldsQuery(size_t ahead) const {
  if (!AtQuery(ahead + 1)) return false;
  if (!AtSymbol("(", ahead + 1)) return true;
  size_t depth = 0;
  size_t after = ahead + 1;
  do {
    if (Peek(after).kind == TokenKind::kEnd) return true;
    if (AtSymbol("(", after)) ++depth;
    if (AtSymbol(")", after)) --depth;
    ++after;
  } while (depth > 0);
  bool goes_on = AtSymbol(")", after) || Peek(after).kind == TokenKind::kEnd;
  for (const std::string_view word :
       {"UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "EMIT", "INTO", "WITH"}) {
    goes_on |= AtWord(word, after);
  }
  return goes_on && HoldsQuery(ahead + 1);
}

bool Parser::ParseExpressionList(std::vector<ExpressionPtr>* out, std::string_view close) {
  do {
    ExpressionPtr item = ParseExpression();
    if (item == nullptr) return false;
    out->push_back(std::move(item));
  } while (AcceptSymbol(","));
  if (AcceptSymbol(close)) return true;
  Expected(fmt::format("a comma or '{}'", close));
  return false;
}

QueryPtr Parser::ParseParenthesisedQuery() {
  if (!ExpectSymbol("(", "before the query")) return nullptr;
  const bool before = std::exchange(double_is_string_, false);
  ++subqueries_;
  QueryPtr query = ParseQuery();
  --subqueries_;
  double_is_string_ = before;
  if (query == nullptr || !ExpectSymbol(")", "after the query")) return nullptr;
  return query;
}

ExpressionPtr Parser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kWord:
      return ParseWordPrimary();
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
    case TokenKind::kDuration:
    case TokenKind::kString:
      return ParseLiteral();
    case TokenKind::kPlaceholder:
    case TokenKind::kInvalid: {
      // Already reported; a stand-in keeps the rest readable.
      auto literal = std::make_unique<Literal>(Literal::Type::kNull, token.span);
      Advance();
      failed_ = true;
      return literal;
    }
    case TokenKind::kDouble:
      return double_is_string_ ? ParseLiteral() : ParseColumn();
    case TokenKind::kBacktick:
      return ParseColumn();
    case TokenKind::kNumberWord:
      Expected("a number with a unit such as 5m, or a name").hint =
          "units are ms, s, m, h, d and w; a name that starts with a digit is written in `backticks`";
      return nullptr;
    case TokenKind::kSymbol:
      if (token.text == "(") return ParseParenthesised();
      if (token.text == "[") return ParseArray();
      if (token.text == ":" && Peek(1).kind == TokenKind::kWord) {
        Report("E1001", token.span, "unexpected character ':'").hint =
            "bind parameters are not part of the dialect; write the value itself, with CAST(x AS t) for its type";
        last_error_offset_ = token.span.offset;
        return nullptr;
      }
      break;
    default:
      break;
  }
  Expected("a value or column");
  return nullptr;
}

ExpressionPtr Parser::ParseLiteral() {
  const Token& token = Peek();
  const Literal::Type type = token.kind == TokenKind::kInteger    ? Literal::Type::kInteger
                             : token.kind == TokenKind::kDecimal  ? Literal::Type::kDecimal
                             : token.kind == TokenKind::kFloat    ? Literal::Type::kFloat
                             : token.kind == TokenKind::kDuration ? Literal::Type::kInterval
                                                                  : Literal::Type::kString;
  auto literal = std::make_unique<Literal>(type, token.span);
  literal->text = token.text;
  if (type == Literal::Type::kInterval) {
    literal->interval.span = token.span;
    if (!velo::sql::ParseDuration(token.text, &literal->interval)) {
      Expected("a length of time such as 5m", "E2206");
      return nullptr;
    }
  }
  Advance();
  return literal;
}

ExpressionPtr Parser::ParseWordPrimary() {
  const SourceSpan span = Peek().span;
  const bool call = AtSymbol("(", 1);
  if (AtAnyWord({"TRUE", "FALSE", "NULL"})) {
    auto literal = std::make_unique<Literal>(AtWord("NULL") ? Literal::Type::kNull : Literal::Type::kBoolean, span);
    if (literal->type == Literal::Type::kBoolean) literal->text = LowerCase(Peek().text);
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
    return literal;
  }
  if (AtWord("CASE")) return ParseCase();
  if (AtWord("EXISTS")) return ParseExists(false);
  if (call && AtAnyWord({"CAST", "TRY_CAST"})) return ParseCast();
  if (call && AtWord("CONVERT")) return ParseConvert();
  if (AtWord("ARRAY") && (call || AtSymbol("[", 1))) return ParseArray();
  if (AtWord("MAP") && AtSymbol("{", 1)) return ParseMap();
  if (AtWord("INTERVAL") && (AtNumber(1) || AtText(1) || Peek(1).kind == TokenKind::kDuration)) {
    auto literal = std::make_unique<Literal>(Literal::Type::kInterval, span);
    if (!ParseIntervalLiteral(&literal->interval)) return nullptr;
    literal->span = literal->interval.span;
    literal->text = literal->interval.text;
    return literal;
  }
  if (AtAnyWord({"DATE", "TIME", "TIMESTAMP"}) && Peek(1).kind == TokenKind::kString) {
    const Literal::Type type = AtWord("DATE")   ? Literal::Type::kDate
                               : AtWord("TIME") ? Literal::Type::kTime
                                                : Literal::Type::kTimestamp;
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
    auto literal = std::make_unique<Literal>(type, SourceSpan::Cover(span, Peek().span));
    literal->text = Peek().text;
    Advance();
    return literal;
  }
  if (!call && AtAnyWord({"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"})) {
    auto now = std::make_unique<Call>(span);
    now->name = {Peek().text, span};
    now->no_parentheses = true;
    tokens_[pos_].role = TokenRole::kFunction;
    Advance();
    return now;
  }
  if (call && IsFunctionName(Peek())) return ParseCall();
  if (!Peek().reserved) return ParseColumn();
  Diagnostic& error = Expected("a value or column");
  const bool goes_on = AtClause() || AtAnyWord({"THEN", "ELSE", "END", "WHEN", "AND", "OR", "ON", "AS"});
  const bool stands_as_value = AtSymbol(",", 1) || AtSymbol(")", 1);  // TUMBLING(when, ...)
  if (goes_on && !stands_as_value) return nullptr;
  error.hint = fmt::format("'{0}' is a reserved word; a column of that name is written `{0}`", Peek().text);
  return nullptr;
}

ExpressionPtr Parser::ParseColumn() {
  auto column = std::make_unique<ColumnReference>(Peek().span);
  const auto take = [&] {
    const Token& token = Peek();
    const Identifier::Quote quote = token.kind == TokenKind::kDouble     ? Identifier::Quote::kDouble
                                    : token.kind == TokenKind::kBacktick ? Identifier::Quote::kBacktick
                                                                         : Identifier::Quote::kNone;
    column->parts.push_back({token.text, token.span, quote});
    tokens_[pos_].role = TokenRole::kName;
    Advance();
  };
  take();
  while (AtSymbol(".") && AtFieldName(1)) {
    Advance();
    take();
  }
  // In a.b both are names; only a lone "text" may turn out to be a string.
  for (Identifier& part : column->parts) {
    if (column->parts.size() > 1 && part.quote == Identifier::Quote::kDouble) part.quote = Identifier::Quote::kBacktick;
  }
  column->span = SourceSpan::Cover(column->span, Previous().span);
  if (AtSymbol(".") && !AtSymbol("*", 1)) {
    Advance();
    Expected("a column name after '.'");
    return nullptr;
  }
  return column;
}

ExpressionPtr Parser::ParseParenthesised() {
  const size_t start = pos_;
  if (HoldsQuery(0)) {
    auto scalar = std::make_unique<ScalarQuery>();
    scalar->query = ParseParenthesisedQuery();
    if (scalar->query == nullptr) return nullptr;
    scalar->span = SpanSince(start);
    return scalar;
  }
  AcceptSymbol("(");
  ExpressionPtr first = ParseExpression();
  if (first == nullptr) return nullptr;
  if (AcceptSymbol(",")) {
    auto row = std::make_unique<RowValue>();
    row->items.push_back(std::move(first));
    if (!ParseExpressionList(&row->items, ")")) return nullptr;
    row->span = SpanSince(start);
    return row;
  }
  if (!AcceptSymbol(")")) {
    Expected("')' to close the parenthesis");
    return nullptr;
  }
  first->parenthesised = true;
  first->span = SpanSince(start);
  return first;
}

ExpressionPtr Parser::ParseCase() {
  const size_t start = pos_;
  AcceptWord("CASE");
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  static constexpr std::string_view kForm = "CASE WHEN condition THEN value ELSE value END";
  auto node = std::make_unique<Case>();
  if (!AtAnyWord({"WHEN", "END", "THEN", "ELSE"}) && !AtEnd()) {
    node->operand = ParseExpression();
    if (node->operand == nullptr) return nullptr;
  }
  if (!AtWord("WHEN")) {
    Expected("WHEN after CASE", "E1011").hint = kForm;
    return nullptr;
  }
  while (AcceptWord("WHEN")) {
    Case::Branch branch;
    branch.when = ParseExpression();
    if (branch.when == nullptr) return nullptr;
    if (!AcceptWord("THEN")) {
      Expected("THEN after the condition of WHEN", "E1012").hint = kForm;
      return nullptr;
    }
    branch.then = ParseExpression();
    if (branch.then == nullptr) return nullptr;
    node->branches.push_back(std::move(branch));
  }
  if (AcceptWord("ELSE")) {
    node->otherwise = ParseExpression();
    if (node->otherwise == nullptr) return nullptr;
  }
  if (!AcceptWord("END")) {
    Expected("END at the end of CASE", "E1013").hint = kForm;
    return nullptr;
  }
  node->span = SpanSince(start);
  return node;
}

ExpressionPtr Parser::ParseCast() {
  const size_t start = pos_;
  auto cast = std::make_unique<Cast>();
  cast->try_cast = AtWord("TRY_CAST");
  tokens_[pos_].role = TokenRole::kFunction;
  Advance();
  AcceptSymbol("(");
  cast->operand = ParseExpression();
  if (cast->operand == nullptr) return nullptr;
  if (!AcceptWord("AS")) {
    Expected("AS and a type").hint = "CAST(x AS INTEGER)";
    return nullptr;
  }
  if (!ParseType(&cast->type) || !ExpectSymbol(")", "after the type")) return nullptr;
  cast->span = SpanSince(start);
  return cast;
}

ExpressionPtr Parser::ParseConvert() {
  const size_t start = pos_;
  auto cast = std::make_unique<Cast>();
  tokens_[pos_].role = TokenRole::kFunction;
  Advance();
  AcceptSymbol("(");
  cast->operand = ParseExpression();
  if (cast->operand == nullptr || !ExpectSymbol(",", "and a type, as in CONVERT(x, INTEGER)") ||
      !ParseType(&cast->type) || !ExpectSymbol(")", "after the type")) {
    return nullptr;
  }
  cast->span = SpanSince(start);
  return cast;
}

ExpressionPtr Parser::ParseExists(bool negated) {
  const size_t start = pos_;
  AcceptWord("EXISTS");
  auto exists = std::make_unique<Exists>();
  exists->negated = negated;
  if (!AtSymbol("(") || !AtQuery(1)) {
    if (AtSymbol("(")) Advance();
    Expected("a query in parentheses after EXISTS").hint = "EXISTS (SELECT 1 FROM t WHERE ...)";
    return nullptr;
  }
  exists->query = ParseParenthesisedQuery();
  if (exists->query == nullptr) return nullptr;
  exists->span = SpanSince(start);
  return exists;
}

ExpressionPtr Parser::ParseArray() {
  const size_t start = pos_;
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  if (AtWord("ARRAY")) {
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
  }
  const std::string_view close = AtSymbol("(") ? ")" : "]";
  Advance();
  auto array = std::make_unique<ArrayLiteral>();
  if (!AcceptSymbol(close) && !ParseExpressionList(&array->items, close)) return nullptr;
  array->span = SpanSince(start);
  return array;
}

ExpressionPtr Parser::ParseMap() {
  const size_t start = pos_;
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  AcceptWord("MAP");
  AcceptSymbol("{");
  auto map = std::make_unique<MapLiteral>();
  while (!AtSymbol("}")) {
    ExpressionPtr key = ParseExpression();
    if (key == nullptr || !ExpectSymbol(":", "between key and value")) return nullptr;
    ExpressionPtr value = ParseExpression();
    if (value == nullptr) return nullptr;
    map->entries.emplace_back(std::move(key), std::move(value));
    if (!AcceptSymbol(",")) break;
  }
  if (!ExpectSymbol("}", "after the entries of MAP")) return nullptr;
  map->span = SpanSince(start);
  return map;
}

}  // namespace velo::sql
