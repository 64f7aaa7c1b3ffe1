#include "services/executions/script_run.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace velo::services {
namespace {

std::string Counted(int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string Capital(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// "stream" of "create_stream"; empty for other statements.
std::string MadeBy(const std::string& kind) { return kind.starts_with("create_") ? kind.substr(7) : std::string(); }

std::string Withheld(const std::vector<std::string>& places) {
  if (places.empty()) return "";
  return fmt::format(
      "Not written to {}: the Studio writes into its own topics and memory only. Use velo run for files.",
      fmt::join(places, ", "));
}

}  // namespace

bool IsOutside(std::string_view uri) {
  const std::string scheme = UriScheme(uri);
  return !scheme.empty() && scheme != "topic" && scheme != "memory" && scheme != "stdout" && scheme != "null";
}

ScriptRun::ScriptRun(std::string id, ScriptRequest request, const ScriptReport& report, ExecutionRegistry* executions,
                     Timestamp now)
    : id_(std::move(id)), request_(std::move(request)), executions_(executions), started_at_(now) {
  for (const StatementReport& statement : report.statements) {
    StatementFacts facts;
    facts.number = static_cast<int32_t>(statements_.size()) + 1;
    facts.kind = statement.kind;
    facts.name = statement.name;
    facts.span = statement.span;
    statements_.push_back(std::move(facts));
  }
}

void ScriptRun::Run(ScriptSession* session, const std::function<void()>& changed) {
  session_ = session;
  changed_ = changed;
  session->set_run_options(request_.run);
  const Status status = session->Execute(request_.sql, this, request_.origin);
  changed();
  session_ = nullptr;
  Finish(status);
}

void ScriptRun::GiveUp(const Status& why) { Finish(why); }

void ScriptRun::Finish(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    status_ = status;
    for (StatementFacts& facts : statements_) {
      if (facts.state == StatementState::kWaiting) facts.state = StatementState::kSkipped;
    }
    through_ = true;
  }
  ended_.notify_all();
}

void ScriptRun::Cancel() {
  cancelled_ = true;
  for (const StatementFacts& facts : Statements()) {
    if (facts.execution != nullptr && !facts.execution->ended()) facts.execution->Cancel();
  }
}

bool ScriptRun::WaitFor(int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return through_; });
}

bool ScriptRun::through() {
  std::lock_guard lock(mutex_);
  return through_;
}

Status ScriptRun::status() {
  std::lock_guard lock(mutex_);
  return status_;
}

std::vector<StatementFacts> ScriptRun::Statements() {
  std::lock_guard lock(mutex_);
  return statements_;
}

StatementFacts* ScriptRun::FindFacts(const StatementInfo& statement) {
  for (StatementFacts& facts : statements_) {
    if (facts.span.offset == statement.span.offset) return &facts;
  }
  return nullptr;
}

std::shared_ptr<ResultReceiver> ScriptRun::OnResult(const StatementInfo& statement, const Schema& columns) {
  ExecutionSpec spec;
  spec.sql = request_.sql;  // Whole: places in findings are places in it.
  spec.thread_id = request_.thread_id;
  spec.query = statement.query;
  spec.columns = columns;
  spec.run = request_.run;
  spec.run.live = statement.live;
  spec.writes = statement.writes;
  constexpr int64_t kBoundedTimeoutMs = 30'000;
  if (!statement.writes) spec.timeout_ms = request_.timeout_ms.value_or(statement.live ? 0 : kBoundedTimeoutMs);
  spec.max_rows = request_.max_rows;
  Result<std::shared_ptr<Execution>> execution = executions_->Add(std::move(spec));
  std::lock_guard lock(mutex_);
  StatementFacts* facts = FindFacts(statement);
  if (facts == nullptr) return nullptr;
  facts->state = StatementState::kRunning;
  facts->writes = statement.writes;
  if (!execution.ok()) {
    facts->note = execution.status().error().message + " Its rows are not shown.";
    return nullptr;
  }
  facts->execution = *execution;
  return *execution;
}

void ScriptRun::OnStarted(const StatementOutcome& outcome) {
  std::shared_ptr<Execution> execution;
  {
    std::lock_guard lock(mutex_);
    StatementFacts* facts = FindFacts(outcome.statement);
    if (facts == nullptr) return;
    facts->state = StatementState::kRunning;
    facts->note = Withheld(outcome.withheld);
    execution = facts->execution;
    if (outcome.statement.live) facts->message = SentenceOf(*facts, outcome);
  }
  if (execution != nullptr) execution->SetJob(outcome.job);
  changed_();
}

void ScriptRun::OnStatement(const StatementOutcome& outcome) {
  {
    std::lock_guard lock(mutex_);
    StatementFacts* facts = FindFacts(outcome.statement);
    if (facts == nullptr) return;
    facts->state = outcome.status.ok() ? StatementState::kDone : StatementState::kFailed;
    facts->error = outcome.status;
    if (outcome.job == nullptr && !outcome.status.ok()) facts->execution = nullptr;
    facts->message = outcome.status.ok() ? SentenceOf(*facts, outcome) : "";
  }
  changed_();
}

std::string ScriptRun::SentenceOf(const StatementFacts& facts, const StatementOutcome& outcome) const {
  const bool live = outcome.statement.live;
  if (const std::string made = MadeBy(facts.kind); !made.empty()) {
    const SessionObject* object = session_->Find(facts.name);
    if (object == nullptr || outcome.message.ends_with("already")) return Capital(outcome.message);
    std::string text = fmt::format("{} {} created · {}", Capital(made), facts.name,
                                   Counted(static_cast<int64_t>(object->schema.columns.size()), "column"));
    if (live) return text + " · live";
    if (outcome.job != nullptr) return text + " · " + Counted(object->rows->row_count(), "row");
    if (object->rows != nullptr) return text + fmt::format(" · empty, INSERT INTO {} fills it", facts.name);
    return object->uri.empty() ? text : text + " · reads " + object->uri;
  }
  if (facts.kind == "insert") {
    if (!outcome.withheld.empty()) return Counted(outcome.rows, "row") + " shown, none written";
    if (live) return "Rows are added to " + facts.name + " as they come";
    return fmt::format("{} added to {}", Counted(outcome.rows, "row"), facts.name);
  }
  if (facts.kind == "update" || facts.kind == "delete") return Capital(outcome.message);
  if (outcome.job == nullptr) return Capital(outcome.message);
  std::string text = live ? "Rows appear as they arrive" : Counted(outcome.rows, "row");
  if (!outcome.places.empty()) text += fmt::format(" to {}", fmt::join(outcome.places, ", "));
  return text;
}

}  // namespace velo::services
