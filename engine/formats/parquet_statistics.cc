#include "engine/formats/parquet_statistics.h"

#include <arrow/scalar.h>
#include <parquet/schema.h>
#include <parquet/types.h>

namespace velo::formats {
namespace {

/// Compares one predicate with the smallest and largest value of a column. Unknown comparisons keep the group.
template <typename Value>
bool CanMatch(ColumnPredicate::Op op, const Value& wanted, const Value& low, const Value& high) {
  switch (op) {
    case ColumnPredicate::Op::kEqual:
      return !(wanted < low) && !(high < wanted);
    case ColumnPredicate::Op::kLess:
      return low < wanted;
    case ColumnPredicate::Op::kLessEqual:
      return !(wanted < low);
    case ColumnPredicate::Op::kGreater:
      return wanted < high;
    case ColumnPredicate::Op::kGreaterEqual:
      return !(high < wanted);
  }
  return true;
}

}  // namespace

bool GroupCanMatch(const ColumnPredicate& predicate, const parquet::Statistics& statistics) {
  if (!statistics.HasMinMax() || predicate.value == nullptr || !predicate.value->is_valid) return true;
  const arrow::Scalar& value = *predicate.value;
  switch (statistics.physical_type()) {
    case parquet::Type::INT32: {
      const auto& typed = static_cast<const parquet::Int32Statistics&>(statistics);
      if (value.type->id() != arrow::Type::INT64 || statistics.descr()->logical_type()->is_decimal()) return true;
      return CanMatch<int64_t>(predicate.op, static_cast<const arrow::Int64Scalar&>(value).value, typed.min(),
                               typed.max());
    }
    case parquet::Type::INT64: {
      const auto& typed = static_cast<const parquet::Int64Statistics&>(statistics);
      if (value.type->id() != arrow::Type::INT64 || statistics.descr()->logical_type()->is_decimal() ||
          statistics.descr()->logical_type()->is_timestamp()) {
        return true;
      }
      return CanMatch<int64_t>(predicate.op, static_cast<const arrow::Int64Scalar&>(value).value, typed.min(),
                               typed.max());
    }
    case parquet::Type::DOUBLE: {
      const auto& typed = static_cast<const parquet::DoubleStatistics&>(statistics);
      if (value.type->id() != arrow::Type::DOUBLE) return true;
      return CanMatch<double>(predicate.op, static_cast<const arrow::DoubleScalar&>(value).value, typed.min(),
                              typed.max());
    }
    case parquet::Type::BYTE_ARRAY: {
      const auto& typed = static_cast<const parquet::ByteArrayStatistics&>(statistics);
      if (value.type->id() != arrow::Type::STRING || !statistics.descr()->logical_type()->is_string()) return true;
      const auto& text = static_cast<const arrow::StringScalar&>(value);
      auto view = [](const parquet::ByteArray& bytes) {
        return std::string_view(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
      };
      return CanMatch<std::string_view>(predicate.op, text.view(), view(typed.min()), view(typed.max()));
    }
    default:
      return true;
  }
}

namespace {

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

int64_t LowestMillis(const parquet::Statistics* statistics, int64_t rows) {
  if (statistics == nullptr) return kBeginOfTime;
  if (!statistics->HasMinMax()) {
    return statistics->HasNullCount() && statistics->null_count() == rows ? kEndOfTime : kBeginOfTime;
  }
  const parquet::LogicalType& type = *statistics->descr()->logical_type();
  const bool is_plain =
      type.is_none() || (type.is_int() && static_cast<const parquet::IntLogicalType&>(type).is_signed());
  if (statistics->physical_type() == parquet::Type::INT32 && is_plain) {
    return static_cast<const parquet::Int32Statistics&>(*statistics).min();
  }
  if (statistics->physical_type() != parquet::Type::INT64) return kBeginOfTime;
  const int64_t lowest = static_cast<const parquet::Int64Statistics&>(*statistics).min();
  if (is_plain) return lowest;
  if (!type.is_timestamp()) return kBeginOfTime;
  switch (static_cast<const parquet::TimestampLogicalType&>(type).time_unit()) {
    case parquet::LogicalType::TimeUnit::MILLIS:
      return lowest;
    case parquet::LogicalType::TimeUnit::MICROS:
      return FloorDivide(lowest, 1000);
    case parquet::LogicalType::TimeUnit::NANOS:
      return FloorDivide(lowest, 1'000'000);
    default:
      return kBeginOfTime;
  }
}

}  // namespace velo::formats
