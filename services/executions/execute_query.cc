#include <algorithm>

#include <fmt/format.h>

#include "engine/plan/statement_sinks.h"
#include "engine/sql/parser.h"
#include "engine/types/time_text.h"
#include "services/executions/execution_json.h"
#include "services/executions/execution_registry.h"
#include "services/executions/input_rows.h"
#include "services/executions/script_view.h"
#include "services/executions/thread_sessions.h"
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
  std::optional<int64_t> timeout_ms, wait_ms;
  int64_t max_rows = 1000;
  std::string from;
  std::map<std::string, Json> inputs;
  bool write = false;
  bool changelog = false;

  static std::vector<FieldRule> Rules() {
    return {{"mode", "auto: live when a source is unbounded"},
            {"timeout_ms", "wall time of each statement", false, 1, 1'800'000},
            {"wait_ms", "answer after this time even if rows are still to come", false, 0, 120'000},
            {"max_rows", "rows kept", false, 1, 100'000},
            {"from", "earliest, latest, an instant, or back from now: -1h", false, {}, {}, {}, {}, 64},
            {"inputs", "rows to use in place of a source; one query only"},
            {"write", "insist on places outside the Studio, which needs an approval; without it their rows are shown"},
            {"changelog", "viewers get operations in any case; accepted for callers that ask for them"}};
  }
};
BOOST_DESCRIBE_STRUCT(ExecuteOptions, (), (mode, timeout_ms, wait_ms, max_rows, from, inputs, write, changelog))

struct ExecuteParams {
  std::string sql;
  ExecuteOptions options;
  std::string artifact_id;
  static std::vector<FieldRule> Rules() {
    return {{"sql", "one statement or several, separated by semicolons", true},
            {"artifact_id", "the editor it stands in; a second run takes the place of the first"}};
  }
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
  std::string execution_id;  ///< Of the main result; empty when no statement gives rows.
  std::optional<std::string> script_id;
  std::vector<StatementResult> statements;
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
                      (success, execution_id, script_id, statements, columns, key_columns, rows, metadata, viz,
                       stream_url, state, warnings, diagnosis))

constexpr int64_t kFirstLookMs = 300, kBoundedTimeoutMs = 30'000, kPatienceMs = 2'000, kScriptWaitMs = 31'000;

/// Topics that got nothing lately (a frozen demo, yesterday's data) are shown from their beginning.
bool AllQuiet(const std::vector<std::string>& sources, TopicStore* topics, Timestamp since) {
  for (const std::string& name : sources) {
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

/// How far back live topics are read: recent rows, so that a chart moves at once, unless everything is quiet.
Status ReadStart(const ExecuteOptions& options, const std::vector<std::string>& sources, CallContext& context,
                 RunOptions* run) {
  const Timestamp now = context.workspace->clock().Now();
  constexpr Timestamp kRecent = 300'000'000;
  const bool recent = run->live && !AllQuiet(sources, context.workspace->engine().topics(), now - kRecent);
  return ReadStart(options.from, recent, now, run);
}

/// One query over rows that the caller gives; it always ends.
Result<ExecutionSpec> SpecOf(const ExecuteParams& params, CallContext& context, Catalog* catalog,
                             std::vector<Diagnostic>* warnings) {
  ExecutionSpec spec;
  StatementReport report;
  VELO_ASSIGN_OR_RETURN(spec.query, OneQuery(params.sql, catalog, context.workspace->functions(), &report, warnings));
  spec.sql = params.sql;
  spec.thread_id = context.thread_id;
  spec.max_rows = params.options.max_rows;
  spec.run.coalesce_changes = true;  // Changes are folded between two publications anyway.
  spec.timeout_ms = params.options.timeout_ms.value_or(kBoundedTimeoutMs);
  VELO_RETURN_IF_ERROR(ReadStart(params.options, spec.query->sources, context, &spec.run));
  for (const auto& [name, rows] : params.options.inputs) {
    VELO_ASSIGN_OR_RETURN(RelationPtr relation, catalog->Find(name, {}));
    if (relation == nullptr) return Status::User("VALIDATION_ERROR", fmt::format("There is no source '{}'.", name), "");
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> batch, BatchFromJson(rows, relation->schema));
    spec.inputs.emplace_back(name, batch);
  }
  return spec;
}

ExecuteAnswer Describe(Execution& execution, const std::vector<Diagnostic>& warnings) {
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
                     false};
  answer.viz = execution.Viz();
  answer.state = facts.state;
  if (facts.finished_at == 0) answer.stream_url = "/api/stream/" + facts.id;
  answer.warnings = ViewDiagnostics(warnings, execution.spec().sql);
  if (!facts.diagnosis.kind.empty()) {
    answer.diagnosis = {{"kind", facts.diagnosis.kind}, {"text", facts.diagnosis.text}, {"actions", Json::array()}};
  }
  return answer;
}

/// The statements of a script with the first rows of each, for when its executions are gone.
Json DrawStatements(const std::vector<StatementResult>& statements, Workspace& workspace) {
  constexpr size_t kPreviewRows = 20;
  Json list = Json::array();
  for (const StatementResult& statement : statements) {
    Json drawn = ToJson(statement);
    drawn["preview_rows"] = Json::array();
    list.push_back(std::move(drawn));
    if (!statement.execution_id) continue;
    Result<std::shared_ptr<Execution>> execution = workspace.executions().Find(*statement.execution_id);
    if (!execution.ok()) continue;
    for (const std::string& row : (*execution)->Rows(0, kPreviewRows)) {
      list.back()["preview_rows"].push_back(Json::parse(row, nullptr, false));
    }
  }
  return list;
}

ArtifactDraft Draw(const ExecuteAnswer& answer, const std::string& sql, const std::string& editor,
                   Workspace& workspace) {
  Json preview = answer.rows;
  constexpr size_t kPreviewRows = 50;
  if (preview.size() > kPreviewRows) preview.erase(preview.begin() + kPreviewRows, preview.end());
  Json viz = ToJson(answer.viz);
  viz["options"] = Json::object();
  Json data = {{"execution_id", answer.execution_id},
               {"script_id", answer.script_id ? Json(*answer.script_id) : Json(nullptr)},
               {"statements", DrawStatements(answer.statements, workspace)},
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

/// The title of the editor; of SHOW and DESCRIBE without one, the statement itself.
std::string TitleOf(CallContext& context, const std::string& editor, const ExecuteAnswer& answer,
                    const std::string& sql) {
  constexpr size_t kShort = 60;
  const std::string kind = answer.statements.size() == 1 ? answer.statements.front().kind : "";
  const bool names_itself = (kind == "show" || kind == "describe") && sql.size() <= kShort;
  const std::string fallback = names_itself ? sql : "Results";
  if (editor.empty()) return fallback;
  Result<ArtifactRow> row = context.workspace->artifacts().Get(editor);
  return row.ok() ? row->title : fallback;
}

/// The first place outside the Studio that a script writes to; empty: none.
std::string FirstOutsidePlace(const std::string& sql) {
  Diagnostics ignored;
  const sql::Script script = sql::ParseScript(sql, &ignored);
  for (const auto& statement : script.statements) {
    const Result<std::vector<plan::StatementSink>> sinks = plan::SinksOf(*statement);
    if (!sinks.ok()) continue;  // Told when the statement runs.
    for (const plan::StatementSink& sink : *sinks) {
      if (IsOutside(sink.uri)) return sink.uri;
    }
  }
  return "";
}

Result<ScriptRequest> RequestOf(const ExecuteParams& params, const ScriptReport& report, const std::string& editor,
                                CallContext& context) {
  if (report.statements.empty()) {
    return Status::User("VALIDATION_ERROR", "There is no statement to run.", "Write a SELECT.");
  }
  if (const std::string place = params.options.write ? FirstOutsidePlace(params.sql) : ""; !place.empty()) {
    return Status::User("UNSUPPORTED",
                        fmt::format("Writing to {} needs an approval, which cannot be given here.", place),
                        "Leave out 'options.write' to see the rows, or use velo run to write them.")
        .WithDetail("feature", "write");
  }
  ScriptRequest request;
  request.sql = params.sql;
  request.thread_id = context.thread_id;
  request.origin = editor;
  request.timeout_ms = params.options.timeout_ms;
  request.max_rows = params.options.max_rows;
  std::vector<std::string> sources;
  bool unbounded = false;
  for (const StatementReport& statement : report.statements) {
    if (statement.prepared == nullptr) continue;
    unbounded |= !statement.prepared->bounded;
    sources.insert(sources.end(), statement.prepared->sources.begin(), statement.prepared->sources.end());
  }
  request.run.live = unbounded && params.options.mode != RunMode::kSnapshot;
  request.run.coalesce_changes = true;  // Changes are folded between two publications anyway.
  VELO_RETURN_IF_ERROR(ReadStart(params.options, sources, context, &request.run));
  return request;
}

/// Waits for what can be waited for, and looks at live rows for a moment.
void WaitForRows(ScriptRun& run, const ExecuteOptions& options, Via via) {
  int64_t wait = options.wait_ms.value_or(kScriptWaitMs);
  // Who can follow the stream need not wait for a long file: the rest comes over the socket.
  if (via == Via::kChat || via == Via::kButton) wait = std::min(wait, kPatienceMs);
  if (!run.WaitFor(wait)) return;
  const std::shared_ptr<Execution> main = MainExecution(run.Statements());
  if (main != nullptr) main->WaitFor(main->spec().run.live ? std::min(wait, kFirstLookMs) : wait);
}

/// What a script did, in a line: of one query its rows, of several statements what became of each.
std::string Summary(const ExecuteAnswer& answer) {
  if (answer.statements.size() > 1) {
    std::string text;
    for (const StatementResult& statement : answer.statements) {
      if (!statement.message.empty()) text += (text.empty() ? "" : "; ") + statement.message;
    }
    return text.empty() ? fmt::format("{} statements", answer.statements.size()) : text;
  }
  if (answer.execution_id.empty()) return answer.statements.empty() ? "" : answer.statements.front().message;
  if (answer.metadata.is_streaming) return fmt::format("Running live, {} rows so far", answer.metadata.row_count);
  return fmt::format("{} row{}", answer.metadata.row_count, answer.metadata.row_count == 1 ? "" : "s");
}

Outcome<ExecuteAnswer> Finish(ExecuteAnswer answer, const ExecuteParams& params, const std::string& editor,
                              CallContext& context) {
  Outcome<ExecuteAnswer> outcome;
  outcome.answer = std::move(answer);
  outcome.summary = Summary(outcome.answer);
  ArtifactDraft draft = Draw(outcome.answer, params.sql, editor, *context.workspace);
  draft.title = TitleOf(context, editor, outcome.answer, params.sql);
  outcome.artifacts.push_back(std::move(draft));
  outcome.remember = [sql = params.sql, id = outcome.answer.execution_id](ThreadContext& thread) {
    thread.focus.sql = sql;
    thread.focus.execution_id = id;
  };
  return outcome;
}

Result<Outcome<ExecuteAnswer>> ExecuteOnInputs(const ExecuteParams& params, const std::string& editor,
                                               CallContext& context) {
  std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(context.thread_id);
  std::vector<Diagnostic> warnings;
  VELO_ASSIGN_OR_RETURN(ExecutionSpec spec, SpecOf(params, context, catalog.get(), &warnings));
  const bool sink_suppressed = !spec.query->sinks.empty();
  const int64_t wait = spec.timeout_ms + 1000;
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<Execution> execution, context.workspace->executions().Start(std::move(spec)));
  execution->WaitFor(wait);
  const ExecutionFacts facts = execution->Facts();
  if (!facts.error.ok()) return facts.error.WithDetail("execution_id", facts.id);
  ExecuteAnswer answer = Describe(*execution, warnings);
  answer.metadata.sink_suppressed = sink_suppressed;
  return Finish(std::move(answer), params, editor, context);
}

/// Every statement runs in the SQL session of the thread.
Result<Outcome<ExecuteAnswer>> ExecuteQuery(const ExecuteParams& params, CallContext& context) {
  // In the chat "it" need not be the editor that this text stands in.
  const std::string& about = context.via == Via::kChat ? params.artifact_id : context.artifact_id;
  const std::string editor = params.artifact_id.empty() ? about : params.artifact_id;
  if (!params.options.inputs.empty()) return ExecuteOnInputs(params, editor, context);
  std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(context.thread_id);
  Diagnostics findings;
  const ScriptReport report = AnalyseScript(params.sql, catalog.get(), context.workspace->functions(), &findings);
  if (findings.has_errors()) {
    findings.SortBySpan();
    return Status::FromDiagnostics(findings.Take());
  }
  VELO_ASSIGN_OR_RETURN(ScriptRequest request, RequestOf(params, report, editor, context));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<ScriptRun> run,
                        context.workspace->sessions().Run(std::move(request), report));
  WaitForRows(*run, params.options, context.via);
  const std::vector<StatementFacts> statements = run->Statements();
  const std::shared_ptr<Execution> main = MainExecution(statements);
  if (statements.size() == 1) {
    const ExecutionFacts facts = main == nullptr ? ExecutionFacts() : main->Facts();
    const Status error = !facts.error.ok() ? facts.error : run->status();
    if (!error.ok()) return facts.id.empty() ? error : error.WithDetail("execution_id", facts.id);
  }
  const std::vector<Diagnostic> warnings = findings.Take();
  ExecuteAnswer answer;
  if (main != nullptr) answer = Describe(*main, warnings);
  answer.warnings = ViewDiagnostics(warnings, params.sql);
  answer.script_id = run->id();
  answer.statements = ViewStatements(*run);
  answer.success = run->status().ok();
  if (main == nullptr) answer.state = !run->through() ? "running" : answer.success ? "finished" : "failed";
  for (const StatementFacts& statement : statements) answer.metadata.sink_suppressed |= !statement.note.empty();
  return Finish(std::move(answer), params, editor, context);
}

}  // namespace

void RegisterExecuteQuery(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "execute_query",
                .title = "Run SQL",
                .description = "Runs SQL statements, live or on what is there now; what one makes, later ones of the "
                               "thread read by name. Example: "
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
