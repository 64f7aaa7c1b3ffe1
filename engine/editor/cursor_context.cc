#include "engine/editor/cursor_context.h"

#include <algorithm>

#include "engine/plan/prepared_query.h"
#include "engine/sql/words.h"

namespace velo::editor {
namespace {

using sql::SameWord;
using sql::Token;
using sql::TokenKind;

bool IsWord(const Token& token, std::string_view word) {
  return token.kind == TokenKind::kWord && SameWord(token.text, word);
}
bool IsName(const Token& token) {
  return token.kind == TokenKind::kBacktick || token.kind == TokenKind::kDouble ||
         (token.kind == TokenKind::kWord && !sql::IsReserved(token.text));
}
bool IsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kBacktick:
    case TokenKind::kDouble:
    case TokenKind::kString:
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
    case TokenKind::kDuration:
    case TokenKind::kUri:
      return true;
    case TokenKind::kWord:
      return !sql::IsReserved(token.text) || SameWord(token.text, "NULL") || SameWord(token.text, "TRUE") ||
             SameWord(token.text, "FALSE") || SameWord(token.text, "END");
    case TokenKind::kSymbol:
      return token.text == ")" || token.text == "]" || token.text == "*";
    default:
      return false;
  }
}

/// Reads tokens of one text around one cursor.
class CursorReader {
 public:
  explicit CursorReader(const EditorRequest& request) : request_(request), names_(request.catalog) {}

  CursorContext Read() {
    Diagnostics ignored;
    sql::LexedText lexed = sql::Lex(request_.text, &ignored);
    if (ReadComment(lexed)) return std::move(context_);
    all_ = std::move(lexed.tokens);
    if (!all_.empty()) all_.pop_back();
    CutStatement();
    ReadWord();
    CutBlock();
    ReadCall();
    DeclareEarlierStatements();
    DeclareCommonTables();
    ReadRelations();
    ReadOuterRelations();
    ReadSelectList();
    ReadPlace();
    return std::move(context_);
  }

 private:
  int32_t cursor() const { return request_.offset; }

  bool ReadComment(const sql::LexedText& lexed) {
    for (const sql::Comment& comment : lexed.comments) {
      const bool inside = comment.span.offset < cursor() &&
                          (comment.line ? cursor() <= comment.span.end() : cursor() < comment.span.end());
      if (!inside) continue;
      context_.place = Place::kText;
      const std::string_view line = request_.text.substr(comment.span.offset, cursor() - comment.span.offset);
      const size_t at = line.find('@');
      if (!comment.line || at == std::string_view::npos) return true;
      const size_t separator = line.find_first_of(":=", at);
      const size_t start = separator == std::string_view::npos ? at + 1 : line.find_first_not_of(" :=", separator);
      context_.place = separator == std::string_view::npos ? Place::kAnnotationName : Place::kAnnotationValue;
      if (separator != std::string_view::npos) {
        context_.property = sql::LowerCase(line.substr(at + 1, separator - at - 1));
        std::replace(context_.property.begin(), context_.property.end(), '-', '_');
      }
      context_.word = start == std::string_view::npos ? "" : std::string(line.substr(start));
      const int32_t length = static_cast<int32_t>(context_.word.size());
      context_.replace = {cursor() - length, length};
      return true;
    }
    return false;
  }

  void CutStatement() {
    size_t first = 0, last = all_.size();
    for (size_t i = 0; i < all_.size(); ++i) {
      if (!all_[i].Is(";")) continue;
      if (all_[i].span.end() <= cursor())
        first = i + 1;
      else if (last == all_.size())
        last = i;
    }
    statement_start_ = first < all_.size() ? all_[first].span.offset : cursor();
    if (first > 0) statement_start_ = all_[first - 1].span.end();
    tokens_.assign(all_.begin() + first, all_.begin() + std::max(first, last));
  }

  void ReadWord() {
    context_.replace = {cursor(), 0};
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      const bool touches = token.span.offset < cursor() && cursor() <= token.span.end();
      if (!touches) continue;
      const bool text = token.kind == TokenKind::kString || token.kind == TokenKind::kInvalid;
      if (text && (cursor() < token.span.end() || request_.text[token.span.offset] == '\'')) {
        const bool closed = token.span.length > 1 && request_.text[token.span.end() - 1] == '\'';
        if (closed && cursor() == token.span.end()) return;
        context_.in_string = true;
        context_.word = std::string(request_.text.substr(token.span.offset + 1, cursor() - token.span.offset - 1));
        context_.replace = token.span;
        tokens_.erase(tokens_.begin() + i);
        return;
      }
      if (token.kind != TokenKind::kWord && token.kind != TokenKind::kUri) continue;
      context_.word = std::string(request_.text.substr(token.span.offset, cursor() - token.span.offset));
      context_.replace = {token.span.offset, cursor() - token.span.offset};
      started_ = token;
      tokens_.erase(tokens_.begin() + i);
      return;
    }
  }

  /// Keeps the tokens of the innermost query around the cursor. Parts in nested parentheses stay in.
  void CutBlock() {
    size_t at = 0;
    while (at < tokens_.size() && tokens_[at].span.end() <= cursor()) ++at;
    size_t first = 0;
    int depth = 0;
    for (size_t i = at; i-- > 0;) {
      if (tokens_[i].Is(")")) ++depth;
      if (!tokens_[i].Is("(") || --depth >= 0) continue;
      depth = 0;
      const bool query = i + 1 < tokens_.size() && i + 1 < at + 1 &&
                         (IsWord(tokens_[i + 1], "SELECT") || (i + 1 == at && IsWord(started_, "SELECT")));
      if (query) {
        first = i + 1;
        context_.in_subquery = true;
        break;
      }
    }
    size_t last = tokens_.size();
    if (context_.in_subquery) {
      depth = 0;
      for (size_t i = first; i < tokens_.size(); ++i) {
        if (tokens_[i].Is("(")) ++depth;
        if (tokens_[i].Is(")") && --depth < 0) {
          last = i;
          break;
        }
      }
    }
    block_.assign(tokens_.begin() + first, tokens_.begin() + last);
    if (context_.in_subquery && MayBeCorrelated(first - 1)) {
      around_.assign(tokens_.begin(), tokens_.begin() + static_cast<int64_t>(first) - 1);
      around_.insert(around_.end(), tokens_.begin() + static_cast<int64_t>(std::min(last + 1, tokens_.size())),
                     tokens_.end());
      around_at_ = first - 1;
    }
    // A main query behind WITH x AS (...) starts at its own SELECT.
    cursor_index_ = at > first ? std::min(at - first, block_.size()) : 0;
    depth = 0;
    size_t main = 0;
    for (size_t i = 0; i < cursor_index_; ++i) {
      if (block_[i].Is("(")) ++depth;
      if (block_[i].Is(")")) --depth;
      if (depth == 0 && (IsWord(block_[i], "SELECT") || IsWord(block_[i], "UNION"))) main = i;
    }
    if (main > 0) {
      prefix_.assign(block_.begin(), block_.begin() + main);
      block_.erase(block_.begin(), block_.begin() + main);
      cursor_index_ -= main;
    } else {
      prefix_ = context_.in_subquery ? tokens_ : std::vector<Token>();
    }
    context_.before.assign(block_.begin(), block_.begin() + cursor_index_);
    if (cursor_index_ > 0) context_.after_operand = IsOperand(block_[cursor_index_ - 1]);
  }

  /// A query in FROM or WITH does not see the relations beside it.
  bool MayBeCorrelated(size_t open) const {
    if (open == 0) return false;
    const Token& before = tokens_[open - 1];
    return !IsWord(before, "FROM") && !IsWord(before, "JOIN") && !IsWord(before, "AS") && !before.Is(",");
  }

  /// The relations of the query that the subquery at the cursor stands in: from the last SELECT that is open there.
  void ReadOuterRelations() {
    if (around_.empty()) return;
    size_t first = around_at_;
    int depth = 0;
    while (first > 0) {
      --first;
      if (around_[first].Is(")")) ++depth;
      if (around_[first].Is("(")) --depth;
      if (depth == 0 && IsWord(around_[first], "SELECT")) break;
      if (depth < 0) return;
    }
    const std::vector<VisibleRelation> own = std::move(context_.relations);
    std::vector<Token> inner = std::move(block_);
    context_.relations.clear();
    block_.assign(around_.begin() + static_cast<int64_t>(first), around_.end());
    in_from_ = false;
    ReadRelations();
    context_.outer_relations = std::move(context_.relations);
    context_.relations = own;
    block_ = std::move(inner);
  }

  void ReadCall() {
    int depth = 0;
    int commas = 0;
    for (size_t i = context_.before.size(); i-- > 0;) {
      const Token& token = context_.before[i];
      if (token.Is(")") || token.Is("]")) ++depth;
      if (token.Is(",") && depth == 0) ++commas;
      if (token.Is("[") && depth > 0) --depth;
      if (!token.Is("(")) continue;
      if (depth-- > 0) continue;
      if (i > 0 && context_.before[i - 1].kind == TokenKind::kWord) {
        context_.call = sql::UpperCase(context_.before[i - 1].text);
        context_.call_span = context_.before[i - 1].span;
        context_.argument = commas;
      }
      return;
    }
  }

  void DeclareEarlierStatements() {
    if (statement_start_ <= 0 || request_.functions == nullptr) return;
    Diagnostics ignored;
    const ScriptReport report =
        AnalyseScript(request_.text.substr(0, statement_start_), request_.catalog, *request_.functions, &ignored);
    for (const StatementReport& statement : report.statements) {
      if (statement.kind.starts_with("create_") && !statement.name.empty()) Declare(statement.name, statement.output);
    }
  }

  void Declare(const std::string& name, const Schema& schema) {
    Relation relation;
    relation.name = name;
    relation.schema = schema;
    relation.schema_known = !schema.columns.empty();
    names_.Put(std::move(relation));
    context_.derived_names.push_back(name);
  }

  /// WITH name AS ( query ): each is bound against what came before it.
  void DeclareCommonTables() {
    for (size_t i = 0; i + 2 < prefix_.size(); ++i) {
      if (!IsName(prefix_[i]) || !IsWord(prefix_[i + 1], "AS") || !prefix_[i + 2].Is("(")) continue;
      const size_t close = Matching(prefix_, i + 2);
      if (close >= prefix_.size() || prefix_[close].span.offset > cursor()) continue;
      Declare(prefix_[i].text, QuerySchema(prefix_[i + 2].span.end(), prefix_[close].span.offset));
      i = close;
    }
  }

  static size_t Matching(const std::vector<Token>& tokens, size_t open) {
    int depth = 0;
    for (size_t i = open; i < tokens.size(); ++i) {
      if (tokens[i].Is("(")) ++depth;
      if (tokens[i].Is(")") && --depth == 0) return i;
    }
    return tokens.size();
  }

  /// The columns of a query; of one that is not finished, those of what stands before its WHERE or GROUP BY.
  Schema QuerySchema(int32_t from, int32_t to) {
    const Schema whole = SchemaOf(from, to);
    if (!whole.columns.empty()) return whole;
    int depth = 0;
    for (const Token& token : all_) {
      if (token.span.offset < from || token.span.end() > to) continue;
      if (token.Is("(")) ++depth;
      if (token.Is(")")) --depth;
      const bool clause = IsWord(token, "WHERE") || IsWord(token, "GROUP") || IsWord(token, "WINDOW") ||
                          IsWord(token, "HAVING") || IsWord(token, "ORDER") || IsWord(token, "LIMIT");
      if (depth == 0 && clause) return SchemaOf(from, token.span.offset);
    }
    return {};
  }

  Schema SchemaOf(int32_t from, int32_t to) {
    if (request_.functions == nullptr || to <= from) return {};
    Diagnostics ignored;
    const sql::Script script = sql::ParseScript(request_.text.substr(from, to - from), &ignored);
    if (script.statements.empty() || script.statements[0]->kind != sql::StatementKind::kQuery) return {};
    const auto prepared = BindQuery(*static_cast<const sql::QueryStatement&>(*script.statements[0]).query, &names_,
                                    *request_.functions, &ignored);
    return prepared == nullptr ? Schema{} : prepared->output;
  }

  void ReadRelations() {
    int depth = 0;
    for (size_t i = 0; i < block_.size(); ++i) {
      if (IsClosed(i)) ++depth;
      if (block_[i].Is(")")) depth = std::max(0, depth - 1);
      if (depth != 0) continue;
      const bool from = IsWord(block_[i], "FROM");
      const bool join = IsWord(block_[i], "JOIN");
      const bool comma = block_[i].Is(",") && in_from_;
      if (IsWord(block_[i], "WHERE") || IsWord(block_[i], "GROUP") || IsWord(block_[i], "WINDOW") ||
          IsWord(block_[i], "ORDER") || IsWord(block_[i], "HAVING") || IsWord(block_[i], "EMIT") ||
          IsWord(block_[i], "ON")) {
        in_from_ = false;
      }
      if (from || join) in_from_ = true;
      if (from || join || comma) i = ReadRelation(i + 1) - 1;
    }
  }

  /// A parenthesis that is opened and closed; one that is still being written does not hide what follows it.
  bool IsClosed(size_t i) const { return block_[i].Is("(") && Matching(block_, i) < block_.size(); }

  /// Reads one relation that starts at `i`; returns the place after it.
  size_t ReadRelation(size_t i) {
    if (i >= block_.size()) return i;
    VisibleRelation visible;
    if (block_[i].Is("(")) {
      const size_t close = Matching(block_, i);
      if (close >= block_.size()) return i + 1;
      visible.schema = QuerySchema(block_[i].span.end(), block_[close].span.offset);
      i = close + 1;
    } else if (block_[i].kind == TokenKind::kUri || block_[i].kind == TokenKind::kString || IsName(block_[i])) {
      visible.name = block_[i].text;
      ++i;
      while (i < block_.size() && block_[i].span.offset == block_[i - 1].span.end() && !block_[i].Is(",") &&
             !block_[i].Is(")") && !block_[i].Is("(")) {
        visible.name += block_[i++].text;
      }
      Result<RelationPtr> found = names_.Find(visible.name, {});
      if (found.ok() && *found != nullptr) {
        visible.relation = *found;
        visible.schema = visible.relation->schema;
      }
    } else {
      return i;
    }
    if (i + 1 < block_.size() && IsWord(block_[i], "WITH") && block_[i + 1].Is("(")) i = Matching(block_, i + 1) + 1;
    if (i < block_.size() && IsWord(block_[i], "AS")) ++i;
    static constexpr std::string_view kClauseWords[] = {"GROUP", "WINDOW", "HAVING", "ORDER", "LIMIT", "EMIT",
                                                        "INTO",  "WITH",   "JOIN",   "LEFT",  "RIGHT", "FULL",
                                                        "INNER", "CROSS",  "ON",     "WHERE", "UNION", "WITHIN"};
    if (i < block_.size() && IsName(block_[i]) &&
        std::none_of(std::begin(kClauseWords), std::end(kClauseWords),
                     [&](std::string_view w) { return IsWord(block_[i], w); })) {
      visible.alias = block_[i++].text;
    }
    context_.relations.push_back(std::move(visible));
    return i;
  }

  void ReadSelectList() {
    int depth = 0;
    size_t start = 1;
    if (block_.empty() || !IsWord(block_[0], "SELECT")) return;
    if (block_.size() > 1 && IsWord(block_[1], "DISTINCT")) start = 2;
    for (size_t i = 1; i <= block_.size(); ++i) {
      const bool end =
          i == block_.size() ||
          (depth == 0 && (IsWord(block_[i], "FROM") || IsWord(block_[i], "WHERE") || IsWord(block_[i], "GROUP")));
      if (end || (depth == 0 && block_[i].Is(","))) {
        ReadSelectItem(start, i);
        start = i + 1;
      }
      if (end) return;
      if (block_[i].Is("(")) ++depth;
      if (block_[i].Is(")")) --depth;
    }
  }

  void ReadSelectItem(size_t from, size_t to) {
    if (from >= to) return;
    const bool as = to - from >= 3 && IsWord(block_[to - 2], "AS");
    std::string alias = as ? block_[to - 1].text : "";
    if (as) {
      to -= 2;
    } else if (to - from >= 2 && IsName(block_[to - 1]) && IsOperand(block_[to - 2]) && !block_[to - 2].Is("*")) {
      alias = block_[--to].text;
    }
    if (!alias.empty()) context_.select_aliases.push_back(alias);
    bool aggregate = false;
    for (size_t i = from; i + 1 < to; ++i) {
      aggregate = aggregate || (block_[i + 1].Is("(") && request_.functions != nullptr &&
                                request_.functions->FindAggregate(block_[i].text) != nullptr);
    }
    const std::string text(
        request_.text.substr(block_[from].span.offset, block_[to - 1].span.end() - block_[from].span.offset));
    if (aggregate) context_.aggregate_items.push_back(alias.empty() ? text : alias);
    const bool plain = (to - from == 1 && IsName(block_[from])) || (to - from == 3 && block_[from + 1].Is("."));
    if (plain && text != "*") context_.plain_items.push_back(text);
  }

  void ReadPlace() {
    const std::vector<Token>& before = context_.before;
    int depth = 0;
    std::vector<size_t> opens;
    Place place = Place::kStatement;
    for (size_t i = 0; i < block_.size(); ++i) {
      if (i == before.size()) {
        if (!opens.empty()) ReadParentheses(opens.back(), &place);
        context_.place = place;
      }
      if (IsClosed(i)) ++depth;
      if (block_[i].Is("(")) opens.push_back(i);
      if (block_[i].Is(")") && !opens.empty()) {
        depth = std::max(0, depth - 1);
        opens.pop_back();
      }
      if (depth == 0) NoteClause(i, i < before.size() ? &place : nullptr);
    }
    if (before.size() == block_.size()) {
      if (!opens.empty()) ReadParentheses(opens.back(), &place);
      context_.place = place;
    }
    if (before.size() >= 2 && before.back().Is(".")) context_.qualifier = before[before.size() - 2].text;
    ReadComparison();
  }

  void NoteClause(size_t i, Place* place) {
    const Token& token = block_[i];
    auto set = [&](Place where, bool* seen) {
      if (seen != nullptr) *seen = true;
      if (place != nullptr) *place = where;
    };
    if (token.kind != TokenKind::kWord) return;
    if (IsWord(token, "SELECT"))
      set(Place::kSelect, nullptr);
    else if (IsWord(token, "FROM"))
      set(Place::kFrom, &context_.has_from);
    else if (IsWord(token, "JOIN"))
      set(Place::kFrom, nullptr);
    else if (IsWord(token, "ON"))
      set(Place::kOn, nullptr);
    else if (IsWord(token, "WHERE"))
      set(Place::kWhere, &context_.has_where);
    else if (IsWord(token, "GROUP"))
      set(Place::kGroupBy, &context_.has_group_by);
    else if (IsWord(token, "WINDOW"))
      set(Place::kWindow, &context_.has_window);
    else if (IsWord(token, "HAVING"))
      set(Place::kHaving, &context_.has_having);
    else if (IsWord(token, "ORDER"))
      set(Place::kOrderBy, &context_.has_order_by);
    else if (IsWord(token, "LIMIT"))
      set(Place::kLimit, &context_.has_limit);
    else if (IsWord(token, "EMIT"))
      set(Place::kEmit, &context_.has_emit);
    else if (IsWord(token, "INTO"))
      set(Place::kInto, nullptr);
  }

  void ReadParentheses(size_t open, Place* place) {
    if (open == 0) return;
    const Token& head = block_[open - 1];
    if (IsWord(head, "OVER")) *place = Place::kOver;
    if (!IsWord(head, "WITH")) return;
    *place = Place::kPropertyKey;
    for (size_t i = context_.before.size(); i-- > open;) {
      if (context_.before[i].Is(",")) return;
      if (!context_.before[i].Is("=")) continue;
      *place = Place::kPropertyValue;
      if (i > 0) context_.property = context_.before[i - 1].text;
      return;
    }
  }

  void ReadComparison() {
    const std::vector<Token>& before = context_.before;
    size_t i = before.size();
    // x IN ('a', | : go back to the name in front of IN.
    while (i > 0 && (before[i - 1].kind == TokenKind::kString || before[i - 1].Is(",") || before[i - 1].Is("("))) --i;
    if (i == 0) return;
    const Token& op = before[i - 1];
    const bool direct = i == before.size();
    const bool compares = direct && op.kind == TokenKind::kSymbol &&
                          (op.text == "=" || op.text == "!=" || op.text == "<>" || op.text == "==");
    const bool orders = direct && op.kind == TokenKind::kSymbol &&
                        (op.text == "<" || op.text == "<=" || op.text == ">" || op.text == ">=");
    const bool in = IsWord(op, "IN");
    context_.compares_order = orders;
    if (!compares && !orders && !in && !(direct && (IsWord(op, "LIKE") || IsWord(op, "ILIKE")))) return;
    size_t name = i - 1;
    if (name > 0 && IsWord(before[name - 1], "NOT")) --name;
    if (name > 0 && IsName(before[name - 1])) context_.compared = before[name - 1].text;
  }

  const EditorRequest& request_;
  MemoryCatalog names_;
  CursorContext context_;
  std::vector<Token> all_, tokens_, block_, prefix_;
  std::vector<Token> around_;  ///< The statement without the subquery at the cursor; empty: there is none.
  size_t around_at_ = 0;       ///< Where in it the subquery stood.
  Token started_;
  size_t cursor_index_ = 0;
  int32_t statement_start_ = 0;
  bool in_from_ = false;
};

}  // namespace

CursorContext ReadCursor(const EditorRequest& request) {
  EditorRequest clamped = request;
  clamped.offset = std::clamp(request.offset, 0, static_cast<int32_t>(request.text.size()));
  return CursorReader(clamped).Read();
}

}  // namespace velo::editor
