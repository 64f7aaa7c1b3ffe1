#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/functions/registry.h"
#include "engine/plan/annotations/script_annotations.h"
#include "engine/plan/nodes/plan_node.h"
#include "engine/sql/parser.h"

namespace velo {

/// A query that is bound and can be run. The plan's output may have hidden columns after the visible ones
/// (_window_start, _window_end, _event_time), which carry what charts, keys and operators need.
struct PreparedQuery {
  PlanNodePtr plan;
  Schema output;         ///< Visible columns only.
  std::vector<int> key;  ///< Plan output columns that identify a row of the result (may include hidden ones).
  bool updates = false;  ///< Later rows replace earlier ones with the same key (aggregates, top-N).
  bool bounded = false;
  bool windowed = false;
  bool emit_changes = true;
  std::vector<std::string> sources;  ///< Relation names as written.
  std::vector<std::string> sinks;
  /// Plan output column with the message key of the record a row was made of; -1 where rows are not made of one record.
  int raw_key = -1;
  std::string sql;
  /// Not empty: the query is valid but must not be executed; this says why in the user's words. The code is E3090 for
  /// what this version does not run, else that of the cause (SOURCE_NOT_FOUND ...).
  std::string not_runnable_reason;
  std::string not_runnable_code;
};

/// What is known of one statement after binding; the validator's answer and the Studio's facts.
struct StatementReport {
  std::string kind;  ///< "select", "create_stream", "create_table", "insert", "show" ...
  std::string name;
  SourceSpan span;
  bool valid = true;
  std::vector<std::string> sources, sinks;
  Schema output;
  std::vector<std::string> key_columns;
  std::vector<std::string> fields;  ///< Select items as text.
  std::vector<std::string> group_by;
  std::string window_type;  ///< Empty: none.
  int64_t window_size_ms = 0, window_advance_ms = 0;
  std::string emit_mode;  ///< "Changes" or "Final".
  std::vector<std::string> joins;
  bool bounded = false;
  std::string summary;        ///< "Groups trades by symbol in 5-minute tumbling windows and emits every change."
  std::string short_summary;  ///< "Groups by symbol with 5-minute tumbling windows."; empty for plain reads.
  JobAnnotations job;         ///< What annotations say of this statement: @name, @job_mode ...
  /// Columns of relations that are not connected, as far as the statement shows them.
  std::vector<std::pair<std::string, Schema>> inferred;
  std::shared_ptr<const PreparedQuery> prepared;  ///< Set for valid statements that hold a query.
  /// Set for valid UPDATE, DELETE and INSERT ... VALUES over known columns: the rows to be written, in the columns of
  /// the target; for UPDATE and DELETE a first column "_offset" says which row they replace.
  std::shared_ptr<const PreparedQuery> rows_to_write;
};

struct ScriptReport {
  bool valid = true;
  std::vector<StatementReport> statements;
  std::vector<sql::Annotation> annotations;
  ScriptAnnotations application;  ///< The same, read into data and checked.
};

/// Parses, binds and checks a script against the catalog. Later statements see the results of earlier ones by name.
/// Never fails as such: every finding goes to `diagnostics` (errors first make the report invalid).
ScriptReport AnalyseScript(std::string_view text, Catalog* catalog, const FunctionRegistry& functions,
                           Diagnostics* diagnostics);

/// Binds one already parsed query. Null when there are errors.
std::shared_ptr<const PreparedQuery> BindQuery(const sql::Query& query, Catalog* catalog,
                                               const FunctionRegistry& functions, Diagnostics* diagnostics);

/// Binds a boolean expression over the columns of a relation (preview filters, alert conditions). Null on errors.
BoundExpressionPtr BindCondition(const sql::Expression& expression, const Schema& schema,
                                 const FunctionRegistry& functions, Diagnostics* diagnostics);

/// The operator tree as text, one operator a line, with keys, time, state bound, emit mode (dialect 2.10).
std::string ExplainPlan(const PreparedQuery& query);
/// The same as steps from source to result.
struct ExplainStep {
  std::string op;
  std::string detail;
  SourceSpan span;
};
std::vector<ExplainStep> ExplainSteps(const PreparedQuery& query);

}  // namespace velo
