#pragma once

#include <optional>
#include <string>

#include "engine/base/source_span.h"
#include "engine/editor/completion.h"

namespace velo::editor {

/// What stands under the cursor.
struct Hover {
  std::string kind;  ///< "column", "table", "function", "keyword", "annotation", "alias".
  std::string name;
  std::string text;  ///< "FLOAT, column of trades, for example 98.1".
  SourceSpan range;
};

std::optional<Hover> HoverAt(const EditorRequest& request);

}  // namespace velo::editor
