#include "engine/plan/readiness.h"

#include "engine/plan/statement_sinks.h"

namespace velo {
namespace {

bool ConcernsReadiness(const Diagnostic& found) {
  return found.severity == Severity::kWarning && (found.code.starts_with("E3") || found.code.starts_with("W3"));
}

}  // namespace

void CheckReadiness(std::string_view text, const ConfigFiles& files, bool strict, Diagnostics* diagnostics,
                    ScriptReport* report) {
  Diagnostics ignored;
  sql::Script script = sql::ParseScript(text, &ignored);
  plan::MergeConfigFiles(files, &script, &ignored);
  for (size_t i = 0; i < script.statements.size(); ++i) {
    const sql::Statement& statement = *script.statements[i];
    diagnostics->set_statement(script.statement_numbers[i]);
    if (!strict || statement.kind != sql::StatementKind::kCreate) continue;
    const auto& create = static_cast<const sql::CreateStatement&>(statement);
    if (create.what != sql::RelationWord::kStream || create.query == nullptr) continue;
    const auto sinks = plan::SinksOf(statement);
    if (!sinks.ok() || !sinks->empty()) continue;
    diagnostics->Warning("E3002", create.name_span, fmt::format("no sink is configured for '{}'", create.name)).hint =
        fmt::format("add WITH ('{0}.type' = 'file_sink', '{0}.path' = '/data/{0}.jsonl'), or INTO", create.name);
  }
  diagnostics->set_statement(0);
  if (strict) {
    std::vector<Diagnostic> findings = diagnostics->Take();
    *diagnostics = Diagnostics();
    for (Diagnostic& found : findings) {
      if (ConcernsReadiness(found)) found.severity = Severity::kError;
      if (found.code == "W3001" && found.severity == Severity::kError) found.code = "E3001";
      diagnostics->Add(std::move(found));
    }
  }
  diagnostics->SortBySpan();
  report->valid = report->valid && !diagnostics->has_errors();
}

}  // namespace velo
