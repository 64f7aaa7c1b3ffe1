#pragma once

#include "engine/base/status.h"

namespace velo::cli {

/// What the process answers to its caller; the table stands in docs/operations.md.
enum ExitCode : int {
  kDone = 0,
  kAnswerIsNo = 1,
  kUsage = 2,
  kOutsideFailed = 3,
  kRefused = 4,
  kPortInUse = 5,
  kDataFolder = 6,
  kTimedOut = 8,
  kInternal = 70,
  kInterrupted = 130,
};

/// Chooses the exit code that fits an error.
int ExitCodeFor(const Status& status);

/// Prints "velo: message" and the cure to stderr, SQL findings with a caret under their place in `text`, and returns
/// the exit code.
int Fail(const Status& status, std::string_view text = "", std::string_view file_name = "query");

}  // namespace velo::cli
