#include "engine/plan/readiness.h"

#include <filesystem>

#include "engine/plan/properties/property_checks.h"
#include "engine/plan/statement_sinks.h"

namespace velo {
namespace {

bool NamesConfigFile(std::string_view key) {
  for (std::string_view name : {"config_file", "source_config", "sink_config", "monitoring_config", "security_config",
                                "base_source_config", "base_sink_config"}) {
    if (key == name || key.ends_with("." + std::string(name))) return true;
  }
  return false;
}

void CheckConfigFiles(const sql::Statement& statement, const std::string& folder, Diagnostics* diagnostics) {
  for (const sql::Property& property : plan::PropertiesOf(statement)) {
    if (!NamesConfigFile(property.key)) continue;
    const Result<std::string> filled = plan::SubstituteVariables(property.value, nullptr);
    if (!filled.ok() || filled->find("${") != std::string::npos) continue;
    std::error_code ignored;
    std::filesystem::path path(*filled);
    if (path.is_relative()) path = std::filesystem::path(folder) / path;
    if (std::filesystem::exists(path, ignored)) continue;
    diagnostics->Warning("E3006", property.value_span, fmt::format("the config file {} is not there", property.value))
        .hint = "paths start at the folder of the SQL file";
  }
}

bool ConcernsReadiness(const Diagnostic& found) {
  return found.severity == Severity::kWarning && (found.code.starts_with("E3") || found.code.starts_with("W3"));
}

}  // namespace

void CheckReadiness(std::string_view text, const std::string& folder, bool strict, Diagnostics* diagnostics,
                    ScriptReport* report) {
  Diagnostics ignored;
  const sql::Script script = sql::ParseScript(text, &ignored);
  for (size_t i = 0; i < script.statements.size(); ++i) {
    const sql::Statement& statement = *script.statements[i];
    diagnostics->set_statement(script.statement_numbers[i]);
    CheckConfigFiles(statement, folder, diagnostics);
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
