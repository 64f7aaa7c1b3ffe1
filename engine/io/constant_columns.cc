#include "engine/io/constant_columns.h"

#include <arrow/array/util.h>

#include "engine/types/arrow_status.h"
#include "engine/types/schema.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

Result<std::shared_ptr<arrow::Array>> Constant(const arrow::Scalar& value, int64_t rows) {
  VELO_ASSIGN_OR_RETURN_ARROW(auto array, arrow::MakeArrayFromScalar(value, rows));
  return array;
}

Result<std::shared_ptr<arrow::Array>> EmptyLists(const std::shared_ptr<arrow::DataType>& type, int64_t rows) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  VELO_RETURN_IF_ARROW_ERROR(builder->AppendEmptyValues(rows));
  VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder->Finish());
  return array;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> MakeSystemColumn(std::string_view name, const SystemValues& values,
                                                       int64_t rows) {
  std::string lower(name);
  for (char& letter : lower) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  if (lower == kTimestampColumn || lower == kEventTimeColumn) {
    return Constant(arrow::Int64Scalar(FloorDivide(values.arrival, kMicrosPerMilli)), rows);
  }
  if (lower == kPartitionColumn) return Constant(arrow::Int64Scalar(values.partition), rows);
  if (lower == kTopicColumn) return Constant(arrow::StringScalar(values.origin), rows);
  if (lower == kKeyColumn) return Constant(arrow::StringScalar(), rows);
  if (lower == kHeadersColumn) return EmptyLists(SystemColumnType(kHeadersColumn)->ToArrow(), rows);
  if (lower == kOffsetColumn) {
    arrow::Int64Builder builder;
    VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(rows));
    for (int64_t row = 0; row < rows; ++row) builder.UnsafeAppend(values.first_offset + row);
    VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
    return array;
  }
  return Status::User("E2102", fmt::format("{} has no column '{}'.", values.origin, name));
}

}  // namespace velo
