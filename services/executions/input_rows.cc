#include "services/executions/input_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/types/arrow_status.h"
#include "engine/types/json_values.h"

namespace velo::services {

Result<std::shared_ptr<arrow::RecordBatch>> BatchFromJson(const Json& rows, const Schema& schema) {
  if (!rows.is_array()) {
    return Status::User("VALIDATION_ERROR", "Input rows must be a list of objects.", "Send [{\"price\": 1.5}].");
  }
  arrow::ArrayVector columns;
  for (const Column& column : schema.columns) {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), column.type.ToArrow(), &builder));
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!rows[row].is_object()) {
        return Status::User("VALIDATION_ERROR", fmt::format("Input row {} is not an object.", row + 1), "");
      }
      auto value = rows[row].find(column.name);
      if (value == rows[row].end() || value->is_null()) {
        VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
        continue;
      }
      VELO_ASSIGN_OR_RETURN(bool fits, AppendJsonTextAs(value->dump(), column.type, builder.get()));
      if (!fits) {
        return Status::User(
            "VALIDATION_ERROR",
            fmt::format("'{}' of input row {} is not a {}.", column.name, row + 1, column.type.DisplayName()), "");
      }
    }
    std::shared_ptr<arrow::Array> array;
    VELO_RETURN_IF_ARROW_ERROR(builder->Finish(&array));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), static_cast<int64_t>(rows.size()), std::move(columns));
}

}  // namespace velo::services
