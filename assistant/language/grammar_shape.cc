// "per symbol", "by exchange and side", "unique users".
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

void PushKey(Reader* reader, int field, std::string words) {
  for (const GroupKey& key : reader->frame.keys) {
    if (key.field == field && key.alias.empty()) return;
  }
  reader->frame.keys.push_back({ColumnNode(reader->name(field)), "", words, field});
  reader->Understand("per " + words, fmt::format("GROUP BY {}", reader->name(field)));
}

/// "by month", "per year" over a column of dates: calendar parts rather than windows of a fixed length.
bool ReadCalendarKey(Reader* reader) {
  struct Part {
    std::string_view words, unit;
  };
  static constexpr std::array<Part, 3> kParts = {
      {{"month|monthly", "month"}, {"year|yearly|annual|annually", "year"}, {"quarter|quarterly", "quarter"}}};
  if (reader->field() && reader->field().score >= 0.98) return false;
  int time = -1;
  for (size_t i = 0; i < reader->source.fields.size() && time < 0; ++i) {
    if (reader->source.fields[i].is_time()) time = static_cast<int>(i);
  }
  if (time < 0) return false;
  for (const Part& part : kParts) {
    size_t start = reader->at;
    if (!reader->Accept(part.words)) continue;
    std::vector<sql::ExpressionPtr> arguments;
    sql::ExpressionPtr expression;
    if (part.unit == "year") {
      expression = CallNode("YEAR", TimeExpression(reader->model(time)));
    } else {
      arguments.push_back(StringNode(part.unit));
      arguments.push_back(TimeExpression(reader->model(time)));
      expression = CallNode("DATE_TRUNC", std::move(arguments));
    }
    reader->Understand("per " + std::string(part.unit),
                       fmt::format("GROUP BY the {} of {}", part.unit, reader->name(time)));
    reader->frame.keys.push_back({std::move(expression), std::string(part.unit), reader->Said(start, reader->at), -1});
    return true;
  }
  return false;
}

/// Takes the words that announce groups: "per", "for each", "broken down by".
bool AcceptGroupWords(Reader* reader) {
  if (reader->Accept(
          "grouped by also|group by also|also grouped by|also group by|group them by|group it by|grouped by|group "
          "by|grouping by|broken down by|break it down by|break down by|break that down by|breakdown by|"
          "split it by|split up by|split by|separately for each|separately for every|separated by|segmented "
          "by|partitioned by|bucketed by|aggregated by|aggregate by|categorized by|"
          "for each of the|for each|for every|in each|in every|at each|on each|from each|across all|across|within "
          "each|per each|per|each|every|does each|does every|do each|for all|for different|for the different|"
          "also by|and by|as well as by|by each|by every|by all|by both|by the|by")) {
    return true;
  }
  if (!reader->IsSymbol("/")) return false;
  ++reader->at;
  return true;
}

/// Takes one key: a calendar part or a column.
bool AcceptKey(Reader* reader) {
  if (ReadCalendarKey(reader)) return true;
  size_t noun = reader->source_name();
  const FieldLink link = reader->field();
  if (!link || (noun > 0 && link.score < 0.9)) return false;
  // "by volume" after a ranking is an order, and "by average price" a figure.
  if (StartsMeasure(*reader) && link.score < 0.97) return false;
  int field = -1;
  size_t said = reader->at;
  if (noun > 0 && reader->field(noun)) reader->at += noun;
  reader->AcceptField(&field);
  PushKey(reader, field, reader->Said(said, reader->at));
  reader->Accept("column|field|too|as well|also");
  return true;
}

/// Takes ", and by" between two keys; leaves the cursor when what follows is no key.
bool AcceptKeySign(Reader* reader) {
  size_t start = reader->at;
  bool sign = false;
  while (true) {
    if (reader->Accept("and also by|and by|and per|and for each|and|also by")) {
      sign = true;
    } else if (reader->IsSymbol(",") || reader->IsSymbol("&") || reader->IsSymbol("/") || reader->IsSymbol("+")) {
      ++reader->at;
      sign = true;
    } else {
      break;
    }
  }
  if (sign) reader->Accept("the|each|per|by");
  const FieldLink link = reader->field();
  bool figure = StartsMeasure(*reader) && !(link && link.score >= 0.97);
  // Fractions are no groups: "by symbol and price" asks for the price.
  bool fraction = link && reader->model(link.field).is_numeric() && !reader->model(link.field).is_id() &&
                  reader->model(link.field).type != TypeKind::kInteger;
  if (sign && link && !figure && !fraction) return true;
  reader->at = start;
  return false;
}

/// "per foo": a word used as a column that is not there.
bool ReadUnknownKey(Reader* reader, std::string_view lead, bool several_words) {
  const Token& token = reader->token();
  bool calls_for_column = lead == "per" || lead == "by" || lead == "grouped" || lead == "group" || lead == "broken" ||
                          lead == "split" || ((lead == "each" || lead == "for") && several_words);
  bool known = !token.is_word() || IsGrammarWord(token.text) || IsRecordNoun(token.stem) || reader->value() ||
               reader->source_name() > 0;
  if (!calls_for_column || known) return false;
  reader->frame.unknown_field = token.raw;
  ++reader->at;
  return true;
}

}  // namespace

bool ReadGroup(Reader* reader) {
  size_t start = reader->at;
  if (reader->Accept("overall no grouping|no grouping|without grouping|ungrouped|not grouped|in total|overall")) {
    reader->frame.ungroup = true;
    return true;
  }
  if (reader->Match("monthly|yearly|annually|quarterly") > 0 && ReadCalendarKey(reader)) return true;
  if (!AcceptGroupWords(reader)) return false;
  std::string_view lead = reader->sentence.tokens[start].text;
  bool several_words = reader->at - start > 1;
  reader->SkipArticles();
  reader->Accept("different|individual|single|distinct|unique|type of|kind of|also");
  if (reader->Match("number of|amount of|count of") > 0 && reader->field(2) && reader->field(2).score > 0.9)
    reader->at += 2;
  if (AcceptKey(reader)) {
    while (AcceptKeySign(reader)) {
      size_t mark = reader->at;
      if (AcceptKey(reader)) continue;
      reader->at = mark;
      break;
    }
    return true;
  }
  // "each trade", "for every order" are about rows.
  size_t noun = reader->source_name();
  if (noun > 0 && !reader->field() && (lead == "each" || lead == "every" || lead == "per" || lead == "for")) {
    reader->at += noun;
    reader->named_source = true;
    return true;
  }
  if (ReadUnknownKey(reader, lead, several_words)) return true;
  reader->at = start;
  return false;
}

bool ReadDistinct(Reader* reader) {
  size_t start = reader->at;
  bool cardinality = reader->Accept(
      "cardinality of|how many different|how many distinct|how many unique|number of different|number of "
      "distinct|number of unique|count of unique|count of distinct|count distinct|count unique|count different");
  bool active = !cardinality && reader->Accept("daily active|monthly active|weekly active|hourly active|active");
  bool plain = !cardinality && !active &&
               reader->Accept(
                   "distinct|unique|different|list all|list every|all the different|all different|all distinct|all "
                   "possible|list the|what kinds of|what types of|which kinds of|which types of|kinds of|types of|what "
                   "are the possible|which different|what are all the|what are the|list|which|what");
  bool kinds = reader->at > start && reader->IsWord("of", static_cast<size_t>(-1));
  std::string said = reader->Said(start, reader->at);
  if (!cardinality && !active && !plain) return false;
  reader->Accept("the|values of|value of|of|number of|all|different|distinct|unique");
  reader->Accept("the|values of|of");
  const FieldLink link = reader->field();
  bool listing = kinds || said.starts_with("list") || said.starts_with("what") || said.starts_with("all") ||
                 said.starts_with("which");
  size_t rest = link ? reader->at + link.length : 0;
  // "list symbol, price and …" is a projection; a list of values is about one column in the plural.
  bool plural = link && reader->sentence.tokens[rest - 1].is_word() &&
                reader->sentence.tokens[rest - 1].text != reader->sentence.tokens[rest - 1].stem;
  bool more = rest < reader->size() &&
              (reader->sentence.tokens[rest].text == "," || reader->sentence.tokens[rest].text == "and");
  bool numeric = link && reader->model(link.field).is_numeric();
  if (!link || (listing && ((!plural && !kinds) || more || numeric)) ||
      (active && !reader->model(link.field).is_id())) {
    reader->at = start;
    return false;
  }
  // "which symbols have …" goes on; only "which symbols are there" asks for the list.
  if (said == "which" || said == "what" || kinds) {
    for (size_t i = rest; i < reader->size(); ++i) {
      const Token& token = reader->sentence.tokens[i];
      bool harmless =
          token.is_word() && (IsFiller(token.text) || token.text == "exist" || token.text == "occur" ||
                              token.text == "appear" || token.text == "available" || token.text == "possible");
      if (!harmless && !(LinkSourceName(reader->source, reader->sentence.tokens, i) > 0)) {
        reader->at = start;
        return false;
      }
    }
  }
  int field = -1;
  reader->AcceptField(&field);
  reader->Accept("values|value|there are|are there|exist|exists|appear");
  if (active && said.starts_with("daily")) {
    reader->frame.window = WindowFrame{sql::WindowKind::kTumbling, 86'400'000, 0, "daily", false, false};
  }
  if (active && said.starts_with("weekly")) {
    reader->frame.window = WindowFrame{sql::WindowKind::kTumbling, 7 * 86'400'000, 0, "weekly", false, false};
  }
  if (active && said.starts_with("hourly")) {
    reader->frame.window = WindowFrame{sql::WindowKind::kTumbling, 3'600'000, 0, "hourly", false, false};
  }
  reader->frame.distinct_counted = reader->frame.distinct_counted || cardinality || active;
  reader->frame.list_values = reader->frame.list_values || listing;
  reader->frame.distinct_fields.push_back(field);
  reader->Understand(reader->Said(start, reader->at), fmt::format("distinct {}", reader->name(field)));
  return true;
}

}  // namespace velo::language
