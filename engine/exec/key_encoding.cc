#include "engine/exec/key_encoding.h"

#include <arrow/util/bit_util.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/types/arrow_status.h"
#include "engine/types/value_text.h"

namespace velo::exec {

namespace {

int64_t DoubleBits(double value) {
  if (value == 0) value = 0;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<int64_t>(value);
}

template <typename ArrayType>
void CopyIntegers(const arrow::Array& array, std::vector<int64_t>* out) {
  const auto* values = static_cast<const ArrayType&>(array).raw_values();
  for (int64_t i = 0; i < array.length(); ++i) (*out)[i] = values[i];
}

void ClearNulls(const arrow::Array& array, std::vector<int64_t>* out) {
  if (array.null_count() == 0) return;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) (*out)[i] = 0;
  }
}

template <typename T>
void AppendRaw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The bytes of one value that is neither NULL nor integer-like; self-delimiting.
void AppendValue(const arrow::Array& array, int64_t row, std::string* out) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const std::string_view text = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      AppendRaw(static_cast<uint32_t>(text.size()), out);
      *out += text;
      break;
    }
    case arrow::Type::DECIMAL128:
      out->append(reinterpret_cast<const char*>(static_cast<const arrow::Decimal128Array&>(array).GetValue(row)), 16);
      break;
    default: {
      std::string text;
      AppendJson(array, row, JsonStyle::kExact, &text);
      AppendRaw(static_cast<uint32_t>(text.size()), out);
      *out += text;
    }
  }
}

void AppendBigEndian(uint64_t bits, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(bits >> shift));
}

uint64_t OrderedBits(const arrow::Array& array, int64_t value) {
  constexpr uint64_t kSign = 1ULL << 63;
  const auto bits = static_cast<uint64_t>(value);
  if (array.type_id() != arrow::Type::DOUBLE) return bits ^ kSign;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

void AppendOrdered(const arrow::Array& array, int64_t row, std::string* out) {
  switch (array.type_id()) {
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(array).GetValue(row));
      AppendBigEndian(static_cast<uint64_t>(value.high_bits()) ^ (1ULL << 63), out);
      AppendBigEndian(value.low_bits(), out);
      break;
    }
    default: {
      std::string nested;
      std::string_view text;
      if (array.type_id() == arrow::Type::STRING || array.type_id() == arrow::Type::BINARY) {
        text = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      } else {
        AppendText(array, row, &nested);
        text = nested;
      }
      // A zero byte is escaped so that the end mark 00 00 sorts below any continuation.
      for (char c : text) {
        out->push_back(c);
        if (c == '\0') out->push_back('\xff');
      }
      out->append(2, '\0');
    }
  }
}

}  // namespace

bool IsIntegerLike(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::BOOL:
    case arrow::Type::DATE32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      return true;
    default:
      return false;
  }
}

void ToIntegers(const arrow::Array& array, std::vector<int64_t>* out) {
  out->resize(static_cast<size_t>(array.length()));
  switch (array.type_id()) {
    case arrow::Type::INT64:
      CopyIntegers<arrow::Int64Array>(array, out);
      break;
    case arrow::Type::DATE32:
      CopyIntegers<arrow::Date32Array>(array, out);
      break;
    case arrow::Type::TIME64:
      CopyIntegers<arrow::Time64Array>(array, out);
      break;
    case arrow::Type::TIMESTAMP:
      CopyIntegers<arrow::TimestampArray>(array, out);
      break;
    case arrow::Type::DURATION:
      CopyIntegers<arrow::DurationArray>(array, out);
      break;
    case arrow::Type::DOUBLE: {
      const double* values = static_cast<const arrow::DoubleArray&>(array).raw_values();
      for (int64_t i = 0; i < array.length(); ++i) (*out)[i] = DoubleBits(values[i]);
      break;
    }
    case arrow::Type::BOOL: {
      const auto& values = static_cast<const arrow::BooleanArray&>(array);
      for (int64_t i = 0; i < array.length(); ++i) (*out)[i] = values.Value(i) ? 1 : 0;
      break;
    }
    default:
      VELO_CHECK(false);
  }
  ClearNulls(array, out);
}

Result<std::shared_ptr<arrow::Array>> FromIntegers(const std::shared_ptr<arrow::DataType>& type,
                                                   std::span<const int64_t> integers, std::span<const size_t> nulls) {
  const auto rows = static_cast<int64_t>(integers.size());
  const int64_t bits_wide = static_cast<const arrow::FixedWidthType&>(*type).bit_width();
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> values,
                              arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows * bits_wide)));
  uint8_t* bytes = values->mutable_data();
  if (bits_wide == 64) {
    std::copy(integers.begin(), integers.end(), reinterpret_cast<int64_t*>(bytes));
  } else if (bits_wide == 32) {
    std::copy(integers.begin(), integers.end(), reinterpret_cast<int32_t*>(bytes));
  } else {
    for (int64_t i = 0; i < rows; ++i) arrow::bit_util::SetBitTo(bytes, i, integers[static_cast<size_t>(i)] != 0);
  }
  std::shared_ptr<arrow::Buffer> valid;
  if (!nulls.empty()) {
    VELO_ASSIGN_OR_RETURN_ARROW(valid, arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows)));
    std::memset(valid->mutable_data(), 0xff, static_cast<size_t>(valid->size()));
    for (const size_t row : nulls) arrow::bit_util::ClearBit(valid->mutable_data(), static_cast<int64_t>(row));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {valid, values}, static_cast<int64_t>(nulls.size())));
}

const int64_t* IntegersOf(const arrow::Array& array, std::vector<int64_t>* scratch) {
  if (array.type_id() == arrow::Type::INT64 && array.null_count() == 0) {
    return static_cast<const arrow::Int64Array&>(array).raw_values();
  }
  ToIntegers(array, scratch);
  return scratch->data();
}

void PackRows(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::string* bytes,
              std::vector<int64_t>* ends) {
  bytes->clear();
  ends->resize(static_cast<size_t>(rows));
  std::vector<std::vector<int64_t>> integers(columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    if (IsIntegerLike(*columns[c]->type())) ToIntegers(*columns[c], &integers[c]);
  }
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t c = 0; c < columns.size(); ++c) {
      const bool null = columns[c]->IsNull(row);
      bytes->push_back(null ? 0 : 1);
      if (null) continue;
      if (!integers[c].empty()) {
        AppendRaw(integers[c][row], bytes);
      } else {
        AppendValue(*columns[c], row, bytes);
      }
    }
    (*ends)[row] = static_cast<int64_t>(bytes->size());
  }
}

void EncodeOrder(std::span<const OrderPart> parts, int64_t rows, std::vector<std::string>* keys) {
  keys->assign(static_cast<size_t>(rows), std::string());
  std::vector<int64_t> integers;
  for (const OrderPart& part : parts) {
    const arrow::Array& values = *part.values;
    const bool integer_like = IsIntegerLike(*values.type());
    if (integer_like) ToIntegers(values, &integers);
    for (int64_t row = 0; row < rows; ++row) {
      std::string& key = (*keys)[row];
      if (values.IsNull(row)) {
        key.push_back(part.nulls_first ? 0 : 2);
        continue;
      }
      key.push_back(1);
      const size_t start = key.size();
      if (integer_like) {
        AppendBigEndian(OrderedBits(values, integers[row]), &key);
      } else {
        AppendOrdered(values, row, &key);
      }
      if (part.descending) {
        for (size_t i = start; i < key.size(); ++i) key[i] = static_cast<char>(~key[i]);
      }
    }
  }
}

}  // namespace velo::exec
