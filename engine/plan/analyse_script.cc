#include <algorithm>

#include "engine/plan/annotations/annotation_reader.h"
#include "engine/plan/config_files.h"
#include "engine/plan/statement_analyser.h"
#include "engine/sql/lexer.h"
#include "engine/sql/words.h"

namespace velo {
namespace plan {
namespace {

using sql::LowerCase;
using sql::UpperCase;

/// Target of a CREATE that could not be parsed, so that readers of it are not blamed; empty when there is none.
std::string BrokenTarget(std::string_view text) {
  Diagnostics ignored;
  const sql::LexedText lexed = sql::Lex(text, &ignored);
  static constexpr std::string_view kFiller[] = {"CREATE", "OR",  "REPLACE", "STREAM", "TABLE", "VIEW",
                                                 "IF",     "NOT", "EXISTS",  "START",  "JOB",   "AS"};
  bool create = false;
  for (size_t i = 0; i < lexed.tokens.size(); ++i) {
    const std::string word = UpperCase(lexed.tokens[i].text);
    create = create || word == "CREATE";
    if (std::find(std::begin(kFiller), std::end(kFiller), word) != std::end(kFiller)) continue;
    if (!create) return "";
    std::string name = lexed.tokens[i].text;
    // price-movements is several tokens without space between them.
    for (size_t next = i + 1; next < lexed.tokens.size(); ++next) {
      if (lexed.tokens[next].span.offset != lexed.tokens[next - 1].span.end() || lexed.tokens[next].Is("(")) break;
      name += lexed.tokens[next].text;
    }
    return name;
  }
  return "";
}

}  // namespace
}  // namespace plan

ScriptReport AnalyseScript(std::string_view text, Catalog* catalog, const FunctionRegistry& functions,
                           Diagnostics* diagnostics) {
  return AnalyseScript(text, catalog, functions, ConfigFiles(), diagnostics);
}

ScriptReport AnalyseScript(std::string_view text, Catalog* catalog, const FunctionRegistry& functions,
                           const ConfigFiles& files, Diagnostics* diagnostics) {
  const size_t errors_before = diagnostics->error_count();
  sql::Script script = sql::ParseScript(text, diagnostics);
  plan::MergeConfigFiles(files, &script, diagnostics);
  MemoryCatalog relations(catalog);
  plan::StatementAnalyser analyser(&relations, functions);
  analyser.set_annotations(&script.annotations);
  ScriptReport report;
  report.annotations = script.annotations;
  size_t parsed = 0;
  for (size_t i = 0; i < script.spans.size(); ++i) {
    const int32_t number = static_cast<int32_t>(i) + 1;
    StatementReport statement;
    statement.span = script.spans[i];
    if (parsed < script.statements.size() && script.statement_numbers[parsed] == number) {
      diagnostics->set_statement(number);
      analyser.Analyse(*script.statements[parsed], diagnostics, &statement);
      ++parsed;
    } else {
      statement.valid = false;
      const std::string_view source = text.substr(statement.span.offset, statement.span.length);
      statement.name = plan::BrokenTarget(source);
      statement.kind = sql::LowerCase(source.substr(0, source.find_first_of(" \t\r\n(")));
      if (!statement.name.empty()) analyser.AddBrokenName(statement.name);
    }
    report.statements.push_back(std::move(statement));
  }
  diagnostics->set_statement(0);
  report.application = plan::ReadScriptAnnotations(script.annotations, report.statements, functions, diagnostics);
  plan::ReadHeaderComments(script.comments, script.annotations, report.statements, &report.application);
  for (const JobAnnotations& job : report.application.jobs) {
    if (job.statement < 1 || job.statement > static_cast<int32_t>(report.statements.size())) continue;
    StatementReport& statement = report.statements[static_cast<size_t>(job.statement) - 1];
    statement.job = job;
    diagnostics->set_statement(job.statement);
    plan::CheckJobAnnotations(job, statement, script.annotations, diagnostics);
  }
  diagnostics->set_statement(0);
  for (const Diagnostic& found : diagnostics->items()) {
    if (found.severity != Severity::kError || found.statement < 1) continue;
    if (found.statement <= static_cast<int32_t>(report.statements.size()))
      report.statements[found.statement - 1].valid = false;
  }
  for (StatementReport& statement : report.statements) {
    if (statement.valid) continue;
    statement.prepared = nullptr;
    statement.rows_to_write = nullptr;
  }
  diagnostics->SortBySpan();
  report.valid = diagnostics->error_count() == errors_before;
  return report;
}

}  // namespace velo
