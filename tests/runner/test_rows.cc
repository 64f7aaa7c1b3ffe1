#include "tests/runner/test_rows.h"

#include "engine/expr/bound_expression.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/sql/parser.h"
#include "engine/types/arrow_status.h"
#include "engine/types/value_text.h"
#include "tests/runner/test_case.h"

namespace velo::testing {

namespace {

// Cells as text: the marks of the test format resolved.
std::string Unescape(const std::string& cell) {
  if (cell == "''") return "";
  std::string text;
  for (size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] == '\\' && i + 1 < cell.size() && (cell[i + 1] == 't' || cell[i + 1] == 'n')) {
      text.push_back(cell[++i] == 't' ? '\t' : '\n');
    } else {
      text.push_back(cell[i]);
    }
  }
  return text;
}

std::string Escape(const std::string& text) {
  if (text.empty()) return "''";
  std::string cell;
  for (char c : text) {
    if (c == '\t') {
      cell += "\\t";
    } else if (c == '\n') {
      cell += "\\n";
    } else {
      cell.push_back(c);
    }
  }
  return cell;
}

std::string KindMark(RowKind kind) {
  switch (kind) {
    case RowKind::kInsert:
      return "+";
    case RowKind::kUpdateAfter:
      return "U";
    case RowKind::kUpdateBefore:
      return "B";
    case RowKind::kDelete:
      return "-";
  }
  return "?";
}

}  // namespace

Result<Schema> ParseColumns(const std::string& text) {
  Diagnostics diagnostics;
  const sql::Script script = sql::ParseScript("CREATE STREAM t " + text, &diagnostics);
  if (diagnostics.has_errors() || script.statements.size() != 1) return Status::FromDiagnostics(diagnostics.Take());
  Schema schema;
  for (const sql::ColumnDefinition& column : static_cast<const sql::CreateStatement&>(*script.statements[0]).columns) {
    if (!column.type.has_value()) return Status::User("TEST", "every column of a source needs a type");
    schema.columns.push_back({column.name.text, plan::ResolveType(*column.type, &diagnostics), true});
  }
  if (diagnostics.has_errors()) return Status::FromDiagnostics(diagnostics.Take());
  return schema;
}

Result<std::shared_ptr<arrow::RecordBatch>> ParseRows(const Schema& schema, const std::vector<std::string>& lines) {
  std::vector<arrow::StringBuilder> builders(schema.columns.size());
  for (const std::string& line : lines) {
    const std::vector<std::string> cells = SplitCells(line);
    if (cells.size() != builders.size()) {
      return Status::User("TEST", fmt::format("'{}' has {} cells instead of {}", line, cells.size(), builders.size()));
    }
    for (size_t c = 0; c < cells.size(); ++c) {
      const arrow::Status added =
          cells[c] == "NULL" ? builders[c].AppendNull() : builders[c].Append(Unescape(cells[c]));
      VELO_RETURN_IF_ARROW_ERROR(added);
    }
  }
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t c = 0; c < builders.size(); ++c) {
    VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Array> text, builders[c].Finish());
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                          CastArray(*text, TypeKind::kString, schema.columns[c].type, false));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), static_cast<int64_t>(lines.size()), std::move(columns));
}

std::vector<std::string> PrintRows(const Batch& batch, size_t columns, bool kinds) {
  std::vector<std::string> rows;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string line;
    if (kinds) line = KindMark(batch.kinds.empty() ? RowKind::kInsert : batch.kinds[row]);
    for (size_t c = 0; c < columns; ++c) {
      if (!line.empty() || c > 0) line.push_back('\t');
      std::string text;
      AppendText(*batch.columns->column(static_cast<int>(c)), row, &text);
      line += Escape(text);
    }
    rows.push_back(std::move(line));
  }
  return rows;
}

}  // namespace velo::testing
