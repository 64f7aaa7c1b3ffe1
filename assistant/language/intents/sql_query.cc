// Words that ask for a query: filter, project, aggregate, window, top-N, ratio, distinct, percentile, labels.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "engine/base/near_names.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

constexpr double kAct = 0.75, kAsk = 0.45;

struct Candidate {
  Reading reading;
  double rank = 0;
};

bool SaysSomething(const Reading& reading) { return !reading.frame.empty() || reading.named_source; }

/// Reads the sentence under every source it may be about, best first.
std::vector<Candidate> ReadUnderSources(const Utterance& utterance) {
  const SourceModel* named = utterance.NamedSource();
  const SourceModel* focus = utterance.FocusSource();
  std::vector<Candidate> candidates;
  for (const SourceModel& source : utterance.sources) {
    Candidate candidate;
    candidate.reading = ReadQuery(utterance.sentence, source, nullptr);
    if (!SaysSomething(candidate.reading)) continue;
    candidate.rank = candidate.reading.score + 1.2 * candidate.reading.fit;
    if (named == &source) candidate.rank += 0.6;
    if (candidate.reading.named_source) candidate.rank += 0.25;
    if (focus == &source) candidate.rank += 0.2;
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.rank > b.rank; });
  return candidates;
}

std::string DisplayName(const SourceModel& source) { return source.fact->alias.empty() ? source.fact->name : source.fact->alias; }

Reply AskBetweenSources(const Utterance& utterance, const std::vector<Candidate>& candidates) {
  Reply reply;
  reply.intent = "sql";
  reply.confidence = 0.6;
  Question question;
  question.question = "Which source is this about?";
  for (const Candidate& candidate : candidates) {
    if (question.options.size() == 4 || candidate.rank < candidates.front().rank - 0.05) break;
    std::string name = DisplayName(*candidate.reading.source);
    question.options.push_back({name, fmt::format("{} from {}", utterance.message, name)});
  }
  reply.question = std::move(question);
  return reply;
}

Reply AskForColumn(const Utterance& utterance, const Reading& reading) {
  const std::string& unknown = reading.frame.unknown_field;
  std::vector<std::string> names;
  for (const FieldModel& field : reading.source->fields) names.push_back(field.name);
  std::vector<std::string> near = NearNames(unknown, names);
  if (near.empty()) {
    for (const FieldModel& field : reading.source->fields) {
      bool useful = field.is_text() || field.is_id();
      if (useful && near.size() < 4) near.push_back(field.name);
    }
  }
  Reply reply;
  reply.intent = "sql";
  reply.confidence = 0.5;
  std::string sentence = fmt::format("{} has no column {}.", Capitalised(DisplayName(*reading.source)), unknown);
  if (near.size() < 2) {
    for (const std::string& name : names) {
      if (near.size() < 3 && std::find(near.begin(), near.end(), name) == near.end()) near.push_back(name);
    }
  }
  Question question;
  question.question = sentence + " Which one do you mean?";
  for (const std::string& name : near) {
    std::string prompt(utterance.message);
    size_t at = prompt.find(unknown);
    if (at == std::string::npos) {
      prompt += " using " + name;
    } else {
      prompt.replace(at, unknown.size(), name);
    }
    question.options.push_back({name, std::move(prompt)});
  }
  reply.question = std::move(question);
  return reply;
}

std::vector<FollowUp> NextSteps(const SourceModel& source, const Reply& reply, bool windowed, bool grouped, bool limited) {
  std::vector<FollowUp> next = {{"Run it", "run it"}};
  auto text_key = [&]() -> std::string {
    for (const FieldModel& field : source.fields) {
      if (field.is_text() && !field.is_time() && reply.sql.find(field.name) == std::string::npos) return field.name;
    }
    return {};
  };
  bool aggregated = reply.sql.find('(') != std::string::npos && (grouped || windowed);
  bool timed = source.fact->type == "topic" || !TimeColumns(source).empty();
  if (aggregated && !windowed && timed) next.push_back({"In 5-minute windows", "make it 5-minute windows"});
  if (grouped && !limited) next.push_back({"Only the top 10", "top 10"});
  if (windowed) next.push_back({"Only complete windows", "only final results"});
  if (std::string key = text_key(); grouped && !key.empty() && next.size() < 4) next.push_back({"Also by " + key, "also by " + key});
  if (!aggregated && next.size() < 4) {
    for (const FieldModel& field : source.fields) {
      if (field.is_text() && !field.is_time() && !field.is_id()) {
        next.push_back({"Count per " + field.name, "count per " + field.name});
        break;
      }
    }
  }
  if (next.size() < 4) next.push_back({"Explain it", "explain this"});
  return next;
}

std::optional<Reply> Build(const Utterance& utterance, Reading reading) {
  const SourceModel& source = *reading.source;
  Frame& frame = reading.frame;
  Reply reply;
  if (frame.question) {
    reply.intent = "sql";
    reply.confidence = 0.6;
    reply.question = std::move(frame.question);
    return reply;
  }
  bool grouped = !frame.keys.empty(), limited = frame.limit.has_value();
  BuiltQuery built = BuildQuery(source, &frame);
  std::string error = BindError(*built.query, utterance);
  if (!error.empty()) return std::nullopt;
  reply.intent = built.intent;
  reply.mode = "generate";
  reply.confidence = std::min(0.99, 0.2 + 0.8 * reading.score);
  reply.sql = built.annotations + sql::Print(*built.query);
  reply.title = std::move(built.title);
  reply.explanation = std::move(built.explanation);
  reply.suggested_viz = std::move(built.suggested_viz);
  reply.understood = std::move(frame.understood);
  reply.assumptions = std::move(frame.assumptions);
  reply.follow_ups = NextSteps(source, reply, frame.window.has_value(), grouped, limited);
  return reply;
}

}  // namespace

std::optional<Reply> ReadSqlQuery(const Utterance& utterance) {
  std::vector<Candidate> candidates = ReadUnderSources(utterance);
  if (candidates.empty()) return std::nullopt;
  std::string unknown_source = utterance.NamedSource() == nullptr ? utterance.UnknownSource() : "";
  if (!unknown_source.empty() && !candidates.front().reading.frame.empty()) {
    bool is_value = candidates.front().reading.score > 0.95;
    if (!is_value) return AskForSource(utterance, "sql", unknown_source);
  }
  const Reading& best = candidates.front().reading;
  if (!best.frame.unknown_field.empty()) return AskForColumn(utterance, best);
  bool source_known = utterance.NamedSource() != nullptr || utterance.FocusSource() == best.source || best.named_source;
  bool tie = candidates.size() > 1 && candidates[1].rank > candidates[0].rank - 0.05 && candidates[1].reading.frame.unknown_field.empty();
  if (!source_known && tie && best.score >= kAsk) return AskBetweenSources(utterance, candidates);
  double confidence = 0.2 + 0.8 * best.score;
  if (best.score < kAsk || best.frame.empty()) {
    // A bare source name with a verb ("stream trades", "show trades live") passes everything through.
    bool passthrough = best.frame.empty() && best.named_source && best.score > 0.6 && utterance.content_words() <= 3;
    if (!passthrough) return std::nullopt;
  }
  if (confidence < kAct && !best.leftovers.empty()) {
    // Part of the wish was not understood: say which words, rather than answer half of it.
    Reply reply;
    reply.intent = "sql";
    reply.confidence = confidence;
    reply.not_understood = true;
    std::string words;
    for (const std::string& word : best.leftovers) words += (words.empty() ? "" : ", ") + word;
    reply.text = fmt::format("I did not understand \"{}\".", words);
    for (const FollowUp& example : Examples(utterance, 3)) reply.closest.push_back(example.prompt);
    return reply;
  }
  bool had_leftovers = !best.leftovers.empty();
  std::string leftover = had_leftovers ? best.leftovers.front() : "";
  std::optional<Reply> reply;
  for (size_t i = 0; i < candidates.size() && i < 3 && !reply; ++i) {
    if (candidates[i].rank < candidates[0].rank - 0.3) break;
    reply = Build(utterance, std::move(candidates[i].reading));
  }
  if (reply && had_leftovers && !reply->sql.empty()) {
    reply->assumptions.push_back({"ignored", fmt::format("\"{}\" was left out", leftover), {}});
  }
  return reply;
}

}  // namespace velo::language
