#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source_span.h"
#include "engine/catalog/catalog.h"
#include "engine/functions/registry.h"

namespace velo::editor {

enum class CompletionKind : uint8_t {
  kColumn,
  kTable,
  kTopic,
  kFunction,
  kKeyword,
  kSnippet,
  kProperty,
  kValue,
  kAnnotation,
  kAlias
};
/// "column", "table", ... as the API spells them (2.3.4).
std::string_view CompletionKindName(CompletionKind kind);

/// One proposal. `replace` are the bytes of the text that `text` takes the place of; zero length inserts.
struct Completion {
  std::string text;
  CompletionKind kind = CompletionKind::kKeyword;
  double confidence = 0;      ///< 0..1; proposals are sorted by it, then by text.
  std::string explanation;    ///< One line for people.
  std::string detail;         ///< Type of a column, signature of a function ...
  std::string documentation;  ///< May be empty.
  SourceSpan replace;
};

/// A place in a text that need not parse. Pointers are not owned.
struct EditorRequest {
  std::string_view text;
  int32_t offset = 0;  ///< Byte offset of the cursor.
  Catalog* catalog = nullptr;
  const FunctionRegistry* functions = nullptr;
  /// Files and folders (these end in "/") that continue a started "file:///..." address, as whole addresses; empty:
  /// none are proposed, because whoever asks may not look at files.
  std::function<std::vector<std::string>(std::string_view started)> list_files;
};

/// Items for the popup, best first, at most `limit`.
std::vector<Completion> Complete(const EditorRequest& request, size_t limit = 50);
/// Ghost text that continues what is written: window sizes, GROUP BY of the plain columns, closing clauses.
/// Deterministic.
std::vector<Completion> CompleteInline(const EditorRequest& request, size_t limit = 3);

}  // namespace velo::editor
