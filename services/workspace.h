#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/functions/registry.h"
#include "engine/runtime/engine.h"

namespace velo::services {

class ArtifactStore;
class Connections;
class Database;
class ExecutionRegistry;
class OperationRegistry;
class SchemaReports;
class SettingsStore;
class ThreadSessions;
class ThreadStore;

struct WorkspaceOptions {
  Engine* engine = nullptr;  ///< Not owned; must outlive the workspace.
  std::string data_dir;      ///< Holds studio.db. Empty: kept in memory only.
  bool demo = false;         ///< For system info: the demo stream runs.
  std::string version = "0.1.0", commit;
};

/// Everything operations work on: the engine and what the Studio remembers. One per process; thread safe.
class Workspace {
 public:
  /// Opens or creates the store. Errors: DATA_FOLDER_BUSY (another process has it), READ_ONLY, STORE_TOO_NEW.
  static Result<std::unique_ptr<Workspace>> Open(const WorkspaceOptions& options);
  ~Workspace();

  Engine& engine() { return *options_.engine; }
  Clock& clock() { return options_.engine->clock(); }
  const FunctionRegistry& functions() const { return BuiltinFunctions(); }
  ThreadStore& threads() { return *threads_; }
  ArtifactStore& artifacts() { return *artifacts_; }
  Connections& connections() { return *connections_; }
  SchemaReports& schema_reports() { return *schema_reports_; }
  ExecutionRegistry& executions() { return *executions_; }
  ThreadSessions& sessions() { return *sessions_; }
  SettingsStore& settings() { return *settings_; }
  const OperationRegistry& operations() const { return *operations_; }
  const WorkspaceOptions& options() const { return options_; }
  Timestamp started_at() const { return started_at_; }

  /// The engine's catalog, the aliases of the connections that `thread_id` can see, and what its SQL session has made.
  std::unique_ptr<Catalog> CatalogFor(const std::string& thread_id);

 private:
  explicit Workspace(const WorkspaceOptions& options);

  WorkspaceOptions options_;
  Timestamp started_at_ = 0;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ThreadStore> threads_;
  std::unique_ptr<ArtifactStore> artifacts_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<SchemaReports> schema_reports_;
  std::unique_ptr<SettingsStore> settings_;
  std::unique_ptr<ExecutionRegistry> executions_;
  std::unique_ptr<ThreadSessions> sessions_;
  std::unique_ptr<OperationRegistry> operations_;
};

}  // namespace velo::services
