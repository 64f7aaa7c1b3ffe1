#include "engine/base/source_span.h"

#include <algorithm>

namespace velo {

SourceSpan SourceSpan::Cover(SourceSpan a, SourceSpan b) {
  if (!a.valid()) return b;
  if (!b.valid()) return a;
  const int32_t start = std::min(a.offset, b.offset);
  return {start, std::max(a.end(), b.end()) - start};
}

LineIndex::LineIndex(std::string_view text) : text_(text) {
  starts_.push_back(0);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') starts_.push_back(static_cast<int32_t>(i + 1));
  }
}

LineColumn LineIndex::Locate(int32_t offset) const {
  offset = std::clamp<int32_t>(offset, 0, static_cast<int32_t>(text_.size()));
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const int32_t line = static_cast<int32_t>(after - starts_.begin());
  int32_t column = 1;
  for (int32_t i = starts_[line - 1]; i < offset; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++column;  // continuation bytes are not characters
  }
  return {line, column};
}

std::string_view LineIndex::Line(int32_t line) const {
  if (line < 1 || line > static_cast<int32_t>(starts_.size())) return {};
  const int32_t start = starts_[line - 1];
  int32_t end = line < static_cast<int32_t>(starts_.size()) ? starts_[line] : static_cast<int32_t>(text_.size());
  while (end > start && (text_[end - 1] == '\n' || text_[end - 1] == '\r')) --end;
  return text_.substr(start, end - start);
}

}  // namespace velo
