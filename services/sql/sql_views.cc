#include "services/sql/sql_views.h"

#include <functional>

#include <fmt/format.h>

namespace velo::services {
namespace {

SpanView ViewSpan(SourceSpan span, const LineIndex& lines) {
  if (!span.valid()) return {};
  LineColumn start = lines.Locate(span.offset), end = lines.Locate(span.end());
  return {span.offset, span.length, start.line, start.column, end.line, end.column};
}

QueryTreeView ViewTree(const StatementReport& statement) {
  QueryTreeView tree;
  tree.sources = statement.sources;
  if (!statement.sources.empty()) tree.source = statement.sources.front();
  tree.fields = statement.fields;
  tree.group_by = statement.group_by;
  if (!statement.window_type.empty()) {
    tree.window = WindowView{statement.window_type, statement.window_size_ms, std::nullopt};
    bool hops = statement.window_advance_ms > 0 && statement.window_advance_ms != statement.window_size_ms;
    if (hops) tree.window->advance_ms = statement.window_advance_ms;
  }
  tree.emit_mode = statement.emit_mode;
  tree.joins = statement.joins;
  if (!statement.sinks.empty()) tree.sink = statement.sinks.front();
  tree.bounded = statement.bounded;
  return tree;
}

void AddStatements(const ScriptReport& report, const LineIndex& lines, ValidationView* view) {
  for (size_t i = 0; i < report.statements.size(); ++i) {
    const StatementReport& statement = report.statements[i];
    view->statements.push_back({static_cast<int32_t>(i), statement.kind,
                                statement.name.empty() ? std::nullopt : std::optional(statement.name),
                                ViewSpan(statement.span, lines), statement.valid});
  }
  if (report.statements.empty()) return;
  const StatementReport& last = report.statements.back();
  view->statement_kind = last.kind;
  view->ast = ViewTree(last);
  for (const Column& column : last.output.columns) {
    view->output_columns.push_back({column.name, column.type.DisplayName(), column.type.ToString(), column.nullable});
  }
  view->key_columns = last.key_columns;
  view->summary = last.summary;
  if (const size_t count = report.statements.size(); count > 1) {
    view->summary =
        fmt::format("{} statements{}{}", count, last.summary.empty() ? "." : "; the last one: ", last.summary);
  }
}

}  // namespace

Validated Validate(const std::string& sql, Catalog* catalog, const FunctionRegistry& functions, bool strict) {
  Validated out;
  out.report = AnalyseScript(sql, catalog, functions, &out.diagnostics);
  out.diagnostics.SortBySpan();
  ValidationView& view = out.view;
  LineIndex lines(sql);
  AddStatements(out.report, lines, &view);
  for (DiagnosticView& finding : ViewDiagnostics(out.diagnostics.items(), sql)) {
    bool error = finding.severity == "error" || (strict && finding.severity == "warning");
    if (error && !finding.hint.empty()) {
      view.suggestions.push_back(finding.line > 0 ? fmt::format("Line {}: {}", finding.line, finding.hint)
                                                  : finding.hint);
    }
    (error ? view.errors : view.warnings).push_back(std::move(finding));
  }
  view.valid = view.errors.empty();
  if (!view.errors.empty()) view.error = view.errors.front();
  for (const sql::Annotation& annotation : out.report.annotations) {
    view.annotations.push_back(
        {{"type", annotation.name}, {"value", annotation.value}, {"statement", annotation.statement}});
  }
  view.fingerprint = fmt::format("q:{:08x}", static_cast<uint32_t>(std::hash<std::string>()(sql)));
  return out;
}

Result<std::shared_ptr<const PreparedQuery>> OneQuery(const std::string& sql, Catalog* catalog,
                                                      const FunctionRegistry& functions, StatementReport* report,
                                                      std::vector<Diagnostic>* warnings) {
  Diagnostics diagnostics;
  ScriptReport script = AnalyseScript(sql, catalog, functions, &diagnostics);
  if (diagnostics.has_errors()) return Status::FromDiagnostics(diagnostics.Take());
  if (script.statements.empty()) {
    return Status::User("VALIDATION_ERROR", "There is no statement to run.", "Write a SELECT.");
  }
  if (script.statements.size() > 1) {
    return Status::User("VALIDATION_ERROR", "This looks at one statement at a time.", "Send the one that is meant.");
  }
  StatementReport& statement = script.statements.front();
  if (statement.prepared == nullptr) {
    return Status::User("VALIDATION_ERROR", "This statement gives no rows to look at.", "Run a SELECT.");
  }
  if (warnings != nullptr) *warnings = diagnostics.Take();
  std::shared_ptr<const PreparedQuery> prepared = statement.prepared;
  if (report != nullptr) *report = std::move(statement);
  return prepared;
}

Json SqlEditorData(const std::string& sql, const ValidationView& validation) {
  std::vector<DiagnosticView> findings = validation.errors;
  findings.insert(findings.end(), validation.warnings.begin(), validation.warnings.end());
  return {{"sql", sql},
          {"explanation", validation.summary},
          {"annotations", {{"metrics", Json::array()}, {"alerts", Json::array()}, {"viz_hints", Json::array()}}},
          {"validation",
           {{"valid", validation.valid},
            {"diagnostics", ToJson(findings)},
            {"output_columns", ToJson(validation.output_columns)}}},
          {"assumptions", Json::array()},
          {"understood", Json::array()},
          {"changes", Json::array()},
          {"suggested_viz_type", "table"},
          {"sources", validation.ast ? ToJson(validation.ast->sources) : Json::array()},
          {"query_name", nullptr},
          {"app_id", nullptr},
          {"query_id", nullptr},
          {"previous_version", nullptr}};
}

}  // namespace velo::services
