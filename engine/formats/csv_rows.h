#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace velo::formats {

/// How the text of a CSV file is laid out.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';     ///< '\0': none.
  char escape = '\0';   ///< '\0': a quote inside quotes is doubled.
  char comment = '\0';  ///< Lines that begin with it are skipped; '\0': none.
  bool has_header = true;
  int64_t skip_lines = 0;
  std::vector<std::string> null_values;  ///< Besides the empty cell.
};

/// Finds rows and cells in a block of text that begins at the border of a row. Reused from block to block.
///
/// The fast way compares 64 bytes at a time and takes every quote as the beginning or end of a quoted cell. Blocks
/// where that cannot be right (a quote inside an unquoted cell, an escape character) are read again byte by byte.
class CsvRows {
 public:
  /// Indexes all complete rows of `text`. With `at_end` the text is the rest of the file, whose last row may lack its
  /// line end. Returns the bytes that the complete rows take.
  size_t Index(std::string_view text, const CsvDialect& dialect, bool at_end);

  size_t size() const { return row_count_; }
  /// Line ends in the complete rows, those inside quotes included.
  int64_t line_count() const { return line_count_; }
  /// Number of cells of a row; a blank line has one empty cell.
  uint32_t cells(size_t row) const { return row_ends_[row] - first_separator(row); }
  /// The cell as it stands in the text, with its quotes, without the line end. REQUIRES: column < cells(row).
  std::string_view cell(size_t row, uint32_t column) const {
    const uint32_t separator = first_separator(row) + column;
    const uint32_t begin = separator == 0 ? 0 : separators_[separator - 1] + 1;
    uint32_t end = separators_[separator];
    if (separator + 1 == row_ends_[row] && end > begin && text_[end - 1] == '\r') --end;
    return {text_ + begin, end - begin};
  }
  /// Offset of the row in the text.
  size_t row_begin(size_t row) const { return row == 0 ? 0 : separators_[row_ends_[row - 1] - 1] + 1; }
  /// The row as it stands in the text, without its line end.
  std::string_view row_text(size_t row) const;
  bool blank(size_t row) const { return cells(row) == 1 && cell(row, 0).empty(); }
  /// Whether the text stopped in the middle of a quoted cell.
  bool ended_in_quotes() const { return ended_in_quotes_; }

 private:
  uint32_t first_separator(size_t row) const { return row == 0 ? 0 : row_ends_[row - 1]; }
  void Reserve(size_t bytes);
  /// Returns false when the block needs the careful way.
  bool IndexFast(std::string_view text, const CsvDialect& dialect);
  void IndexCarefully(std::string_view text, const CsvDialect& dialect);

  const char* text_ = nullptr;
  size_t capacity_ = 0;
  /// Offsets of all delimiters and line ends outside quotes; one more at the end of a last row without line end.
  std::unique_ptr<uint32_t[]> separators_;
  size_t separator_count_ = 0;
  /// Per row: index into separators_ just after its last one.
  std::unique_ptr<uint32_t[]> row_ends_;
  size_t row_count_ = 0;
  bool ended_in_quotes_ = false;
  bool quoted_line_ends_ = false;
  int64_t line_count_ = 0;
};

/// Returns the value of a cell: without quotes and with doubled quotes made single. The view is into the cell, or into
/// `buffer` when something had to be taken out.
std::string_view CsvCellValue(std::string_view cell, const CsvDialect& dialect, std::string* buffer);

}  // namespace velo::formats
