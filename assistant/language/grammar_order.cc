// "sorted by price descending", "newest first", "first 20 rows".
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/ranking.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

/// "newest first"
bool ReadTimeOrder(Reader* reader) {
  size_t start = reader->at;
  if (reader->Accept("newest first|latest first|most recent first|oldest first|earliest first|in chronological "
                     "order|chronologically|by time|by date descending")) {
    std::string said = reader->Said(start, reader->at);
    int time = -1;
    for (size_t i = 0; i < reader->source.fields.size() && time < 0; ++i) {
      if (reader->source.fields[i].is_time()) time = static_cast<int>(i);
    }
    Ordering order;
    order.expression = ColumnNode(time >= 0 ? reader->name(time) : std::string_view("_timestamp"));
    order.descending = said.starts_with("newest") || said.starts_with("latest") || said.starts_with("most");
    order.words = said;
    reader->Understand(said, "ORDER BY time");
    reader->frame.order = std::move(order);
    return true;
  }
  reader->at = start;
  return false;
}

/// "cheapest first", "slowest first"
bool ReadSuperlativeFirst(Reader* reader) {
  size_t start = reader->at;
  if ((reader->word().ends_with("est") || reader->word() == "most") &&
      reader->IsWord("first", reader->IsWord("most") ? 2 : 1)) {
    size_t length = reader->IsWord("most") ? 3 : 2;
    std::string adjective(reader->word(length - 2));
    int field = ImpliedField(*reader, adjective);
    if (field >= 0) {
      reader->at += length;
      Ordering order;
      order.expression = ColumnNode(reader->name(field));
      order.descending = !MeansLowest(adjective);
      order.words = reader->Said(start, reader->at);
      reader->Understand(order.words, fmt::format("ORDER BY {}", reader->name(field)));
      reader->frame.order = std::move(order);
      return true;
    }
  }
  reader->at = start;
  return false;
}

/// "sorted by volume descending"
bool ReadSortedBy(Reader* reader) {
  size_t start = reader->at;
  if (reader->Accept("sorted by|sort by|sort it by|sort them by|sort on|sorted on|order by|order it by|ordered "
                     "by|order them by|rank by|ranked by|rank them by|ranking by|"
                     "sort descending by|sort ascending by|sort|ordering by|arranged by|arrange by|in order "
                     "of|starting with the")) {
    reader->SkipArticles();
    Operand operand;
    bool desc_first = reader->Accept("descending|decreasing|highest|largest");
    bool asc_first = !desc_first && reader->Accept("ascending|increasing|lowest|smallest");
    if (ReadOperand(reader, &operand)) {
      reader->IsSymbol(",") ? static_cast<void>(++reader->at) : static_cast<void>(0);
      reader->Accept("from|in");
      bool descending =
          desc_first || reader->Accept(
                            "descending order|descending|desc|decreasing|highest first|largest first|biggest "
                            "first|high to low|largest to smallest|highest to lowest|most first");
      bool ascending =
          asc_first ||
          (!descending && reader->Accept("ascending order|ascending|asc|increasing|lowest first|smallest first|low to "
                                         "high|smallest to largest|lowest to highest|alphabetically"));
      reader->Accept("order|first");
      bool figure = operand.measure || operand.as_measure != nullptr;
      std::string said = reader->Said(start, reader->at);
      reader->Understand(said, descending || (figure && !ascending) ? "ORDER BY … DESC" : "ORDER BY");
      // In a grouped query a bare column is ranked by its figure.
      SetOrder(reader, std::move(operand), descending || (figure && !ascending), said);
      return true;
    }
    reader->at = start;
  }
  reader->at = start;
  return false;
}

/// "descending", "highest first"
bool ReadDirection(Reader* reader) {
  size_t start = reader->at;
  if (reader->Accept("descending please|descending|desc|highest first|largest first|biggest first|ascending "
                     "please|ascending|asc|lowest first|smallest first")) {
    std::string said = reader->Said(start, reader->at);
    bool down =
        said.starts_with("desc") || said.starts_with("high") || said.starts_with("large") || said.starts_with("big");
    if (reader->frame.order) {
      reader->frame.order->descending = down;
    } else {
      Ordering order;
      order.words = said;
      order.descending = down;
      reader->frame.order = std::move(order);
    }
    return true;
  }
  reader->at = start;
  return false;
}

/// "limit 20", "only the first 20", "20 rows", "at most 5 results"
bool ReadLimit(Reader* reader) {
  size_t start = reader->at;
  int64_t count = 0;
  reader->Accept("only|just|show");
  reader->Accept("the");
  bool lead = reader->Accept("limit to|limit it to|limit|limited to|first|at most|max|up to|cap at|no more than");
  if (AcceptCount(reader, &count)) {
    bool noun = reader->Accept("rows|row|results|result|lines|records|entries|items");
    if (!noun && lead && reader->source_name() > 0) noun = true, reader->at += reader->source_name();
    if (lead || noun) {
      reader->frame.limit = count;
      reader->Understand(reader->Said(start, reader->at), fmt::format("LIMIT {}", count));
      return true;
    }
  }
  reader->at = start;
  return false;
}

}  // namespace

bool AcceptCount(Reader* reader, int64_t* count) {
  if (!reader->token().is_number() || reader->token().percent) return false;
  double value = reader->token().number;
  if (value < 1 || value > 1e9 || value != std::floor(value)) return false;
  *count = static_cast<int64_t>(value);
  ++reader->at;
  return true;
}

void SetOrder(Reader* reader, Operand operand, bool descending, std::string words) {
  Ordering order;
  order.descending = descending;
  order.words = std::move(words);
  if (operand.measure || operand.as_measure != nullptr) {
    order.alias = operand.measure ? operand.alias : operand.measure_alias;
    order.expression = operand.measure ? std::move(operand.expression) : std::move(operand.as_measure);
    bool known = false;
    for (const Measure& measure : reader->frame.measures) known = known || measure.alias == order.alias;
    if (reader->names != nullptr) {
      for (const QueryNames::Item& item : reader->names->items) known = known || item.alias == order.alias;
    }
    if (!known) {
      Measure measure;
      measure.alias = order.alias;
      measure.words = order.alias;
      measure.function = operand.function;
      measure.field = operand.field;
      measure.expression = std::move(order.expression);
      reader->frame.measures.push_back(std::move(measure));
    }
    order.expression = nullptr;
  } else {
    order.expression = std::move(operand.expression);
    if (operand.field >= 0) order.alias = "";
  }
  reader->frame.order = std::move(order);
}

int ImpliedField(const Reader& reader, std::string_view word) {
  if (word == "slowest" || word == "fastest" || word == "quickest") return reader.source.FindRole("latency_ms");
  if (word == "cheapest" || word == "expensive" || word == "priciest") return reader.source.FindRole("price");
  if (word == "hottest" || word == "coldest") {
    if (int field = reader.source.FindRoles({"temperature", "value"}); field >= 0) return field;
  }
  return FieldOfQuality(reader.source, word);
}

bool MeansLowest(std::string_view superlative) {
  static constexpr std::array<std::string_view, 7> kLowest = {"cheapest", "coldest",  "fastest", "quickest",
                                                              "shortest", "lightest", "youngest"};
  return std::find(kLowest.begin(), kLowest.end(), superlative) != kLowest.end();
}

bool ReadOrder(Reader* reader) {
  return ReadTimeOrder(reader) || ReadSuperlativeFirst(reader) || ReadSortedBy(reader) || ReadDirection(reader) ||
         ReadLimit(reader);
}

}  // namespace velo::language
