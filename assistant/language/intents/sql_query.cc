// Words that ask for a query: filter, project, aggregate, window, top-N, ratio, distinct, percentile, labels.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "engine/base/near_names.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

constexpr double kAct = 0.75, kAsk = 0.45;

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

/// A word as the values of a column are written: "horror" beside "Drama" becomes "Horror".
std::string InStyleOf(const SourceModel& source, int field, std::string word) {
  for (const ValueModel& value : source.values) {
    if (value.field != field || value.text.empty()) continue;
    auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (value.text.size() > 1 && std::all_of(value.text.begin(), value.text.end(), upper)) {
      for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    } else if (upper(value.text[0])) {
      return Capitalised(word);
    }
    return word;
  }
  return word;
}

/// Two leading digits of a limit near the upper or lower end of what was seen; empty when nothing is known.
std::string LimitNear(const SourceModel& source, const FieldModel& field, double share) {
  if (source.fact->report == nullptr) return {};
  for (const FieldReport& report : source.fact->report->fields) {
    if (report.name != field.name || report.max.empty() || report.min.empty()) continue;
    const double low = std::strtod(report.min.c_str(), nullptr), high = std::strtod(report.max.c_str(), nullptr);
    return high > low
               ? fmt::format("{:g}", std::strtod(fmt::format("{:.1e}", low + (high - low) * share).c_str(), nullptr))
               : "";
  }
  return {};
}

/// "big trades": how big is not said, so limits from the range seen are offered.
std::optional<Reply> AskForLimit(const Utterance& utterance, const Reading& reading) {
  static constexpr std::pair<std::string_view, bool> kSizes[] = {{"big", true},   {"large", true}, {"huge", true},
                                                                 {"heavy", true}, {"high", true},  {"small", false},
                                                                 {"tiny", false}, {"low", false},  {"little", false}};
  const SourceModel& source = *reading.source;
  const std::string& word = reading.leftovers.front();
  for (const auto& [size, above] : kSizes) {
    if (ToLower(word) != size) continue;
    Question question;
    question.question = fmt::format("From where on are {} {}?", Plural(source.singular), size);
    std::string rest(utterance.sentence.words);
    const size_t at = rest.find(word);
    rest.erase(at, word.size() + (at + word.size() < rest.size() ? 1 : 0));
    for (std::string_view role : {"quantity", "amount", "price", "value", "latency_ms"}) {
      const int field = source.FindRole(role);
      if (field < 0) continue;
      const FieldModel& model = source.fields[static_cast<size_t>(field)];
      const std::string limit = LimitNear(source, model, above ? 0.9 : 0.1);
      const std::string label = fmt::format("{} {} {}", model.name, above ? ">" : "<", limit);
      const bool known = std::any_of(question.options.begin(), question.options.end(),
                                     [&](const Question::Option& option) { return option.label == label; });
      if (!limit.empty() && !known) question.options.push_back({label, fmt::format("{} where {}", rest, label)});
    }
    if (question.options.empty()) return std::nullopt;
    if (question.options.size() == 1) question.options.push_back({"Leave it out", rest});
    Reply reply;
    reply.intent = "sql.threshold";
    reply.confidence = 0.6;
    reply.question = std::move(question);
    return reply;
  }
  return std::nullopt;
}

/// "too many failed logins per user": how many are too many is asked.
std::optional<Reply> AskForCount(const Utterance& utterance) {
  const std::string& words = utterance.sentence.words;
  const std::string lower = ToLower(words);
  const size_t many = lower.find("too many "), per = lower.find(" per ");
  if (many == std::string::npos || per == std::string::npos || per < many) return std::nullopt;
  const std::string what = words.substr(many + 9, per - many - 9), key = words.substr(per + 5);
  Question question;
  question.question = fmt::format("How many {} are too many?", what);
  for (int limit : {3, 5, 10}) {
    question.options.push_back({fmt::format("more than {} in a minute", limit),
                                fmt::format("{} with more than {} {} in a minute", key, limit, what)});
  }
  Reply reply;
  reply.intent = "sql.threshold";
  reply.confidence = 0.6;
  reply.question = std::move(question);
  return reply;
}

/// One word was left over: it may be a value that no sample holds. Asks for its column rather than dropping it.
std::optional<Reply> AskForValue(const Utterance& utterance, const Reading& reading) {
  const std::string& word = reading.leftovers.front();
  const SourceModel& source = *reading.source;
  std::string rest(utterance.sentence.words);
  size_t at = rest.find(word);
  if (at == std::string::npos || reading.frame.question || IsGrammarWord(ToLower(word))) return std::nullopt;
  // Only a word right before the source's noun ("horror movies") can be a value said as an adjective.
  bool before_noun = false;
  for (size_t i = 0; i + 1 < utterance.sentence.tokens.size(); ++i) {
    before_noun = before_noun || (utterance.sentence.tokens[i].raw == word &&
                                  LinkSourceName(source, utterance.sentence.tokens, i + 1) > 0);
  }
  if (!before_noun) return std::nullopt;
  rest.erase(at, word.size());
  Question question;
  question.question = fmt::format("What does \"{}\" mean here?", word);
  std::vector<int> columns;
  for (size_t i = 0; i < source.fields.size(); ++i) {
    const FieldModel& field = source.fields[i];
    if (field.is_text() && field.few_values && !field.is_time() && !field.is_id())
      columns.push_back(static_cast<int>(i));
  }
  // The fewer values a column has, the likelier people call them by name.
  std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) {
    return source.fields[static_cast<size_t>(a)].distinct < source.fields[static_cast<size_t>(b)].distinct;
  });
  for (int column : columns) {
    if (question.options.size() == 4) break;
    const FieldModel& field = source.fields[static_cast<size_t>(column)];
    std::string value = InStyleOf(source, column, word);
    question.options.push_back(
        {fmt::format("{} is {}", field.name, value), fmt::format("{} and \"{}\" is '{}'", rest, field.name, value)});
  }
  if (question.options.empty()) return std::nullopt;
  if (question.options.size() < 4) question.options.push_back({"Leave it out", rest});
  Reply reply;
  reply.intent = "sql";
  reply.confidence = 0.6;
  reply.question = std::move(question);
  return reply;
}

/// True when a word of the grammar led to nothing ("rank", "since", "change"): the rest would be half an answer.
bool LeavesWish(const Reading& reading) {
  return std::any_of(reading.leftovers.begin(), reading.leftovers.end(), [&](const std::string& word) {
    const bool said = word == "average" && !reading.frame.measures.empty();  // "… on average"
    return IsGrammarWord(ToLower(word)) && !said;
  });
}

std::vector<FollowUp> NextSteps(const SourceModel& source, const Reply& reply, bool windowed, bool grouped,
                                bool limited) {
  std::vector<FollowUp> next = {{"Run it", "run it"}};
  bool aggregated = reply.sql.find('(') != std::string::npos && (grouped || windowed);
  bool calendar = reply.sql.find("YEAR(") != std::string::npos || reply.sql.find("DATE_TRUNC(") != std::string::npos;
  std::vector<std::string> times = TimeColumns(source);
  if (aggregated && !windowed && !calendar) {
    bool daily = !times.empty() && ToLower(times.front()).find("date") != std::string::npos;
    if (source.fact->type == "topic" || (!times.empty() && !daily))
      next.push_back({"In 5-minute windows", "make it 5-minute windows"});
    else if (daily)
      next.push_back({"Per month", "also per month"});
  }
  if (grouped && !limited) next.push_back({"Only the top 10", "top 10"});
  const bool is_final = reply.sql.find("EMIT FINAL") != std::string::npos;
  if (windowed && !is_final) next.push_back({"Only complete windows", "only final results"});
  std::string key = GroupColumn(source, reply.sql);
  if (grouped && !key.empty() && next.size() < 4) next.push_back({"Also by " + key, "also by " + key});
  if (!aggregated && !key.empty() && next.size() < 4) next.push_back({"Count per " + key, "count per " + key});
  if (next.size() < 4) next.push_back({"Explain it", "explain this"});
  return next;
}

std::optional<Reply> Build(const Utterance& utterance, Reading reading) {
  const SourceModel& source = *reading.source;
  Frame& frame = reading.frame;
  if (!reading.row_noun.empty()) {
    frame.assumptions.push_back(
        {"rows", fmt::format("{} are the rows of {}", reading.row_noun, DisplayName(source)), {}});
  }
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
  reply.words_used = std::move(reading.words_used);
  reply.follow_ups = NextSteps(source, reply, frame.window.has_value(), grouped, limited);
  return reply;
}

}  // namespace

std::optional<Reply> ReadSqlQuery(const Utterance& utterance) {
  if (std::optional<Reply> question = AskForCount(utterance)) return question;
  std::vector<Candidate> candidates = ReadUnderSources(utterance, utterance.sentence);
  if (candidates.empty()) return std::nullopt;
  // The source named by a word that is a column of another: the one that the whole sentence makes sense for.
  auto whole = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& candidate) {
    return candidate.reading.leftovers.empty() && candidate.reading.row_noun.empty() &&
           candidate.reading.score > 0.95 && candidate.reading.frame.unknown_field.empty();
  });
  if (candidates.front().reading.score < 0.6 && whole != candidates.end())
    std::rotate(candidates.begin(), whole, whole + 1);
  std::string unknown_source = utterance.NamedSource() == nullptr ? utterance.UnknownSource() : "";
  if (!unknown_source.empty() && !candidates.front().reading.frame.empty()) {
    bool is_value = candidates.front().reading.score > 0.95;
    if (!is_value) return AskForSource(utterance, "sql", unknown_source);
  }
  const Reading& best = candidates.front().reading;
  if (!best.frame.unknown_field.empty()) return AskForColumn(utterance, best);
  bool source_known = utterance.NamedSource() != nullptr || utterance.FocusSource() == best.source || best.named_source;
  // A noun that names no source stands for rows only where there is no doubt which.
  if (!best.row_noun.empty() && !source_known && candidates.size() > 1) {
    if (best.score < 0.95 && candidates[1].rank > candidates[0].rank - 0.3)
      return AskBetweenSources(utterance, candidates);
  }
  if (IsTie(utterance, candidates) && best.score >= kAsk) return AskBetweenSources(utterance, candidates);
  if (best.leftovers.size() == 1) {
    if (std::optional<Reply> question = AskForLimit(utterance, best)) return question;
  }
  if (best.leftovers.size() == 1 && (best.score >= kAsk || best.named_source)) {
    if (std::optional<Reply> question = AskForValue(utterance, best)) return question;
  }
  double confidence = 0.2 + 0.8 * best.score;
  if (best.score < kAsk || best.frame.empty()) {
    // A bare source name with a verb ("stream trades", "show trades live") passes everything through.
    bool passthrough = best.frame.empty() && best.named_source && best.score > 0.6 && utterance.content_words() <= 3;
    if (!passthrough) return std::nullopt;
  }
  if (!best.leftovers.empty() && (confidence < kAct || LeavesNegation(best) || LeavesWish(best))) {
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
  std::optional<Reply> reply;
  for (size_t i = 0; i < candidates.size() && i < 3 && !reply; ++i) {
    if (candidates[i].rank < candidates[0].rank - 0.3) break;
    reply = Build(utterance, std::move(candidates[i].reading));
  }
  return reply;
}

}  // namespace velo::language
