#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct InspectParams {
  std::string id, source_id, name;
  std::optional<int64_t> max_records;
  bool refresh = false;

  static std::vector<FieldRule> Rules() {
    return {{"id", "same as source_id"},
            {"source_id", "which connection (id, alias or URI); the embedded topics when left out"},
            {"name", "topic or file", false, {}, {}, {}, {}, 4096},
            {"max_records", "samples to read", false, 1, 10000, {}, {"maxRecords"}}};
  }
};
BOOST_DESCRIBE_STRUCT(InspectParams, (), (id, source_id, name, max_records, refresh))

struct TopicParams {
  std::string topic;
  int64_t max_records = 10;
  bool refresh = false;

  static std::vector<FieldRule> Rules() {
    return {{"topic", "name of the topic", true, {}, {}, {}, {"name"}, 256},
            {"max_records", "samples to read", false, 1, 10000, {}, {"maxRecords"}}};
  }
};
BOOST_DESCRIBE_STRUCT(TopicParams, (), (topic, max_records, refresh))

Result<Outcome<SchemaView>> Inspect(CallContext& context, const std::string& source, const std::string& name,
                                    std::optional<int64_t> max_records) {
  VELO_ASSIGN_OR_RETURN(SourceItemPlace place, FindItem(context, source, name));
  Connector* connector = context.workspace->engine().connectors().Find(UriScheme(place.uri));
  if (connector == nullptr) return Status::Bug("source without connector");
  bool topic = place.connection.type == "topic";
  VELO_ASSIGN_OR_RETURN(SchemaReport report, connector->Describe(place.uri, place.connection.EngineProperties(),
                                                                 max_records.value_or(topic ? 10 : 1000)));
  Outcome<SchemaView> outcome;
  outcome.answer = ViewSchema(report, place.connection, place.name);
  outcome.answer.from = place.from;
  if (topic) outcome.answer.topic = place.name;
  outcome.summary = fmt::format("{}: {} columns", place.name, report.fields.size());
  outcome.warnings = report.warnings;
  Json data = {
      {"mode", "schema"}, {"schema", ToJson(outcome.answer)}, {"source_id", place.connection.id}, {"name", place.name}};
  outcome.artifacts.push_back({"schema-viewer", "Schema of " + place.name, data.dump(), "", "ready"});
  outcome.remember = [place](ThreadContext& thread) { RememberSource(&thread, place); };
  return outcome;
}

Result<Outcome<SchemaView>> InspectSource(const InspectParams& params, CallContext& context) {
  return Inspect(context, params.id.empty() ? params.source_id : params.id, params.name, params.max_records);
}

Result<Outcome<SchemaView>> InspectTopic(const TopicParams& params, CallContext& context) {
  return Inspect(context, kTopicsSourceId, params.topic, params.max_records);
}

}  // namespace

void RegisterInspectSource(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "inspect_source",
                .title = "Show the schema",
                .description = "Shows names and types of the columns of a topic or file, for example "
                               "inspect_source({\"name\":\"trades\"}). Not for rows: use peek_source.",
                .method = "GET",
                .path = "/api/sources/{id}/schema",
                .rate_per_minute = 30,
                .artifact = "schema-viewer",
                .timeout_ms = 15'000,
                .is_tool = true},
               InspectSource);
  AddOperation(registry,
               {.name = "inspect_topic",
                .title = "Show the schema of a topic",
                .description = "Shows names and types of the columns of a topic, for example "
                               "inspect_topic({\"topic\":\"trades\"}).",
                .method = "GET",
                .path = "/api/topics/{topic}/schema",
                .rate_per_minute = 30,
                .artifact = "schema-viewer",
                .timeout_ms = 15'000,
                .is_tool = true},
               InspectTopic);
}

}  // namespace velo::services
