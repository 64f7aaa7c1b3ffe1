#include "engine/formats/json_records.h"

#include <algorithm>

namespace velo::formats {
namespace {

constexpr size_t kBlockBytes = 512 << 10;
constexpr size_t kTooLongShown = 4096;

bool IsBlank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n'; }

size_t SkipByteOrderMark(std::string_view text) { return text.starts_with("\xEF\xBB\xBF") ? 3 : 0; }

/// Returns the end of the JSON value that begins at `begin`: behind its last bracket, or at the blank, comma or bracket
/// that follows a scalar. npos when the text ends before.
size_t EndOfValue(std::string_view text, size_t begin) {
  int64_t depth = 0;
  bool inside_string = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char letter = text[i];
    if (inside_string) {
      if (letter == '\\') {
        ++i;
      } else if (letter == '"') {
        inside_string = false;
        if (depth == 0) return i + 1;
      }
      continue;
    }
    switch (letter) {
      case '"':
        inside_string = true;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return i == begin ? i + 1 : i;
        if (--depth == 0) return i + 1;
        break;
      case ',':
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        if (depth == 0) return i;
        break;
      default:
        break;
    }
  }
  return std::string_view::npos;
}

}  // namespace

JsonLayout SniffJsonLayout(std::string_view text) {
  size_t begin = SkipByteOrderMark(text);
  while (begin < text.size() && IsBlank(text[begin])) ++begin;
  if (begin == text.size() || text[begin] != '{') return JsonLayout::kElements;
  const size_t line_end = std::min(text.find('\n', begin), text.size());
  size_t end = EndOfValue(text, begin);
  if (end == std::string_view::npos || end > line_end) return JsonLayout::kElements;
  while (end < line_end && IsBlank(text[end])) ++end;
  return end == line_end ? JsonLayout::kLines : JsonLayout::kElements;
}

Status JsonRecords::SkipTo(int64_t offset, int64_t lines) {
  at_start_ = at_start_ && offset == 0;
  while (window_->position() < offset) {
    VELO_ASSIGN_OR_RETURN(std::string_view text, window_->Fill(kBlockBytes));
    if (text.empty()) break;
    window_->Advance(std::min(text.size(), static_cast<size_t>(offset - window_->position())));
  }
  lines_ = lines;
  return Status::OK();
}

Status JsonRecords::Refill(size_t wanted) {
  window_->Advance(at_);
  at_ = 0;
  VELO_ASSIGN_OR_RETURN(text_, window_->Fill(wanted));
  at_end_ = text_.size() < wanted;
  whole_end_ = layout_ == JsonLayout::kLines ? text_.rfind('\n') + 1 : 0;
  if (window_->position() == 0) at_ = SkipByteOrderMark(text_);
  return Status::OK();
}

size_t JsonRecords::SkipBetween(size_t from) {
  for (; from < text_.size(); ++from) {
    const char letter = text_[from];
    lines_ += letter == '\n' ? 1 : 0;
    if (IsBlank(letter)) continue;
    if (layout_ == JsonLayout::kLines) break;
    // Between elements: commas, and the brackets of the array around them.
    const bool opens = letter == '[' && at_start_;
    at_start_ = false;
    if (letter != ',' && letter != ']' && !opens) break;
  }
  return from;
}

size_t JsonRecords::FindEnd(size_t begin) const {
  if (layout_ == JsonLayout::kElements) return EndOfValue(text_, begin);
  return text_.find('\n', begin);
}

Result<JsonRecords::Record> JsonRecords::Next() {
  for (size_t wanted = kBlockBytes;;) {
    at_ = SkipBetween(at_);
    if (at_ < text_.size()) {
      const size_t end = FindEnd(at_);
      const bool last_line = end == std::string_view::npos && at_end_ && layout_ == JsonLayout::kLines;
      if (end != std::string_view::npos || last_line || at_end_) {
        Record record;
        record.kind = end == std::string_view::npos && !last_line ? Kind::kCutOff : Kind::kRecord;
        const size_t stop = std::min(end, text_.size());
        if (stop - at_ > kMaxRecordBytes) return SkipTooLong(at_);
        record.text = text_.substr(at_, stop - at_);
        record.offset = window_->position() + static_cast<int64_t>(at_);
        record.line = lines_ + 1;
        // A line holds no line ends; other records may.
        if (layout_ != JsonLayout::kLines) lines_ += std::count(record.text.begin(), record.text.end(), '\n');
        at_ = stop;
        return record;
      }
      if (text_.size() - at_ >= kMaxRecordBytes) return SkipTooLong(at_);
      // The record began near the end of the block.
      wanted = std::max(kBlockBytes, 2 * (text_.size() - at_));
    } else if (at_end_) {
      return Record{};
    }
    VELO_RETURN_IF_ERROR(Refill(wanted));
    if (text_.empty()) return Record{};
  }
}

Result<JsonRecords::Record> JsonRecords::SkipTooLong(size_t begin) {
  Record record{Kind::kTooLong, {}, window_->position() + static_cast<int64_t>(begin), lines_ + 1};
  too_long_.assign(text_.substr(begin, kTooLongShown));
  record.text = too_long_;
  // Wherever the next line begins, a record may begin.
  while (true) {
    const size_t line_end = text_.find('\n', at_);
    if (line_end != std::string_view::npos) {
      at_ = line_end;
      return record;
    }
    at_ = text_.size();
    if (at_end_) return record;
    VELO_RETURN_IF_ERROR(Refill(kBlockBytes));
  }
}

}  // namespace velo::formats
