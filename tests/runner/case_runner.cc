#include "tests/runner/case_runner.h"

#include <filesystem>
#include <fstream>

#include "connectors/register_all.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"
#include "tests/runner/accounts.h"
#include "tests/runner/script_steps.h"
#include "tests/runner/test_rows.h"
#include "tests/runner/test_source.h"
#include "tests/runner/write_parquet.h"

namespace velo::testing {

namespace {

// Friday, 2025-04-04 12:00:00: the wall clock of every test.
constexpr Timestamp kTestNow = 1743768000000000;
constexpr int64_t kTimeoutMillis = 20'000;

class Rows : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override {
    std::lock_guard lock(mutex_);
    batches_.push_back(batch);
  }
  void OnFinished(const Status&) override {}
  std::vector<Batch> Take() {
    std::lock_guard lock(mutex_);
    return std::move(batches_);
  }

 private:
  std::mutex mutex_;
  std::vector<Batch> batches_;
};

std::string Indent(const std::vector<std::string>& rows, std::string_view mark) {
  std::string text;
  for (const std::string& row : rows) text += fmt::format("    {} {}\n", mark, row);
  return text;
}

std::string Normalise(const std::string& row) {
  std::string line;
  for (const std::string& cell : SplitCells(row)) line += (line.empty() ? "" : "\t") + cell;
  return line;
}

class CaseRunner {
 public:
  CaseRunner(TestCase* test, bool update) : test_(test), update_(update), clock_(kTestNow) {}

  ~CaseRunner() {
    if (job_ != nullptr) job_->Cancel();
    session_.reset();
    engine_.reset();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  TestOutcome Run() {
    TestOutcome outcome;
    const Status opened = Open();
    if (!opened.ok()) return {1, {{1, opened.ToString()}}};
    for (size_t i = 0; i < test_->steps.size(); ++i) {
      const Status status = RunStep(i);
      outcome.checks += Checks(test_->steps[i]) || !status.ok() ? 1 : 0;
      if (!status.ok()) outcome.failures.push_back({test_->steps[i].line, status.error().message});
    }
    return outcome;
  }

 private:
  static bool Checks(const TestStep& step) {
    const std::string& word = step.command;
    return word == "query" || word == "statement" || word == "expect" || word == "end" || word == "why" ||
           word == "late" || word == "refused" || word == "warnings" || word == "steps" || word == "script" ||
           word == "contents";
  }

  Status Open() {
    RegisterAllConnectors(&connectors_);
    connectors_.Add(MakeTestConnector(&sources_));
    EngineOptions options;
    options.workers = 2;
    options.clock = &clock_;
    options.connectors = &connectors_;
    static std::atomic<int> number{0};
    directory_ =
        (std::filesystem::temp_directory_path() / fmt::format("velo_sql_tests_{}_{}", getpid(), ++number)).string();
    std::filesystem::create_directories(directory_);
    const auto needs_topics = [](const TestStep& step) { return step.command == "topics"; };
    if (std::any_of(test_->steps.begin(), test_->steps.end(), needs_topics)) options.data_dir = PathOf("data");
    VELO_ASSIGN_OR_RETURN(engine_, Engine::Open(options));
    relations_ = std::make_unique<MemoryCatalog>(&engine_->catalog());
    return Status::OK();
  }

  Status RunStep(size_t index) {
    const TestStep& step = test_->steps[index];
    const std::string& word = step.command;
    if (word == "source") return DefineSource(step);
    if (word == "file") return WriteFile(step);
    if (word == "parquet") return WriteParquetFile(step);
    if (word == "lanes") return SetNumbers(step.argument, &lanes_);
    if (word == "batch") return SetNumbers(step.argument, &batches_);
    if (word == "query") return Query(index);
    if (word == "statement") return Statement(step);
    if (word == "run") return StartRun(step);
    if (word == "refused") return Refused(step);
    if (word == "feed") return Feed(step);
    if (word == "advance") return Advance(step);
    if (word == "expect") return Expect(index);
    if (word == "end") return EndRun();
    if (word == "why") return Why(step);
    if (word == "topics") return Status::OK();
    if (word == "script") return Script(index);
    if (word == "contents") return Contents(index);
    if (word == "late") return Late(step);
    if (word == "warnings") return Warnings(step);
    if (word == "steps") return Steps(step);
    return Status::User("TEST", fmt::format("unknown directive '{}'", word));
  }

  // "NAME (column TYPE, ...) [event_time COLUMN] [key COLUMN] [bounded] [partitions N]", rows below.
  Status DefineSource(const TestStep& step) {
    const size_t open = step.argument.find('('), close = step.argument.rfind(')');
    if (open == std::string::npos || close == std::string::npos) {
      return Status::User("TEST", "write: source NAME (column TYPE, ...)");
    }
    Relation relation;
    relation.name = step.argument.substr(0, step.argument.find_last_not_of(' ', open - 1) + 1);
    relation.uri = "test://" + relation.name;
    VELO_ASSIGN_OR_RETURN(relation.schema, ParseColumns(step.argument.substr(open, close - open + 1)));
    size_t partitions = 1;
    std::istringstream words(step.argument.substr(close + 1));
    for (std::string word; words >> word;) {
      if (word == "bounded") {
        relation.bounded = true;
      } else if (word == "event_time") {
        words >> relation.event_time_column;
      } else if (word == "key") {
        words >> relation.key_columns.emplace_back();
      } else if (word == "partitions") {
        words >> partitions;
      } else {
        return Status::User("TEST", fmt::format("unknown word '{}' after the columns", word));
      }
    }
    auto source = std::make_shared<ScriptedSource>(relation.schema);
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> rows, ParseRows(relation.schema, step.body));
    source->SetRows(std::move(rows));
    if (relation.bounded) source->SetBounded();
    source->SetLivePartitions(partitions);
    sources_[relation.name] = std::move(source);
    relations_->Put(std::move(relation));
    return Status::OK();
  }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }

  Status WriteFile(const TestStep& step) {
    std::filesystem::create_directories(std::filesystem::path(PathOf(step.argument)).parent_path());
    std::ofstream out(PathOf(step.argument), std::ios::binary);
    for (const std::string& line : step.body) out << line << "\n";
    return Status::OK();
  }

  // "NAME (column TYPE, ...)", rows below.
  Status WriteParquetFile(const TestStep& step) {
    const size_t open = step.argument.find('(');
    if (open == std::string::npos) return Status::User("TEST", "write: parquet NAME (column TYPE, ...)");
    VELO_ASSIGN_OR_RETURN(const Schema schema, ParseColumns(step.argument.substr(open)));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows, ParseRows(schema, step.body));
    const std::string name = step.argument.substr(0, step.argument.find(' '));
    return WriteParquet(*rows, PathOf(name));
  }

  static Status SetNumbers(const std::string& text, std::vector<int64_t>* numbers) {
    numbers->clear();
    std::istringstream in(text);
    for (int64_t number; in >> number;) numbers->push_back(number);
    return numbers->empty() ? Status::User("TEST", "a number is missing") : Status::OK();
  }

  // "{dir}" and "{name}" of a file become its path.
  std::string SqlOf(const TestStep& step) const {
    std::string sql;
    for (const std::string& line : step.body) sql += (sql.empty() ? "" : "\n") + line;
    std::string text;
    for (size_t at = 0; at < sql.size();) {
      const size_t close = sql[at] == '{' ? sql.find('}', at) : std::string::npos;
      const std::string name = close == std::string::npos ? "" : sql.substr(at + 1, close - at - 1);
      if (name == "dir") {
        text += directory_;
        at = close + 1;
      } else if (!name.empty() && std::filesystem::exists(PathOf(name))) {
        text += PathOf(name);
        at = close + 1;
      } else {
        text.push_back(sql[at++]);
      }
    }
    return text;
  }

  Result<std::shared_ptr<const PreparedQuery>> Prepare(const TestStep& step) {
    Diagnostics diagnostics;
    const std::string sql = SqlOf(step);
    const ScriptReport report = AnalyseScript(sql, relations_.get(), BuiltinFunctions(), &diagnostics);
    if (diagnostics.has_errors()) {
      diagnostics.SortBySpan();
      for (const Diagnostic& item : diagnostics.items()) {
        if (item.severity != Severity::kError) continue;
        const LineColumn place = LineIndex(sql).Locate(std::max(0, item.span.offset));
        return Status::User(item.code,
                            fmt::format("error {} {}:{}: {}", item.code, place.line, place.column, item.message));
      }
    }
    for (const StatementReport& statement : report.statements) {
      if (statement.prepared != nullptr) return statement.prepared;
    }
    return Status::User("TEST", "the text holds no query");
  }

  // error CODE [line:column]
  Status Statement(const TestStep& step) {
    const Result<std::shared_ptr<const PreparedQuery>> prepared = Prepare(step);
    std::string found;
    if (!prepared.ok()) {
      found = prepared.status().error().message;
    } else if (step.argument != "ok") {
      auto rows = RunToEnd(engine_.get(), *prepared, {}, false, kTimeoutMillis);
      if (!rows.ok()) found = "error " + rows.status().error().code + ": " + rows.status().error().message;
    }
    if (step.argument == "ok") {
      return found.empty() ? Status::OK() : Status::User("TEST", "expected no error, found: " + found);
    }
    const bool matches = found.starts_with(step.argument) && found.size() > step.argument.size() &&
                         (found[step.argument.size()] == ':' || found[step.argument.size()] == ' ');
    if (matches) return Status::OK();
    return Status::User("TEST",
                        fmt::format("expected {}, found: {}", step.argument, found.empty() ? "no error" : found));
  }

  Status Query(size_t index) {
    const std::string argument = test_->steps[index].argument;
    const bool sorted = argument.find("rowsort") != std::string::npos;
    const bool fold = argument.find("final") != std::string::npos;
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedQuery> prepared, Prepare(test_->steps[index]));
    for (int64_t lanes : lanes_) {
      for (int64_t batch : batches_) {
        RunOptions options;
        options.lanes = static_cast<int>(lanes);
        options.batch_rows = batch;
        for (auto& [name, source] : sources_) source->SetPartitions(lanes);
        JobMetrics metrics;
        VELO_ASSIGN_OR_RETURN(const Batch result,
                              RunToEnd(engine_.get(), prepared, options, fold, kTimeoutMillis, &metrics));
        VELO_RETURN_IF_ERROR(CheckAccounts(metrics));
        std::vector<std::string> rows = PrintRows(result, prepared->output.columns.size(), false);
        if (sorted) std::sort(rows.begin(), rows.end());
        if (update_) {
          ReplaceExpected(test_, index, rows);
          return Status::OK();
        }
        VELO_RETURN_IF_ERROR(
            Compare(test_->steps[index], std::move(rows), sorted, fmt::format("lanes {}, batch {}", lanes, batch)));
      }
    }
    return Status::OK();
  }

  static Status Compare(const TestStep& step, std::vector<std::string> found, bool sorted, const std::string& how) {
    std::vector<std::string> wanted;
    for (const std::string& row : step.expected) wanted.push_back(Normalise(row));
    if (sorted) std::sort(wanted.begin(), wanted.end());
    for (std::string& row : found) row = Normalise(row);
    if (sorted) std::sort(found.begin(), found.end());
    if (wanted == found) return Status::OK();
    return Status::User("TEST", fmt::format("wrong rows ({})\n  expected:\n{}  found:\n{}", how, Indent(wanted, "-"),
                                            Indent(found, "+")));
  }

  // The SQL below runs live until "end".
  Status StartRun(const TestStep& step) {
    VELO_ASSIGN_OR_RETURN(running_, Prepare(step));
    if (job_ != nullptr) {
      job_->Cancel();
      job_->WaitFor(kTimeoutMillis);
      job_.reset();
      for (auto& [name, source] : sources_) source->Restart();
      ended_ = false;
    }
    RunOptions options;
    options.live = true;
    options.lanes = 1;
    options.coalesce_changes = step.argument.find("coalesced") != std::string::npos;
    options.batch_rows = batches_.back();
    receiver_ = std::make_shared<Rows>();
    VELO_ASSIGN_OR_RETURN(job_, engine_->Start(running_, options, receiver_));
    return Status::OK();
  }

  // "refused CODE": the SQL below cannot run live.
  Status Refused(const TestStep& step) {
    const Status started = StartRun(step);
    if (!started.ok() && started.error().code == step.argument) return Status::OK();
    return Status::User(
        "TEST", fmt::format("expected {}, found: {}", step.argument, started.ok() ? "no error" : started.ToString()));
  }

  Result<ScriptedSource*> FindSource(const std::string& name) {
    const auto at = sources_.find(name);
    if (at == sources_.end()) return Status::User("TEST", fmt::format("there is no source '{}'", name));
    return at->second.get();
  }

  // "feed SOURCE [PARTITION]", rows below.
  Status Feed(const TestStep& step) {
    const size_t space = step.argument.find(' ');
    const size_t partition = space == std::string::npos ? 0 : std::stoul(step.argument.substr(space));
    VELO_ASSIGN_OR_RETURN(ScriptedSource* const source, FindSource(step.argument.substr(0, space)));
    if (partition >= source->live_partitions()) return Status::User("TEST", "the source has no such partition");
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> rows, ParseRows(source->schema(), step.body));
    // Rows arrive one by one, so that the watermark moves after each, as on a real stream.
    for (int64_t row = 0; row < rows->num_rows(); ++row) source->Feed(rows->Slice(row, 1), partition);
    return Status::OK();
  }

  // "watermark TIME": for all sources; TIME in ms or as text.
  Status Advance(const TestStep& step) {
    const std::string text = step.argument.substr(step.argument.find(' ') + 1);
    if (step.argument.starts_with("clock ")) {
      clock_.Advance(std::stoll(text) * kMicrosPerMilli);
      return Status::OK();
    }
    Schema schema;
    const bool is_number = text.find_first_not_of("-0123456789") == std::string::npos;
    schema.columns.push_back({"t", is_number ? TypeKind::kInteger : TypeKind::kTimestamp, true});
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> rows, ParseRows(schema, {text}));
    const int64_t millis = is_number ? static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0)
                                     : static_cast<const arrow::TimestampArray&>(*rows->column(0)).Value(0) / 1000;
    for (auto& [name, source] : sources_) source->AdvanceWatermark(millis);
    return Status::OK();
  }

  Status WaitUntilQuiet() {
    for (auto& [name, source] : sources_) {
      if (!source->WaitUntilQuiet()) return Status::User("TEST", "the query does not come to rest");
    }
    return Status::OK();
  }

  Status Expect(size_t index) {
    if (job_ == nullptr) return Status::User("TEST", "'expect' needs a 'run' before it");
    if (!ended_) VELO_RETURN_IF_ERROR(WaitUntilQuiet());
    VELO_RETURN_IF_ERROR(job_->result());
    std::vector<std::string> rows;
    for (const Batch& batch : receiver_->Take()) {
      for (std::string& row : PrintRows(batch, running_->output.columns.size(), true)) rows.push_back(std::move(row));
    }
    if (update_) {
      ReplaceExpected(test_, index, rows);
      return Status::OK();
    }
    return Compare(test_->steps[index], std::move(rows), false, "live");
  }

  Status EndRun() {
    if (job_ == nullptr) return Status::User("TEST", "'end' needs a 'run' before it");
    for (auto& [name, source] : sources_) source->End();
    if (!job_->WaitFor(kTimeoutMillis)) return Status::User("TEST", "the query does not end");
    ended_ = true;
    VELO_RETURN_IF_ERROR(job_->result());
    return CheckAccounts(job_->metrics());
  }

  // "why KIND" with words the explanation must hold, one per line.
  Status Why(const TestStep& step) {
    if (job_ == nullptr) return Status::User("TEST", "'why' needs a 'run' before it");
    if (!ended_) VELO_RETURN_IF_ERROR(WaitUntilQuiet());
    const Diagnosis diagnosis = job_->WhyNoRows();
    const std::string wanted = step.argument == "none" ? "" : step.argument;
    if (diagnosis.kind != wanted) {
      return Status::User("TEST", fmt::format("expected '{}', found '{}': {}", wanted, diagnosis.kind, diagnosis.text));
    }
    for (const std::string& words : step.body) {
      if (diagnosis.text.find(words) == std::string::npos) {
        return Status::User("TEST", fmt::format("'{}' is not in: {}", words, diagnosis.text));
      }
    }
    return Status::OK();
  }

  // "script [kinds] [messages]": the statements below, in the session of the case; or "script error CODE".
  Status Script(size_t index) {
    const TestStep& step = test_->steps[index];
    if (session_ == nullptr)
      session_ = std::make_unique<ScriptSession>(engine_.get(), relations_.get(), SessionOptions{});
    ScriptOutput output;
    const bool kinds = step.argument.find("kinds") != std::string::npos;
    const Status status = RunScript(session_.get(), SqlOf(step), kinds, &output);
    if (step.argument.starts_with("error ")) {
      const std::string code = step.argument.substr(6);
      if (!status.ok() && status.error().code == code) return Status::OK();
      return Status::User(
          "TEST", fmt::format("expected error {}, found: {}", code, status.ok() ? "no error" : status.ToString()));
    }
    if (!status.ok()) return Status::User("TEST", status.ToString());
    const bool messages = step.argument.find("messages") != std::string::npos;
    return CompareLines(index, messages ? output.messages : output.rows,
                        step.argument.find("rowsort") != std::string::npos);
  }

  // "contents FILE": the lines of a file that a script has written.
  Status Contents(size_t index) {
    VELO_ASSIGN_OR_RETURN(std::vector<std::string> lines, LinesOf(PathOf(test_->steps[index].argument)));
    return CompareLines(index, std::move(lines), false);
  }

  Status CompareLines(size_t index, std::vector<std::string> lines, bool sorted) {
    if (sorted) std::sort(lines.begin(), lines.end());
    for (std::string& line : lines) {
      for (size_t at; (at = line.find(directory_)) != std::string::npos;) line.replace(at, directory_.size(), "{dir}");
    }
    if (update_) {
      ReplaceExpected(test_, index, lines);
      return Status::OK();
    }
    return Compare(test_->steps[index], std::move(lines), sorted, "script");
  }

  static Status CompareHolding(const std::vector<std::string>& wanted, const std::vector<std::string>& found) {
    bool same = wanted.size() == found.size();
    for (size_t i = 0; same && i < wanted.size(); ++i) same = found[i].find(wanted[i]) != std::string::npos;
    if (same) return Status::OK();
    return Status::User(
        "TEST", fmt::format("expected lines that hold:\n{}  found:\n{}", Indent(wanted, "-"), Indent(found, "+")));
  }

  // The rows set aside as too late, as JSON with the reason before it: each line holds what is written here.
  Status Late(const TestStep& step) {
    if (job_ == nullptr) return Status::User("TEST", "'late' needs a 'run' before it");
    if (!ended_) VELO_RETURN_IF_ERROR(WaitUntilQuiet());
    std::vector<std::string> found;
    for (const BadRecord& record : job_->RecentLateRecords()) found.push_back(record.reason + " " + record.raw);
    return CompareHolding(step.body, found);
  }

  // "NAME: IN in, OUT out, USED used, FILTERED filtered, LATE late, BAD bad, HELD held" of each step, from the source
  // up.
  Status Steps(const TestStep& step) {
    if (job_ == nullptr) return Status::User("TEST", "'steps' needs a 'run' before it");
    if (!ended_) VELO_RETURN_IF_ERROR(WaitUntilQuiet());
    std::vector<std::string> found;
    for (const OperatorMetrics& m : job_->metrics().operators) {
      found.push_back(fmt::format("{}: {} in, {} out, {} used, {} filtered, {} late, {} bad, {} held", m.name,
                                  m.rows_in, m.rows_out, m.rows_used, m.rows_filtered, m.rows_late, m.rows_bad,
                                  m.rows_held));
    }
    return CompareHolding(step.body, found);
  }

  // "CODE TIMES text" of each warning.
  Status Warnings(const TestStep& step) {
    if (job_ == nullptr) return Status::User("TEST", "'warnings' needs a 'run' before it");
    if (!ended_) VELO_RETURN_IF_ERROR(WaitUntilQuiet());
    std::vector<std::string> found;
    for (const RuntimeWarning& warning : job_->Warnings()) {
      found.push_back(fmt::format("{} {} {}", warning.code, warning.times, warning.text));
    }
    return CompareHolding(step.body, found);
  }

  TestCase* const test_;
  const bool update_;
  ManualClock clock_;
  ConnectorRegistry connectors_;
  std::map<std::string, std::shared_ptr<ScriptedSource>> sources_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<MemoryCatalog> relations_;
  std::unique_ptr<ScriptSession> session_;
  std::string directory_;
  std::vector<int64_t> lanes_{1, 2};
  std::vector<int64_t> batches_{1, 7, 4096};
  std::shared_ptr<const PreparedQuery> running_;
  std::shared_ptr<Rows> receiver_;
  std::shared_ptr<Job> job_;
  bool ended_ = false;
};

}  // namespace

TestOutcome RunTestCase(TestCase* test, bool update) { return CaseRunner(test, update).Run(); }

}  // namespace velo::testing
