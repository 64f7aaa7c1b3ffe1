#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/editor/cursor_context.h"

namespace velo::editor {

/// Collects proposals that fit the started word and ranks them (studio-ux section 5).
class CompletionBuilder {
 public:
  explicit CompletionBuilder(const CursorContext& context) : context_(context) {}

  /// `rank` 1 is best. Proposals that do not fit the started word are left out; a text is kept once.
  void Add(int rank, std::string text, CompletionKind kind, std::string detail = "", std::string explanation = "",
           std::string documentation = "");
  std::vector<Completion> Take(size_t limit);

 private:
  const CursorContext& context_;
  std::vector<Completion> items_;
};

/// 1 for a prefix, 0.9 for the start of a part (avg_price for "pri"), 0.75 for letters in order, 0 for no match.
double MatchQuality(std::string_view word, std::string_view candidate);

}  // namespace velo::editor
