#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/types/sql_type.h"

namespace arrow {
class Array;
class ResizableBuffer;
}  // namespace arrow

namespace velo::formats {

/// The values of a column of numbers, truth values, days, instants or texts as a reader of records meets them: what
/// Arrow's builders do, with the room made once for many rows instead of asked for with every value. Not thread safe.
class PlainColumn {
 public:
  /// Whether values of the type can stand here.
  static bool Takes(const SqlType& type);

  /// `*full` is set when the texts become so large that the batch should end. REQUIRES: Takes(type).
  PlainColumn(SqlType type, bool* full);
  ~PlainColumn();
  PlainColumn(const PlainColumn&) = delete;
  PlainColumn& operator=(const PlainColumn&) = delete;

  int64_t length() const { return length_; }
  /// Makes room for so many rows in all. Every row needs its room before it is appended.
  void Reserve(int64_t rows);

  /// INTEGER, and TIMESTAMP in microseconds.
  void AppendInteger(int64_t value) { Put(&value, sizeof(value)); }
  void AppendFloat(double value) { Put(&value, sizeof(value)); }
  void AppendBoolean(bool value) { Put(&value, sizeof(value)); }
  /// DATE, in days.
  void AppendDate(int32_t value) { Put(&value, sizeof(value)); }
  void AppendText(std::string_view text) {
    std::memcpy(RoomFor(text.size()), text.data(), text.size());
    EndText(text.size());
  }
  /// The same in fewer steps. REQUIRES: kPadding bytes from text.data() on can be read.
  void AppendPaddedText(std::string_view text) {
    char* to = RoomFor(text.size());
    if (text.size() <= kPadding) [[likely]] {
      std::memcpy(to, text.data(), kPadding);
    } else {
      std::memcpy(to, text.data(), text.size());
    }
    EndText(text.size());
  }
  void AppendNull();

  /// Takes the values appended so far; their room is gone.
  std::shared_ptr<arrow::Array> Finish();

  static constexpr size_t kPadding = 16;

 private:
  static constexpr size_t kManyTextBytes = 512 << 20;

  void Put(const void* value, size_t width) {
    std::memcpy(values_ + static_cast<size_t>(length_) * width, value, width);
    ++length_;
  }
  char* RoomFor(size_t bytes) {
    if (text_used_ + bytes + kPadding > text_capacity_) [[unlikely]]
      GrowText(bytes);
    return texts_ + text_used_;
  }
  void EndText(size_t bytes) {
    text_used_ += bytes;
    ++length_;
    const auto end = static_cast<int32_t>(text_used_);
    std::memcpy(values_ + static_cast<size_t>(length_) * sizeof(end), &end, sizeof(end));
  }
  void GrowText(size_t bytes);
  /// Bytes of the first buffer for so many rows.
  size_t ValueBytes(size_t rows) const;

  int64_t length_ = 0;
  char* values_ = nullptr;  ///< Of texts their offsets, of truth values a byte each.
  char* texts_ = nullptr;
  size_t text_used_ = 0, text_capacity_ = 0;
  int64_t nulls_ = 0, rows_ = 0;
  SqlType type_;
  size_t width_;  ///< Of what stands in the first buffer.
  bool* full_;
  size_t text_expected_ = 0;
  std::shared_ptr<arrow::ResizableBuffer> value_buffer_, text_buffer_, valid_buffer_;
};

}  // namespace velo::formats
