#include "assistant/language/query_text.h"

#include "assistant/language/build_sql.h"
#include "engine/sql/ast/statement.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::language {

sql::QueryPtr ParseQuery(std::string_view text) {
  Diagnostics diagnostics;
  sql::Script script = sql::ParseScript(text, &diagnostics);
  if (diagnostics.has_errors() || script.statements.size() != 1) return nullptr;
  if (script.statements[0]->kind != sql::StatementKind::kQuery) return nullptr;
  return std::move(static_cast<sql::QueryStatement&>(*script.statements[0]).query);
}

std::string FromText(const SourceModel& source) { return sql::QuoteRelation(source.fact->name); }

std::string ColumnText(std::string_view alias, std::string_view column) {
  std::string name = sql::QuoteIdentifier(column);
  return alias.empty() ? name : std::string(alias) + "." + name;
}

std::string TimeText(const SourceModel& source) {
  const std::vector<std::string> times = TimeColumns(source);
  return times.empty() ? "_timestamp" : sql::Print(*TimeNode(source, times.front()));
}

}  // namespace velo::language
