#include <fmt/format.h>

#include "services/guarded_write.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct SourceParams {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(SourceParams, (), (id))

struct SourceAnswer {
  ConnectionView connection;
  PropertyMap options;
  int64_t item_count = 0;
  int64_t version = 1;
};
BOOST_DESCRIBE_STRUCT(SourceAnswer, (), (connection, options, item_count, version))

Outcome<SourceAnswer> Describe(CallContext& context, const Connection& connection) {
  Outcome<SourceAnswer> outcome;
  outcome.answer.connection = ViewConnection(connection);
  outcome.answer.options = connection.options;
  outcome.answer.version = connection.version;
  Connector* connector = context.workspace->engine().connectors().Find(UriScheme(connection.uri));
  if (connector != nullptr) {
    Result<ConnectionReport> report = connector->Connect(connection.uri, connection.EngineProperties());
    if (report.ok()) {
      outcome.answer.item_count = static_cast<int64_t>(report->items.size());
    } else {
      outcome.answer.connection.status = "disconnected";
      outcome.answer.connection.last_error = report.status().error().message;
    }
  }
  outcome.version = connection.version;
  outcome.summary = connection.alias;
  return outcome;
}

Result<Outcome<SourceAnswer>> GetSource(const SourceParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(Connection connection, context.workspace->connections().Find(params.id, context.thread_id));
  return Describe(context, connection);
}

struct PatchParams {
  std::string id;
  std::optional<std::string> alias, format;
  std::optional<bool> default_;
  std::optional<PropertyMap> options;
  std::optional<int64_t> expected_version;

  static std::vector<FieldRule> Rules() { return {{"alias", "", false, {}, {}, {}, {}, 64}}; }
};
BOOST_DESCRIBE_STRUCT(PatchParams, (), (id, alias, format, default_, options, expected_version))

Result<Outcome<SourceAnswer>> PatchSource(const PatchParams& params, CallContext& context) {
  Connections& connections = context.workspace->connections();
  VELO_ASSIGN_OR_RETURN(Connection connection, connections.Find(params.id, context.thread_id));
  if (connection.id == kTopicsSourceId) {
    return Status::User("CONFLICT", "The embedded topics cannot be changed.", "");
  }
  VELO_RETURN_IF_ERROR(CheckVersion(context, params.expected_version, connection.version));
  if (params.alias) connection.alias = *params.alias;
  if (params.format) connection.format = *params.format;
  if (params.default_) connection.is_default = *params.default_;
  if (params.options) connection.options = *params.options;
  VELO_ASSIGN_OR_RETURN(Connection changed, connections.Update(connection));
  return Describe(context, changed);
}

struct DeleteAnswer {
  std::string source_id;
  bool deleted = true;
};
BOOST_DESCRIBE_STRUCT(DeleteAnswer, (), (source_id, deleted))

Result<Outcome<DeleteAnswer>> DeleteSource(const SourceParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(Connection connection, context.workspace->connections().Find(params.id, context.thread_id));
  if (connection.id == kTopicsSourceId) {
    return Status::User("CONFLICT", "The embedded topics are always there.", "");
  }
  VELO_RETURN_IF_ERROR(context.workspace->connections().Delete(connection.id));
  Outcome<DeleteAnswer> outcome;
  outcome.answer.source_id = connection.id;
  outcome.summary = fmt::format("Disconnected {}", connection.alias);
  return outcome;
}

}  // namespace

void RegisterSourceDetail(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "get_source",
                .title = "Show a connection",
                .description = "Shows one connection.",
                .method = "GET",
                .path = "/api/sources/{id}"},
               GetSource);
  AddOperation(registry,
               {.name = "update_source",
                .title = "Change a connection",
                .description = "Changes alias, format or options of a connection.",
                .effect = Effect::kSession,
                .method = "PATCH",
                .path = "/api/sources/{id}",
                .scope = "connect"},
               PatchSource);
  AddOperation(registry,
               {.name = "disconnect_source",
                .title = "Disconnect",
                .description = "Forgets a connection.",
                .effect = Effect::kSession,
                .method = "DELETE",
                .path = "/api/sources/{id}",
                .scope = "connect"},
               DeleteSource);
}

}  // namespace velo::services
