#include <fmt/format.h>

#include "services/artifacts/envelope.h"
#include "services/guarded_write.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/sql_views.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ListParams {
  std::string id, type;
  bool current = true;
};
BOOST_DESCRIBE_STRUCT(ListParams, (), (id, type, current))

struct ItemView {
  std::string id, type, title, state;
  int64_t version = 1;
  std::string message_id;
  bool kept = false;
  std::string created_at;
};
BOOST_DESCRIBE_STRUCT(ItemView, (), (id, type, title, state, version, message_id, kept, created_at))

ItemView View(const ArtifactRow& row) {
  return {row.id, row.type, row.title, row.state, row.version, row.message_id, row.kept, FormatInstant(row.created_at)};
}

struct ListAnswer {
  std::vector<ItemView> artifacts;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (artifacts))

Result<Outcome<ListAnswer>> ListArtifacts(const ListParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(ThreadRow thread, context.workspace->threads().Get(params.id));
  VELO_ASSIGN_OR_RETURN(std::vector<ArtifactRow> rows, context.workspace->artifacts().List(thread.id, params.type));
  Outcome<ListAnswer> outcome;
  for (const ArtifactRow& row : rows) outcome.answer.artifacts.push_back(View(row));
  return outcome;
}

struct GetParams {
  std::string id;
  int64_t version = 0;
  bool versions = false;
  static std::vector<FieldRule> Rules() { return {{"version", "0: the newest", false, 0}}; }
};
BOOST_DESCRIBE_STRUCT(GetParams, (), (id, version, versions))

struct VersionView {
  int64_t version = 1;
  std::string author, message, created_at;
};
BOOST_DESCRIBE_STRUCT(VersionView, (), (version, author, message, created_at))

struct ArtifactAnswer {
  JsonText artifact;
  std::vector<VersionView> versions;
};
BOOST_DESCRIBE_STRUCT(ArtifactAnswer, (), (artifact, versions))

Result<Outcome<ArtifactAnswer>> GetArtifact(const GetParams& params, CallContext& context) {
  ArtifactStore& artifacts = context.workspace->artifacts();
  VELO_ASSIGN_OR_RETURN(ArtifactRow row, artifacts.Get(params.id, params.version));
  Outcome<ArtifactAnswer> outcome;
  outcome.answer.artifact.text = EnvelopeJson(row);
  outcome.version = row.version;
  outcome.summary = row.title;
  VELO_ASSIGN_OR_RETURN(std::vector<ArtifactRow> versions, artifacts.Versions(params.id));
  for (const ArtifactRow& version : versions) {
    outcome.answer.versions.push_back(
        {version.version, version.author, version.message, FormatInstant(version.created_at)});
  }
  return outcome;
}

struct PutParams {
  std::string id;
  Json data;
  std::string message, title;
  std::optional<bool> kept;
  std::optional<int64_t> expected_version;
  static std::vector<FieldRule> Rules() {
    return {{"data", "the editable part: sql, viz, query_name", true}, {"title", "", false, {}, {}, {}, {}, 200}};
  }
};
BOOST_DESCRIBE_STRUCT(PutParams, (), (id, data, message, title, kept, expected_version))

/// The stored payload with the caller's changes; SQL is checked again so that the payload never tells an old verdict.
Result<Json> Merge(const ArtifactRow& row, const Json& change, CallContext& context) {
  Json data = Json::parse(row.data_json, nullptr, false);
  static constexpr const char* kEditable[] = {"sql", "viz", "query_name"};
  for (auto item = change.begin(); item != change.end(); ++item) {
    bool known =
        std::any_of(std::begin(kEditable), std::end(kEditable), [&](const char* name) { return item.key() == name; });
    if (!known) continue;  // Clients send the payload back as they got it.
    data[item.key()] = *item;
  }
  if (row.type == "sql-editor" && data.contains("sql") && data["sql"].is_string()) {
    std::string sql = data["sql"].get<std::string>();
    std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(row.thread_id);
    ValidationView validation = Validate(sql, catalog.get(), context.workspace->functions(), false).view;
    Json fresh = SqlEditorData(sql, validation);
    data["validation"] = fresh["validation"];
    data["sources"] = fresh["sources"];
    data["explanation"] = fresh["explanation"];
    data["previous_version"] = row.version;
    for (const char* stale : {"assumptions", "understood", "changes"}) data[stale] = Json::array();
  }
  return data;
}

Result<Outcome<ArtifactAnswer>> PutArtifact(const PutParams& params, CallContext& context) {
  ArtifactStore& artifacts = context.workspace->artifacts();
  VELO_ASSIGN_OR_RETURN(ArtifactRow row, artifacts.Get(params.id));
  if (!IsEditable(row.type)) {
    return Status::User("CONFLICT", fmt::format("A {} cannot be edited.", row.type), "");
  }
  VELO_RETURN_IF_ERROR(CheckVersion(context, params.expected_version, row.current_version));
  if (!params.data.is_object()) return Status::User("VALIDATION_ERROR", "'data' must be an object.", "");
  VELO_ASSIGN_OR_RETURN(Json data, Merge(row, params.data, context));
  row.data_json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  row.author = "user";
  row.message = params.message;
  if (!params.title.empty()) row.title = params.title;
  if (params.kept) row.kept = *params.kept;
  VELO_ASSIGN_OR_RETURN(ArtifactRow stored, artifacts.Put(row));
  if (stored.type == "sql-editor") {
    VELO_RETURN_IF_ERROR(context.workspace->threads().UpdateContext(stored.thread_id, [&](ThreadContext& thread) {
      thread.focus.artifact_id = thread.focus.sql_artifact_id = stored.id;
      thread.focus.artifact_type = stored.type;
      if (data["sql"].is_string()) thread.focus.sql = data["sql"].get<std::string>();
    }));
  }
  return GetArtifact({stored.id, 0, false}, context);
}

}  // namespace

void RegisterArtifacts(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_artifacts",
                .title = "List artifacts",
                .description = "Artifacts of a thread.",
                .method = "GET",
                .path = "/api/threads/{id}/artifacts"},
               ListArtifacts);
  AddOperation(registry,
               {.name = "get_artifact",
                .title = "Show an artifact",
                .description = "One version of an artifact, and the list of its versions.",
                .method = "GET",
                .path = "/api/artifacts/{id}",
                .also = {"/api/artifacts/{id}/versions"},
                .rate_per_minute = 300},
               GetArtifact);
  AddOperation(registry,
               {.name = "put_artifact",
                .title = "Edit an artifact",
                .description = "Stores an edit as a new version.",
                .effect = Effect::kSession,
                .method = "PUT",
                .path = "/api/artifacts/{id}",
                .scope = "write",
                .rate_per_minute = 300},
               PutArtifact);
}

}  // namespace velo::services
