#include "services/workspace.h"

#include "services/executions/execution_registry.h"
#include "services/operation.h"
#include "services/sources/connections.h"
#include "services/sources/schema_reports.h"
#include "services/store/artifact_store.h"
#include "services/store/database.h"
#include "services/store/settings_store.h"
#include "services/store/thread_store.h"

namespace velo::services {
namespace {

/// Owns the engine's catalog seen through the connections of one thread.
std::vector<Connection> VisibleConnections(Connections& connections, const std::string& thread_id) {
  Result<std::vector<Connection>> visible = connections.List(thread_id);
  // A store that cannot be read leaves the topics; the failing operation itself reports the store.
  return visible.ok() ? visible.TakeValue() : std::vector<Connection>();
}

}  // namespace

Workspace::Workspace(const WorkspaceOptions& options) : options_(options) {}

// The executions go first: their jobs hand rows to objects that the rest of the workspace serves.
Workspace::~Workspace() { executions_.reset(); }

Result<std::unique_ptr<Workspace>> Workspace::Open(const WorkspaceOptions& options) {
  std::unique_ptr<Workspace> workspace(new Workspace(options));
  VELO_ASSIGN_OR_RETURN(workspace->database_, Database::Open(options.data_dir));
  Database* database = workspace->database_.get();
  workspace->threads_ = std::make_unique<ThreadStore>(database);
  workspace->artifacts_ = std::make_unique<ArtifactStore>(database);
  workspace->connections_ = std::make_unique<Connections>(database, options.engine);
  workspace->schema_reports_ = std::make_unique<SchemaReports>(options.engine);
  workspace->settings_ = std::make_unique<SettingsStore>(database);
  workspace->executions_ = std::make_unique<ExecutionRegistry>(options.engine, database);
  workspace->operations_ = std::make_unique<OperationRegistry>();
  RegisterAllOperations(workspace->operations_.get());
  workspace->started_at_ = options.engine->clock().Now();
  VELO_RETURN_IF_ERROR(workspace->threads_->FailInterruptedMessages());
  return workspace;
}

std::unique_ptr<Catalog> Workspace::CatalogFor(const std::string& thread_id) {
  return MakeConnectionCatalog(VisibleConnections(*connections_, thread_id), &options_.engine->catalog());
}

}  // namespace velo::services
