#include <fmt/format.h>

#include <charconv>

#include "engine/base/near_names.h"
#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {

bool Parser::ParseIdentifier(Identifier* out, std::string_view what) {
  if (!AtIdentifier()) {
    Diagnostic& error = Expected(what);
    if (Peek().kind == TokenKind::kWord && Peek().reserved) {
      error.hint = fmt::format("'{0}' is a reserved word; a name like it is written `{0}`", Peek().text);
    }
    return false;
  }
  const Token& token = Peek();
  out->text = token.text;
  out->span = token.span;
  out->quote = token.kind == TokenKind::kWord ? Identifier::Quote::kNone : Identifier::Quote::kBacktick;
  tokens_[pos_].role = TokenRole::kName;
  Advance();
  return true;
}

bool Parser::ParseIdentifierList(std::vector<Identifier>* out) {
  if (!ExpectSymbol("(", "before the list of columns")) return false;
  do {
    Identifier name;
    if (!ParseIdentifier(&name, "a column name")) return false;
    out->push_back(std::move(name));
  } while (AcceptSymbol(","));
  return ExpectSymbol(")", "after the list of columns");
}

bool Parser::ParseName(std::string* name, SourceSpan* span, std::string_view what, bool allow_uri) {
  const size_t start = pos_;
  const Token& first = Peek();
  if (first.kind == TokenKind::kString || (allow_uri && first.kind == TokenKind::kUri)) {
    *name = first.text;
    *span = first.span;
    if (name->empty()) {
      Expected(what);
      return false;
    }
    Advance();
    return true;
  }
  const auto is_part = [this](size_t ahead) {
    const TokenKind kind = Peek(ahead).kind;
    return Adjacent(ahead) &&
           (kind == TokenKind::kWord || kind == TokenKind::kInteger || kind == TokenKind::kDecimal ||
            kind == TokenKind::kFloat || kind == TokenKind::kDuration || kind == TokenKind::kNumberWord ||
            kind == TokenKind::kBacktick || kind == TokenKind::kDouble || kind == TokenKind::kPlaceholder);
  };
  const bool reserved_part =
      first.kind == TokenKind::kWord && first.reserved && AtSymbol("-", 1) && Adjacent(1) && is_part(2);
  if (!AtIdentifier() && !reserved_part) {
    Diagnostic& error = Expected(what);
    if (first.kind == TokenKind::kUri) error.hint = "a URI is not possible here; give a plain name";
    if (AtAnyWord({"GROUP", "ORDER"}) && !AtWord("BY", 1)) {
      error.hint = fmt::format("'{0}' is a reserved word; a name like it is written `{0}`", first.text);
      Advance();
    }
    return false;
  }
  *name = first.text;
  tokens_[pos_].role = TokenRole::kName;
  Advance();
  while (true) {
    const bool separator = (AtSymbol("-") || AtSymbol(".")) && Adjacent(0) && is_part(1);
    const bool after_placeholder = (Previous().kind == TokenKind::kPlaceholder ||
                                    Peek().kind == TokenKind::kPlaceholder || Source(Peek().span).starts_with('.')) &&
                                   is_part(0);
    if (!separator && !after_placeholder) break;
    if (separator) {
      *name += Peek().text;
      tokens_[pos_].role = TokenRole::kName;
      Advance();
    }
    const bool quoted = Peek().kind == TokenKind::kBacktick || Peek().kind == TokenKind::kDouble;
    *name += quoted ? Peek().text : std::string(Source(Peek().span));
    tokens_[pos_].role = TokenRole::kName;
    Advance();
  }
  *span = SpanSince(start);
  return true;
}

bool Parser::ParseSink(Sink* sink) {
  if (!ParseName(&sink->name, &sink->span, "a place to write to, such as a topic name or kafka://host/topic", true))
    return false;
  return !AtWord("WITH") || !AtSymbol("(", 1) || (AcceptWord("WITH") && ParseProperties(&sink->properties));
}

bool Parser::ParseSinkList(std::vector<Sink>* sinks) {
  do {
    Sink sink;
    if (!ParseSink(&sink)) return false;
    sinks->push_back(std::move(sink));
  } while (AcceptSymbol(","));
  return true;
}

/// True when the token there may come after a bare alias.
bool Parser::CanFollowAlias(size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kEnd) return true;
  if (token.kind == TokenKind::kSymbol) return token.text != "(" && token.text != "." && token.text != "*";
  if (token.kind != TokenKind::kWord) return false;
  if (token.reserved) return token.text.size() > 2 || SameWord(token.text, "ON") || SameWord(token.text, "AS");
  return AtAnyWord({"USING", "NATURAL", "PRIMARY", "LATERAL", "STRATEGY", "OFFSET", "TABLESAMPLE", "MATCH_RECOGNIZE",
                    "UNPIVOT", "PIVOT", "QUALIFY"},
                   ahead);
}

bool Parser::AtBareAlias(bool for_table) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kBacktick || token.kind == TokenKind::kDouble) return true;
  if (token.kind == TokenKind::kString) return !for_table;
  if (token.kind != TokenKind::kWord || token.reserved) return false;
  if (AtWords("PRIMARY", "KEY") || (in_deploy_ && AtWord("STRATEGY"))) return false;
  if (AtWord("USING") && AtSymbol("(", 1)) return false;
  if (AtWord("OFFSET") && AtNumber(1)) return false;
  if (AtWord("NATURAL") && AtAnyWord({"JOIN", "INNER", "LEFT", "RIGHT", "FULL"}, 1)) return false;
  if (AtAnyWord({"MATCH_RECOGNIZE", "UNPIVOT", "PIVOT", "TABLESAMPLE"}) && AtSymbol("(", 1)) return false;
  if (AtWord("QUALIFY") && !CanFollowAlias(1)) return false;
  if (AtWords("FETCH", "FIRST") || AtWords("FETCH", "NEXT")) return false;
  if (AtSymbol("(", 1) || CanFollowAlias(1)) return true;
  return !RepairWord(for_table ? "an alias or a clause such as WHERE" : "a comma or FROM", ClauseWords());
}

bool Parser::ParseAlias(Identifier* alias, bool for_table) {
  if (AcceptWord("AS")) {
    const bool nameable = Peek().kind == TokenKind::kWord && IsReservedButNameable(Peek().text);
    const bool text = Peek().kind == TokenKind::kString && !for_table;
    if (!nameable && !text) {
      const bool misused = Peek().reserved && (AtSymbol(",", 1) || Peek(1).reserved || Peek(1).kind == TokenKind::kEnd);
      const bool good = ParseIdentifier(alias, "a name after AS");
      if (!good && misused) Advance();
      return good || misused;
    }
    alias->quote = text ? Identifier::Quote::kBacktick : Identifier::Quote::kNone;
  } else {
    if (!AtBareAlias(for_table)) return true;
    const bool bare = Peek().kind == TokenKind::kWord;
    // A name followed by "(" is a call after a missing comma; the caller reports it.
    if (bare && AtSymbol("(", 1) && !for_table) return true;
    alias->quote = bare ? Identifier::Quote::kNone : Identifier::Quote::kBacktick;
  }
  alias->text = Peek().text;
  alias->span = Peek().span;
  tokens_[pos_].role = TokenRole::kName;
  Advance();
  return true;
}

bool Parser::ParseProperties(Properties* properties) {
  if (!ExpectSymbol("(", "after WITH")) return false;
  while (!AtSymbol(")")) {
    if (!ParseProperty(properties)) return false;
    if (!AcceptSymbol(",")) break;
  }
  if (AcceptSymbol(")")) return true;
  Diagnostic& error = Expected("a comma or ')' in the WITH list");
  if (AtText() || AtIdentifier()) {
    error.hint = "separate properties with commas";
    error.fixes.push_back({"insert a comma", {{{Previous().span.end(), 0}, ","}}});
  }
  return false;
}

bool Parser::ParseProperty(Properties* properties) {
  Property property;
  if (AtText()) {
    property.key = Peek().text;
    property.key_span = Peek().span;
    Advance();
  } else if (!ParseName(&property.key, &property.key_span, "a property such as 'format' = 'json'", false)) {
    return false;
  }
  if (!AcceptSymbol("=") && !AcceptSymbol("==")) {
    Expected(fmt::format("'=' and a value after '{}'", property.key)).hint =
        fmt::format("properties are written '{}' = 'value'", property.key);
    return false;
  }
  if (!ParsePropertyValue(&property)) return false;
  properties->push_back(std::move(property));
  return true;
}

bool Parser::ParsePropertyValue(Property* property) {
  NestingGuard guard(this);
  if (guard.TooDeep()) return false;
  const size_t start = pos_;
  property->value_is_string = AtText();
  if (property->value_is_string) {
    property->value = Peek().text;
    Advance();
  } else if (AcceptSymbol("[")) {
    property->value = "[";
    while (!AtSymbol("]")) {
      Property element;
      if (!ParsePropertyValue(&element)) return false;
      std::string quoted = element.value;
      for (size_t i = 0; element.value_is_string && (i = quoted.find('\'', i)) != std::string::npos; i += 2)
        quoted.insert(i, "'");
      property->value +=
          (property->value.size() > 1 ? ", " : "") + (element.value_is_string ? "'" + quoted + "'" : quoted);
      if (!AcceptSymbol(",")) break;
    }
    property->value += "]";
    if (!ExpectSymbol("]", "after the list of values")) return false;
  } else if (AtWord("INTERVAL") || AtNumber() || Peek().kind == TokenKind::kDuration || AtSymbol("-") ||
             AtSymbol("+")) {
    // Numbers and lengths of time keep their text: what they mean depends on the key.
    while (AtSymbol("-") || AtSymbol("+")) Advance();
    const bool interval = AcceptWord("INTERVAL");
    if (!AtNumber() && Peek().kind != TokenKind::kDuration && !(interval && AtText())) {
      Expected("a value");
      return false;
    }
    const bool bare_number = Peek().kind != TokenKind::kDuration;
    Advance();
    if (bare_number && Peek().kind == TokenKind::kWord && IsTimeUnit(Peek().text)) Advance();
    for (size_t i = start; i < pos_; ++i) {
      const bool spaced = i > start && !tokens_[i - 1].Is("-") && !tokens_[i - 1].Is("+");
      property->value += (spaced ? " " : "") + std::string(Source(tokens_[i].span));
    }
  } else if (AcceptWord("TRUE") || AcceptWord("FALSE")) {
    property->value = LowerCase(Previous().text);
  } else if (AtWord("NULL") ||
             !ParseName(&property->value, &property->value_span, "a value such as 'json', 10 or true", true)) {
    if (AtWord("NULL")) Expected("a value such as 'json', 10 or true");
    return false;
  }
  property->value_span = SpanSince(start);
  return true;
}

bool Parser::AtDuration() const {
  if (Peek().kind == TokenKind::kDuration || Peek().kind == TokenKind::kPlaceholder || AtNumber()) return true;
  if (AtWord("INTERVAL")) return AtNumber(1) || AtText(1) || Peek(1).kind == TokenKind::kDuration || AtSymbol("-", 1);
  if (AtSymbol("-") || AtSymbol("+")) return AtNumber(1) || Peek(1).kind == TokenKind::kDuration;
  Duration ignored;
  return AtText() && velo::sql::ParseDuration(Peek().text, &ignored);
}

/// Reads every form of dialect 1.8; a bare number means seconds.
bool Parser::ParseDurationValue(Duration* out, std::string_view what) {
  if (!AtDuration()) {
    Expected(what, AtText() || Peek().kind == TokenKind::kNumberWord ? "E2206" : "E1005").hint =
        "lengths of time look like 5m, 90 SECONDS or INTERVAL '5' MINUTE";
    return false;
  }
  const size_t start = pos_;
  const bool negative = AtSymbol("-");
  if (negative || AtSymbol("+")) Advance();
  if (AtWord("INTERVAL")) {
    if (!ParseIntervalLiteral(out)) return false;
  } else if (Peek().kind == TokenKind::kPlaceholder) {
    out->milliseconds = 1000;
    Advance();
  } else if (AtNumber()) {
    const std::string amount = Peek().text;
    Advance();
    if (!ParseIntervalUnit(start, amount, out)) return false;
  } else {
    if (!velo::sql::ParseDuration(Peek().text, out)) {
      Report("E2206", Peek().span, fmt::format("not a length of time: {}", Peek().text));
      return false;
    }
    Advance();
  }
  if (negative) {
    out->milliseconds = -out->milliseconds;
    out->months = -out->months;
  }
  out->span = SpanSince(start);
  out->text = std::string(Source(out->span));
  return true;
}

/// The unit after "5" or INTERVAL '5'; none means that the amount says it all.
bool Parser::ParseIntervalUnit(size_t start, std::string amount, Duration* out) {
  static const std::vector<std::string> kUnits = {"SECOND", "SECONDS", "MINUTE", "MINUTES", "HOUR", "HOURS", "DAYS",
                                                  "WEEK",   "WEEKS",   "MONTH",  "MONTHS",  "YEAR", "YEARS"};
  Duration unit;
  const bool says_unit = !amount.empty() && amount.back() != '.' && (amount.back() < '0' || amount.back() > '9');
  const auto at_unit = [&] {
    return Peek().kind == TokenKind::kWord && velo::sql::ParseDuration("1 " + Peek().text, &unit);
  };
  if (!says_unit && (at_unit() || (RepairWord("a unit such as MINUTE", kUnits) && at_unit()))) {
    amount += " " + Peek().text;
    tokens_[pos_].role = TokenRole::kKeyword;
    Advance();
  }
  if (velo::sql::ParseDuration(amount, out)) return true;
  const SourceSpan span = SpanSince(start);
  Report("E2206", span, fmt::format("not a length of time: {}", Source(span))).hint =
      "lengths of time look like 5m, 90 SECONDS or INTERVAL '5' MINUTE";
  return false;
}

bool Parser::ParseIntervalLiteral(Duration* out) {
  const size_t start = pos_;
  AcceptWord("INTERVAL");
  const bool negative = AtSymbol("-");
  if (negative) Advance();
  const Token amount = Peek();
  Advance();
  Duration unit;
  const bool has_unit = Peek().kind == TokenKind::kWord && velo::sql::ParseDuration("1 " + Peek().text, &unit);
  if (has_unit && AtWord("TO", 1)) {
    const std::string text = fmt::format("INTERVAL '{}' {} TO {}", amount.text, Peek().text, Peek(2).text);
    for (int i = 0; i < 3; ++i) Advance();
    if (!velo::sql::ParseDuration(text, out)) {
      Report("E2206", SpanSince(start), fmt::format("not a length of time: {}", Source(SpanSince(start)))).hint =
          "for example INTERVAL '1:30' HOUR TO MINUTE";
      return false;
    }
  } else {
    Duration alone;
    const bool bare_number =
        amount.text.find_first_not_of("0123456789.- ") == std::string::npos && !amount.text.empty();
    if (!has_unit && bare_number && amount.kind != TokenKind::kDuration) {
      Expected(fmt::format("a unit such as MINUTE after INTERVAL '{}'", amount.text)).hint =
          fmt::format("INTERVAL '{}' MINUTE", amount.text);
      return false;
    }
    if (!ParseIntervalUnit(start, amount.text, out)) return false;
  }
  if (negative) {
    out->milliseconds = -out->milliseconds;
    out->months = -out->months;
  }
  out->span = SpanSince(start);
  out->text = std::string(Source(out->span));
  return true;
}

bool Parser::ParseIntegerValue(int64_t* out, std::string_view what) {
  const size_t start = pos_;
  const bool negative = AcceptSymbol("-");
  if (!negative) AcceptSymbol("+");
  const Token& token = Peek();
  if (token.kind == TokenKind::kPlaceholder) {
    *out = 1;
    Advance();
    return true;
  }
  const auto result = std::from_chars(token.text.data(), token.text.data() + token.text.size(), *out);
  if (token.kind != TokenKind::kInteger || result.ec != std::errc()) {
    pos_ = start;
    Expected(what);
    return false;
  }
  if (negative) *out = -*out;
  Advance();
  return true;
}

bool Parser::ParseText(std::string* out, std::string_view what) {
  if (!AtText() && Peek().kind != TokenKind::kPlaceholder) {
    Expected(what);
    return false;
  }
  *out = Peek().text;
  Advance();
  return true;
}

bool Parser::ParseTypeChildren(TypeName* type) {
  const std::string close = AtSymbol("<") ? ">" : ")";
  Advance();
  const bool named = type->name == "STRUCT" || type->name == "ROW" || type->name == "RECORD";
  do {
    Identifier field;
    if (named && !ParseIdentifier(&field, "a field name")) return false;
    if (named) AcceptSymbol(":");
    TypeName child;
    if (!ParseType(&child)) return false;
    type->children.emplace_back(field.text, std::move(child));
  } while (AcceptSymbol(","));
  return ExpectSymbol(close, fmt::format("after the parts of {}", type->name));
}

bool Parser::ParseType(TypeName* type) {
  NestingGuard guard(this);
  if (guard.TooDeep()) return false;
  const size_t start = pos_;
  if (Peek().kind != TokenKind::kWord || Peek().reserved) {
    Expected("a type such as INTEGER, STRING or DECIMAL(12, 2)");
    return false;
  }
  type->name = UpperCase(Peek().text);
  tokens_[pos_].role = TokenRole::kType;
  Advance();
  for (const auto& [first, second] : {std::pair{"DOUBLE", "PRECISION"}, {"CHARACTER", "VARYING"}}) {
    if (type->name == first && AtWord(second)) {
      tokens_[pos_].role = TokenRole::kType;
      type->name += std::string(" ") + second;
      Advance();
    }
  }
  const bool nested = type->name == "ARRAY" || type->name == "MAP" || type->name == "STRUCT" || type->name == "ROW" ||
                      type->name == "RECORD" || type->name == "LIST";
  if (nested && (AtSymbol("<") || AtSymbol("("))) {
    if (!ParseTypeChildren(type)) return false;
  } else if (AcceptSymbol("(")) {
    do {
      int64_t argument = 0;
      if (AtText()) {
        Advance();  // ENUM('a', 'b'): the values are not checked, so they are not kept.
        continue;
      }
      if (!ParseIntegerValue(&argument, fmt::format("a whole number in {}(...)", type->name))) return false;
      type->arguments.push_back(argument);
    } while (AcceptSymbol(","));
    if (!ExpectSymbol(")", "after the type's size")) return false;
  }
  if (AtAnyWord({"WITH", "WITHOUT"}) && AtWord("TIME", 1) && AtWord("ZONE", 2)) {
    type->name += fmt::format(" {} TIME ZONE", UpperCase(Peek().text));
    for (int i = 0; i < 3; ++i) {
      tokens_[pos_].role = TokenRole::kType;
      Advance();
    }
  }
  type->span = SpanSince(start);
  while (AtSymbol("[") && AtSymbol("]", 1)) {
    Advance();
    Advance();
    TypeName array;
    array.name = "ARRAY";
    array.span = SpanSince(start);
    array.children.emplace_back("", std::move(*type));
    *type = std::move(array);
  }
  return true;
}

}  // namespace velo::sql
