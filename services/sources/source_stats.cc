#include <algorithm>

#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct StatsParams {
  std::string id, name;
  bool profile = false;
  int64_t sample = 10'000;
  static std::vector<FieldRule> Rules() {
    return {{"name", "topic or file", false, {}, {}, {}, {}, 4096}, {"sample", "", false, 1, 100'000}};
  }
};
BOOST_DESCRIBE_STRUCT(StatsParams, (), (id, name, profile, sample))

struct FileView {
  std::string path;
  int64_t size_bytes = 0;
  std::optional<std::string> modified_at;
  std::optional<int64_t> rows_estimate;
};
BOOST_DESCRIBE_STRUCT(FileView, (), (path, size_bytes, modified_at, rows_estimate))

struct ProfileView {
  std::string name;
  double null_ratio = 0;
  int64_t distinct_estimate = 0;
  std::optional<std::string> min, max;
  std::vector<std::string> examples;
};
BOOST_DESCRIBE_STRUCT(ProfileView, (), (name, null_ratio, distinct_estimate, min, max, examples))

struct StatsAnswer {
  std::string source_id, name, type;
  std::optional<int64_t> record_count;
  bool record_count_exact = false;
  int64_t size_bytes = 0;
  std::vector<PartitionView> partitions;
  std::vector<FileView> files;
  std::optional<std::string> newest;
  std::optional<TopicConfig> retention;
  std::vector<ProfileView> profile;
  int64_t records_sampled = 0;
};
BOOST_DESCRIBE_STRUCT(StatsAnswer, (),
                      (source_id, name, type, record_count, record_count_exact, size_bytes, partitions, files, newest,
                       retention, profile, records_sampled))

Status AddTopic(CallContext& context, const std::string& name, StatsAnswer* answer) {
  VELO_ASSIGN_OR_RETURN(TopicInfo topic, context.workspace->engine().topics()->Describe(name));
  TopicView view = ViewTopic(topic);
  answer->record_count = view.total_messages;
  answer->record_count_exact = true;
  answer->size_bytes = view.size_bytes;
  answer->partitions = view.partitions;
  answer->newest = view.last_message_at;
  answer->retention = view.config;
  return Status::OK();
}

Status AddFiles(Connector* connector, const SourceItemPlace& place, StatsAnswer* answer) {
  VELO_ASSIGN_OR_RETURN(ConnectionReport report, connector->Connect(place.uri, place.connection.EngineProperties()));
  Timestamp newest = 0;
  bool all_known = true;
  int64_t rows = 0;
  for (const SourceItem& item : report.items) {
    answer->files.push_back({item.name, std::max<int64_t>(0, item.size_bytes), InstantOrNone(item.modified_at),
                             item.rows < 0 ? std::nullopt : std::optional(item.rows)});
    newest = std::max(newest, item.modified_at);
    all_known &= item.rows >= 0;
    rows += std::max<int64_t>(0, item.rows);
  }
  if (all_known && !report.items.empty()) answer->record_count = rows;
  answer->record_count_exact = answer->record_count.has_value();
  answer->size_bytes = report.total_bytes;
  answer->newest = InstantOrNone(newest);
  return Status::OK();
}

Result<Outcome<StatsAnswer>> SourceStats(const StatsParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(SourceItemPlace place, FindItem(context, params.id, params.name));
  Outcome<StatsAnswer> outcome;
  StatsAnswer& answer = outcome.answer;
  answer.source_id = place.connection.id;
  answer.name = place.name;
  answer.type = place.connection.type;
  Connector* connector = context.workspace->engine().connectors().Find(UriScheme(place.uri));
  if (connector == nullptr) return Status::Bug("source without connector");
  if (answer.type == "topic") {
    VELO_RETURN_IF_ERROR(AddTopic(context, place.name, &answer));
  } else {
    VELO_RETURN_IF_ERROR(AddFiles(connector, place, &answer));
  }
  if (params.profile) {
    VELO_ASSIGN_OR_RETURN(SchemaReport report,
                          connector->Describe(place.uri, place.connection.EngineProperties(), params.sample));
    answer.records_sampled = report.records_sampled;
    for (const FieldReport& field : report.fields) {
      answer.profile.push_back(
          {field.name, field.null_ratio, field.distinct, TextOrNone(field.min), TextOrNone(field.max), field.examples});
    }
  }
  outcome.summary = fmt::format("{}: {} bytes", place.name, answer.size_bytes);
  return outcome;
}

}  // namespace

void RegisterSourceStats(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "source_stats",
                .title = "Measure a source",
                .description = "Counts and sizes of a topic or of files; with profile also of its columns.",
                .method = "GET",
                .path = "/api/sources/{id}/stats",
                .rate_per_minute = 30,
                .timeout_ms = 15'000},
               SourceStats);
}

}  // namespace velo::services
