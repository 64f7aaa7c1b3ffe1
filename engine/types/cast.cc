#include "engine/types/cast.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <cmath>

#include "engine/types/arrow_status.h"
#include "engine/types/decimal.h"
#include "engine/types/json_values.h"
#include "engine/types/time_text.h"
#include "engine/types/timestamp_reader.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

bool IsText(TypeKind kind) { return kind == TypeKind::kString || kind == TypeKind::kJson || kind == TypeKind::kAny; }

Status CastFailed(const arrow::Array& input, int64_t row, const SqlType& to) {
  std::string value;
  AppendText(input, row, &value);
  if (value.size() > 60) {
    value.resize(57);
    value.append("...");
  }
  return Status::User("E4002", fmt::format("cannot cast '{}' to {}", value, to.ToString()),
                      "TRY_CAST gives NULL instead of an error.");
}

// Fills a column of fixed width: `convert(row)` gives the value or nothing.
template <typename Value, typename Convert>
Result<ArrayPtr> Fill(const arrow::Array& input, const SqlType& to, bool try_cast, Convert convert) {
  const int64_t rows = input.length();
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> values,
                              arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(Value))));
  auto* out = reinterpret_cast<Value*>(values->mutable_data());
  std::shared_ptr<arrow::Buffer> validity;  // Made when the first NULL comes.
  const bool has_nulls = input.null_count() > 0;
  int64_t nulls = 0;
  for (int64_t row = 0; row < rows; ++row) {
    std::optional<Value> value;
    if (!has_nulls || input.IsValid(row)) {
      value = convert(row);
      if (!value && !try_cast) return CastFailed(input, row, to);
    }
    if (value) [[likely]] {
      out[row] = *value;
      continue;
    }
    out[row] = Value{};
    if (nulls++ == 0) {
      VELO_ASSIGN_OR_RETURN_ARROW(validity, arrow::AllocateEmptyBitmap(rows));
      arrow::bit_util::SetBitmap(validity->mutable_data(), 0, rows);
    }
    arrow::bit_util::ClearBit(validity->mutable_data(), row);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(to.ToArrow(), rows, {validity, values}, nulls));
}

template <typename Convert>
Result<ArrayPtr> FillBooleans(const arrow::Array& input, const SqlType& to, bool try_cast, Convert convert) {
  arrow::BooleanBuilder builder;
  VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(input.length()));
  for (int64_t row = 0; row < input.length(); ++row) {
    std::optional<bool> value;
    if (input.IsValid(row)) {
      value = convert(row);
      if (!value && !try_cast) return CastFailed(input, row, to);
    }
    value ? builder.UnsafeAppend(*value) : builder.UnsafeAppendNull();
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, builder.Finish());
  return array;
}

std::string_view TextAt(const arrow::Array& input, int64_t row) {
  return static_cast<const arrow::StringArray&>(input).GetView(row);
}
template <typename Value>
const Value* RawValues(const arrow::Array& input) {
  return input.data()->GetValues<Value>(1);
}
const Int128* RawDecimals(const arrow::Array& input) { return RawValues<Int128>(input); }
int DecimalScale(const arrow::Array& input) { return static_cast<const arrow::Decimal128Type&>(*input.type()).scale(); }

std::optional<int64_t> WholeNumber(Int128 value) {
  if (value > INT64_MAX || value < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<int64_t> TruncatedFloat(double value) {
  // 2^63 itself is the first double that does not fit.
  if (!(value < 9223372036854775808.0 && value >= -9223372036854775808.0)) return std::nullopt;
  return static_cast<int64_t>(value);
}

// "12" or "12.000": a fraction must be nothing but zeros.
std::optional<int64_t> IntegerFromText(std::string_view text) {
  text = TrimText(text);
  const size_t point = text.find('.');
  if (point != std::string_view::npos) {
    if (text.find_first_not_of('0', point + 1) != std::string_view::npos) return std::nullopt;
    text = text.substr(0, point);
  }
  return ParseInteger(text);
}

std::optional<bool> BooleanFromText(std::string_view text) {
  std::string word;
  for (const char c : TrimText(text)) word.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  for (const std::string_view yes : {"TRUE", "T", "YES", "Y", "1", "ON"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"FALSE", "F", "NO", "N", "0", "OFF"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> TimestampFromText(std::string_view text, TimestampReader* reader) {
  if (const auto micros = reader->Read(text)) return micros;
  const auto number = ParseInteger(TrimText(text));
  return number ? std::optional<int64_t>(EpochToMicros(*number)) : std::nullopt;
}

Result<ArrayPtr> ToInteger(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<int64_t>;
  switch (from.kind()) {
    case TypeKind::kFloat: {
      const double* values = RawValues<double>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return TruncatedFloat(values[row]); });
    }
    case TypeKind::kDecimal: {
      const Int128* values = RawDecimals(input);
      const Int128 unit = PowerOfTen(DecimalScale(input));
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return WholeNumber(values[row] / unit); });
    }
    case TypeKind::kBoolean: {
      const auto& flags = static_cast<const arrow::BooleanArray&>(input);
      return Fill<int64_t>(input, to, try_cast, [&](int64_t row) { return Value(flags.Value(row) ? 1 : 0); });
    }
    case TypeKind::kTimestamp: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return Value(FloorDivide(values[row], 1000)); });
    }
    case TypeKind::kInteger:
    case TypeKind::kInterval: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return Value(values[row]); });
    }
    default:
      return Fill<int64_t>(input, to, try_cast, [&](int64_t row) { return IntegerFromText(TextAt(input, row)); });
  }
}

Result<ArrayPtr> ToFloat(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<double>;
  switch (from.kind()) {
    case TypeKind::kDecimal: {
      const Int128* values = RawDecimals(input);
      const int scale = DecimalScale(input);
      return Fill<double>(input, to, try_cast, [=](int64_t row) { return Value(DecimalToDouble(values[row], scale)); });
    }
    case TypeKind::kBoolean: {
      const auto& flags = static_cast<const arrow::BooleanArray&>(input);
      return Fill<double>(input, to, try_cast, [&](int64_t row) { return Value(flags.Value(row) ? 1 : 0); });
    }
    case TypeKind::kTimestamp: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<double>(input, to, try_cast,
                          [=](int64_t row) { return Value(static_cast<double>(values[row]) / 1000.0); });
    }
    case TypeKind::kInteger:
    case TypeKind::kInterval: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<double>(input, to, try_cast, [=](int64_t row) { return Value(static_cast<double>(values[row])); });
    }
    default:
      return Fill<double>(input, to, try_cast, [&](int64_t row) { return ParseFloat(TrimText(TextAt(input, row))); });
  }
}

Result<ArrayPtr> ToDecimal(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  const int scale = to.scale();
  const int precision = to.precision();
  const auto fit = [=](std::optional<Int128> value) {
    return value && FitsPrecision(*value, precision) ? value : std::nullopt;
  };
  switch (from.kind()) {
    case TypeKind::kInteger: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<Int128>(input, to, try_cast, [=](int64_t row) { return fit(Rescale(values[row], 0, scale)); });
    }
    case TypeKind::kFloat: {
      const double* values = RawValues<double>(input);
      return Fill<Int128>(input, to, try_cast, [=](int64_t row) { return fit(DoubleToDecimal(values[row], scale)); });
    }
    case TypeKind::kDecimal: {
      const Int128* values = RawDecimals(input);
      const int old_scale = DecimalScale(input);
      return Fill<Int128>(input, to, try_cast,
                          [=](int64_t row) { return fit(Rescale(values[row], old_scale, scale)); });
    }
    case TypeKind::kBoolean: {
      const auto& flags = static_cast<const arrow::BooleanArray&>(input);
      return Fill<Int128>(input, to, try_cast,
                          [&](int64_t row) { return fit(Rescale(flags.Value(row) ? 1 : 0, 0, scale)); });
    }
    default:
      return Fill<Int128>(input, to, try_cast, [&](int64_t row) {
        const auto parsed = ParseDecimal(TrimText(TextAt(input, row)));
        return parsed ? fit(Rescale(parsed->unscaled, parsed->scale, scale)) : std::nullopt;
      });
  }
}

Result<ArrayPtr> ToBoolean(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<bool>;
  switch (from.kind()) {
    case TypeKind::kInteger: {
      const int64_t* values = RawValues<int64_t>(input);
      return FillBooleans(input, to, try_cast, [=](int64_t row) { return Value(values[row] != 0); });
    }
    case TypeKind::kFloat: {
      const double* values = RawValues<double>(input);
      return FillBooleans(input, to, try_cast, [=](int64_t row) { return Value(values[row] != 0); });
    }
    case TypeKind::kDecimal: {
      const Int128* values = RawDecimals(input);
      return FillBooleans(input, to, try_cast, [=](int64_t row) { return Value(values[row] != 0); });
    }
    default:
      return FillBooleans(input, to, try_cast, [&](int64_t row) { return BooleanFromText(TextAt(input, row)); });
  }
}

Result<ArrayPtr> ToDate(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<int32_t>;
  if (from.kind() == TypeKind::kTimestamp) {
    const int64_t* values = RawValues<int64_t>(input);
    return Fill<int32_t>(input, to, try_cast, [=](int64_t row) {
      return Value(static_cast<int32_t>(FloorDivide(values[row], kMicrosPerDay)));
    });
  }
  return Fill<int32_t>(input, to, try_cast, [&](int64_t row) {
    auto days = ParseDate(TextAt(input, row));
    if (!days) {
      const auto micros = ParseTimestamp(TextAt(input, row));
      if (micros) days = FloorDivide(*micros, kMicrosPerDay);
    }
    return days ? Value(static_cast<int32_t>(*days)) : std::nullopt;
  });
}

Result<ArrayPtr> ToTimestamp(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<int64_t>;
  switch (from.kind()) {
    case TypeKind::kInteger: {
      const int64_t* values = RawValues<int64_t>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return Value(EpochToMicros(values[row])); });
    }
    case TypeKind::kFloat: {
      const double* values = RawValues<double>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) {
        const auto number = TruncatedFloat(std::round(values[row]));
        return number ? Value(EpochToMicros(*number)) : std::nullopt;
      });
    }
    case TypeKind::kDecimal: {
      const Int128* values = RawDecimals(input);
      const int scale = DecimalScale(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) {
        const auto micros = Rescale(values[row], scale, 6);
        return micros ? WholeNumber(*micros) : std::nullopt;
      });
    }
    case TypeKind::kDate: {
      const int32_t* values = RawValues<int32_t>(input);
      return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return Value(values[row] * kMicrosPerDay); });
    }
    default: {
      TimestampReader reader;
      return Fill<int64_t>(input, to, try_cast,
                           [&](int64_t row) { return TimestampFromText(TextAt(input, row), &reader); });
    }
  }
}

Result<ArrayPtr> ToTimeOrInterval(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  using Value = std::optional<int64_t>;
  if (from.kind() == TypeKind::kInteger) {
    const int64_t* values = RawValues<int64_t>(input);
    return Fill<int64_t>(input, to, try_cast, [=](int64_t row) { return Value(values[row]); });
  }
  if (from.kind() == TypeKind::kTimestamp) {
    const int64_t* values = RawValues<int64_t>(input);
    return Fill<int64_t>(input, to, try_cast, [=](int64_t row) {
      return Value(values[row] - FloorDivide(values[row], kMicrosPerDay) * kMicrosPerDay);
    });
  }
  const bool time = to.kind() == TypeKind::kTime;
  return Fill<int64_t>(input, to, try_cast, [&](int64_t row) {
    return time ? ParseTimeOfDay(TextAt(input, row)) : ParseInterval(TextAt(input, row));
  });
}

Result<ArrayPtr> ToText(const arrow::Array& input) {
  arrow::StringBuilder builder;
  VELO_RETURN_IF_ARROW_ERROR(builder.Reserve(input.length()));
  std::string text;
  for (int64_t row = 0; row < input.length(); ++row) {
    if (input.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    text.clear();
    AppendText(input, row, &text);
    VELO_RETURN_IF_ARROW_ERROR(builder.Append(text));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, builder.Finish());
  return array;
}

// Text and bytes have one layout.
Result<ArrayPtr> Relabel(const arrow::Array& input, const SqlType& to) {
  auto data = input.data()->Copy();
  data->type = to.ToArrow();
  return arrow::MakeArray(std::move(data));
}

Result<ArrayPtr> NestedFromText(const arrow::Array& input, const SqlType& to, bool try_cast) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::ArrayBuilder> builder, arrow::MakeBuilder(to.ToArrow()));
  for (int64_t row = 0; row < input.length(); ++row) {
    if (input.IsValid(row)) {
      VELO_ASSIGN_OR_RETURN(const bool fits, AppendJsonTextAs(TextAt(input, row), to, builder.get()));
      if (fits) continue;
      if (!try_cast) return CastFailed(input, row, to);
    }
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, builder->Finish());
  return array;
}

// Casts the children and keeps offsets and validity.
Result<ArrayPtr> CastChildren(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  // Starting at row 0 lets the offsets and the validity be taken over as they are.
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr plain, arrow::Concatenate({arrow::MakeArray(input.data())}));
  auto data = plain->data()->Copy();
  data->type = to.ToArrow();
  if (from.kind() == TypeKind::kMap) {
    const auto& map = static_cast<const arrow::MapArray&>(*plain);
    VELO_ASSIGN_OR_RETURN(ArrayPtr keys,
                          CastValues(*map.keys(), from.children()[0].type, to.children()[0].type, try_cast));
    VELO_ASSIGN_OR_RETURN(ArrayPtr items,
                          CastValues(*map.items(), from.children()[1].type, to.children()[1].type, try_cast));
    auto entries = data->child_data[0]->Copy();
    entries->type = data->type->field(0)->type();
    entries->child_data = {keys->data(), items->data()};
    data->child_data = {std::move(entries)};
    return arrow::MakeArray(std::move(data));
  }
  if (from.kind() == TypeKind::kArray) {
    const auto& list = static_cast<const arrow::ListArray&>(*plain);
    VELO_ASSIGN_OR_RETURN(ArrayPtr items,
                          CastValues(*list.values(), from.children()[0].type, to.children()[0].type, try_cast));
    data->child_data = {items->data()};
    return arrow::MakeArray(std::move(data));
  }
  const auto& structure = static_cast<const arrow::StructArray&>(*plain);
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (size_t i = 0; i < to.children().size(); ++i) {
    VELO_ASSIGN_OR_RETURN(ArrayPtr child, CastValues(*structure.field(static_cast<int>(i)), from.children()[i].type,
                                                     to.children()[i].type, try_cast));
    children.push_back(child->data());
  }
  data->child_data = std::move(children);
  return arrow::MakeArray(std::move(data));
}

// Brings other arrow encodings of a dialect type (int32, large_utf8, dictionary, timestamp[ns] ...) into its own.
Result<ArrayPtr> Normalised(const arrow::Array& input, const SqlType& from) {
  const auto wanted = from.ToArrow();
  if (input.type()->Equals(*wanted) || from.is_nested()) return arrow::MakeArray(input.data());
  if (input.type_id() == arrow::Type::DECIMAL128) return Relabel(input, from);
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array,
                              arrow::compute::Cast(input, wanted, arrow::compute::CastOptions::Unsafe()));
  return array;
}

}  // namespace

bool CanCast(const SqlType& from, const SqlType& to) {
  if (from == to || from.kind() == TypeKind::kNull || IsText(from.kind()) || IsText(to.kind())) return true;
  switch (to.kind()) {
    case TypeKind::kInteger:
    case TypeKind::kFloat:
      return from.is_numeric() || from.kind() == TypeKind::kBoolean || from.kind() == TypeKind::kTimestamp ||
             from.kind() == TypeKind::kInterval;
    case TypeKind::kDecimal:
      return from.is_numeric() || from.kind() == TypeKind::kBoolean;
    case TypeKind::kBoolean:
      return from.is_numeric();
    case TypeKind::kDate:
    case TypeKind::kTime:
      return from.kind() == TypeKind::kTimestamp;
    case TypeKind::kTimestamp:
      return from.is_numeric() || from.kind() == TypeKind::kDate;
    case TypeKind::kInterval:
      return from.kind() == TypeKind::kInteger;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct: {
      if (from.kind() != to.kind() || from.children().size() != to.children().size()) return false;
      for (size_t i = 0; i < to.children().size(); ++i) {
        if (!CanCast(from.children()[i].type, to.children()[i].type)) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

Result<ArrayPtr> CastValues(const arrow::Array& original, const SqlType& from, const SqlType& to, bool try_cast) {
  if (from.kind() == TypeKind::kNull || original.type_id() == arrow::Type::NA) {
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr nulls, arrow::MakeArrayOfNull(to.ToArrow(), original.length()));
    return nulls;
  }
  VELO_ASSIGN_OR_RETURN(ArrayPtr normalised, Normalised(original, from));
  const arrow::Array& input = *normalised;
  if (from == to) return normalised;
  switch (to.kind()) {
    case TypeKind::kInteger:
      return ToInteger(input, from, to, try_cast);
    case TypeKind::kFloat:
      return ToFloat(input, from, to, try_cast);
    case TypeKind::kDecimal:
      return ToDecimal(input, from, to, try_cast);
    case TypeKind::kBoolean:
      return ToBoolean(input, from, to, try_cast);
    case TypeKind::kDate:
      return ToDate(input, from, to, try_cast);
    case TypeKind::kTimestamp:
      return ToTimestamp(input, from, to, try_cast);
    case TypeKind::kTime:
    case TypeKind::kInterval:
      return ToTimeOrInterval(input, from, to, try_cast);
    case TypeKind::kAny:
    case TypeKind::kString:
    case TypeKind::kJson:
      return IsText(from.kind()) || from.kind() == TypeKind::kBytes ? Relabel(input, to) : ToText(input);
    case TypeKind::kBytes:
      return Relabel(input, to);
    case TypeKind::kNull:
      break;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct:
      return IsText(from.kind()) ? NestedFromText(input, to, try_cast) : CastChildren(input, from, to, try_cast);
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr nulls, arrow::MakeArrayOfNull(arrow::null(), input.length()));
  return nulls;
}

}  // namespace velo
