#include "services/workspace.h"

#include "services/executions/execution_registry.h"
#include "services/executions/thread_sessions.h"
#include "services/operation.h"
#include "services/sources/connections.h"
#include "services/sources/schema_reports.h"
#include "services/store/artifact_store.h"
#include "services/store/database.h"
#include "services/store/settings_store.h"
#include "services/store/thread_store.h"

namespace velo::services {
namespace {

std::vector<Connection> VisibleConnections(Connections& connections, const std::string& thread_id) {
  Result<std::vector<Connection>> visible = connections.List(thread_id);
  // A store that cannot be read leaves the topics; the failing operation itself reports the store.
  return visible.ok() ? visible.TakeValue() : std::vector<Connection>();
}

/// What the session of a thread has made, in front of everything else.
class SessionCatalog : public Catalog {
 public:
  SessionCatalog(std::unique_ptr<Catalog> outside, const std::vector<RelationPtr>& relations)
      : outside_(std::move(outside)), catalog_(outside_.get()) {
    for (const RelationPtr& relation : relations) catalog_.Put(*relation);
  }
  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override {
    return catalog_.Find(name, properties);
  }
  std::vector<std::string> Names() override { return catalog_.Names(); }

 private:
  const std::unique_ptr<Catalog> outside_;
  MemoryCatalog catalog_;
};

}  // namespace

Workspace::Workspace(const WorkspaceOptions& options) : options_(options) {}

// Sessions go first, then executions: their jobs hand rows to objects that the rest of the workspace serves.
Workspace::~Workspace() {
  sessions_.reset();
  executions_.reset();
}

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
  auto outside = [connections = workspace->connections_.get(), engine = options.engine](const std::string& thread_id) {
    return MakeConnectionCatalog(VisibleConnections(*connections, thread_id), &engine->catalog());
  };
  workspace->sessions_ = std::make_unique<ThreadSessions>(options.engine, workspace->executions_.get(), outside);
  workspace->operations_ = std::make_unique<OperationRegistry>();
  RegisterAllOperations(workspace->operations_.get());
  workspace->started_at_ = options.engine->clock().Now();
  VELO_RETURN_IF_ERROR(workspace->threads_->FailInterruptedMessages());
  return workspace;
}

std::unique_ptr<Catalog> Workspace::CatalogFor(const std::string& thread_id) {
  auto outside = MakeConnectionCatalog(VisibleConnections(*connections_, thread_id), &options_.engine->catalog());
  const std::vector<RelationPtr> relations = sessions_->Relations(thread_id);
  if (relations.empty()) return outside;
  return std::make_unique<SessionCatalog>(std::move(outside), relations);
}

}  // namespace velo::services
