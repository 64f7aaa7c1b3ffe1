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
    if (ReadBareComparison(reader, from, negated)) {
      reader->named_source = true;
      return true;
    }
    reader->at -= noun;
  }
  // A boolean column by itself: "where is_fraud", "that are fraudulent".
  const FieldLink link = reader->field();
  if (ReadBareComparison(reader, from, negated)) return true;
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
  // "failed payments" where the data says "declined".
  bool outcome = SameRoot(word, "failed") || word == "successful";
  if (outcome && LinkSourceName(reader->source, reader->sentence.tokens, start + 1) > 0 && !reader->value()) {
    Condition condition;
    condition.expression = FailureCondition(*reader, word == "successful" ? "success" : "failed", &condition.fields);
    if (condition.expression != nullptr) {
      ++reader->at;
      reader->Assume("outcome", fmt::format("{} is told by {}", word, reader->name(condition.fields.front())));
      PushCondition(reader, std::move(condition), start);
      return true;
    }
  }
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

constexpr std::string_view kExcept =
    "everything but|all but|anything but|everyone but|everything except|all except|but not|and not|neither|that are "
    "neither|which are neither|except for|except where|except|excluding|exclude|without any|without|not "
    "including|other than|leaving out|leave out|ignoring|ignore|skip|drop|filter out|remove|apart from|never";
constexpr std::string_view kWhere =
    "add a filter for|add a filter on|add filter for|add filter|filter for|filter by|filter on|filter "
    "to|filtered by|filter|where only|where the|where|with only|with a|with an|with|whose|having|"
    "that have|that has|that had|that are|that were|that is|which have|which has|which are|which "
    "is|who have|who has|who are|for which|if the|if|when the|when|and where|provided|such that|"
    "limited to|restricted to|restrict to|keep only|keep|only where|only when|only those|only "
    "for|only from|only in|only with|only the|only|just for|just the|just|for only|for just|just|"
    "from the|from|for the|for|in the|in|on the|on|at the|at|of the|of|by|during|involving|between|made by|placed "
    "by|paid by|and|include only";

/// How a condition is announced.
struct Lead {
  bool said = false;  ///< There is a word for it.
  bool negated = false;
  bool weak = false;      ///< A word with many other uses: "by", "in", "for".
  std::string_view word;  ///< Its first word.
};

Lead AcceptLead(Reader* reader) {
  size_t start = reader->at;
  Lead lead;
  lead.negated = reader->Accept(kExcept);
  lead.said = lead.negated || reader->Accept(kWhere);
  if (lead.said) lead.word = reader->sentence.tokens[start].text;
  if (lead.word == "between" && reader->at == start + 1) reader->at = start;  // The word belongs to the range.
  lead.weak = lead.word == "by" || lead.word == "of" || lead.word == "and" || lead.word == "in" || lead.word == "on" ||
              lead.word == "for" || lead.word == "from";
  size_t rows = reader->at;
  bool of_rows = reader->Accept("rows|records|those|the ones|ones|anything|everything|all") &&
                 reader->Accept("where|with|that are|that have|whose|for|from|in|of");
  if (of_rows)
    reader->SkipArticles();
  else
    reader->at = rows;
  if ((reader->IsWord("not") || reader->IsWord("no")) && reader->Match("not in") == 0) {
    size_t article = reader->Match("the|a|an|any", 1);
    if (reader->value(1 + article) || reader->field(1 + article)) {
      lead.negated = !lead.negated;
      ++reader->at;
    }
  }
  if (reader->Accept("neither")) lead.negated = true;
  return lead;
}

bool PushNullTest(Reader* reader, bool present, size_t from) {
  int field = -1;
  if (!reader->AcceptField(&field)) return false;
  Condition condition;
  condition.fields = {field};
  condition.expression = NullTestNode(ColumnNode(reader->name(field)), present);
  PushCondition(reader, std::move(condition), from);
  return true;
}

/// "without missing prices", "with no email", "without a director"
bool ReadAbsence(Reader* reader, const Lead& lead, size_t from) {
  size_t start = reader->at;
  if (lead.negated && reader->Accept("missing|null|nulls|empty|blank|nulls in|rows with missing|missing values in|null "
                                     "values in|rows without")) {
    reader->Accept("values|value|in|for|of|the|entries");
    reader->SkipArticles();
    if (PushNullTest(reader, true, from)) return true;
  }
  reader->at = start;
  if (lead.said && reader->Accept("missing|no|null|empty|unknown") && PushNullTest(reader, lead.negated, from))
    return true;
  reader->at = start;
  if (lead.word != "without") return false;
  // In an edit "without the count" takes a figure away.
  bool takes_away = reader->names != nullptr && reader->names->aggregated;
  reader->SkipArticles();
  const FieldLink link = reader->field();
  bool whole = link && link.score > 0.8 && !reader->value() && reader->at + link.length >= reader->size();
  if (whole && !takes_away && PushNullTest(reader, false, from)) return true;
  reader->at = start;
  return false;
}

/// "… and price above 10 or qty below 5": further conditions.
void ReadFurtherConditions(Reader* reader, size_t first) {
  while (true) {
    size_t next = reader->at;
    bool or_sign = reader->Accept("or");
    bool and_sign = !or_sign && (reader->Accept("and|but|as well as") || reader->IsSymbol(","));
    if (and_sign && reader->IsSymbol(",")) ++reader->at;
    if (!or_sign && !and_sign) return;
    bool negated = reader->Accept("not");
    reader->Accept("with|where|whose|have|has|only|for|in|from|are|is");
    if (!ReadCondition(reader, negated, next)) {
      reader->at = next;
      return;
    }
    if (or_sign) JoinByOr(reader, first);
  }
}

}  // namespace

bool ReadFilter(Reader* reader) {
  size_t start = reader->at;
  Lead lead = AcceptLead(reader);
  if (ReadAbsence(reader, lead, start)) return true;
  if (!lead.said || lead.weak) {
    // Without a filter word only a comparison, a value or a year makes a filter.
    size_t mark = reader->at;
    reader->at = start;
    if (ReadYears(reader)) return true;
    reader->at = mark;
  }
  size_t first = reader->frame.conditions.size();
  if (!ReadCondition(reader, lead.negated, start)) {
    bool selects = lead.word == "only" || lead.word == "just" || lead.word == "for" || (lead.negated && !lead.weak);
    if (selects) {
      reader->Accept("from the|from|for the|for|in the|in|of|the");
      if (ReadUnseenSymbols(reader, lead.negated, start)) return true;
    }
    reader->at = start;
    return false;
  }
  ReadFurtherConditions(reader, first);
  for (size_t i = first; i < reader->frame.conditions.size(); ++i) {
    const Condition& condition = reader->frame.conditions[i];
    const std::vector<Understood>& told = reader->frame.understood;
    const bool explained =
        std::any_of(told.begin(), told.end(), [&](const Understood& known) { return known.text == condition.words; });
    if (!explained) reader->Understand(condition.words, condition.of_measure ? "HAVING" : "WHERE");
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
