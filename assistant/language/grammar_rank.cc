// "top 10 symbols by volume", "sorted by price descending", "first 20 rows".
#include <cmath>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

constexpr int64_t kDefaultTop = 10;

bool AcceptCount(Reader* reader, int64_t* count) {
  if (!reader->token().is_number() || reader->token().percent) return false;
  double value = reader->token().number;
  if (value < 1 || value > 1e9 || value != std::floor(value)) return false;
  *count = static_cast<int64_t>(value);
  ++reader->at;
  return true;
}

constexpr std::string_view kHigh =
    "top|best|biggest|largest|highest|greatest|most active|busiest|most popular|most frequent|most common|most "
    "expensive|hottest|"
    "heaviest|strongest|leading|longest|richest|hardest working|best selling|top selling|priciest|fastest growing";
constexpr std::string_view kLow =
    "bottom|worst|lowest|smallest|least active|least "
    "popular|cheapest|fewest|least|coldest|weakest|shortest|rarest|least common";
constexpr std::string_view kSlow = "slowest";
constexpr std::string_view kFast = "fastest|quickest";

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

/// Words that say by what without naming it: slowest -> latency, cheapest -> price.
int ImpliedField(const Reader& reader, std::string_view word) {
  if (word == "slowest" || word == "fastest" || word == "quickest") return reader.source.FindRole("latency_ms");
  if (word == "cheapest" || word == "expensive" || word == "priciest") return reader.source.FindRole("price");
  if (word == "hottest" || word == "coldest") {
    if (int field = reader.source.FindRoles({"temperature", "value"}); field >= 0) return field;
  }
  return FieldOfQuality(reader.source, word);
}

/// After the ranked thing: "by volume", "by average price", "in terms of revenue", "with the most orders".
bool AcceptRankedBy(Reader* reader, Operand* operand) {
  size_t start = reader->at;
  if (reader->Accept(
          "by|in terms of|ranked by|according to|on|measured by|based on|for|when it comes to|with the highest|with "
          "the most|"
          "with most|with highest|with the largest|with the lowest|with the fewest|with lowest|having the most|in")) {
    reader->SkipArticles();
    if (reader->Accept("count|number|frequency|occurrences|number of rows|row count")) {
      reader->Accept("of");
      if (reader->source_name() > 0) reader->at += reader->source_name();
      Measure count = MakeCount(*reader);
      operand->alias = count.alias;
      operand->expression = std::move(count.expression);
      operand->measure = true;
      operand->function = Aggregate::kCount;
      return true;
    }
    if (reader->source_name() > 0 && !reader->field(reader->source_name())) {
      reader->at += reader->source_name();
      Measure count = MakeCount(*reader);
      operand->alias = count.alias;
      operand->expression = std::move(count.expression);
      operand->measure = true;
      operand->function = Aggregate::kCount;
      return true;
    }
    if (ReadOperand(reader, operand)) return true;
  }
  reader->at = start;
  return false;
}

}  // namespace

bool ReadTop(Reader* reader) {
  size_t start = reader->at;
  TopFrame top;
  reader->Accept("the|which are the|what are the|who are the|which");
  reader->Accept("the");
  bool counted = AcceptCount(reader, &top.count);
  std::string implied(reader->word());
  if (implied == "most") implied = std::string(reader->word(1));
  bool high = reader->Accept(kHigh) || reader->Accept(kSlow);
  bool low = !high && (reader->Accept(kLow) || reader->Accept(kFast));
  // Any other superlative that fits a column: "windiest", "tallest".
  if (!high && !low && reader->word().ends_with("est") && FieldOfQuality(reader->source, reader->word()) >= 0) {
    high = true;
    ++reader->at;
  }
  // "5 movies with the highest gross": the ranking follows the noun.
  if (!high && !low && counted && reader->source_name() > 0 &&
      reader->Match("with the|with|having the", reader->source_name()) > 0) {
    reader->at += reader->source_name();
    size_t with = reader->at;
    reader->Accept("with the|with|having the");
    bool lowest = reader->Accept("lowest|smallest|least|fewest|cheapest");
    bool highest = !lowest && reader->Accept("highest|largest|biggest|most|greatest|best|longest");
    Operand by;
    if ((lowest || highest) && ReadOperand(reader, &by) && !by.measure) {
      reader->named_source = true;
      SetOrder(reader, std::move(by), highest, reader->Said(with, reader->at));
      top.ranked_by_said = true;
      top.descending = highest;
      top.words = reader->Said(start, reader->at);
      reader->frame.top = std::move(top);
      return true;
    }
    reader->at = start;
    return false;
  }
  bool which = false;
  if (!high && !low) {
    // "which 3 regions sell most": the ranking word comes last.
    reader->at = start;
    which = reader->Accept("which|what|who");
    counted = which && AcceptCount(reader, &top.count);
    if (!which || !reader->field()) {
      reader->at = start;
      return false;
    }
  }
  if (!counted) counted = AcceptCount(reader, &top.count);
  // "highest price" and "largest order" without a number are measures or single rows, unless things are ranked.
  reader->SkipArticles();
  reader->Accept("performing|selling|paying|spending|active|trading|traded");
  size_t noun_at = reader->at;
  size_t noun = reader->source_name();
  if (noun > 0 && reader->field(noun) && !reader->model(reader->field(noun).field).is_numeric()) {
    reader->at += noun;
    noun = 0;
  }
  if (noun > 0 && (!reader->field() || reader->field().score < 0.98)) {
    reader->at += noun;
    reader->named_source = true;
  } else if (IsRecordNoun(reader->token().stem) && reader->token().is_word()) {
    ++reader->at;
  } else if (const FieldLink link = reader->field(); link) {
    bool numeric = reader->model(link.field).is_numeric() && !reader->model(link.field).is_id();
    if (numeric && !counted && !which) {
      reader->at = start;
      return false;  // "the highest price"
    }
    // "the heaviest parcel per courier": one of them is a maximum, not a ranking.
    bool one = !counted && reader->sentence.tokens[reader->at + link.length - 1].text ==
                               reader->sentence.tokens[reader->at + link.length - 1].stem;
    int quality = ImpliedField(*reader, implied);
    if (one && quality >= 0 && reader->Match("per|by|for each|in each|of each", link.length) > 0) {
      reader->at += link.length;
      Measure measure = MakeMeasure(*reader, low ? Aggregate::kMin : Aggregate::kMax, quality);
      reader->Understand(reader->Said(start, reader->at),
                         fmt::format("{}({})", low ? "MIN" : "MAX", reader->name(quality)));
      reader->frame.measures.push_back(std::move(measure));
      return true;
    }
    if (numeric) {
      // "top 3 prices": rows ordered by the column.
      Operand operand;
      if (ReadOperand(reader, &operand)) SetOrder(reader, std::move(operand), !low, reader->Said(start, reader->at));
      top.ranked_by_said = true;
    } else {
      int entity = -1;
      reader->AcceptField(&entity);
      top.entity = entity;
    }
  } else if (implied == "best" && reader->Accept("sellers|seller")) {
    top.entity = reader->source.FindRoles({"product_id", "symbol"});
    if (top.entity < 0) {
      reader->at = start;
      return false;
    }
  } else if (!counted) {
    reader->at = start;
    return false;
  }
  if (which) {
    // Look ahead for the ranking word: "sell most", "have the highest latency".
    size_t mark = reader->at;
    bool found = false;
    for (size_t skipped = 0; skipped < 4 && !reader->done(); ++skipped) {
      if (reader->Match("most|best|highest|largest|biggest|least|lowest|fewest|worst") > 0) {
        found = true;
        break;
      }
      ++reader->at;
    }
    if (!found) {
      reader->at = start;
      return false;
    }
    low = reader->Match("least|lowest|fewest") > 0;
    bool sells = reader->at > mark && SameRoot(reader->sentence.tokens[reader->at - 1].text, "sell");
    ++reader->at;
    Operand operand;
    if (ReadOperand(reader, &operand)) {
      if (!operand.measure && operand.as_measure == nullptr && operand.field >= 0) {
        Measure measure = MeasureOfMention(*reader, operand.field);
        operand.measure = true;
        operand.alias = measure.alias;
        operand.expression = std::move(measure.expression);
        operand.function = measure.function;
      }
      SetOrder(reader, std::move(operand), !low, reader->Said(start, reader->at));
      top.ranked_by_said = true;
    } else if (reader->source_name() > 0) {
      reader->at += reader->source_name();
    }
    (void)sells;
  }
  (void)noun_at;
  if (!counted) {
    top.count = kDefaultTop;
    top.count_assumed = true;
  }
  top.descending = !low;
  // The ranking may follow later words: "top 3 symbols per exchange by volume" is read by ReadOrder.
  Operand operand;
  if (!top.ranked_by_said && AcceptRankedBy(reader, &operand)) {
    if (top.entity >= 0 && !operand.measure && operand.as_measure == nullptr && operand.field >= 0) {
      Measure measure = MeasureOfMention(*reader, operand.field);
      if (measure.function == Aggregate::kAverage) {
        reader->Assume(
            "rank", fmt::format("ranked by the average {}", reader->name(operand.field)),
            {{"by the highest", fmt::format("replace {} with max {}", measure.alias, reader->name(operand.field))}});
      }
      operand.measure = true;
      operand.alias = measure.alias;
      operand.expression = std::move(measure.expression);
      operand.function = measure.function;
    }
    if (reader->IsWord("latency", static_cast<size_t>(-1)) && implied == "worst") low = false;
    if (implied == "worst" && operand.field >= 0 && reader->model(operand.field).HasRole("latency_ms"))
      top.descending = true;
    SetOrder(reader, std::move(operand), top.descending, reader->Said(start, reader->at));
    top.ranked_by_said = true;
  }
  if (!top.ranked_by_said) {
    int field = ImpliedField(*reader, implied);
    if (field >= 0) {
      Operand by;
      if (top.entity >= 0) {
        Measure measure = MakeMeasure(*reader, Aggregate::kAverage, field);
        by.alias = measure.alias;
        by.expression = std::move(measure.expression);
        by.measure = true;
        by.function = Aggregate::kAverage;
      } else {
        by.expression = ColumnNode(reader->name(field));
      }
      by.field = field;
      top.descending = implied != "cheapest" && implied != "coldest" && implied != "fastest" && implied != "quickest";
      SetOrder(reader, std::move(by), top.descending, reader->Said(start, reader->at));
      top.ranked_by_said = true;
    }
  }
  top.words = reader->Said(start, reader->at);
  reader->Understand(top.words, fmt::format("the {} {}", top.descending ? "highest" : "lowest", top.count));
  reader->frame.top = std::move(top);
  return true;
}

bool ReadOrder(Reader* reader) {
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
  // "cheapest first", "slowest first"
  if ((reader->word().ends_with("est") || reader->word() == "most") &&
      reader->IsWord("first", reader->IsWord("most") ? 2 : 1)) {
    size_t length = reader->IsWord("most") ? 3 : 2;
    std::string adjective(reader->word(length - 2));
    int field = ImpliedField(*reader, adjective);
    if (field >= 0) {
      reader->at += length;
      Ordering order;
      order.expression = ColumnNode(reader->name(field));
      order.descending = adjective != "cheapest" && adjective != "coldest" && adjective != "fastest" &&
                         adjective != "quickest" && adjective != "shortest" && adjective != "lightest";
      order.words = reader->Said(start, reader->at);
      reader->Understand(order.words, fmt::format("ORDER BY {}", reader->name(field)));
      reader->frame.order = std::move(order);
      return true;
    }
  }
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
  // "limit 20", "only the first 20", "20 rows", "at most 5 results"
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

}  // namespace velo::language
