#include "assistant/language/intents/intent.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "engine/base/near_names.h"
#include "engine/plan/prepared_query.h"

namespace velo::language {

namespace {

constexpr std::string_view kPoliteness =
    "please|can you please|can you|could you please|could you|would you|will you|can i|could i|i want to|i would like "
    "to|id like to|i need to|i want|i need|"
    "id like|lets|let us|let me|now|ok|okay|then|so|hey|hi|hello|yes|well|just|thanks|great|cool|nice|and|good";

}  // namespace

std::span<const Intent> Intents() {
  static constexpr std::array kIntents = {
      Intent{"sql.paste", ReadPaste},
      Intent{"connect.file", ReadConnect},
      Intent{"edit.undo", ReadUndo},
      Intent{"refuse", ReadRefuse},
      Intent{"sql.late_data", ReadLateRows},
      Intent{"sql.sink", ReadSink},
      Intent{"sql.union", ReadUnion},
      Intent{"sql.join", ReadJoinSources},
      Intent{"sql.subquery", ReadSubquery},
      Intent{"sql.anomaly", ReadAnomaly},
      Intent{"sql.dedup", ReadDeduplicate},
      Intent{"sql.rows", ReadRowWindow},
      Intent{"sql.topn", ReadTopRows},
      Intent{"later", ReadLater},
      Intent{"control", ReadControl},
      Intent{"run", ReadRun},
      Intent{"viz", ReadViz},
      Intent{"explain", ReadExplain},
      Intent{"fix", ReadFix},
      Intent{"help", ReadHelp},
      Intent{"list.items", ReadList},
      Intent{"stats", ReadStats},
      Intent{"describe", ReadDescribe},
      Intent{"peek", ReadPeek},
      Intent{"edit", ReadEdit},
      Intent{"sql", ReadSqlQuery},
  };
  return kIntents;
}

bool Utterance::Has(std::string_view phrases) const {
  Reader reader(sentence);
  for (; !reader.done(); ++reader.at) {
    if (reader.Match(phrases) > 0) return true;
  }
  return false;
}

bool Utterance::Begins(std::string_view phrases) const {
  Reader reader(sentence);
  if (reader.Match(phrases) > 0) return true;
  while (reader.Accept(kPoliteness)) {
    if (reader.Match(phrases) > 0) return true;
  }
  return false;
}

size_t Utterance::content_words() const {
  size_t count = 0;
  for (const Token& token : sentence.tokens) {
    if (token.kind == Token::Kind::kSymbol) continue;
    if (!token.is_word() || !IsFiller(token.text)) ++count;
  }
  return count;
}

const SourceModel* Utterance::NamedSource() const {
  const SourceModel* best = nullptr;
  size_t best_length = 0;
  bool best_whole = false, best_exact = false;
  for (const SourceModel& source : sources) {
    for (size_t i = 0; i < sentence.tokens.size(); ++i) {
      size_t length = LinkSourceName(source, sentence.tokens, i);
      if (length == 0) continue;
      bool whole = length == source.name_parts.size() || !sentence.tokens[i].is_word();
      // "trades" is the topic of that name before it is a file whose folder is called so.
      bool exact = sentence.tokens[i].text == source.fact->name;
      bool better = (whole && !best_whole) || (whole == best_whole && exact && !best_exact);
      if (length > best_length || (length == best_length && better)) {
        best = &source;
        best_length = length;
        best_whole = whole;
        best_exact = exact;
      }
    }
  }
  return best;
}

const SourceModel* Utterance::FocusSource() const {
  for (const SourceModel& source : sources) {
    if (!situation.focus_source.empty() &&
        (source.fact->name == situation.focus_source || source.fact->alias == situation.focus_source))
      return &source;
  }
  return sources.size() == 1 ? &sources.front() : nullptr;
}

std::string Utterance::UnknownSource() const {
  for (size_t i = 0; i + 1 < sentence.tokens.size(); ++i) {
    const Token& lead = sentence.tokens[i];
    const Token& name = sentence.tokens[i + 1];
    bool before = lead.is_word() && (lead.text == "topic" || lead.text == "from" || lead.text == "table" ||
                                     lead.text == "describe" || lead.text == "peek");
    if (!before) continue;
    bool value = std::any_of(sources.begin(), sources.end(), [&](const SourceModel& source) {
      return static_cast<bool>(LinkValue(source, sentence.tokens, i + 1)) ||
             static_cast<bool>(LinkField(source, sentence.tokens, i + 1));
    });
    if (value) continue;
    if (name.kind == Token::Kind::kQuoted) return name.text;
    bool code = name.raw.size() <= 5 &&
                std::all_of(name.raw.begin(), name.raw.end(), [](unsigned char c) { return c >= 'A' && c <= 'Z'; });
    if (code && lead.text == "from") continue;  // A place or a ticker.
    if (name.is_word() && !InLexicon(name.text) && !IsRecordNoun(name.stem)) {
      size_t end = i + 1;
      while (end + 1 < sentence.tokens.size() && sentence.tokens[end + 1].glued) ++end;
      return std::string(sentence.Slice(i + 1, end));
    }
  }
  return {};
}

int64_t Utterance::Number() const {
  for (const Token& token : sentence.tokens) {
    if (token.is_number() && !token.percent) return static_cast<int64_t>(token.number);
  }
  return -1;
}

std::string BindError(const sql::Query& query, const Utterance& utterance) {
  Diagnostics diagnostics;
  auto prepared = BindQuery(query, utterance.catalog, utterance.functions, &diagnostics);
  if (prepared != nullptr && !diagnostics.has_errors()) return {};
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    if (diagnostic.severity == Severity::kError) return diagnostic.message;
  }
  return "the query cannot be bound";
}

Reply TextReply(std::string_view intent, std::string text) {
  Reply reply;
  reply.intent = std::string(intent);
  reply.confidence = 0.95;
  reply.text = std::move(text);
  return reply;
}

Reply ToolReply(std::string_view intent, std::vector<ToolCall> calls) {
  Reply reply;
  reply.intent = std::string(intent);
  reply.confidence = 0.95;
  reply.calls = std::move(calls);
  return reply;
}

std::string SourceWords(const SourceModel& source) {
  const std::string& name = source.fact->alias.empty() ? source.fact->name : source.fact->alias;
  return fmt::format("the {} {}", source.fact->type, name);
}

Reply AskForSource(const Utterance& utterance, std::string_view intent, const std::string& unknown) {
  std::vector<std::string> names;
  for (const SourceModel& source : utterance.sources)
    names.push_back(source.fact->alias.empty() ? source.fact->name : source.fact->alias);
  Reply reply;
  reply.intent = std::string(intent);
  reply.confidence = 0.6;
  if (names.empty()) {
    reply.text = "No source is connected yet. Give me the path of a file, for example: open /data/trades.csv.";
    return reply;
  }
  std::vector<std::string> near = unknown.empty() ? std::vector<std::string>() : NearNames(unknown, names);
  if (near.empty())
    near.assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(4, names.size())));
  Question question;
  question.question = unknown.empty() ? "Which source do you mean?"
                                      : fmt::format("There is no source called {}. Which one do you mean?", unknown);
  for (const std::string& name : near) {
    std::string prompt(utterance.message);
    size_t at = unknown.empty() ? std::string::npos : prompt.find(unknown);
    if (at != std::string::npos)
      prompt.replace(at, unknown.size(), name);
    else
      prompt += " from " + name;
    question.options.push_back({name, std::move(prompt)});
  }
  if (question.options.size() == 1) question.options.push_back({"List all sources", "what topics do I have"});
  reply.question = std::move(question);
  return reply;
}

std::string GroupColumn(const SourceModel& source, const std::string& sql) {
  for (const FieldModel& field : source.fields) {
    bool usual = field.few_values || field.HasRole("symbol") || field.HasRole("status") || field.HasRole("region") ||
                 field.HasRole("service") || field.HasRole("event_type") || field.HasRole("category") ||
                 field.HasRole("level");
    if (field.is_text() && usual && !field.is_time() && !field.is_id() && sql.find(field.name) == std::string::npos)
      return field.name;
  }
  return {};
}

ToolCall DescribeCall(const SourceModel& source) {
  if (source.fact->type == "topic") return {"inspect_topic", {{"topic", source.fact->name}}};
  if (source.fact->type == "table") return {"execute_query", {{"sql", "DESCRIBE " + FromText(source)}}};
  return {"inspect_source", {{"name", source.fact->name}}};
}

ToolCall PeekCall(const SourceModel& source, int64_t limit, bool from_end) {
  if (source.fact->type == "topic")
    return {"peek_messages", {{"topic", source.fact->name}, {"limit", limit}, {"from_end", from_end}}};
  if (source.fact->type == "table") {
    return {"execute_query", {{"sql", fmt::format("SELECT * FROM {} LIMIT {}", FromText(source), limit)}}};
  }
  ToolCall call{"peek_source", {{"uri", source.fact->name}, {"limit", limit}}};
  if (from_end) call.arguments.push_back({"from_end", true});
  return call;
}

}  // namespace velo::language
