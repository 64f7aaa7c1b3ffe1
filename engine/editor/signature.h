#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/editor/completion.h"

namespace velo::editor {

struct Signature {
  std::string label;  ///< "LAG(value[, offset[, default]])".
  std::string doc;
  std::vector<std::string> parameters;
};

/// Help inside the parentheses of a call.
struct SignatureHelp {
  std::vector<Signature> signatures;
  int active = 0;
  int parameter = 0;  ///< 0-based parameter the cursor is in.
};

std::optional<SignatureHelp> SignatureAt(const EditorRequest& request);

}  // namespace velo::editor
