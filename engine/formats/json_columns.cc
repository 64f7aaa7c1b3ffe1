#include "engine/formats/json_columns.h"

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>

#include "engine/formats/csv_types.h"
#include "engine/formats/iso_time.h"
#include "engine/formats/json_cursor.h"
#include "engine/formats/json_field_order.h"
#include "engine/formats/utf8.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// How a value went into its column. Whatever the answer, exactly one value was appended. After kBroken the cursor
/// knows why.
enum class Fit : uint8_t { kFits, kMisfit, kBroken };

bool ToInteger(const JsonNumber& number, int64_t* value) {
  if (!number.exact) return ReadInteger(number.text, value);
  if (number.has_point) return false;
  const auto magnitude = static_cast<int64_t>(number.mantissa);
  *value = number.negative ? -magnitude : magnitude;
  return true;
}

bool ToFloat(const JsonNumber& number, double* value) {
  if (!number.exact || number.mantissa >= (uint64_t{1} << 53)) return ReadFloat(number.text, value);
  // Both the digits and the power of ten are exact as doubles, so one division rounds correctly.
  const double magnitude = static_cast<double>(number.mantissa) / kPowersOfTen[number.decimals];
  *value = number.negative ? -magnitude : magnitude;
  return true;
}

/// A column, or a nested part of one, with the builder that takes its values.
class JsonColumn {
 public:
  JsonColumn(const SqlType& type, arrow::ArrayBuilder* builder) : type_(type), builder_(builder) {
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

  const SqlType& type() const { return type_; }
  int64_t length() const { return builder_->length(); }
  void AppendNull() { VELO_CHECK(builder_->AppendNull().ok()); }

  Fit Append(JsonCursor& cursor, std::string* buffer) {
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

 private:
  static Fit Done(const arrow::Status& status) {
    VELO_CHECK(status.ok());
    return Fit::kFits;
  }
  Fit Broken() {
    AppendNull();
    return Fit::kBroken;
  }
  Fit Misfit(JsonCursor& cursor) {
    AppendNull();
    return cursor.SkipValue() ? Fit::kMisfit : Fit::kBroken;
  }

  Fit AppendNumber(JsonCursor& cursor) {
    JsonNumber number;
    if (!cursor.ReadNumber(&number)) return Broken();
    int64_t integer;
    double real;
    if (type_.kind() == TypeKind::kFloat && ToFloat(number, &real)) {
      return Done(static_cast<arrow::DoubleBuilder*>(builder_)->Append(real));
    }
    if (type_.kind() == TypeKind::kInteger && ToInteger(number, &integer)) {
      return Done(static_cast<arrow::Int64Builder*>(builder_)->Append(integer));
    }
    AppendNull();
    return Fit::kMisfit;
  }

  Fit AppendBoolean(JsonCursor& cursor) {
    const bool flag = cursor.Peek() == 't';
    if (!cursor.ReadLiteral(flag ? "true" : "false")) return Broken();
    return Done(static_cast<arrow::BooleanBuilder*>(builder_)->Append(flag));
  }

  /// A text column takes numbers and nested values as they are written.
  Fit AppendAsWritten(JsonCursor& cursor) {
    if (type_.kind() != TypeKind::kString && type_.kind() != TypeKind::kJson) return Misfit(cursor);
    std::string_view text;
    if (!cursor.SkipValue(&text)) return Broken();
    return Done(static_cast<arrow::StringBuilder*>(builder_)->Append(text));
  }

  Fit AppendString(JsonCursor& cursor, std::string* buffer) {
    std::string_view text;
    if (!cursor.ReadString(buffer, &text)) return Broken();
    switch (type_.kind()) {
      case TypeKind::kString:
      case TypeKind::kJson:
        return Done(static_cast<arrow::StringBuilder*>(builder_)->Append(text));
      case TypeKind::kTimestamp: {
        int64_t micros;
        if (!ReadIsoInstant(text, &micros)) break;
        return Done(static_cast<arrow::TimestampBuilder*>(builder_)->Append(micros));
      }
      case TypeKind::kDate: {
        int32_t days;
        if (!ReadIsoDate(text, &days)) break;
        return Done(static_cast<arrow::Date32Builder*>(builder_)->Append(days));
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

  Fit AppendArray(JsonCursor& cursor, std::string* buffer) {
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

  Fit AppendObject(JsonCursor& cursor, std::string* buffer) {
    VELO_CHECK(static_cast<arrow::StructBuilder*>(builder_)->Append().ok());
    const Fit fit = AppendFields(cursor, buffer);
    for (JsonColumn& part : parts_) {
      if (part.length() < length()) part.AppendNull();
    }
    return fit;
  }

  Fit AppendFields(JsonCursor& cursor, std::string* buffer) {
    if (!cursor.Enter()) return Fit::kBroken;
    Fit worst = Fit::kFits;
    std::string_view key;
    for (bool first = true; cursor.NextField(&first, &key);) {
      std::string unescaped;
      if (key.find('\\') != std::string_view::npos && UnescapeJson(key, &unescaped)) key = unescaped;
      const auto& names = type_.children();
      auto found =
          std::find_if(names.begin(), names.end(), [key](const StructField& name) { return name.name == key; });
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

  SqlType type_;
  arrow::ArrayBuilder* builder_;
  std::vector<JsonColumn> parts_;
};

/// Adds a value to the guess of its place. False when the cursor met an error.
bool GuessValue(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer);

bool GuessObject(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  if (!cursor.Enter()) return false;
  guess->AddObject();
  std::string_view key;
  for (bool first = true; cursor.NextField(&first, &key);) {
    std::string unescaped;
    if (key.find('\\') != std::string_view::npos && UnescapeJson(key, &unescaped)) key = unescaped;
    if (!GuessValue(cursor, &guess->Field(key), buffer)) return false;
  }
  return cursor.error() == JsonError::kNone;
}

bool GuessArray(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  if (!cursor.Enter()) return false;
  JsonTypeGuess& items = guess->AddArray();
  for (bool first = true; cursor.NextItem(&first);) {
    if (!GuessValue(cursor, &items, buffer)) return false;
  }
  return cursor.error() == JsonError::kNone;
}

bool GuessNumber(JsonCursor& cursor, JsonTypeGuess* guess) {
  JsonNumber number;
  if (!cursor.ReadNumber(&number)) return false;
  int64_t integer;
  if (ToInteger(number, &integer)) {
    guess->AddInteger();
  } else {
    guess->AddFloat();
  }
  return true;
}

bool GuessValue(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  std::string_view text;
  switch (cursor.Peek()) {
    case '{':
      return GuessObject(cursor, guess, buffer);
    case '[':
      return GuessArray(cursor, guess, buffer);
    case '"':
      if (!cursor.ReadString(buffer, &text)) return false;
      guess->AddText(text);
      return true;
    case 't':
    case 'f':
      guess->AddBoolean();
      return cursor.SkipValue();
    case 'n':
      guess->AddNull();
      return cursor.SkipValue();
    default:
      return GuessNumber(cursor, guess);
  }
}

/// Checks that the text is an object whose fields can be walked over.
bool OpenRecord(std::string_view text, JsonCursor* cursor, std::string* reason) {
  if (!IsValidUtf8(text)) {
    *reason = "it holds bytes that are not UTF-8";
    return false;
  }
  if (cursor->Peek() == '{') return true;
  *reason = JsonErrorText(JsonError::kNoObject);
  return false;
}

}  // namespace

class JsonDecoder::Machinery {
 public:
  explicit Machinery(Schema columns) : schema_(std::move(columns)) {
    for (const Column& column : schema_.columns) {
      std::unique_ptr<arrow::ArrayBuilder> builder;
      VELO_CHECK(arrow::MakeBuilder(arrow::default_memory_pool(), column.type.ToArrow(), &builder).ok());
      columns_.emplace_back(column.type, builder.get());
      builders_.push_back(std::move(builder));
      places_.emplace(column.name, static_cast<int>(places_.size()));
    }
    filled_.assign(columns_.size(), 0);
  }

  const std::string& Append(std::string_view text) {
    JsonCursor cursor(text);
    reason_.clear();
    // A value that is no object appends nothing, so nothing has to be taken back.
    if (!OpenRecord(text, &cursor, &reason_)) return reason_;
    AppendFields(cursor);
    if (reason_.empty() && !cursor.AtEnd()) reason_ = JsonErrorText(cursor.error());
    ++records_;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (filled_[i] < records_) columns_[i].AppendNull();
      filled_[i] = records_;
    }
    if (!reason_.empty()) bad_rows_.push_back(records_ - 1);
    return reason_;
  }

  std::string Guess(std::string_view text, JsonTypeGuess* guess) {
    JsonCursor cursor(text);
    std::string reason;
    if (!OpenRecord(text, &cursor, &reason)) return reason;
    if (!GuessObject(cursor, guess, &buffer_) || !cursor.AtEnd()) return std::string(JsonErrorText(cursor.error()));
    return "";
  }

  int64_t rows() const { return records_ - static_cast<int64_t>(bad_rows_.size()); }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::ArrayVector arrays;
    for (auto& builder : builders_) {
      VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder->Finish());
      arrays.push_back(std::move(array));
    }
    auto rows = arrow::RecordBatch::Make(schema_.ToArrow(), records_, std::move(arrays));
    if (!bad_rows_.empty()) VELO_RETURN_IF_ERROR(DropBadRows(&rows));
    records_ = 0;
    filled_.assign(columns_.size(), 0);
    bad_rows_.clear();
    return rows;
  }

 private:
  /// Returns the column of a key, -1 for none.
  int ColumnOf(std::string_view raw_key) const {
    std::string name(raw_key);
    if (raw_key.find('\\') != std::string_view::npos && !UnescapeJson(raw_key, &name)) return -1;
    const auto found = places_.find(name);
    return found == places_.end() ? -1 : found->second;
  }

  /// Steps to the value of the next field. Null at the end of the record or on an error.
  const JsonFieldOrder::Field* NextField(JsonCursor* cursor, bool* first) {
    if (const JsonFieldOrder::Field* expected = order_.Pass(cursor)) {
      *first = false;
      return expected;
    }
    const char* begin = cursor->at();
    std::string_view key;
    if (!cursor->NextField(first, &key)) return nullptr;
    cursor->Peek();
    const std::string_view lead(begin, static_cast<size_t>(cursor->at() - begin));
    return &order_.Learn(key, lead, [this](std::string_view raw_key) { return ColumnOf(raw_key); });
  }

  void AppendFields(JsonCursor& cursor) {
    cursor.Enter();
    order_.Start();
    bool first = true;
    while (const JsonFieldOrder::Field* field = NextField(&cursor, &first)) {
      const int place = field->column;
      // A key that stands there twice counts the first time.
      if (place < 0 || filled_[place] > records_) {
        if (!cursor.SkipValue()) break;
        continue;
      }
      filled_[place] = records_ + 1;
      const Fit fit = columns_[place].Append(cursor, &buffer_);
      if (fit == Fit::kBroken) break;
      if (fit == Fit::kMisfit && reason_.empty()) {
        reason_ = fmt::format("the value of '{}' is no {}", field->key, columns_[place].type().DisplayName());
      }
    }
    if (cursor.error() != JsonError::kNone) reason_ = JsonErrorText(cursor.error());
  }

  Status DropBadRows(std::shared_ptr<arrow::RecordBatch>* rows) const {
    std::vector<bool> keep(records_, true);
    for (int64_t row : bad_rows_) keep[row] = false;
    arrow::BooleanBuilder builder;
    VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(keep));
    VELO_ASSIGN_OR_RETURN_ARROW(auto mask, builder.Finish());
    VELO_ASSIGN_OR_RETURN_ARROW(arrow::Datum filtered, arrow::compute::Filter(*rows, mask));
    *rows = filtered.record_batch();
    return Status::OK();
  }

  Schema schema_;
  std::string buffer_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::vector<JsonColumn> columns_;
  std::unordered_map<std::string, int> places_;
  JsonFieldOrder order_;
  int64_t records_ = 0;
  std::vector<int64_t> filled_;  ///< Per column: how many records have given it a value.
  std::string reason_;           ///< Why the record at hand is bad.
  std::vector<int64_t> bad_rows_;
};

JsonDecoder::JsonDecoder(Schema columns) : machinery_(std::make_unique<Machinery>(std::move(columns))) {}
JsonDecoder::~JsonDecoder() = default;
const std::string& JsonDecoder::Append(std::string_view text) { return machinery_->Append(text); }
std::string JsonDecoder::Guess(std::string_view text, JsonTypeGuess* guess) { return machinery_->Guess(text, guess); }
int64_t JsonDecoder::rows() const { return machinery_->rows(); }
Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::Finish() { return machinery_->Finish(); }

}  // namespace velo::formats
