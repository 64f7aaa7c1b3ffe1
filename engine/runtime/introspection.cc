#include "engine/runtime/introspection.h"

#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/plan/properties/property_checks.h"
#include "engine/runtime/script_session.h"
#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"

namespace velo {

namespace {

using Cell = std::optional<std::string>;

/// Rows given as text, in the types of their columns.
class InfoRows {
 public:
  explicit InfoRows(std::vector<Column> columns) { schema_.columns = std::move(columns); }
  void Add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  Result<InfoTable> Finish() {
    arrow::ArrayVector arrays;
    for (size_t c = 0; c < schema_.columns.size(); ++c) {
      arrow::StringBuilder builder;
      for (const auto& row : rows_) {
        VELO_RETURN_IF_ARROW_ERROR(row[c].has_value() ? builder.Append(*row[c]) : builder.AppendNull());
      }
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> texts, builder.Finish());
      const SqlType& type = schema_.columns[c].type;
      if (type.kind() != TypeKind::kString) {
        VELO_ASSIGN_OR_RETURN(texts, CastValues(*texts, TypeKind::kString, type, /*try_cast=*/false));
      }
      arrays.push_back(std::move(texts));
    }
    const auto rows =
        arrow::RecordBatch::Make(schema_.ToArrow(), static_cast<int64_t>(rows_.size()), std::move(arrays));
    return InfoTable{schema_, rows};
  }

 private:
  Schema schema_;
  std::vector<std::vector<Cell>> rows_;
};

Column Text(std::string name) { return {std::move(name), TypeKind::kString, true}; }
Column Number(std::string name) { return {std::move(name), TypeKind::kInteger, true}; }

Cell Instant(Timestamp at) { return at == 0 ? Cell() : Cell(FormatInstant(at)); }

Status Unknown(const std::string& name, SourceSpan span) {
  return Status::User("E2104", fmt::format("there is no stream, table or view '{}'", name),
                      "SHOW STREAMS and SHOW TABLES list them")
      .WithSpan(span);
}

std::string_view StateName(JobState state) {
  static constexpr std::string_view kNames[] = {"starting",  "running",  "paused", "stopping",
                                                "cancelled", "finished", "failed"};
  return kNames[static_cast<size_t>(state)];
}

Result<InfoTable> ShowObjects(const ScriptSession& session, sql::RelationWord what, std::string_view pattern) {
  static constexpr std::string_view kTypes[] = {"STREAM", "TABLE", "VIEW"};
  InfoRows rows({Text("name"),
                 Text("type"),
                 Text("source_uri"),
                 Text("format"),
                 Number("columns"),
                 {"created_at", TypeKind::kTimestamp, true}});
  for (const auto& [name, object] : session.objects()) {
    if (object.what != what || !MatchesPattern(pattern, name)) continue;
    rows.Add({name, std::string(kTypes[static_cast<size_t>(what)]), object.uri.empty() ? Cell() : Cell(object.uri),
              object.format.empty() ? Cell() : Cell(object.format), std::to_string(object.schema.columns.size()),
              Instant(object.created_at)});
  }
  return rows.Finish();
}

Result<InfoTable> ShowTopics(ScriptSession& session, std::string_view pattern) {
  InfoRows rows({Text("name"), Number("partitions"), Number("messages")});
  if (TopicStore* const topics = session.engine().topics()) {
    for (const TopicInfo& topic : topics->List()) {
      if (!MatchesPattern(pattern, topic.name)) continue;
      rows.Add({topic.name, std::to_string(topic.partitions.size()), std::to_string(topic.total_messages())});
    }
  }
  return rows.Finish();
}

Result<InfoTable> ShowFunctions(std::string_view pattern) {
  const Column flag{"is_aggregate", TypeKind::kBoolean, false};
  InfoRows rows({Text("name"),
                 Text("aliases"),
                 Text("category"),
                 flag,
                 {"is_window", TypeKind::kBoolean, false},
                 Text("signature"),
                 Text("description")});
  for (const FunctionRegistry::Entry& entry : BuiltinFunctions().List()) {
    if (!MatchesPattern(pattern, entry.name)) continue;
    std::string aliases;
    for (const std::string& alias : entry.aliases) aliases += (aliases.empty() ? "" : ", ") + alias;
    rows.Add({entry.name, aliases, entry.doc->category, entry.is_aggregate ? "true" : "false",
              entry.is_window ? "true" : "false", entry.doc->signature, entry.doc->description});
  }
  return rows.Finish();
}

Result<InfoTable> ShowJobs(const ScriptSession& session, std::string_view pattern, const std::string& name) {
  InfoRows rows({Text("name"),
                 Text("version"),
                 Text("status"),
                 Text("mode"),
                 Number("records_in"),
                 Number("records_out"),
                 Number("errors"),
                 {"started_at", TypeKind::kTimestamp, true},
                 Number("uptime_ms")});
  for (const auto& [known, object] : session.objects()) {
    if (object.job == nullptr || !MatchesPattern(pattern, known) || (!name.empty() && known != name)) continue;
    const JobMetrics metrics = object.job->metrics();
    rows.Add({known, "1.0.0", std::string(StateName(object.job->state())), "simple", std::to_string(metrics.rows_in),
              std::to_string(metrics.rows_out), std::to_string(metrics.rows_bad), Instant(object.created_at),
              std::to_string(metrics.elapsed_micros / 1000)});
  }
  return rows.Finish();
}

Result<InfoTable> ShowMetrics(const ScriptSession& session, const std::string& name) {
  InfoRows rows({Text("metric"), Text("type"), Text("labels"), Number("value")});
  for (const auto& [known, object] : session.objects()) {
    if (object.job == nullptr || (!name.empty() && known != name)) continue;
    const JobMetrics metrics = object.job->metrics();
    const std::pair<std::string_view, int64_t> counters[] = {{"velo_rows_in_total", metrics.rows_in},
                                                             {"velo_rows_used_total", metrics.rows_used},
                                                             {"velo_rows_filtered_total", metrics.rows_filtered},
                                                             {"velo_rows_late_total", metrics.rows_late},
                                                             {"velo_rows_bad_total", metrics.rows_bad},
                                                             {"velo_rows_out_total", metrics.rows_out}};
    const std::string labels = fmt::format("job=\"{}\"", known);
    for (const auto& [metric, value] : counters) {
      rows.Add({std::string(metric), "counter", labels, std::to_string(value)});
    }
    rows.Add({"velo_state_bytes", "gauge", labels, std::to_string(metrics.state_bytes)});
  }
  return rows.Finish();
}

/// Inputs (`sources`) or outputs of the session's statements, each once.
Result<InfoTable> ShowPlaces(const ScriptSession& session, bool sources, std::string_view pattern) {
  InfoRows rows({Text("name"),
                 Text("type"),
                 Text("source_uri"),
                 Text("format"),
                 Number("columns"),
                 {"created_at", TypeKind::kTimestamp, true}});
  std::set<std::string> seen;
  for (const auto& [name, object] : session.objects()) {
    const bool external = object.rows == nullptr && object.what != sql::RelationWord::kView;
    if (sources) {
      if (external && MatchesPattern(pattern, name)) {
        rows.Add({name, UriScheme(object.uri), object.uri, object.format.empty() ? Cell() : Cell(object.format),
                  std::to_string(object.schema.columns.size()), Instant(object.created_at)});
      }
      for (const std::string& read : object.sources) {
        if (session.Find(read) != nullptr || !MatchesPattern(pattern, read) || !seen.insert(read).second) continue;
        const std::string scheme = UriScheme(read);
        rows.Add({read, scheme.empty() ? "topic" : scheme, scheme.empty() ? "topic://" + read : read, Cell(), Cell(),
                  Cell()});
      }
    } else if (object.job != nullptr && MatchesPattern(pattern, name)) {
      rows.Add({name, UriScheme(object.uri), object.uri, object.format.empty() ? Cell() : Cell(object.format),
                std::to_string(object.schema.columns.size()), Instant(object.created_at)});
    }
  }
  return rows.Finish();
}

/// Columns and keys of anything that can stand in FROM.
struct Described {
  Schema schema;
  std::vector<std::string> key_columns;
};

Result<Described> Find(ScriptSession& session, const std::string& name, SourceSpan span) {
  if (const SessionObject* object = session.Find(name)) return Described{object->schema, object->key_columns};
  VELO_ASSIGN_OR_RETURN(const RelationPtr relation, session.catalog().Find(name, {}));
  if (relation == nullptr) return Unknown(name, span);
  return Described{relation->schema, relation->key_columns};
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<Cell> FieldRow(const Column& column, const std::vector<std::string>& key) {
  return {column.name, column.type.ToString(), column.nullable ? "true" : "false",
          Contains(key, column.name) ? "true" : "false"};
}

std::vector<Column> FieldColumns() {
  return {Text("field"), Text("type"), {"nullable", TypeKind::kBoolean, false}, {"key", TypeKind::kBoolean, false}};
}

Result<InfoTable> ShowSchema(ScriptSession& session, const std::string& name, SourceSpan span) {
  VELO_ASSIGN_OR_RETURN(const Described found, Find(session, name, span));
  InfoRows rows(FieldColumns());
  for (const Column& column : found.schema.columns) rows.Add(FieldRow(column, found.key_columns));
  return rows.Finish();
}

Result<InfoTable> ShowProperties(const ScriptSession& session, const std::string& name, SourceSpan span) {
  const SessionObject* object = session.Find(name);
  if (object == nullptr) return Unknown(name, span);
  InfoRows rows({Text("property"), Text("value"), Text("origin")});
  for (const auto& [key, value] : object->properties)
    rows.Add({key, plan::IsSecretProperty(key) ? "****" : value, "WITH"});
  return rows.Finish();
}

Result<InfoTable> ShowPartitions(ScriptSession& session, const std::string& name, SourceSpan span) {
  InfoRows rows({Number("partition"), Text("leader"), Number("low"), Number("high"), Number("messages")});
  if (const SessionObject* object = session.Find(name); object != nullptr && object->rows != nullptr) {
    const std::string count = std::to_string(object->rows->row_count());
    rows.Add({"0", "local", "0", count, count});
    return rows.Finish();
  }
  VELO_ASSIGN_OR_RETURN(const RelationPtr relation, session.catalog().Find(name, {}));
  if (relation == nullptr || session.engine().topics() == nullptr || UriScheme(relation->uri) != "topic") {
    if (relation == nullptr) return Unknown(name, span);
    return Status::User("E3090", fmt::format("'{}' has no partitions: it is no topic", name)).WithSpan(span);
  }
  VELO_ASSIGN_OR_RETURN(const TopicInfo topic, session.engine().topics()->Describe(name));
  for (const TopicPartitionInfo& partition : topic.partitions) {
    rows.Add({std::to_string(partition.partition), "local", std::to_string(partition.low_offset),
              std::to_string(partition.high_offset), std::to_string(partition.high_offset - partition.low_offset)});
  }
  return rows.Finish();
}

Result<InfoTable> ShowCreate(const ScriptSession& session, const std::string& name, SourceSpan span) {
  const SessionObject* object = session.Find(name);
  if (object == nullptr) return Unknown(name, span);
  InfoRows rows({Text("name"), Text("statement")});
  rows.Add({name, object->sql});
  return rows.Finish();
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return true;
  // The classic two-pointer match: `star` is where the last wildcard stood and what it has swallowed so far.
  size_t p = 0, n = 0, star = std::string_view::npos, swallowed = 0;
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '%' || pattern[p] == '*')) {
      star = p++;
      swallowed = n;
    } else if (p < pattern.size() && (pattern[p] == '_' || lower(pattern[p]) == lower(name[n]))) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++swallowed;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && (pattern[p] == '%' || pattern[p] == '*')) ++p;
  return p == pattern.size();
}

Result<InfoTable> Show(ScriptSession& session, const sql::ShowStatement& show) {
  const std::string& what = show.what;
  if (what == "STREAMS") return ShowObjects(session, sql::RelationWord::kStream, show.pattern);
  if (what == "TABLES") return ShowObjects(session, sql::RelationWord::kTable, show.pattern);
  if (what == "VIEWS") return ShowObjects(session, sql::RelationWord::kView, show.pattern);
  if (what == "TOPICS") return ShowTopics(session, show.pattern);
  if (what == "FUNCTIONS") return ShowFunctions(show.pattern);
  if (what == "JOBS" || what == "QUERIES" || what == "STATUS") return ShowJobs(session, show.pattern, show.name);
  if (what == "SINKS" || what == "SOURCES") return ShowPlaces(session, what == "SOURCES", show.pattern);
  if (what == "METRICS") return ShowMetrics(session, show.name);
  if (what == "SCHEMA") return ShowSchema(session, show.name, show.name_span);
  if (what.starts_with("PROPERTIES")) return ShowProperties(session, show.name, show.name_span);
  if (what == "PARTITIONS") return ShowPartitions(session, show.name, show.name_span);
  if (what.starts_with("CREATE")) return ShowCreate(session, show.name, show.name_span);
  return Status::User("E3090", fmt::format("SHOW {} is not there yet: this version keeps no versions of jobs", what))
      .WithSpan(show.span);
}

Result<InfoTable> Describe(ScriptSession& session, const sql::DescribeStatement& describe) {
  if (!describe.extended) return ShowSchema(session, describe.name, describe.name_span);
  VELO_ASSIGN_OR_RETURN(const Described found, Find(session, describe.name, describe.name_span));
  std::vector<Column> columns = FieldColumns();
  for (const char* name : {"relation", "source_uri"}) columns.push_back(Text(name));
  InfoRows rows(std::move(columns));
  const SessionObject* object = session.Find(describe.name);
  VELO_ASSIGN_OR_RETURN(const RelationPtr relation, session.catalog().Find(describe.name, {}));
  const std::string uri = object != nullptr ? object->uri : relation == nullptr ? "" : relation->uri;
  for (const Column& column : found.schema.columns) {
    std::vector<Cell> cells = FieldRow(column, found.key_columns);
    cells.emplace_back(describe.name);
    cells.push_back(uri.empty() ? Cell() : Cell(uri));
    rows.Add(std::move(cells));
  }
  return rows.Finish();
}

namespace {

std::string Bytes(int64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  return bytes < 10'000'000 ? fmt::format("{} KB", bytes / 1000) : fmt::format("{} MB", bytes / 1'000'000);
}

std::string Duration(int64_t nanos) {
  return nanos < 10'000'000 ? fmt::format("{:.3f} ms", static_cast<double>(nanos) / 1e6)
                            : fmt::format("{} ms", nanos / 1'000'000);
}

/// What a run did, the steps from the result down to the sources, as the plan stands.
std::vector<std::string> MeasuredLines(const JobMetrics& metrics) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("Ran in {}: {} rows read ({}), {} rows out, state {}",
                              Duration(metrics.elapsed_micros * 1000), metrics.rows_in, Bytes(metrics.bytes_read),
                              metrics.rows_out, Bytes(metrics.state_bytes)));
  for (auto step = metrics.operators.rbegin(); step != metrics.operators.rend(); ++step) {
    std::string line = fmt::format("  {}: {} rows in, {} out", step->name, step->rows_in, step->rows_out);
    for (const auto& [count, what] : {std::pair{step->rows_filtered, "left out"},
                                      {step->rows_late, "too late"},
                                      {step->rows_bad, "bad"},
                                      {step->rows_held, "held"}}) {
      if (count > 0) line += fmt::format(", {} {}", count, what);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

Result<InfoTable> ExplainStatementRows(const sql::ExplainStatement& explain, const StatementReport& report,
                                       const std::optional<JobMetrics>& measured) {
  InfoRows rows({Text("plan")});
  auto add_lines = [&rows](std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      rows.Add({std::string(text.substr(0, end))});
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  const auto& query = report.prepared != nullptr ? report.prepared : report.rows_to_write;
  if (!report.summary.empty()) add_lines(report.summary);
  if (query != nullptr) add_lines(ExplainPlan(*query));
  if (!report.sinks.empty()) {
    std::string sinks;
    for (const std::string& sink : report.sinks) sinks += (sinks.empty() ? "" : ", ") + sink;
    rows.Add({"Sinks: " + sinks});
  }
  if (explain.mode == sql::ExplainStatement::Mode::kVerbose && query != nullptr) {
    for (const Column& column : query->output.columns) {
      rows.Add(
          {fmt::format("Column: {} {}{}", column.name, column.type.ToString(), column.nullable ? "" : " NOT NULL")});
    }
  }
  if (measured.has_value()) {
    for (std::string& line : MeasuredLines(*measured)) rows.Add({std::move(line)});
  } else if (explain.mode == sql::ExplainStatement::Mode::kAnalyze && query != nullptr) {
    rows.Add({"Not run: its input has no end, or it would change rows."});
  }
  if (query == nullptr) rows.Add({"Nothing to compute: the statement reads no rows."});
  return rows.Finish();
}

}  // namespace velo
