#include "engine/types/value_text.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <cmath>

#include "engine/types/decimal.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

constexpr int64_t kLargestExactNumber = (int64_t{1} << 53) - 1;

template <typename ArrayType>
auto ValueAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).Value(row);
}

template <typename ArrayType>
std::string_view ViewAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).GetView(row);
}

std::optional<int64_t> IntegerAt(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT64:
      return ValueAt<arrow::Int64Array>(array, row);
    case arrow::Type::INT32:
      return ValueAt<arrow::Int32Array>(array, row);
    case arrow::Type::INT16:
      return ValueAt<arrow::Int16Array>(array, row);
    case arrow::Type::INT8:
      return ValueAt<arrow::Int8Array>(array, row);
    case arrow::Type::UINT32:
      return ValueAt<arrow::UInt32Array>(array, row);
    case arrow::Type::UINT16:
      return ValueAt<arrow::UInt16Array>(array, row);
    case arrow::Type::UINT8:
      return ValueAt<arrow::UInt8Array>(array, row);
    default:
      return std::nullopt;
  }
}

int64_t ToMicros(int64_t value, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return value * kMicrosPerSecond;
    case arrow::TimeUnit::MILLI:
      return value * 1000;
    case arrow::TimeUnit::MICRO:
      return value;
    case arrow::TimeUnit::NANO:
      return FloorDivide(value, 1000);
  }
  return value;
}

int64_t TimestampAt(const arrow::Array& array, int64_t row) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  return ToMicros(ValueAt<arrow::TimestampArray>(array, row), type.unit());
}

int64_t IntervalAt(const arrow::Array& array, int64_t row) {
  const auto& type = static_cast<const arrow::DurationType&>(*array.type());
  return FloorDivide(ToMicros(ValueAt<arrow::DurationArray>(array, row), type.unit()), 1000);
}

int64_t TimeOfDayAt(const arrow::Array& array, int64_t row) {
  if (array.type_id() == arrow::Type::TIME32) {
    const auto unit = static_cast<const arrow::Time32Type&>(*array.type()).unit();
    return ToMicros(ValueAt<arrow::Time32Array>(array, row), unit);
  }
  const auto unit = static_cast<const arrow::Time64Type&>(*array.type()).unit();
  return ToMicros(ValueAt<arrow::Time64Array>(array, row), unit);
}

void AppendDecimalAt(const arrow::Array& array, int64_t row, std::string* out) {
  Int128 value;
  std::memcpy(&value, static_cast<const arrow::Decimal128Array&>(array).GetValue(row), sizeof(value));
  AppendDecimal(value, static_cast<const arrow::Decimal128Type&>(*array.type()).scale(), out);
}

void AppendBase64(std::string_view bytes, std::string* out) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t block = 0;
    for (size_t k = 0; k < 3; ++k) block = block << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out->push_back(k <= count ? kDigits[block >> (18 - 6 * k) & 63] : '=');
  }
}

void AppendJsonList(const arrow::Array& values, int64_t from, int64_t to, JsonStyle style, std::string* out) {
  out->push_back('[');
  for (int64_t i = from; i < to; ++i) {
    if (i > from) out->push_back(',');
    AppendJson(values, i, style, out);
  }
  out->push_back(']');
}

void AppendJsonMap(const arrow::MapArray& map, int64_t row, JsonStyle style, std::string* out) {
  const arrow::Array& keys = *map.keys();
  const arrow::Array& items = *map.items();
  const bool text_keys = keys.type_id() == arrow::Type::STRING;
  out->push_back(text_keys ? '{' : '[');
  const int64_t from = map.value_offset(row);
  for (int64_t i = from; i < map.value_offset(row + 1); ++i) {
    if (i > from) out->push_back(',');
    if (!text_keys) out->push_back('[');
    AppendJson(keys, i, style, out);
    out->push_back(text_keys ? ':' : ',');
    AppendJson(items, i, style, out);
    if (!text_keys) out->push_back(']');
  }
  out->push_back(text_keys ? '}' : ']');
}

void AppendJsonStruct(const arrow::StructArray& structure, int64_t row, JsonStyle style, std::string* out) {
  out->push_back('{');
  for (int i = 0; i < structure.num_fields(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(structure.struct_type()->field(i)->name(), out);
    out->push_back(':');
    AppendJson(*structure.field(i), row, style, out);
  }
  out->push_back('}');
}

void AppendJsonFloat(double value, JsonStyle style, std::string* out) {
  if (std::isfinite(value)) {
    AppendFloat(value, out);
  } else if (style == JsonStyle::kExact) {
    out->push_back('"');
    AppendFloat(value, out);
    out->push_back('"');
  } else {
    out->append("null");
  }
}

// Values whose JSON is their text in quotes.
bool QuotedInJson(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::DECIMAL128:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
      return true;
    default:
      return false;
  }
}

double FloatAt(const arrow::Array& array, int64_t row) {
  return array.type_id() == arrow::Type::FLOAT ? ValueAt<arrow::FloatArray>(array, row)
                                               : ValueAt<arrow::DoubleArray>(array, row);
}

}  // namespace

void AppendText(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) {
    out->append("NULL");
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::STRING:
      out->append(ViewAt<arrow::StringArray>(array, row));
      return;
    case arrow::Type::LARGE_STRING:
      out->append(ViewAt<arrow::LargeStringArray>(array, row));
      return;
    case arrow::Type::BINARY:
      return AppendBase64(ViewAt<arrow::BinaryArray>(array, row), out);
    case arrow::Type::LARGE_BINARY:
      return AppendBase64(ViewAt<arrow::LargeBinaryArray>(array, row), out);
    case arrow::Type::FIXED_SIZE_BINARY:
      return AppendBase64(ViewAt<arrow::FixedSizeBinaryArray>(array, row), out);
    case arrow::Type::BOOL:
      out->append(ValueAt<arrow::BooleanArray>(array, row) ? "true" : "false");
      return;
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return AppendFloat(FloatAt(array, row), out);
    case arrow::Type::UINT64:
      fmt::format_to(std::back_inserter(*out), "{}", ValueAt<arrow::UInt64Array>(array, row));
      return;
    case arrow::Type::DECIMAL128:
      return AppendDecimalAt(array, row, out);
    case arrow::Type::DATE32:
      return AppendDate(ValueAt<arrow::Date32Array>(array, row), out);
    case arrow::Type::DATE64:
      return AppendDate(FloorDivide(ValueAt<arrow::Date64Array>(array, row), 86'400'000), out);
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return AppendTimeOfDay(TimeOfDayAt(array, row), out);
    case arrow::Type::TIMESTAMP:
      return AppendTimestamp(TimestampAt(array, row), InstantStyle::kSql, out);
    case arrow::Type::DURATION:
      return AppendInterval(IntervalAt(array, row), out);
    case arrow::Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      return AppendText(*encoded.dictionary(), encoded.GetValueIndex(row), out);
    }
    default:
      break;
  }
  if (const auto integer = IntegerAt(array, row)) {
    const fmt::format_int digits(*integer);
    out->append(digits.data(), digits.size());
  } else {
    AppendJson(array, row, JsonStyle::kDialect, out);
  }
}

void AppendJson(const arrow::Array& array, int64_t row, JsonStyle style, std::string* out) {
  if (array.IsNull(row)) {
    out->append("null");
    return;
  }
  if (QuotedInJson(array.type_id())) {
    out->push_back('"');
    AppendText(array, row, out);
    out->push_back('"');
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return AppendJsonString(ViewAt<arrow::StringArray>(array, row), out);
    case arrow::Type::LARGE_STRING:
      return AppendJsonString(ViewAt<arrow::LargeStringArray>(array, row), out);
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return AppendJsonFloat(FloatAt(array, row), style, out);
    case arrow::Type::TIMESTAMP:
      out->push_back('"');
      AppendTimestamp(TimestampAt(array, row), style == JsonStyle::kExact ? InstantStyle::kRfc3339 : InstantStyle::kSql,
                      out);
      out->push_back('"');
      return;
    case arrow::Type::DURATION:
      fmt::format_to(std::back_inserter(*out), "{}", IntervalAt(array, row));
      return;
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return AppendJsonList(*list.values(), list.value_offset(row), list.value_offset(row + 1), style, out);
    }
    case arrow::Type::LARGE_LIST: {
      const auto& list = static_cast<const arrow::LargeListArray&>(array);
      return AppendJsonList(*list.values(), list.value_offset(row), list.value_offset(row + 1), style, out);
    }
    case arrow::Type::MAP:
      return AppendJsonMap(static_cast<const arrow::MapArray&>(array), row, style, out);
    case arrow::Type::STRUCT:
      return AppendJsonStruct(static_cast<const arrow::StructArray&>(array), row, style, out);
    case arrow::Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      return AppendJson(*encoded.dictionary(), encoded.GetValueIndex(row), style, out);
    }
    case arrow::Type::BOOL:
      return AppendText(array, row, out);
    default:
      break;
  }
  const auto integer = IntegerAt(array, row);
  const bool beyond = !integer || *integer > kLargestExactNumber || *integer < -kLargestExactNumber;
  const bool known = integer || array.type_id() == arrow::Type::UINT64;
  if (!known) {
    out->append("null");
  } else if (style == JsonStyle::kExact && beyond) {
    out->push_back('"');
    AppendText(array, row, out);
    out->push_back('"');
  } else {
    AppendText(array, row, out);
  }
}

void AppendJsonRow(const arrow::RecordBatch& batch, int64_t row, JsonStyle style, std::string* out) {
  out->push_back('{');
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(batch.column_name(i), out);
    out->push_back(':');
    AppendJson(*batch.column(i), row, style, out);
  }
  out->push_back('}');
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        fmt::format_to(std::back_inserter(*out), "\\u{:04x}", c);
    }
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

}  // namespace velo
