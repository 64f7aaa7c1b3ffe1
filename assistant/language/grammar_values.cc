// Values in filters: "AAPL and MSFT", "EU or US", "only TSLA".
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/comparison.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

using sql::BinaryOperator;
using sql::ExpressionPtr;

bool AcceptText(Reader* reader, int field, std::string* text) {
  const ValueLink link = reader->value();
  if (link) {
    const ValueModel& value = reader->source.values[static_cast<size_t>(link.value)];
    if (value.field == field) {
      *text = value.text;
      reader->at += link.length;
      return true;
    }
    for (const ValueModel& other : reader->source.values) {
      if (other.field == field && other.joined == value.joined) {
        *text = other.text;
        reader->at += link.length;
        return true;
      }
    }
  }
  const Token& token = reader->token();
  if (token.kind == Token::Kind::kQuoted) {
    *text = token.text;
    ++reader->at;
    return true;
  }
  if (!token.is_word() || IsFiller(token.text)) return false;
  // A word that is typed like a value: capitals, or right after a comparison with a text column.
  *text = token.raw;
  ++reader->at;
  while (reader->token().glued && !reader->done()) {
    *text = std::string(reader->sentence.words.substr(reader->sentence.tokens[reader->at].begin - text->size() - 1,
                                                      text->size() + 1 + reader->token().raw.size()));
    ++reader->at;
  }
  return true;
}

ExpressionPtr MakeIn(std::string_view column, const std::vector<std::string>& values, bool negated) {
  if (values.size() == 1) {
    return BinaryNode(negated ? BinaryOperator::kNotEqual : BinaryOperator::kEqual, ColumnNode(column),
                      StringNode(values[0]));
  }
  auto list = std::make_unique<sql::InList>();
  list->negated = negated;
  list->operand = ColumnNode(column);
  for (const std::string& value : values) list->items.push_back(StringNode(value));
  return list;
}

bool AcceptListSign(Reader* reader) {
  size_t mark = reader->at;
  while (reader->IsSymbol(",") || reader->IsSymbol("/") || reader->IsSymbol("&") || reader->Match("and|or|nor") > 0)
    ++reader->at;
  return reader->at > mark;
}

bool AtTicker(const Reader& reader) {
  if (reader.done()) return false;
  const Token& token = reader.token();
  return token.is_word() && token.raw.size() >= 2 && token.raw.size() <= 5 && !reader.field() &&
         std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; });
}

bool ReadValueList(Reader* reader, bool negated, size_t from) {
  const ValueLink first = reader->value();
  if (!first) return false;
  int field = reader->source.values[static_cast<size_t>(first.value)].field;
  std::vector<std::string> values;
  auto at_own_value = [&] {
    const ValueLink link = reader->value();
    return link && reader->source.values[static_cast<size_t>(link.value)].field == field;
  };
  while (true) {
    const bool own = at_own_value();
    const std::string value =
        own ? reader->source.values[static_cast<size_t>(reader->value().value)].text : reader->token().raw;
    reader->at += own ? reader->value().length : 1;
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    const size_t mark = reader->at;
    const bool listed = AcceptListSign(reader);
    reader->SkipArticles();
    if (listed && (at_own_value() || AtTicker(*reader))) continue;
    reader->at = mark;
    break;
  }
  if (values.empty()) return false;
  // The column's own name may follow: "AAPL symbols only".
  if (reader->field() && reader->field().field == field) reader->at += reader->field().length;
  reader->Accept("only");
  Condition condition;
  condition.fields = {field};
  condition.expression = MakeIn(reader->name(field), values, negated);
  std::string shown;
  for (const std::string& value : values) shown += (shown.empty() ? "" : ", ") + value;
  reader->Understand(reader->Said(from, reader->at),
                     fmt::format("{} {} {}", reader->name(field), negated ? "is not" : "=", shown));
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// True when a column other than `known` holds values that the sample did not show.
static bool OtherColumnMayHold(const SourceModel& source, int known) {
  for (size_t i = 0; i < source.fields.size(); ++i) {
    const FieldModel& field = source.fields[i];
    if (static_cast<int>(i) == known || !field.is_text() || field.is_id() || field.is_time()) continue;
    auto shown = std::count_if(source.values.begin(), source.values.end(),
                               [&](const ValueModel& value) { return value.field == static_cast<int>(i); });
    if (field.distinct > shown || (field.distinct == 0 && shown == 0)) return true;
  }
  return false;
}

namespace {

/// "from the EU", "in DE": a place, where the source has a column of places.
int PlaceColumn(const Reader& reader) {
  size_t before = reader.at;
  while (before > 0 && reader.sentence.tokens[before - 1].text == "the") --before;
  if (before == 0) return -1;
  const std::string& lead = reader.sentence.tokens[before - 1].text;
  if (lead != "from" && lead != "in") return -1;
  return reader.source.FindRoles({"region", "country", "location"});
}

/// A place that no sample holds as such: asks which of the values is meant, "EU" being the beginning of "eu-central".
bool ReadPlace(Reader* reader, int place, bool negated, size_t from) {
  const Token token = reader->token();
  const bool code =
      token.is_word() && token.raw.size() >= 2 && token.raw.size() <= 5 &&
      std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; });
  if (!code || reader->field()) return false;
  const std::string name(reader->name(place));
  std::vector<std::string> values, near;
  for (const ValueModel& value : reader->source.values) {
    if (value.field != place) continue;
    values.push_back(value.text);
    if (value.joined.starts_with(token.text)) near.push_back(value.text);
  }
  ++reader->at;
  Condition condition;
  condition.fields = {place};
  std::string shown;
  if (!near.empty()) {
    condition.expression = MakeIn(name, near, negated);
    for (const std::string& value : near) shown += (shown.empty() ? "" : ", ") + value;
    reader->Assume("value " + token.raw, fmt::format("{} means {} {}", token.raw, name, shown));
  } else {
    condition.expression = MakeIn(name, {token.raw}, negated);
    for (size_t i = 0; i < values.size() && i < 6; ++i) shown += (shown.empty() ? ": seen are " : ", ") + values[i];
    reader->Assume("value", fmt::format("{} is a value of {}, though not in the sample{}", token.raw, name, shown));
  }
  // "the EU and US"
  const size_t mark = reader->at;
  if (AcceptListSign(reader)) {
    reader->SkipArticles();
    if (!reader->done() && ReadPlace(reader, place, negated, from)) {
      Condition other = std::move(reader->frame.conditions.back());
      reader->frame.conditions.pop_back();
      condition.expression = BinaryNode(negated ? BinaryOperator::kAnd : BinaryOperator::kOr,
                                        std::move(condition.expression), std::move(other.expression));
    } else {
      reader->at = mark;
    }
  }
  PushCondition(reader, std::move(condition), from);
  return true;
}

}  // namespace

bool ReadUnseenSymbols(Reader* reader, bool negated, size_t from) {
  if (const int place = PlaceColumn(*reader); place >= 0 && ReadPlace(reader, place, negated, from)) return true;
  int symbol = reader->source.FindRole("symbol");
  if (symbol < 0 || OtherColumnMayHold(reader->source, symbol)) return false;
  std::vector<std::string> values;
  while (true) {
    const Token& token = reader->token();
    bool ticker = token.is_word() && token.raw.size() >= 2 && token.raw.size() <= 5 &&
                  std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; });
    if (!ticker || reader->field() || InLexicon(token.text)) break;
    values.push_back(token.raw);
    ++reader->at;
    size_t mark = reader->at;
    if (!AcceptListSign(reader) || !reader->token().is_word()) {
      reader->at = mark;
      break;
    }
  }
  if (values.empty()) return false;
  Condition condition;
  condition.fields = {symbol};
  condition.expression = MakeIn(reader->name(symbol), values, negated);
  reader->Assume("value", fmt::format("{} is a value of {} (not in the sample)", values[0], reader->name(symbol)));
  PushCondition(reader, std::move(condition), from);
  return true;
}

void PushCondition(Reader* reader, Condition condition, size_t from) {
  condition.words = reader->Said(from, reader->at);
  reader->frame.conditions.push_back(std::move(condition));
}

}  // namespace velo::language
