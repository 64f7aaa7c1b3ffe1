#pragma once

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/datum.h>
#include <arrow/scalar.h>
#include <arrow/util/bit_util.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/functions/function.h"
#include "engine/types/arrow_status.h"
#include "engine/types/decimal.h"

namespace velo {

/// One argument of a kernel read by row; a constant answers every row with its value. Keeps the data alive.
class ColumnReader {
 public:
  explicit ColumnReader(const arrow::Datum& datum) {
    if (datum.is_scalar()) {
      // A constant is a column of one row whose index is always 0.
      array_ = arrow::MakeArrayFromScalar(*datum.scalar(), 1).ValueOrDie();
      mask_ = 0;
    } else {
      array_ = datum.make_array();
    }
    if (array_->null_count() > 0) validity_ = array_->null_bitmap_data();
    all_null_ = array_->type_id() == arrow::Type::NA;
    offset_ = array_->offset();
  }
  bool constant() const { return mask_ == 0; }
  bool has_nulls() const { return validity_ != nullptr || all_null_; }
  bool IsNull(int64_t row) const {
    return all_null_ || (validity_ != nullptr && !arrow::bit_util::GetBit(validity_, offset_ + (row & mask_)));
  }
  int64_t Index(int64_t row) const { return row & mask_; }
  const arrow::Array& array() const { return *array_; }
  /// Null when no row is null.
  const uint8_t* validity() const { return validity_; }
  int64_t offset() const { return offset_; }
  bool all_null() const { return all_null_; }

 protected:
  std::shared_ptr<arrow::Array> array_;
  const uint8_t* validity_ = nullptr;
  int64_t offset_ = 0;
  int64_t mask_ = -1;
  bool all_null_ = false;
};

/// Fixed-width values: int64_t (INTEGER, TIMESTAMP, TIME, INTERVAL), double, int32_t (DATE), Int128 (DECIMAL).
template <typename T>
class Values : public ColumnReader {
 public:
  explicit Values(const arrow::Datum& datum) : ColumnReader(datum), raw_(array_->data()->GetValues<T>(1)) {}
  T operator[](int64_t row) const { return raw_[row & mask_]; }
  const T* raw() const { return raw_; }

 private:
  const T* raw_;
};

template <>
class Values<bool> : public ColumnReader {
 public:
  explicit Values(const arrow::Datum& datum) : ColumnReader(datum), bits_(array_->data()->buffers[1]->data()) {}
  bool operator[](int64_t row) const { return arrow::bit_util::GetBit(bits_, offset_ + (row & mask_)); }

 private:
  const uint8_t* bits_;
};

/// STRING, JSON and BYTES.
template <>
class Values<std::string_view> : public ColumnReader {
 public:
  explicit Values(const arrow::Datum& datum)
      : ColumnReader(datum), strings_(static_cast<const arrow::BinaryArray*>(array_.get())) {}
  std::string_view operator[](int64_t row) const { return strings_->GetView(row & mask_); }

 private:
  const arrow::BinaryArray* strings_;
};

/// Validity of a result: a row is valid when it is valid in every argument. Null when no row is null.
Result<std::shared_ptr<arrow::Buffer>> CombinedValidity(std::initializer_list<const ColumnReader*> columns,
                                                        int64_t rows);
/// Wraps value and validity buffers as a column of the result type.
arrow::Datum FinishColumn(const KernelContext& context, std::shared_ptr<arrow::Buffer> validity,
                          std::shared_ptr<arrow::Buffer> values);

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

/// Computes a fixed-width column: `compute(row)` is asked for rows without NULL and returns Out or optional<Out>.
template <typename Out, typename Compute>
Result<arrow::Datum> MapFixed(const KernelContext& context, std::initializer_list<const ColumnReader*> columns,
                              Compute compute) {
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity(columns, context.rows));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> values,
                              arrow::AllocateBuffer(context.rows * static_cast<int64_t>(sizeof(Out))));
  Out* out = reinterpret_cast<Out*>(values->mutable_data());
  if constexpr (kIsOptional<decltype(compute(int64_t{0}))>) {
    if (validity == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(validity, arrow::AllocateBitmap(context.rows));
      std::memset(validity->mutable_data(), 0xff, static_cast<size_t>(validity->size()));
    }
    uint8_t* bits = validity->mutable_data();
    for (int64_t row = 0; row < context.rows; ++row) {
      out[row] = Out{};
      if (!arrow::bit_util::GetBit(bits, row)) continue;
      const auto value = compute(row);
      if (value) {
        out[row] = *value;
      } else {
        arrow::bit_util::ClearBit(bits, row);
      }
    }
  } else if (validity == nullptr) {
    for (int64_t row = 0; row < context.rows; ++row) out[row] = compute(row);
  } else {
    const uint8_t* bits = validity->data();
    for (int64_t row = 0; row < context.rows; ++row)
      out[row] = arrow::bit_util::GetBit(bits, row) ? compute(row) : Out{};
  }
  return FinishColumn(context, std::move(validity), std::move(values));
}

/// Same for BOOLEAN: `compute(row)` returns bool or optional<bool>.
template <typename Compute>
Result<arrow::Datum> MapBoolean(const KernelContext& context, std::initializer_list<const ColumnReader*> columns,
                                Compute compute) {
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity(columns, context.rows));
  arrow::BooleanBuilder builder;
  VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(context.rows));
  for (int64_t row = 0; row < context.rows; ++row) {
    std::optional<bool> value;
    if (validity == nullptr || arrow::bit_util::GetBit(validity->data(), row)) value = compute(row);
    value ? builder.UnsafeAppend(*value) : builder.UnsafeAppendNull();
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
  return arrow::Datum(std::move(array));
}

/// Same for STRING and JSON: `compute(row, &text)` fills the empty `text` and returns whether there is a value.
template <typename Compute>
Result<arrow::Datum> MapText(const KernelContext& context, std::initializer_list<const ColumnReader*> columns,
                             Compute compute) {
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity(columns, context.rows));
  arrow::StringBuilder builder;
  VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(context.rows));
  std::string text;
  for (int64_t row = 0; row < context.rows; ++row) {
    text.clear();
    if ((validity == nullptr || arrow::bit_util::GetBit(validity->data(), row)) && compute(row, &text)) {
      VELO_RETURN_IF_ARROW_ERROR(builder.Append(text));
    } else {
      VELO_RETURN_IF_ARROW_ERROR(builder.AppendNull());
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
  return arrow::Datum(std::move(array));
}

/// Loads Arrow's compute kernels, which live in a library of their own: 3 ms that most queries do without, so whoever
/// calls more than Take, Filter, Cast and DictionaryEncode directly has to ask for it. Cheap after the first call.
Status InitialiseArrow();
/// Calls an Arrow compute function; its failure becomes a user error with `code`, or a bug without one.
Result<arrow::Datum> CallArrow(const std::string& function, const std::vector<arrow::Datum>& arguments,
                               std::string code = "");
/// Casts an argument, array or constant, with NULL for what does not fit (or E4002).
Result<arrow::Datum> CastDatum(const arrow::Datum& datum, const SqlType& from, const SqlType& to, bool try_cast);

}  // namespace velo
