#include "tests/runner/query_batch.h"

#include <fstream>
#include <sstream>

#include "connectors/register_all.h"
#include "engine/runtime/engine.h"
#include "engine/types/value_text.h"
#include "tests/runner/restarting_query.h"
#include "tests/runner/test_source.h"

namespace velo::testing {

namespace {

// Friday, 2025-04-04 12:00:00, as in the text tests.
constexpr Timestamp kNow = 1743768000000000;
constexpr int64_t kTimeoutMillis = 20'000;
constexpr int64_t kRowsBetweenRestarts = 5;

// Rows as JSON arrays, visible columns only.
std::vector<std::string> JsonRows(const Batch& batch, size_t columns) {
  std::vector<std::string> rows;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string text = "[";
    for (size_t c = 0; c < columns; ++c) {
      if (c > 0) text += ",";
      AppendJson(*batch.columns->column(static_cast<int>(c)), row, JsonStyle::kExact, &text);
    }
    rows.push_back(text + "]");
  }
  return rows;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::string JsonText(const std::string& text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

struct Answer {
  std::vector<std::string> rows;
  int64_t bad = 0;
};

class QueryBatch {
 public:
  Status Open() {
    RegisterAllConnectors(&connectors_);
    connectors_.Add(MakeTestConnector(&sources_));
    EngineOptions options;
    options.workers = 2;
    options.clock = &clock_;
    options.connectors = &connectors_;
    VELO_ASSIGN_OR_RETURN(engine_, Engine::Open(options));
    relations_ = std::make_unique<MemoryCatalog>(&engine_->catalog());
    return Status::OK();
  }

  Status DefineSource(const std::string& name, const std::string& path) {
    VELO_ASSIGN_OR_RETURN(const auto query, Prepare("SELECT * FROM 'file://" + path + "'"));
    RunOptions options;
    options.lanes = 1;
    VELO_ASSIGN_OR_RETURN(const Batch all, RunToEnd(engine_.get(), query, options, false, kTimeoutMillis));
    Relation relation;
    relation.name = name;
    relation.uri = "test://" + name;
    relation.schema = query->output;
    relation.bounded = true;
    auto source = std::make_shared<ScriptedSource>(relation.schema);
    std::vector<std::shared_ptr<arrow::Array>> columns = all.columns->columns();
    columns.resize(query->output.columns.size());
    source->SetRows(arrow::RecordBatch::Make(relation.schema.ToArrow(), all.num_rows(), std::move(columns)));
    sources_[name] = std::move(source);
    relations_->Put(std::move(relation));
    return Status::OK();
  }

  // The line of JSON for one query.
  std::string Run(const std::string& id, const std::string& sql, bool variants, bool changes) {
    const std::string head = fmt::format("{{\"id\":{},", JsonText(id));
    const auto query = Prepare(sql);
    if (!query.ok()) return head + Error(query.status());
    const Result<Answer> first = RunOnce(*query, 1, 4096);
    if (!first.ok()) return head + Error(first.status());
    std::vector<std::string> types;
    for (const Column& column : (*query)->output.columns) types.push_back(JsonText(column.type.ToString()));
    std::string line =
        fmt::format("{}\"types\":[{}],\"rows\":[{}],\"bad\":{}", head, Joined(types), Joined(first->rows), first->bad);
    if (variants) line += fmt::format(",\"variants\":[{}]", Joined(Variants(*query, first->rows, changes)));
    return line + "}";
  }

 private:
  static std::string Error(const Status& status) {
    return fmt::format("\"error\":{}}}", JsonText(status.error().code + ": " + status.error().message));
  }

  Result<std::shared_ptr<const PreparedQuery>> Prepare(const std::string& sql) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(sql, relations_.get(), BuiltinFunctions(), &diagnostics);
    if (diagnostics.has_errors()) return Status::FromDiagnostics(diagnostics.Take());
    if (report.statements.empty() || report.statements[0].prepared == nullptr) {
      return Status::User("TEST", "the text holds no query");
    }
    return report.statements[0].prepared;
  }

  Result<Answer> RunOnce(const std::shared_ptr<const PreparedQuery>& query, int lanes, int64_t batch_rows,
                         int64_t memory_limit = 0) {
    RunOptions options;
    options.lanes = lanes;
    options.batch_rows = batch_rows;
    options.memory_limit = memory_limit;
    for (auto& [name, source] : sources_) source->SetPartitions(lanes);
    JobMetrics metrics;
    VELO_ASSIGN_OR_RETURN(const Batch rows, RunToEnd(engine_.get(), query, options, true, kTimeoutMillis, &metrics));
    if (metrics.rows_in != metrics.rows_used + metrics.rows_filtered + metrics.rows_late + metrics.rows_bad) {
      return Status::User("TEST", fmt::format("the accounts do not add up: in {} = used {} + filtered {} + late {} + "
                                              "bad {}",
                                              metrics.rows_in, metrics.rows_used, metrics.rows_filtered,
                                              metrics.rows_late, metrics.rows_bad));
    }
    return Answer{JsonRows(rows, query->output.columns.size()), metrics.rows_bad};
  }

  // Everything the query gives out, changes included: what a restart must not alter.
  Result<std::vector<std::string>> RunRestarting(const std::shared_ptr<const PreparedQuery>& query,
                                                 int64_t rows_between) {
    const OpenScan open = [this](const ScanNode& scan) -> Result<std::unique_ptr<Source>> {
      Connector* connector = connectors_.Find(UriScheme(scan.relation->uri));
      if (connector == nullptr) return Status::Bug("no connector for " + scan.relation->uri);
      return connector->OpenSource(scan.relation->uri, scan.properties);
    };
    for (auto& [name, source] : sources_) source->SetPartitions(1);
    VELO_ASSIGN_OR_RETURN(const std::vector<Batch> batches, RunWithRestarts(query, open, rows_between, &clock_));
    std::vector<std::string> rows;
    for (const Batch& batch : batches) {
      for (std::string& row : JsonRows(batch, query->output.columns.size())) rows.push_back(std::move(row));
    }
    return rows;
  }

  // What is left of all changes, one per input row, when a later row of a key replaces the one before.
  Result<std::vector<std::string>> RunEveryChange(const std::shared_ptr<const PreparedQuery>& query) {
    RunOptions options;
    options.lanes = 1;
    options.batch_rows = 7;
    for (auto& [name, source] : sources_) source->SetPartitions(1);
    VELO_ASSIGN_OR_RETURN(const Batch all, RunToEnd(engine_.get(), query, options, false, kTimeoutMillis));
    const std::vector<std::string> rows = JsonRows(all, query->output.columns.size());
    if (!query->updates) return rows;
    std::map<std::string, std::string> newest;
    for (size_t row = 0; row < rows.size(); ++row) {
      std::string key;
      for (const int column : query->key) {
        AppendJson(*all.columns->column(column), static_cast<int64_t>(row), JsonStyle::kExact, &key);
        key.push_back(',');
      }
      const RowKind kind = all.kinds.empty() ? RowKind::kInsert : all.kinds[row];
      if (kind == RowKind::kDelete) newest.erase(key);
      if (kind == RowKind::kInsert || kind == RowKind::kUpdateAfter) newest[key] = rows[row];
    }
    std::vector<std::string> left;
    for (const auto& [key, row] : newest) left.push_back(row);
    return left;
  }

  std::vector<std::string> Variants(const std::shared_ptr<const PreparedQuery>& query,
                                    const std::vector<std::string>& wanted, bool changes) {
    std::vector<std::string> different;
    const auto compare = [&different](const std::string& how, const std::vector<std::string>& expected,
                                      const Result<std::vector<std::string>>& found) {
      if (found.ok() && Sorted(*found) == Sorted(expected)) return;
      different.push_back(fmt::format("{{\"how\":{},\"expected\":[{}],{}}}", JsonText(how), Joined(expected),
                                      found.ok() ? fmt::format("\"rows\":[{}]", Joined(*found))
                                                 : "\"error\":" + JsonText(found.status().ToString())));
    };
    for (const auto& [lanes, batch_rows] : {std::pair<int, int64_t>{1, 1}, {1, 7}, {2, 7}, {3, 4096}}) {
      const Result<Answer> answer = RunOnce(query, lanes, batch_rows);
      compare(fmt::format("{} lanes, {} rows per batch", lanes, batch_rows), wanted,
              answer.ok() ? Result<std::vector<std::string>>(answer->rows) : answer.status());
    }
    // Groups that can go to disk do so after every batch; what cannot ends the query.
    const Result<Answer> spilled = RunOnce(query, 2, 4096, 1);
    if (spilled.ok() || spilled.status().error().code != "MEMORY_LIMIT") {
      compare("with one byte of memory", wanted,
              spilled.ok() ? Result<std::vector<std::string>>(spilled->rows) : spilled.status());
    }
    if (changes) compare("with every change folded", wanted, RunEveryChange(query));
    const auto whole = RunRestarting(query, INT64_MAX);
    if (whole.ok()) compare("with restarts", *whole, RunRestarting(query, kRowsBetweenRestarts));
    return different;
  }

  static std::vector<std::string> Sorted(std::vector<std::string> rows) {
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  ManualClock clock_{kNow};
  ConnectorRegistry connectors_;
  std::map<std::string, std::shared_ptr<ScriptedSource>> sources_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<MemoryCatalog> relations_;
};

}  // namespace

int RunQueryBatch(const std::string& path) {
  QueryBatch batch;
  Status status = batch.Open();
  std::ifstream in(path);
  if (status.ok() && !in) status = Status::User("TEST", "there is no file " + path);
  for (std::string line; status.ok() && std::getline(in, line);) {
    std::istringstream words(line);
    std::string command, name, argument;
    words >> command >> name >> argument;
    if (command == "source") {
      status = batch.DefineSource(name, argument);
    } else if (command == "query") {
      std::string sql;
      for (std::string part; std::getline(in, part) && part != "end";) sql += part + "\n";
      fmt::print("{}\n", batch.Run(name, sql, !argument.empty(), argument == "variants+changes"));
      std::fflush(stdout);
    } else if (!command.empty()) {
      status = Status::User("TEST", "unknown line: " + line);
    }
  }
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  return status.ok() ? 0 : 1;
}

}  // namespace velo::testing
