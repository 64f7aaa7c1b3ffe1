// Figures with a name of their own: VWAP, error rate, volatility, revenue, volume.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

using sql::BinaryOperator;
using sql::ExpressionPtr;

namespace {

void Push(Reader* reader, Measure measure, size_t from, std::string as) {
  reader->Understand(reader->Said(from, reader->at), std::move(as));
  for (const Measure& known : reader->frame.measures) {
    if (known.alias == measure.alias) return;
  }
  reader->frame.measures.push_back(std::move(measure));
}

Measure Formula(ExpressionPtr expression, std::string_view alias, std::string_view words) {
  Measure measure;
  measure.expression = std::move(expression);
  measure.alias = std::string(alias);
  measure.words = std::string(words);
  measure.function = Aggregate::kFormula;
  return measure;
}

std::string FreeAlias(const Reader& reader, std::string alias) {
  for (const FieldModel& field : reader.source.fields) {
    if (field.name == alias) return "total_" + alias;
  }
  return alias;
}

/// SUM(price * qty) / SUM(qty)
bool ReadVwap(Reader* reader) {
  size_t start = reader->at;
  if (!reader->Accept("volume weighted average price|volume weighted avg price|volume weighted price|volume weighted average|vwap|vwaps|"
                      "weighted average price|weighted average")) {
    return false;
  }
  int price = reader->source.FindRole("price"), quantity = reader->source.FindRole("quantity");
  if (price < 0 || quantity < 0) {
    reader->frame.unknown_field = price < 0 ? "price" : "quantity";
    return true;
  }
  std::string p(reader->name(price)), q(reader->name(quantity));
  auto product = BinaryNode(BinaryOperator::kMultiply, ColumnNode(p), ColumnNode(q));
  auto ratio = BinaryNode(BinaryOperator::kDivide, CallNode("SUM", std::move(product)), CallNode("SUM", ColumnNode(q)));
  Measure measure = Formula(std::move(ratio), "vwap", "volume weighted average price");
  measure.field = price;
  Push(reader, std::move(measure), start, fmt::format("SUM({} * {}) / SUM({})", p, q, q));
  return true;
}

/// STDDEV(price) / AVG(price)
bool ReadVolatility(Reader* reader) {
  size_t start = reader->at;
  int field = -1;
  const FieldLink link = reader->field();
  if (link && reader->model(link.field).is_numeric() && reader->Match("volatility|variability", link.length) > 0) {
    field = link.field;
    reader->at += link.length + 1;
  } else if (reader->Accept("volatility of the|volatility of|volatility in|volatility|coefficient of variation of|variability of")) {
    if (reader->field() && reader->model(reader->field().field).is_numeric()) {
      reader->AcceptField(&field);
    } else {
      field = reader->source.FindRoles({"price", "value", "amount"});
    }
  } else {
    return false;
  }
  if (field < 0) {
    reader->at = start;
    return false;
  }
  std::string name(reader->name(field));
  auto ratio = BinaryNode(BinaryOperator::kDivide, CallNode("STDDEV", ColumnNode(name)), CallNode("AVG", ColumnNode(name)));
  Measure measure = Formula(std::move(ratio), "volatility", name + " volatility");
  measure.share = true;
  Push(reader, std::move(measure), start, fmt::format("STDDEV({}) / AVG({})", name, name));
  return true;
}

ExpressionPtr RateOf(ExpressionPtr condition) {
  auto choice = std::make_unique<sql::Case>();
  choice->branches.push_back({std::move(condition), NumberNode("1")});
  auto count = CallNode("COUNT", ExpressionPtr(std::move(choice)));
  auto percent = BinaryNode(BinaryOperator::kMultiply, std::move(count), NumberNode("100.0"));
  return BinaryNode(BinaryOperator::kDivide, std::move(percent), CountAllNode());
}

void PushRate(Reader* reader, ExpressionPtr condition, std::string alias, size_t start) {
  Measure measure = Formula(RateOf(std::move(condition)), FreeAlias(*reader, alias), alias);
  std::replace(measure.words.begin(), measure.words.end(), '_', ' ');
  Push(reader, std::move(measure), start, alias + " in percent");
}

/// "error rate", "failure percentage", "share of failed payments", "percentage of declined".
bool ReadRate(Reader* reader) {
  size_t start = reader->at;
  bool of_form = reader->Accept(
      "the share of|share of|percentage of|percent of|proportion of|fraction of|ratio of|rate of|percent|percentage|pct of");
  if (of_form) {
    reader->SkipArticles();
    std::vector<int> fields;
    std::string said(reader->word());
    ExpressionPtr condition;
    if (reader->value()) {
      const ValueModel& value = reader->source.values[static_cast<size_t>(reader->value().value)];
      said = ToLower(value.text);
      condition = BinaryNode(BinaryOperator::kEqual, ColumnNode(reader->name(value.field)), StringNode(value.text));
      reader->at += reader->value().length;
    } else {
      condition = FailureCondition(*reader, reader->word(), &fields);
      if (condition != nullptr) ++reader->at;
    }
    if (condition == nullptr) {
      reader->at = start;
      return false;
    }
    size_t noun = reader->source_name();
    if (noun > 0) reader->named_source = true;
    if (noun > 0 || IsRecordNoun(reader->token().stem)) reader->at += std::max<size_t>(noun, 1);
    PushRate(reader, std::move(condition), Joined(said) + "_rate", start);
    return true;
  }
  // "<error|failed|success> rate"
  std::vector<int> fields;
  size_t words = reader->Match("rate|percentage|ratio|share|rates|percent", 1) > 0 ? 1 : 0;
  if (words == 0 || reader->word().empty()) return false;
  std::string said(reader->word());
  ExpressionPtr condition;
  const ValueLink value = reader->value();
  if (said == "conversion") {
    condition = FailureCondition(*reader, "conversion", &fields);
  } else if (value && value.length == 1 && said != "error" && said != "failure") {
    const ValueModel& model = reader->source.values[static_cast<size_t>(value.value)];
    condition = BinaryNode(BinaryOperator::kEqual, ColumnNode(reader->name(model.field)), StringNode(model.text));
  } else {
    condition = FailureCondition(*reader, said, &fields);
  }
  if (condition == nullptr) {
    if (said == "error" || said == "failure" || said == "conversion" || said == "success") {
      reader->at += 2;
      reader->frame.unknown_field = said + " status";
      return true;
    }
    return false;
  }
  reader->at += 2;
  PushRate(reader, std::move(condition), Singular(said) + "_rate", start);
  return true;
}

/// "revenue", "sales", "spend", "volume", "trade value", "notional": sums with a word of their own.
bool ReadNamedSum(Reader* reader) {
  size_t start = reader->at;
  bool total = reader->Accept("total|overall|sum of|combined|the total|net");
  reader->Accept("of|trading|the");
  reader->Accept("trading|traded");
  size_t noun_at = reader->at;
  int quantity = reader->source.FindRole("quantity"), price = reader->source.FindRole("price");
  int amount = reader->source.FindRole("amount");
  // A column of that very name is the plain column.
  bool own_column = reader->field() && reader->field().score >= 0.97 && !total;
  if (!own_column && reader->Accept("volumes|volume|shares traded|traded shares") && quantity >= 0) {
    Measure measure = MakeMeasure(*reader, Aggregate::kSum, quantity);
    std::string as = fmt::format("SUM({})", reader->name(quantity));
    if (FreeAlias(*reader, "volume") == "volume") measure.alias = "volume";
    measure.words = "volume";
    Push(reader, std::move(measure), start, as);
    return true;
  }
  reader->at = noun_at;
  if (!own_column && reader->Accept("revenues|revenue|sales|turnover|spending|spend|income|earnings|takings|gmv|money spent")) {
    std::string said = reader->Said(noun_at, reader->at);
    std::string alias = said == "sales" || said.starts_with("revenue") ? Singular(said) == "revenue" ? "revenue" : "sales" : "total_spend";
    if (said == "turnover") alias = "turnover";
    if (amount >= 0) {
      Measure measure = MakeMeasure(*reader, Aggregate::kSum, amount);
      measure.alias = FreeAlias(*reader, alias);
      measure.words = said;
      Push(reader, std::move(measure), start, fmt::format("SUM({})", reader->name(amount)));
      return true;
    }
    if (price >= 0 && quantity >= 0) {
      auto product = BinaryNode(BinaryOperator::kMultiply, ColumnNode(reader->name(price)), ColumnNode(reader->name(quantity)));
      Measure measure = Formula(CallNode("SUM", std::move(product)), FreeAlias(*reader, alias), said);
      Push(reader, std::move(measure), start, fmt::format("SUM({} * {})", reader->name(price), reader->name(quantity)));
      return true;
    }
  }
  reader->at = noun_at;
  if (price >= 0 && quantity >= 0 && !own_column &&
      reader->Accept("trade value|traded value|notional value|notional|value of each trade|value of every trade|value of trades|value of the trades|trade values|turnover")) {
    bool each = reader->Said(noun_at, reader->at).find("each") != std::string::npos ||
                reader->Said(noun_at, reader->at).find("every") != std::string::npos;
    auto product = BinaryNode(BinaryOperator::kMultiply, ColumnNode(reader->name(price)), ColumnNode(reader->name(quantity)));
    if (each || !reader->frame.mentions.empty()) {
      reader->Understand(reader->Said(start, reader->at), "price * quantity");
      reader->frame.projections.push_back({std::move(product), "trade_value", "trade value", -1, start});
    } else {
      Push(reader, Formula(CallNode("SUM", std::move(product)), "trade_value", "trade value"), start, "SUM(price * quantity)");
    }
    return true;
  }
  reader->at = noun_at;
  if (reader->Accept("throughput|traffic")) {
    Push(reader, MakeCount(*reader), start, "COUNT(*)");
    return true;
  }
  if (reader->Accept("range of|spread of|price range|spread between high and low")) {
    int field = price;
    if (reader->field()) reader->AcceptField(&field);
    if (field >= 0) {
      Measure measure = MakeMeasure(*reader, Aggregate::kSpread, field);
      Push(reader, std::move(measure), start, fmt::format("DELTA({})", reader->name(field)));
      return true;
    }
  }
  reader->at = start;
  return false;
}

/// "average order value": the mean of the money column.
bool ReadAverageOrderValue(Reader* reader) {
  size_t start = reader->at;
  if (!reader->Accept("average order value|avg order value|aov|average basket|average basket value|average ticket")) return false;
  int amount = reader->source.FindRole("amount");
  if (amount < 0) {
    reader->at = start;
    return false;
  }
  Measure measure = MakeMeasure(*reader, Aggregate::kAverage, amount);
  measure.alias = "avg_order_value";
  measure.words = "average order value";
  Push(reader, std::move(measure), start, fmt::format("AVG({})", reader->name(amount)));
  return true;
}

}  // namespace

ExpressionPtr FailureCondition(const Reader& reader, std::string_view word, std::vector<int>* fields) {
  const SourceModel& source = reader.source;
  bool failure = SameRoot(word, "failed") || SameRoot(word, "error") || word == "failing" || word == "errors";
  bool success = word == "success" || word == "successful" || word == "succeeded" || word == "ok";
  if (word == "conversion") {
    for (const ValueModel& value : source.values) {
      if (value.joined == "purchase" || value.joined == "converted" || value.joined == "conversion" || value.joined == "checkout" ||
          value.joined == "order") {
        fields->push_back(value.field);
        return BinaryNode(BinaryOperator::kEqual, ColumnNode(reader.name(value.field)), StringNode(value.text));
      }
    }
    return nullptr;
  }
  // A value of some column says it in the data's own words.
  for (const ValueModel& value : source.values) {
    bool same = SameRoot(value.joined, word) ||
                (failure && (SameRoot(value.joined, "failed") || SameRoot(value.joined, "error"))) ||
                (success && (SameRoot(value.joined, "success") || value.joined == "ok" || value.joined == "succeeded" || value.joined == "completed"));
    if (!same || word.size() < 2) continue;
    fields->push_back(value.field);
    return BinaryNode(BinaryOperator::kEqual, ColumnNode(reader.name(value.field)), StringNode(value.text));
  }
  int status = source.FindRole("status_code");
  if (status >= 0 && source.fields[static_cast<size_t>(status)].is_numeric() && (failure || success)) {
    fields->push_back(status);
    auto op = failure ? BinaryOperator::kGreaterEqual : BinaryOperator::kLess;
    return BinaryNode(op, ColumnNode(reader.name(status)), NumberNode(failure ? "500" : "400"));
  }
  for (size_t i = 0; i < source.fields.size(); ++i) {
    const FieldModel& field = source.fields[i];
    if (field.type != TypeKind::kBoolean) continue;
    for (const std::string& part : field.parts) {
      bool said = SameRoot(part, word);
      bool opposite = failure && (part == "success" || part == "ok");
      if (!said && !opposite) continue;
      fields->push_back(static_cast<int>(i));
      auto column = ColumnNode(field.name);
      return opposite ? NotNode(std::move(column)) : std::move(column);
    }
  }
  return nullptr;
}

bool ReadNamedMeasure(Reader* reader) {
  return ReadVwap(reader) || ReadVolatility(reader) || ReadRate(reader) || ReadAverageOrderValue(reader) || ReadNamedSum(reader);
}

bool ReadOperand(Reader* reader, Operand* operand) {
  size_t start = reader->at;
  reader->SkipArticles();
  // Output names of the query under edit come first: "volume > 1000" is about the column that is there.
  if (reader->names != nullptr) {
    std::string joined;
    for (size_t length = 1; length <= 4 && reader->at + length <= reader->size(); ++length) {
      if (!reader->token(length - 1).is_word() && !reader->token(length - 1).glued) break;
      joined += std::string(SpellOut(reader->token(length - 1).text) == "average" ? "avg" : reader->token(length - 1).text);
      for (const QueryNames::Item& item : reader->names->items) {
        if (item.joined != joined || !item.measure) continue;
        reader->at += length;
        operand->expression = ColumnNode(item.alias);
        operand->alias = item.alias;
        operand->measure = true;
        operand->words = reader->Said(start, reader->at);
        return true;
      }
    }
  }
  const FieldLink link = reader->field();
  bool exact_field = link && link.score >= 0.97;
  size_t before = reader->frame.measures.size();
  size_t projections = reader->frame.projections.size();
  std::vector<Understood> understood = reader->frame.understood;
  std::vector<Assumption> assumptions = reader->frame.assumptions;
  bool volume_word = !exact_field && reader->Match("volume|revenue|sales|spend|spending|turnover") > 0;
  if (!exact_field && (ReadNamedMeasure(reader) || ReadMeasure(reader)) && reader->frame.measures.size() > before) {
    Measure measure = std::move(reader->frame.measures.back());
    reader->frame.measures.resize(before);
    operand->words = reader->Said(start, reader->at);
    operand->alias = measure.alias;
    operand->share = measure.share;
    operand->function = measure.function;
    operand->field = measure.field;
    reader->frame.understood = std::move(understood);
    reader->frame.assumptions = std::move(assumptions);
    if (volume_word && measure.field >= 0) {
      operand->expression = ColumnNode(reader->name(measure.field));
      operand->as_measure = std::move(measure.expression);
      operand->measure_alias = measure.alias;
    } else {
      operand->expression = std::move(measure.expression);
      operand->measure = true;
    }
    return true;
  }
  reader->frame.understood = std::move(understood);
  reader->frame.assumptions = std::move(assumptions);
  if (reader->frame.projections.size() > projections) {
    // A value of single rows is no operand of a comparison.
    reader->frame.projections.resize(projections);
    reader->at = start;
    return false;
  }
  int field = -1;
  if (reader->AcceptField(&field)) {
    operand->expression = ColumnNode(reader->name(field));
    operand->field = field;
    operand->share = reader->model(field).unit_interval;
    operand->words = reader->Said(start, reader->at);
    return true;
  }
  reader->at = start;
  return false;
}

}  // namespace velo::language
