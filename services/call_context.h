#pragma once

#include <functional>
#include <optional>
#include <string>

namespace velo::services {

class Workspace;

/// Through which door a call came.
enum class Via : uint8_t { kHttp, kChat, kButton, kCommandLine, kTest };

/// The surroundings of one call. Made by a door, passed down; not shared between threads.
struct CallContext {
  Workspace* workspace = nullptr;  ///< Not owned; never null in a handler.
  Via via = Via::kHttp;
  std::string thread_id;    ///< Empty: the session (connections and results belong to no thread).
  std::string message_id;   ///< Assistant message that artifacts belong to.
  std::string call_id;      ///< Tool call that artifacts belong to.
  std::string artifact_id;  ///< Artifact the call is about ("it"); may be empty.
  std::string request_id;
  std::string if_match;  ///< Of a guarded write: "v3", "*" or empty.
  /// Asked by long handlers; true: give up soon. Empty function: never.
  std::function<bool()> stopped;
};

}  // namespace velo::services
