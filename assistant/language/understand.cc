#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/intents/intent.h"
#include "assistant/language/language.h"
#include "assistant/language/lexicon.h"

namespace velo::language {

namespace {

/// Words that misspellings may have been meant for: names of columns, sources and values.
std::vector<std::string> Vocabulary(const std::vector<SourceModel>& sources) {
  std::vector<std::string> words;
  for (const SourceModel& source : sources) {
    for (const std::string& part : source.name_parts) {
      words.push_back(part);
      words.push_back(Plural(part));
    }
    for (const FieldModel& field : source.fields) {
      words.insert(words.end(), field.parts.begin(), field.parts.end());
      words.push_back(field.joined);
    }
    for (const ValueModel& value : source.values) words.push_back(value.joined);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

/// Names the words of the message that the reply made nothing of.
void NameLeftovers(const Utterance& utterance, Reply* reply) {
  std::string words;
  size_t count = 0;
  std::string repaired;
  for (const Token& token : utterance.sentence.tokens) {
    if (token.repaired)
      repaired += fmt::format("{}\"{}\" read as {}", repaired.empty() ? "" : ", ", token.raw, token.text);
    if (token.kind == Token::Kind::kSymbol || IsFillerToken(token)) continue;
    const std::vector<size_t>& used = reply->words_used;
    if (std::find(used.begin(), used.end(), token.begin) != used.end()) continue;
    words += fmt::format("{}\"{}\"", words.empty() ? "" : ", ", token.raw);
    ++count;
  }
  if (!repaired.empty()) reply->assumptions.push_back({"spelling", repaired, {}});
  if (count == 0) return;
  reply->assumptions.push_back({"ignored", fmt::format("{} {} left out", words, count == 1 ? "was" : "were"), {}});
}

Reply NotUnderstood(const Utterance& utterance) {
  Reply reply;
  reply.intent = "none";
  reply.not_understood = true;
  reply.text = "I did not understand that.";
  reply.follow_ups = Examples(utterance, 3);
  for (const FollowUp& example : reply.follow_ups) reply.closest.push_back(example.prompt);
  return reply;
}

}  // namespace

Reply Understand(std::string_view words, const Situation& situation, Catalog* catalog,
                 const FunctionRegistry& functions) {
  std::vector<SourceModel> sources;
  sources.reserve(situation.sources.size());
  for (const SourceFact& fact : situation.sources) sources.push_back(MakeSourceModel(fact));
  std::string sql, lead_in;
  Sentence sentence = Normalise(words);
  if (!FindSql(words, &sql, &lead_in)) RepairSpelling(Vocabulary(sources), &sentence);
  Utterance utterance{words, sentence, situation, sources, catalog, functions};
  for (const Intent& intent : Intents()) {
    std::optional<Reply> reply = intent.read(utterance);
    if (!reply) continue;
    if (!reply->sql.empty()) NameLeftovers(utterance, &*reply);
    return std::move(*reply);
  }
  return NotUnderstood(utterance);
}

std::vector<FollowUp> SuggestPrompts(const std::vector<SourceFact>& sources, size_t limit) {
  std::vector<SourceModel> models;
  models.reserve(sources.size());
  for (const SourceFact& fact : sources) models.push_back(MakeSourceModel(fact));
  Sentence none;
  Situation situation;
  static const FunctionRegistry kNoFunctions;
  Utterance utterance{"", none, situation, models, nullptr, kNoFunctions};
  return Examples(utterance, limit);
}

}  // namespace velo::language
