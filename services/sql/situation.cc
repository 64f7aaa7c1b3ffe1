#include "services/sql/situation.h"

#include <algorithm>

#include "services/executions/thread_sessions.h"
#include "services/sources/connections.h"
#include "services/sources/schema_reports.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

void AddFiles(const Connection& connection, Catalog* catalog, SchemaReports* reports, language::Situation* situation) {
  Result<RelationPtr> relation = catalog->Find(connection.uri, connection.EngineProperties());
  if (!relation.ok() || *relation == nullptr) return;  // A file that has gone cannot be meant.
  language::SourceFact fact;
  fact.name = connection.uri;
  fact.alias = connection.alias;
  fact.type = "file";
  fact.relation = *relation;
  fact.report = reports->Find(connection.uri, connection.EngineProperties());
  situation->sources.push_back(std::move(fact));
}

}  // namespace

Result<language::Situation> SituationOf(CallContext& context) {
  Workspace& workspace = *context.workspace;
  language::Situation situation;
  std::unique_ptr<Catalog> catalog = workspace.CatalogFor(context.thread_id);
  VELO_ASSIGN_OR_RETURN(std::vector<Connection> connections, workspace.connections().List(context.thread_id));
  for (const Connection& connection : connections) {
    if (connection.type != "topic") AddFiles(connection, catalog.get(), &workspace.schema_reports(), &situation);
  }
  if (TopicStore* topics = workspace.engine().topics()) {
    for (const TopicInfo& topic : topics->List()) {
      Result<RelationPtr> relation = catalog->Find(topic.name, {});
      if (!relation.ok() || *relation == nullptr) continue;
      situation.sources.push_back(
          {topic.name, topic.name, "topic", *relation, workspace.schema_reports().Find("topic://" + topic.name, {})});
    }
  }
  for (const RelationPtr& relation : workspace.sessions().Relations(context.thread_id)) {
    situation.sources.push_back({relation->name, relation->name, "table", relation, nullptr});
  }
  VELO_ASSIGN_OR_RETURN(ThreadContext thread, workspace.threads().Context(context.thread_id));
  situation.focus_source = thread.focus.source;
  situation.focus_sql = thread.focus.sql;
  situation.focus_artifact = thread.focus.artifact_id;
  situation.focus_artifact_type = thread.focus.artifact_type;
  situation.execution_id = thread.focus.execution_id;
  situation.pending_prompt = thread.pending.prompt;
  if (!thread.focus.sql_artifact_id.empty()) {
    Result<ArtifactRow> editor = workspace.artifacts().Get(thread.focus.sql_artifact_id);
    situation.can_undo = editor.ok() && editor->current_version > 1;
  }
  return situation;
}

}  // namespace velo::services
