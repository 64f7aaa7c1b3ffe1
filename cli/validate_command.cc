#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/session.h"
#include "engine/plan/prepared_query.h"
#include "engine/plan/readiness.h"
#include "engine/sql/printer.h"
#include "engine/types/value_text.h"

namespace velo::cli {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "info";
}

std::string DiagnosticJson(const Diagnostic& diagnostic, const LineIndex& lines) {
  const LineColumn start = lines.Locate(diagnostic.span.offset);
  const LineColumn end = lines.Locate(diagnostic.span.end());
  return fmt::format(
      R"({{"code":{},"severity":"{}","category":"{}","message":{},"line":{},"column":{},"end_line":{},"end_column":{},)"
      R"("offset":{},"length":{},"statement":{},"context":{},"hint":{}}})",
      Quoted(diagnostic.code), SeverityName(diagnostic.severity), DiagnosticCategory(diagnostic.code),
      Quoted(diagnostic.message), start.line, start.column, end.line, end.column, diagnostic.span.offset,
      diagnostic.span.length, diagnostic.statement, Quoted(lines.Line(start.line)), Quoted(diagnostic.hint));
}

/// The body of POST /api/validate cut to what stands in a terminal: findings and statements per file.
std::string ReportJson(const SqlText& text, const ScriptReport& report, const Diagnostics& diagnostics) {
  const LineIndex lines(text.text);
  std::string errors, warnings, statements;
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    std::string& list = diagnostic.severity == Severity::kError ? errors : warnings;
    if (!list.empty()) list += ",";
    list += DiagnosticJson(diagnostic, lines);
  }
  for (const StatementReport& statement : report.statements) {
    if (!statements.empty()) statements += ",";
    statements += fmt::format(R"({{"kind":{},"name":{},"line":{},"valid":{},"summary":{}}})", Quoted(statement.kind),
                              Quoted(statement.name), lines.Locate(statement.span.offset).line, statement.valid,
                              Quoted(statement.summary));
  }
  return fmt::format(R"({{"file":{},"valid":{},"errors":[{}],"warnings":[{}],"statements":[{}]}})", Quoted(text.name),
                     report.valid, errors, warnings, statements);
}

/// One line per finding in the form GitHub's log reader turns into annotations.
std::string GithubLine(const std::string& file, const Diagnostic& diagnostic, const LineIndex& lines) {
  const LineColumn at = lines.Locate(diagnostic.span.offset);
  return fmt::format("::{} file={},line={},col={}::{} {}\n", SeverityName(diagnostic.severity), file, at.line,
                     at.column, diagnostic.code, diagnostic.message);
}

}  // namespace

int ValidateCommand(const ValidateArguments& arguments) {
  auto texts = ReadSqlFiles(arguments.files);
  if (!texts.ok()) {
    Fail(texts.status());
    return kUsage;
  }
  auto session = Session::Open(arguments.common.data_dir, arguments.sources, /*needs_topics=*/false);
  if (!session.ok()) return Fail(session.status());
  const std::string& format = arguments.common.format;
  bool all_valid = true;
  std::string json;
  for (const SqlText& text : *texts) {
    Diagnostics diagnostics;
    const ConfigFiles files = text.config_files(/*required=*/false);
    ScriptReport report = AnalyseScript(text.text, &(*session)->catalog(), BuiltinFunctions(), files, &diagnostics);
    CheckReadiness(text.text, files, arguments.strict, &diagnostics, &report);
    if (arguments.strict) {
      for (const Diagnostic& diagnostic : diagnostics.items()) {
        report.valid = report.valid && diagnostic.severity != Severity::kWarning;
      }
    }
    all_valid = all_valid && report.valid;
    const LineIndex lines(text.text);
    if (format == "json") {
      json += (json.empty() ? "" : ",\n ") + ReportJson(text, report, diagnostics);
      continue;
    }
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      const std::string shown = format == "github" ? GithubLine(text.name, diagnostic, lines)
                                                   : RenderDiagnostic(diagnostic, text.text, text.name);
      std::fputs(shown.c_str(), stdout);
    }
    if (report.valid && format != "github") {
      for (const StatementReport& statement : report.statements) {
        std::printf("%s:%d: valid %s%s%s\n", text.name.c_str(), lines.Locate(statement.span.offset).line,
                    statement.kind.c_str(), statement.summary.empty() ? "" : ": ", statement.summary.c_str());
      }
    }
  }
  if (format == "json") std::printf("[%s]\n", json.c_str());
  return all_valid ? kDone : kAnswerIsNo;
}

int ExplainCommand(const ExplainArguments& arguments) {
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
  for (const SqlText& text : texts) {
    Diagnostics diagnostics;
    const ScriptReport report = AnalyseScript(text.text, &(*session)->catalog(), BuiltinFunctions(),
                                              text.config_files(/*required=*/true), &diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      if (diagnostic.severity == Severity::kInfo) continue;
      std::fputs(RenderDiagnostic(diagnostic, text.text, text.name).c_str(), stderr);
    }
    if (!report.valid) return kAnswerIsNo;
    for (const StatementReport& statement : report.statements) {
      if (!statement.summary.empty()) std::printf("%s\n", statement.summary.c_str());
      if (!statement.prepared) continue;
      std::printf("%s", ExplainPlan(*statement.prepared).c_str());
    }
  }
  return kDone;
}

int FormatCommand(const FormatArguments& arguments) {
  auto texts = ReadSqlFiles(arguments.files);
  if (!texts.ok()) {
    Fail(texts.status());
    return kUsage;
  }
  bool all_parse = true, any_change = false;
  for (const SqlText& text : *texts) {
    Diagnostics diagnostics;
    sql::PrintOptions options;
    options.width = arguments.width;
    const std::string formatted = sql::FormatScript(text.text, options, &diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      std::fputs(RenderDiagnostic(diagnostic, text.text, text.name).c_str(), stderr);
    }
    all_parse = all_parse && !diagnostics.has_errors();
    const bool changed = formatted != text.text;
    any_change = any_change || changed;
    if (arguments.check) {
      if (changed) std::printf("%s would change\n", text.name.c_str());
    } else if (arguments.write && text.name != "stdin") {
      if (!changed) continue;
      std::FILE* file = std::fopen(text.name.c_str(), "wb");
      if (file == nullptr || std::fwrite(formatted.data(), 1, formatted.size(), file) != formatted.size()) {
        if (file != nullptr) std::fclose(file);
        return Fail(Status::World("READ_ONLY", fmt::format("Cannot write {}.", text.name), "Check its permissions."));
      }
      std::fclose(file);
    } else {
      std::fputs(formatted.c_str(), stdout);
    }
  }
  return !all_parse || (arguments.check && any_change) ? kAnswerIsNo : kDone;
}

}  // namespace velo::cli
