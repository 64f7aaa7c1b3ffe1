#include <algorithm>

#include "engine/editor/completion_builder_internal.h"
#include "engine/sql/words.h"

namespace velo::editor {

std::string_view CompletionKindName(CompletionKind kind) {
  switch (kind) {
    case CompletionKind::kColumn:
      return "column";
    case CompletionKind::kTable:
      return "table";
    case CompletionKind::kTopic:
      return "topic";
    case CompletionKind::kFunction:
      return "function";
    case CompletionKind::kKeyword:
      return "keyword";
    case CompletionKind::kSnippet:
      return "snippet";
    case CompletionKind::kProperty:
      return "property";
    case CompletionKind::kValue:
      return "value";
    case CompletionKind::kAnnotation:
      return "annotation";
    case CompletionKind::kAlias:
      return "alias";
  }
  return "";
}

double MatchQuality(std::string_view word, std::string_view candidate) {
  if (word.empty()) return 1;
  const std::string low_word = sql::LowerCase(word);
  std::string low = sql::LowerCase(candidate);
  if (!low.empty() && (low[0] == '`' || low[0] == '\'')) low.erase(0, 1);
  if (low.starts_with(low_word)) return 1;
  for (size_t i = 1; i < low.size(); ++i) {
    const bool part = low[i - 1] == '_' || low[i - 1] == '.' || low[i - 1] == '-' || low[i - 1] == ' ' ||
                      (i < candidate.size() && candidate[i] >= 'A' && candidate[i] <= 'Z' && candidate[i - 1] >= 'a');
    if (part && std::string_view(low).substr(i).starts_with(low_word)) return 0.9;
  }
  if (low_word.size() < 2) return 0;
  size_t at = 0;
  for (char c : low) {
    if (at < low_word.size() && c == low_word[at]) ++at;
  }
  return at == low_word.size() && low.front() == low_word.front() ? 0.75 : 0;
}

void CompletionBuilder::Add(int rank, std::string text, CompletionKind kind, std::string detail,
                            std::string explanation, std::string documentation) {
  const double quality = MatchQuality(context_.word, text);
  if (quality <= 0) return;
  const double confidence = (1.0 - 0.08 * (rank - 1)) * quality;
  for (Completion& known : items_) {
    if (known.text != text) continue;
    known.confidence = std::max(known.confidence, confidence);
    return;
  }
  Completion item;
  item.text = std::move(text);
  item.kind = kind;
  item.confidence = confidence;
  item.detail = std::move(detail);
  item.explanation = std::move(explanation);
  item.documentation = std::move(documentation);
  item.replace = context_.replace;
  items_.push_back(std::move(item));
}

std::vector<Completion> CompletionBuilder::Take(size_t limit) {
  std::stable_sort(items_.begin(), items_.end(), [](const Completion& a, const Completion& b) {
    if (a.confidence != b.confidence) return a.confidence > b.confidence;
    return a.text < b.text;
  });
  if (items_.size() > limit) items_.resize(limit);
  return std::move(items_);
}

}  // namespace velo::editor
