// "per symbol", "by exchange and side", "unique users", "label trades small, medium or large".
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
  static constexpr std::array<Part, 3> kParts = {{{"month|monthly", "month"}, {"year|yearly|annual|annually", "year"}, {"quarter|quarterly", "quarter"}}};
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
      expression = CallNode("YEAR", ColumnNode(reader->name(time)));
    } else {
      arguments.push_back(StringNode(part.unit));
      arguments.push_back(ColumnNode(reader->name(time)));
      expression = CallNode("DATE_TRUNC", std::move(arguments));
    }
    reader->Understand("per " + std::string(part.unit), fmt::format("GROUP BY the {} of {}", part.unit, reader->name(time)));
    reader->frame.keys.push_back({std::move(expression), std::string(part.unit), reader->Said(start, reader->at), -1});
    return true;
  }
  return false;
}

}  // namespace

bool ReadGroup(Reader* reader) {
  size_t start = reader->at;
  if (reader->Accept("overall no grouping|no grouping|without grouping|ungrouped|not grouped|in total|overall")) {
    reader->frame.ungroup = true;
    return true;
  }
  if (reader->Match("monthly|yearly|annually|quarterly") > 0 && ReadCalendarKey(reader)) return true;
  bool strong = reader->Accept(
      "grouped by also|group by also|also grouped by|also group by|group them by|group it by|grouped by|group by|grouping by|broken down by|break it down by|break down by|break that down by|breakdown by|"
      "split it by|split up by|split by|separately for each|separately for every|separated by|segmented by|partitioned by|bucketed by|aggregated by|aggregate by|categorized by|"
      "for each of the|for each|for every|in each|in every|at each|on each|from each|across all|across|within each|per each|per|each|every|does each|does every|do each|for all|for different|for the different|"
      "also by|and by|as well as by|by each|by every|by all|by both|by the|by");
  bool slash = !strong && reader->IsSymbol("/");
  if (slash) ++reader->at;
  if (!strong && !slash) return false;
  std::string_view lead = reader->sentence.tokens[start].text;
  reader->SkipArticles();
  reader->Accept("different|individual|single|distinct|unique|type of|kind of|also");
  bool grouped = false;
  while (true) {
    size_t mark = reader->at;
    if (ReadCalendarKey(reader)) {
      grouped = true;
    } else {
      // "each trade", "for every order" are about rows.
      size_t noun = reader->source_name();
      const FieldLink link = reader->field();
      if (!link || (noun > 0 && link.score < 0.9)) {
        if (!grouped && noun > 0 && !link) {
          reader->at += noun;
          reader->named_source = true;
          return lead == "each" || lead == "every" || lead == "per" || lead == "for" ? true : (reader->at = start, false);
        }
        reader->at = mark;
        break;
      }
      // "by volume" after a ranking is an order, and "by average price" a figure.
      if (StartsMeasure(*reader) && link.score < 0.97) {
        reader->at = mark;
        break;
      }
      int field = -1;
      size_t said = reader->at;
      if (noun > 0 && reader->field(noun)) reader->at += noun;
      reader->AcceptField(&field);
      PushKey(reader, field, reader->Said(said, reader->at));
      reader->Accept("column|field|too|as well|also");
      grouped = true;
    }
    size_t next = reader->at;
    bool sign = false;
    while (reader->IsSymbol(",") || reader->IsSymbol("&") || reader->IsSymbol("/") || reader->IsSymbol("+") || reader->Match("and also by|and by|and per|and for each|and|also by") > 0) {
      if (!reader->Accept("and also by|and by|and per|and for each|and|also by")) ++reader->at;
      sign = true;
    }
    if (sign) reader->Accept("the|each|per|by");
    bool figure = StartsMeasure(*reader) && !(reader->field() && reader->field().score >= 0.97);
    bool unit = UnitMilliseconds(reader->word()) > 0 && !reader->field();
    bool numeric = reader->field() && reader->model(reader->field().field).is_numeric() && !reader->model(reader->field().field).is_id();
    if (!sign || figure || unit || (numeric && reader->model(reader->field().field).type != TypeKind::kInteger) || !reader->field()) {
      reader->at = next;
      break;
    }
  }
  if (grouped) return true;
  // A word used as a column that is not there: "per foo".
  const Token& token = reader->token();
  bool calls_for_column = lead == "per" || lead == "by" || lead == "grouped" || lead == "group" || lead == "broken" || lead == "split" ||
                          ((lead == "each" || lead == "for") && strong && reader->at - start > 1);
  if (calls_for_column && token.is_word() && !IsGrammarWord(token.text) && !IsRecordNoun(token.stem) && !reader->value() &&
      reader->source_name() == 0) {
    reader->frame.unknown_field = token.raw;
    ++reader->at;
    return true;
  }
  reader->at = start;
  return false;
}

bool ReadDistinct(Reader* reader) {
  size_t start = reader->at;
  bool cardinality = reader->Accept("cardinality of|how many different|how many distinct|how many unique|number of different|number of distinct|number of unique|count of unique|count of distinct|count distinct|count unique|count different");
  bool active = !cardinality && reader->Accept("daily active|monthly active|weekly active|hourly active|active");
  bool plain = !cardinality && !active && reader->Accept("distinct|unique|different|list all|list every|all the different|all different|all distinct|all possible|list the|what are the possible|which different|what are all the|what are the|list");
  std::string said = reader->Said(start, reader->at);
  if (!cardinality && !active && !plain) return false;
  reader->Accept("the|values of|value of|of|number of|all|different|distinct|unique");
  reader->Accept("the|values of|of");
  const FieldLink link = reader->field();
  bool listing = said.starts_with("list") || said.starts_with("what") || said.starts_with("all") || said.starts_with("which");
  size_t rest = link ? reader->at + link.length : 0;
  // "list symbol, price and …" is a projection; a list of values is about one column in the plural.
  bool plural = link && reader->sentence.tokens[rest - 1].is_word() && reader->sentence.tokens[rest - 1].text != reader->sentence.tokens[rest - 1].stem;
  bool more = rest < reader->size() && (reader->sentence.tokens[rest].text == "," || reader->sentence.tokens[rest].text == "and");
  bool numeric = link && reader->model(link.field).is_numeric();
  if (!link || (listing && (!plural || more || numeric)) || (active && !reader->model(link.field).is_id())) {
    reader->at = start;
    return false;
  }
  int field = -1;
  reader->AcceptField(&field);
  reader->Accept("values|value|there are|are there");
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

bool ReadBuckets(Reader* reader) {
  size_t start = reader->at;
  bool into = false;
  for (const Token& token : reader->sentence.tokens) into = into || token.text == "into";
  if (!reader->Accept("label|bucket|categorise|categorize|classify|mark|tag|bin|band") && !(into && reader->Accept("group|split|divide|sort"))) return false;
  BucketFrame buckets;
  // What is labelled: a column, or the rows by their main figure.
  size_t noun = 0;
  for (size_t guard = 0; guard < 6 && !reader->done(); ++guard) {
    reader->SkipArticles();
    if (size_t name = reader->source_name(); name > 0 && !(reader->field() && reader->field().length > name)) {
      reader->at += name;
      reader->named_source = true;
      ++noun;
      continue;
    }
    const FieldLink link = reader->field();
    if (link && reader->model(link.field).is_numeric()) {
      reader->AcceptField(&buckets.field);
      continue;
    }
    if (!reader->Accept("by|on|their|each|into|in|as")) break;
    if (reader->sentence.tokens[reader->at - 1].text == "into" || reader->sentence.tokens[reader->at - 1].text == "as") break;
  }
  reader->Accept("into|as|being|either");
  // "orders over 100 as big"
  static constexpr std::string_view kOver = "over|above|more than|greater than|larger than|of more than|exceeding|higher than|with more than|at least";
  auto number_then_label = [&]() {
    if (!reader->Accept(kOver) || !reader->token().has_number) return false;
    std::string digits = reader->token().digits;
    ++reader->at;
    reader->Accept("dollars|shares|degrees|ms");
    if (!reader->Accept("as|to be") || !reader->token().is_word()) return false;
    buckets.limits = {digits};
    buckets.labels = {"other", reader->token().text};
    ++reader->at;
    if (reader->Accept("and|otherwise|or|else")) {
      reader->Accept("the|rest|others|as|everything else|otherwise");
      reader->Accept("as");
      if (reader->token().is_word()) buckets.labels[0] = reader->token().text, ++reader->at;
    }
    return true;
  };
  size_t mark = reader->at;
  if (!number_then_label()) {
    reader->at = mark;
    while (reader->token().is_word() || reader->token().kind == Token::Kind::kQuoted) {
      if (reader->Match("by|based|with|depending|using|where|per|when") > 0) break;
      if (reader->Accept("and|or")) continue;
      buckets.labels.push_back(reader->token().text);
      ++reader->at;
      if (reader->IsSymbol("(")) {
        while (!reader->done() && !reader->IsSymbol(")")) {
          if (reader->token().has_number) buckets.limits.push_back(reader->token().digits);
          ++reader->at;
        }
        ++reader->at;
      }
      if (reader->IsSymbol(",")) ++reader->at;
    }
    if (reader->Accept("by|based on|depending on|using|by their|on")) {
      reader->SkipArticles();
      if (reader->field()) reader->AcceptField(&buckets.field);
    }
    if (reader->Accept("with thresholds|at|with limits|with cut offs|split at|thresholds|with a threshold of|with threshold")) {
      while (reader->token().has_number) {
        buckets.limits.push_back(reader->token().digits);
        ++reader->at;
        while (reader->IsSymbol(",") || reader->IsWord("and")) ++reader->at;
      }
    }
  }
  if (buckets.field < 0) buckets.field = reader->source.FindRoles({"amount", "quantity", "latency_ms", "value", "price"});
  if (buckets.labels.size() < 2 || buckets.labels.size() > 6 || buckets.field < 0) {
    reader->at = start;
    return false;
  }
  // Words go from low to high; "large, medium, small" is turned round.
  static constexpr std::array<std::string_view, 6> kLowWords = {"small", "low", "fast", "cold", "cheap", "short"};
  bool low_last = std::find(kLowWords.begin(), kLowWords.end(), buckets.labels.back()) != kLowWords.end();
  if (low_last && buckets.limits.empty()) std::reverse(buckets.labels.begin(), buckets.labels.end());
  buckets.alias = "label";
  for (const FieldModel& field : reader->source.fields) {
    if (field.name == buckets.alias) buckets.alias = "band";
  }
  buckets.words = reader->Said(start, reader->at);
  reader->Understand(buckets.words, fmt::format("CASE over {}", reader->name(buckets.field)));
  reader->frame.buckets = std::move(buckets);
  return true;
}

}  // namespace velo::language
