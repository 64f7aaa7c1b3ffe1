#include "engine/functions/aggregate/value_codec.h"

#include <cmath>
#include <limits>

#include "engine/types/json_values.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

// The first byte only tells a value from NULL.
constexpr char kValue = 1;

template <typename T>
void AppendBytes(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T, typename Builder>
Status AppendDecoded(std::string_view bytes, arrow::ArrayBuilder* builder) {
  T value;
  if (bytes.size() != sizeof(value)) return Status::Bug("a stored value has the wrong size");
  std::memcpy(&value, bytes.data(), sizeof(value));
  VELO_RETURN_IF_ARROW_ERROR(static_cast<Builder*>(builder)->Append(value));
  return Status::OK();
}

}  // namespace

void ValueCodec::Encode(const arrow::Array& column, int64_t row, std::string* out) const {
  if (column.IsNull(row)) return;
  out->push_back(kValue);
  switch (type_.kind()) {
    case TypeKind::kBoolean:
      out->push_back(static_cast<const arrow::BooleanArray&>(column).Value(row) ? 1 : 0);
      return;
    case TypeKind::kFloat: {
      double value = column.data()->GetValues<double>(1)[row];
      // -0 equals 0, and every NaN equals every other.
      if (value == 0) value = 0;
      if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
      return AppendBytes(value, out);
    }
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return AppendBytes(column.data()->GetValues<int64_t>(1)[row], out);
    case TypeKind::kDate:
      return AppendBytes(column.data()->GetValues<int32_t>(1)[row], out);
    case TypeKind::kDecimal:
      return AppendBytes(column.data()->GetValues<Int128>(1)[row], out);
    case TypeKind::kAny:
    case TypeKind::kString:
    case TypeKind::kJson:
    case TypeKind::kBytes:
      out->append(static_cast<const arrow::BinaryArray&>(column).GetView(row));
      return;
    case TypeKind::kNull:
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct:
      AppendJson(column, row, JsonStyle::kDialect, out);
  }
}

Status ValueCodec::Decode(std::string_view bytes, arrow::ArrayBuilder* builder) const {
  if (bytes.empty()) {
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
    return Status::OK();
  }
  bytes.remove_prefix(1);
  switch (type_.kind()) {
    case TypeKind::kBoolean:
      VELO_RETURN_IF_ARROW_ERROR(static_cast<arrow::BooleanBuilder*>(builder)->Append(bytes[0] != 0));
      return Status::OK();
    case TypeKind::kFloat:
      return AppendDecoded<double, arrow::DoubleBuilder>(bytes, builder);
    case TypeKind::kInteger:
      return AppendDecoded<int64_t, arrow::Int64Builder>(bytes, builder);
    case TypeKind::kTime:
      return AppendDecoded<int64_t, arrow::Time64Builder>(bytes, builder);
    case TypeKind::kTimestamp:
      return AppendDecoded<int64_t, arrow::TimestampBuilder>(bytes, builder);
    case TypeKind::kInterval:
      return AppendDecoded<int64_t, arrow::DurationBuilder>(bytes, builder);
    case TypeKind::kDate:
      return AppendDecoded<int32_t, arrow::Date32Builder>(bytes, builder);
    case TypeKind::kDecimal:
      return AppendDecoded<arrow::Decimal128, arrow::Decimal128Builder>(bytes, builder);
    case TypeKind::kAny:
    case TypeKind::kString:
    case TypeKind::kJson:
    case TypeKind::kBytes:
      VELO_RETURN_IF_ARROW_ERROR(static_cast<arrow::BinaryBuilder*>(builder)->Append(bytes));
      return Status::OK();
    default: {
      VELO_ASSIGN_OR_RETURN(const bool fits, AppendJsonTextAs(bytes, type_, builder));
      return fits ? Status::OK() : Status::Bug("a stored value cannot be read back");
    }
  }
}

}  // namespace velo
