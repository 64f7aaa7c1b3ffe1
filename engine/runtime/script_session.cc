#include "engine/runtime/script_session.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "engine/plan/binder/from_binder.h"
#include "engine/runtime/introspection.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace {

constexpr int64_t kLookMillis = 20;

Status InvalidText(Diagnostics* diagnostics) {
  diagnostics->SortBySpan();
  return Status::FromDiagnostics(diagnostics->Take());
}

std::string RowsText(int64_t rows) { return fmt::format("{} row{}", rows, rows == 1 ? "" : "s"); }

bool Makes(const StatementReport& statement, const std::string& name) {
  return statement.kind.starts_with("create_") && statement.name == name;
}

/// The order of the text, except that a query waits for a statement further down that makes what nobody above it does
/// (dialect 4.12). Views inline what they read, so they too come first.
std::vector<size_t> ExecutionOrder(const std::vector<StatementReport>& statements) {
  std::vector<size_t> order;
  std::vector<bool> placed(statements.size(), false);
  std::function<void(size_t)> place = [&](size_t at) {
    if (placed[at]) return;
    placed[at] = true;
    const bool reads = statements[at].kind == "select" || statements[at].kind == "insert" ||
                       statements[at].kind.starts_with("create_");
    for (size_t source = 0; reads && source < statements[at].sources.size(); ++source) {
      const std::string& name = statements[at].sources[source];
      bool made = false;
      for (size_t i = 0; i < at; ++i) made |= Makes(statements[i], name);
      for (size_t i = at + 1; !made && i < statements.size(); ++i) {
        if (!Makes(statements[i], name)) continue;
        place(i);
        made = true;
      }
    }
    order.push_back(at);
  };
  for (size_t i = 0; i < statements.size(); ++i) place(i);
  return order;
}

/// What the state of a statement may take: the lower of its own 'max.memory.mb' and what the session allows; 0: no
/// limit.
int64_t MemoryLimitOf(const sql::Statement& statement, int64_t of_session) {
  const sql::Properties written = plan::PropertiesOf(statement);
  const PropertyMap properties = plan::ResolveProperties({&written}, "", "", {}, plan::PropertyRole::kSource);
  const std::string text = plan::PropertyValue(properties, "max.memory.mb");
  int64_t megabytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
  constexpr int64_t kMost = INT64_MAX >> 20;
  // The findings speak of values that are none.
  if (error != std::errc() || end != text.data() + text.size() || megabytes <= 0) return of_session;
  const int64_t own = std::min(megabytes, kMost) << 20;
  return of_session > 0 ? std::min(of_session, own) : own;
}

}  // namespace

ScriptSession::ScriptSession(Engine* engine, Catalog* base, SessionOptions options)
    : engine_(engine),
      base_(base != nullptr ? base : &engine->catalog()),
      options_(std::move(options)),
      catalog_(base_),
      analyser_(&catalog_, BuiltinFunctions()) {
  analyser_.set_carries_event_time(true);
}

ScriptSession::~ScriptSession() {
  for (const Running& running : running_) running.job->Cancel();
  constexpr int64_t kStopMillis = 10'000;
  for (const Running& running : running_) running.job->WaitFor(kStopMillis);
  for (const auto& [name, object] : objects_) {
    if (object.rows != nullptr) engine_->memory().Remove(object.rows->name());
  }
}

const SessionObject* ScriptSession::Find(const std::string& name) const {
  const auto at = objects_.find(name);
  return at == objects_.end() ? nullptr : &at->second;
}

Status ScriptSession::Execute(std::string_view text, ScriptObserver* observer, std::string_view origin) {
  origin_ = origin;
  stopped_ = false;
  ForgetEnded();
  Diagnostics findings, ignored;
  const ScriptReport report = AnalyseScript(text, &catalog_, BuiltinFunctions(), options_.config_files, &findings);
  if (!report.valid) return InvalidText(&findings);
  scripts_.push_back(std::make_unique<sql::Script>(sql::ParseScript(text, &ignored)));
  plan::MergeConfigFiles(options_.config_files, scripts_.back().get(), &ignored);
  const sql::Script& script = *scripts_.back();
  if (!options_.checkpoints.directory.empty()) VELO_RETURN_IF_ERROR(OpenCheckpoints(script));
  PassNotices(observer);
  analyser_.set_annotations(&script.annotations);
  later_sources_.clear();
  for (const StatementReport& statement : report.statements) later_sources_.push_back(statement.sources);
  for (const size_t i : ExecutionOrder(report.statements)) {
    if (!observer->WantsMore()) stopped_ = true;
    if (Stopped()) break;
    later_sources_[i].clear();
    Step step;
    step.statement = script.statements[i].get();
    step.info.number = script.statement_numbers[i];
    step.info.span = step.statement->span;
    step.text = std::string(text.substr(step.info.span.offset, step.info.span.length));
    const Status done = ExecuteStatement(&step, observer);
    if (!done.ok()) {
      StatementOutcome failed;
      failed.statement = step.info;
      failed.status = done;
      observer->OnStatement(failed);
      if (options_.leave_running) return done;
      FinishCheckpoints(/*last_one=*/false, observer);
      for (const Running& running : running_) running.job->Cancel();
      return done;
    }
  }
  for (const auto& [name, object] : objects_) {
    const bool at_work = object.rows != nullptr && object.job != nullptr && !object.job->WaitFor(0);
    if (at_work) object.rows->KeepNewest(kLiveHistory);
  }
  if (options_.leave_running) return Status::OK();
  const Status waited = WaitForAll(observer);
  FinishCheckpoints(/*last_one=*/waited.ok(), observer);
  return waited;
}

void ScriptSession::ForgetEnded() {
  std::erase_if(running_, [](const Running& running) { return running.job->WaitFor(0); });
}

/// Live queries, and those that no statement can wait for: nothing of the session is read or written.
bool ScriptSession::MayGoOn(const Step& step, const PreparedQuery& query, const StatementOutputs& outputs) const {
  if (step.info.live) return true;
  if (!options_.leave_running || step.info.kind != "select") return false;
  if (outputs.relation != nullptr || !outputs.sinks.empty()) return false;
  return std::none_of(query.sources.begin(), query.sources.end(),
                      [&](const std::string& name) { return objects_.contains(name); });
}

bool ScriptSession::IsReadLater(const std::string& name) const {
  for (const auto& sources : later_sources_) {
    if (std::find(sources.begin(), sources.end(), name) != sources.end()) return true;
  }
  return false;
}

Status ScriptSession::ExecuteStatement(Step* step, ScriptObserver* observer) {
  Diagnostics findings;
  findings.set_statement(step->info.number);
  analyser_.Analyse(*step->statement, &findings, &step->report);
  step->info.kind = step->report.kind;
  step->info.name = step->report.name;
  if (findings.has_errors()) return InvalidText(&findings);
  StatementOutcome outcome;
  switch (step->statement->kind) {
    case sql::StatementKind::kQuery:
      return ExecuteQuery(step, observer);
    case sql::StatementKind::kCreate:
      return ExecuteCreate(step, observer);
    case sql::StatementKind::kInsert:
      return ExecuteInsert(step, observer);
    case sql::StatementKind::kUpdate:
    case sql::StatementKind::kDelete:
      VELO_RETURN_IF_ERROR(ExecuteRewrite(step, &outcome));
      break;
    case sql::StatementKind::kDrop:
      VELO_RETURN_IF_ERROR(ExecuteDrop(static_cast<const sql::DropStatement&>(*step->statement), &outcome));
      break;
    case sql::StatementKind::kAlter:
      VELO_RETURN_IF_ERROR(ExecuteAlter(static_cast<const sql::AlterStatement&>(*step->statement), &outcome));
      break;
    case sql::StatementKind::kJob:
      return Status::User("E3090", "Jobs cannot be started, stopped or deployed in this version.",
                          "Run the query itself: leave START JOB ... AS out.")
          .WithSpan(step->info.span);
    case sql::StatementKind::kShow: {
      VELO_ASSIGN_OR_RETURN(const InfoTable table,
                            Show(*this, static_cast<const sql::ShowStatement&>(*step->statement)));
      return ShowRows(step->info, table.columns, table.rows, observer);
    }
    case sql::StatementKind::kDescribe: {
      VELO_ASSIGN_OR_RETURN(const InfoTable table,
                            Describe(*this, static_cast<const sql::DescribeStatement&>(*step->statement)));
      return ShowRows(step->info, table.columns, table.rows, observer);
    }
    case sql::StatementKind::kExplain:
      return ExecuteExplain(step, observer);
  }
  outcome.statement = step->info;
  observer->OnStatement(outcome);
  return Status::OK();
}

/// EXPLAIN shows the plan; ANALYZE also runs the query, throws its rows away and shows what every step did.
Status ScriptSession::ExecuteExplain(Step* step, ScriptObserver* observer) {
  const auto& explain = static_cast<const sql::ExplainStatement&>(*step->statement);
  std::optional<JobMetrics> measured;
  const std::shared_ptr<const PreparedQuery>& query = step->report.prepared;
  if (explain.mode == sql::ExplainStatement::Mode::kAnalyze && query != nullptr && query->bounded) {
    class Discarded : public ResultReceiver {
      void OnRows(const Batch&) override {}
      void OnFinished(const Status&) override {}
    };
    RunOptions run = options_.run;
    run.live = false;
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<Job> job, engine_->Start(query, run, std::make_shared<Discarded>()));
    while (!job->WaitFor(kLookMillis)) {
      if (!observer->WantsMore()) cancelled_ = true;
      if (cancelled_) job->Cancel();
    }
    VELO_RETURN_IF_ERROR(job->result());
    measured = job->metrics();
  }
  VELO_ASSIGN_OR_RETURN(const InfoTable table, ExplainStatementRows(explain, step->report, measured));
  return ShowRows(step->info, table.columns, table.rows, observer);
}

Status ScriptSession::ShowRows(const StatementInfo& info, const Schema& columns,
                               const std::shared_ptr<arrow::RecordBatch>& rows, ScriptObserver* observer) {
  if (const auto receiver = observer->OnResult(info, columns)) {
    if (rows->num_rows() > 0) receiver->OnRows({rows, {}});
    receiver->OnFinished(Status::OK());
  }
  StatementOutcome outcome;
  outcome.statement = info;
  outcome.rows = rows->num_rows();
  outcome.message = RowsText(outcome.rows);
  observer->OnStatement(outcome);
  return Status::OK();
}

Status ScriptSession::Start(Step* step, std::shared_ptr<const PreparedQuery> query, StatementOutputs outputs,
                            ScriptObserver* observer, bool table) {
  RunOptions run = options_.run;
  run.live = run.live && !query->bounded;
  run.coalesce_changes |= table;
  run.memory_limit = MemoryLimitOf(*step->statement, run.memory_limit);
  step->info.live = run.live;
  step->info.updates = query->updates;
  Running running;
  const bool goes_on = MayGoOn(*step, *query, outputs);
  running.outcome.withheld = outputs.withheld;
  if (step->recovered != nullptr && step->recovered->done) {
    running.outcome.statement = step->info;
    running.outcome.message = fmt::format("{}: was complete before the restart", step->identity.name);
    observer->OnStatement(running.outcome);
    return Status::OK();
  }
  run.keeps_state = step->kept;
  if (step->recovered != nullptr) run.saved_state = step->recovered->state;
  running.writer = std::make_shared<StatementWriter>(query, std::move(outputs));
  VELO_ASSIGN_OR_RETURN(running.job, engine_->Start(query, run, running.writer));
  running.writer->SetJob(running.job);
  running.outcome.statement = step->info;
  running.outcome.job = running.job;
  if (const auto object = objects_.find(step->info.name); object != objects_.end() && step->info.kind != "insert") {
    object->second.job = running.job;
  }
  observer->OnStarted(running.outcome);
  if (step->kept) VELO_RETURN_IF_ERROR(StartKept(*step, running));
  if (!goes_on) return Wait(&running, observer);
  running_.push_back(std::move(running));
  return Status::OK();
}

Status ScriptSession::Wait(Running* running, ScriptObserver* observer) {
  while (!running->job->WaitFor(kLookMillis)) {
    if (!observer->WantsMore()) stopped_ = true;
    PassNotices(observer);
    if (Stopped()) {
      FinishCheckpoints(/*last_one=*/true, observer);
      running->job->Cancel();
    }
  }
  StatementOutcome& outcome = running->outcome;
  outcome.status = running->writer->status();
  if (outcome.status.ok()) outcome.status = running->job->result();
  outcome.rows = running->writer->rows();
  outcome.places = running->writer->places();
  outcome.message = RowsText(outcome.rows);
  for (size_t i = 0; i < outcome.places.size(); ++i) outcome.message += (i == 0 ? " to " : ", ") + outcome.places[i];
  observer->OnStatement(outcome);
  return outcome.status;
}

Status ScriptSession::WaitForAll(ScriptObserver* observer) {
  Status first;
  while (!running_.empty()) {
    if (!observer->WantsMore()) stopped_ = true;
    PassNotices(observer);
    if (Stopped() || !first.ok()) FinishCheckpoints(/*last_one=*/first.ok(), observer);
    for (size_t i = 0; i < running_.size();) {
      if (Stopped() || !first.ok()) running_[i].job->Cancel();
      if (!running_[i].job->WaitFor(0)) {
        ++i;
        continue;
      }
      const Status status = Wait(&running_[i], observer);
      if (first.ok()) first = status;
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!running_.empty()) running_.front().job->WaitFor(kLookMillis);
  }
  return first;
}

}  // namespace velo
