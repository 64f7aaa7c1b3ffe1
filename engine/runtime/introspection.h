#pragma once

#include <memory>
#include <optional>

#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"
#include "engine/sql/ast/statement.h"

namespace velo {

class ScriptSession;

/// The answer of SHOW, DESCRIBE and EXPLAIN.
struct InfoTable {
  Schema columns;
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// SHOW and LIST in all forms, with the result columns of dialect 2.10. E2104 for names the session does not know.
Result<InfoTable> Show(ScriptSession& session, const sql::ShowStatement& show);
/// field, type, nullable, key; EXTENDED adds where the rows are.
Result<InfoTable> Describe(ScriptSession& session, const sql::DescribeStatement& describe);
/// One column "plan", a row per line. Nothing is started. `measured`: what a run did (ANALYZE).
Result<InfoTable> ExplainStatementRows(const sql::ExplainStatement& explain, const StatementReport& report,
                                       const std::optional<JobMetrics>& measured);

/// Whether a name fits a LIKE pattern: "%" and "*" any text, "_" one character; case is ignored. Empty fits all.
bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace velo
