#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

struct AggregateWords {
  Aggregate function;
  std::string_view words;
};
constexpr std::array<AggregateWords, 9> kAggregates = {{
    {Aggregate::kAverage, "average|avg|mean|averaged|averages|typical"},
    {Aggregate::kSum, "sum of|sum|total|totals|summed|combined|accumulated|overall total|add up"},
    {Aggregate::kMin, "minimum|min|lowest|smallest|cheapest|minimal|coldest|shortest"},
    {Aggregate::kMax, "maximum|max|highest|largest|peak|biggest|maximal|hottest|longest|greatest|most expensive"},
    {Aggregate::kStddev, "standard deviation|std deviation|std dev|stddev|stdev|std|deviation"},
    {Aggregate::kVariance, "variance"},
    {Aggregate::kMedian, "median"},
    {Aggregate::kLast, "most recent|latest|closing|final|last"},
    {Aggregate::kFirst, "opening|earliest|first|initial"},
}};

struct NamedAggregate {
  Aggregate function = Aggregate::kNone;
  double percentile = 0;
};

/// "p95" -> 0.95, "p999" -> 0.999.
bool IsPercentileWord(std::string_view word, double* fraction) {
  if (word.size() < 3 || word.size() > 4 || word[0] != 'p') return false;
  for (char c : word.substr(1)) {
    if (c < '0' || c > '9') return false;
  }
  double digits = std::strtod(std::string(word.substr(1)).c_str(), nullptr);
  *fraction = digits / (word.size() == 3 ? 100.0 : 1000.0);
  return *fraction > 0 && *fraction < 1;
}

/// Takes the name of an aggregate: "average", "p95", "99th percentile".
bool AcceptAggregate(Reader* reader, NamedAggregate* named) {
  double fraction = 0;
  if (IsPercentileWord(reader->word(), &fraction)) {
    *named = {Aggregate::kPercentile, fraction};
    ++reader->at;
    return true;
  }
  if (reader->token().is_number() &&
      (reader->IsWord("percentile", 1) || reader->IsWord("percent", 1) || reader->IsWord("quantile", 1)) &&
      reader->token().number > 0 && reader->token().number < 100) {
    *named = {Aggregate::kPercentile, reader->token().number / 100};
    reader->at += 2;
    return true;
  }
  for (const AggregateWords& entry : kAggregates) {
    if (reader->Accept(entry.words)) {
      *named = {entry.function, 0};
      return true;
    }
  }
  return false;
}

std::string_view FunctionName(Aggregate function) {
  switch (function) {
    case Aggregate::kCount:
    case Aggregate::kCountDistinct:
      return "COUNT";
    case Aggregate::kSum:
      return "SUM";
    case Aggregate::kAverage:
      return "AVG";
    case Aggregate::kMin:
      return "MIN";
    case Aggregate::kMax:
      return "MAX";
    case Aggregate::kStddev:
      return "STDDEV";
    case Aggregate::kVariance:
      return "VARIANCE";
    case Aggregate::kMedian:
      return "MEDIAN";
    case Aggregate::kPercentile:
      return "PERCENTILE_CONT";
    case Aggregate::kFirst:
      return "FIRST_VALUE";
    case Aggregate::kLast:
      return "LAST_VALUE";
    case Aggregate::kSpread:
      return "DELTA";
    default:
      return "";
  }
}

std::string_view AliasPrefix(Aggregate function) {
  switch (function) {
    case Aggregate::kAverage:
      return "avg";
    case Aggregate::kMin:
      return "min";
    case Aggregate::kMax:
      return "max";
    case Aggregate::kStddev:
      return "stddev";
    case Aggregate::kVariance:
      return "variance";
    case Aggregate::kMedian:
      return "median";
    case Aggregate::kFirst:
      return "first";
    case Aggregate::kLast:
      return "last";
    case Aggregate::kSpread:
      return "spread";
    default:
      return "total";
  }
}

std::string_view AggregateTitle(Aggregate function) {
  switch (function) {
    case Aggregate::kAverage:
      return "average";
    case Aggregate::kMin:
      return "lowest";
    case Aggregate::kMax:
      return "highest";
    case Aggregate::kStddev:
      return "standard deviation of";
    case Aggregate::kVariance:
      return "variance of";
    case Aggregate::kMedian:
      return "median";
    case Aggregate::kFirst:
      return "first";
    case Aggregate::kLast:
      return "last";
    case Aggregate::kSpread:
      return "spread of";
    default:
      return "total";
  }
}

/// Lower-case name usable inside an alias: "US Gross" -> "us_gross".
std::string AliasPart(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out.empty() ? "value" : out;
}

bool IsColumn(const Reader& reader, std::string_view alias) {
  return std::any_of(reader.source.fields.begin(), reader.source.fields.end(),
                     [&](const FieldModel& field) { return field.name == alias; });
}

void Push(Reader* reader, Measure measure, size_t from, std::string_view as) {
  reader->Understand(reader->Said(from, reader->at), std::string(as));
  for (const Measure& known : reader->frame.measures) {
    if (known.alias == measure.alias) return;
  }
  reader->frame.measures.push_back(std::move(measure));
}

std::string Describe(const Reader& reader, const Measure& measure, double percentile = 0) {
  if (measure.field < 0) return measure.alias;
  if (measure.function == Aggregate::kCountDistinct)
    return fmt::format("COUNT(DISTINCT {})", reader.name(measure.field));
  if (measure.function == Aggregate::kPercentile)
    return fmt::format("{} of {}", percentile, reader.name(measure.field));
  return fmt::format("{}({})", FunctionName(measure.function), reader.name(measure.field));
}

void PushAggregate(Reader* reader, const NamedAggregate& named, int field, size_t from) {
  Measure measure = MakeMeasure(*reader, named.function, field, named.percentile);
  std::string as = Describe(*reader, measure, named.percentile);
  Push(reader, std::move(measure), from, as);
}

/// "count", "number of trades", "how many orders", "trade count", "count unique users".
bool ReadCount(Reader* reader) {
  size_t start = reader->at;
  if (reader->IsWord("amount") && reader->field() && reader->field().score >= 0.98) return false;
  size_t name = reader->source_name();
  if (name > 0 && reader->Match("count|counts|totals", name) > 0) {
    bool totals = reader->IsWord("totals", name);
    if (!totals) {
      reader->at += name + 1;
      reader->named_source = true;
      Push(reader, MakeCount(*reader), start, "COUNT(*)");
      return true;
    }
  }
  bool lead = reader->Accept(
      "the number of|number of|count of|counts of|how many|no of|total number of|amount of|tally of|tally|count "
      "up|count|counts|counting|number|frequency of|frequency");
  if (!lead) return false;
  bool amount = reader->IsWord("of", static_cast<size_t>(-1)) && reader->IsWord("amount", static_cast<size_t>(-2));
  while (reader->Accept("the|all|of|a|total|are there|there|do we have|them|those|these|times|overall")) {
  }
  if (reader->Accept("distinct|unique|different")) {
    reader->Accept("values of|value of");
    int field = -1;
    if (reader->AcceptField(&field)) {
      PushAggregate(reader, {Aggregate::kCountDistinct, 0}, field, start);
      return true;
    }
    reader->at = start;
    return false;
  }
  // "failed payments": a value before the source's noun makes a filter of its own; the count is of rows.
  size_t noun = reader->source_name();
  bool row_noun = noun > 0 || IsRecordNoun(reader->token().stem) || reader->IsWord("in") || reader->IsWord("days");
  if (!row_noun && !amount && reader->field() && !reader->value() && reader->field().score > 0.72) {
    int field = reader->field().field;
    bool other_noun = reader->model(field).is_id() || reader->model(field).is_text();
    if (other_noun) {
      reader->AcceptField(&field);
      PushAggregate(reader, {Aggregate::kCountDistinct, 0}, field, start);
      reader->Assume("count", fmt::format("each {} is counted once", reader->name(field)),
                     {{"count all rows instead", "count rows"}});
      return true;
    }
  }
  if (amount && !row_noun) {
    reader->at = start;
    return false;
  }
  Push(reader, MakeCount(*reader), start, "COUNT(*)");
  if (noun > 0) {
    reader->at += noun;
    reader->named_source = true;
  } else if (IsRecordNoun(reader->token().stem) && reader->token().is_word()) {
    ++reader->at;
  }
  return true;
}

/// "average, min and max price and quantity": every aggregate with every column.
bool ReadAggregates(Reader* reader) {
  size_t start = reader->at;
  std::vector<NamedAggregate> functions;
  NamedAggregate named;
  if (!AcceptAggregate(reader, &named)) return false;
  functions.push_back(named);
  while (true) {
    size_t mark = reader->at;
    while (reader->IsSymbol(",") || reader->IsSymbol("/") || reader->IsSymbol("&") || reader->IsWord("and"))
      ++reader->at;
    if (reader->at == mark || !AcceptAggregate(reader, &named)) {
      reader->at = mark;
      break;
    }
    functions.push_back(named);
  }
  // "total amount of payments" is money where there is a column amount.
  auto names_column = [&] { return reader->field() && reader->field().score >= 0.95; };
  while (!names_column() && reader->Accept("of the|of|the|for|in|value of|values of|amount of|on|number of")) {
  }
  // "total number of orders", "total orders": a count.
  if (functions.size() == 1 && functions[0].function == Aggregate::kSum) {
    size_t noun = reader->source_name();
    bool followed = reader->field(noun) && reader->field(noun).length > 0 && noun > 0;
    if (noun > 0 && !followed && !reader->field()) {
      reader->at += noun;
      reader->named_source = true;
      Push(reader, MakeCount(*reader), start, "COUNT(*)");
      return true;
    }
    if (noun > 0 && followed) reader->at += noun;
  } else if (reader->source_name() > 0 && reader->field(reader->source_name()) && !reader->field()) {
    reader->at += reader->source_name();  // "average order value", "average trade price"
    reader->named_source = true;
  }
  int field = -1;
  if (!reader->AcceptField(&field)) {
    reader->at = start;
    return false;
  }
  std::vector<int> fields = {field};
  while (true) {
    size_t mark = reader->at;
    while (reader->IsSymbol(",") || reader->IsSymbol("&") || reader->IsWord("and")) ++reader->at;
    bool numeric = reader->field() && reader->model(reader->field().field).is_numeric();
    if (reader->at == mark || !numeric || StartsMeasure(*reader) || reader->Match("volume") > 0 ||
        !reader->AcceptField(&field)) {
      reader->at = mark;
      break;
    }
    fields.push_back(field);
  }
  reader->Accept("value|values");
  for (int column : fields) {
    for (const NamedAggregate& function : functions) PushAggregate(reader, function, column, start);
  }
  return true;
}

/// "price average", "latency p95", "latency percentiles", "order totals".
bool ReadTrailingAggregate(Reader* reader) {
  size_t start = reader->at;
  size_t name = reader->source_name();
  if (name > 0 && reader->Match("totals|total", name) > 0) {
    int amount = reader->source.FindRoles({"amount", "quantity"});
    reader->at += name + 1;
    reader->named_source = true;
    if (amount >= 0)
      PushAggregate(reader, {Aggregate::kSum, 0}, amount, start);
    else
      Push(reader, MakeCount(*reader), start, "COUNT(*)");
    return true;
  }
  const FieldLink link = reader->field();
  if (!link || !reader->model(link.field).is_numeric()) return false;
  reader->at += link.length;
  std::vector<NamedAggregate> functions;
  NamedAggregate named;
  if (reader->Accept("percentiles|quantiles")) {
    for (double fraction : {0.5, 0.95, 0.99}) functions.push_back({Aggregate::kPercentile, fraction});
    reader->Assume("percentiles", "p50, p95 and p99", {{"only p95", "only p95"}});
  } else if (reader->Match("first|last|total|final|highest|lowest|largest|smallest|biggest|cheapest|closing|opening") ==
                 0 &&
             AcceptAggregate(reader, &named)) {
    functions.push_back(named);
    while (reader->IsSymbol(",") || reader->IsSymbol("/") || reader->IsWord("and")) {
      size_t mark = reader->at++;
      if (!AcceptAggregate(reader, &named) || reader->field()) {
        reader->at = mark;
        break;
      }
      functions.push_back(named);
    }
  }
  if (functions.empty()) {
    reader->at = start;
    return false;
  }
  for (const NamedAggregate& function : functions) PushAggregate(reader, function, link.field, start);
  return true;
}

/// p50/p90/p99 without a column: the latency, else the only figure.
bool ReadLonePercentiles(Reader* reader) {
  size_t start = reader->at;
  std::vector<NamedAggregate> functions;
  double fraction = 0;
  while (IsPercentileWord(reader->word(), &fraction)) {
    functions.push_back({Aggregate::kPercentile, fraction});
    ++reader->at;
    while (reader->IsSymbol("/") || reader->IsSymbol(",") || reader->IsWord("and")) ++reader->at;
  }
  int field = reader->source.FindRoles({"latency_ms", "amount", "value"});
  if (functions.empty() || field < 0) {
    reader->at = start;
    return false;
  }
  for (const NamedAggregate& function : functions) PushAggregate(reader, function, field, start);
  return true;
}

}  // namespace

Measure MakeCount(const Reader& reader) {
  Measure measure;
  measure.expression = CountAllNode();
  measure.function = Aggregate::kCount;
  measure.alias = reader.source.singular + "_count";
  if (IsColumn(reader, measure.alias)) measure.alias = "record_count";
  measure.words = "number of " + Plural(reader.source.singular);
  return measure;
}

Measure MakeMeasure(const Reader& reader, Aggregate function, int field, double percentile) {
  Measure measure;
  const FieldModel& model = reader.model(field);
  measure.function = function;
  measure.field = field;
  measure.share = model.unit_interval && function != Aggregate::kSum;
  std::string part = AliasPart(model.name);
  if (function == Aggregate::kCountDistinct) {
    auto call = CallNode("COUNT", ColumnNode(model.name));
    static_cast<sql::Call&>(*call).distinct = true;
    measure.expression = std::move(call);
    std::string noun = part.ends_with("_id") ? part.substr(0, part.size() - 3) : part;
    measure.alias = "unique_" + Plural(noun);
    measure.words = "unique " + Plural(noun);
    return measure;
  }
  if (function == Aggregate::kPercentile) {
    auto call = CallNode("PERCENTILE_CONT", NumberNode(fmt::format("{}", percentile)));
    sql::OrderItem item;
    item.expression = ColumnNode(model.name);
    static_cast<sql::Call&>(*call).within_group.push_back(std::move(item));
    measure.expression = std::move(call);
    std::string digits = fmt::format("{:g}", percentile * 100);
    digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
    measure.alias = fmt::format("p{}_{}", digits, part);
    measure.words = fmt::format("p{} {}", digits, model.name);
    return measure;
  }
  measure.expression = CallNode(FunctionName(function), ColumnNode(model.name));
  measure.alias = fmt::format("{}_{}", AliasPrefix(function), part);
  // A column that carries the function in its name: MAX(temp_max) is not called max_temp_max.
  for (std::string_view affix : {"min", "max", "avg", "total"}) {
    if (AliasPrefix(function) == affix && (part.starts_with(affix) || part.ends_with(affix)) &&
        part.size() > affix.size()) {
      measure.alias = part.starts_with(affix)
                          ? part + "_value"
                          : fmt::format("{}_{}", affix, part.substr(0, part.size() - affix.size() - 1));
    }
  }
  if (function == Aggregate::kSum && part == "total") measure.alias = reader.source.singular + "_total";
  if (function == Aggregate::kSum && model.HasRole("quantity") && reader.source.is_trading()) measure.alias = "volume";
  if (IsColumn(reader, measure.alias)) measure.alias = "total_" + part;
  if (IsColumn(reader, measure.alias)) measure.alias += "_sum";
  measure.words = fmt::format("{} {}", AggregateTitle(function), model.name);
  if (measure.alias == "volume") measure.words = "volume";
  if (function == Aggregate::kSum && part == "total") measure.words = reader.source.singular + " total";
  return measure;
}

/// Figures that people add up rather than average.
bool IsAdditive(std::string_view part) {
  static constexpr std::array<std::string_view, 22> kAdditive = {
      "gross",  "sale",  "revenue", "income", "profit", "spend", "vote",   "count",  "unit", "precipitation", "rain",
      "volume", "bytes", "byte",    "click",  "view",   "visit", "amount", "budget", "loss", "passenger",     "export"};
  return std::find(kAdditive.begin(), kAdditive.end(), part) != kAdditive.end();
}

Measure MeasureOfMention(const Reader& reader, int field) {
  const FieldModel& model = reader.model(field);
  Aggregate function = Aggregate::kAverage;
  if (!model.is_numeric())
    function = Aggregate::kCountDistinct;
  else if (model.HasRole("quantity") || model.HasRole("amount"))
    function = Aggregate::kSum;
  // The column's own name may say it: temp_max, min_price, total_amount.
  for (const std::string& part : model.parts) {
    if (!model.is_numeric()) break;
    if (part == "max") function = Aggregate::kMax;
    if (part == "min") function = Aggregate::kMin;
    if (IsAdditive(part)) function = Aggregate::kSum;
  }
  Measure measure = MakeMeasure(reader, function, field);
  measure.assumed = true;
  return measure;
}

bool StartsMeasure(const Reader& reader, size_t offset) {
  for (const AggregateWords& entry : kAggregates) {
    if (reader.Match(entry.words, offset) > 0) return true;
  }
  double fraction = 0;
  return IsPercentileWord(reader.word(offset), &fraction) ||
         reader.Match("count|number of|how many|vwap|volatility|unique|distinct", offset) > 0;
}

bool ReadMeasure(Reader* reader) {
  return ReadTrailingAggregate(reader) || ReadCount(reader) || ReadAggregates(reader) || ReadLonePercentiles(reader);
}

}  // namespace velo::language
