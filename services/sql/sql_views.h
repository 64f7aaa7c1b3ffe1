#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "engine/plan/prepared_query.h"
#include "services/describe.h"
#include "services/diagnostic_view.h"

// What validation tells about SQL (API 2.3.1); shared by validate, generate and the editor's artifact.
namespace velo::services {

struct ColumnView {
  std::string name, type, sql_type;
  bool nullable = true;
};
BOOST_DESCRIBE_STRUCT(ColumnView, (), (name, type, sql_type, nullable))

struct WindowView {
  std::string type;
  int64_t size_ms = 0;
  std::optional<int64_t> advance_ms;
};
BOOST_DESCRIBE_STRUCT(WindowView, (), (type, size_ms, advance_ms))

struct QueryTreeView {
  std::string type = "StreamingQuery";
  std::optional<std::string> source;
  std::vector<std::string> sources, fields, group_by;
  std::optional<WindowView> window;
  std::string emit_mode;
  std::vector<std::string> joins;
  std::optional<std::string> sink;
  bool bounded = false;
};
BOOST_DESCRIBE_STRUCT(QueryTreeView, (),
                      (type, source, sources, fields, group_by, window, emit_mode, joins, sink, bounded))

struct SpanView {
  int32_t offset = 0, length = 0, line = 0, column = 0, end_line = 0, end_column = 0;
};
BOOST_DESCRIBE_STRUCT(SpanView, (), (offset, length, line, column, end_line, end_column))

struct StatementView {
  int32_t index = 0;
  std::string kind;
  std::optional<std::string> name;
  SpanView span;
  bool valid = true;
};
BOOST_DESCRIBE_STRUCT(StatementView, (), (index, kind, name, span, valid))

struct ValidationView {
  bool valid = false;
  std::optional<std::string> statement_kind;
  std::optional<QueryTreeView> ast;
  std::vector<StatementView> statements;
  std::vector<ColumnView> output_columns;
  std::vector<std::string> key_columns;
  Json annotations = Json::array();
  std::optional<DiagnosticView> error;
  std::vector<DiagnosticView> errors, warnings;
  std::vector<std::string> suggestions;
  std::string summary;
  Json inferred_schema = nullptr;
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(ValidationView, (),
                      (valid, statement_kind, ast, statements, output_columns, key_columns, annotations, error, errors,
                       warnings, suggestions, summary, inferred_schema, fingerprint))

struct Validated {
  ScriptReport report;
  Diagnostics diagnostics;
  ValidationView view;
};
/// Parses, binds and checks. Never fails as such.
Validated Validate(const std::string& sql, Catalog* catalog, const FunctionRegistry& functions, bool strict);

/// The only query of a script that can be run: VALIDATION_ERROR with the diagnostics, or when there are several.
Result<std::shared_ptr<const PreparedQuery>> OneQuery(const std::string& sql, Catalog* catalog,
                                                      const FunctionRegistry& functions, StatementReport* report,
                                                      std::vector<Diagnostic>* warnings);

/// Payload of a sql-editor artifact from a validation.
Json SqlEditorData(const std::string& sql, const ValidationView& validation);

}  // namespace velo::services
