#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/io/connector.h"
#include "engine/runtime/engine.h"
#include "services/store/connection_store.h"

namespace velo::services {

inline constexpr const char* kTopicsSourceId = "src_topics";

/// The connections of all threads. Thread safe.
class Connections {
 public:
  Connections(Database* database, Engine* engine) : store_(database), engine_(engine) {}

  struct ConnectRequest {
    std::string uri, type, format, alias, thread_id;
    PropertyMap options;
    bool make_default = true;
  };
  struct Connected {
    Connection connection;
    ConnectionReport report;
    bool reused = false;
  };
  /// Opens the place, says what is there, and remembers it. The same URI, options and thread give the same connection.
  Result<Connected> Connect(const ConnectRequest& request);
  /// SOURCE_NOT_FOUND. Knows kTopicsSourceId, ids and aliases that `thread_id` can see.
  Result<Connection> Find(const std::string& id_or_alias, const std::string& thread_id);
  /// Looks a URI up among the connections of the thread; connects to it when there is none.
  Result<Connection> FindOrConnect(const std::string& uri, const std::string& thread_id);
  /// The topics first, then what `thread_id` can see, oldest first.
  Result<std::vector<Connection>> List(const std::string& thread_id);
  Result<Connection> Update(const Connection& connection);
  Status Delete(const std::string& id);

 private:
  std::string FreeAlias(const std::string& wanted, const std::string& format, const std::vector<Connection>& taken);

  ConnectionStore store_;
  Engine* engine_;
  std::mutex connecting_;
};

/// A catalog that knows the aliases and URIs of `connections` and asks `base` (not owned) for the rest.
std::unique_ptr<Catalog> MakeConnectionCatalog(std::vector<Connection> connections, Catalog* base);

/// Reads "host:9092", "/data/trades/*.csv" and "~/x.csv" as the URIs they stand for; adds a line to `assumptions`.
std::string NormaliseUri(const std::string& text, std::vector<std::string>* assumptions);

}  // namespace velo::services
