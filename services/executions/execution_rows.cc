#include <fmt/format.h>

#include "services/executions/execution_registry.h"
#include "services/executions/export_rows.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class Format : uint8_t { kJson, kCsv, kTsv, kJsonl, kMarkdown };
BOOST_DESCRIBE_ENUM(Format, kJson, kCsv, kTsv, kJsonl, kMarkdown)

struct RowsParams {
  std::string id, cursor;
  int64_t limit = 1000;
  Format format = Format::kJson;
  bool download = false;
  bool escape_formulas = true;
  static std::vector<FieldRule> Rules() { return {{"limit", "", false, 1, 100'000}}; }
};
BOOST_DESCRIBE_STRUCT(RowsParams, (), (id, cursor, limit, format, download, escape_formulas))

struct RowsAnswer {
  std::vector<ResultColumn> columns;
  Json rows = Json::array();
  std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(RowsAnswer, (), (columns, rows, next_cursor))

RowsFormat FormatOf(Format format) {
  switch (format) {
    case Format::kJson:
      return RowsFormat::kJson;
    case Format::kCsv:
      return RowsFormat::kCsv;
    case Format::kTsv:
      return RowsFormat::kTsv;
    case Format::kJsonl:
      return RowsFormat::kJsonl;
    case Format::kMarkdown:
      return RowsFormat::kMarkdown;
  }
  return RowsFormat::kJson;
}

/// Columns and rows of an execution that is still in memory, or its frozen preview.
Status Collect(CallContext& context, const RowsParams& params, size_t first, std::vector<ResultColumn>* columns,
               std::vector<std::string>* rows, bool* more) {
  ExecutionRegistry& executions = context.workspace->executions();
  size_t limit = static_cast<size_t>(params.limit);
  Result<std::shared_ptr<Execution>> execution = executions.Find(params.id);
  if (execution.ok()) {
    *columns = (*execution)->shape().columns;
    *rows = (*execution)->Rows(first, limit + 1);
  } else {
    VELO_ASSIGN_OR_RETURN(PastExecution past, executions.FindPast(params.id));
    Json document = Json::parse(past.document_json, nullptr, false);
    VELO_RETURN_IF_ERROR(FromJson(document["columns"], {}, columns));
    for (size_t i = first; i < document["rows"].size(); ++i) rows->push_back(document["rows"][i].dump());
  }
  *more = rows->size() > limit;
  if (*more) rows->resize(limit);
  return Status::OK();
}

Result<Outcome<RowsAnswer>> GetRows(const RowsParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(size_t first, ReadCursor(params.cursor));
  Outcome<RowsAnswer> outcome;
  std::vector<std::string> rows;
  bool more = false;
  VELO_RETURN_IF_ERROR(Collect(context, params, first, &outcome.answer.columns, &rows, &more));
  RowsFormat format = FormatOf(params.format);
  if (format != RowsFormat::kJson || params.download) {
    RawBody raw;
    raw.content_type = ContentTypeOf(format);
    raw.file_name = params.download ? fmt::format("{}.{}", params.id, ExtensionOf(format)) : "";
    if (format == RowsFormat::kJson) {
      raw.body = fmt::format("[{}]\n", fmt::join(rows, ",\n"));
    } else {
      raw.body = PrintRows(outcome.answer.columns, rows, {format, params.escape_formulas});
    }
    outcome.raw = std::move(raw);
    return outcome;
  }
  for (const std::string& row : rows) outcome.answer.rows.push_back(Json::parse(row, nullptr, false));
  if (more) outcome.answer.next_cursor = std::to_string(first + rows.size());
  return outcome;
}

}  // namespace

void RegisterExecutionRows(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "execution_rows",
                .title = "Read results",
                .description = "Pages or exports the rows kept.",
                .method = "GET",
                .path = "/api/executions/{id}/rows",
                .also = {"/api/queries/{id}/rows"}},
               GetRows);
}

}  // namespace velo::services
