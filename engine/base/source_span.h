#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace velo {

/// A range of bytes in a source text. An invalid span (offset < 0) means "no place known".
struct SourceSpan {
  int32_t offset = -1;
  int32_t length = 0;

  bool valid() const { return offset >= 0; }
  int32_t end() const { return offset + length; }
  bool operator==(const SourceSpan&) const = default;

  /// Returns the smallest span that covers both; an invalid one is ignored.
  static SourceSpan Cover(SourceSpan a, SourceSpan b);
};

/// A place as people read it: 1-based line and 1-based column counted in code points.
struct LineColumn {
  int32_t line = 0;
  int32_t column = 0;
};

/// Maps byte offsets of one text to lines and columns. Keeps a view: the text must outlive the index.
/// "\n", "\r\n" and "\r" each end a line.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);

  LineColumn Locate(int32_t offset) const;
  /// Returns the text of a 1-based line without its line end; empty when there is no such line.
  std::string_view Line(int32_t line) const;

 private:
  std::string_view text_;
  std::vector<int32_t> starts_;
};

}  // namespace velo
