#include "engine/formats/json_columns.h"

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>

#include "engine/formats/iso_time.h"
#include "engine/formats/json_column.h"
#include "engine/formats/json_cursor.h"
#include "engine/formats/json_field_order.h"
#include "engine/formats/json_plain_values.h"
#include "engine/formats/plain_column.h"
#include "engine/formats/utf8.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

using Way = JsonFieldOrder::Way;

constexpr int64_t kFirstRoom = 1024;

Way WayOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::kInteger:
      return Way::kInteger;
    case TypeKind::kFloat:
      return Way::kFloat;
    case TypeKind::kBoolean:
      return Way::kBoolean;
    case TypeKind::kDate:
      return Way::kDate;
    case TypeKind::kTimestamp:
      return Way::kInstant;
    case TypeKind::kString:
    case TypeKind::kJson:
      return Way::kText;
    default:
      return Way::kOther;
  }
}

}  // namespace

// A record is walked in two ways that take turns: as long as fields stand where they are expected and values have their
// plainest form, WalkPlainFields passes them; what is anything else goes through the cursor, which knows all of JSON
// and says what is wrong. What the first way passes is what the second one would.
class JsonDecoder::Machinery {
 public:
  explicit Machinery(Schema columns) : schema_(std::move(columns)) {
    for (const Column& column : schema_.columns) {
      if (PlainColumn::Takes(column.type)) {
        plain_.push_back(std::make_unique<PlainColumn>(column.type, &full_));
        builders_.push_back(nullptr);
        columns_.emplace_back(column.type, plain_.back().get());
      } else {
        std::unique_ptr<arrow::ArrayBuilder> builder;
        VELO_CHECK(arrow::MakeBuilder(arrow::default_memory_pool(), column.type.ToArrow(), &builder).ok());
        plain_.push_back(nullptr);
        columns_.emplace_back(column.type, builder.get());
        builders_.push_back(std::move(builder));
      }
      places_.emplace(column.name, static_cast<int>(places_.size()));
    }
  }

  const std::string& Append(std::string_view text) {
    reason_.clear();
    const size_t blanks = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    // A value that is no object appends nothing, so nothing has to be taken back.
    if (!IsValidUtf8(text)) {
      reason_ = kNotUtf8;
    } else if (blanks == text.size() || text[blanks] != '{') {
      reason_ = JsonErrorText(JsonError::kNoObject);
    } else {
      const char* const end = text.data() + text.size();
      Extent record{text.data() + blanks, end, end, true};
      AppendRecord(&record);
    }
    return reason_;
  }

  const std::string& AppendLine(std::string_view lines, size_t* length) {
    reason_.clear();
    Extent record{lines.data(), nullptr, lines.data() + lines.size(), false};
    AppendRecord(&record);
    *length = static_cast<size_t>(record.end - lines.data());
    return reason_;
  }

  int64_t rows() const { return records_ - static_cast<int64_t>(bad_rows_.size()); }

  bool full() const { return full_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::ArrayVector arrays;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (plain_[i] != nullptr) {
        arrays.push_back(plain_[i]->Finish());
        continue;
      }
      VELO_ASSIGN_OR_RETURN_ARROW(auto array, builders_[i]->Finish());
      arrays.push_back(std::move(array));
    }
    auto rows = arrow::RecordBatch::Make(schema_.ToArrow(), records_, std::move(arrays));
    if (!bad_rows_.empty()) VELO_RETURN_IF_ERROR(DropBadRows(&rows));
    // The next batch will likely be as large.
    first_room_ = std::max(kFirstRoom, records_);
    records_ = room_ = 0;
    full_ = false;
    bad_rows_.clear();
    return rows;
  }

 private:
  static constexpr const char* kNotUtf8 = "it holds bytes that are not UTF-8";

  /// The text of the record at hand.
  struct Extent {
    const char* begin;
    const char* end;    ///< Null while nobody has looked for it.
    const char* limit;  ///< `end`, or else the end of the lines of which it is the first.
    bool is_checked;    ///< Whether it is known to be UTF-8.
  };

  /// Makes a row of the record, good or bad, and finds its end.
  void AppendRecord(Extent* record) {
    if (records_ == room_) MakeRoom();
    const char* at = record->begin + 1;
    order_.Start();
    missing_ = columns_.size();
    JsonTextBytes bytes;
    while (true) {
      const JsonFieldOrder::Field* field = WalkPlainFields(&at, record->limit, &bytes);
      if (field == nullptr && ClosesRecord(at, record)) break;
      if (!FindEnd(record) || !WalkField(field, &at, *record)) break;
    }
    if (!record->is_checked && !bytes.ascii()) FindEnd(record);
    ++records_;
    if (missing_ > 0) FillMissing();
    if (!reason_.empty()) bad_rows_.push_back(records_ - 1);
  }

  void FillMissing() {
    for (JsonColumn& column : columns_) {
      if (column.length() < records_) column.AppendNull();
    }
  }

  void MakeRoom() {
    room_ = std::max(first_room_, 2 * room_);
    for (const auto& column : plain_) {
      if (column != nullptr) column->Reserve(room_);
    }
  }

  /// Whether the record ends at `at` with nothing unusual behind it. Sets its end.
  static bool ClosesRecord(const char* at, Extent* record) {
    if (at >= record->limit || *at != '}') return false;
    ++at;
    if (record->end != nullptr) return at == record->end;
    if (*at == '\r') ++at;
    if (at >= record->limit || *at != '\n') return false;
    record->end = at;
    return true;
  }

  /// Looks for the end of the record. False, with the reason, when it is not UTF-8.
  bool FindEnd(Extent* record) {
    if (record->end == nullptr) {
      const auto left = static_cast<size_t>(record->limit - record->begin);
      record->end = record->limit = static_cast<const char*>(std::memchr(record->begin, '\n', left));
    }
    if (record->is_checked) return true;
    record->is_checked = true;
    if (IsValidUtf8({record->begin, static_cast<size_t>(record->end - record->begin)})) return true;
    reason_ = kNotUtf8;
    return false;
  }

  /// Passes fields until one is not where it was expected, and returns null, or its value has not the plainest form of
  /// its type. `*from` is then where the other way has to begin.
  const JsonFieldOrder::Field* WalkPlainFields(const char** from, const char* limit, JsonTextBytes* all_bytes) {
    // Copies, so that they stay in registers.
    const char* at = *from;
    JsonFieldOrder::Place place = order_.place();
    JsonTextBytes bytes = *all_bytes;
    const int64_t records = records_;
    const JsonFieldOrder::Field* stopped = nullptr;
    while (true) {
      const char* value = at;
      const JsonFieldOrder::Field* field = place.Pass(&value);
      if (field == nullptr || value >= limit) break;
      const JsonFieldOrder::Use& use = field->use;
      const char* end;
      // A key that stands there twice counts the first time.
      if (use.way == Way::kSkipped || (use.plain != nullptr && use.plain->length() > records)) {
        end = PassPlainValue(value, limit, &bytes);
        if (end > limit) end = nullptr;
      } else {
        end = ReadPlainValue(use, value, limit, &bytes);
      }
      if (end == nullptr) {
        at = value;
        stopped = field;
        break;
      }
      at = end;
    }
    *from = at;
    order_.GoTo(place);
    *all_bytes = bytes;
    return stopped;
  }

  /// Appends a value of the plainest form to its column and returns its end; appends nothing otherwise.
  [[gnu::always_inline]] inline const char* ReadPlainValue(const JsonFieldOrder::Use& use, const char* at,
                                                           const char* limit, JsonTextBytes* bytes) {
    const char* end = nullptr;
    const bool is_number = *at == '-' || static_cast<unsigned char>(*at - '0') < 10;
    switch (use.way) {
      case Way::kInteger: {
        int64_t value;
        if (!is_number || (end = ReadPlainJsonInteger(at, &value)) == nullptr || end > limit) break;
        use.plain->AppendInteger(value);
        --missing_;
        return end;
      }
      case Way::kFloat: {
        double value;
        if (!is_number || (end = ReadPlainJsonFloat(at, &value)) == nullptr || end > limit) break;
        use.plain->AppendFloat(value);
        --missing_;
        return end;
      }
      case Way::kText: {
        if (*at != '"' || (end = PassPlainText(at, limit, bytes)) == nullptr || end > limit) break;
        use.plain->AppendPaddedText({at + 1, static_cast<size_t>(end - at) - 2});
        --missing_;
        return end;
      }
      case Way::kBoolean: {
        if (*at != 't' && *at != 'f') break;
        if ((end = PassPlainWord(at)) == nullptr || end > limit) return nullptr;
        use.plain->AppendBoolean(*at == 't');
        --missing_;
        return end;
      }
      case Way::kDate: {
        int32_t days;
        if (*at != '"' || (end = PassPlainText(at, limit, bytes)) == nullptr || end > limit) break;
        if (!ReadIsoDate({at + 1, static_cast<size_t>(end - at) - 2}, &days)) return nullptr;
        use.plain->AppendDate(days);
        --missing_;
        return end;
      }
      case Way::kInstant: {
        int64_t micros;
        if (*at != '"' || (end = PassPlainText(at, limit, bytes)) == nullptr || end > limit) break;
        if (!instants_.Read({at + 1, static_cast<size_t>(end - at) - 2}, &micros)) return nullptr;
        use.plain->AppendInteger(micros);
        --missing_;
        return end;
      }
      default:
        return nullptr;
    }
    if (std::memcmp(at, "null", 4) != 0 || at + 4 > limit) return nullptr;
    use.plain->AppendNull();
    --missing_;
    return at + 4;
  }

  /// Passes one field, whatever it is; `field` is the one at whose value `*at` stands, null when its key is yet to be
  /// read. False at the end of the record or when it is bad, with the reason.
  bool WalkField(const JsonFieldOrder::Field* field, const char** at, const Extent& record) {
    JsonCursor cursor({*at, static_cast<size_t>(record.end - *at)}, /*depth=*/1);
    if (field == nullptr) field = NextField(&cursor, *at == record.begin + 1);
    if (field == nullptr) {
      if (cursor.error() != JsonError::kNone || (reason_.empty() && !cursor.AtEnd())) {
        reason_ = JsonErrorText(cursor.error());
      }
      return false;
    }
    AppendValue(*field, &cursor);
    if (cursor.error() != JsonError::kNone) reason_ = JsonErrorText(cursor.error());
    *at = cursor.at();
    return cursor.error() == JsonError::kNone;
  }

  /// Steps to the value of the next field. Null at the end of the record or on an error.
  const JsonFieldOrder::Field* NextField(JsonCursor* cursor, bool first) {
    const char* begin = cursor->at();
    std::string_view key;
    if (!cursor->NextField(&first, &key)) return nullptr;
    cursor->Peek();
    const std::string_view lead(begin, static_cast<size_t>(cursor->at() - begin));
    return &order_.Learn(key, lead, [this](std::string_view raw_key) { return UseOf(raw_key); });
  }

  void AppendValue(const JsonFieldOrder::Field& field, JsonCursor* cursor) {
    if (field.use.column < 0 || columns_[static_cast<size_t>(field.use.column)].length() > records_) {
      cursor->SkipValue();
      return;
    }
    JsonColumn& column = columns_[static_cast<size_t>(field.use.column)];
    const Fit fit = column.Append(*cursor, &buffer_);
    --missing_;
    if (fit == Fit::kMisfit && reason_.empty()) {
      reason_ = fmt::format("the value of '{}' is no {}", field.key, column.type().DisplayName());
    }
  }

  /// What is to be done with the values of a key.
  JsonFieldOrder::Use UseOf(std::string_view raw_key) const {
    std::string name(raw_key);
    if (raw_key.find('\\') != std::string_view::npos && !UnescapeJson(raw_key, &name)) return {};
    const auto found = places_.find(name);
    if (found == places_.end()) return {};
    const auto place = static_cast<size_t>(found->second);
    return {WayOf(columns_[place].type()), found->second, plain_[place].get()};
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
  bool full_ = false;
  std::vector<std::unique_ptr<PlainColumn>> plain_;             ///< Null where the column is of another kind.
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;  ///< Null where it is not.
  std::vector<JsonColumn> columns_;
  std::unordered_map<std::string, int> places_;
  JsonFieldOrder order_;
  IsoInstantReader instants_;
  int64_t records_ = 0;
  int64_t room_ = 0, first_room_ = kFirstRoom;  ///< Records for which the plain columns have room, and will have next.
  size_t missing_ = 0;                          ///< Columns that the record at hand has not given a value yet.
  std::string reason_;                          ///< Why the record at hand is bad.
  std::vector<int64_t> bad_rows_;
};

JsonDecoder::JsonDecoder(Schema columns) : machinery_(std::make_unique<Machinery>(std::move(columns))) {}
JsonDecoder::~JsonDecoder() = default;
const std::string& JsonDecoder::Append(std::string_view text) { return machinery_->Append(text); }
const std::string& JsonDecoder::AppendLine(std::string_view lines, size_t* length) {
  return machinery_->AppendLine(lines, length);
}
bool JsonDecoder::full() const { return machinery_->full(); }
int64_t JsonDecoder::rows() const { return machinery_->rows(); }
Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::Finish() { return machinery_->Finish(); }

}  // namespace velo::formats
