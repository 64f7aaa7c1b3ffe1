#include "engine/formats/json_columns.h"

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>

#include "engine/formats/csv_types.h"
#include "engine/formats/iso_time.h"
#include "engine/formats/json_cursor.h"
#include "engine/formats/utf8.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// How a value went into its column. Whatever the answer, exactly one value was appended. After kBroken the cursor
/// knows why.
enum class Fit : uint8_t { kFits, kMisfit, kBroken };

bool IsFloatToken(std::string_view token) { return token.find_first_of(".eE") != std::string_view::npos; }

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
    std::string_view token;
    if (!cursor.ReadNumber(&token)) return Broken();
    int64_t integer;
    double number;
    if (type_.kind() == TypeKind::kFloat && ReadFloat(token, &number)) {
      return Done(static_cast<arrow::DoubleBuilder*>(builder_)->Append(number));
    }
    if (type_.kind() == TypeKind::kInteger && ReadInteger(token, &integer)) {
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
  std::string_view token;
  if (!cursor.ReadNumber(&token)) return false;
  int64_t integer;
  if (!IsFloatToken(token) && ReadInteger(token, &integer)) {
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
  }

  std::string Append(std::string_view text) {
    JsonCursor cursor(text);
    std::string reason;
    // A value that is no object appends nothing, so nothing has to be taken back.
    if (!OpenRecord(text, &cursor, &reason)) return reason;
    reason = AppendFields(cursor);
    if (reason.empty() && !cursor.AtEnd()) reason = JsonErrorText(cursor.error());
    for (JsonColumn& column : columns_) {
      if (column.length() <= records_) column.AppendNull();
    }
    ++records_;
    if (!reason.empty()) bad_rows_.push_back(records_ - 1);
    return reason;
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
    bad_rows_.clear();
    return rows;
  }

 private:
  /// Records mostly have the same fields in the same order, so the n-th key is first compared with the n-th key of the
  /// record before.
  struct ExpectedKey {
    std::string raw = "\"";  ///< No key is a bare quote.
    int column = -1;
  };

  /// Returns the column of a key, -1 for none.
  int ColumnOf(std::string_view raw_key, size_t position) {
    if (position >= expected_.size()) expected_.resize(position + 1);
    ExpectedKey& expected = expected_[position];
    if (expected.raw == raw_key) return expected.column;
    std::string name(raw_key);
    if (raw_key.find('\\') != std::string_view::npos && !UnescapeJson(raw_key, &name)) return -1;
    auto found = places_.find(name);
    expected = {std::string(raw_key), found == places_.end() ? -1 : found->second};
    return expected.column;
  }

  std::string AppendFields(JsonCursor& cursor) {
    cursor.Enter();
    std::string reason;
    std::string_view key;
    size_t position = 0;
    for (bool first = true; cursor.NextField(&first, &key);) {
      const int place = ColumnOf(key, position++);
      // A key that stands there twice counts the first time.
      if (place < 0 || columns_[place].length() > records_) {
        if (!cursor.SkipValue()) break;
        continue;
      }
      const Fit fit = columns_[place].Append(cursor, &buffer_);
      if (fit == Fit::kBroken) break;
      if (fit == Fit::kMisfit && reason.empty()) {
        reason = fmt::format("the value of '{}' is no {}", key, columns_[place].type().DisplayName());
      }
    }
    return cursor.error() == JsonError::kNone ? reason : std::string(JsonErrorText(cursor.error()));
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
  std::vector<ExpectedKey> expected_;
  int64_t records_ = 0;
  std::vector<int64_t> bad_rows_;
};

JsonDecoder::JsonDecoder(Schema columns) : machinery_(std::make_unique<Machinery>(std::move(columns))) {}
JsonDecoder::~JsonDecoder() = default;
Result<std::string> JsonDecoder::Append(std::string_view text) { return machinery_->Append(text); }
std::string JsonDecoder::Guess(std::string_view text, JsonTypeGuess* guess) { return machinery_->Guess(text, guess); }
int64_t JsonDecoder::rows() const { return machinery_->rows(); }
Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::Finish() { return machinery_->Finish(); }

}  // namespace velo::formats
