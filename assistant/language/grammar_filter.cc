// "where price > 1000", "only AAPL and MSFT", "without test users", "more than 5 orders", "in 2008".
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

struct Comparator {
  BinaryOperator op;
  std::string_view words;
};
// Longer phrases stand before the shorter ones they begin with.
constexpr std::array<Comparator, 6> kComparators = {{
    {BinaryOperator::kGreaterEqual,
     "greater than or equal to|greater or equal to|more than or equal to|at least|no less than|not less than|not below|or more than|minimum of|from at least"},
    {BinaryOperator::kLessEqual,
     "less than or equal to|less or equal to|at most|no more than|not more than|not above|not exceeding|up to|maximum of|smaller than or equal to"},
    {BinaryOperator::kGreater,
     "is greater than|greater than|is more than|more than|is larger than|larger than|bigger than|higher than|hotter than|warmer than|longer than|older than|slower than|heavier than|"
     "worth more than|goes above|go above|is above|above|is over|over|exceeds|exceed|exceeding|exceeded|beyond|rises above|surpasses|surpassing|after|north of|in excess of|later than|greater|costing more than|taller than"},
    {BinaryOperator::kLess,
     "is less than|less than|fewer than|is smaller than|smaller than|lower than|cheaper than|colder than|cooler than|shorter than|younger than|faster than|worth less than|"
     "falls below|drops below|drop below|goes below|is below|below|is under|under|beneath|before|earlier than|lighter than|south of"},
    {BinaryOperator::kNotEqual,
     "is not equal to|not equal to|is different from|different from|other than|does not equal|not equal|isnt|is not|are not|was not|not|arent|wasnt|unlike|doesnt equal"},
    {BinaryOperator::kEqual,
     "is equal to|equal to|is exactly|exactly|equals|equal|is the same as|same as|is set to|is|are|was|were|of type|of|being|="},
}};

bool AcceptComparator(Reader* reader, BinaryOperator* op) {
  static constexpr std::array<std::pair<std::string_view, BinaryOperator>, 8> kSigns = {
      {{">=", BinaryOperator::kGreaterEqual},
       {"<=", BinaryOperator::kLessEqual},
       {"!=", BinaryOperator::kNotEqual},
       {"<>", BinaryOperator::kNotEqual},
       {"==", BinaryOperator::kEqual},
       {"=", BinaryOperator::kEqual},
       {">", BinaryOperator::kGreater},
       {"<", BinaryOperator::kLess}}};
  for (const auto& [sign, meaning] : kSigns) {
    if (reader->IsSymbol(sign)) {
      ++reader->at;
      *op = meaning;
      return true;
    }
  }
  for (const Comparator& comparator : kComparators) {
    if (reader->Accept(comparator.words)) {
      *op = comparator.op;
      return true;
    }
  }
  return false;
}

/// Turns a number token into the literal for a column: percentages become shares where the column holds shares.
std::string DigitsFor(const Token& token, bool share) {
  if (!token.percent || !share) return token.digits;
  return fmt::format("{:g}", token.number / 100);
}

ExpressionPtr ValueNode(const Reader& reader, const Token& token, int field, bool share) {
  std::string digits = DigitsFor(token, share);
  if (field >= 0 && reader.model(field).is_text()) return StringNode(digits);
  return NumberNode(digits);
}

bool AcceptNumber(Reader* reader, Token* number) {
  size_t mark = reader->at;
  reader->Accept("about|around|roughly|a|the");
  if (!reader->token().has_number) {
    reader->at = mark;
    return false;
  }
  *number = reader->token();
  ++reader->at;
  return true;
}

/// Units after a number carry no meaning of their own once the column is known.
void SkipUnit(Reader* reader) {
  reader->Accept("dollars|dollar|usd|eur|euros|euro|bucks|degrees|degree|celsius|fahrenheit|percent|units|points|pieces|stars|points|miles|km|kg|mm|ms|milliseconds");
}

void PushCondition(Reader* reader, Condition condition, size_t from) {
  condition.words = reader->Said(from, reader->at);
  reader->frame.conditions.push_back(std::move(condition));
}

/// The number's unit or the source tells the column when none is said: "over 500 shares", "above $1000", "trades above 1000".
int ImpliedNumberField(const Reader& reader) {
  const SourceModel& source = reader.source;
  if (reader.Match("shares|units|lots|pieces|items|contracts") > 0) return source.FindRole("quantity");
  if (reader.Match("degrees|degree|celsius") > 0) return source.FindRoles({"temperature", "value"});
  if (reader.Match("milliseconds|ms") > 0) return source.FindRole("latency_ms");
  if (reader.Match("dollars|dollar|usd|eur|euros|bucks") > 0) return source.FindRoles({"amount", "price"});
  if (reader.field() && reader.model(reader.field().field).is_numeric()) return reader.field().field;
  int main = source.FindRoles({"amount", "price", "value", "latency_ms", "quantity"});
  if (main >= 0) return main;
  int numeric = -1, count = 0;
  for (size_t i = 0; i < source.fields.size(); ++i) {
    if (source.fields[i].is_numeric() && !source.fields[i].is_id()) numeric = static_cast<int>(i), ++count;
  }
  return count == 1 ? numeric : -1;
}

/// A text value at the cursor for a given column: a known value, a quoted one, or the bare word as typed.
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
    return BinaryNode(negated ? BinaryOperator::kNotEqual : BinaryOperator::kEqual, ColumnNode(column), StringNode(values[0]));
  }
  auto list = std::make_unique<sql::InList>();
  list->negated = negated;
  list->operand = ColumnNode(column);
  for (const std::string& value : values) list->items.push_back(StringNode(value));
  return list;
}

bool AcceptListSign(Reader* reader) {
  size_t mark = reader->at;
  while (reader->IsSymbol(",") || reader->IsSymbol("/") || reader->IsSymbol("&") || reader->Match("and|or|nor") > 0) ++reader->at;
  return reader->at > mark;
}

/// Values of one column in a row: "AAPL and MSFT", "EU or US".
bool ReadValueList(Reader* reader, bool negated, size_t from) {
  const ValueLink first = reader->value();
  if (!first) return false;
  int field = reader->source.values[static_cast<size_t>(first.value)].field;
  std::vector<std::string> values;
  while (true) {
    const ValueLink link = reader->value();
    if (!link) break;
    const ValueModel& value = reader->source.values[static_cast<size_t>(link.value)];
    if (value.field != field) break;
    if (std::find(values.begin(), values.end(), value.text) == values.end()) values.push_back(value.text);
    reader->at += link.length;
    size_t mark = reader->at;
    if (!AcceptListSign(reader)) break;
    reader->SkipArticles();
    bool more = reader->value() && reader->source.values[static_cast<size_t>(reader->value().value)].field == field;
    if (more) continue;
    // Tickers the sample did not hold: "AAPL and XYZ".
    const Token& token = reader->token();
    bool ticker = token.is_word() && token.raw.size() <= 5 && token.raw.size() >= 2 && !reader->field() &&
                  std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; });
    if (ticker) {
      values.push_back(token.raw);
      ++reader->at;
      mark = reader->at;
      if (AcceptListSign(reader) && reader->value()) continue;
    }
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
  reader->Understand(reader->Said(from, reader->at), fmt::format("{} {} {}", reader->name(field), negated ? "is not" : "=", shown));
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// Capital words that no sample holds but that look like a symbol: "only TSLA".
bool ReadUnseenSymbols(Reader* reader, bool negated, size_t from) {
  int symbol = reader->source.FindRole("symbol");
  if (symbol < 0) return false;
  std::vector<std::string> values;
  while (true) {
    const Token& token = reader->token();
    bool ticker = token.is_word() && token.raw.size() >= 2 && token.raw.size() <= 5 &&
                  std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; });
    if (!ticker || reader->field()) break;
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

/// "between 10 and 50", "hotter than 80", "> 5": no comparison for a column of text.
bool StartsNumberRange(const Reader& reader) {
  for (size_t i = 0; i < 5; ++i) {
    const Token& token = reader.token(i);
    if (token.has_number) return i > 0;
    if (reader.Match("between|than|above|below|over|under|exceeding|exceeds", i) > 0) return reader.token(i + 1).has_number;
    if (token.kind == Token::Kind::kSymbol && (token.text == ">" || token.text == "<" || token.text == ">=" || token.text == "<=")) {
      return reader.token(i + 1).has_number;
    }
    bool comparative = reader.word(i).ends_with("er") || reader.Match("more|less", i) > 0;
    if (!comparative && reader.Match("is|are|was|were|that|which", i) == 0) return false;
  }
  return false;
}

/// What follows the thing compared: "> 1000", "between 10 and 50", "is missing", "contains foo", "AAPL or MSFT".
bool ReadComparison(Reader* reader, Operand operand, size_t from, bool negated) {
  size_t start = reader->at;
  Condition condition;
  condition.of_measure = operand.measure;
  if (operand.field >= 0 && !operand.measure) condition.fields = {operand.field};
  std::string column = operand.field >= 0 ? std::string(reader->name(operand.field)) : operand.alias;
  auto finish = [&](ExpressionPtr expression) {
    condition.expression = std::move(expression);
    PushCondition(reader, std::move(condition), from);
    return true;
  };
  bool text = operand.field >= 0 && !operand.measure && reader->model(operand.field).is_text();
  if (text && StartsNumberRange(*reader)) return false;
  reader->Accept("that|which|who|value|values|has|have");
  if (reader->Accept("is missing|are missing|missing|is null|are null|is empty|are empty|is unknown|is not set|is not known|null|empty|is blank|is absent|isnt set")) {
    return finish(NullTestNode(std::move(operand.expression), negated));
  }
  if (reader->Accept("is not null|are not null|not null|is not missing|isnt missing|isnt null|is known|is set|is present|exists|is not empty|is there|is filled")) {
    return finish(NullTestNode(std::move(operand.expression), !negated));
  }
  if (reader->Accept("between|is between|ranging from|from|in the range|in range|ranges from")) {
    Token low, high;
    reader->Accept("of|from");
    if (AcceptNumber(reader, &low)) {
      reader->Accept("and|to|through");
      if (reader->IsSymbol("-")) ++reader->at;
      if (AcceptNumber(reader, &high)) {
        SkipUnit(reader);
        auto between = std::make_unique<sql::Between>();
        between->negated = negated;
        between->operand = std::move(operand.expression);
        between->low = ValueNode(*reader, low, operand.field, operand.share);
        between->high = ValueNode(*reader, high, operand.field, operand.share);
        return finish(std::move(between));
      }
    }
    reader->at = start;
  }
  struct Pattern {
    std::string_view words;
    std::string_view before, after;
    bool negated;
  };
  static constexpr std::array<Pattern, 5> kPatterns = {{
      {"does not contain|not containing|doesnt contain|without|not like", "%", "%", true},
      {"contains the word|contains|containing|contain|includes|including|include|mentions|mentioning|like|matches|has the word", "%", "%", false},
      {"does not start with|not starting with|doesnt start with", "", "%", true},
      {"starts with|starting with|start with|begins with|beginning with|begin with|prefixed with", "", "%", false},
      {"ends with|ending with|ending in|end with|ends in|finishing with", "%", "", false},
  }};
  if (operand.field >= 0 && !operand.measure) {
    for (const Pattern& pattern : kPatterns) {
      if (!reader->Accept(pattern.words)) continue;
      reader->Accept("the word|the letter|the letters|the text|a|the");
      const Token token = reader->token();
      std::string needle = token.kind == Token::Kind::kQuoted || token.is_word() ? (token.is_word() ? token.raw : token.text) : token.digits;
      if (needle.empty()) break;
      ++reader->at;
      return finish(LikeNode(std::move(operand.expression), fmt::format("{}{}{}", pattern.before, needle, pattern.after),
                             pattern.negated != negated));
    }
    reader->at = start;
  }
  BinaryOperator op = BinaryOperator::kEqual;
  bool compared = AcceptComparator(reader, &op);
  if (compared && op == BinaryOperator::kEqual) {
    // "is above 100" reads "is" first.
    BinaryOperator finer = op;
    if (AcceptComparator(reader, &finer)) op = finer;
  }
  if (compared && negated) {
    if (op == BinaryOperator::kEqual) op = BinaryOperator::kNotEqual;
  }
  if (compared && reader->Accept("one of|in|any of|either")) {
    if (op == BinaryOperator::kNotEqual) negated = true;
  } else if (!compared && reader->Accept("not in|not one of|outside")) {
    negated = true;
  } else if (!compared && reader->Accept("in|one of|from")) {
    negated = false;
  }
  if (reader->Accept("true|false|yes|no")) {
    bool wanted = reader->IsWord("true", static_cast<size_t>(-1)) || reader->IsWord("yes", static_cast<size_t>(-1));
    if (op == BinaryOperator::kNotEqual) wanted = !wanted;
    return finish(wanted ? std::move(operand.expression) : NotNode(std::move(operand.expression)));
  }
  Token number;
  bool temporal = operand.field >= 0 && reader->model(operand.field).is_time();
  if (!text && AcceptNumber(reader, &number)) {
    if (!compared && !operand.measure && operand.as_measure == nullptr && operand.field >= 0 && temporal) {
      reader->at = start;
      return false;
    }
    bool plus = reader->IsSymbol("+") || reader->Accept("or more|or higher|or above|and above|or over|and up|upwards|or greater|or later");
    bool minus = !plus && reader->Accept("or less|or lower|or below|and below|or fewer|and under|or under|or earlier");
    if (reader->IsSymbol("+")) ++reader->at;
    if (plus) op = BinaryOperator::kGreaterEqual;
    if (minus) op = BinaryOperator::kLessEqual;
    SkipUnit(reader);
    ExpressionPtr value = ValueNode(*reader, number, operand.field, operand.share);
    if (temporal && number.number >= 1000 && number.number <= 3000) {
      operand.expression = ExtractNode("YEAR", std::move(operand.expression));
      if (operand.field >= 0) reader->Understand(number.digits, "a year");
    }
    if (operand.as_measure != nullptr) {
      condition.as_measure = BinaryNode(op, std::move(operand.as_measure), NumberNode(DigitsFor(number, operand.share)));
      condition.measure_alias = operand.measure_alias;
    }
    return finish(BinaryNode(op, std::move(operand.expression), std::move(value)));
  }
  if (operand.measure) {
    reader->at = start;
    return false;
  }
  // A comparison of two columns: "close above open".
  if (compared && op != BinaryOperator::kEqual && op != BinaryOperator::kNotEqual && reader->field() &&
      reader->model(reader->field().field).is_numeric()) {
    int other = -1;
    reader->AcceptField(&other);
    return finish(BinaryNode(op, std::move(operand.expression), ColumnNode(reader->name(other))));
  }
  if (!compared && !text && operand.field < 0) {
    reader->at = start;
    return false;
  }
  bool known_value = reader->value() && reader->source.values[static_cast<size_t>(reader->value().value)].field == operand.field;
  bool quoted = reader->token().kind == Token::Kind::kQuoted;
  if (operand.field < 0 || !(compared || known_value || quoted || reader->at > start)) {
    reader->at = start;
    return false;
  }
  std::vector<std::string> values;
  std::string value;
  bool bare_number = text && reader->token().has_number && compared;
  if (bare_number) {
    values.push_back(reader->token().digits);
    ++reader->at;
  } else {
    if (!text && !quoted && !known_value) {
      reader->at = start;
      return false;
    }
    while (AcceptText(reader, operand.field, &value)) {
      values.push_back(value);
      size_t mark = reader->at;
      if (!AcceptListSign(reader)) break;
      bool again = (reader->value() && reader->source.values[static_cast<size_t>(reader->value().value)].field == operand.field) ||
                   reader->token().kind == Token::Kind::kQuoted;
      if (!again) {
        reader->at = mark;
        break;
      }
    }
  }
  if (values.empty()) {
    reader->at = start;
    return false;
  }
  if (op != BinaryOperator::kEqual && op != BinaryOperator::kNotEqual) {
    return finish(BinaryNode(op, std::move(operand.expression), StringNode(values[0])));
  }
  return finish(MakeIn(column, values, negated || op == BinaryOperator::kNotEqual));
}

/// "more than 5 orders", "over 500 shares", "above 1000", "between 10 and 50 dollars": the number comes first.
bool ReadBareComparison(Reader* reader, size_t from) {
  size_t start = reader->at;
  Condition condition;
  Token number, high;
  if (reader->Accept("between") && AcceptNumber(reader, &number) && reader->Accept("and|to") && AcceptNumber(reader, &high)) {
    int field = ImpliedNumberField(*reader);
    if (field < 0) {
      reader->at = start;
      return false;
    }
    SkipUnit(reader);
    if (reader->field() && reader->field().field == field) reader->at += reader->field().length;
    auto between = std::make_unique<sql::Between>();
    between->operand = ColumnNode(reader->name(field));
    between->low = ValueNode(*reader, number, field, reader->model(field).unit_interval);
    between->high = ValueNode(*reader, high, field, reader->model(field).unit_interval);
    condition.fields = {field};
    condition.expression = std::move(between);
    PushCondition(reader, std::move(condition), from);
    return true;
  }
  reader->at = start;
  BinaryOperator op = BinaryOperator::kEqual;
  if (!AcceptComparator(reader, &op) || op == BinaryOperator::kEqual || op == BinaryOperator::kNotEqual || !AcceptNumber(reader, &number)) {
    reader->at = start;
    return false;
  }
  // "more than 5 orders per customer": a count.
  size_t noun = reader->source_name();
  std::vector<int> failure_fields;
  ExpressionPtr failure;
  if (noun == 0) failure = FailureCondition(*reader, reader->word(), &failure_fields);
  bool value_noun = reader->value() && reader->source_name() == 0 &&
                    LinkSourceName(reader->source, reader->sentence.tokens, reader->at + reader->value().length) > 0;
  if (noun > 0 || IsRecordNoun(reader->token().stem) || failure != nullptr || value_noun) {
    if (failure != nullptr || value_noun) {
      Condition row;
      if (value_noun) {
        const ValueModel& value = reader->source.values[static_cast<size_t>(reader->value().value)];
        row.fields = {value.field};
        row.expression = BinaryNode(BinaryOperator::kEqual, ColumnNode(reader->name(value.field)), StringNode(value.text));
        reader->at += reader->value().length;
      } else {
        row.fields = failure_fields;
        row.expression = std::move(failure);
        ++reader->at;
      }
      row.words = reader->Said(from, reader->at);
      reader->frame.conditions.push_back(std::move(row));
      noun = reader->source_name();
    }
    if (noun > 0) reader->at += noun, reader->named_source = true;
    else if (IsRecordNoun(reader->token().stem)) ++reader->at;
    Measure count = MakeCount(*reader);
    condition.of_measure = true;
    condition.expression = BinaryNode(op, CountAllNode(), NumberNode(number.digits));
    bool known = std::any_of(reader->frame.measures.begin(), reader->frame.measures.end(),
                             [&](const Measure& measure) { return measure.alias == count.alias; });
    if (!known) reader->frame.measures.push_back(std::move(count));
    PushCondition(reader, std::move(condition), from);
    return true;
  }
  int field = ImpliedNumberField(*reader);
  if (field < 0) {
    reader->at = start;
    return false;
  }
  bool unit_said = reader->Match("shares|units|lots|dollars|dollar|usd|degrees|euros|pieces|items|ms|milliseconds") > 0;
  bool field_said = reader->field() && reader->field().field == field;
  SkipUnit(reader);
  if (reader->field() && reader->field().field == field) reader->at += reader->field().length;
  else reader->Accept("shares|lots|items|contracts");
  if (!unit_said && !field_said) {
    std::vector<AssumptionChoice> others;
    for (std::string_view role : {"price", "amount", "quantity", "value"}) {
      int other = reader->source.FindRole(role);
      if (other >= 0 && other != field && others.size() < 3 && reader->model(other).is_numeric()) {
        others.push_back({std::string(reader->name(other)), fmt::format("remove the {} filter and add a filter for {} {} {}", reader->name(field), reader->name(other), sql::OperatorText(op), number.digits)});
      }
    }
    reader->Assume("column", fmt::format("the number is compared with {}", reader->name(field)), std::move(others));
  }
  condition.fields = {field};
  condition.expression = BinaryNode(op, ColumnNode(reader->name(field)), ValueNode(*reader, number, field, reader->model(field).unit_interval));
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// "in 2008", "since 2005", "before 2010", "between 2005 and 2008" on the time column.
bool ReadYears(Reader* reader) {
  size_t start = reader->at;
  int time = -1;
  for (size_t i = 0; i < reader->source.fields.size() && time < 0; ++i) {
    if (reader->source.fields[i].is_time()) time = static_cast<int>(i);
  }
  if (time < 0) return false;
  auto is_year = [&](size_t offset) {
    const Token& token = reader->token(offset);
    return token.is_number() && token.digits.size() == 4 && token.number >= 1800 && token.number <= 2100;
  };
  auto is_date = [&](size_t offset) { return reader->token(offset).kind == Token::Kind::kQuoted && reader->token(offset).text.empty() == false && std::isdigit(static_cast<unsigned char>(reader->token(offset).text[0])) != 0 && reader->token(offset).text.size() >= 8; };
  BinaryOperator op = BinaryOperator::kEqual;
  if (reader->Accept("since|from|starting in|starting from|after|later than")) {
    bool strict = reader->IsWord("after", static_cast<size_t>(-1)) || reader->IsWord("than", static_cast<size_t>(-1));
    op = strict ? BinaryOperator::kGreater : BinaryOperator::kGreaterEqual;
  } else if (reader->Accept("before|until|up to|earlier than|prior to")) {
    op = BinaryOperator::kLess;
  } else if (!reader->Accept("in the year|in year|in|during|for|of|on")) {
    return false;
  }
  Condition condition;
  condition.fields = {time};
  if (is_year(0)) {
    std::string digits = reader->token().digits;
    ++reader->at;
    condition.expression = BinaryNode(op, ExtractNode("YEAR", ColumnNode(reader->name(time))), NumberNode(digits));
  } else if (is_date(0)) {
    std::string text = reader->token().text;
    ++reader->at;
    condition.expression = BinaryNode(op, ColumnNode(reader->name(time)), StringNode(text));
  } else {
    reader->at = start;
    return false;
  }
  PushCondition(reader, std::move(condition), start);
  return true;
}

/// One condition: value list, operand with a comparison, or a bare comparison.
bool ReadCondition(Reader* reader, bool negated, size_t from) {
  size_t start = reader->at;
  reader->SkipArticles();
  // "orders between 10 and 50 dollars": the source's own noun says nothing about a column.
  if (reader->source_name() > 0 && (!reader->field() || reader->field().score < 0.95)) {
    size_t noun = reader->source_name();
    reader->at += noun;
    if (ReadBareComparison(reader, from)) {
      reader->named_source = true;
      return true;
    }
    reader->at -= noun;
  }
  // A boolean column by itself: "where is_fraud", "that are fraudulent".
  const FieldLink link = reader->field();
  if (ReadBareComparison(reader, from)) return true;
  if (!(link && link.score >= 0.97) && reader->value() && ReadValueList(reader, negated, from)) return true;
  Operand operand;
  if (ReadOperand(reader, &operand)) {
    bool boolean = operand.field >= 0 && reader->model(operand.field).type == TypeKind::kBoolean && !operand.measure;
    std::vector<int> fields = {operand.field};
    int field = operand.field;
    if (ReadComparison(reader, std::move(operand), from, negated)) return true;
    if (boolean) {
      Condition condition;
      condition.fields = fields;
      condition.expression = negated ? NotNode(ColumnNode(reader->name(field))) : ColumnNode(reader->name(field));
      PushCondition(reader, std::move(condition), from);
      return true;
    }
  }
  reader->at = start;
  return false;
}

/// Joins the last two conditions into one OR.
void JoinByOr(Reader* reader, size_t first) {
  auto& conditions = reader->frame.conditions;
  if (conditions.size() < first + 2) return;
  Condition last = std::move(conditions.back());
  conditions.pop_back();
  Condition& before = conditions.back();
  before.expression = BinaryNode(BinaryOperator::kOr, std::move(before.expression), std::move(last.expression));
  before.fields.insert(before.fields.end(), last.fields.begin(), last.fields.end());
  before.words += " or " + last.words;
}

}  // namespace

bool ReadFilter(Reader* reader) {
  size_t start = reader->at;
  bool negated = reader->Accept(
      "but not|and not|except for|except where|except|excluding|exclude|without any|without|not including|other than|leaving out|leave out|ignoring|ignore|skip|drop|"
      "filter out|remove|apart from|never");
  bool lead = negated || reader->Accept(
                             "add a filter for|add a filter on|add filter for|add filter|filter for|filter by|filter on|filter to|filtered by|filter|where only|where the|where|with only|with a|with an|with|whose|having|"
                             "that have|that has|that had|that are|that were|that is|which have|which has|which are|which is|who have|who has|who are|for which|if the|if|when the|when|and where|provided|such that|"
                             "limited to|restricted to|restrict to|keep only|keep|only where|only when|only those|only for|only from|only in|only with|only the|only|just for|just the|just|for only|for just|just|"
                             "from the|from|for the|for|in the|in|on the|on|at the|at|of the|of|by|during|involving|between|made by|placed by|paid by|and|include only");
  if (lead && reader->IsWord("between", static_cast<size_t>(-1)) && reader->at == start + 1) --reader->at;  // the word belongs to the range
  std::string_view lead_word = lead && reader->at > start ? std::string_view(reader->sentence.tokens[start].text) : std::string_view();
  if (reader->Accept("rows|records|trades|those|the ones|ones|anything|everything|all") && reader->Accept("where|with|that are|that have|whose|for|from|in|of")) {
    reader->SkipArticles();
  }
  if (reader->IsWord("not") || reader->IsWord("no")) {
    if (reader->Match("not in", 0) == 0 && (reader->value(1) || reader->field(1))) {
      negated = !negated;
      ++reader->at;
    }
  }
  if (negated && reader->Accept("missing|null|nulls|empty|blank|nulls in|rows with missing|missing values in|null values in|rows without")) {
    reader->Accept("values|value|in|for|of|the|entries");
    reader->SkipArticles();
    int field = -1;
    if (reader->AcceptField(&field)) {
      Condition condition;
      condition.fields = {field};
      condition.expression = NullTestNode(ColumnNode(reader->name(field)), true);
      PushCondition(reader, std::move(condition), start);
      return true;
    }
  }
  if (lead && reader->Accept("missing|no|null|empty|unknown")) {
    int field = -1;
    if (reader->AcceptField(&field)) {
      Condition condition;
      condition.fields = {field};
      condition.expression = NullTestNode(ColumnNode(reader->name(field)), negated);
      PushCondition(reader, std::move(condition), start);
      return true;
    }
  }
  bool weak = lead_word == "by" || lead_word == "of" || lead_word == "and" || lead_word == "in" || lead_word == "on" || lead_word == "for" || lead_word == "from";
  size_t mark = reader->at;
  if (!lead || weak) {
    // Without a filter word only a comparison, a value or a year makes a filter.
    reader->at = start;
    if (ReadYears(reader)) return true;
    reader->at = mark;
  }
  size_t first = reader->frame.conditions.size();
  if (!ReadCondition(reader, negated, start)) {
    if (lead && !weak && (lead_word == "only" || lead_word == "just" || negated) && ReadUnseenSymbols(reader, negated, start)) return true;
    if (lead_word == "for" && ReadUnseenSymbols(reader, negated, start)) return true;
    reader->at = start;
    return false;
  }
  while (true) {
    size_t next = reader->at;
    bool or_sign = reader->Accept("or");
    bool and_sign = !or_sign && (reader->Accept("and|but|as well as") || reader->IsSymbol(","));
    if (and_sign && reader->IsSymbol(",")) ++reader->at;
    if (!or_sign && !and_sign) break;
    bool not_next = reader->Accept("not");
    reader->Accept("with|where|whose|have|has|only|for|in|from|are|is");
    if (StartsMeasure(*reader) && reader->Match("more than|less than|at least") == 0 && and_sign) {
      // "and average price" goes on with the list of figures unless a comparison follows; ReadCondition finds out.
    }
    if (!ReadCondition(reader, not_next, next)) {
      reader->at = next;
      break;
    }
    if (or_sign) JoinByOr(reader, first);
  }
  for (size_t i = first; i < reader->frame.conditions.size(); ++i) {
    reader->Understand(reader->frame.conditions[i].words, reader->frame.conditions[i].of_measure ? "HAVING" : "WHERE");
  }
  return true;
}

bool ReadValueFilter(Reader* reader) {
  size_t start = reader->at;
  const ValueLink link = reader->value();
  if (!link) return false;
  if (reader->field() && reader->field().score >= 0.97 && link.score < 1) return false;
  return ReadValueList(reader, false, start);
}

}  // namespace velo::language
