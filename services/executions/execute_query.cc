#include <algorithm>

#include <fmt/format.h>

#include "engine/sql/parser.h"
#include "engine/types/time_text.h"
#include "services/executions/execution_json.h"
#include "services/executions/execution_registry.h"
#include "services/executions/input_rows.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sql/sql_views.h"
#include "services/store/artifact_store.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class RunMode : uint8_t { kAuto, kSnapshot, kLive };
BOOST_DESCRIBE_ENUM(RunMode, kAuto, kSnapshot, kLive)

struct ExecuteOptions {
  RunMode mode = RunMode::kAuto;
  std::optional<int64_t> timeout_ms;
  int64_t max_rows = 1000;
  std::string from;
  std::map<std::string, Json> inputs;
  bool write = false;
  bool changelog = false;

  static std::vector<FieldRule> Rules() {
    return {{"mode", "auto: live when a source is unbounded"},
            {"timeout_ms", "wall time", false, 1, 1'800'000},
            {"max_rows", "rows kept", false, 1, 100'000},
            {"from", "earliest, latest, an instant, or back from now: -1h", false, {}, {}, {}, {}, 64},
            {"inputs", "rows to use in place of a source"}};
  }
};
BOOST_DESCRIBE_STRUCT(ExecuteOptions, (), (mode, timeout_ms, max_rows, from, inputs, write, changelog))

struct ExecuteParams {
  std::string sql;
  ExecuteOptions options;
  std::string artifact_id;
  static std::vector<FieldRule> Rules() { return {{"sql", "exactly one statement", true}}; }
};
BOOST_DESCRIBE_STRUCT(ExecuteParams, (), (sql, options, artifact_id))

struct ExecuteMetadata {
  int64_t row_count = 0;
  bool truncated = false;
  int64_t execution_time_ms = 0;
  bool is_streaming = false;
  int64_t rows_in = 0, rows_late = 0, rows_bad = 0, bytes_read = 0;
  bool sink_suppressed = false;
};
BOOST_DESCRIBE_STRUCT(ExecuteMetadata, (),
                      (row_count, truncated, execution_time_ms, is_streaming, rows_in, rows_late, rows_bad, bytes_read,
                       sink_suppressed))

struct ExecuteAnswer {
  bool success = true;
  std::string execution_id;
  std::vector<ResultColumn> columns;
  std::vector<std::string> key_columns;
  Json rows = Json::array();
  ExecuteMetadata metadata;
  VizChoice viz;
  std::optional<std::string> stream_url;
  std::string state;
  std::vector<DiagnosticView> warnings;
  Json diagnosis = nullptr;
};
BOOST_DESCRIBE_STRUCT(ExecuteAnswer, (),
                      (success, execution_id, columns, key_columns, rows, metadata, viz, stream_url, state, warnings,
                       diagnosis))

constexpr int64_t kFirstLookMs = 300, kBoundedTimeoutMs = 30'000, kPatienceMs = 2'000;

/// Topics that got nothing lately (a frozen demo, yesterday's data) are shown from their beginning.
bool AllQuiet(const PreparedQuery& query, TopicStore* topics, Timestamp since) {
  for (const std::string& name : query.sources) {
    Result<TopicInfo> topic = topics == nullptr ? Status::User("TOPIC_NOT_FOUND", name) : topics->Describe(name);
    if (!topic.ok()) continue;
    for (const TopicPartitionInfo& partition : topic->partitions) {
      if (partition.latest_timestamp >= since) return false;
    }
  }
  return true;
}

Status ReadStart(const std::string& from, bool recent, Timestamp now, RunOptions* run) {
  std::string start = from.empty() ? (recent ? "-5m" : "earliest") : from;
  if (start == "earliest") return Status::OK();
  if (start == "latest") {
    run->start = ReadOptions::Start::kLatest;
    return Status::OK();
  }
  sql::Duration back;
  run->start = ReadOptions::Start::kTimestamp;
  if (start.starts_with('-') && sql::ParseDuration(start.substr(1), &back)) {
    run->start_time = now - back.TotalMilliseconds() * kMicrosPerMilli;
    return Status::OK();
  }
  if (std::optional<int64_t> instant = ParseTimestamp(start)) {
    run->start_time = *instant;
    return Status::OK();
  }
  return Status::User("VALIDATION_ERROR", fmt::format("'options.from' cannot be '{}'.", start.substr(0, 40)),
                      "Use earliest, latest, an instant such as 2026-02-16T10:30:00Z, or -5m.");
}

Result<ExecutionSpec> SpecOf(const ExecuteParams& params, CallContext& context, Catalog* catalog,
                             std::vector<Diagnostic>* warnings) {
  ExecutionSpec spec;
  StatementReport report;
  VELO_ASSIGN_OR_RETURN(spec.query, OneQuery(params.sql, catalog, context.workspace->functions(), &report, warnings));
  if (params.options.write) {
    return Status::User("UNSUPPORTED", "Writing results to a sink is not available.",
                        "Leave out 'options.write' to see what would be written.")
        .WithDetail("feature", "write");
  }
  spec.sql = params.sql;
  spec.thread_id = context.thread_id;
  spec.max_rows = params.options.max_rows;
  bool unbounded = !spec.query->bounded && params.options.inputs.empty();
  spec.run.live = params.options.mode == RunMode::kLive || (params.options.mode == RunMode::kAuto && unbounded);
  if (!unbounded) spec.run.live = false;  // What ends by itself is never followed.
  spec.run.coalesce_changes = !params.options.changelog;
  spec.timeout_ms = params.options.timeout_ms.value_or(spec.run.live ? 0 : kBoundedTimeoutMs);
  Timestamp now = context.workspace->clock().Now();
  constexpr Timestamp kRecent = 300'000'000;
  bool recent = spec.run.live && !AllQuiet(*spec.query, context.workspace->engine().topics(), now - kRecent);
  VELO_RETURN_IF_ERROR(ReadStart(params.options.from, recent, now, &spec.run));
  for (const auto& [name, rows] : params.options.inputs) {
    VELO_ASSIGN_OR_RETURN(RelationPtr relation, catalog->Find(name, {}));
    if (relation == nullptr) return Status::User("VALIDATION_ERROR", fmt::format("There is no source '{}'.", name), "");
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> batch, BatchFromJson(rows, relation->schema));
    spec.inputs.emplace_back(name, batch);
  }
  return spec;
}

ExecuteAnswer Describe(Execution& execution, const std::vector<Diagnostic>& warnings, bool sink_suppressed) {
  ExecutionFacts facts = execution.Facts();
  ExecuteAnswer answer;
  answer.execution_id = facts.id;
  answer.columns = execution.shape().columns;
  answer.key_columns = execution.shape().key_columns;
  for (const std::string& row : execution.Rows(0, static_cast<size_t>(execution.spec().max_rows))) {
    answer.rows.push_back(Json::parse(row, nullptr, false));
  }
  Timestamp end = facts.finished_at == 0 ? facts.started_at + facts.metrics.elapsed_micros : facts.finished_at;
  answer.metadata = {facts.row_count,
                     facts.truncated,
                     (end - facts.started_at) / kMicrosPerMilli,
                     facts.live,
                     facts.metrics.rows_in,
                     facts.metrics.rows_late,
                     facts.metrics.rows_bad,
                     facts.metrics.bytes_read,
                     sink_suppressed};
  answer.viz = execution.Viz();
  answer.state = facts.state;
  if (facts.finished_at == 0) answer.stream_url = "/api/stream/" + facts.id;
  answer.warnings = ViewDiagnostics(warnings, execution.spec().sql);
  if (!facts.diagnosis.kind.empty()) {
    answer.diagnosis = {{"kind", facts.diagnosis.kind}, {"text", facts.diagnosis.text}, {"actions", Json::array()}};
  }
  return answer;
}

ArtifactDraft Draw(const ExecuteAnswer& answer, const std::string& sql, const std::string& editor) {
  Json preview = answer.rows;
  constexpr size_t kPreviewRows = 50;
  if (preview.size() > kPreviewRows) preview.erase(preview.begin() + kPreviewRows, preview.end());
  Json viz = ToJson(answer.viz);
  viz["options"] = Json::object();
  Json data = {{"execution_id", answer.execution_id},
               {"sql", sql},
               {"sql_artifact_id", editor.empty() ? Json(nullptr) : Json(editor)},
               {"columns", ToJson(answer.columns)},
               {"key_columns", answer.key_columns},
               {"viz", viz},
               {"is_streaming", answer.metadata.is_streaming},
               {"live", answer.stream_url.has_value()},
               {"state", answer.state},
               {"metadata", ToJson(answer.metadata)},
               {"preview_rows", preview},
               {"diagnosis", answer.diagnosis}};
  return {"query-results", "Results", data.dump(-1, ' ', false, Json::error_handler_t::replace), "", "ready"};
}

std::string TitleOfEditor(CallContext& context, const std::string& editor) {
  if (editor.empty()) return "Results";
  Result<ArtifactRow> row = context.workspace->artifacts().Get(editor);
  return row.ok() ? row->title : "Results";
}

Result<Outcome<ExecuteAnswer>> ExecuteQuery(const ExecuteParams& params, CallContext& context) {
  std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(context.thread_id);
  std::vector<Diagnostic> warnings;
  VELO_ASSIGN_OR_RETURN(ExecutionSpec spec, SpecOf(params, context, catalog.get(), &warnings));
  bool sink_suppressed = !spec.query->sinks.empty();
  int64_t wait = spec.run.live ? kFirstLookMs : spec.timeout_ms + 1000;
  // Who can follow the stream need not wait for a long file: the rest comes over the socket.
  if (!spec.run.live && (context.via == Via::kChat || context.via == Via::kButton)) wait = std::min(wait, kPatienceMs);
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<Execution> execution, context.workspace->executions().Start(std::move(spec)));
  execution->WaitFor(wait);
  ExecutionFacts facts = execution->Facts();
  if (!facts.error.ok() && !facts.live) return facts.error.WithDetail("execution_id", facts.id);
  if (!facts.error.ok() && facts.finished_at != 0) return facts.error.WithDetail("execution_id", facts.id);
  Outcome<ExecuteAnswer> outcome;
  outcome.answer = Describe(*execution, warnings, sink_suppressed);
  std::string editor = params.artifact_id.empty() ? context.artifact_id : params.artifact_id;
  outcome.summary = outcome.answer.metadata.is_streaming
                        ? fmt::format("Running live, {} rows so far", outcome.answer.metadata.row_count)
                        : fmt::format("{} row{}", outcome.answer.metadata.row_count,
                                      outcome.answer.metadata.row_count == 1 ? "" : "s");
  ArtifactDraft draft = Draw(outcome.answer, params.sql, editor);
  draft.title = TitleOfEditor(context, editor);
  outcome.artifacts.push_back(std::move(draft));
  outcome.remember = [sql = params.sql, id = facts.id](ThreadContext& thread) {
    thread.focus.sql = sql;
    thread.focus.execution_id = id;
  };
  return outcome;
}

}  // namespace

void RegisterExecuteQuery(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "execute_query",
                .title = "Run a query",
                .description = "Runs one SQL statement, live or on what is there now, for example "
                               "execute_query({\"sql\":\"SELECT * FROM trades LIMIT 5\"}).",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/execute",
                .scope = "execute",
                .rate_per_minute = 30,
                .artifact = "query-results",
                .timeout_ms = 30'000,
                .is_tool = true},
               ExecuteQuery);
}

}  // namespace velo::services
