// "where price > 1000", "only AAPL and MSFT", "without test users", "in 2008".
#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/comparison.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

using sql::BinaryOperator;
using sql::ExpressionPtr;

namespace {

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
  auto is_date = [&](size_t offset) {
    return reader->token(offset).kind == Token::Kind::kQuoted && reader->token(offset).text.empty() == false &&
           std::isdigit(static_cast<unsigned char>(reader->token(offset).text[0])) != 0 &&
           reader->token(offset).text.size() >= 8;
  };
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
    condition.expression = BinaryNode(op, ExtractNode("YEAR", TimeExpression(reader->model(time))), NumberNode(digits));
  } else if (is_date(0)) {
    std::string text = reader->token().text;
    ++reader->at;
    condition.expression = BinaryNode(op, TimeExpression(reader->model(time)), StringNode(text));
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

/// "paid invoices", "unpaid invoices": a yes/no column said as an adjective.
bool ReadFlag(Reader* reader) {
  size_t start = reader->at;
  std::string_view word = reader->word();
  if (word.size() < 4) return false;
  bool opposite = word.starts_with("un") || word.starts_with("non");
  std::string_view root = word.starts_with("un") ? word.substr(2) : word.starts_with("non") ? word.substr(3) : word;
  for (size_t i = 0; i < reader->source.fields.size() && opposite; ++i) {
    const FieldModel& field = reader->source.fields[i];
    if (field.type != TypeKind::kBoolean || field.parts.empty() || !SameRoot(field.parts.back(), root)) continue;
    ++reader->at;
    Condition condition;
    condition.fields = {static_cast<int>(i)};
    condition.expression = NotNode(ColumnNode(field.name));
    PushCondition(reader, std::move(condition), start);
    reader->Understand(std::string(word), "NOT " + field.name);
    return true;
  }
  return false;
}

}  // namespace

bool ReadFilter(Reader* reader) {
  size_t start = reader->at;
  bool negated = reader->Accept(
      "everything but|all but|anything but|everyone but|everything except|all except|but not|and not|neither|that are "
      "neither|which are neither|except for|except where|except|excluding|exclude|without any|without|not "
      "including|other than|leaving out|leave out|ignoring|ignore|skip|drop|"
      "filter out|remove|apart from|never");
  bool lead =
      negated || reader->Accept(
                     "add a filter for|add a filter on|add filter for|add filter|filter for|filter by|filter on|filter "
                     "to|filtered by|filter|where only|where the|where|with only|with a|with an|with|whose|having|"
                     "that have|that has|that had|that are|that were|that is|which have|which has|which are|which "
                     "is|who have|who has|who are|for which|if the|if|when the|when|and where|provided|such that|"
                     "limited to|restricted to|restrict to|keep only|keep|only where|only when|only those|only "
                     "for|only from|only in|only with|only the|only|just for|just the|just|for only|for just|just|"
                     "from the|from|for the|for|in the|in|on the|on|at the|at|of "
                     "the|of|by|during|involving|between|made by|placed by|paid by|and|include only");
  if (lead && reader->IsWord("between", static_cast<size_t>(-1)) && reader->at == start + 1)
    --reader->at;  // the word belongs to the range
  std::string_view lead_word =
      lead && reader->at > start ? std::string_view(reader->sentence.tokens[start].text) : std::string_view();
  if (reader->Accept("rows|records|trades|those|the ones|ones|anything|everything|all") &&
      reader->Accept("where|with|that are|that have|whose|for|from|in|of")) {
    reader->SkipArticles();
  }
  if (reader->IsWord("not") || reader->IsWord("no")) {
    size_t article = reader->Match("the|a|an|any", 1);
    if (reader->Match("not in", 0) == 0 && (reader->value(1 + article) || reader->field(1 + article))) {
      negated = !negated;
      ++reader->at;
    }
  }
  if (reader->Accept("neither")) negated = true;
  if (negated &&
      reader->Accept(
          "missing|null|nulls|empty|blank|nulls in|rows with missing|missing values in|null values in|rows without")) {
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
  // "without a director": the column has no value.
  if (lead_word == "without") {
    size_t here = reader->at;
    reader->SkipArticles();
    const FieldLink link = reader->field();
    bool known_value = static_cast<bool>(reader->value());
    if (link && link.score > 0.8 && !known_value && reader->at + link.length >= reader->size() &&
        !(reader->names != nullptr && reader->names->aggregated)) {
      int field = -1;
      reader->AcceptField(&field);
      Condition condition;
      condition.fields = {field};
      condition.expression = NullTestNode(ColumnNode(reader->name(field)), false);
      PushCondition(reader, std::move(condition), start);
      return true;
    }
    reader->at = here;
  }
  bool weak = lead_word == "by" || lead_word == "of" || lead_word == "and" || lead_word == "in" || lead_word == "on" ||
              lead_word == "for" || lead_word == "from";
  size_t mark = reader->at;
  if (!lead || weak) {
    // Without a filter word only a comparison, a value or a year makes a filter.
    reader->at = start;
    if (ReadYears(reader)) return true;
    reader->at = mark;
  }
  size_t first = reader->frame.conditions.size();
  if (!ReadCondition(reader, negated, start)) {
    if (lead && !weak && (lead_word == "only" || lead_word == "just" || negated) &&
        ReadUnseenSymbols(reader, negated, start))
      return true;
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
  if (ReadFlag(reader)) return true;
  const ValueLink link = reader->value();
  if (!link) return ReadUnseenSymbols(reader, false, start);
  if (reader->field() && reader->field().score >= 0.97 && link.score < 1) return false;
  return ReadValueList(reader, false, start);
}

}  // namespace velo::language
