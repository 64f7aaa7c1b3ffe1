#pragma once

#include <functional>
#include <vector>

#include "assistant/language/intents/intent.h"

namespace velo::language {

/// A sentence read under one of the sources it may be about.
struct Candidate {
  Reading reading;
  double rank = 0;
};

/// Reads a sentence under every source it may be about and that `fits` accepts, best first.
std::vector<Candidate> ReadUnderSources(const Utterance& utterance, const Sentence& sentence,
                                        const std::function<bool(const Reading&)>& fits = {});
/// True when the second reading is about as good as the first and nothing in the words or the thread decides.
bool IsTie(const Utterance& utterance, const std::vector<Candidate>& candidates);
Reply AskBetweenSources(const Utterance& utterance, const std::vector<Candidate>& candidates);
/// The name people use for a source.
std::string DisplayName(const SourceModel& source);

}  // namespace velo::language
