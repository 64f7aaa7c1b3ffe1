#include "engine/sql/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/near_names.h"
#include "engine/sql/annotation_comments.h"
#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

bool NestingGuard::TooDeep() const {
  if (parser_->nesting_ <= kMaxNesting) return false;
  parser_->Expected("something less deeply nested").hint = "split the query into steps with WITH name AS (...)";
  return true;
}

bool Parser::AtWord(std::string_view word, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kWord && SameWord(token.text, word);
}

bool Parser::AtAnyWord(std::initializer_list<std::string_view> words, size_t ahead) const {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return AtWord(word, ahead); });
}

bool Parser::AtNumber(size_t ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kInteger || kind == TokenKind::kDecimal || kind == TokenKind::kFloat;
}

bool Parser::AtText(size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kString || Peek(ahead).kind == TokenKind::kDouble;
}

bool Parser::AtIdentifier(size_t ahead) const {
  const Token& token = Peek(ahead);
  return (token.kind == TokenKind::kWord && !token.reserved) || token.kind == TokenKind::kBacktick ||
         token.kind == TokenKind::kDouble || token.kind == TokenKind::kPlaceholder;
}

bool Parser::AtFieldName(size_t ahead) const {
  return AtIdentifier(ahead) || (Peek(ahead).kind == TokenKind::kWord && IsReservedButNameable(Peek(ahead).text));
}

bool Parser::AcceptWord(std::string_view word) {
  if (!AtWord(word)) return false;
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  return true;
}

bool Parser::AcceptWords(std::string_view first, std::string_view second) {
  return AtWords(first, second) && AcceptWord(first) && AcceptWord(second);
}

bool Parser::AcceptSymbol(std::string_view symbol) {
  if (!AtSymbol(symbol)) return false;
  Advance();
  return true;
}

bool Parser::ExpectWord(std::string_view word, std::string_view after) {
  if (AcceptWord(word)) return true;
  if (RepairWord(after.empty() ? std::string(word) : fmt::format("{} after {}", word, after), {std::string(word)})) {
    return AcceptWord(word);
  }
  Diagnostic& error = Expected(after.empty() ? std::string(word) : fmt::format("{} after {}", word, after));
  if (!AtEnd())
    error.fixes.push_back({fmt::format("insert {}", word), {{{error.span.offset, 0}, std::string(word) + " "}}});
  return false;
}

bool Parser::ExpectSymbol(std::string_view symbol, std::string_view why) {
  if (AcceptSymbol(symbol)) return true;
  Expected(fmt::format("'{}'{}{}", symbol, why.empty() ? "" : " ", why));
  return false;
}

bool Parser::Adjacent(size_t ahead) const {
  const size_t index = pos_ + ahead;
  return index > 0 && index < tokens_.size() && tokens_[index].kind != TokenKind::kEnd &&
         tokens_[index - 1].span.end() == tokens_[index].span.offset;
}

SourceSpan Parser::SpanSince(size_t start) const {
  if (pos_ <= start) return {tokens_[start].span.offset, 0};
  return SourceSpan::Cover(tokens_[start].span, tokens_[pos_ - 1].span);
}

Diagnostic& Parser::Report(std::string_view code, SourceSpan span, std::string message) {
  failed_ = true;
  const int32_t statement_offset = tokens_[statement_start_].span.offset;
  const bool after_broken_text = std::any_of(broken_from_.begin(), broken_from_.end(), [&](int32_t offset) {
    return offset >= statement_offset && offset <= span.offset;
  });
  if (after_broken_text) return scratch_ = Diagnostic();
  return diagnostics_->Error(std::string(code), span, std::move(message));
}

Diagnostic& Parser::Expected(std::string_view what, std::string_view code) {
  failed_ = true;
  const SourceSpan span = Peek().span;
  const bool reported = span.offset <= last_error_offset_ || Peek().kind == TokenKind::kInvalid;
  if (reported) return scratch_ = Diagnostic();
  last_error_offset_ = span.offset;
  return Report(code, span, fmt::format("expected {}, found {}", what, Found()));
}

std::string Parser::Found() const {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the text";
    case TokenKind::kString:
      return fmt::format("the string '{}'", token.text);
    case TokenKind::kSymbol:
      if (token.text == ";") return "the end of the statement";
      return fmt::format("'{}'", token.text);
    default:
      return fmt::format("'{}'", Source(token.span));
  }
}

std::string Parser::Suggest(Diagnostic* error, const std::vector<std::string>& candidates) {
  if (Peek().kind != TokenKind::kWord) return "";
  const std::vector<std::string> near = NearNames(Peek().text, candidates);
  if (near.empty()) return "";
  error->hint = fmt::format("did you mean {}?", fmt::join(near, ", "));
  error->fixes.push_back({fmt::format("did you mean {}?", near.front()), {{Peek().span, near.front()}}});
  return near.front();
}

bool Parser::RepairWord(std::string_view what, const std::vector<std::string>& candidates) {
  const Token& token = Peek();
  if (token.kind != TokenKind::kWord || token.reserved) return false;
  const auto near = std::find_if(candidates.begin(), candidates.end(), [&](const std::string& candidate) {
    const size_t shorter = std::min(token.text.size(), candidate.size());
    return shorter >= 3 && EditDistance(token.text, candidate) <= (shorter <= 4 ? 1 : 2);
  });
  if (near == candidates.end()) return false;
  Suggest(&Expected(what), candidates);
  tokens_[pos_].text = *near;
  tokens_[pos_].reserved = IsReserved(*near);
  return true;
}

bool Parser::Unsupported(std::string_view construct, std::string_view hint, size_t words) {
  const SourceSpan span = SourceSpan::Cover(Peek().span, Peek(words - 1).span);
  Report("E1020", span, fmt::format("{} is not supported in this dialect", construct)).hint = std::string(hint);
  last_error_offset_ = Peek().span.offset;
  return false;
}

bool Parser::AtStatement() const {
  return AtAnyWord({"SELECT", "CREATE", "INSERT", "UPDATE", "DELETE", "DROP"}) && !AtSymbol("(", 1);
}

bool Parser::AtJoin() const {
  if (AtWord("JOIN")) return !AtSymbol("(", 1) || AtQuery(2);
  if (AtAnyWord({"INNER", "CROSS", "FULL"})) return true;
  if (AtAnyWord({"LEFT", "RIGHT"})) return !AtSymbol("(", 1);
  return AtWord("NATURAL") && AtAnyWord({"JOIN", "INNER", "LEFT", "RIGHT", "FULL"}, 1);
}

bool Parser::AtClause() const {
  return ClauseHere().has_value() || AtAnyWord({"UNION", "INTERSECT", "EXCEPT"}) || (in_deploy_ && AtWord("STRATEGY"));
}

bool Parser::AtClauseOfThisSelect() const {
  const bool may_be_inside = AtAnyWord({"ORDER", "GROUP", "WINDOW", "EMIT"}) && Peek().depth > select_depth_;
  return AtClause() && !may_be_inside;
}

void Parser::SkipToClause() {
  int depth = 0;
  for (; !AtEnd(); Advance()) {
    if (depth == 0 && AtClauseOfThisSelect()) return;
    if (AtSymbol("(") || AtSymbol("[")) ++depth;
    if ((AtSymbol(")") || AtSymbol("]")) && --depth < 0) {
      // The rest of a call whose arguments were wrong; a subquery's own end is found by whoever opened it.
      if (subqueries_ > 0) return;
      depth = 0;
    }
  }
}

void Parser::SkipToListItem() {
  int depth = 0;
  for (; !AtEnd(); Advance()) {
    if (depth <= 0 && (AtClauseOfThisSelect() || AtSymbol(","))) return;
    if (AtSymbol("(") || AtSymbol("[")) ++depth;
    if (AtSymbol(")") || AtSymbol("]")) --depth;
    if (depth < 0 && subqueries_ > 0) return;
  }
}

void Parser::SkipStatement() {
  while (!AtEnd()) Advance();
}

void Parser::ParseStatements(Script* script) {
  int32_t number = 0;
  while (true) {
    while (AcceptSymbol(";")) {
    }
    if (Peek().kind == TokenKind::kEnd) break;
    diagnostics_->set_statement(++number);
    statement_start_ = pos_;
    last_error_offset_ = -1;
    failed_ = in_deploy_ = double_is_string_ = false;
    nesting_ = 0;
    operators_ = 0;
    StatementPtr statement = ParseStatement();
    const bool next_begins = AtStatement() && pos_ > statement_start_;
    if (!AtEnd() && (statement != nullptr || !failed_)) {
      Diagnostic& error = Expected("the end of the statement");
      error.hint = "separate statements with ;";
      if (next_begins) error.fixes.push_back({"insert ;", {{{Previous().span.end(), 0}, ";"}}});
    }
    if (!next_begins) SkipStatement();
    const SourceSpan span = SpanSince(statement_start_);
    script->spans.push_back(span);
    if (statement == nullptr || failed_) continue;
    statement->span = span;
    script->statements.push_back(std::move(statement));
    script->statement_numbers.push_back(number);
  }
  diagnostics_->set_statement(0);
}

ExpressionPtr Parser::ParseSingleExpression() {
  if (Peek().kind == TokenKind::kEnd) {
    Report("E1008", Peek().span, "no expression found").hint = "write a condition such as price > 100";
    return nullptr;
  }
  ExpressionPtr expression = ParseExpression();
  if (expression != nullptr && Peek().kind != TokenKind::kEnd) Expected("the end of the expression");
  return failed_ ? nullptr : std::move(expression);
}

namespace {

/// Stamps what the lexer found with the statement it lies in, and takes back statements that hold an error.
void AssignStatements(Script* script, std::vector<Diagnostic>* items) {
  std::vector<bool> wrong(script->spans.size(), false);
  for (Diagnostic& item : *items) {
    for (size_t i = 0; i < script->spans.size(); ++i) {
      const SourceSpan span = script->spans[i];
      const bool before_next = i + 1 == script->spans.size() || item.span.offset < script->spans[i + 1].offset;
      const bool inside = item.span.offset >= span.offset && before_next && item.severity == Severity::kError;
      if (item.statement == 0 && inside) item.statement = static_cast<int32_t>(i + 1);
    }
    if (item.severity == Severity::kError && item.statement > 0) wrong[item.statement - 1] = true;
  }
  size_t kept = 0;
  for (size_t i = 0; i < script->statements.size(); ++i) {
    if (wrong[script->statement_numbers[i] - 1]) continue;
    script->statements[kept] = std::move(script->statements[i]);
    script->statement_numbers[kept++] = script->statement_numbers[i];
  }
  script->statements.resize(kept);
  script->statement_numbers.resize(kept);
}

/// Statements with the space up to their semicolon, or to the end of their line when they have none.
std::vector<SourceSpan> Reaches(std::string_view text, const std::vector<Token>& tokens,
                                std::vector<SourceSpan> spans) {
  auto token = tokens.begin();
  for (SourceSpan& span : spans) {
    while (token != tokens.end() && token->span.offset < span.end()) ++token;
    size_t end = text.find('\n', span.end());
    if (token != tokens.end() && token->Is(";")) end = token->span.offset;
    span.length = static_cast<int32_t>(std::min(end, text.size())) - span.offset;
  }
  return spans;
}

}  // namespace

Script ParseScript(std::string_view text, Diagnostics* diagnostics) {
  Diagnostics found;
  LexedText lexed = Lex(text, &found);
  Script script;
  Parser(text, &lexed, &found).ParseStatements(&script);
  if (script.spans.empty() && !found.has_errors()) {
    found.Error("E1008", lexed.tokens.back().span, "no SQL found").hint =
        "write a statement such as SELECT * FROM trades";
  }
  found.SortBySpan();
  std::vector<Diagnostic> items = found.Take();
  AssignStatements(&script, &items);
  diagnostics->AddAll(items);
  script.comments = std::move(lexed.comments);
  script.annotations = ReadAnnotations(text, script.comments, Reaches(text, lexed.tokens, script.spans));
  return script;
}

ExpressionPtr ParseExpression(std::string_view text, Diagnostics* diagnostics) {
  Diagnostics found;
  LexedText lexed = Lex(text, &found);
  ExpressionPtr expression = Parser(text, &lexed, &found).ParseSingleExpression();
  const bool wrong = found.has_errors();
  found.SortBySpan();
  diagnostics->AddAll(found.Take());
  return wrong ? nullptr : std::move(expression);
}

}  // namespace velo::sql
