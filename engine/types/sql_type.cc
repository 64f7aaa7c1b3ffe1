#include "engine/types/sql_type.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

namespace velo {

SqlType SqlType::Decimal(int precision, int scale) {
  SqlType type(TypeKind::kDecimal);
  type.precision_ = static_cast<int8_t>(precision);
  type.scale_ = static_cast<int8_t>(scale);
  return type;
}

SqlType SqlType::Array(SqlType item) {
  SqlType type(TypeKind::kArray);
  type.children_ = std::make_shared<const std::vector<StructField>>(1, StructField{"item", std::move(item)});
  return type;
}

SqlType SqlType::Map(SqlType key, SqlType value) {
  SqlType type(TypeKind::kMap);
  std::vector<StructField> children = {{"key", std::move(key)}, {"value", std::move(value)}};
  type.children_ = std::make_shared<const std::vector<StructField>>(std::move(children));
  return type;
}

SqlType SqlType::Struct(std::vector<StructField> fields) {
  SqlType type(TypeKind::kStruct);
  type.children_ = std::make_shared<const std::vector<StructField>>(std::move(fields));
  return type;
}

const std::vector<StructField>& SqlType::children() const {
  static const std::vector<StructField> kNone;
  return children_ == nullptr ? kNone : *children_;
}

bool SqlType::is_numeric() const {
  return kind_ == TypeKind::kInteger || kind_ == TypeKind::kFloat || kind_ == TypeKind::kDecimal;
}

bool SqlType::is_temporal() const {
  return kind_ == TypeKind::kDate || kind_ == TypeKind::kTime || kind_ == TypeKind::kTimestamp;
}

bool SqlType::is_nested() const {
  return kind_ == TypeKind::kArray || kind_ == TypeKind::kMap || kind_ == TypeKind::kStruct;
}

bool SqlType::operator==(const SqlType& other) const {
  if (kind_ != other.kind_) return false;
  if (kind_ == TypeKind::kDecimal) return precision_ == other.precision_ && scale_ == other.scale_;
  return !is_nested() || children_ == other.children_ || children() == other.children();
}

std::string SqlType::ToString() const {
  switch (kind_) {
    case TypeKind::kAny:
      return "ANY";
    case TypeKind::kNull:
      return "NULL";
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kInteger:
      return "INTEGER";
    case TypeKind::kFloat:
      return "FLOAT";
    case TypeKind::kDecimal:
      return fmt::format("DECIMAL({},{})", int{precision_}, int{scale_});
    case TypeKind::kString:
      return "STRING";
    case TypeKind::kBytes:
      return "BYTES";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return "TIME";
    case TypeKind::kTimestamp:
      return "TIMESTAMP";
    case TypeKind::kInterval:
      return "INTERVAL";
    case TypeKind::kJson:
      return "JSON";
    case TypeKind::kArray:
      return fmt::format("ARRAY<{}>", children()[0].type.ToString());
    case TypeKind::kMap:
      return fmt::format("MAP<{}, {}>", children()[0].type.ToString(), children()[1].type.ToString());
    case TypeKind::kStruct: {
      std::string out = "STRUCT<";
      for (const StructField& field : children()) {
        if (out.back() != '<') out += ", ";
        out += fmt::format("{} {}", field.name, field.type.ToString());
      }
      return out + ">";
    }
  }
  return "ANY";
}

std::string SqlType::DisplayName() const {
  switch (kind_) {
    case TypeKind::kAny:
      return "Any";
    case TypeKind::kNull:
      return "Null";
    case TypeKind::kBoolean:
      return "Boolean";
    case TypeKind::kInteger:
      return "Integer";
    case TypeKind::kFloat:
      return "Float";
    case TypeKind::kDecimal:
      return "Decimal";
    case TypeKind::kString:
      return "String";
    case TypeKind::kBytes:
      return "Bytes";
    case TypeKind::kDate:
      return "Date";
    case TypeKind::kTime:
      return "Time";
    case TypeKind::kTimestamp:
      return "DateTime";
    case TypeKind::kInterval:
      return "Interval";
    case TypeKind::kJson:
      return "Json";
    case TypeKind::kArray:
      return fmt::format("Array<{}>", children()[0].type.DisplayName());
    case TypeKind::kMap:
      return fmt::format("Map<{},{}>", children()[0].type.DisplayName(), children()[1].type.DisplayName());
    case TypeKind::kStruct:
      return "Struct";
  }
  return "Any";
}

std::shared_ptr<arrow::DataType> SqlType::ToArrow() const {
  switch (kind_) {
    case TypeKind::kNull:
      return arrow::null();
    case TypeKind::kBoolean:
      return arrow::boolean();
    case TypeKind::kInteger:
      return arrow::int64();
    case TypeKind::kFloat:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(38, scale_);
    case TypeKind::kAny:
    case TypeKind::kString:
    case TypeKind::kJson:
      return arrow::utf8();
    case TypeKind::kBytes:
      return arrow::binary();
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kInterval:
      return arrow::duration(arrow::TimeUnit::MILLI);
    case TypeKind::kArray:
      return arrow::list(arrow::field("item", children()[0].type.ToArrow()));
    case TypeKind::kMap:
      return arrow::map(children()[0].type.ToArrow(), children()[1].type.ToArrow());
    case TypeKind::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : children()) fields.push_back(arrow::field(field.name, field.type.ToArrow()));
      return arrow::struct_(std::move(fields));
    }
  }
  return arrow::utf8();
}

Result<SqlType> SqlType::FromArrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return SqlType(TypeKind::kNull);
    case arrow::Type::BOOL:
      return SqlType(TypeKind::kBoolean);
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      return SqlType(TypeKind::kInteger);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return SqlType(TypeKind::kFloat);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return Decimal(decimal.precision(), decimal.scale());
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return SqlType(TypeKind::kString);
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return SqlType(TypeKind::kBytes);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return SqlType(TypeKind::kDate);
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return SqlType(TypeKind::kTime);
    case arrow::Type::TIMESTAMP:
      return SqlType(TypeKind::kTimestamp);
    case arrow::Type::DURATION:
      return SqlType(TypeKind::kInterval);
    case arrow::Type::DICTIONARY:
      return FromArrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST: {
      VELO_ASSIGN_OR_RETURN(SqlType item, FromArrow(*type.field(0)->type()));
      return Array(std::move(item));
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      VELO_ASSIGN_OR_RETURN(SqlType key, FromArrow(*map.key_type()));
      VELO_ASSIGN_OR_RETURN(SqlType value, FromArrow(*map.item_type()));
      return Map(std::move(key), std::move(value));
    }
    case arrow::Type::STRUCT: {
      std::vector<StructField> fields;
      for (const auto& field : type.fields()) {
        VELO_ASSIGN_OR_RETURN(SqlType child, FromArrow(*field->type()));
        fields.push_back({field->name(), std::move(child)});
      }
      return Struct(std::move(fields));
    }
    default:
      return Status::User("E3004", fmt::format("columns of type {} cannot be read", type.ToString()),
                          "Convert the column to a number, a string or a time before it comes here.");
  }
}

namespace {

SqlType CommonNumber(const SqlType& a, const SqlType& b) {
  if (a.kind() == TypeKind::kFloat || b.kind() == TypeKind::kFloat) return TypeKind::kFloat;
  if (a.kind() == TypeKind::kInteger && b.kind() == TypeKind::kInteger) return TypeKind::kInteger;
  if (a.kind() == TypeKind::kInteger) return SqlType::Decimal(38, b.scale());
  if (b.kind() == TypeKind::kInteger) return SqlType::Decimal(38, a.scale());
  if (a.scale() == b.scale()) return SqlType::Decimal(std::max(a.precision(), b.precision()), a.scale());
  return SqlType::Decimal(38, std::max(a.scale(), b.scale()));
}

bool SameFieldNames(const SqlType& a, const SqlType& b) {
  return std::equal(a.children().begin(), a.children().end(), b.children().begin(), b.children().end(),
                    [](const StructField& x, const StructField& y) { return x.name == y.name; });
}

}  // namespace

SqlType CommonType(const SqlType& a, const SqlType& b, bool* mixed) {
  if (a == b) return a;
  if (a.kind() == TypeKind::kNull || a.kind() == TypeKind::kAny) return b.kind() == TypeKind::kNull ? a : b;
  if (b.kind() == TypeKind::kNull || b.kind() == TypeKind::kAny) return a;
  if (a.is_numeric() && b.is_numeric()) return CommonNumber(a, b);
  const auto day_or_instant = [](const SqlType& t) {
    return t.kind() == TypeKind::kDate || t.kind() == TypeKind::kTimestamp;
  };
  if (day_or_instant(a) && day_or_instant(b)) return TypeKind::kTimestamp;
  const auto text = [](const SqlType& t) { return t.kind() == TypeKind::kString || t.kind() == TypeKind::kJson; };
  if (text(a) && text(b)) return TypeKind::kString;
  if (a.kind() == b.kind() && a.kind() == TypeKind::kArray) {
    return SqlType::Array(CommonType(a.children()[0].type, b.children()[0].type, mixed));
  }
  if (a.kind() == b.kind() && a.kind() == TypeKind::kMap) {
    return SqlType::Map(CommonType(a.children()[0].type, b.children()[0].type, mixed),
                        CommonType(a.children()[1].type, b.children()[1].type, mixed));
  }
  if (a.kind() == b.kind() && a.kind() == TypeKind::kStruct && SameFieldNames(a, b)) {
    std::vector<StructField> fields = a.children();
    for (size_t i = 0; i < fields.size(); ++i) fields[i].type = CommonType(fields[i].type, b.children()[i].type, mixed);
    return SqlType::Struct(std::move(fields));
  }
  if (mixed != nullptr) *mixed = true;
  return TypeKind::kString;
}

}  // namespace velo
