#include "engine/formats/csv_columns.h"

#include "engine/formats/csv_types.h"
#include "engine/formats/digits.h"
#include "engine/formats/iso_time.h"
#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"

namespace velo::formats {
namespace {

/// Validity bits that are made only when a NULL turns up.
class NullTracker {
 public:
  explicit NullTracker(size_t rows) : rows_(rows) {}

  Status SetNull(size_t row) {
    if (bits_ == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(bits_, arrow::AllocateBuffer(static_cast<int64_t>((rows_ + 7) / 8)));
      std::memset(bits_->mutable_data(), 0xff, bits_->size());
    }
    bits_->mutable_data()[row / 8] &= static_cast<uint8_t>(~(1u << (row % 8)));
    ++nulls_;
    return Status::OK();
  }
  std::shared_ptr<arrow::Buffer> bits() const { return bits_; }
  int64_t nulls() const { return nulls_; }

 private:
  size_t rows_;
  std::shared_ptr<arrow::Buffer> bits_;
  int64_t nulls_ = 0;
};

bool IsNullValue(std::string_view value, const CsvDialect& dialect) {
  if (value.empty()) return true;
  for (const std::string& null : dialect.null_values) {
    if (value == null) return true;
  }
  return false;
}

/// Converts cells to values of a fixed width with `read(text, &value)`; `read_plain` is asked first and knows what most
/// cells look like.
template <typename Value, typename ReadPlain, typename Read>
Result<std::shared_ptr<arrow::Array>> ConvertFixed(const CsvRows& rows, std::span<const uint32_t> selected,
                                                   uint32_t column, const CsvDialect& dialect,
                                                   const std::shared_ptr<arrow::DataType>& type, ReadPlain read_plain,
                                                   Read read, std::vector<CellMisfit>* misfits) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> buffer,
                              arrow::AllocateBuffer(static_cast<int64_t>(selected.size() * sizeof(Value))));
  auto* values = reinterpret_cast<Value*>(buffer->mutable_data());
  NullTracker nulls(selected.size());
  std::string unquoted;
  for (size_t i = 0; i < selected.size(); ++i) {
    const std::string_view cell = rows.cell(selected[i], column);
    if (read_plain(cell, &values[i])) [[likely]]
      continue;
    if (read(cell, &values[i])) continue;
    // Not a plain value: quoted, NULL or of another type.
    values[i] = Value{};
    const std::string_view value = CsvCellValue(cell, dialect, &unquoted);
    if (IsNullValue(value, dialect)) {
      VELO_RETURN_IF_ERROR(nulls.SetNull(i));
    } else if (!read(value, &values[i])) {
      misfits->push_back({i, std::string(value)});
    }
  }
  auto data = arrow::ArrayData::Make(type, static_cast<int64_t>(selected.size()), {nulls.bits(), std::move(buffer)},
                                     nulls.nulls());
  return arrow::MakeArray(std::move(data));
}

/// For values that have no plainer form.
template <typename Value, typename Read>
Result<std::shared_ptr<arrow::Array>> ConvertFixed(const CsvRows& rows, std::span<const uint32_t> selected,
                                                   uint32_t column, const CsvDialect& dialect,
                                                   const std::shared_ptr<arrow::DataType>& type, Read read,
                                                   std::vector<CellMisfit>* misfits) {
  const auto never = [](std::string_view, Value*) { return false; };
  return ConvertFixed<Value>(rows, selected, column, dialect, type, never, read, misfits);
}

Result<std::shared_ptr<arrow::Array>> ConvertBoolean(const CsvRows& rows, std::span<const uint32_t> selected,
                                                     uint32_t column, const CsvDialect& dialect,
                                                     std::vector<CellMisfit>* misfits) {
  arrow::BooleanBuilder builder;
  VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(static_cast<int64_t>(selected.size())));
  std::string unquoted;
  for (size_t i = 0; i < selected.size(); ++i) {
    const std::string_view value = CsvCellValue(rows.cell(selected[i], column), dialect, &unquoted);
    bool flag = false;
    if (IsNullValue(value, dialect)) {
      builder.UnsafeAppendNull();
      continue;
    }
    if (!ReadBoolean(value, &flag)) misfits->push_back({i, std::string(value)});
    builder.UnsafeAppend(flag);
  }
  VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
  return array;
}

/// Copies short texts in one step of fixed size. REQUIRES: 16 bytes may be read and written.
inline void CopyText(char* to, std::string_view text) {
  if (text.size() <= 16) {
    std::memcpy(to, text.data(), 16);
  } else {
    std::memcpy(to, text.data(), text.size());
  }
}

Result<std::shared_ptr<arrow::Array>> ConvertText(const CsvRows& rows, std::span<const uint32_t> selected,
                                                  uint32_t column, const CsvDialect& dialect) {
  const size_t count = selected.size();
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> offsets_buffer,
                              arrow::AllocateBuffer(static_cast<int64_t>((count + 1) * sizeof(int32_t))));
  auto* offsets = reinterpret_cast<int32_t*>(offsets_buffer->mutable_data());
  // Values are never longer than their cells; at most 64 MiB, as that is the limit of a block.
  size_t bytes = 0;
  for (uint32_t row : selected) bytes += rows.cell(row, column).size();
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> data_buffer,
                              arrow::AllocateResizableBuffer(static_cast<int64_t>(bytes + 16)));
  char* data = reinterpret_cast<char*>(data_buffer->mutable_data());
  NullTracker nulls(count);
  std::string unquoted;
  int32_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    offsets[i] = used;
    const std::string_view cell = rows.cell(selected[i], column);
    std::string_view value = cell;
    if (!cell.empty() && (cell.front() == dialect.quote || cell.front() == ' ')) {
      value = CsvCellValue(cell, dialect, &unquoted);
    }
    if (IsNullValue(value, dialect)) {
      VELO_RETURN_IF_ERROR(nulls.SetNull(i));
      continue;
    }
    if (value.data() == unquoted.data()) {
      std::memcpy(data + used, value.data(), value.size());
    } else {
      CopyText(data + used, value);
    }
    used += static_cast<int32_t>(value.size());
  }
  offsets[count] = used;
  auto array = arrow::ArrayData::Make(arrow::utf8(), static_cast<int64_t>(count),
                                      {nulls.bits(), std::move(offsets_buffer), std::move(data_buffer)}, nulls.nulls());
  return arrow::MakeArray(std::move(array));
}

/// Types that are only declared, never inferred, go through the casts of the dialect.
Result<std::shared_ptr<arrow::Array>> ConvertByCast(const CsvRows& rows, std::span<const uint32_t> selected,
                                                    uint32_t column, const CsvDialect& dialect, const SqlType& type,
                                                    std::vector<CellMisfit>* misfits) {
  VELO_ASSIGN_OR_RETURN(auto texts, ConvertText(rows, selected, column, dialect));
  VELO_ASSIGN_OR_RETURN(auto values, CastValues(*texts, TypeKind::kString, type, /*try_cast=*/true));
  for (int64_t row = 0; row < values->length(); ++row) {
    if (values->IsNull(row) && texts->IsValid(row)) {
      misfits->push_back({static_cast<size_t>(row), static_cast<const arrow::StringArray&>(*texts).GetString(row)});
    }
  }
  return values;
}

/// A declared TIMESTAMP may stand in any form that CAST reads; an inferred one is ISO.
Result<std::shared_ptr<arrow::Array>> ConvertTimestamps(const CsvRows& rows, std::span<const uint32_t> selected,
                                                        uint32_t column, const CsvDialect& dialect, const SqlType& type,
                                                        std::vector<CellMisfit>* misfits) {
  std::vector<CellMisfit> not_iso;
  IsoInstantReader reader;
  // Cells lie in the window of the file, which has room behind it.
  const auto usual = [&reader](std::string_view text, int64_t* value) { return reader.Read(text, value); };
  VELO_ASSIGN_OR_RETURN(auto values, ConvertFixed<int64_t>(rows, selected, column, dialect, type.ToArrow(), usual,
                                                           ReadIsoInstant, &not_iso));
  if (not_iso.empty()) return values;
  return ConvertByCast(rows, selected, column, dialect, type, misfits);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ConvertCsvColumn(const CsvRows& rows, std::span<const uint32_t> selected,
                                                       uint32_t column, const CsvDialect& dialect, const SqlType& type,
                                                       std::vector<CellMisfit>* misfits) {
  // Lambdas, so that they are inlined.
  const auto plain_integer = [](std::string_view text, int64_t* value) { return ReadPlainInteger(text, value); };
  const auto plain_float = [](std::string_view text, double* value) { return ReadPlainFloat(text, value); };
  switch (type.kind()) {
    case TypeKind::kInteger:
      return ConvertFixed<int64_t>(rows, selected, column, dialect, arrow::int64(), plain_integer, ReadInteger,
                                   misfits);
    case TypeKind::kFloat:
      return ConvertFixed<double>(rows, selected, column, dialect, arrow::float64(), plain_float, ReadFloat, misfits);
    case TypeKind::kDate:
      return ConvertFixed<int32_t>(rows, selected, column, dialect, arrow::date32(), ReadIsoDate, misfits);
    case TypeKind::kTimestamp:
      return ConvertTimestamps(rows, selected, column, dialect, type, misfits);
    case TypeKind::kBoolean:
      return ConvertBoolean(rows, selected, column, dialect, misfits);
    case TypeKind::kString:
    case TypeKind::kJson:
      return ConvertText(rows, selected, column, dialect);
    default:
      return ConvertByCast(rows, selected, column, dialect, type, misfits);
  }
}

}  // namespace velo::formats
