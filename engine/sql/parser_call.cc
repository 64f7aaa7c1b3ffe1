#include <fmt/format.h>

#include <algorithm>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

/// Functions whose unit argument may be written as a bare word.
bool TakesTimeUnit(std::string_view name) {
  for (const std::string_view known : {"EXTRACT", "DATE_PART", "DATEDIFF", "TIMESTAMPDIFF", "DATE_DIFF", "DATE_TRUNC",
                                       "DATE_ADD", "DATE_SUB", "DATEADD", "TIMESTAMPADD"}) {
    if (SameWord(name, known)) return true;
  }
  return false;
}

}  // namespace

ExpressionPtr Parser::ParseCall() {
  const size_t start = pos_;
  auto call = std::make_unique<Call>();
  call->name = {Peek().text, Peek().span};
  tokens_[pos_].role = TokenRole::kFunction;
  Advance();
  AcceptSymbol("(");
  bool handled = false;
  if (!ParseSpecialCall(call.get(), &handled)) return nullptr;
  if (!handled && !ParseCallArguments(call.get())) return nullptr;
  if (!AcceptSymbol(")")) {
    Expected(fmt::format("a comma or ')' in {}(...)", call->name.text));
    return nullptr;
  }
  if (!ParseCallSuffix(call.get())) return nullptr;
  call->span = SpanSince(start);
  return call;
}

bool Parser::ParseCallArguments(Call* call) {
  NestingGuard guard(this);
  if (guard.TooDeep()) return false;
  if (AcceptWord("DISTINCT")) {
    call->distinct = true;
  } else {
    AcceptWord("ALL");
  }
  if (AtSymbol("*") && AtSymbol(")", 1)) {
    call->arguments.push_back(std::make_unique<Star>(Peek().span));
    Advance();
    return true;
  }
  if (AtSymbol(")")) return true;
  do {
    if (!ParseCallArgument(call)) return false;
  } while (AcceptSymbol(","));
  if (AtAnyWord({"IGNORE", "RESPECT"}) && AtWord("NULLS", 1)) {
    call->ignore_nulls = AtWord("IGNORE");
    AcceptWord(*call->ignore_nulls ? "IGNORE" : "RESPECT");
    AcceptWord("NULLS");
  }
  return !AcceptWords("ORDER", "BY") || ParseOrderList(&call->order_by);
}

bool Parser::ParseCallArgument(Call* call) {
  if (TakesTimeUnit(call->name.text) && Peek().kind == TokenKind::kWord && IsTimeUnit(Peek().text) &&
      (AtSymbol(",", 1) || AtSymbol(")", 1))) {
    auto unit = std::make_unique<Literal>(Literal::Type::kString, Peek().span);
    unit->text = LowerCase(Peek().text);
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
    call->arguments.push_back(std::move(unit));
    return true;
  }
  ExpressionPtr argument = ParseExpression();
  if (argument == nullptr) return false;
  call->arguments.push_back(std::move(argument));
  if (!AtWord("AS")) {
    if (!call->argument_names.empty()) call->argument_names.emplace_back();
    return true;
  }
  if (!SameWord(call->name.text, "STRUCT") && !SameWord(call->name.text, "ROW")) {
    Expected(fmt::format("a comma or ')' in {}(...)", call->name.text)).hint =
        "a name is given after the closing parenthesis";
    return false;
  }
  AcceptWord("AS");
  Identifier name;
  if (!ParseIdentifier(&name, "a field name after AS")) return false;
  call->argument_names.resize(call->arguments.size());
  call->argument_names.back() = std::move(name);
  return true;
}

/// Calls with words between their arguments; `handled` is set when the arguments have been read.
bool Parser::ParseSpecialCall(Call* call, bool* handled) {
  if (AtSymbol(")")) return true;
  if (SameWord(call->name.text, "EXTRACT") && Peek().kind == TokenKind::kWord && AtWord("FROM", 1)) {
    *handled = true;
    return ParseExtract(call);
  }
  if (SameWord(call->name.text, "TRIM")) {
    *handled = true;
    return ParseTrim(call);
  }
  const bool position = SameWord(call->name.text, "POSITION");
  const bool substring = SameWord(call->name.text, "SUBSTRING") || SameWord(call->name.text, "SUBSTR");
  if (!position && !substring) return true;
  *handled = true;
  // A full expression would read "sub IN s" as a membership test.
  ExpressionPtr first = position ? ParseConcat() : ParseExpression();
  if (first == nullptr) return false;
  call->arguments.push_back(std::move(first));
  const std::string_view word = position ? "IN" : "FROM";
  if (!AtWord(word)) return !AcceptSymbol(",") || ParseCallArguments(call);
  AcceptWord(word);
  call->spelling = word;
  do {
    ExpressionPtr next = ParseExpression();
    if (next == nullptr) return false;
    call->arguments.push_back(std::move(next));
  } while (substring && call->arguments.size() == 2 && AcceptWord("FOR"));
  return true;
}

bool Parser::ParseExtract(Call* call) {
  auto unit = std::make_unique<Literal>(Literal::Type::kString, Peek().span);
  unit->text = LowerCase(Peek().text);
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  AcceptWord("FROM");
  call->spelling = "FROM";
  call->arguments.push_back(std::move(unit));
  ExpressionPtr value = ParseExpression();
  if (value == nullptr) return false;
  call->arguments.push_back(std::move(value));
  return true;
}

bool Parser::ParseTrim(Call* call) {
  if (AtAnyWord({"LEADING", "TRAILING", "BOTH"}) && !AtSymbol(",", 1) && !AtSymbol(")", 1)) {
    call->spelling = UpperCase(Peek().text);
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
    if (call->spelling != "BOTH") call->name.text = call->spelling == "LEADING" ? "LTRIM" : "RTRIM";
  }
  ExpressionPtr first;
  if (!AtWord("FROM") || call->spelling.empty()) {
    first = ParseExpression();
    if (first == nullptr) return false;
  }
  if (AcceptWord("FROM")) {
    if (call->spelling.empty()) call->spelling = "FROM";
    ExpressionPtr value = ParseExpression();
    if (value == nullptr) return false;
    call->arguments.push_back(std::move(value));
    if (first != nullptr) call->arguments.push_back(std::move(first));
    return true;
  }
  if (!call->spelling.empty()) {
    Expected(fmt::format("FROM after TRIM({} ...", call->spelling)).hint = "TRIM(BOTH 'x' FROM s)";
    return false;
  }
  call->arguments.push_back(std::move(first));
  return !AcceptSymbol(",") || ParseCallArguments(call);
}

/// What may follow the closing parenthesis of a call.
bool Parser::ParseCallSuffix(Call* call) {
  if (AtWords("WITHIN", "GROUP") && AtSymbol("(", 2)) {
    AcceptWords("WITHIN", "GROUP");
    AcceptSymbol("(");
    if (!ExpectWord("ORDER", "WITHIN GROUP (") || !ExpectWord("BY", "ORDER") || !ParseOrderList(&call->within_group) ||
        !ExpectSymbol(")", "after WITHIN GROUP (ORDER BY ...")) {
      return false;
    }
  }
  if (AtWord("FILTER") && AtSymbol("(", 1)) {
    AcceptWord("FILTER");
    AcceptSymbol("(");
    if (!ExpectWord("WHERE", "FILTER (")) return false;
    call->filter = ParseExpression();
    if (call->filter == nullptr || !ExpectSymbol(")", "after FILTER (WHERE ...")) return false;
  }
  if (AtAnyWord({"IGNORE", "RESPECT"}) && AtWord("NULLS", 1)) {
    call->ignore_nulls = AtWord("IGNORE");
    AcceptWord(*call->ignore_nulls ? "IGNORE" : "RESPECT");
    AcceptWord("NULLS");
  }
  if (!AtWord("OVER")) return true;
  call->over = ParseOver();
  return call->over != nullptr;
}

std::unique_ptr<Over> Parser::ParseOver() {
  const size_t start = pos_;
  AcceptWord("OVER");
  auto over = std::make_unique<Over>();
  if (AcceptSymbol("(")) {
    if (!ParseOverBody(over.get()) || !ExpectSymbol(")", "after the OVER clause")) return nullptr;
  } else {
    const bool body_follows = AtAnyWord({"ROWS", "RANGE", "GROUPS", "PARTITION", "ORDER"}) &&
                              Peek(1).kind == TokenKind::kWord && !AtClause() && !AtAnyWord({"FROM", "AS"}, 1);
    if (body_follows || AtAnyWord({"ORDER", "EMIT"})) {
      Expected("'(' after OVER").hint = "OVER (ROWS WINDOW BUFFER 10 ROWS PARTITION BY key ORDER BY time)";
      // Its words would be taken for clauses of the query.
      while (!AtEnd() && !AtWord("FROM") && !AtSymbol(",") && !AtSymbol(")")) Advance();
      return nullptr;
    }
    if (!ParseIdentifier(&over->window_name, "'(' or the name of a window after OVER")) return nullptr;
  }
  over->span = SpanSince(start);
  return over;
}

bool Parser::ParseOverBody(Over* over) {
  NestingGuard guard(this);
  if (guard.TooDeep()) return false;
  uint32_t seen = 0;
  while (!AtSymbol(")")) {
    if (!ParseOverPart(over, &seen)) return false;
  }
  return true;
}

bool Parser::ParseOverPart(Over* over, uint32_t* seen) {
  enum Part : uint32_t { kBuffer = 1, kPartition = 2, kOrder = 4, kFrame = 8, kEmit = 16, kExpire = 32 };
  const auto once = [&](Part part, std::string_view name) {
    if ((*seen & part) == 0) {
      *seen |= part;
      return true;
    }
    Report("E1007", Peek().span, fmt::format("{} given twice", name)).hint = "keep one of them";
    return false;
  };
  if (AtWords("ROWS", "WINDOW")) return once(kBuffer, "ROWS WINDOW BUFFER") && ParseRowBuffer(over);
  if (AtWords("PARTITION", "BY")) {
    if (!once(kPartition, "PARTITION BY")) return false;
    AcceptWords("PARTITION", "BY");
    do {
      ExpressionPtr key = ParseExpression();
      if (key == nullptr) return false;
      SettleWholeItem(key.get());
      over->partition_by.push_back(std::move(key));
    } while (AcceptSymbol(","));
    return true;
  }
  if (AtWords("ORDER", "BY")) {
    return once(kOrder, "ORDER BY") && AcceptWords("ORDER", "BY") && ParseOrderList(&over->order_by);
  }
  if (AtWord("ROWS") && AtWord("BUFFER", 1)) {
    Advance();
    Expected("WINDOW before BUFFER").hint = "ROWS WINDOW BUFFER 100 ROWS";
    return false;
  }
  if (AtAnyWord({"ROWS", "RANGE", "GROUPS"})) return once(kFrame, "the frame") && ParseFrame(over);
  if (AtWord("EMIT")) return once(kEmit, "EMIT") && ParseRowEmit(over);
  if (AtWord("EXPIRE")) return once(kExpire, "EXPIRE AFTER") && ParseExpire(over);
  if (AtWords("WINDOW", "ROWS")) {
    Expected("ROWS WINDOW BUFFER and a number of rows").hint = "ROWS WINDOW BUFFER 100 ROWS";
    return false;
  }
  Diagnostic& error = Expected("PARTITION BY, ORDER BY, ROWS, EXPIRE AFTER or ')' in OVER (...)");
  Suggest(&error, {"PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS", "EMIT", "EXPIRE"});
  return false;
}

bool Parser::ParseRowBuffer(Over* over) {
  static constexpr std::string_view kForm = "ROWS WINDOW BUFFER 100 ROWS";
  AcceptWords("ROWS", "WINDOW");
  if (!AcceptWord("BUFFER")) {
    Diagnostic& error = Expected("BUFFER and a number of rows after ROWS WINDOW");
    error.hint = kForm;
    return false;
  }
  const size_t number = pos_;
  int64_t rows = 0;
  if (!ParseIntegerValue(&rows, "a number of rows such as 100")) return false;
  if (rows < 1) {
    Report("E2211", SpanSince(number), "row buffer size must be at least 1").hint = kForm;
  }
  over->buffer_rows = rows;
  if (AcceptWord("ROWS") || AcceptWord("ROW")) return true;
  Diagnostic& error = Expected("ROWS after the number of rows");
  error.hint = fmt::format("ROWS WINDOW BUFFER {} ROWS", rows);
  error.fixes.push_back({"insert ROWS", {{{Previous().span.end(), 0}, " ROWS"}}});
  return false;
}

bool Parser::ParseFrame(Over* over) {
  const size_t start = pos_;
  Frame frame;
  frame.unit = AtWord("ROWS") ? Frame::Unit::kRows : AtWord("RANGE") ? Frame::Unit::kRange : Frame::Unit::kGroups;
  tokens_[pos_].role = TokenRole::kKeyword;
  Advance();
  if (AcceptWord("BETWEEN")) {
    if (!ParseFrameBound(frame.unit, &frame.start) || !ExpectWord("AND", "the start of the frame") ||
        !ParseFrameBound(frame.unit, &frame.end)) {
      return false;
    }
  } else if (!ParseFrameBound(frame.unit, &frame.start)) {
    return false;
  }
  frame.span = SpanSince(start);
  if (!CheckFrame(frame)) return false;
  over->frame = std::move(frame);
  return true;
}

bool Parser::ParseFrameBound(Frame::Unit unit, FrameBound* bound) {
  const size_t start = pos_;
  if (AcceptWord("CURRENT")) {
    if (!ExpectWord("ROW", "CURRENT")) return false;
    bound->kind = FrameBound::Kind::kCurrentRow;
    bound->span = SpanSince(start);
    return true;
  }
  const bool unbounded = AcceptWord("UNBOUNDED");
  if (!unbounded && Peek().kind == TokenKind::kInteger && AtAnyWord({"PRECEDING", "FOLLOWING"}, 1)) {
    if (!ParseIntegerValue(&bound->rows, "a number of rows")) return false;
  } else if (!unbounded) {
    if (!AtDuration()) {
      Expected("UNBOUNDED PRECEDING, CURRENT ROW or a number of rows such as 9 PRECEDING");
      return false;
    }
    Duration duration;
    if (!ParseDurationValue(&duration, "a length of time")) return false;
    if (unit != Frame::Unit::kRange) {
      Report("E2213", SpanSince(start), "a length of time as frame bound needs RANGE").hint =
          fmt::format("RANGE BETWEEN {} PRECEDING AND CURRENT ROW", duration.text);
      return false;
    }
    bound->duration = std::move(duration);
  }
  const bool preceding = AcceptWord("PRECEDING");
  if (!preceding && !AcceptWord("FOLLOWING")) {
    Expected("PRECEDING or FOLLOWING");
    return false;
  }
  bound->kind = unbounded ? (preceding ? FrameBound::Kind::kUnboundedPreceding : FrameBound::Kind::kUnboundedFollowing)
                          : (preceding ? FrameBound::Kind::kPreceding : FrameBound::Kind::kFollowing);
  bound->span = SpanSince(start);
  return true;
}

bool Parser::CheckFrame(const Frame& frame) {
  const auto wrong = [this](const FrameBound& bound, std::string_view hint) {
    Report("E2212", bound.span.valid() ? bound.span : Peek().span, "invalid frame bounds").hint = std::string(hint);
    return false;
  };
  using Kind = FrameBound::Kind;
  if (frame.start.kind == Kind::kUnboundedFollowing)
    return wrong(frame.start, "a frame cannot start at UNBOUNDED FOLLOWING");
  if (frame.end.kind == Kind::kUnboundedPreceding) return wrong(frame.end, "a frame cannot end at UNBOUNDED PRECEDING");
  if (frame.start.kind > frame.end.kind) return wrong(frame.start, "the frame must start before it ends");
  if (frame.start.kind != frame.end.kind) return true;
  const auto length = [](const FrameBound& bound) {
    return bound.duration ? bound.duration->TotalMilliseconds() : bound.rows;
  };
  const bool reversed = frame.start.kind == Kind::kPreceding   ? length(frame.start) < length(frame.end)
                        : frame.start.kind == Kind::kFollowing ? length(frame.start) > length(frame.end)
                                                               : false;
  return !reversed || wrong(frame.start, "the frame must start before it ends");
}

bool Parser::ParseRowEmit(Over* over) {
  AcceptWord("EMIT");
  if (AcceptWord("CHANGES") || AcceptWords("EVERY", "RECORD")) {
    over->emit = Over::Emit::kEveryRecord;
    return true;
  }
  if (AcceptWord("FINAL") || (AtWords("ON", "BUFFER") && AtWord("FULL", 2)) || AtWords("ON", "BUFFER_FULL")) {
    if (AcceptWord("ON") && AcceptWord("BUFFER")) AcceptWord("FULL");
    AcceptWord("BUFFER_FULL");
    over->emit = Over::Emit::kOnBufferFull;
    return true;
  }
  Expected("EVERY RECORD or ON BUFFER FULL after EMIT");
  return false;
}

bool Parser::ParseExpire(Over* over) {
  AcceptWord("EXPIRE");
  if (!ExpectWord("AFTER", "EXPIRE")) return false;
  if (AcceptWord("NEVER")) {
    over->expire_never = true;
    return true;
  }
  Duration duration;
  if (!ParseDurationValue(&duration, "a length of time such as 5m, or NEVER, after EXPIRE AFTER")) return false;
  over->expire_after = std::move(duration);
  AcceptWord("INACTIVITY");
  return true;
}

bool Parser::ParseOrderList(std::vector<OrderItem>* out) {
  do {
    OrderItem item;
    item.expression = ParseExpression();
    if (item.expression == nullptr) return false;
    SettleWholeItem(item.expression.get());
    item.descending = AcceptWord("DESC");
    if (!item.descending) AcceptWord("ASC");
    if (AcceptWord("NULLS")) {
      item.nulls_first = AcceptWord("FIRST");
      if (!*item.nulls_first && !AcceptWord("LAST")) {
        Expected("FIRST or LAST after NULLS");
        return false;
      }
    }
    out->push_back(std::move(item));
  } while (AcceptSymbol(","));
  return true;
}

}  // namespace velo::sql
