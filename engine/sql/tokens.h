#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/source_span.h"

namespace velo::sql {

enum class HighlightClass : uint8_t {
  kKeyword,
  kFunction,
  kType,
  kString,
  kNumber,
  kAnnotation,
  kComment,
  kOperator,
  kIdentifier,
  kUri
};

/// A coloured stretch of text for the editor.
struct HighlightToken {
  SourceSpan span;
  HighlightClass kind = HighlightClass::kIdentifier;
};

/// Returns "keyword", "function", ... as the editor's semantic tokens name them.
std::string_view HighlightClassName(HighlightClass kind);

/// Classifies every token and comment of a text in order, without overlaps. Works on any text; where it does not parse,
/// only reserved words count as keywords.
std::vector<HighlightToken> Highlight(std::string_view text);

}  // namespace velo::sql
