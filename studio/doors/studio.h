#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "studio/doors/chat_door.h"

namespace velo::doors {

enum class DemoChoice : uint8_t { kOn, kOff, kFrozen };

struct StudioOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  ///< 0: any free one.
  std::string data_dir;
  DemoChoice demo = DemoChoice::kOn;
  std::string web_dir;  ///< Empty: beside the program.
  bool require_token = false;
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::string version = "0.1.0", commit = "unknown";
  /// Empty: the assistant of this build.
  TurnRunner runner;
};

/// The whole Studio in one process: engine, demo stream, what is remembered, doors and server.
class Studio {
 public:
  /// Errors: PORT_IN_USE (detail "port"), DATA_FOLDER_BUSY, READ_ONLY, STORE_TOO_NEW; FORBIDDEN for an address that is
  /// not this machine's own.
  static Result<std::unique_ptr<Studio>> Start(const StudioOptions& options);
  virtual ~Studio() = default;
  /// Address with the token, for people.
  virtual std::string url() const = 0;
  virtual int port() const = 0;
  /// Empty when the web app was not found.
  virtual std::string web_dir() const = 0;
  /// Returns after Stop.
  virtual void Wait() = 0;
  /// Ends everything; may be called from any thread, also twice.
  virtual void Stop() = 0;
};

}  // namespace velo::doors
