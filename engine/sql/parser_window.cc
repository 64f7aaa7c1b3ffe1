#include <fmt/format.h>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

constexpr std::string_view kSizeForm = "a window size such as INTERVAL '5' MINUTE or 5m";

bool WindowKindOf(std::string_view word, WindowKind* kind) {
  if (SameWord(word, "TUMBLING") || SameWord(word, "TUMBLE")) {
    *kind = WindowKind::kTumbling;
  } else if (SameWord(word, "SLIDING") || SameWord(word, "HOPPING") || SameWord(word, "HOP")) {
    *kind = WindowKind::kSliding;
  } else if (SameWord(word, "SESSION")) {
    *kind = WindowKind::kSession;
  } else {
    return false;
  }
  return true;
}

/// Reads a constant that stands for a length of time: 5m, '5 minutes', 60 (seconds).
bool ConstantDuration(const Expression& expression, Duration* out) {
  if (expression.kind != ExpressionKind::kLiteral) return false;
  const auto& literal = static_cast<const Literal&>(expression);
  out->span = expression.span;
  switch (literal.type) {
    case Literal::Type::kInterval:
      *out = literal.interval;
      return true;
    case Literal::Type::kInteger:
    case Literal::Type::kDecimal:
    case Literal::Type::kString:
      return ParseDuration(literal.text, out);
    default:
      return false;
  }
}

}  // namespace

bool Parser::ParseWindowClause(SelectCore* core) {
  const size_t start = pos_;
  if (AtIdentifier(1) && AtWord("AS", 2) && AtSymbol("(", 3)) return ParseNamedWindows(core);
  AcceptWord("WINDOW");
  WindowClause window;
  if (Peek().kind == TokenKind::kWord && !WindowKindOf(Peek().text, &window.kind)) {
    if (!AtWord("ROWS") && RepairWord("TUMBLING, SLIDING or SESSION after WINDOW",
                                      {"TUMBLING", "TUMBLE", "SLIDING", "HOPPING", "SESSION"})) {
      WindowKindOf(Peek().text, &window.kind);
    } else {
      Expected("TUMBLING, SLIDING or SESSION after WINDOW").hint =
          AtWord("ROWS") ? "row windows belong to a function: AVG(x) OVER (ROWS WINDOW BUFFER 100 ROWS)"
                         : "WINDOW TUMBLING(INTERVAL '5' MINUTE)";
      return false;
    }
  } else if (Peek().kind != TokenKind::kWord) {
    Expected("TUMBLING, SLIDING or SESSION after WINDOW").hint = "WINDOW TUMBLING(INTERVAL '5' MINUTE)";
    return false;
  }
  tokens_[pos_].role = TokenRole::kKeyword;
  const std::string name = UpperCase(Peek().text);
  Advance();
  if (!AcceptSymbol("(")) {
    Expected(fmt::format("'(' with {}", kSizeForm)).hint = fmt::format("WINDOW {}(INTERVAL '5' MINUTE)", name);
    return false;
  }
  if (AtSymbol(")")) {
    Diagnostic& error = Expected(kSizeForm, "E2205");
    error.message = "window needs a size";
    error.hint = fmt::format("WINDOW {}(INTERVAL '5' MINUTE)", name);
    return false;
  }
  std::vector<Duration> durations;
  std::vector<ExpressionPtr> others;
  do {
    if (!ParseWindowArgument(&window, &durations, &others)) return false;
  } while (AcceptSymbol(","));
  if (!AcceptSymbol(")")) {
    Expected(fmt::format("a comma or ')' in {}(...)", name));
    return false;
  }
  window.span = SpanSince(start);
  if (!FinishWindow(&window, std::move(durations), std::move(others))) return false;
  if (AtWords("PARTITION", "BY")) {
    Expected("a clause such as GROUP BY or EMIT").hint =
        "a time window is split by GROUP BY; PARTITION BY belongs to OVER (...)";
    return false;
  }
  if (core->window) {
    Report("E2207", window.span, "two time windows in one query").hint = "keep one of them";
    return true;
  }
  core->window = std::move(window);
  core->window_span = SpanSince(start);
  return true;
}

bool Parser::ParseNamedWindows(SelectCore* core) {
  AcceptWord("WINDOW");
  do {
    NamedWindow named;
    if (!ParseIdentifier(&named.name, "the name of a window") || !ExpectWord("AS", named.name.text) ||
        !ExpectSymbol("(", "after AS")) {
      return false;
    }
    const size_t start = pos_ - 1;
    named.body = std::make_unique<Over>();
    if (!ParseOverBody(named.body.get()) || !ExpectSymbol(")", "after the window")) return false;
    named.body->span = SpanSince(start);
    core->named_windows.push_back(std::move(named));
  } while (AcceptSymbol(","));
  return true;
}

bool Parser::ParseWindowArgument(WindowClause* window, std::vector<Duration>* durations,
                                 std::vector<ExpressionPtr>* others) {
  const auto word_before_duration = [this](std::string_view word) {
    return AtWord(word) && !AtSymbol(",", 1) && !AtSymbol(")", 1) && !AtSymbol(".", 1) && !AtSymbol("(", 1);
  };
  if (word_before_duration("GRACE")) {
    AcceptWord("GRACE");
    window->grace.emplace();
    return ExpectWord("PERIOD", "GRACE") && ParseDurationValue(&*window->grace, "a length of time after GRACE PERIOD");
  }
  if (word_before_duration("ADVANCE") || word_before_duration("SLIDE")) {
    AcceptWord(AtWord("ADVANCE") ? "ADVANCE" : "SLIDE");
    AcceptWord("BY");
    window->advance.emplace();
    return ParseDurationValue(&*window->advance, "a length of time such as 1m after ADVANCE BY");
  }
  for (const std::string_view word : {"SIZE", "GAP", "TIMEOUT"}) {
    if (!word_before_duration(word)) continue;
    AcceptWord(word);
    durations->emplace_back();
    return ParseDurationValue(&durations->back(), kSizeForm);
  }
  if (AtSymbol(",") || AtSymbol(")")) {
    Expected(kSizeForm);
    return false;
  }
  const size_t start = pos_;
  if (AtDuration()) {
    Duration duration;
    if (!ParseDurationValue(&duration, kSizeForm)) return false;
    if (AtSymbol(",") || AtSymbol(")") || AtEnd()) {
      durations->push_back(std::move(duration));
      return true;
    }
    // 2 * x and the like: the number was the start of an expression.
    if (tokens_[start].kind == TokenKind::kWord || tokens_[start].kind == TokenKind::kDuration) {
      Expected("a comma or ')' after the window size");
      return false;
    }
    pos_ = start;
  }
  ExpressionPtr other = ParseExpression();
  if (other == nullptr) return false;
  others->push_back(std::move(other));
  return true;
}

/// Gives the arguments their meaning: durations are size and advance, the first other argument is the event time, what
/// follows in SESSION are key columns.
bool Parser::FinishWindow(WindowClause* window, std::vector<Duration> durations, std::vector<ExpressionPtr> others) {
  if (durations.empty()) {
    const SourceSpan span = others.empty() ? window->span : others.back()->span;
    if (others.empty()) {
      Report("E2205", span, "window needs a size").hint = std::string("give it ") + std::string(kSizeForm);
    } else {
      Report("E2206", span, fmt::format("not a duration: {}", Source(span))).hint =
          fmt::format("expected {}", kSizeForm);
    }
    return false;
  }
  const size_t most = window->kind == WindowKind::kSliding && !window->advance ? 2 : 1;
  if (durations.size() > most) {
    Report("E1005", durations[most].span,
           fmt::format("expected at most {} length{} of time in this window", most, most == 1 ? "" : "s"))
        .hint = window->kind == WindowKind::kSliding ? "SLIDING(size, advance)"
                                                     : "a window with an advance is SLIDING(size, advance)";
    return false;
  }
  window->size = std::move(durations[0]);
  if (durations.size() == 2) window->advance = std::move(durations[1]);
  const auto positive = [this](const Duration& duration) {
    if (duration.TotalMilliseconds() > 0) return true;
    Report("E2208", duration.span, "window size must be positive").hint = "for example INTERVAL '5' MINUTE";
    return false;
  };
  if (!positive(window->size) || (window->advance && !positive(*window->advance))) return false;
  if (others.size() > 1 && window->kind != WindowKind::kSession) {
    Report("E2206", others[1]->span, fmt::format("not a duration: {}", Source(others[1]->span))).hint =
        fmt::format("expected {}", kSizeForm);
    return false;
  }
  for (size_t i = 0; i < others.size(); ++i) {
    if (i == 0) {
      window->time = std::move(others[i]);
    } else {
      window->session_keys.push_back(std::move(others[i]));
    }
  }
  return true;
}

/// Turns TUMBLE(ts, d) and its like in GROUP BY into the window of the query; `item` becomes null then.
bool Parser::TakeGroupWindow(SelectCore* core, ExpressionPtr* item) {
  if ((*item)->kind != ExpressionKind::kCall) return true;
  auto& call = static_cast<Call&>(**item);
  WindowClause window;
  if (!WindowKindOf(call.name.text, &window.kind) || call.over != nullptr) return true;
  window.span = call.span;
  window.from_group_by = true;
  if (call.arguments.empty()) {
    Report("E2205", call.span, "window needs a size").hint =
        fmt::format("{}(ts, INTERVAL '5' MINUTE)", UpperCase(call.name.text));
    return false;
  }
  std::vector<Duration> durations;
  std::vector<ExpressionPtr> others;
  for (ExpressionPtr& argument : call.arguments) {
    Duration duration;
    if (ConstantDuration(*argument, &duration)) {
      duration.span = argument->span;
      durations.push_back(std::move(duration));
    } else {
      others.push_back(std::move(argument));
    }
  }
  // HOP(ts, slide, size) and HOP(ts, size, slide) are both in use: the larger one is the size.
  if (durations.size() == 2 && durations[0].TotalMilliseconds() < durations[1].TotalMilliseconds()) {
    std::swap(durations[0], durations[1]);
  }
  if (!FinishWindow(&window, std::move(durations), std::move(others))) return false;
  if (core->window) {
    Report("E2207", window.span, "two time windows in one query").hint = "keep one of them";
    return true;
  }
  core->window_span = window.span;
  core->window = std::move(window);
  item->reset();
  return true;
}

}  // namespace velo::sql
