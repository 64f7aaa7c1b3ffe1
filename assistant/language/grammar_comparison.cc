// "price > 1000", "between 10 and 50", "is missing", "more than 5 orders".
#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/comparison.h"
#include "assistant/language/lexicon.h"
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
     "greater than or equal to|greater or equal to|more than or equal to|at least|no less than|not less than|not "
     "below|or more than|minimum of|from at least"},
    {BinaryOperator::kLessEqual,
     "less than or equal to|less or equal to|at most|no more than|not more than|not above|not exceeding|up to|maximum "
     "of|smaller than or equal to"},
    {BinaryOperator::kGreater,
     "is greater than|greater than|is more than|more than|is larger than|larger than|bigger than|higher than|hotter "
     "than|warmer than|longer than|older than|slower than|heavier than|"
     "worth more than|goes above|go above|is above|above|is over|over|exceeds|exceed|exceeding|exceeded|beyond|rises "
     "above|surpasses|surpassing|after|north of|in excess of|later than|greater|costing more than|taller than"},
    {BinaryOperator::kLess,
     "is less than|less than|fewer than|is smaller than|smaller than|lower than|cheaper than|colder than|cooler "
     "than|shorter than|younger than|faster than|worth less than|"
     "falls below|drops below|drop below|goes below|is below|below|is under|under|beneath|before|earlier than|lighter "
     "than|south of"},
    {BinaryOperator::kNotEqual,
     "is not equal to|not equal to|is different from|different from|other than|does not equal|not equal|isnt|is "
     "not|are not|was not|not|arent|wasnt|unlike|doesnt equal"},
    {BinaryOperator::kEqual,
     "is equal to|equal to|is exactly|exactly|equals|equal|is the same as|same as|is set to|is|are|was|were|of "
     "type|of|being|="},
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
  // Any other adjective: "windier than 5".
  size_t is = reader->Match("is|are|was|were");
  if (reader->word(is).ends_with("er") && reader->IsWord("than", is + 1) &&
      FieldOfQuality(reader->source, reader->word(is)) >= 0) {
    reader->at += is + 2;
    *op = BinaryOperator::kGreater;
    return true;
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

/// A length of time compared with a column of numbers: "2 hours" is 120 for minutes_to_resolve.
std::string DurationDigits(const Reader& reader, const Token& token, int field) {
  if (field < 0) return token.digits;
  for (const std::string& part : reader.model(field).parts) {
    int64_t unit = part == "latency" ? 1 : UnitMilliseconds(part);
    if (unit > 0 && token.milliseconds % unit == 0) return fmt::format("{}", token.milliseconds / unit);
    if (unit > 0) return fmt::format("{:g}", static_cast<double>(token.milliseconds) / static_cast<double>(unit));
  }
  return token.digits;
}

bool AcceptNumber(Reader* reader, Token* number, int duration_field = -1) {
  size_t mark = reader->at;
  reader->Accept("about|around|roughly|a|the");
  if (duration_field >= 0 && reader->token().is_duration() && !reader->token().digits.empty()) {
    *number = reader->token();
    number->digits = DurationDigits(*reader, *number, duration_field);
    number->number = std::strtod(number->digits.c_str(), nullptr);
    ++reader->at;
    return !number->digits.empty();
  }
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
  reader->Accept(
      "dollars|dollar|usd|eur|euros|euro|bucks|degrees|degree|celsius|fahrenheit|percent|units|points|pieces|stars|"
      "points|miles|km|kg|mm|ms|milliseconds");
}

/// The number's unit or the source tells the column when none is said: "over 500 shares", "above $1000", "trades above
/// 1000".
int ImpliedNumberField(const Reader& reader) {
  const SourceModel& source = reader.source;
  // The number is behind the cursor: "heavier than 20", "slower than 500".
  for (size_t back = 2; back <= 4 && back <= reader.at; ++back) {
    const Token& token = reader.sentence.tokens[reader.at - back];
    if (!token.is_word() || token.text == "than") continue;
    if (int field = FieldOfQuality(source, token.text); field >= 0) return field;
    break;
  }
  if (reader.Match("kg|kilos|kilograms|lbs|pounds|tons|grams") > 0) {
    if (int field = FieldOfQuality(source, "heavier"); field >= 0) return field;
  }
  if (reader.Match("km|miles|kilometers|kilometres") > 0) {
    if (int field = FieldOfQuality(source, "farer"); field >= 0) return field;
  }
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

/// "between 10 and 50", "hotter than 80", "> 5": no comparison for a column of text.
bool StartsNumberRange(const Reader& reader) {
  for (size_t i = 0; i < 5; ++i) {
    const Token& token = reader.token(i);
    if (token.has_number) return i > 0;
    if (reader.Match("between|than|above|below|over|under|exceeding|exceeds", i) > 0)
      return reader.token(i + 1).has_number;
    if (token.kind == Token::Kind::kSymbol &&
        (token.text == ">" || token.text == "<" || token.text == ">=" || token.text == "<=")) {
      return reader.token(i + 1).has_number;
    }
    bool comparative = reader.word(i).ends_with("er") || reader.Match("more|less", i) > 0;
    if (!comparative && reader.Match("is|are|was|were|that|which", i) == 0) return false;
  }
  return false;
}

/// The comparison that holds when the other does not.
BinaryOperator Opposite(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kEqual:
      return BinaryOperator::kNotEqual;
    case BinaryOperator::kNotEqual:
      return BinaryOperator::kEqual;
    case BinaryOperator::kLess:
      return BinaryOperator::kGreaterEqual;
    case BinaryOperator::kLessEqual:
      return BinaryOperator::kGreater;
    case BinaryOperator::kGreater:
      return BinaryOperator::kLessEqual;
    case BinaryOperator::kGreaterEqual:
      return BinaryOperator::kLess;
    default:
      return op;
  }
}

/// One comparison while it is read. Every step either finishes the condition or leaves the cursor at `start`.
class Comparison {
 public:
  Comparison(Reader* reader, Operand operand, size_t from, bool negated)
      : reader_(reader), operand_(std::move(operand)), from_(from), negated_(negated) {
    condition_.of_measure = operand_.measure;
    condition_.measure_alias = operand_.measure ? operand_.alias : "";
    if (has_column()) condition_.fields = {operand_.field};
    text_ = has_column() && reader->model(operand_.field).is_text();
    numeric_ = operand_.field >= 0 && reader->model(operand_.field).is_numeric();
    temporal_ = operand_.field >= 0 && reader->model(operand_.field).is_time();
  }

  bool Read() {
    size_t before = reader_->at;
    if (text_ && !temporal_ && StartsNumberRange(*reader_)) return false;
    reader_->Accept("that|which|who|value|values|has|have");
    if (numeric_ && reader_->IsWord("by")) ++reader_->at;
    start_ = reader_->at;
    if (ReadNullTest() || ReadRange() || ReadPattern()) return true;
    ReadOperator();
    if (ReadTruth() || ReadNumber() || ReadOtherColumn() || ReadTexts()) return true;
    reader_->at = before;
    return false;
  }

 private:
  bool has_column() const { return operand_.field >= 0 && !operand_.measure; }
  bool ordered() const { return op_ != BinaryOperator::kEqual && op_ != BinaryOperator::kNotEqual; }

  bool Finish(ExpressionPtr expression) {
    condition_.expression = std::move(expression);
    PushCondition(reader_, std::move(condition_), from_);
    return true;
  }

  bool ReadNullTest() {
    if (reader_->Accept(
            "is missing|are missing|missing|is null|are null|is empty|are empty|is unknown|is not set|is not "
            "known|null|empty|is blank|is absent|isnt set")) {
      return Finish(NullTestNode(std::move(operand_.expression), negated_));
    }
    if (reader_->Accept("is not null|are not null|not null|is not missing|isnt missing|isnt null|is known|is set|is "
                        "present|exists|is not empty|is there|is filled")) {
      return Finish(NullTestNode(std::move(operand_.expression), !negated_));
    }
    return false;
  }

  bool ReadRange() {
    if (!reader_->Accept("between|is between|ranging from|from|in the range|in range|ranges from")) return false;
    Token low, high;
    reader_->Accept("of|from");
    if (AcceptNumber(reader_, &low)) {
      reader_->Accept("and|to|through");
      if (reader_->IsSymbol("-")) ++reader_->at;
      if (AcceptNumber(reader_, &high)) {
        SkipUnit(reader_);
        bool years = temporal_ && low.number >= 1000 && high.number <= 3000;
        auto between = std::make_unique<sql::Between>();
        between->negated = negated_;
        between->operand = years ? YearOfColumn() : std::move(operand_.expression);
        between->low = ValueNode(*reader_, low, years ? -1 : operand_.field, operand_.share);
        between->high = ValueNode(*reader_, high, years ? -1 : operand_.field, operand_.share);
        return Finish(std::move(between));
      }
    }
    reader_->at = start_;
    return false;
  }

  bool ReadPattern() {
    struct Pattern {
      std::string_view words;
      std::string_view before, after;
      bool negated;
    };
    static constexpr std::array<Pattern, 5> kPatterns = {{
        {"does not contain|not containing|doesnt contain|without|not like", "%", "%", true},
        {"contains the "
         "word|contains|containing|contain|includes|including|include|mentions|mentioning|like|matches|has "
         "the word",
         "%", "%", false},
        {"does not start with|not starting with|doesnt start with", "", "%", true},
        {"starts with|starting with|start with|begins with|beginning with|begin with|prefixed with", "", "%", false},
        {"ends with|ending with|ending in|end with|ends in|finishing with", "%", "", false},
    }};
    if (!has_column()) return false;
    for (const Pattern& pattern : kPatterns) {
      if (!reader_->Accept(pattern.words)) continue;
      reader_->Accept("the word|the letter|the letters|the text|a|the");
      const Token token = reader_->token();
      std::string needle = token.is_word() ? token.raw : token.kind == Token::Kind::kQuoted ? token.text : token.digits;
      if (needle.empty()) break;
      ++reader_->at;
      return Finish(LikeNode(std::move(operand_.expression),
                             fmt::format("{}{}{}", pattern.before, needle, pattern.after),
                             pattern.negated != negated_));
    }
    reader_->at = start_;
    return false;
  }

  /// Takes the comparison words, turned round when the condition is negated.
  void ReadOperator() {
    compared_ = AcceptComparator(reader_, &op_);
    if (compared_ && op_ == BinaryOperator::kEqual) {
      // "is above 100" reads "is" first.
      BinaryOperator finer = op_;
      if (AcceptComparator(reader_, &finer)) op_ = finer;
    }
    if (compared_ && negated_) op_ = Opposite(op_);
    if (compared_ && reader_->Accept("one of|in|any of|either")) {
      if (op_ == BinaryOperator::kNotEqual) negated_ = true;
    } else if (!compared_ && reader_->Accept("not in|not one of|outside")) {
      negated_ = true;
    } else if (!compared_ && reader_->source_name(reader_->Match("in the|from the|in|from")) == 0 &&
               reader_->Accept("in|one of|from")) {
      negated_ = false;  // "by symbol in trades" names the source.
    }
  }

  bool ReadTruth() {
    bool yes = reader_->Match("true|yes") > 0;
    if (!yes && reader_->Match("false|no") == 0) return false;
    ++reader_->at;
    bool wanted = yes != (op_ == BinaryOperator::kNotEqual);
    return Finish(wanted ? std::move(operand_.expression) : NotNode(std::move(operand_.expression)));
  }

  ExpressionPtr YearOfColumn() const { return ExtractNode("YEAR", TimeExpression(reader_->model(operand_.field))); }

  bool ReadNumber() {
    Token number;
    size_t here = reader_->at;
    if ((text_ && !temporal_) || !AcceptNumber(reader_, &number, compared_ && numeric_ ? operand_.field : -1))
      return false;
    bool year = temporal_ && number.number >= 1000 && number.number <= 3000;
    if ((temporal_ && !compared_) || (text_ && !year)) {
      reader_->at = here;
      return false;
    }
    if (reader_->IsSymbol("+")) {
      ++reader_->at;
      op_ = BinaryOperator::kGreaterEqual;
    }
    if (reader_->Accept("or more|or higher|or above|and above|or over|and up|upwards|or greater|or later")) {
      op_ = BinaryOperator::kGreaterEqual;
    } else if (reader_->Accept("or less|or lower|or below|and below|or fewer|and under|or under|or earlier")) {
      op_ = BinaryOperator::kLessEqual;
    }
    SkipUnit(reader_);
    if (year) {
      reader_->Understand(number.digits, "a year");
      return Finish(BinaryNode(op_, YearOfColumn(), NumberNode(number.digits)));
    }
    if (operand_.as_measure != nullptr) {
      condition_.as_measure =
          BinaryNode(op_, std::move(operand_.as_measure), NumberNode(DigitsFor(number, operand_.share)));
      condition_.measure_alias = operand_.measure_alias;
    }
    ExpressionPtr value = ValueNode(*reader_, number, operand_.measure ? -1 : operand_.field, operand_.share);
    return Finish(BinaryNode(op_, std::move(operand_.expression), std::move(value)));
  }

  /// "close above open"
  bool ReadOtherColumn() {
    if (operand_.measure || !compared_ || !ordered() || !reader_->field()) return false;
    if (!reader_->model(reader_->field().field).is_numeric()) return false;
    int other = -1;
    reader_->AcceptField(&other);
    return Finish(BinaryNode(op_, std::move(operand_.expression), ColumnNode(reader_->name(other))));
  }

  bool AtOwnValue() const {
    const ValueLink link = reader_->value();
    return link && reader_->source.values[static_cast<size_t>(link.value)].field == operand_.field;
  }
  bool AtQuoted() const { return reader_->token().kind == Token::Kind::kQuoted; }

  bool ReadTexts() {
    if (!has_column() || !(compared_ || AtOwnValue() || AtQuoted() || reader_->at > start_)) return false;
    std::vector<std::string> values;
    if (text_ && compared_ && reader_->token().has_number) {
      values.push_back(reader_->token().digits);
      ++reader_->at;
    } else if (text_ || AtQuoted() || AtOwnValue()) {
      std::string value;
      while (AcceptText(reader_, operand_.field, &value)) {
        values.push_back(value);
        size_t mark = reader_->at;
        if (!AcceptListSign(reader_)) break;
        if (AtOwnValue() || AtQuoted() || AtTicker(*reader_)) continue;
        reader_->at = mark;
        break;
      }
    }
    if (values.empty()) return false;
    if (ordered()) return Finish(BinaryNode(op_, std::move(operand_.expression), StringNode(values[0])));
    bool negative = op_ == BinaryOperator::kNotEqual || (negated_ && !compared_);
    return Finish(MakeIn(reader_->name(operand_.field), values, negative));
  }

  Reader* reader_;
  Operand operand_;
  size_t from_;
  bool negated_;
  Condition condition_;
  bool text_ = false, numeric_ = false, temporal_ = false, compared_ = false;
  BinaryOperator op_ = BinaryOperator::kEqual;
  size_t start_ = 0;
};

/// "500 shares": the unit and the column's own name say nothing more.
void SkipUnitAndColumn(Reader* reader, int field) {
  SkipUnit(reader);
  if (reader->field() && reader->field().field == field) {
    reader->at += reader->field().length;
  } else {
    reader->Accept("shares|lots|items|contracts");
  }
}

/// "between 10 and 50 dollars"
bool ReadBareRange(Reader* reader, size_t from, bool negated) {
  size_t start = reader->at;
  Token low, high;
  bool range = reader->Accept("between") && AcceptNumber(reader, &low) && reader->Accept("and|to") &&
               AcceptNumber(reader, &high);
  int field = range ? ImpliedNumberField(*reader) : -1;
  if (field < 0) {
    reader->at = start;
    return false;
  }
  SkipUnitAndColumn(reader, field);
  auto between = std::make_unique<sql::Between>();
  between->negated = negated;
  between->operand = ColumnNode(reader->name(field));
  between->low = ValueNode(*reader, low, field, reader->model(field).unit_interval);
  between->high = ValueNode(*reader, high, field, reader->model(field).unit_interval);
  Condition condition;
  condition.fields = {field};
  condition.expression = std::move(between);
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// "(more than 5) orders per customer", "(more than 10) failed payments": a count, perhaps of some rows only.
bool ReadCountComparison(Reader* reader, BinaryOperator op, const Token& number, size_t from) {
  size_t noun = reader->source_name();
  Condition row;
  const ValueLink link = reader->value();
  if (noun == 0 && link && LinkSourceName(reader->source, reader->sentence.tokens, reader->at + link.length) > 0) {
    const ValueModel& value = reader->source.values[static_cast<size_t>(link.value)];
    row.fields = {value.field};
    row.expression = BinaryNode(BinaryOperator::kEqual, ColumnNode(reader->name(value.field)), StringNode(value.text));
    reader->at += link.length;
  } else if (noun == 0) {
    row.expression = FailureCondition(*reader, reader->word(), &row.fields);
    if (row.expression != nullptr) ++reader->at;
  }
  bool rows = noun > 0 || row.expression != nullptr || IsRecordNoun(reader->token().stem);
  if (!rows) return false;
  if (row.expression != nullptr) {
    row.words = reader->Said(from, reader->at);
    reader->frame.conditions.push_back(std::move(row));
    noun = reader->source_name();
  }
  reader->named_source = reader->named_source || noun > 0;
  reader->at += noun > 0 ? noun : IsRecordNoun(reader->token().stem) ? 1 : 0;
  Measure count = MakeCount(*reader);
  Condition condition;
  condition.of_measure = true;
  condition.expression = BinaryNode(op, CountAllNode(), NumberNode(number.digits));
  bool known = std::any_of(reader->frame.measures.begin(), reader->frame.measures.end(),
                           [&](const Measure& measure) { return measure.alias == count.alias; });
  if (!known) reader->frame.measures.push_back(std::move(count));
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// Tells which column a bare number was compared with, and offers the others.
void AssumeColumn(Reader* reader, int field, BinaryOperator op, const Token& number) {
  std::vector<AssumptionChoice> others;
  for (std::string_view role : {"price", "amount", "quantity", "value"}) {
    int other = reader->source.FindRole(role);
    if (other < 0 || other == field || others.size() == 3 || !reader->model(other).is_numeric()) continue;
    others.push_back({std::string(reader->name(other)),
                      fmt::format("remove the {} filter and add a filter for {} {} {}", reader->name(field),
                                  reader->name(other), sql::OperatorText(op), number.digits)});
  }
  reader->Assume("column", fmt::format("the number is compared with {}", reader->name(field)), std::move(others));
}

}  // namespace

bool ReadComparison(Reader* reader, Operand operand, size_t from, bool negated) {
  return Comparison(reader, std::move(operand), from, negated).Read();
}

bool ReadBareComparison(Reader* reader, size_t from, bool negated) {
  size_t start = reader->at;
  if (ReadBareRange(reader, from, negated)) return true;
  BinaryOperator op = BinaryOperator::kEqual;
  Token number;
  bool ordered = AcceptComparator(reader, &op) && op != BinaryOperator::kEqual && op != BinaryOperator::kNotEqual;
  // "slower than 500 ms", "longer than 2 hours": the adjective tells the column.
  int quality = -1;
  for (size_t i = start; i < reader->at && quality < 0; ++i) {
    quality = FieldOfQuality(reader->source, reader->sentence.tokens[i].text);
  }
  if (!ordered || !AcceptNumber(reader, &number, quality)) {
    reader->at = start;
    return false;
  }
  if (negated) op = Opposite(op);
  if (ReadCountComparison(reader, op, number, from)) return true;
  int field = quality >= 0 ? quality : ImpliedNumberField(*reader);
  if (field < 0) {
    reader->at = start;
    return false;
  }
  bool said = quality >= 0 || (reader->field() && reader->field().field == field) ||
              reader->Match("shares|units|lots|dollars|dollar|usd|degrees|euros|pieces|items|ms|milliseconds") > 0;
  SkipUnitAndColumn(reader, field);
  if (!said) AssumeColumn(reader, field, op, number);
  Condition condition;
  condition.fields = {field};
  condition.expression = BinaryNode(op, ColumnNode(reader->name(field)),
                                    ValueNode(*reader, number, field, reader->model(field).unit_interval));
  PushCondition(reader, std::move(condition), from);
  return true;
}

}  // namespace velo::language
