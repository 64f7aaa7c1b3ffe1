#pragma once

#include <string_view>

#include "engine/base/diagnostic.h"
#include "tests/fuzz/check.h"

namespace velo::fuzz {

/// Every finding and every edit of a fix stands inside the text.
inline void CheckDiagnostics(const Diagnostics& diagnostics, std::string_view text) {
  const auto size = static_cast<int32_t>(text.size());
  const auto is_inside = [size](const SourceSpan& span) { return span.offset >= 0 && span.end() <= size; };
  for (const Diagnostic& item : diagnostics.items()) {
    Check(is_inside(item.span), "a finding stands in the text", item.message);
    for (const Fix& fix : item.fixes) {
      for (const TextEdit& edit : fix.edits) Check(is_inside(edit.span), "an edit stands in the text", item.message);
    }
  }
}

}  // namespace velo::fuzz
