#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/script_session.h"

namespace velo::testing {

/// What a script showed: rows of SELECT, SHOW, DESCRIBE and EXPLAIN as text, cells separated by tabs, and one line
/// "# message" per statement.
struct ScriptOutput {
  std::vector<std::string> rows;
  std::vector<std::string> messages;
};

/// Runs `sql` in `session`. With `kinds` every row of a SELECT begins with "+", "U" or "-".
Status RunScript(ScriptSession* session, const std::string& sql, bool kinds, ScriptOutput* output);

/// The lines of a file.
Result<std::vector<std::string>> LinesOf(const std::string& path);

}  // namespace velo::testing
