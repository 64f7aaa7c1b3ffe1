#include <fmt/format.h>

#include <algorithm>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

std::string_view Parser::ClauseName(Clause clause) {
  switch (clause) {
    case Clause::kFrom:
      return "FROM";
    case Clause::kWhere:
      return "WHERE";
    case Clause::kGroupBy:
      return "GROUP BY";
    case Clause::kWindow:
      return "WINDOW";
    case Clause::kHaving:
      return "HAVING";
    case Clause::kOrderBy:
      return "ORDER BY";
    case Clause::kLimit:
      return "LIMIT";
    case Clause::kInto:
      return "INTO";
    case Clause::kEmit:
      return "EMIT";
    case Clause::kWith:
      return "WITH";
  }
  return "";
}

std::optional<Parser::Clause> Parser::ClauseHere() const {
  if (Peek().kind != TokenKind::kWord) return std::nullopt;
  if (AtWord("OFFSET") && AtNumber(1)) return Clause::kLimit;
  if (!Peek().reserved) return std::nullopt;
  if (AtWord("FROM")) return Clause::kFrom;
  if (AtWord("WHERE")) return Clause::kWhere;
  if (AtAnyWord({"GROUP", "ORDER"})) {
    // Followed by what cannot start a list, the word was meant as a name.
    const Token& next = Peek(1);
    const bool as_name =
        next.kind == TokenKind::kSymbol ? next.text != "(" && next.text != ";" : next.reserved && !AtWord("BY", 1);
    if (as_name) return std::nullopt;
    return AtWord("GROUP") ? Clause::kGroupBy : Clause::kOrderBy;
  }
  if (AtWord("WINDOW")) return Clause::kWindow;
  if (AtWord("HAVING")) return Clause::kHaving;
  if (AtWord("LIMIT")) return Clause::kLimit;
  if (AtWord("INTO")) return Clause::kInto;
  if (AtWord("EMIT")) return Clause::kEmit;
  if (AtWord("WITH")) return Clause::kWith;
  return std::nullopt;
}

QueryPtr Parser::ParseQuery() {
  NestingGuard guard(this);
  if (guard.TooDeep()) return nullptr;
  const size_t start = pos_;
  Query head;
  if (AtWord("WITH") && !ParseCommonTables(&head)) return nullptr;
  QueryPtr query = ParseQueryExpression();
  if (query == nullptr) return nullptr;
  query->common_tables.insert(query->common_tables.begin(), std::make_move_iterator(head.common_tables.begin()),
                              std::make_move_iterator(head.common_tables.end()));
  query->span = SpanSince(start);
  return query;
}

bool Parser::ParseCommonTables(Query* query) {
  AcceptWord("WITH");
  if (AtWord("RECURSIVE") && !AtWord("AS", 1)) {
    Report("E2012", Peek().span, "WITH RECURSIVE is not supported").hint = "write the steps as separate queries";
    Advance();
  }
  do {
    CommonTable table;
    if (!ParseIdentifier(&table.name, "a name after WITH")) return false;
    if (AtSymbol("(") && !ParseIdentifierList(&table.columns)) return false;
    if (!ExpectWord("AS", table.name.text)) return false;
    if (!AtSymbol("(")) {
      Expected("a query in parentheses after AS").hint = "WITH name AS (SELECT ...) SELECT ...";
      return false;
    }
    table.query = ParseParenthesisedQuery();
    if (table.query == nullptr) return false;
    query->common_tables.push_back(std::move(table));
  } while (AcceptSymbol(","));
  return true;
}

namespace {

bool HasTail(const Query& query) {
  return !query.order_by.empty() || query.limit || query.offset || query.emit != EmitMode::kDefault ||
         !query.into.empty() || !query.properties.empty();
}

/// Moves the clauses after the last arm to the query around all arms.
void MoveTail(Query* from, Query* to) {
  to->order_by = std::exchange(from->order_by, {});
  to->limit = std::exchange(from->limit, {});
  to->offset = std::exchange(from->offset, {});
  to->emit = std::exchange(from->emit, EmitMode::kDefault);
  to->into = std::exchange(from->into, {});
  to->properties = std::exchange(from->properties, {});
  to->limit_span = std::exchange(from->limit_span, {});
  to->order_by_span = std::exchange(from->order_by_span, {});
  to->emit_span = std::exchange(from->emit_span, {});
}

}  // namespace

QueryPtr Parser::ParseQueryExpression() {
  bool parenthesised = AtSymbol("(");
  QueryPtr first = ParseQueryTerm();
  if (first == nullptr) return nullptr;
  auto whole = std::make_unique<Query>();
  whole->body.arms.push_back(std::move(first));
  while (AtAnyWord({"UNION", "INTERSECT", "EXCEPT"})) {
    SetOperator op = AtWord("UNION")       ? SetOperator::kUnion
                     : AtWord("INTERSECT") ? SetOperator::kIntersect
                                           : SetOperator::kExcept;
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
    if (op == SetOperator::kUnion && AcceptWord("ALL")) {
      op = SetOperator::kUnionAll;
    } else {
      AcceptWord("DISTINCT");
    }
    parenthesised = AtSymbol("(");
    QueryPtr arm = ParseQueryTerm();
    if (arm == nullptr) return nullptr;
    whole->body.operators.push_back(op);
    whole->body.arms.push_back(std::move(arm));
  }
  if (parenthesised) {
    ParseClauses(nullptr, whole.get(), nullptr);
  } else {
    MoveTail(whole->body.arms.back().get(), whole.get());
  }
  if (whole->body.arms.size() > 1) return whole;
  QueryPtr only = std::move(whole->body.arms.front());
  if (!HasTail(*whole)) return only;
  if (HasTail(*only)) {
    whole->body.arms.front() = std::move(only);
    return whole;
  }
  MoveTail(whole.get(), only.get());
  return only;
}

QueryPtr Parser::ParseQueryTerm() {
  if (!AtSymbol("(")) return ParseSelect();
  return ParseParenthesisedQuery();
}

QueryPtr Parser::ParseSelect() {
  const size_t start = pos_;
  if (!AcceptWord("SELECT")) {
    if (RepairWord("SELECT", {"SELECT"})) return ParseSelect();
    Diagnostic& error = Expected("SELECT");
    if (AtWord("FROM")) error.hint = "SELECT comes before FROM";
    return nullptr;
  }
  auto query = std::make_unique<Query>();
  query->body.select = std::make_unique<SelectCore>();
  SelectCore* core = query->body.select.get();
  std::vector<SeenClause> seen;
  const int32_t outer_depth = std::exchange(select_depth_, tokens_[start].depth);
  if (!ParseSelectHead(core, &seen)) SkipToClause();
  ParseClauses(core, query.get(), &seen);
  select_depth_ = outer_depth;
  core->span = query->span = SpanSince(start);
  CheckFromlessSelect(*core, seen);
  return query;
}

bool Parser::ParseSelectHead(SelectCore* core, std::vector<SeenClause>*) {
  core->distinct = AcceptWord("DISTINCT");
  if (!core->distinct) AcceptWord("ALL");
  if (AtWord("TOP") && Peek(1).kind == TokenKind::kInteger && !AtSymbol(",", 2) && !CanFollowAlias(2)) {
    Unsupported("TOP", fmt::format("use LIMIT {} at the end of the query", Peek(1).text), 2);
    Advance();
    Advance();
  }
  return ParseSelectList(core);
}

bool Parser::ParseSelectList(SelectCore* core) {
  if (AtEnd() || AtClause()) {
    Diagnostic& error = Expected("a column or expression after SELECT");
    error.hint = "SELECT * takes every column";
    error.fixes.push_back({"select every column", {{{Peek().span.offset, 0}, "* "}}});
    return false;
  }
  while (true) {
    SelectItem item;
    if (ParseSelectItem(&item)) {
      core->items.push_back(std::move(item));
    } else {
      SkipToListItem();
    }
    if (AtSymbol(",")) {
      const SourceSpan comma = Peek().span;
      Advance();
      if (!AtWord("FROM")) continue;
      Diagnostic& warning = diagnostics_->Warning("W1005", comma, "trailing comma before FROM");
      warning.hint = "remove the comma";
      warning.fixes.push_back({"remove the comma", {{comma, ""}}});
      return true;
    }
    const bool starts_item = (Peek().kind == TokenKind::kWord && !Peek().reserved) || AtWord("CASE") || AtNumber() ||
                             AtText() || Peek().kind == TokenKind::kBacktick;
    if (!starts_item || (in_deploy_ && AtWord("STRATEGY")) || AtWord("QUALIFY") || AtWord("FETCH") || AtJoin())
      return true;
    if (RepairWord("a comma or FROM", ClauseWords())) return true;
    Diagnostic& error = Expected("a comma or FROM");
    error.hint = fmt::format("missing comma before {}", Source(Peek().span));
    error.fixes.push_back({"insert a comma", {{{Previous().span.end(), 0}, ","}}});
  }
}

bool Parser::ParseStar(SelectItem* item) {
  auto star = std::make_unique<Star>(Peek().span);
  if (!AtSymbol("*")) {
    if (!ParseIdentifier(&star->qualifier, "a relation")) return false;
    Advance();
  }
  Advance();
  if (AtWord("EXCEPT") && AtSymbol("(", 1) && !AtQuery(2) && AcceptWord("EXCEPT") &&
      !ParseIdentifierList(&star->except)) {
    return false;
  }
  star->span = SourceSpan::Cover(star->span, Previous().span);
  item->span = star->span;
  item->expression = std::move(star);
  return true;
}

bool Parser::ParseSelectItem(SelectItem* item) {
  const size_t start = pos_;
  if (AtSymbol("*")) return ParseStar(item);
  if (AtIdentifier() && AtSymbol(".", 1) && AtSymbol("*", 2) &&
      (AtSymbol(",", 3) || AtSymbol(")", 3) || AtSymbol(";", 3) || Peek(3).kind == TokenKind::kEnd ||
       Peek(3).reserved)) {
    if (!AtWord("AS", 3) && !AtWord("IS", 3) && !AtWord("IN", 3) && !AtWord("LIKE", 3) && !AtWord("BETWEEN", 3)) {
      return ParseStar(item);
    }
  }
  if (AtWords("PRIMARY", "KEY")) {
    const SourceSpan span = SourceSpan::Cover(Peek().span, Peek(1).span);
    Advance();
    Advance();
    Report("E1016", span, "PRIMARY KEY goes after the column").hint = "SELECT id PRIMARY KEY, ...";
    last_error_offset_ = span.offset;
    if (AtSymbol(",") || AtEnd() || AtClause()) return false;
  }
  item->expression = ParseExpression();
  if (item->expression == nullptr) return false;
  SettleWholeItem(item->expression.get());
  item->primary_key = AcceptWords("PRIMARY", "KEY");
  if (!ParseAlias(&item->alias, false)) return false;
  item->primary_key = AcceptWords("PRIMARY", "KEY") || item->primary_key;
  item->span = SpanSince(start);
  return true;
}

/// `core` is null after a parenthesised query, where only the clauses of the tail may follow.
void Parser::ParseClauses(SelectCore* core, Query* query, std::vector<SeenClause>* seen_before) {
  std::vector<SeenClause> own;
  std::vector<SeenClause>* seen = seen_before != nullptr ? seen_before : &own;
  while (true) {
    const std::optional<Clause> clause = ClauseHere();
    if (clause && (core != nullptr || *clause >= Clause::kOrderBy)) {
      const size_t start = pos_;
      if (CheckClausePlace(*clause, start, *seen)) {
        seen->push_back({*clause, tokens_[start].span.offset});
        if (!ParseClause(*clause, core, query)) SkipToClause();
      }
      if (pos_ == start) Advance();
      continue;
    }
    if (subqueries_ == 0 && AtStatement()) return;
    if (AtEnd() || AtSymbol(")") || AtAnyWord({"UNION", "INTERSECT", "EXCEPT"}) || (in_deploy_ && AtWord("STRATEGY")))
      return;
    if (core != nullptr && AtJoin()) {
      TableReference ignored;
      const bool no_from = core->from.empty();
      Report(no_from ? "E1005" : "E1006", Peek().span,
             no_from ? "expected FROM before the join" : "clause JOIN is out of place")
          .hint = "joins come right after FROM, before WHERE";
      if (!ParseJoins(&ignored)) SkipToClause();
      continue;
    }
    if (RepairWord(seen->empty() ? "FROM" : "a clause such as WHERE, GROUP BY or EMIT", ClauseWords())) continue;
    if (AtWord("QUALIFY")) {
      Unsupported("QUALIFY", "put the query in FROM (...) and filter it with WHERE", 1);
    } else if (AtAnyWord({"MATCH_RECOGNIZE", "UNPIVOT", "PIVOT", "TABLESAMPLE"})) {
      Unsupported(UpperCase(Peek().text), "", 1);
    } else if (AtWord("FETCH")) {
      Unsupported("FETCH FIRST", "use LIMIT n", 1);
    } else {
      Diagnostic& error = Expected(seen->empty() ? "a comma or FROM" : "a clause such as WHERE, GROUP BY or EMIT");
      const bool dash = AtSymbol("-") && !seen->empty() && seen->back().clause == Clause::kFrom;
      if (dash) error.hint = "names with hyphens are written without spaces: price-movements";
    }
    const size_t start = pos_;
    SkipToClause();
    if (pos_ == start) return;
  }
}

/// Reports a clause that stands twice or out of order. Returns false when it was dealt with and is to be skipped.
bool Parser::CheckClausePlace(Clause clause, size_t start, const std::vector<SeenClause>& seen) {
  if (clause == Clause::kWith) return true;
  const SourceSpan span = tokens_[start].span;
  const bool named_window = clause == Clause::kWindow && AtIdentifier(1) && AtWord("AS", 2);
  const bool again =
      std::any_of(seen.begin(), seen.end(), [&](const SeenClause& item) { return item.clause == clause; });
  if (again && !named_window && !(clause == Clause::kLimit && AtWord("OFFSET"))) {
    if (clause == Clause::kWindow) return true;  // A second WINDOW may be of the other kind; it is checked when known.
    Report("E1007", span, fmt::format("clause {} given twice", ClauseName(clause))).hint =
        clause == Clause::kWhere ? "join the conditions with AND" : "keep one of them";
    SelectCore core;
    Query query;
    if (!ParseClause(clause, &core, &query)) SkipToClause();
    return false;
  }
  const auto displaced_by = [&](const SeenClause& item) {
    if (item.clause == Clause::kWith) return false;
    if (item.clause >= Clause::kOrderBy) return clause < Clause::kOrderBy;
    if (clause == Clause::kWhere) return item.clause == Clause::kGroupBy || item.clause == Clause::kHaving;
    return clause == Clause::kFrom;
  };
  const auto before = std::find_if(seen.begin(), seen.end(), displaced_by);
  if (before == seen.end()) return true;
  const int32_t target = before->offset;
  const std::string_view target_name = ClauseName(before->clause);
  SelectCore core;
  Query query;
  if (!ParseClause(clause, &core, &query)) SkipToClause();
  if (pos_ == start) Advance();
  Diagnostic& error = Report("E1006", span, fmt::format("clause {} is out of place", ClauseName(clause)));
  error.hint = fmt::format("move {} before {}", ClauseName(clause), target_name);
  const int32_t gap_start = tokens_[start - 1].span.end();
  const SourceSpan moved{gap_start, Previous().span.end() - gap_start};
  error.fixes.push_back({error.hint, {{{target, 0}, std::string(Source(SpanSince(start))) + " "}, {moved, ""}}});
  return false;
}

bool Parser::ParseClause(Clause clause, SelectCore* core, Query* query) {
  const size_t start = pos_;
  switch (clause) {
    case Clause::kFrom:
      AcceptWord("FROM");
      return ParseFromList(&core->from);
    case Clause::kWhere:
      AcceptWord("WHERE");
      core->where = ParseExpression();
      core->where_span = SpanSince(start);
      return core->where != nullptr;
    case Clause::kGroupBy: {
      AcceptWord("GROUP");
      if (!ExpectWord("BY", "GROUP")) return false;
      const bool good = ParseGroupList(core);
      core->group_by_span = SpanSince(start);
      return good;
    }
    case Clause::kWindow:
      return ParseWindowClause(core);
    case Clause::kHaving:
      AcceptWord("HAVING");
      core->having = ParseExpression();
      core->having_span = SpanSince(start);
      return core->having != nullptr;
    default:
      return ParseTailClause(clause, query);
  }
}

bool Parser::ParseTailClause(Clause clause, Query* query) {
  const size_t start = pos_;
  switch (clause) {
    case Clause::kOrderBy: {
      AcceptWord("ORDER");
      const bool good = ExpectWord("BY", "ORDER") && ParseOrderList(&query->order_by);
      query->order_by_span = SpanSince(start);
      return good;
    }
    case Clause::kLimit: {
      const bool good = ParseLimit(query);
      query->limit_span = SourceSpan::Cover(query->limit_span, SpanSince(start));
      return good;
    }
    case Clause::kInto:
      AcceptWord("INTO");
      return ParseSinkList(&query->into);
    case Clause::kEmit: {
      AcceptWord("EMIT");
      const bool good = ParseEmit(&query->emit);
      query->emit_span = SpanSince(start);
      return good;
    }
    default:
      AcceptWord("WITH");
      return ParseProperties(&query->properties);
  }
}

bool Parser::ParseGroupList(SelectCore* core) {
  do {
    GroupItem item;
    item.expression = ParseExpression();
    if (item.expression == nullptr) return false;
    SettleWholeItem(item.expression.get());
    if (!TakeGroupWindow(core, &item.expression)) return false;
    if (item.expression != nullptr) core->group_by.push_back(std::move(item));
  } while (AcceptSymbol(","));
  return true;
}

bool Parser::ParseLimit(Query* query) {
  if (AcceptWord("LIMIT")) {
    if (AcceptWord("ALL")) return true;
    int64_t rows = 0;
    if (!ParseIntegerValue(&rows, "a number of rows such as 10 after LIMIT")) return false;
    query->limit = rows;
  }
  if (!AtWord("OFFSET") || (query->limit && !AtNumber(1) && CanFollowAlias(1))) return true;
  AcceptWord("OFFSET");
  int64_t rows = 0;
  if (!ParseIntegerValue(&rows, "a number of rows such as 10 after OFFSET")) return false;
  if (AtAnyWord({"ROWS", "ROW"})) AcceptWord(AtWord("ROWS") ? "ROWS" : "ROW");
  query->offset = rows;
  return true;
}

bool Parser::ParseEmit(EmitMode* mode) {
  if (AcceptWord("CHANGES")) {
    *mode = EmitMode::kChanges;
    return true;
  }
  if (AcceptWord("FINAL")) {
    *mode = EmitMode::kFinal;
    return true;
  }
  Diagnostic& error = Expected("CHANGES or FINAL after EMIT");
  if (AtAnyWord({"UPDATES", "APPEND"})) {
    error.hint = "EMIT CHANGES";
    error.fixes.push_back({"use EMIT CHANGES", {{Peek().span, "CHANGES"}}});
  } else {
    Suggest(&error, {"CHANGES", "FINAL"});
  }
  if (Peek().kind == TokenKind::kWord && !Peek().reserved) Advance();
  return false;
}

/// Without FROM there is one row of constants, so nothing may ask for the columns of an input.
void Parser::CheckFromlessSelect(const SelectCore& core, const std::vector<SeenClause>& seen) {
  if (failed_ || !core.from.empty()) return;
  for (const SelectItem& item : core.items) {
    if (item.expression->kind != ExpressionKind::kStar) continue;
    Report("E2107", item.expression->span, "* needs a FROM clause").hint = "SELECT * FROM trades";
    return;
  }
  for (const SeenClause& clause : seen) {
    if (clause.clause != Clause::kWhere && clause.clause != Clause::kGroupBy && clause.clause != Clause::kWindow)
      continue;
    const int32_t length = clause.clause == Clause::kWindow ? 6 : 5;
    Report("E2107", {clause.offset, length}, fmt::format("{} needs a FROM clause", ClauseName(clause.clause))).hint =
        "name the input with FROM before it";
    return;
  }
}

}  // namespace velo::sql
