// "upper-case symbols", "price rounded to 2 digits", "just the ids": columns worked out from one column.
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

constexpr std::string_view kUpper =
    "in upper case|in uppercase|in capitals|upper case|upper cased|uppercase|capitalised|capitalized";
constexpr std::string_view kLower = "in lower case|in lowercase|lower case|lower cased|lowercase";

void Push(Reader* reader, std::string_view function, std::string_view prefix, int field, sql::ExpressionPtr extra,
          size_t from) {
  std::vector<sql::ExpressionPtr> arguments;
  arguments.push_back(ColumnNode(reader->name(field)));
  if (extra != nullptr) arguments.push_back(std::move(extra));
  Projection projection;
  projection.expression = CallNode(function, std::move(arguments));
  projection.alias = fmt::format("{}_{}", prefix, reader->name(field));
  projection.words = reader->Said(from, reader->at);
  projection.field = field;
  projection.position = from;
  reader->Understand(projection.words, fmt::format("{}({})", function, reader->name(field)));
  reader->frame.projections.push_back(std::move(projection));
}

bool ReadCase(Reader* reader) {
  const size_t start = reader->at;
  for (const auto& [words, function, prefix] :
       {std::tuple{kUpper, "UPPER", "upper"}, std::tuple{kLower, "LOWER", "lower"}}) {
    reader->at = start;
    bool before = reader->Accept(words);
    if (before) reader->SkipArticles();
    const FieldLink link = reader->done() ? FieldLink() : reader->field();
    if (!link || !reader->model(link.field).is_text()) continue;
    reader->at += link.length;
    reader->Accept("column|values|value");
    if (!before && !reader->Accept(words)) continue;
    Push(reader, function, prefix, link.field, nullptr, start);
    return true;
  }
  reader->at = start;
  return false;
}

/// "price rounded to 2 digits", "round the price to 2 decimals", "rounded price"
bool ReadRounded(Reader* reader) {
  const size_t start = reader->at;
  const bool before = reader->Accept("rounded|round");
  if (before) reader->SkipArticles();
  const FieldLink link = reader->done() ? FieldLink() : reader->field();
  const bool fits = link && reader->model(link.field).is_numeric();
  if (fits) reader->at += link.length;
  if (!fits || (!before && !reader->Accept("rounded off|rounded|round"))) {
    reader->at = start;
    return false;
  }
  std::string digits = "0";
  if (reader->Accept("to|with|at|by")) {
    reader->Accept("the nearest");
    if (reader->token().is_number() && reader->token().number < 10) {
      digits = reader->token().digits;
      ++reader->at;
    }
    reader->Accept(
        "decimal places|decimal digits|decimals|decimal|digits|digit|places|whole numbers|whole number|integer");
  }
  Push(reader, "ROUND", "rounded", link.field, NumberNode(digits), start);
  return true;
}

/// "just the ids"
bool ReadIds(Reader* reader) {
  const size_t start = reader->at;
  reader->Accept("show me|show|list|give me");
  const bool only = reader->Accept("just|only");
  reader->SkipArticles();
  if (!only || !(reader->Accept("ids") || reader->Accept("identifiers"))) {
    reader->at = start;
    return false;
  }
  for (bool own : {true, false}) {
    bool found = false;
    for (size_t i = 0; i < reader->source.fields.size(); ++i) {
      const FieldModel& field = reader->source.fields[i];
      const bool fits = own ? field.joined == reader->source.singular + "id" || field.joined == "id" : field.is_id();
      if (!fits) continue;
      reader->frame.projections.push_back({ColumnNode(field.name), "", "ids", static_cast<int>(i), start});
      found = true;
    }
    if (found) {
      reader->Understand(reader->Said(start, reader->at), "ids");
      return true;
    }
  }
  reader->at = start;
  return false;
}

}  // namespace

bool ReadComputed(Reader* reader) { return ReadIds(reader) || ReadRounded(reader) || ReadCase(reader); }

}  // namespace velo::language
