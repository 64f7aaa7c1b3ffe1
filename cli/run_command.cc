#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/row_printer.h"
#include "cli/session.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"

namespace velo::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void OnInterrupt(int) {
  if (interrupted != 0) std::_Exit(kInterrupted);
  interrupted = 1;
}

/// Prints rows as the engine gives them. Called by engine threads, one call at a time.
class PrintingReceiver : public ResultReceiver {
 public:
  PrintingReceiver(RowPrinter* printer, int64_t limit) : printer_(printer), left_(limit) {}

  void OnRows(const Batch& batch) override {
    if (left_ == 0 || !status_.ok()) return;
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
    if (status_.ok()) status_ = status;
  }

  bool satisfied() const { return left_ == 0; }
  const Status& status() const { return status_; }

 private:
  RowPrinter* printer_;
  int64_t left_;
  Status status_;
};

struct LiveLimits {
  int64_t limit = -1;
  int64_t duration_ms = -1;
  bool explain_wait = false;
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

/// Streams until the input ends, the limit or the time is reached, or Ctrl-C.
int Stream(Engine& engine, const std::shared_ptr<const PreparedQuery>& query, const RunOptions& options,
           const PrintFormat& format, const LiveLimits& limits) {
  auto printer = MakeRowPrinter(format, query->output, stdout);
  if (!printer.ok()) return Fail(printer.status());
  auto receiver = std::make_shared<PrintingReceiver>(printer->get(), limits.limit);
  auto job = engine.Start(query, options, receiver);
  if (!job.ok()) return Fail(job.status(), query->sql);
  constexpr int64_t kLookMs = 50, kExplainMs = 2000;
  for (int64_t waited = 0; !(*job)->WaitFor(kLookMs); waited += kLookMs) {
    if (limits.explain_wait && waited % kExplainMs == kExplainMs - kLookMs) {
      const Diagnosis why = (*job)->WhyNoRows();
      if (!why.text.empty()) std::fprintf(stderr, "no rows yet: %s\n", why.text.c_str());
    }
    if (interrupted != 0 || receiver->satisfied() || (limits.duration_ms >= 0 && waited >= limits.duration_ms)) {
      (*job)->Cancel();
    }
  }
  const Status status = receiver->status();
  if (status.ok()) {
    if (const Status finished = (*printer)->Finish(); !finished.ok()) return Fail(finished);
  }
  const JobMetrics metrics = (*job)->metrics();
  if (metrics.rows_out == 0) {
    const Diagnosis why = (*job)->WhyNoRows();
    if (!why.text.empty()) std::fprintf(stderr, "no rows: %s\n", why.text.c_str());
  }
  if (limits.explain_wait) PrintSteps(metrics);
  PrintWarnings(**job, metrics);
  if (metrics.rows_bad > 0) {
    std::fprintf(stderr, "%lld records could not be read and were set aside:\n",
                 static_cast<long long>(metrics.rows_bad));
    const std::vector<BadRecord> bad = (*job)->RecentBadRecords();
    for (size_t i = 0; i < bad.size() && i < 3; ++i) {
      std::fprintf(stderr, "  %s line %lld (byte %lld): %s\n", bad[i].where.c_str(),
                   static_cast<long long>(bad[i].line), static_cast<long long>(bad[i].byte_offset),
                   bad[i].reason.c_str());
    }
  }
  if (!status.ok()) return Fail(status, query->sql);
  return interrupted != 0 ? kInterrupted : kDone;
}

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

/// One statement that has been bound, with its name when it makes a stream or table.
struct Step {
  std::string name;
  std::shared_ptr<const PreparedQuery> query;
};

/// Runs the statements of an application in order over bounded input: what one makes, the next ones read.
int RunApplication(Session& session, const std::vector<Step>& steps, const RunArguments& arguments,
                   const RunOptions& options, const PrintFormat& format) {
  Engine::Inputs made;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!arguments.common.format.empty() && arguments.common.format != "table") {
      // Machine formats carry the last result only; the headings below are for people.
    } else {
      std::printf("%s-- %s\n", i == 0 ? "" : "\n", steps[i].name.empty() ? "query" : steps[i].name.c_str());
    }
    struct Collect : ResultReceiver {
      std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
      Status status;
      void OnRows(const Batch& batch) override { batches.push_back(batch.columns); }
      void OnFinished(const Status& finished) override { status = finished; }
    };
    auto collect = std::make_shared<Collect>();
    auto job = session.engine().StartOnRows(steps[i].query, made, options, collect);
    if (!job.ok()) return Fail(job.status(), steps[i].query->sql);
    while (!(*job)->WaitFor(50)) {
      if (interrupted != 0) (*job)->Cancel();
    }
    if (interrupted != 0) return kInterrupted;
    if (!collect->status.ok()) return Fail(collect->status, steps[i].query->sql);
    std::shared_ptr<arrow::RecordBatch> rows;
    if (!collect->batches.empty()) {
      auto table = arrow::ConcatenateRecordBatches(collect->batches);
      if (!table.ok()) return Fail(Status::Bug(table.status().ToString()));
      rows = *table;
    }
    const bool shown = format.name == "table" || i + 1 == steps.size();
    if (shown) {
      auto printer = MakeRowPrinter(format, steps[i].query->output, stdout);
      if (!printer.ok()) return Fail(printer.status());
      Status status = rows ? (*printer)->Print({rows, {}}) : Status::OK();
      if (status.ok()) status = (*printer)->Finish();
      if (!status.ok()) return Fail(status);
    }
    if (!steps[i].name.empty()) {
      std::vector<int> visible(steps[i].query->output.columns.size());
      for (size_t c = 0; c < visible.size(); ++c) visible[c] = static_cast<int>(c);
      if (!rows) {
        auto empty = arrow::RecordBatch::MakeEmpty(steps[i].query->output.ToArrow());
        if (!empty.ok()) return Fail(Status::Bug(empty.status().ToString()));
        rows = *empty;
      }
      auto selected = rows->SelectColumns(visible);
      if (!selected.ok()) return Fail(Status::Bug(selected.status().ToString()));
      made.emplace_back(steps[i].name, *selected);
    }
  }
  return kDone;
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
  LiveLimits limits{arguments.limit, -1, arguments.explain_wait};
  sql::Duration duration;
  if (!arguments.duration.empty()) {
    if (!sql::ParseDuration(arguments.duration, &duration)) {
      Fail(Status::User("VALIDATION_ERROR", fmt::format("--for does not understand '{}'.", arguments.duration),
                        "Write a duration such as 30s."));
      return kUsage;
    }
    limits.duration_ms = duration.TotalMilliseconds();
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
    std::vector<Step> steps;
    for (const StatementReport& statement : report.statements) {
      if (!statement.prepared) {
        return Fail(Status::User("UNSUPPORTED", fmt::format("'velo run' cannot run a {} statement.", statement.kind),
                                 "It runs queries: SELECT, CREATE STREAM ... AS, CREATE TABLE ... AS."));
      }
      steps.push_back({statement.kind == "select" ? "" : statement.name, statement.prepared});
    }
    if (steps.size() > 1) {
      const int code = RunApplication(**session, steps, arguments, options, format);
      if (code != kDone) return code;
      continue;
    }
    if (steps.empty()) continue;
    const Step& step = steps.front();
    int code;
    if (arguments.final_rows) {
      code = PrintFinal((*session)->engine(), step.query, options, format, arguments.limit);
    } else {
      options.live = !step.query->bounded && (arguments.follow || arguments.duration.empty() || limits.duration_ms > 0);
      format.streaming = options.live;
      code = Stream((*session)->engine(), step.query, options, format, limits);
    }
    if (code != kDone) return code;
  }
  return kDone;
}

}  // namespace velo::cli
