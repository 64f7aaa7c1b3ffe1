#include "engine/formats/csv_layout.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "engine/formats/csv_types.h"

namespace velo::formats {
namespace {

constexpr char kDelimiters[] = {',', ';', '\t', '|'};
constexpr size_t kSniffedRows = 200;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsComment(std::string_view row, const CsvDialect& dialect) {
  return dialect.comment != '\0' && row.starts_with(dialect.comment);
}

/// The rows of a sample that count: neither blank nor comments.
std::vector<size_t> RealRows(const CsvRows& rows, const CsvDialect& dialect, size_t limit) {
  std::vector<size_t> real;
  for (size_t row = 0; row < rows.size() && real.size() < limit; ++row) {
    if (!rows.blank(row) && !IsComment(rows.row_text(row), dialect)) real.push_back(row);
  }
  return real;
}

/// The most frequent number of cells and the share of rows that have it.
std::pair<uint32_t, double> UsualWidth(const CsvRows& rows, const std::vector<size_t>& real) {
  std::map<uint32_t, size_t> counts;
  for (size_t row : real) ++counts[rows.cells(row)];
  uint32_t width = 1;
  size_t most = 0;
  for (const auto& [cells, count] : counts) {
    if (count >= most) {
      most = count;
      width = cells;
    }
  }
  return {width, real.empty() ? 0.0 : static_cast<double>(most) / static_cast<double>(real.size())};
}

char SniffDelimiter(std::string_view text, bool complete, CsvDialect dialect) {
  char best = ',';
  double best_score = 0;
  for (char delimiter : kDelimiters) {
    dialect.delimiter = delimiter;
    CsvRows rows;
    rows.Index(text, dialect, complete);
    const auto [width, share] = UsualWidth(rows, RealRows(rows, dialect, kSniffedRows));
    if (width < 2) continue;
    // How regular the rows are counts most; among equals, more columns win.
    const double score = share * share + std::min<uint32_t>(width, 50) * 0.001;
    if (score > best_score + 1e-9) {
      best_score = score;
      best = delimiter;
    }
  }
  return best;
}

/// There is no header when the first row already looks like data: wherever the rows below hold numbers, dates or
/// booleans, so does it.
bool LooksLikeHeader(const CsvRows& rows, const std::vector<size_t>& real, const CsvDialect& dialect) {
  const uint32_t width = rows.cells(real[0]);
  std::string buffer;
  bool any_typed = false;
  for (uint32_t column = 0; column < width; ++column) {
    CellTypeGuess below, first;
    for (size_t i = 1; i < real.size(); ++i) {
      if (column >= rows.cells(real[i])) continue;
      const std::string_view value = CsvCellValue(rows.cell(real[i], column), dialect, &buffer);
      if (!value.empty()) below.Add(value);
    }
    const std::string_view value = CsvCellValue(rows.cell(real[0], column), dialect, &buffer);
    if (value.empty()) continue;
    first.Add(value);
    const TypeKind below_kind = below.type().kind(), first_kind = first.type().kind();
    if (real.size() == 1) {
      any_typed = any_typed || first_kind != TypeKind::kString;
      continue;
    }
    if (below_kind == TypeKind::kString) continue;
    const bool numbers = below.type().is_numeric() && first.type().is_numeric();
    if (first_kind != below_kind && !numbers) return true;
    any_typed = true;
  }
  return !any_typed;
}

std::vector<std::string> UniqueNames(std::vector<std::string> names) {
  std::unordered_set<std::string> used;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = "column_" + std::to_string(i);
    const std::string base = names[i];
    for (int copy = 2; !used.insert(names[i]).second; ++copy) names[i] = base + "_" + std::to_string(copy);
  }
  return names;
}

std::string TrimmedName(std::string_view name) {
  while (!name.empty() && (name.front() == ' ' || name.front() == '\t')) name.remove_prefix(1);
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return std::string(name);
}

std::vector<std::string> HeaderNames(const CsvRows& rows, const std::vector<size_t>& real, const CsvDialect& dialect) {
  std::vector<std::string> names;
  std::string buffer;
  for (uint32_t column = 0; column < rows.cells(real[0]); ++column) {
    names.push_back(TrimmedName(CsvCellValue(rows.cell(real[0], column), dialect, &buffer)));
  }
  const std::vector<size_t> data(real.begin() + 1, real.end());
  const auto [width, share] = UsualWidth(rows, data);
  if (data.empty() || width != names.size() + 1 || share < 0.9) return UniqueNames(std::move(names));
  // One cell more than names: row names in front, as R writes them, unless it is just a delimiter at the end of rows.
  const bool only_trailing = std::all_of(data.begin(), data.end(), [&](size_t row) {
    return rows.cells(row) != width || rows.cell(row, width - 1).empty();
  });
  if (!only_trailing) names.insert(names.begin(), "column_0");
  return UniqueNames(std::move(names));
}

}  // namespace

CsvLayout SniffCsvLayout(std::string_view text, bool complete, const CsvOptions& options) {
  CsvLayout layout;
  CsvDialect& dialect = layout.dialect;
  dialect.quote = options.quote.value_or('"');
  dialect.escape = options.escape.value_or('\0');
  dialect.comment = options.comment.value_or('\0');
  dialect.null_values = options.null_values;
  dialect.skip_lines = options.skip_lines;

  size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (int64_t skipped = 0; skipped < options.skip_lines && begin < text.size(); ++skipped) {
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    ++layout.data_line;
  }
  const std::string_view body = text.substr(begin);
  dialect.delimiter = options.delimiter ? *options.delimiter : SniffDelimiter(body, complete, dialect);
  CsvRows rows;
  const size_t indexed = rows.Index(body, dialect, complete);
  const std::vector<size_t> real = RealRows(rows, dialect, kSniffedRows);
  layout.data_begin = begin + indexed;
  if (real.empty()) {
    layout.data_line += rows.line_count();
    return layout;
  }
  dialect.has_header = options.header ? *options.header : LooksLikeHeader(rows, real, dialect);
  size_t first_data = real[0];
  if (dialect.has_header) {
    layout.names = HeaderNames(rows, real, dialect);
    first_data = real[0] + 1;
  } else {
    layout.names.resize(UsualWidth(rows, real).first);
    layout.names = UniqueNames(std::move(layout.names));
    for (size_t i = 0; i < std::min(options.columns.size(), layout.names.size()); ++i) {
      layout.names[i] = options.columns[i].name;
    }
  }
  const size_t data_offset = first_data < rows.size() ? rows.row_begin(first_data) : indexed;
  layout.data_begin = begin + data_offset;
  layout.data_line += std::count(body.begin(), body.begin() + data_offset, '\n');
  return layout;
}

}  // namespace velo::formats
