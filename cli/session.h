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

/// An engine for one command: connectors, named sources, and the embedded topics when the SQL names one.
class Session {
 public:
  /// `sources` are NAME=PLACE. The data folder is opened only when `needs_topics` or one of them is a topic, so that a
  /// query over files starts fast and runs beside a Studio.
  static Result<std::unique_ptr<Session>> Open(const std::string& data_dir, const std::vector<std::string>& sources,
                                               bool needs_topics);

  Engine& engine() { return *engine_; }
  /// Knows the named sources, then what the engine knows, then files by their paths: FROM 'data/trades.csv'.
  Catalog& catalog() { return *catalog_; }
  ConnectorRegistry& connectors() { return connectors_; }

 private:
  Session() = default;
  ConnectorRegistry connectors_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Catalog> paths_;
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

/// Returns whether a statement of the text reads a relation that is neither a URI or path, nor made by the text, nor
/// named in `sources`: then it can only be an embedded topic.
bool NamesTopics(const SqlText& text, const std::vector<std::string>& sources);

}  // namespace velo::cli
