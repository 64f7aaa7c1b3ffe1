#include "cli/exit_code.h"

#include <cstdio>

namespace velo::cli {

int ExitCodeFor(const Status& status) {
  if (status.ok()) return kDone;
  const ErrorInfo& error = status.error();
  if (error.code == "DATA_FOLDER_BUSY" || error.code == "READ_ONLY") return kDataFolder;
  if (error.code == "PORT_IN_USE") return kPortInUse;
  if (error.code == "FORBIDDEN") return kRefused;
  if (error.code == "TIMEOUT") return kTimedOut;
  if (error.code == "SOURCE_NOT_FOUND" || error.code == "TOPIC_NOT_FOUND") return kOutsideFailed;
  switch (error.kind) {
    case ErrorKind::kUser:
      return kAnswerIsNo;
    case ErrorKind::kWorld:
      return kOutsideFailed;
    case ErrorKind::kBug:
      return kInternal;
  }
  return kInternal;
}

int Fail(const Status& status, std::string_view text, std::string_view file_name) {
  const ErrorInfo& error = status.error();
  bool shown = false;
  for (const Diagnostic& diagnostic : error.diagnostics) {
    std::fputs(RenderDiagnostic(diagnostic, text, file_name).c_str(), stderr);
    shown = true;
  }
  if (!shown) {
    std::fprintf(stderr, "velo: %s [%s]\n", error.message.c_str(), error.code.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
    for (const auto& [name, value] : error.details) {
      const bool said = error.hint.find(value) != std::string::npos;  // "Did you mean ...?"
      if (!said) std::fprintf(stderr, "  %s: %s\n", name.c_str(), value.c_str());
    }
  }
  return ExitCodeFor(status);
}

}  // namespace velo::cli
