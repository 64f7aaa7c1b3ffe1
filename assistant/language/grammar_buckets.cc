// "label trades small, medium or large", "mark orders over 100 as big".
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/reader.h"

namespace velo::language {

namespace {

/// "label", "bucket", and "split … into".
bool AcceptVerb(Reader* reader) {
  bool into = std::any_of(reader->sentence.tokens.begin(), reader->sentence.tokens.end(),
                          [](const Token& token) { return token.text == "into"; });
  return reader->Accept("label|bucket|categorise|categorize|classify|mark|tag|bin|band") ||
         (into && reader->Accept("group|split|divide|sort"));
}

/// What is labelled: a column, or the rows by their main figure.
void ReadSubject(Reader* reader, BucketFrame* buckets) {
  for (size_t guard = 0; guard < 6 && !reader->done(); ++guard) {
    reader->SkipArticles();
    const FieldLink link = reader->field();
    if (size_t name = reader->source_name(); name > 0 && !(link && link.length > name)) {
      reader->at += name;
      reader->named_source = true;
    } else if (link && reader->model(link.field).is_numeric()) {
      reader->AcceptField(&buckets->field);
    } else if (reader->Accept("into|as")) {
      break;
    } else if (!reader->Accept("by|on|their|each|in")) {
      break;
    }
  }
  reader->Accept("into|as|being|either");
}

/// "over 100 as big", "above 80 as hot and the rest as cold"
bool ReadLimitFirst(Reader* reader, BucketFrame* buckets) {
  size_t start = reader->at;
  bool over = reader->Accept(
      "over|above|more than|greater than|larger than|of more than|exceeding|higher than|with more than|at least");
  if (over && reader->token().has_number) {
    std::string digits = reader->token().digits;
    ++reader->at;
    reader->Accept("dollars|shares|degrees|ms");
    if (reader->Accept("as|to be") && reader->token().is_word()) {
      buckets->limits = {digits};
      buckets->labels = {"other", reader->token().text};
      ++reader->at;
      if (reader->Accept("and|otherwise|or|else")) {
        reader->Accept("the|rest|others|as|everything else|otherwise");
        reader->Accept("as");
        if (reader->token().is_word()) {
          buckets->labels[0] = reader->token().text;
          ++reader->at;
        }
      }
      return true;
    }
  }
  reader->at = start;
  return false;
}

/// "small, medium (100) and large", "… by quantity", "… at 10 and 50"
void ReadLabels(Reader* reader, BucketFrame* buckets) {
  while (reader->token().is_word() || reader->token().kind == Token::Kind::kQuoted) {
    if (reader->Match("by|based|with|depending|using|where|per|when|at|split|thresholds") > 0) break;
    if (reader->Accept("and|or")) continue;
    buckets->labels.push_back(reader->token().text);
    ++reader->at;
    if (reader->IsSymbol("(")) {
      while (!reader->done() && !reader->IsSymbol(")")) {
        if (reader->token().has_number) buckets->limits.push_back(reader->token().digits);
        ++reader->at;
      }
      ++reader->at;
    }
    if (reader->IsSymbol(",")) ++reader->at;
  }
  if (reader->Accept("by|based on|depending on|using|by their|on")) {
    reader->SkipArticles();
    reader->AcceptField(&buckets->field);
  }
  if (!reader->Accept(
          "with thresholds|at|with limits|with cut offs|split at|thresholds|with a threshold of|with threshold"))
    return;
  while (reader->token().has_number) {
    buckets->limits.push_back(reader->token().digits);
    ++reader->at;
    while (reader->IsSymbol(",") || reader->IsWord("and")) ++reader->at;
  }
}

}  // namespace

namespace {

/// "set status to hot when temperature > 80"
bool ReadSet(Reader* reader) {
  const size_t start = reader->at;
  const auto refuse = [&] {
    reader->at = start;
    return false;
  };
  if (!reader->Accept("set")) return false;
  reader->SkipArticles();
  if (!reader->token().is_word()) return refuse();
  const std::string alias = reader->token().text;
  ++reader->at;
  if (!reader->Accept("to|as|=") || reader->done()) return refuse();
  BucketFrame buckets;
  const Token& label = reader->token();
  if (!label.is_word() && label.kind != Token::Kind::kQuoted) return refuse();
  buckets.labels = {"other", label.text};
  ++reader->at;
  if (!reader->Accept("when the|when|if the|if|where the|where|for")) return refuse();
  if (!reader->field() || !reader->model(reader->field().field).is_numeric()) return refuse();
  reader->AcceptField(&buckets.field);
  const bool over =
      reader->Accept("is above|is over|is more than|is greater than|above|over|exceeds|greater than|more than|>");
  const bool sign = !over && reader->IsSymbol(">");
  if (sign) ++reader->at;
  if ((!over && !sign) || !reader->token().has_number) return refuse();
  buckets.limits = {reader->token().digits};
  ++reader->at;
  if (reader->Accept("else|otherwise")) {
    reader->Accept("to");
    if (reader->token().is_word()) buckets.labels[0] = reader->token().text, ++reader->at;
  }
  const bool taken = std::any_of(reader->source.fields.begin(), reader->source.fields.end(),
                                 [&](const FieldModel& field) { return field.name == alias; });
  buckets.alias = taken ? "new_" + alias : alias;
  buckets.words = reader->Said(start, reader->at);
  reader->Understand(buckets.words, fmt::format("CASE over {}", reader->name(buckets.field)));
  reader->frame.buckets = std::move(buckets);
  return true;
}

}  // namespace

bool ReadBuckets(Reader* reader) {
  if (ReadSet(reader)) return true;
  size_t start = reader->at;
  if (!AcceptVerb(reader)) return false;
  BucketFrame buckets;
  ReadSubject(reader, &buckets);
  if (!ReadLimitFirst(reader, &buckets)) ReadLabels(reader, &buckets);
  if (buckets.field < 0)
    buckets.field = reader->source.FindRoles({"amount", "quantity", "latency_ms", "value", "price"});
  if (buckets.labels.size() < 2 || buckets.labels.size() > 6 || buckets.field < 0) {
    reader->at = start;
    return false;
  }
  // Words go from low to high; "large, medium, small" is turned round.
  static constexpr std::array<std::string_view, 6> kLowWords = {"small", "low", "fast", "cold", "cheap", "short"};
  bool low_last = std::find(kLowWords.begin(), kLowWords.end(), buckets.labels.back()) != kLowWords.end();
  if (low_last && buckets.limits.empty()) std::reverse(buckets.labels.begin(), buckets.labels.end());
  bool taken = std::any_of(reader->source.fields.begin(), reader->source.fields.end(),
                           [](const FieldModel& field) { return field.name == "label"; });
  buckets.alias = taken ? "band" : "label";
  buckets.words = reader->Said(start, reader->at);
  reader->Understand(buckets.words, fmt::format("CASE over {}", reader->name(buckets.field)));
  reader->frame.buckets = std::move(buckets);
  return true;
}

}  // namespace velo::language
