#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class SourceType : uint8_t { kAuto, kFile, kFileMmap, kTopic };
BOOST_DESCRIBE_ENUM(SourceType, kAuto, kFile, kFileMmap, kTopic)

struct ConnectParams {
  std::string uri;
  SourceType type = SourceType::kAuto;
  std::string format;
  PropertyMap options;
  std::string alias;
  bool default_ = true;

  static std::vector<FieldRule> Rules() {
    return {{"uri", "file:///path (a file, folder or glob), or topic://name", true, {}, {}, {}, {}, 4096},
            {"format",
             "how the files are written; sniffed when left out",
             false,
             {},
             {},
             {"", "csv", "json", "jsonl", "parquet"},
             {},
             32},
            {"options", "reading options: header, delimiter, null_values, compression ..."},
            {"alias", "name to use in SQL and chat", false, {}, {}, {}, {}, 64},
            {"default", "used by tools that name no source"}};
  }
};
BOOST_DESCRIBE_STRUCT(ConnectParams, (), (uri, type, format, options, alias, default_))

struct Capabilities {
  bool streaming = false, batch = true, write = false, exact_schema = false;
};
BOOST_DESCRIBE_STRUCT(Capabilities, (), (streaming, batch, write, exact_schema))

struct ConnectAnswer {
  bool connected = true, reused = false;
  std::string source_id, alias, uri, type;
  std::optional<std::string> format;
  std::vector<std::string> assumptions, warnings;
  Json details = Json::object();
  Capabilities capabilities;
  std::string connected_at;
};
BOOST_DESCRIBE_STRUCT(ConnectAnswer, (),
                      (connected, reused, source_id, alias, uri, type, format, assumptions, warnings, details,
                       capabilities, connected_at))

Json DetailsOf(const ConnectionReport& report, const Connection& connection) {
  Json details = Json::object();
  if (connection.type == "topic") {
    details["topic_count"] = report.items.size();
  } else {
    details["files_matched"] = report.items.size();
    details["total_size_bytes"] = report.total_bytes;
    details["format"] = report.format;
    if (connection.type == "file_mmap") details["mapped"] = true;
  }
  for (const auto& [key, value] : report.details) {
    if (details.contains(key)) continue;
    details[key] = value == "true" || value == "false" ? Json(value == "true") : Json(value);
  }
  return details;
}

/// Files are described at once: who connects them wants to see their columns next.
void AddSchema(CallContext& context, const SourceItemPlace& place, Outcome<ConnectAnswer>* outcome) {
  if (place.connection.type == "topic") return;
  Connector* connector = context.workspace->engine().connectors().Find(UriScheme(place.uri));
  Result<SchemaReport> report = connector->Describe(place.uri, place.connection.EngineProperties(), 1000);
  if (!report.ok()) {
    outcome->warnings.push_back(report.status().error().message);
    return;
  }
  SchemaView view = ViewSchema(*report, place.connection, place.name);
  view.from = place.from;
  outcome->answer.capabilities.exact_schema = report->exact;
  for (const std::string& warning : report->warnings) outcome->answer.warnings.push_back(warning);
  Json data = {{"mode", "schema"}, {"schema", ToJson(view)}, {"source_id", view.source_id}, {"name", view.name}};
  outcome->artifacts.push_back({"schema-viewer", "Schema of " + view.name, data.dump(), "", "ready"});
}

Result<Outcome<ConnectAnswer>> ConnectSource(const ConnectParams& params, CallContext& context) {
  Connections::ConnectRequest request;
  request.uri = params.uri;
  request.type = params.type == SourceType::kFileMmap ? "file_mmap" : "";
  request.format = params.format;
  request.alias = params.alias;
  request.thread_id = context.thread_id;
  request.options = params.options;
  request.make_default = params.default_;
  if (!context.thread_id.empty()) {
    VELO_ASSIGN_OR_RETURN(ThreadRow thread, context.workspace->threads().Ensure(context.thread_id, ""));
    request.thread_id = thread.id;
  }
  VELO_ASSIGN_OR_RETURN(Connections::Connected connected, context.workspace->connections().Connect(request));
  const Connection& connection = connected.connection;
  Outcome<ConnectAnswer> outcome;
  ConnectAnswer& answer = outcome.answer;
  answer.reused = connected.reused;
  answer.source_id = connection.id;
  answer.alias = connection.alias;
  answer.uri = connection.uri;
  answer.type = connection.type;
  answer.format = TextOrNone(connection.format);
  answer.assumptions = connected.report.assumptions;
  answer.details = DetailsOf(connected.report, connection);
  answer.capabilities.streaming = connected.report.streaming;
  answer.capabilities.write = connection.type == "topic";
  answer.connected_at =
      FormatInstant(connection.connected_at == 0 ? context.workspace->clock().Now() : connection.connected_at);
  bool topics = connection.type == "topic";
  SourceItemPlace place{connection, connection.alias, connection.uri, connection.uri};
  AddSchema(context, place, &outcome);
  outcome.summary = topics ? fmt::format("Connected to {} topics", connected.report.items.size())
                           : fmt::format("Connected {} as {}: {} {} file{}", connection.uri, connection.alias,
                                         connected.report.items.size(), connection.format,
                                         connected.report.items.size() == 1 ? "" : "s");
  if (!topics) outcome.remember = [place](ThreadContext& thread) { RememberSource(&thread, place); };
  return outcome;
}

}  // namespace

void RegisterConnectSource(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "connect_source",
                .title = "Connect a source",
                .description = "Connects files or topics by URI so that they can be inspected and queried, for example "
                               "file:///data/trades/*.csv. Not for reading rows: use peek_source or execute_query.",
                .effect = Effect::kAddress,
                .method = "POST",
                .path = "/api/connect",
                .scope = "connect",
                .rate_per_minute = 10,
                .artifact = "schema-viewer",
                .timeout_ms = 15'000,
                .is_tool = true},
               ConnectSource);
}

}  // namespace velo::services
