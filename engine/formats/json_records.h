#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/formats/byte_window.h"
#include "engine/formats/record_reader.h"

namespace velo::formats {

enum class JsonLayout : uint8_t {
  kLines,     ///< One value per line.
  kElements,  ///< Elements of one array, or values one after the other, over any number of lines.
};

/// Tells the layout from the beginning of a file: lines when the first line that is not blank is a whole object.
JsonLayout SniffJsonLayout(std::string_view text);

/// Cuts a file into the texts of its records. Constant memory. Call Next until it says kEnd.
class JsonRecords {
 public:
  JsonRecords(std::unique_ptr<ByteWindow> window, JsonLayout layout)
      : window_(std::move(window)), layout_(layout), at_start_(window_->position() == 0) {}

  enum class Kind : uint8_t {
    kRecord,   ///< `text` is one record, with padding behind it that can be read.
    kTooLong,  ///< A record longer than kMaxRecordBytes was skipped; `text` is its beginning.
    kCutOff,   ///< The file ends inside `text`.
    kEnd,
  };
  struct Record {
    Kind kind = Kind::kEnd;
    std::string_view text;  ///< Valid until the next call.
    int64_t offset = 0;     ///< Of its first byte in the content.
    int64_t line = 0;       ///< 1-based, counted from where reading began.
  };
  Result<Record> Next();
  /// The lines in memory from the next record on, when that one begins right there with a bracket: all of them whole,
  /// with their ends. Empty: ask Next. Valid until the next call of Next.
  std::string_view Lines() const;
  /// Passes the first one of Lines, which has `length` bytes before its end.
  Record PassLine(size_t length);

  /// Just behind the last record.
  int64_t offset() const { return window_->position() + static_cast<int64_t>(at_); }
  /// Line ends passed so far.
  int64_t lines() const { return lines_; }
  /// REQUIRES: Next was not called yet.
  Status SkipTo(int64_t offset, int64_t lines);
  int64_t file_bytes_read() const { return window_->file_bytes_read(); }

 private:
  /// Makes at least `wanted` bytes from at_ on available.
  Status Refill(size_t wanted);
  /// Returns the end of the record that starts at `begin`, npos when it is not in the text.
  size_t FindEnd(size_t begin) const;
  size_t SkipBetween(size_t from);
  Result<Record> SkipTooLong(size_t begin);

  std::unique_ptr<ByteWindow> window_;
  const JsonLayout layout_;
  std::string_view text_;
  bool at_end_ = false;
  size_t at_ = 0;
  size_t whole_end_ = 0;  ///< Behind the last line end of the text.
  bool at_start_;  ///< Nothing but blanks was passed: the array around all elements may open here, and nowhere else.
  int64_t lines_ = 0;
  std::string too_long_;
};

inline std::string_view JsonRecords::Lines() const {
  // The line end of the record before was not passed yet.
  const size_t begin = at_ + (at_ < whole_end_ && text_[at_] == '\n' ? 1 : 0);
  if (begin >= whole_end_ || text_[begin] != '{' || whole_end_ - begin > kMaxRecordBytes) return {};
  return text_.substr(begin, whole_end_ - begin);
}

inline JsonRecords::Record JsonRecords::PassLine(size_t length) {
  if (text_[at_] == '\n') {
    ++at_;
    ++lines_;
  }
  const size_t begin = at_;
  at_ += length;
  return {Kind::kRecord, text_.substr(begin, length), window_->position() + static_cast<int64_t>(begin), lines_ + 1};
}

}  // namespace velo::formats
