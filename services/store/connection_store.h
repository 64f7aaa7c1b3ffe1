#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/catalog/catalog.h"

namespace velo::services {

class Database;

/// A place the Studio knows by alias. The embedded topics are always there as kTopicsSourceId.
struct Connection {
  std::string id, alias, uri;
  std::string type;  ///< "file", "file_mmap" or "topic".
  std::string format;
  PropertyMap options;
  std::string thread_id;  ///< Empty: of the session, seen by every thread.
  bool is_default = false;
  std::string status = "connected";
  std::string last_error;
  int64_t connected_at = 0;  ///< Microseconds.
  int64_t version = 1;

  /// Options as the engine's connectors take them, with format and type folded in.
  PropertyMap EngineProperties() const;
};

/// Connections in SQLite. Thread safe.
class ConnectionStore {
 public:
  explicit ConnectionStore(Database* database) : database_(database) {}

  /// Those of the session and of one thread, oldest first; without a thread those of every thread.
  Result<std::vector<Connection>> List(const std::string& thread_id);
  /// SOURCE_NOT_FOUND.
  Result<Connection> Get(const std::string& id);
  Status Save(const Connection& connection);
  Status Delete(const std::string& id);

 private:
  Database* database_;
};

}  // namespace velo::services
