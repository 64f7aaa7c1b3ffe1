#include "engine/formats/json_columns.h"

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>
#include <simdjson.h>

#include "engine/formats/csv_types.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

namespace ondemand = simdjson::ondemand;

/// Why a record cannot be used; empty when it can.
std::string ReasonOf(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return "";
    case simdjson::UTF8_ERROR:
      return "it holds bytes that are not UTF-8";
    case simdjson::DEPTH_ERROR:
      return fmt::format("it is nested deeper than {} levels", kMaxJsonDepth);
    case simdjson::UNCLOSED_STRING:
      return "a quote is opened and never closed";
    case simdjson::UNESCAPED_CHARS:
      return "a text holds a control character";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "a bracket is opened and never closed";
    case simdjson::EMPTY:
      return "it is empty";
    default:
      return "it is not valid JSON";
  }
}

/// How a value went into its column. Whatever the answer, exactly one value was appended.
enum class Fit : uint8_t { kFits, kMisfit, kBroken, kTooDeep };

bool IsFloatToken(std::string_view token) { return token.find_first_of(".eE") != std::string_view::npos; }

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
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

  Fit Append(ondemand::value value, int depth) {
    switch (type_.kind()) {
      case TypeKind::kInteger:
        return AppendInteger(value);
      case TypeKind::kFloat:
        return AppendFloat(value);
      case TypeKind::kBoolean:
        return AppendBoolean(value);
      case TypeKind::kArray:
        return AppendArray(value, depth);
      case TypeKind::kStruct:
        return AppendObject(value, depth);
      default:
        return AppendText(value);
    }
  }

 private:
  Fit Done(const arrow::Status& status) {
    VELO_CHECK(status.ok());
    return Fit::kFits;
  }

  /// For values that are not of the column's kind.
  Fit NullOrMisfit(ondemand::value& value) {
    bool is_null = false;
    const auto error = value.is_null().get(is_null);
    AppendNull();
    if (error != simdjson::SUCCESS && error != simdjson::INCORRECT_TYPE) return Fit::kBroken;
    return is_null ? Fit::kFits : Fit::kMisfit;
  }

  Fit AppendInteger(ondemand::value& value) {
    int64_t number;
    if (value.get_int64().get(number) == simdjson::SUCCESS) {
      return Done(static_cast<arrow::Int64Builder*>(builder_)->Append(number));
    }
    return NullOrMisfit(value);
  }

  Fit AppendFloat(ondemand::value& value) {
    double number;
    if (value.get_double().get(number) == simdjson::SUCCESS) {
      return Done(static_cast<arrow::DoubleBuilder*>(builder_)->Append(number));
    }
    return NullOrMisfit(value);
  }

  Fit AppendBoolean(ondemand::value& value) {
    bool flag;
    if (value.get_bool().get(flag) == simdjson::SUCCESS) {
      return Done(static_cast<arrow::BooleanBuilder*>(builder_)->Append(flag));
    }
    return NullOrMisfit(value);
  }

  Fit AppendText(ondemand::value& value) {
    std::string_view text;
    const auto error = value.get_string().get(text);
    if (error == simdjson::SUCCESS) return AppendString(text);
    if (error != simdjson::INCORRECT_TYPE) {
      AppendNull();
      return Fit::kBroken;
    }
    if (type_.kind() != TypeKind::kString && type_.kind() != TypeKind::kJson) return NullOrMisfit(value);
    return AppendAnythingAsText(value);
  }

  static bool RawText(ondemand::value& value, ondemand::json_type kind, std::string_view* text) {
    if (kind == ondemand::json_type::object) {
      ondemand::object object;
      return value.get_object().get(object) == simdjson::SUCCESS && object.raw_json().get(*text) == simdjson::SUCCESS;
    }
    ondemand::array items;
    return value.get_array().get(items) == simdjson::SUCCESS && items.raw_json().get(*text) == simdjson::SUCCESS;
  }

  /// A text column takes numbers and nested values as they are written.
  Fit AppendAnythingAsText(ondemand::value& value) {
    ondemand::json_type kind;
    if (value.type().get(kind) != simdjson::SUCCESS) return NullOrMisfit(value);
    if (kind == ondemand::json_type::null) return NullOrMisfit(value);
    std::string_view text;
    if (kind == ondemand::json_type::object || kind == ondemand::json_type::array) {
      if (!RawText(value, kind, &text)) {
        AppendNull();
        return Fit::kBroken;
      }
    } else {
      text = TrimEnd(value.raw_json_token());
      double number;
      bool flag;
      const bool valid = kind == ondemand::json_type::boolean ? value.get_bool().get(flag) == simdjson::SUCCESS
                                                              : value.get_double().get(number) == simdjson::SUCCESS;
      if (!valid) {
        AppendNull();
        return Fit::kBroken;
      }
    }
    return Done(static_cast<arrow::StringBuilder*>(builder_)->Append(text));
  }

  Fit AppendString(std::string_view text) {
    switch (type_.kind()) {
      case TypeKind::kString:
      case TypeKind::kJson:
        return Done(static_cast<arrow::StringBuilder*>(builder_)->Append(text));
      case TypeKind::kTimestamp: {
        int64_t micros;
        if (!ReadIsoTimestamp(text, &micros)) break;
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

  Fit AppendArray(ondemand::value& value, int depth) {
    ondemand::array items;
    if (value.get_array().get(items) != simdjson::SUCCESS) return NullOrMisfit(value);
    VELO_CHECK(static_cast<arrow::ListBuilder*>(builder_)->Append().ok());
    if (depth >= kMaxJsonDepth) return Fit::kTooDeep;
    Fit worst = Fit::kFits;
    for (auto item : items) {
      ondemand::value each;
      if (item.get(each) != simdjson::SUCCESS) return Fit::kBroken;
      const Fit fit = parts_[0].Append(each, depth + 1);
      if (fit > Fit::kMisfit) return fit;
      worst = std::max(worst, fit);
    }
    return worst;
  }

  Fit AppendObject(ondemand::value& value, int depth) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return NullOrMisfit(value);
    VELO_CHECK(static_cast<arrow::StructBuilder*>(builder_)->Append().ok());
    Fit worst = depth >= kMaxJsonDepth ? Fit::kTooDeep : Fit::kFits;
    if (worst == Fit::kFits) worst = AppendFields(object, depth);
    for (JsonColumn& part : parts_) {
      if (part.length() < length()) part.AppendNull();
    }
    return worst;
  }

  Fit AppendFields(ondemand::object& object, int depth) {
    Fit worst = Fit::kFits;
    for (auto field : object) {
      ondemand::value each;
      std::string_view key;
      if (field.error() != simdjson::SUCCESS || field.unescaped_key().get(key) != simdjson::SUCCESS)
        return Fit::kBroken;
      const auto& names = type_.children();
      auto found =
          std::find_if(names.begin(), names.end(), [key](const StructField& name) { return name.name == key; });
      if (found == names.end()) continue;
      JsonColumn& part = parts_[found - names.begin()];
      if (part.length() >= length()) continue;  // The key stands there twice; the first counts.
      if (field.value().get(each) != simdjson::SUCCESS) return Fit::kBroken;
      const Fit fit = part.Append(each, depth + 1);
      if (fit > Fit::kMisfit) return fit;
      worst = std::max(worst, fit);
    }
    return worst;
  }

  SqlType type_;
  arrow::ArrayBuilder* builder_;
  std::vector<JsonColumn> parts_;
};

/// Adds a value to the guess of its place. Returns the reason when the record is bad.
std::string GuessValue(ondemand::value value, JsonTypeGuess* guess, int depth);

std::string GuessObject(ondemand::object object, JsonTypeGuess* guess, int depth) {
  if (depth >= kMaxJsonDepth) return ReasonOf(simdjson::DEPTH_ERROR);
  guess->AddObject();
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    auto error = field.unescaped_key().get(key);
    if (error != simdjson::SUCCESS) return ReasonOf(error);
    JsonTypeGuess& place = guess->Field(key);
    error = field.value().get(value);
    if (error != simdjson::SUCCESS) return ReasonOf(error);
    std::string reason = GuessValue(value, &place, depth + 1);
    if (!reason.empty()) return reason;
  }
  return "";
}

std::string GuessArray(ondemand::array items, JsonTypeGuess* guess, int depth) {
  if (depth >= kMaxJsonDepth) return ReasonOf(simdjson::DEPTH_ERROR);
  JsonTypeGuess& place = guess->AddArray();
  for (auto item : items) {
    ondemand::value value;
    const auto error = item.get(value);
    if (error != simdjson::SUCCESS) return ReasonOf(error);
    std::string reason = GuessValue(value, &place, depth + 1);
    if (!reason.empty()) return reason;
  }
  return "";
}

std::string GuessValue(ondemand::value value, JsonTypeGuess* guess, int depth) {
  ondemand::json_type kind;
  simdjson::error_code error = value.type().get(kind);
  if (error != simdjson::SUCCESS) return ReasonOf(error);
  switch (kind) {
    case ondemand::json_type::object: {
      ondemand::object object;
      error = value.get_object().get(object);
      return error != simdjson::SUCCESS ? ReasonOf(error) : GuessObject(object, guess, depth);
    }
    case ondemand::json_type::array: {
      ondemand::array items;
      error = value.get_array().get(items);
      return error != simdjson::SUCCESS ? ReasonOf(error) : GuessArray(items, guess, depth);
    }
    case ondemand::json_type::number: {
      const bool is_float = IsFloatToken(value.raw_json_token());
      int64_t integer;
      double number;
      if (!is_float && value.get_int64().get(integer) == simdjson::SUCCESS) {
        guess->AddInteger();
        return "";
      }
      error = value.get_double().get(number);
      guess->AddFloat();
      return ReasonOf(error);
    }
    case ondemand::json_type::string: {
      std::string_view text;
      error = value.get_string().get(text);
      if (error == simdjson::SUCCESS) guess->AddText(text);
      return ReasonOf(error);
    }
    case ondemand::json_type::boolean: {
      bool flag;
      error = value.get_bool().get(flag);
      guess->AddBoolean();
      return ReasonOf(error);
    }
    case ondemand::json_type::null: {
      bool is_null = false;
      error = value.is_null().get(is_null);
      guess->AddNull();
      return is_null ? "" : ReasonOf(simdjson::TAPE_ERROR);
    }
  }
  return "";
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
    ondemand::document document;
    ondemand::object object;
    std::string reason = Open(text, &document, &object);
    // A value that is no object appends nothing, so nothing has to be taken back.
    if (!reason.empty()) return reason;
    reason = AppendFields(object);
    if (reason.empty()) reason = CheckEnd(&document);
    for (JsonColumn& column : columns_) {
      if (column.length() <= records_) column.AppendNull();
    }
    ++records_;
    if (!reason.empty()) bad_rows_.push_back(records_ - 1);
    return reason;
  }

  std::string Guess(std::string_view text, JsonTypeGuess* guess) {
    ondemand::document document;
    ondemand::object object;
    std::string reason = Open(text, &document, &object);
    if (reason.empty()) reason = GuessObject(object, guess, 0);
    return reason.empty() ? CheckEnd(&document) : reason;
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
  std::string Open(std::string_view text, ondemand::document* document, ondemand::object* object) {
    const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
    simdjson::error_code error = parser_.iterate(padded).get(*document);
    if (error != simdjson::SUCCESS) return ReasonOf(error);
    ondemand::json_type kind;
    if (document->type().get(kind) == simdjson::SUCCESS && kind != ondemand::json_type::object) {
      return "it is no JSON object";
    }
    return ReasonOf(document->get_object().get(*object));
  }

  /// A record is one object and nothing else.
  static std::string CheckEnd(ondemand::document* document) {
    const char* rest = nullptr;
    return document->current_location().get(rest) == simdjson::SUCCESS ? "more text follows the object" : "";
  }

  /// Records mostly have the same fields in the same order, so the n-th key is first compared with the n-th key of the
  /// record before.
  struct ExpectedKey {
    std::string name;
    int column = -1;
  };

  std::string AppendFields(ondemand::object& object) {
    size_t position = 0;
    for (auto field : object) {
      if (field.error() != simdjson::SUCCESS) return ReasonOf(field.error());
      if (position == expected_.size()) expected_.emplace_back();
      ExpectedKey& expected = expected_[position++];
      ondemand::raw_json_string raw;
      if (const simdjson::error_code error = field.key().get(raw); error != simdjson::SUCCESS) return ReasonOf(error);
      const char* key = raw.raw();
      const size_t length = expected.name.size();
      if (std::memcmp(key, expected.name.data(), length) != 0 || key[length] != '"' || length == 0) {
        std::string_view name;
        const simdjson::error_code error = field.unescaped_key().get(name);
        if (error != simdjson::SUCCESS) return ReasonOf(error);
        expected.name = name;
        auto found = places_.find(expected.name);
        expected.column = found == places_.end() ? -1 : found->second;
      }
      if (expected.column < 0) continue;
      JsonColumn& column = columns_[expected.column];
      if (column.length() > records_) continue;  // The key stands there twice; the first counts.
      ondemand::value value;
      const simdjson::error_code error = field.value().get(value);
      if (error != simdjson::SUCCESS) return ReasonOf(error);
      const Fit fit = column.Append(value, 1);
      if (fit != Fit::kFits) return ReasonOf(fit, expected.name, column.type());
    }
    return "";
  }

  static std::string ReasonOf(Fit fit, const std::string& name, const SqlType& type) {
    if (fit == Fit::kMisfit) return fmt::format("the value of '{}' is no {}", name, type.DisplayName());
    return velo::formats::ReasonOf(fit == Fit::kTooDeep ? simdjson::DEPTH_ERROR : simdjson::TAPE_ERROR);
  }
  static std::string ReasonOf(simdjson::error_code error) { return velo::formats::ReasonOf(error); }

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
  ondemand::parser parser_;
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
