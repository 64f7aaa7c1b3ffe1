#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/formats/csv_rows.h"
#include "engine/types/schema.h"

namespace velo::formats {

/// What the user said about a CSV file; the rest is sniffed.
struct CsvOptions {
  std::optional<bool> header;
  std::optional<char> delimiter;
  std::optional<char> quote;
  std::optional<char> escape;
  std::optional<char> comment;
  int64_t skip_lines = 0;
  std::vector<std::string> null_values;
  /// Quoted cells are text, whatever stands in them; else quotes say nothing about the type (dialect 3.7).
  bool quoted_as_string = false;
  /// Declared columns: names for a file without header; types other than ANY replace the inferred ones.
  std::vector<Column> columns;
  /// Whether quoted cells may hold line ends. False lets large files be read in parallel without a check.
  bool multiline = true;
};

/// Where the data of a file begins and what its columns are called.
struct CsvLayout {
  CsvDialect dialect;
  std::vector<std::string> names;
  size_t data_begin = 0;  ///< Byte offset of the first record.
  int64_t data_line = 0;  ///< Lines before it.
  std::vector<std::string> warnings;
};

/// Sniffs delimiter, quotes and header from the beginning of a file. With `complete` the text is the whole file.
/// Without rows there are no names.
CsvLayout SniffCsvLayout(std::string_view text, bool complete, const CsvOptions& options);

}  // namespace velo::formats
