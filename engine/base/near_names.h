#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace velo {

/// Returns the Damerau-Levenshtein distance (adjacent transpositions cost one), ignoring ASCII case.
int EditDistance(std::string_view a, std::string_view b);

/// Returns at most three candidates a person may have meant: distance <= 2 (<= 1 for words of up to three letters) or a
/// shared prefix of at least four letters; nearest first, then alphabetical.
std::vector<std::string> NearNames(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace velo
