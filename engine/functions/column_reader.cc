#include "engine/functions/column_reader.h"

#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/util/bitmap_ops.h>

#include "engine/types/cast.h"

namespace velo {

Result<std::shared_ptr<arrow::Buffer>> CombinedValidity(std::initializer_list<const ColumnReader*> columns,
                                                        int64_t rows) {
  std::shared_ptr<arrow::Buffer> combined;
  for (const ColumnReader* column : columns) {
    if (!column->has_nulls()) continue;
    if (column->all_null() || (column->constant() && column->IsNull(0))) {
      VELO_ASSIGN_OR_RETURN_ARROW(combined, arrow::AllocateEmptyBitmap(rows));
      return combined;
    }
    if (column->constant()) continue;
    if (combined == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(combined, arrow::internal::CopyBitmap(arrow::default_memory_pool(),
                                                                        column->validity(), column->offset(), rows));
    } else {
      arrow::internal::BitmapAnd(combined->data(), 0, column->validity(), column->offset(), rows, 0,
                                 combined->mutable_data());
    }
  }
  return combined;
}

arrow::Datum FinishColumn(const KernelContext& context, std::shared_ptr<arrow::Buffer> validity,
                          std::shared_ptr<arrow::Buffer> values) {
  const int64_t nulls = validity == nullptr ? 0 : arrow::kUnknownNullCount;
  return arrow::ArrayData::Make(context.result.ToArrow(), context.rows, {std::move(validity), std::move(values)},
                                nulls);
}

Status InitialiseArrow() {
  static const arrow::Status status = arrow::compute::Initialize();
  return FromArrow(status);
}

Result<arrow::Datum> CallArrow(const std::string& function, const std::vector<arrow::Datum>& arguments,
                               std::string code) {
  VELO_RETURN_IF_ERROR(InitialiseArrow());
  auto result = arrow::compute::CallFunction(function, arguments);
  if (!result.ok()) return FromArrow(result.status(), std::move(code));
  return std::move(result).ValueUnsafe();
}

Result<arrow::Datum> CastDatum(const arrow::Datum& datum, const SqlType& from, const SqlType& to, bool try_cast) {
  if (datum.is_array()) {
    VELO_ASSIGN_OR_RETURN(auto array, CastValues(*datum.make_array(), from, to, try_cast));
    return arrow::Datum(std::move(array));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(auto one, arrow::MakeArrayFromScalar(*datum.scalar(), 1));
  VELO_ASSIGN_OR_RETURN(auto array, CastValues(*one, from, to, try_cast));
  VELO_ASSIGN_OR_RETURN_ARROW(auto scalar, array->GetScalar(0));
  return arrow::Datum(std::move(scalar));
}

}  // namespace velo
