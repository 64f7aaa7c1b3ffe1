#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/sql/lexer.h"
#include "engine/sql/parser.h"

namespace velo::sql {

/// Recursive-descent parser over the tokens of one text. A parse function that fails has reported why and returns null
/// or false; the nearest clause, list or statement then skips to a place where parsing can go on.
class Parser {
 public:
  Parser(std::string_view text, LexedText* lexed, Diagnostics* diagnostics)
      : text_(text), tokens_(lexed->tokens), broken_from_(lexed->broken_from), diagnostics_(diagnostics) {}

  void ParseStatements(Script* script);
  ExpressionPtr ParseSingleExpression();

 private:
  friend class NestingGuard;

  /// The clauses of a query in canonical order.
  enum class Clause : uint8_t { kFrom, kWhere, kGroupBy, kWindow, kHaving, kOrderBy, kLimit, kInto, kEmit, kWith };
  struct SeenClause {
    Clause clause;
    int32_t offset;
  };

  // parser.cc: tokens.
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(pos_ + ahead, tokens_.size() - 1)]; }
  const Token& Previous() const { return tokens_[pos_ == 0 ? 0 : pos_ - 1]; }
  void Advance() { pos_ += pos_ + 1 < tokens_.size() ? 1 : 0; }
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd || Peek().Is(";"); }
  bool AtWord(std::string_view word, size_t ahead = 0) const;
  bool AtWords(std::string_view first, std::string_view second) const { return AtWord(first) && AtWord(second, 1); }
  bool AtAnyWord(std::initializer_list<std::string_view> words, size_t ahead = 0) const;
  bool AtSymbol(std::string_view symbol, size_t ahead = 0) const { return Peek(ahead).Is(symbol); }
  bool AtNumber(size_t ahead = 0) const;
  bool AtText(size_t ahead = 0) const;  ///< A string in single or double quotes.
  bool AtIdentifier(size_t ahead = 0) const;
  bool AtFieldName(size_t ahead = 0) const;  ///< After a dot more words are names.
  bool AcceptWord(std::string_view word);
  bool AcceptWords(std::string_view first, std::string_view second);
  bool AcceptSymbol(std::string_view symbol);
  bool ExpectWord(std::string_view word, std::string_view after);
  bool ExpectSymbol(std::string_view symbol, std::string_view why);
  bool Adjacent(size_t ahead) const;  ///< No space between the token `ahead` and the one before it.
  std::string_view Source(SourceSpan span) const { return text_.substr(span.offset, span.length); }
  SourceSpan SpanSince(size_t start) const;

  // parser.cc: errors and recovery.
  Diagnostic& Report(std::string_view code, SourceSpan span, std::string message);
  Diagnostic& Expected(std::string_view what, std::string_view code = "E1005");
  std::string Found() const;
  /// Adds "did you mean" with a fix to an error at the current token; returns the first candidate or "".
  std::string Suggest(Diagnostic* error, const std::vector<std::string>& candidates);
  /// Reports the current word as a misspelt one of `candidates` and puts the right one in its place.
  bool RepairWord(std::string_view what, const std::vector<std::string>& candidates);
  bool Unsupported(std::string_view construct, std::string_view hint, size_t words);
  bool AtClause() const;
  bool AtJoin() const;
  bool AtStatement() const;           ///< At a reserved word that begins a statement.
  bool AtClauseOfThisSelect() const;  ///< AtClause(), but not inside a call or OVER (...).
  void SkipToClause();
  void SkipToListItem();
  void SkipStatement();

  // parser_names.cc: names, aliases, properties, durations, types.
  bool ParseIdentifier(Identifier* out, std::string_view what);
  bool ParseIdentifierList(std::vector<Identifier>* out);
  bool ParseName(std::string* name, SourceSpan* span, std::string_view what, bool allow_uri);
  bool ParseSink(Sink* sink);
  bool ParseSinkList(std::vector<Sink>* sinks);
  bool ParseAlias(Identifier* alias, bool for_table);
  bool AtBareAlias(bool for_table);
  bool CanFollowAlias(size_t ahead) const;
  bool ParseProperties(Properties* properties);
  bool ParseProperty(Properties* properties);
  bool ParsePropertyValue(Property* property);
  bool AtDuration() const;
  bool ParseDurationValue(Duration* out, std::string_view what);
  bool ParseIntervalLiteral(Duration* out);
  bool ParseIntervalUnit(size_t start, std::string amount, Duration* out);
  bool ParseIntegerValue(int64_t* out, std::string_view what);
  bool ParseType(TypeName* type);
  bool ParseTypeChildren(TypeName* type);
  bool ParseText(std::string* out, std::string_view what);

  // parser_expression.cc.
  ExpressionPtr ParseExpression();
  ExpressionPtr ParseAnd();
  ExpressionPtr ParseNot();
  ExpressionPtr ParsePredicate();
  ExpressionPtr ParsePredicateTail(ExpressionPtr left, bool* done);
  ExpressionPtr ParseComparison(ExpressionPtr left, BinaryOperator op, SourceSpan operator_span);
  ExpressionPtr ParseIs(ExpressionPtr operand);
  ExpressionPtr ParseBetween(ExpressionPtr operand, bool negated);
  ExpressionPtr ParseIn(ExpressionPtr operand, bool negated);
  ExpressionPtr ParseLike(ExpressionPtr operand, Like::Form form, bool negated);
  ExpressionPtr ParseConcat();
  ExpressionPtr ParseAdditive();
  ExpressionPtr ParseMultiplicative();
  ExpressionPtr ParseUnary();
  ExpressionPtr ParsePostfix();
  ExpressionPtr ParseIndex(ExpressionPtr base);
  ExpressionPtr MakeBinary(BinaryOperator op, SourceSpan operator_span, ExpressionPtr left, ExpressionPtr right);
  bool ReportCastOperator(const Expression& operand);
  bool CountOperator();

  // parser_primary.cc.
  ExpressionPtr ParsePrimary();
  ExpressionPtr ParseLiteral();
  ExpressionPtr ParseWordPrimary();
  ExpressionPtr ParseParenthesised();
  ExpressionPtr ParseColumn();
  ExpressionPtr ParseCase();
  ExpressionPtr ParseCast();
  ExpressionPtr ParseConvert();
  ExpressionPtr ParseExists(bool negated);
  ExpressionPtr ParseArray();
  ExpressionPtr ParseMap();
  bool ParseExpressionList(std::vector<ExpressionPtr>* out, std::string_view close);
  QueryPtr ParseParenthesisedQuery();
  bool AtQuery(size_t ahead) const;
  /// Whether the parenthesis `ahead` holds a query, and not an expression that begins with one: ((SELECT 1) + 1).
  bool HoldsQuery(size_t ahead) const;
  /// Reads a double-quoted text that is a whole list element as a name (dialect 1.5, rule 3).
  static void SettleWholeItem(Expression* item);

  // parser_call.cc.
  ExpressionPtr ParseCall();
  bool ParseCallArguments(Call* call);
  bool ParseCallArgument(Call* call);
  bool ParseSpecialCall(Call* call, bool* handled);
  bool ParseExtract(Call* call);
  bool ParseTrim(Call* call);
  bool ParseCallSuffix(Call* call);
  std::unique_ptr<Over> ParseOver();
  bool ParseOverBody(Over* over);
  bool ParseOverPart(Over* over, uint32_t* seen);
  bool ParseRowBuffer(Over* over);
  bool ParseFrame(Over* over);
  bool ParseFrameBound(Frame::Unit unit, FrameBound* bound);
  bool CheckFrame(const Frame& frame);
  bool ParseRowEmit(Over* over);
  bool ParseExpire(Over* over);
  bool ParseOrderList(std::vector<OrderItem>* out);

  // parser_query.cc.
  QueryPtr ParseQuery();
  bool ParseCommonTables(Query* query);
  QueryPtr ParseQueryExpression();
  QueryPtr ParseQueryTerm();
  QueryPtr ParseSelect();
  bool ParseSelectHead(SelectCore* core, std::vector<SeenClause>* seen);
  bool ParseSelectList(SelectCore* core);
  bool ParseSelectItem(SelectItem* item);
  bool ParseStar(SelectItem* item);
  void ParseClauses(SelectCore* core, Query* query, std::vector<SeenClause>* seen);
  bool ParseClause(Clause clause, SelectCore* core, Query* query);
  bool ParseTailClause(Clause clause, Query* query);
  std::optional<Clause> ClauseHere() const;
  bool CheckClausePlace(Clause clause, size_t start, const std::vector<SeenClause>& seen);
  bool ParseGroupList(SelectCore* core);
  bool ParseLimit(Query* query);
  bool ParseEmit(EmitMode* mode);
  void CheckFromlessSelect(const SelectCore& core, const std::vector<SeenClause>& seen);
  static std::string_view ClauseName(Clause clause);

  // parser_from.cc.
  bool ParseFromList(std::vector<TableReference>* from);
  bool ParseTableWithJoins(TableReference* table);
  bool ParseTable(TableReference* table);
  bool ParseTableFunction(TableReference* table);
  bool ParseJoins(TableReference* table);
  bool ParseJoinType(Join* join);
  bool ParseJoin(Join* join);
  bool ParseWithin(Within* within);

  // parser_window.cc.
  bool ParseWindowClause(SelectCore* core);
  bool ParseNamedWindows(SelectCore* core);
  bool ParseWindowArgument(WindowClause* window, std::vector<Duration>* durations, std::vector<ExpressionPtr>* others);
  bool FinishWindow(WindowClause* window, std::vector<Duration> durations, std::vector<ExpressionPtr> others);
  bool TakeGroupWindow(SelectCore* core, ExpressionPtr* item);

  // parser_statement.cc, parser_create.cc, parser_job.cc.
  StatementPtr ParseStatement();
  StatementPtr ParseInsert();
  bool ParseRows(InsertStatement* insert);
  StatementPtr ParseUpdate();
  StatementPtr ParseDelete();
  StatementPtr ParseDrop();
  StatementPtr ParseAlter();
  StatementPtr ParseShow();
  bool ParseShowObject(ShowStatement* show);
  StatementPtr ParseDescribe();
  StatementPtr ParseExplain();
  StatementPtr ParseCreate();
  bool ParseColumnDefinitions(CreateStatement* create);
  bool ParseColumnDefinition(CreateStatement* create);
  bool ParseColumnAttribute(CreateStatement* create, ColumnDefinition* column);
  bool ParseWatermark(CreateStatement* create);
  bool ParseCreateTail(CreateStatement* create);
  bool ParseRelationWord(RelationWord* word, std::string_view verb, bool views);
  StatementPtr ParseJob();
  bool ParseJobBody(JobStatement* job);
  bool ParseStrategy(JobStatement* job);

  std::string_view text_;
  std::vector<Token>& tokens_;
  const std::vector<int32_t>& broken_from_;
  Diagnostics* diagnostics_;
  size_t pos_ = 0;
  size_t statement_start_ = 0;
  int32_t last_error_offset_ = -1;
  bool failed_ = false;  ///< The current statement has an error.
  bool in_deploy_ = false;
  bool double_is_string_ = false;
  int nesting_ = 0;
  int32_t select_depth_ = 0;  ///< Bracket depth of the SELECT being read.
  int subqueries_ = 0;        ///< Queries in parentheses around the current place.
  int operators_ = 0;
  Diagnostic scratch_;  ///< Takes findings that are not worth showing.
};

/// Bounds how deep the recursion goes, so that no text can exhaust the stack.
class NestingGuard {
 public:
  static constexpr int kMaxNesting = 200;
  explicit NestingGuard(Parser* parser) : parser_(parser) { ++parser_->nesting_; }
  ~NestingGuard() { --parser_->nesting_; }
  NestingGuard(const NestingGuard&) = delete;
  NestingGuard& operator=(const NestingGuard&) = delete;
  /// Reports once when the limit is passed.
  bool TooDeep() const;

 private:
  Parser* parser_;
};

}  // namespace velo::sql
