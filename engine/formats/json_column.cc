#include "engine/formats/json_column.h"

#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include "engine/formats/iso_time.h"
#include "engine/formats/json_numbers.h"
#include "engine/formats/json_types.h"

namespace velo::formats {
namespace {

Fit Done(const arrow::Status& status) {
  VELO_CHECK(status.ok());
  return Fit::kFits;
}

}  // namespace

JsonColumn::JsonColumn(const SqlType& type, arrow::ArrayBuilder* builder) : type_(type), builder_(builder) {
  if (type.kind() == TypeKind::kArray) {
    auto* list = static_cast<arrow::ListBuilder*>(builder);
    parts_.emplace_back(type.children()[0].type, list->value_builder());
  } else if (type.kind() == TypeKind::kStruct) {
    auto* object = static_cast<arrow::StructBuilder*>(builder);
    for (size_t i = 0; i < type.children().size(); ++i) {
      parts_.emplace_back(type.children()[i].type, object->field_builder(static_cast<int>(i)));
    }
  }
}

int64_t JsonColumn::length() const { return plain_ != nullptr ? plain_->length() : builder_->length(); }

void JsonColumn::AppendNull() {
  if (plain_ != nullptr) {
    plain_->AppendNull();
  } else {
    VELO_CHECK(builder_->AppendNull().ok());
  }
}

Fit JsonColumn::PutText(std::string_view text) {
  if (plain_ == nullptr) return Done(static_cast<arrow::StringBuilder*>(builder_)->Append(text));
  plain_->AppendText(text);
  return Fit::kFits;
}

Fit JsonColumn::Append(JsonCursor& cursor, std::string* buffer) {
  const char next = cursor.Peek();
  if (next == 'n') {
    AppendNull();
    return cursor.ReadLiteral("null") ? Fit::kFits : Fit::kBroken;
  }
  switch (type_.kind()) {
    case TypeKind::kInteger:
    case TypeKind::kFloat:
      return next == '-' || (next >= '0' && next <= '9') ? AppendNumber(cursor) : Misfit(cursor);
    case TypeKind::kBoolean:
      return next == 't' || next == 'f' ? AppendBoolean(cursor) : Misfit(cursor);
    case TypeKind::kArray:
      return next == '[' ? AppendArray(cursor, buffer) : Misfit(cursor);
    case TypeKind::kStruct:
      return next == '{' ? AppendObject(cursor, buffer) : Misfit(cursor);
    default:
      return next == '"' ? AppendString(cursor, buffer) : AppendAsWritten(cursor);
  }
}

Fit JsonColumn::Broken() {
  AppendNull();
  return Fit::kBroken;
}
Fit JsonColumn::Misfit(JsonCursor& cursor) {
  AppendNull();
  return cursor.SkipValue() ? Fit::kMisfit : Fit::kBroken;
}

Fit JsonColumn::AppendNumber(JsonCursor& cursor) {
  JsonNumber number;
  if (!cursor.ReadNumber(&number)) return Broken();
  int64_t integer;
  double real;
  if (type_.kind() == TypeKind::kFloat && ToFloat(number, &real)) {
    if (plain_ == nullptr) return Done(static_cast<arrow::DoubleBuilder*>(builder_)->Append(real));
    plain_->AppendFloat(real);
    return Fit::kFits;
  }
  if (type_.kind() == TypeKind::kInteger && ToInteger(number, &integer)) {
    if (plain_ == nullptr) return Done(static_cast<arrow::Int64Builder*>(builder_)->Append(integer));
    plain_->AppendInteger(integer);
    return Fit::kFits;
  }
  AppendNull();
  return Fit::kMisfit;
}

Fit JsonColumn::AppendBoolean(JsonCursor& cursor) {
  const bool flag = cursor.Peek() == 't';
  if (!cursor.ReadLiteral(flag ? "true" : "false")) return Broken();
  if (plain_ == nullptr) return Done(static_cast<arrow::BooleanBuilder*>(builder_)->Append(flag));
  plain_->AppendBoolean(flag);
  return Fit::kFits;
}

// A text column takes numbers and nested values as they are written.
Fit JsonColumn::AppendAsWritten(JsonCursor& cursor) {
  if (type_.kind() != TypeKind::kString && type_.kind() != TypeKind::kJson) return Misfit(cursor);
  std::string_view text;
  if (!cursor.SkipValue(&text)) return Broken();
  return PutText(text);
}

Fit JsonColumn::AppendString(JsonCursor& cursor, std::string* buffer) {
  std::string_view text;
  if (!cursor.ReadString(buffer, &text)) return Broken();
  switch (type_.kind()) {
    case TypeKind::kString:
    case TypeKind::kJson:
      return PutText(text);
    case TypeKind::kTimestamp: {
      int64_t micros;
      if (!ReadIsoInstant(text, &micros)) break;
      if (plain_ == nullptr) return Done(static_cast<arrow::TimestampBuilder*>(builder_)->Append(micros));
      plain_->AppendInteger(micros);
      return Fit::kFits;
    }
    case TypeKind::kDate: {
      int32_t days;
      if (!ReadIsoDate(text, &days)) break;
      if (plain_ == nullptr) return Done(static_cast<arrow::Date32Builder*>(builder_)->Append(days));
      plain_->AppendDate(days);
      return Fit::kFits;
    }
    case TypeKind::kDecimal: {
      arrow::Decimal128 value;
      int32_t precision, scale;
      if (DecimalTextScale(text) == 0 || !arrow::Decimal128::FromString(text, &value, &precision, &scale).ok()) break;
      arrow::Result<arrow::Decimal128> scaled = value.Rescale(scale, type_.scale());
      if (!scaled.ok()) break;
      return Done(static_cast<arrow::Decimal128Builder*>(builder_)->Append(*scaled));
    }
    default:
      break;
  }
  AppendNull();
  return Fit::kMisfit;
}

Fit JsonColumn::AppendArray(JsonCursor& cursor, std::string* buffer) {
  VELO_CHECK(static_cast<arrow::ListBuilder*>(builder_)->Append().ok());
  if (!cursor.Enter()) return Fit::kBroken;
  Fit worst = Fit::kFits;
  for (bool first = true; cursor.NextItem(&first);) {
    const Fit fit = parts_[0].Append(cursor, buffer);
    if (fit == Fit::kBroken) return fit;
    worst = std::max(worst, fit);
  }
  return cursor.error() == JsonError::kNone ? worst : Fit::kBroken;
}

Fit JsonColumn::AppendObject(JsonCursor& cursor, std::string* buffer) {
  VELO_CHECK(static_cast<arrow::StructBuilder*>(builder_)->Append().ok());
  const Fit fit = AppendFields(cursor, buffer);
  for (JsonColumn& part : parts_) {
    if (part.length() < length()) part.AppendNull();
  }
  return fit;
}

Fit JsonColumn::AppendFields(JsonCursor& cursor, std::string* buffer) {
  if (!cursor.Enter()) return Fit::kBroken;
  Fit worst = Fit::kFits;
  std::string_view key;
  for (bool first = true; cursor.NextField(&first, &key);) {
    std::string unescaped;
    if (key.find('\\') != std::string_view::npos && UnescapeJson(key, &unescaped)) key = unescaped;
    const auto& names = type_.children();
    auto found = std::find_if(names.begin(), names.end(), [key](const StructField& name) { return name.name == key; });
    JsonColumn* part = found == names.end() ? nullptr : &parts_[found - names.begin()];
    // A key that stands there twice counts the first time.
    if (part == nullptr || part->length() >= length()) {
      if (!cursor.SkipValue()) return Fit::kBroken;
      continue;
    }
    const Fit fit = part->Append(cursor, buffer);
    if (fit == Fit::kBroken) return fit;
    worst = std::max(worst, fit);
  }
  return cursor.error() == JsonError::kNone ? worst : Fit::kBroken;
}

}  // namespace velo::formats
