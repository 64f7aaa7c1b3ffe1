#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "services/executions/result_view.h"
#include "services/executions/script_run.h"
#include "services/json.h"
#include "services/sql/sql_views.h"

namespace velo::services {

/// One statement of a script that runs or ran, as clients see it.
struct StatementResult {
  int64_t number = 0;
  std::string kind;
  std::optional<std::string> name;
  std::string state;    ///< waiting, running, done, failed, cancelled, skipped
  std::string message;  ///< "Stream totals created · 3 columns"; empty while nothing can be said.
  std::optional<std::string> note;
  SpanView span;
  std::optional<std::string> execution_id;  ///< Of its rows.
  std::vector<ResultColumn> columns;
  int64_t row_count = 0;
  bool is_streaming = false;
  bool writes = false;  ///< Its rows go elsewhere too; it goes on when nobody looks.
  Json error = nullptr;
};
BOOST_DESCRIBE_STRUCT(StatementResult, (),
                      (number, kind, name, state, message, note, span, execution_id, columns, row_count, is_streaming,
                       writes, error))

std::vector<StatementResult> ViewStatements(ScriptRun& run);
/// The execution whose rows are the result of a script: of the last statement that answers with rows, else of the last
/// that makes some. Null: none has rows.
std::shared_ptr<Execution> MainExecution(const std::vector<StatementFacts>& statements);

}  // namespace velo::services
