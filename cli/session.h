#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/catalog/catalog.h"
#include "engine/io/connector.h"
#include "engine/plan/config_files.h"
#include "engine/runtime/engine.h"

namespace velo::cli {

/// The address that a person means: "/data/x.csv" and "x.csv" are files, a bare word is an embedded topic.
std::string AddressOf(const std::string& place);

/// What the SQL of a command reads beside what it makes itself.
struct Places {
  std::vector<std::string> sources;  ///< NAME=PLACE, as the user says it.
  std::vector<std::string> files;    ///< Paths that stand in FROM: 'data/trades.csv'.
  bool topics = false;               ///< Any embedded topic.
};

/// An engine for one command: connectors, named sources, and the embedded topics when the SQL names one.
class Session {
 public:
  /// The data folder is opened only when topics are needed, so that a query over files starts fast and runs beside a
  /// Studio.
  static Result<std::unique_ptr<Session>> Open(const std::string& data_dir, const Places& places);

  Engine& engine() { return *engine_; }
  /// Knows the named sources, then what the engine knows.
  Catalog& catalog() { return *catalog_; }
  ConnectorRegistry& connectors() { return connectors_; }

 private:
  Session() = default;
  /// Makes `name` stand for what is at `uri`.
  Status AddSource(const std::string& name, const std::string& uri);

  ConnectorRegistry connectors_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<MemoryCatalog> catalog_;
};

/// A text of SQL and where it came from.
struct SqlText {
  std::string name;
  std::string text;

  /// The user runs the text, so it may read config files: relative ones beside it.
  ConfigFiles config_files(bool required) const;
};

/// Reads the files, or standard input for "-" and for an empty list. Folders stand for their .sql files.
Result<std::vector<SqlText>> ReadSqlFiles(const std::vector<std::string>& files);

/// Finds out what the texts read. A name that no statement makes and `sources` (NAME=PLACE) does not know is a file when
/// it is a path with a folder, a glob or the extension of a data file, else an embedded topic.
Places FindPlaces(const std::vector<SqlText>& texts, const std::vector<std::string>& sources);

}  // namespace velo::cli
