#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
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
#include "cli/run_report.h"
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

/// Says on standard error what a person wants to know of a statement that is over.
void Report(const StatementOutcome& outcome, bool shown, bool steps) {
  const StatementInfo& statement = outcome.statement;
  if (outcome.job == nullptr || !shown) {
    const bool counted = outcome.job != nullptr;
    std::fprintf(stderr, "%s%s%s\n", counted ? (statement.name.empty() ? "query" : statement.name.c_str()) : "",
                 counted ? ": " : "", outcome.message.c_str());
  }
  if (outcome.job != nullptr) ReportJob(*outcome.job, statement.kind != "insert", steps);
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
        waiting_(explain_wait) {
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

  void OnNotice(const std::string& text) override { std::fprintf(stderr, "%s\n", text.c_str()); }

  bool WantsMore() override {
    if (interrupted != 0) return false;
    waiting_.Look(jobs_);
    const bool satisfied = receivers_.size() == 1 && receivers_.front()->satisfied() && !screen_.headings;
    const auto ran = std::chrono::steady_clock::now() - started_;
    return !satisfied && (duration_ms_ < 0 || ran < std::chrono::milliseconds(duration_ms_));
  }

  const Status& printer_status() const { return printer_status_; }

 private:
  static std::string Heading(const StatementInfo& statement) {
    return statement.kind == "select" ? "query" : statement.kind;
  }

  Screen screen_;
  const int64_t duration_ms_;
  const int32_t last_;
  const bool explain_wait_;
  const std::chrono::steady_clock::time_point started_;
  WaitReporter waiting_;
  std::vector<std::weak_ptr<Job>> jobs_;
  std::vector<std::shared_ptr<PrintingReceiver>> receivers_;
  std::set<int32_t> shown_;
  Status printer_status_;
};

/// Hands rows over to the thread that prints them, while the engine goes on.
class ArrivingRows : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override {
    std::lock_guard lock(mutex_);
    batches_.push_back(batch);
    changed_.notify_one();
  }

  void OnFinished(const Status&) override {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }

  /// What has come since the last call; waits for it for some time.
  std::vector<Batch> Take(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return ended_ || !batches_.empty(); });
    return std::exchange(batches_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Batch> batches_;
  bool ended_ = false;
};

/// Prints the first rows of batches, `left` in all.
Status PrintUpTo(int64_t* left, const std::vector<Batch>& batches, RowPrinter* printer) {
  for (const Batch& batch : batches) {
    const int64_t shown = std::min(*left, batch.num_rows());
    VELO_RETURN_IF_ERROR(printer->Print({batch.columns->Slice(0, shown), {}}));
    *left -= shown;
  }
  return Status::OK();
}

/// Runs to the end of what is there and prints the folded result: one row per key. Where nothing is to be folded, rows
/// are printed while more are made.
int PrintFinal(Engine& engine, const std::shared_ptr<const PreparedQuery>& query, RunOptions options,
               const PrintFormat& format, const RunArguments& arguments, int64_t duration_ms) {
  auto printer = MakeRowPrinter(format, query->output, stdout);
  if (!printer.ok()) return Fail(printer.status());
  options.coalesce_changes = true;
  options.live = false;
  const bool rows_stand = RowsStandAsTheyCome(*query, options);
  const auto collector = std::make_shared<RowCollector>();
  const auto arriving = std::make_shared<ArrivingRows>();
  std::shared_ptr<ResultReceiver> receiver = arriving;
  if (!rows_stand) receiver = collector;
  auto job = engine.Start(query, options, receiver);
  if (!job.ok()) return Fail(job.status(), query->sql);
  const auto started = std::chrono::steady_clock::now();
  WaitReporter waiting(arguments.explain_wait);
  int64_t left = arguments.limit >= 0 ? arguments.limit : INT64_MAX;
  Status status;
  constexpr int64_t kLookAgain = 20;
  while (!(*job)->WaitFor(rows_stand ? 0 : kLookAgain)) {
    if (rows_stand && status.ok()) {
      status = PrintUpTo(&left, arriving->Take(std::chrono::milliseconds(kLookAgain)), printer->get());
    }
    const bool over =
        duration_ms >= 0 && std::chrono::steady_clock::now() - started > std::chrono::milliseconds(duration_ms);
    if (interrupted != 0 || over || !status.ok()) (*job)->Cancel();
    waiting.Look({*job});
  }
  if (const Status done = (*job)->result(); !done.ok()) return Fail(done, query->sql);
  auto rest = rows_stand ? Result<std::vector<Batch>>(arriving->Take({})) : collector->FoldedRows(*query);
  if (!rest.ok()) return Fail(rest.status(), query->sql);
  if (status.ok()) status = PrintUpTo(&left, *rest, printer->get());
  if (status.ok()) status = (*printer)->Finish();
  if (!status.ok()) return Fail(status);
  ReportJob(**job, /*expects_rows=*/true, arguments.explain_wait);
  return interrupted != 0 ? kInterrupted : kDone;
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

/// The folder and interval asked for; VALIDATION_ERROR for what they cannot be used with.
Result<CheckpointOptions> CheckpointsOf(const RunArguments& arguments, const std::vector<SqlText>& texts) {
  CheckpointOptions options;
  options.directory = arguments.checkpoint_dir;
  sql::Duration interval;
  if (!sql::ParseDuration(arguments.checkpoint_interval, &interval) || interval.TotalMilliseconds() < 1) {
    return Status::User("VALIDATION_ERROR",
                        fmt::format("--checkpoint-interval does not understand '{}'.", arguments.checkpoint_interval),
                        "Write a duration such as 1s.");
  }
  options.interval_ms = interval.TotalMilliseconds();
  if (!options.directory.empty() && texts.size() != 1) {
    return Status::User("VALIDATION_ERROR", "--checkpoint-dir is for one SQL file at a time.",
                        "Put the statements into one file, or start one velo per file, each with a folder of its own.");
  }
  return options;
}

/// Says so when checkpoints were asked for and nothing can be kept by them.
Status CheckWrites(const ScriptReport& report) {
  const bool writes = std::any_of(report.statements.begin(), report.statements.end(),
                                  [](const StatementReport& statement) { return !statement.sinks.empty(); });
  if (writes) return Status::OK();
  return Status::User("VALIDATION_ERROR", "--checkpoint-dir has nothing to keep: no statement writes to a place.",
                      "Give the query a place, for example INTO 'topic://totals'.");
}

void ReportCheckpoints(const CheckpointFigures& figures) {
  if (figures.taken == 0) return;
  std::fprintf(
      stderr, "checkpoints: %lld taken, the last of %.1f KB in %.1f ms, for %.1f ms of which the queries stood still\n",
      static_cast<long long>(figures.taken), static_cast<double>(figures.bytes) / 1e3,
      static_cast<double>(figures.micros) / 1e3, static_cast<double>(figures.stop_micros) / 1e3);
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
  for (const SqlText& text : texts) needs_topics = needs_topics || NamesTopics(text, arguments.sources);
  auto session = Session::Open(arguments.common.data_dir, arguments.sources, needs_topics);
  if (!session.ok()) return Fail(session.status());

  PrintFormat format;
  format.name = arguments.common.format.empty() ? "table" : arguments.common.format;
  format.changelog = arguments.changelog;
  RunOptions options;
  options.lanes = arguments.lanes;
  options.memory_limit = static_cast<int64_t>(arguments.memory_limit);
  if (const Status status = ApplyStart(arguments.from, (*session)->engine().clock(), &options); !status.ok()) {
    Fail(status);
    return kUsage;
  }
  const Result<CheckpointOptions> checkpoints = CheckpointsOf(arguments, texts);
  if (!checkpoints.ok()) {
    Fail(checkpoints.status());
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
    const ConfigFiles files = text.config_files(/*required=*/true);
    const ScriptReport report =
        AnalyseScript(text.text, &(*session)->catalog(), BuiltinFunctions(), files, &diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      if (diagnostic.severity == Severity::kInfo) continue;
      std::fputs(RenderDiagnostic(diagnostic, text.text, text.name).c_str(), stderr);
    }
    if (!report.valid) return kAnswerIsNo;
    if (report.statements.empty()) continue;
    if (!checkpoints->directory.empty()) {
      if (const Status useful = CheckWrites(report); !useful.ok()) {
        Fail(useful);
        return kUsage;
      }
    }
    const std::shared_ptr<const PreparedQuery>& only = report.statements.front().prepared;
    const bool one_query = report.statements.size() == 1 && report.statements.front().kind == "select";
    if (arguments.final_rows && one_query && report.statements.front().sinks.empty()) {
      const int code = PrintFinal((*session)->engine(), only, options, format, arguments, duration_ms);
      if (code != kDone) return code;
      continue;
    }
    SessionOptions session_options;
    session_options.run = options;
    session_options.run.live = true;
    session_options.run.coalesce_changes = arguments.final_rows;
    session_options.app_name = report.application.app;
    session_options.config_files = files;
    session_options.checkpoints = *checkpoints;
    ScriptSession script(&(*session)->engine(), &(*session)->catalog(), session_options);
    PrintingObserver observer(format, arguments.limit, duration_ms, report.statements.size() > 1, LastResult(report),
                              arguments.explain_wait);
    const Status status = script.Execute(text.text, &observer);
    if (arguments.explain_wait) ReportCheckpoints(script.checkpoint_figures());
    if (!observer.printer_status().ok()) return Fail(observer.printer_status());
    if (!status.ok()) return Fail(status, text.text, text.name);
    if (interrupted != 0) return kInterrupted;
  }
  return kDone;
}

}  // namespace velo::cli
