#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "engine/expr/bound_expression.h"
#include "engine/plan/prepared_query.h"
#include "engine/sql/parser.h"
#include "engine/types/value_text.h"
#include "services/executions/result_view.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/preview_rows.h"
#include "services/sources/source_views.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct PeekParams {
  std::string id, source_id, uri, name;
  int64_t limit = 10;
  std::optional<bool> from_end;
  std::optional<int64_t> start_offset;
  std::optional<int64_t> partition;
  std::string filter;
  std::string columns;
  int64_t scan_limit = 100'000;

  static std::vector<FieldRule> Rules() {
    return {{"id", "same as source_id"},
            {"source_id", "which connection (id, alias or URI); the embedded topics when left out"},
            {"uri", "instead of source_id", false, {}, {}, {}, {}, 4096},
            {"name", "topic or file", false, {}, {}, {}, {}, 4096},
            {"limit", "rows wanted", false, 1, 1000},
            {"from_end", "newest rows; the default for topics", false, {}, {}, {}, {"fromEnd"}},
            {"filter", "SQL condition, for example price > 100", false, {}, {}, {}, {}, 4096},
            {"columns", "comma-separated columns; all when left out", false, {}, {}, {}, {}, 8192},
            {"scan_limit", "rows to look at when filtering", false, 1, 1'000'000}};
  }
};
BOOST_DESCRIBE_STRUCT(PeekParams, (),
                      (id, source_id, uri, name, limit, from_end, start_offset, partition, filter, columns, scan_limit))

struct PeekMessagesParams {
  std::string topic;
  int64_t limit = 10;
  bool from_end = true;
  std::optional<int64_t> start_offset;
  std::optional<int64_t> partition;
  std::string filter;
  int64_t scan_limit = 100'000;

  static std::vector<FieldRule> Rules() {
    return {{"topic", "name of the topic", true, {}, {}, {}, {"name"}, 256},
            {"limit", "messages wanted", false, 1, 1000},
            {"from_end", "newest first page", false, {}, {}, {}, {"fromEnd"}},
            {"filter", "SQL condition, for example price > 100", false, {}, {}, {}, {}, 4096},
            {"scan_limit", "", false, 1, 1'000'000}};
  }
};
BOOST_DESCRIBE_STRUCT(PeekMessagesParams, (), (topic, limit, from_end, start_offset, partition, filter, scan_limit))

Status CheckOffset(CallContext& context, const SourceItemPlace& place, const PreviewRequest& request) {
  if (!request.start_offset || place.connection.type != "topic") return Status::OK();
  VELO_ASSIGN_OR_RETURN(TopicInfo topic, context.workspace->engine().topics()->Describe(place.name));
  int64_t low = INT64_MAX, high = 0;
  for (const TopicPartitionInfo& partition : topic.partitions) {
    if (request.partition && partition.partition != *request.partition) continue;
    low = std::min(low, partition.low_offset);
    high = std::max(high, partition.high_offset);
  }
  if (*request.start_offset >= low && *request.start_offset <= high) return Status::OK();
  return Status::User("VALIDATION_ERROR",
                      fmt::format("Offset {} is outside the log of {}.", *request.start_offset, place.name),
                      fmt::format("Offsets go from {} to {}.", low == INT64_MAX ? 0 : low, high))
      .WithDetail("low_offset", std::to_string(low == INT64_MAX ? 0 : low))
      .WithDetail("high_offset", std::to_string(high));
}

Result<Outcome<PreviewAnswer>> Peek(CallContext& context, const SourceItemPlace& place, const PeekParams& params) {
  Connector* connector = context.workspace->engine().connectors().Find(UriScheme(place.uri));
  if (connector == nullptr) return Status::Bug("source without connector");
  PreviewRequest request;
  bool topic = place.connection.type == "topic";
  request.from_end = params.from_end.value_or(topic && !params.start_offset);
  request.start_offset = params.start_offset;
  if (params.partition) request.partition = static_cast<int32_t>(*params.partition);
  VELO_RETURN_IF_ERROR(CheckOffset(context, place, request));
  request.limit = params.filter.empty() ? params.limit : params.scan_limit;
  VELO_ASSIGN_OR_RETURN(Preview preview, connector->Peek(place.uri, place.connection.EngineProperties(), request));
  PreviewSelection selection;
  selection.filter = params.filter;
  selection.columns = params.columns;
  selection.limit = params.limit;
  selection.newest_first = request.from_end;
  selection.scan_limit = request.limit;
  VELO_ASSIGN_OR_RETURN(PreviewAnswer answer, ShowPreview(preview, selection, context.workspace->functions(), topic));
  answer.source = place.connection.alias;
  answer.source_id = place.connection.id;
  answer.name = place.name;
  answer.format = place.connection.format;
  if (topic) answer.topic = place.name;
  Outcome<PreviewAnswer> outcome;
  outcome.answer = std::move(answer);
  outcome.summary = fmt::format("{} {} of {}", outcome.answer.total_returned, topic ? "messages" : "rows", place.name);
  Json data = ToJson(outcome.answer);
  data["layout"] = "single";
  data["files"] = Json::array();
  outcome.artifacts.push_back({"data-preview", (topic ? "Messages of " : "Rows of ") + place.name, data.dump(), "",
                               outcome.answer.total_returned == 0 ? "empty" : "ready"});
  outcome.remember = [place](ThreadContext& thread) { RememberSource(&thread, place); };
  return outcome;
}

Result<Outcome<PreviewAnswer>> PeekSource(const PeekParams& params, CallContext& context) {
  std::string source = !params.id.empty() ? params.id : !params.uri.empty() ? params.uri : params.source_id;
  VELO_ASSIGN_OR_RETURN(SourceItemPlace place, FindItem(context, source, params.name));
  return Peek(context, place, params);
}

Result<Outcome<PreviewAnswer>> PeekMessages(const PeekMessagesParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(SourceItemPlace place, FindItem(context, kTopicsSourceId, params.topic));
  PeekParams all;
  all.limit = params.limit;
  if (!params.start_offset) all.from_end = params.from_end;
  all.start_offset = params.start_offset;
  all.partition = params.partition;
  all.filter = params.filter;
  all.scan_limit = params.scan_limit;
  return Peek(context, place, all);
}

}  // namespace

void RegisterPeekSource(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "peek_source",
                .title = "Preview rows",
                .description = "Shows some rows of a topic or file, for example peek_source({\"name\":\"trades\","
                               "\"limit\":10}). Not for calculations: use generate_sql.",
                .method = "GET",
                .path = "/api/sources/{id}/preview",
                .artifact = "data-preview",
                .timeout_ms = 15'000,
                .is_tool = true},
               PeekSource);
  AddOperation(
      registry,
      {.name = "peek_messages",
       .title = "Show messages of a topic",
       .description = "Shows the newest messages of a topic, for example peek_messages({\"topic\":\"trades\"}).",
       .method = "GET",
       .path = "/api/topics/{topic}/messages",
       .artifact = "data-preview",
       .timeout_ms = 15'000,
       .is_tool = true},
      PeekMessages);
}

}  // namespace velo::services
