#include "assistant/language/intents/candidates.h"

#include <algorithm>

#include <fmt/format.h>

namespace velo::language {

namespace {

constexpr double kTie = 0.05;

bool SaysSomething(const Reading& reading) { return !reading.frame.empty() || reading.named_source; }

/// What a source is for speaks for it where the words fit others as well: volume is a matter of trades.
double Leaning(const Reading& reading) {
  const SourceModel& source = *reading.source;
  const Frame& frame = reading.frame;
  const bool volume = std::any_of(frame.measures.begin(), frame.measures.end(),
                                  [](const Measure& measure) { return measure.alias == "volume"; });
  if (volume && source.is_trading()) return 0.1;
  // A value that was never seen speaks against a source where another has seen it.
  const bool guessed = std::any_of(frame.assumptions.begin(), frame.assumptions.end(), [](const Assumption& told) {
    return told.id == "value" && told.text.find("not in the sample") != std::string::npos;
  });
  if (guessed) return -0.1;
  const bool sessions = frame.window && frame.window->kind == sql::WindowKind::kSession;
  if (sessions && source.FindRole("page") >= 0 && source.FindRole("user_id") >= 0) return 0.1;
  return 0;
}

}  // namespace

std::vector<Candidate> ReadUnderSources(const Utterance& utterance, const Sentence& sentence,
                                        const std::function<bool(const Reading&)>& fits) {
  const SourceModel* named = utterance.NamedSource();
  const SourceModel* focus = utterance.FocusSource();
  std::vector<Candidate> candidates;
  for (const SourceModel& source : utterance.sources) {
    Candidate candidate;
    candidate.reading = ReadQuery(sentence, source, nullptr);
    const bool about = named == &source || focus == &source || SaysSomething(candidate.reading);
    if (fits ? !about || !fits(candidate.reading) : !SaysSomething(candidate.reading)) continue;
    candidate.rank = candidate.reading.score + 1.2 * candidate.reading.fit + Leaning(candidate.reading);
    if (named == &source) candidate.rank += 0.6;
    if (candidate.reading.named_source) candidate.rank += 0.25;
    if (focus == &source) candidate.rank += 0.2;
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank > b.rank; });
  return candidates;
}

bool IsTie(const Utterance& utterance, const std::vector<Candidate>& candidates) {
  if (candidates.size() < 2) return false;
  const Reading& best = candidates.front().reading;
  if (utterance.NamedSource() != nullptr || utterance.FocusSource() == best.source || best.named_source) return false;
  return candidates[1].rank > candidates[0].rank - kTie && candidates[1].reading.frame.unknown_field.empty();
}

std::string DisplayName(const SourceModel& source) {
  return source.fact->alias.empty() ? source.fact->name : source.fact->alias;
}

Reply AskBetweenSources(const Utterance& utterance, const std::vector<Candidate>& candidates) {
  Reply reply;
  reply.intent = "sql";
  reply.confidence = 0.6;
  Question question;
  question.question = "Which source is this about?";
  for (const Candidate& candidate : candidates) {
    if (question.options.size() == 4 || candidate.rank < candidates.front().rank - kTie) break;
    std::string name = DisplayName(*candidate.reading.source);
    question.options.push_back({name, fmt::format("{} from {}", utterance.message, name)});
  }
  reply.question = std::move(question);
  return reply;
}

}  // namespace velo::language
