#include "engine/sql/printer.h"
#include "services/diagnostic_view.h"
#include "services/operation_binding.h"
#include "services/register_all.h"

namespace velo::services {
namespace {

enum class KeywordCase : uint8_t { kUpper, kLower };
BOOST_DESCRIBE_ENUM(KeywordCase, kUpper, kLower)

struct FormatStyle {
  KeywordCase keyword_case = KeywordCase::kUpper;
  int64_t width = 100;
  bool clause_per_line = true;
  static std::vector<FieldRule> Rules() { return {{"width", "", false, 20, 500}}; }
};
BOOST_DESCRIBE_STRUCT(FormatStyle, (), (keyword_case, width, clause_per_line))

struct FormatParams {
  std::string sql;
  FormatStyle style;
  static std::vector<FieldRule> Rules() { return {{"sql", "the text to format", true}}; }
};
BOOST_DESCRIBE_STRUCT(FormatParams, (), (sql, style))

struct FormatAnswer {
  std::string sql;
  bool changed = false;
  std::vector<DiagnosticView> diagnostics;
};
BOOST_DESCRIBE_STRUCT(FormatAnswer, (), (sql, changed, diagnostics))

Result<Outcome<FormatAnswer>> FormatSql(const FormatParams& params, CallContext&) {
  sql::PrintOptions options;
  options.width = static_cast<int>(params.style.width);
  options.clause_per_line = params.style.clause_per_line;
  options.upper_case_keywords = params.style.keyword_case == KeywordCase::kUpper;
  Diagnostics diagnostics;
  Outcome<FormatAnswer> outcome;
  outcome.answer.sql = sql::FormatScript(params.sql, options, &diagnostics);
  outcome.answer.changed = outcome.answer.sql != params.sql;
  outcome.answer.diagnostics = ViewDiagnostics(diagnostics.items(), params.sql);
  outcome.summary = diagnostics.has_errors() ? "Not formatted: the text does not parse" : "Formatted";
  return outcome;
}

}  // namespace

void RegisterFormatSql(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "format_sql",
                .title = "Format SQL",
                .description = "Prints SQL in the house style; comments stay where they are.",
                .method = "POST",
                .path = "/api/format",
                .also = {"/api/sql/format"},
                .rate_per_minute = 100},
               FormatSql);
}

}  // namespace velo::services
