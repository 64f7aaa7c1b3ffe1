#include "services/sources/preview_rows.h"

#include <algorithm>

#include <arrow/api.h>
#include <fmt/format.h>

#include "engine/base/near_names.h"
#include "engine/expr/bound_expression.h"
#include "engine/plan/prepared_query.h"
#include "engine/sql/parser.h"
#include "engine/types/arrow_status.h"
#include "engine/types/value_text.h"

namespace velo::services {
namespace {

Result<Schema> SchemaOfBatch(const arrow::RecordBatch& batch) {
  Schema schema;
  for (const auto& field : batch.schema()->fields()) {
    VELO_ASSIGN_OR_RETURN(SqlType type, SqlType::FromArrow(*field->type()));
    schema.columns.push_back({field->name(), type, field->nullable()});
  }
  return schema;
}

/// Places of the rows for which the condition holds.
Result<std::vector<int64_t>> Matching(const arrow::RecordBatch& rows, const Schema& schema, const std::string& filter,
                                      const FunctionRegistry& functions) {
  Diagnostics diagnostics;
  sql::ExpressionPtr parsed = sql::ParseExpression(filter, &diagnostics);
  BoundExpressionPtr condition;
  if (parsed != nullptr && !diagnostics.has_errors()) {
    condition = BindCondition(*parsed, schema, functions, &diagnostics);
  }
  if (diagnostics.has_errors() || condition == nullptr) return Status::FromDiagnostics(diagnostics.Take());
  EvaluationContext evaluation;
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> mask, EvaluateToArray(*condition, rows, &evaluation));
  const auto& flags = static_cast<const arrow::BooleanArray&>(*mask);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < flags.length(); ++i) {
    if (flags.IsValid(i) && flags.Value(i)) places.push_back(i);
  }
  return places;
}

Result<std::shared_ptr<arrow::RecordBatch>> Project(const std::shared_ptr<arrow::RecordBatch>& rows,
                                                    const std::string& columns) {
  std::vector<int> places;
  std::vector<std::string> names = rows->schema()->field_names();
  size_t from = 0;
  while (from <= columns.size()) {
    size_t comma = std::min(columns.find(',', from), columns.size());
    std::string name = columns.substr(from, comma - from);
    from = comma + 1;
    if (name.empty()) continue;
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      std::vector<std::string> near = NearNames(name, names);
      return Status::User("VALIDATION_ERROR", fmt::format("There is no column '{}'.", name),
                          near.empty() ? "" : fmt::format("Did you mean '{}'?", near.front()));
    }
    places.push_back(static_cast<int>(found - names.begin()));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::RecordBatch> projected, rows->SelectColumns(places));
  return projected;
}

Json RowJson(const arrow::RecordBatch& rows, int64_t row) {
  std::string text;
  AppendJsonRow(rows, row, JsonStyle::kExact, &text);
  return Json::parse(text, nullptr, false);
}

Json MessageJson(const arrow::RecordBatch& rows, int64_t row, const MessageMeta& meta) {
  std::string value;
  AppendJsonRow(rows, row, JsonStyle::kExact, &value);
  Json headers = Json::array();
  for (const auto& [key, text] : meta.headers) headers.push_back({key, text});
  return {{"partition", meta.partition},
          {"offset", meta.offset},
          {"key", meta.key ? Json(*meta.key) : Json(nullptr)},
          {"value", value},
          {"decoded", Json::parse(value, nullptr, false)},
          {"decoder", "columnar"},
          {"timestamp_ms", meta.timestamp / kMicrosPerMilli},
          {"headers", headers},
          {"error", nullptr}};
}

}  // namespace

Result<PreviewAnswer> ShowPreview(const Preview& preview, const PreviewSelection& selection,
                                  const FunctionRegistry& functions, bool messages) {
  PreviewAnswer answer;
  answer.kind = messages ? "messages" : "rows";
  VELO_ASSIGN_OR_RETURN(Schema schema, SchemaOfBatch(*preview.rows));
  std::vector<int64_t> places;
  if (selection.filter.empty()) {
    for (int64_t i = 0; i < preview.rows->num_rows(); ++i) places.push_back(i);
  } else {
    VELO_ASSIGN_OR_RETURN(places, Matching(*preview.rows, schema, selection.filter, functions));
  }
  answer.scan.scanned = preview.rows->num_rows();
  answer.scan.matched = static_cast<int64_t>(places.size());
  answer.scan.budget_hit = !selection.filter.empty() && preview.rows->num_rows() >= selection.scan_limit;
  if (static_cast<int64_t>(places.size()) > selection.limit) {
    if (selection.newest_first) {
      places.erase(places.begin(), places.end() - selection.limit);
    } else {
      places.resize(static_cast<size_t>(selection.limit));
    }
  }
  std::shared_ptr<arrow::RecordBatch> rows = preview.rows;
  if (!selection.columns.empty()) {
    VELO_ASSIGN_OR_RETURN(rows, Project(preview.rows, selection.columns));
    VELO_ASSIGN_OR_RETURN(schema, SchemaOfBatch(*rows));
  }
  for (const Column& column : schema.columns) answer.columns.push_back(ViewColumn(column));
  for (int64_t place : places) {
    MessageMeta meta;
    if (static_cast<size_t>(place) < preview.meta.size()) meta = preview.meta[static_cast<size_t>(place)];
    if (messages) {
      answer.messages.push_back(MessageJson(*rows, place, meta));
    } else {
      answer.records.push_back(RowJson(*rows, place));
      answer.meta.push_back({{"_file", meta.file}, {"_line", meta.line}});
    }
  }
  for (const BadRecord& bad : preview.bad) {
    std::string raw = bad.raw.substr(0, 4096);
    answer.bad.push_back({{"where", bad.where},
                          {"line", bad.line},
                          {"byte_offset", bad.byte_offset},
                          {"raw", raw},
                          {"error", bad.reason}});
  }
  answer.total_returned = static_cast<int64_t>(places.size());
  return answer;
}

}  // namespace velo::services
