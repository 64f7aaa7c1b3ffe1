#include "engine/types/json_values.h"

#include <arrow/builder.h>

#include <nlohmann/json.hpp>

#include "engine/types/arrow_status.h"
#include "engine/types/decimal.h"
#include "engine/types/time_text.h"

namespace velo {
namespace {

using Json = nlohmann::ordered_json;

Result<bool> AppendValue(const Json& value, const SqlType& type, arrow::ArrayBuilder* builder);

// Appends the value, or NULL where its shape does not fit.
Status AppendOrNull(const Json& value, const SqlType& type, arrow::ArrayBuilder* builder) {
  VELO_ASSIGN_OR_RETURN(const bool fits, AppendValue(value, type, builder));
  if (!fits) VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
  return Status::OK();
}

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

std::optional<Int128> DecimalOf(const Json& value, int scale) {
  if (!value.is_number() && !value.is_string()) return std::nullopt;
  const auto parsed = ParseDecimal(ScalarText(value));
  return parsed ? Rescale(parsed->unscaled, parsed->scale, scale) : std::nullopt;
}

std::optional<int64_t> TemporalOf(const Json& value, TypeKind kind) {
  if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if (kind == TypeKind::kInterval) return number;
    return kind == TypeKind::kTimestamp ? std::optional<int64_t>(EpochToMicros(number)) : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  switch (kind) {
    case TypeKind::kDate:
      return ParseDate(text);
    case TypeKind::kTime:
      return ParseTimeOfDay(text);
    case TypeKind::kInterval:
      return ParseInterval(text);
    default:
      return ParseTimestamp(text);
  }
}

Status AppendStruct(const Json& value, const SqlType& type, arrow::StructBuilder* builder) {
  VELO_RETURN_IF_ARROW_ERROR(builder->Append());
  for (size_t i = 0; i < type.children().size(); ++i) {
    const StructField& field = type.children()[i];
    const auto found = value.find(field.name);
    static const Json kMissing;
    const Json& child = found == value.end() ? kMissing : *found;
    VELO_RETURN_IF_ERROR(AppendOrNull(child, field.type, builder->field_builder(static_cast<int>(i))));
  }
  return Status::OK();
}

template <typename Builder, typename Value>
Result<bool> AppendTo(arrow::ArrayBuilder* builder, const std::optional<Value>& value) {
  if (!value) return false;
  VELO_RETURN_IF_ARROW_ERROR(static_cast<Builder*>(builder)->Append(*value));
  return true;
}

Result<bool> AppendScalar(const Json& value, const SqlType& type, arrow::ArrayBuilder* builder) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return AppendTo<arrow::BooleanBuilder>(
          builder, value.is_boolean() ? std::optional<bool>(value.get<bool>()) : std::nullopt);
    case TypeKind::kInteger: {
      std::optional<int64_t> number;
      if (value.is_number_integer()) number = value.get<int64_t>();
      if (value.is_string()) number = ParseInteger(TrimText(value.get<std::string>()));
      return AppendTo<arrow::Int64Builder>(builder, number);
    }
    case TypeKind::kFloat: {
      std::optional<double> number;
      if (value.is_number()) number = value.get<double>();
      if (value.is_string()) number = ParseFloat(TrimText(value.get<std::string>()));
      return AppendTo<arrow::DoubleBuilder>(builder, number);
    }
    case TypeKind::kDecimal: {
      const auto unscaled = DecimalOf(value, type.scale());
      if (!unscaled) return false;
      arrow::Decimal128 decimal(static_cast<int64_t>(*unscaled >> 64), static_cast<uint64_t>(*unscaled));
      VELO_RETURN_IF_ARROW_ERROR(static_cast<arrow::Decimal128Builder*>(builder)->Append(decimal));
      return true;
    }
    case TypeKind::kDate: {
      const auto days = TemporalOf(value, type.kind());
      return AppendTo<arrow::Date32Builder>(builder,
                                            days ? std::optional<int32_t>(static_cast<int32_t>(*days)) : std::nullopt);
    }
    case TypeKind::kTime:
      return AppendTo<arrow::Time64Builder>(builder, TemporalOf(value, type.kind()));
    case TypeKind::kTimestamp:
      return AppendTo<arrow::TimestampBuilder>(builder, TemporalOf(value, type.kind()));
    case TypeKind::kInterval:
      return AppendTo<arrow::DurationBuilder>(builder, TemporalOf(value, type.kind()));
    case TypeKind::kBytes:
      return AppendTo<arrow::BinaryBuilder>(builder, std::optional<std::string>(ScalarText(value)));
    case TypeKind::kNull:
      VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
      return true;
    default:
      return AppendTo<arrow::StringBuilder>(builder, std::optional<std::string>(ScalarText(value)));
  }
}

Result<bool> AppendValue(const Json& value, const SqlType& type, arrow::ArrayBuilder* builder) {
  if (value.is_null()) {
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
    return true;
  }
  if (type.kind() == TypeKind::kArray) {
    if (!value.is_array()) return false;
    auto* list = static_cast<arrow::ListBuilder*>(builder);
    VELO_RETURN_IF_ARROW_ERROR(list->Append());
    for (const Json& item : value) {
      VELO_RETURN_IF_ERROR(AppendOrNull(item, type.children()[0].type, list->value_builder()));
    }
    return true;
  }
  if (type.kind() == TypeKind::kMap) {
    if (!value.is_object()) return false;
    auto* map = static_cast<arrow::MapBuilder*>(builder);
    VELO_RETURN_IF_ARROW_ERROR(map->Append());
    for (const auto& [key, item] : value.items()) {
      VELO_RETURN_IF_ERROR(AppendOrNull(Json(key), type.children()[0].type, map->key_builder()));
      VELO_RETURN_IF_ERROR(AppendOrNull(item, type.children()[1].type, map->item_builder()));
    }
    return true;
  }
  if (type.kind() == TypeKind::kStruct) {
    if (!value.is_object()) return false;
    VELO_RETURN_IF_ERROR(AppendStruct(value, type, static_cast<arrow::StructBuilder*>(builder)));
    return true;
  }
  return AppendScalar(value, type, builder);
}

}  // namespace

Result<bool> AppendJsonTextAs(std::string_view text, const SqlType& type, arrow::ArrayBuilder* builder) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return false;
  return AppendValue(value, type, builder);
}

}  // namespace velo
