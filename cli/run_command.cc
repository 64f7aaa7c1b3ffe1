#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/row_printer.h"
#include "cli/session.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/script_session.h"

namespace velo::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void OnInterrupt(int) {
  if (interrupted != 0) std::_Exit(kInterrupted);
  interrupted = 1;
}

/// What the printers of one script share: one output, one statement at a time.
struct Screen {
  std::mutex mutex;
  PrintFormat format;
  int64_t limit = -1;
  bool headings = false;  ///< Several results: each is announced by the name of its statement.
  std::string heading;    ///< Of the rows printed last.
};

/// Prints rows as the engine gives them. Called by engine threads, one call at a time.
class PrintingReceiver : public ResultReceiver {
 public:
  PrintingReceiver(Screen* screen, std::string heading, std::unique_ptr<RowPrinter> printer)
      : screen_(screen), heading_(std::move(heading)), printer_(std::move(printer)), left_(screen->limit) {}

  void OnRows(const Batch& batch) override {
    if (left_ == 0 || !status_.ok()) return;
    std::lock_guard lock(screen_->mutex);
    Announce();
    if (left_ < 0 || batch.num_rows() <= left_) {
      status_ = printer_->Print(batch);
      if (left_ > 0) left_ -= batch.num_rows();
      return;
    }
    Batch part{batch.columns->Slice(0, left_), batch.kinds};
    if (!part.kinds.empty()) part.kinds.resize(static_cast<size_t>(left_));
    left_ = 0;
    status_ = printer_->Print(part);
  }

  void OnFinished(const Status& status) override {
    std::lock_guard lock(screen_->mutex);
    Announce();
    if (status_.ok() && status.ok()) status_ = printer_->Finish();
  }

  bool satisfied() const { return left_ == 0; }

 private:
  void Announce() {
    if (!screen_->headings || screen_->heading == heading_) return;
    std::printf("%s-- %s\n", screen_->heading.empty() ? "" : "\n", heading_.c_str());
    screen_->heading = heading_;
  }

  Screen* const screen_;
  const std::string heading_;
  const std::unique_ptr<RowPrinter> printer_;
  std::atomic<int64_t> left_;
  Status status_;
};

/// One line per step: where its rows went.
void PrintSteps(const JobMetrics& metrics) {
  for (const OperatorMetrics& step : metrics.operators) {
    std::string text = fmt::format("{}: {} in, {} out", step.name, step.rows_in, step.rows_out);
    for (const auto& [count, what] : {std::pair{step.rows_filtered, "left out"},
                                      {step.rows_late, "too late"},
                                      {step.rows_bad, "bad"},
                                      {step.rows_held, "held"}}) {
      if (count > 0) text += fmt::format(", {} {}", count, what);
    }
    std::fprintf(stderr, "  %s\n", text.c_str());
  }
}

/// What the author of the query should know beside its rows.
void PrintWarnings(const Job& job, const JobMetrics& metrics) {
  for (const RuntimeWarning& warning : job.Warnings()) {
    std::fprintf(stderr, "warning[%s]: %s%s\n", warning.code.c_str(), warning.text.c_str(),
                 warning.times > 1 ? fmt::format(" ({} times)", warning.times).c_str() : "");
  }
  if (metrics.rows_late == 0) return;
  std::fprintf(stderr, "%lld rows came too late for their windows:\n", static_cast<long long>(metrics.rows_late));
  const std::vector<BadRecord> late = job.RecentLateRecords();
  for (size_t i = late.size() > 3 ? late.size() - 3 : 0; i < late.size(); ++i) {
    std::fprintf(stderr, "  %s\n", late[i].raw.c_str());
  }
}

/// Says on standard error what a person wants to know of a statement that is over.
void Report(const StatementOutcome& outcome, bool shown, bool steps) {
  const StatementInfo& statement = outcome.statement;
  if (outcome.job == nullptr || !shown) {
    const bool counted = outcome.job != nullptr;
    std::fprintf(stderr, "%s%s%s\n", counted ? (statement.name.empty() ? "query" : statement.name.c_str()) : "",
                 counted ? ": " : "", outcome.message.c_str());
  }
  if (outcome.job == nullptr) return;
  const JobMetrics metrics = outcome.job->metrics();
  if (metrics.rows_out == 0 && statement.kind != "insert") {
    const Diagnosis why = outcome.job->WhyNoRows();
    if (!why.text.empty()) std::fprintf(stderr, "no rows: %s\n", why.text.c_str());
  }
  if (steps) PrintSteps(metrics);
  PrintWarnings(*outcome.job, metrics);
  if (metrics.rows_bad == 0) return;
  std::fprintf(stderr, "%lld records could not be read and were set aside:\n",
               static_cast<long long>(metrics.rows_bad));
  const std::vector<BadRecord> bad = outcome.job->RecentBadRecords();
  for (size_t i = 0; i < bad.size() && i < 3; ++i) {
    std::fprintf(stderr, "  %s line %lld (byte %lld): %s\n", bad[i].where.c_str(), static_cast<long long>(bad[i].line),
                 static_cast<long long>(bad[i].byte_offset), bad[i].reason.c_str());
  }
}

/// Prints the results of a script. Machine formats carry the last result only, so that they can be read by a machine.
class PrintingObserver : public ScriptObserver {
 public:
  /// `last` is the number of the statement whose result machine formats carry.
  PrintingObserver(const PrintFormat& format, int64_t limit, int64_t duration_ms, bool headings, int32_t last,
                   bool explain_wait)
      : duration_ms_(duration_ms),
        last_(last),
        explain_wait_(explain_wait),
        started_(std::chrono::steady_clock::now()),
        explained_(started_) {
    screen_.format = format;
    screen_.limit = limit;
    screen_.headings = headings && format.name == "table";
  }

  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) override {
    if (screen_.format.name != "table" && statement.number != last_) return nullptr;
    PrintFormat format = screen_.format;
    format.streaming = statement.live;
    auto printer = MakeRowPrinter(format, columns, stdout);
    if (!printer.ok()) {
      printer_status_ = printer.status();
      return nullptr;
    }
    const bool named = !statement.name.empty() && statement.kind.starts_with("create");
    receivers_.push_back(
        std::make_shared<PrintingReceiver>(&screen_, named ? statement.name : Heading(statement), printer.TakeValue()));
    shown_.insert(statement.number);
    return receivers_.back();
  }

  void OnStatement(const StatementOutcome& outcome) override {
    if (!outcome.status.ok()) return;
    const bool shown = shown_.contains(outcome.statement.number);
    const bool answer =
        outcome.statement.kind == "show" || outcome.statement.kind == "describe" || outcome.statement.kind == "explain";
    if (!answer) Report(outcome, shown, explain_wait_);
  }

  void OnStarted(const StatementOutcome& outcome) override { jobs_.push_back(outcome.job); }

  bool WantsMore() override {
    if (interrupted != 0) return false;
    if (explain_wait_) ExplainWait();
    const bool satisfied = receivers_.size() == 1 && receivers_.front()->satisfied() && !screen_.headings;
    const auto ran = std::chrono::steady_clock::now() - started_;
    return !satisfied && (duration_ms_ < 0 || ran < std::chrono::milliseconds(duration_ms_));
  }

  const Status& printer_status() const { return printer_status_; }

 private:
  static std::string Heading(const StatementInfo& statement) {
    return statement.kind == "select" ? "query" : statement.kind;
  }

  // Says every two seconds why statements that have given no rows yet are silent.
  void ExplainWait() {
    const auto now = std::chrono::steady_clock::now();
    if (now - explained_ < std::chrono::seconds(2)) return;
    explained_ = now;
    for (const std::weak_ptr<Job>& each : jobs_) {
      const std::shared_ptr<Job> job = each.lock();
      const Diagnosis why = job == nullptr ? Diagnosis{} : job->WhyNoRows();
      if (!why.text.empty()) std::fprintf(stderr, "no rows yet: %s\n", why.text.c_str());
    }
  }

  Screen screen_;
  const int64_t duration_ms_;
  const int32_t last_;
  const bool explain_wait_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point explained_;
  std::vector<std::weak_ptr<Job>> jobs_;
  std::vector<std::shared_ptr<PrintingReceiver>> receivers_;
  std::set<int32_t> shown_;
  Status printer_status_;
};

/// Runs to the end and prints the folded result: one row per key.
int PrintFinal(Engine& engine, const std::shared_ptr<const PreparedQuery>& query, RunOptions options,
               const PrintFormat& format, int64_t limit) {
  auto printer = MakeRowPrinter(format, query->output, stdout);
  if (!printer.ok()) return Fail(printer.status());
  options.coalesce_changes = true;
  options.live = false;
  auto rows = RunToEnd(&engine, query, options, /*fold=*/true, /*timeout_ms=*/INT64_MAX);
  if (!rows.ok()) return Fail(rows.status(), query->sql);
  rows->kinds.clear();
  if (limit >= 0 && rows->num_rows() > limit) rows->columns = rows->columns->Slice(0, limit);
  Status status = (*printer)->Print(*rows);
  if (status.ok()) status = (*printer)->Finish();
  return status.ok() ? kDone : Fail(status);
}

Status ApplyStart(const std::string& from, Clock& clock, RunOptions* options) {
  if (from.empty() || from == "earliest") return Status::OK();
  if (from == "latest") {
    options->start = ReadOptions::Start::kLatest;
    return Status::OK();
  }
  sql::Duration back;
  if (from.front() == '-' && sql::ParseDuration(std::string_view(from).substr(1), &back)) {
    options->start = ReadOptions::Start::kTimestamp;
    options->start_time = clock.Now() - back.TotalMilliseconds() * kMicrosPerMilli;
    return Status::OK();
  }
  return Status::User("VALIDATION_ERROR", fmt::format("--from does not understand '{}'.", from),
                      "Use earliest, latest, or a time back such as -1h.");
}

/// The last statement that answers with rows; of an application without queries, the last that makes something.
int32_t LastResult(const ScriptReport& report) {
  int32_t last = 0, last_made = 0;
  for (size_t i = 0; i < report.statements.size(); ++i) {
    const std::string& kind = report.statements[i].kind;
    const auto number = static_cast<int32_t>(i) + 1;
    if (kind == "select" || kind == "show" || kind == "describe" || kind == "explain") last = number;
    if (kind.starts_with("create_")) last_made = number;
  }
  return last > 0 ? last : last_made;
}

}  // namespace

int RunCommand(const RunArguments& arguments) {
  std::vector<SqlText> texts;
  if (!arguments.expression.empty()) {
    texts.push_back({"query", arguments.expression});
  } else {
    auto read = ReadSqlFiles(arguments.files);
    if (!read.ok()) {
      Fail(read.status());
      return kUsage;
    }
    texts = read.TakeValue();
  }
  bool needs_topics = false;
  for (const SqlText& text : texts) needs_topics = needs_topics || NamesTopics(text.text, arguments.sources);
  auto session = Session::Open(arguments.common.data_dir, arguments.sources, needs_topics);
  if (!session.ok()) return Fail(session.status());

  PrintFormat format;
  format.name = arguments.common.format.empty() ? "table" : arguments.common.format;
  format.changelog = arguments.changelog;
  RunOptions options;
  if (const Status status = ApplyStart(arguments.from, (*session)->engine().clock(), &options); !status.ok()) {
    Fail(status);
    return kUsage;
  }
  int64_t duration_ms = -1;
  sql::Duration duration;
  if (!arguments.duration.empty()) {
    if (!sql::ParseDuration(arguments.duration, &duration)) {
      Fail(Status::User("VALIDATION_ERROR", fmt::format("--for does not understand '{}'.", arguments.duration),
                        "Write a duration such as 30s."));
      return kUsage;
    }
    duration_ms = duration.TotalMilliseconds();
  }
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);

  for (const SqlText& text : texts) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(text.text, &(*session)->catalog(), BuiltinFunctions(), &diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      if (diagnostic.severity == Severity::kInfo) continue;
      std::fputs(RenderDiagnostic(diagnostic, text.text, text.name).c_str(), stderr);
    }
    if (!report.valid) return kAnswerIsNo;
    if (report.statements.empty()) continue;
    const std::shared_ptr<const PreparedQuery>& only = report.statements.front().prepared;
    if (arguments.final_rows && report.statements.size() == 1 && report.statements.front().kind == "select") {
      const int code = PrintFinal((*session)->engine(), only, options, format, arguments.limit);
      if (code != kDone) return code;
      continue;
    }
    SessionOptions session_options;
    session_options.run = options;
    session_options.run.live = true;
    session_options.run.coalesce_changes = arguments.final_rows;
    session_options.app_name = report.application.app;
    ScriptSession script(&(*session)->engine(), &(*session)->catalog(), session_options);
    PrintingObserver observer(format, arguments.limit, duration_ms, report.statements.size() > 1, LastResult(report),
                              arguments.explain_wait);
    const Status status = script.Execute(text.text, &observer);
    if (!observer.printer_status().ok()) return Fail(observer.printer_status());
    if (!status.ok()) return Fail(status, text.text, text.name);
    if (interrupted != 0) return kInterrupted;
  }
  return kDone;
}

}  // namespace velo::cli
