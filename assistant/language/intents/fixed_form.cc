#include "assistant/language/intents/fixed_form.h"

#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "engine/sql/printer.h"

namespace velo::language {

FixedForm::FixedForm(const Utterance& utterance)
    : utterance(utterance), taken_(utterance.sentence.tokens.size(), false) {}

void FixedForm::TakeTokens(size_t from, size_t to) {
  for (size_t i = from; i < to && i < taken_.size(); ++i) taken_[i] = true;
}

bool FixedForm::Take(std::string_view phrases) {
  Reader reader(utterance.sentence);
  bool found = false;
  while (!reader.done()) {
    const size_t length = taken_[reader.at] ? 0 : reader.Match(phrases);
    TakeTokens(reader.at, reader.at + length);
    found = found || length > 0;
    reader.at += std::max<size_t>(1, length);
  }
  return found;
}

int64_t FixedForm::TakeRows(const SourceModel* source) {
  const std::vector<Token>& tokens = utterance.sentence.tokens;
  Reader reader(utterance.sentence);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const bool whole = token.is_number() && !token.percent && token.number >= 2 && token.number <= 1e6;
    if (!whole || taken_[i]) continue;
    size_t from = i, to = i + 1;
    reader.at = i > 0 ? i - 1 : i;
    const bool lead = i > 0 && (reader.Match("last|past|previous|latest|recent|over|newest|preceding|of") > 0 ||
                                tokens[i - 1].text == "(");
    const bool noun = to < tokens.size() && tokens[to].is_word() &&
                      (IsRecordNoun(tokens[to].stem) || tokens[to].stem == "point" || tokens[to].stem == "sample" ||
                       tokens[to].stem == "period" || tokens[to].stem == "value" ||
                       (source != nullptr && LinkSourceName(*source, tokens, to) > 0));
    if (!lead && !noun) continue;
    if (lead) --from;
    if (noun && (source == nullptr || IsRecordNoun(tokens[to].stem) || LinkSourceName(*source, tokens, to) == 0)) ++to;
    reader.at = from > 0 ? from - 1 : from;
    if (from > 0 && reader.Match("over|of|the") > 0) --from;
    TakeTokens(from, to);
    return static_cast<int64_t>(token.number);
  }
  return 0;
}

int64_t FixedForm::TakeDurationAfter(std::string_view leads) {
  Reader reader(utterance.sentence);
  for (; !reader.done(); ++reader.at) {
    const size_t lead = taken_[reader.at] ? 0 : reader.Match(leads);
    const size_t at = reader.at + lead;
    if (lead == 0 || at >= reader.size() || taken_[at]) continue;
    const Token& token = reader.sentence.tokens[at];
    // "within an hour"
    const bool article = reader.Match("a|an|one|the", lead) > 0;
    const int64_t length = token.is_duration()                 ? token.milliseconds
                           : article && at + 1 < reader.size() ? UnitMilliseconds(reader.word(lead + 1))
                                                               : 0;
    const size_t used = lead + (token.is_duration() ? 1 : 2);
    if (length == 0 || reader.Match("windows|window|buckets|bucket|intervals|tumbling|sliding", used) > 0) continue;
    TakeTokens(reader.at, reader.at + used);
    return length;
  }
  return 0;
}

Sentence FixedForm::Rest() const {
  Sentence rest;
  rest.words = utterance.sentence.words;
  for (size_t i = 0; i < taken_.size(); ++i) {
    const Token& token = utterance.sentence.tokens[i];
    if (!taken_[i]) {
      rest.tokens.push_back(token);
      continue;
    }
    const bool marked = !rest.tokens.empty() && rest.tokens.back().text == ";";
    if (marked) continue;
    Token gap;
    gap.kind = Token::Kind::kSymbol;
    gap.text = gap.raw = ";";
    gap.begin = token.begin;
    gap.end = token.end;
    rest.tokens.push_back(std::move(gap));
  }
  return rest;
}

std::vector<size_t> FixedForm::WordsUsed(const Reading* rest) const {
  std::vector<size_t> used;
  if (rest != nullptr) used = rest->words_used;
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) used.push_back(utterance.sentence.tokens[i].begin);
  }
  return used;
}

FormSource ReadRest(const FixedForm& form, const std::function<bool(const Reading&)>& fits) {
  FormSource found;
  std::vector<Candidate> candidates = ReadUnderSources(form.utterance, form.Rest(), fits);
  if (candidates.empty()) return found;
  if (IsTie(form.utterance, candidates)) {
    found.reply = AskBetweenSources(form.utterance, candidates);
    return found;
  }
  found.reading = std::move(candidates.front().reading);
  return found;
}

std::optional<Reply> RefuseRest(const FixedForm& form, const Reading& reading, std::string_view intent,
                                std::string_view works, FormParts allowed) {
  const Frame& frame = reading.frame;
  Reply reply;
  reply.intent = std::string(intent);
  reply.confidence = 0.4;
  if (frame.question) {
    reply.question = frame.question;
    return reply;
  }
  std::string what;
  auto add = [&](bool present, const std::string& words) {
    if (present) what += (what.empty() ? "" : ", ") + words;
  };
  add(!frame.unknown_field.empty(), fmt::format("\"{}\"", frame.unknown_field));
  add(frame.window && !allowed.window, frame.window ? fmt::format("\"{}\"", frame.window->words) : "");
  if (!allowed.measures) {
    for (const Measure& measure : frame.measures) add(true, fmt::format("\"{}\"", measure.words));
    add(frame.order.has_value() || frame.top.has_value(), "the order");
    add(frame.limit && !allowed.limit && !frame.top, "the limit");
  }
  add(!frame.distinct_fields.empty() && !allowed.measures, "\"distinct\"");
  add(frame.buckets.has_value(), "the labels");
  add(frame.last_milliseconds > 0 && !allowed.range, fmt::format("\"{}\"", frame.last_words));
  // A word alone may be colour; numbers and words of the grammar carry a wish, and so do many words.
  size_t heavy = 0;
  for (const std::string& word : reading.leftovers) {
    const bool number = word.find_first_of("0123456789") != std::string::npos;
    // Another source is no colour either.
    const bool source =
        std::any_of(form.utterance.sources.begin(), form.utterance.sources.end(), [&](const SourceModel& other) {
          return other.fact->alias == ToLower(word) || other.fact->name == ToLower(word);
        });
    if (number || source || IsGrammarWord(ToLower(word))) ++heavy;
  }
  if (heavy > 0 || reading.leftovers.size() > 2 || LeavesNegation(reading)) {
    for (const std::string& word : reading.leftovers) add(true, fmt::format("\"{}\"", word));
  }
  if (what.empty()) return std::nullopt;
  reply.not_understood = true;
  reply.text = fmt::format("I did not understand {} here. {}", what, works);
  for (const FollowUp& example : Examples(form.utterance, 3)) reply.closest.push_back(example.prompt);
  return reply;
}

FormValue TakeValue(Reading* reading) {
  const SourceModel& source = *reading->source;
  auto numeric = [&](int field) {
    return field >= 0 && source.fields[static_cast<size_t>(field)].is_numeric() &&
           !source.fields[static_cast<size_t>(field)].is_id();
  };
  FormValue value;
  auto offer = [&](int field) {
    if (value.field < 0 && numeric(field)) value = {field, true};
  };
  Frame& frame = reading->frame;
  for (const Mention& mention : frame.mentions) offer(mention.field);
  for (const Projection& projection : frame.projections) offer(projection.field);
  std::erase_if(frame.measures, [&](const Measure& measure) {
    const bool plain = measure.field >= 0 && (measure.assumed || measure.alias == "volume");
    if (plain) offer(measure.field);
    return plain && measure.field == value.field;
  });
  // "how much did each price move": figures are no groups.
  std::erase_if(frame.keys, [&](const GroupKey& key) {
    const bool figure = numeric(key.field) && source.fields[static_cast<size_t>(key.field)].type != TypeKind::kInteger;
    if (figure) offer(key.field);
    return figure;
  });
  std::erase_if(frame.assumptions, [](const Assumption& assumption) { return assumption.id == "measure"; });
  if (value.field < 0) value.field = source.FindRoles({"price", "value", "amount", "latency_ms", "quantity"});
  if (value.field >= 0) return value;
  // The only figure there is.
  int figures = 0, only = -1;
  for (size_t i = 0; i < source.fields.size(); ++i) {
    if (numeric(static_cast<int>(i))) ++figures, only = static_cast<int>(i);
  }
  if (figures == 1) value.field = only;
  return value;
}

int SeriesColumn(const SourceModel& source) {
  const int field = source.FindRoles({"symbol", "device_id", "service"});
  return field >= 0 && !source.fields[static_cast<size_t>(field)].is_numeric() ? field : -1;
}

std::vector<int> PartitionOf(const Reading& reading) {
  std::vector<int> fields;
  for (const GroupKey& key : reading.frame.keys) {
    if (key.field >= 0) fields.push_back(key.field);
  }
  return fields;
}

std::string WhereText(const Reading& reading) {
  std::string text;
  auto add = [&](const sql::Expression& condition) {
    const bool alternatives = condition.kind == sql::ExpressionKind::kBinary &&
                              static_cast<const sql::Binary&>(condition).op == sql::BinaryOperator::kOr;
    text += text.empty() ? " WHERE " : " AND ";
    text += alternatives ? fmt::format("({})", sql::Print(condition)) : sql::Print(condition);
  };
  for (const Condition& condition : reading.frame.conditions) add(*condition.expression);
  if (reading.frame.last_milliseconds > 0) add(*BuildTimeRange(*reading.source, reading.frame.last_milliseconds));
  return text;
}

std::string WhereWords(const Reading& reading) {
  constexpr size_t kKeyword = std::string_view(" WHERE ").size();
  const std::string where = WhereText(reading);
  return where.empty() ? "" : ", where " + where.substr(kKeyword);
}

std::string ColumnList(const SourceModel& source, const std::vector<int>& fields) {
  std::string text;
  for (int field : fields)
    text += (text.empty() ? "" : ", ") + ColumnText("", source.fields[static_cast<size_t>(field)].name);
  return text;
}

std::string PerWords(const SourceModel& source, const std::vector<int>& fields) {
  std::string text;
  for (int field : fields) text += (text.empty() ? " per " : " and ") + source.fields[static_cast<size_t>(field)].name;
  return text;
}

std::optional<Reply> FormReply(const FixedForm& form, Reading* reading, std::string_view intent, const std::string& sql,
                               std::string title) {
  const sql::QueryPtr query = ParseQuery(sql);
  if (query == nullptr || !BindError(*query, form.utterance).empty()) return std::nullopt;
  Reply reply;
  reply.intent = std::string(intent);
  reply.mode = "generate";
  reply.confidence = 0.9;
  reply.sql = sql::Print(*query);
  reply.title = Capitalised(std::move(title));
  reply.suggested_viz = "table";
  reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
  if (reading != nullptr) {
    reply.understood = std::move(reading->frame.understood);
    reply.assumptions = std::move(reading->frame.assumptions);
    if (!reading->row_noun.empty()) {
      reply.assumptions.push_back(
          {"rows", fmt::format("{} are the rows of {}", reading->row_noun, DisplayName(*reading->source)), {}});
    }
  }
  reply.words_used = form.WordsUsed(reading);
  return reply;
}

}  // namespace velo::language
