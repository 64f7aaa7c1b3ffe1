#include "engine/base/near_names.h"

#include <algorithm>
#include <cctype>

namespace velo {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

int EditDistance(std::string_view a, std::string_view b) {
  const std::string left = Lower(a);
  const std::string right = Lower(b);
  const size_t columns = right.size() + 1;
  std::vector<int> before(columns), previous(columns), current(columns);
  for (size_t j = 0; j < columns; ++j) previous[j] = static_cast<int>(j);
  for (size_t i = 1; i <= left.size(); ++i) {
    current[0] = static_cast<int>(i);
    for (size_t j = 1; j < columns; ++j) {
      const int cost = left[i - 1] == right[j - 1] ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[columns - 1];
}

std::vector<std::string> NearNames(std::string_view word, const std::vector<std::string>& candidates) {
  struct Scored {
    int distance;
    std::string name;
  };
  const int limit = word.size() <= 3 ? 1 : 2;
  const std::string prefix = Lower(word.substr(0, 4));
  std::vector<Scored> scored;
  for (const std::string& candidate : candidates) {
    const int distance = EditDistance(word, candidate);
    const bool shares_prefix = word.size() >= 4 && Lower(candidate.substr(0, 4)) == prefix;
    if (distance <= limit || shares_prefix) scored.push_back({distance, candidate});
  }
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.name < b.name;
  });
  std::vector<std::string> names;
  for (const Scored& item : scored) {
    if (names.size() == 3) break;
    if (std::find(names.begin(), names.end(), item.name) == names.end()) names.push_back(item.name);
  }
  return names;
}

}  // namespace velo
