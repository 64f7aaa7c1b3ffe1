#include "services/executions/export_rows.h"

#include <nlohmann/json.hpp>

#include "services/json.h"

namespace velo::services {
namespace {

std::string CellText(const Json& row, const std::string& name) {
  auto found = row.find(name);
  if (found == row.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// A spreadsheet would run such a cell. Numbers keep their sign: "-5" is no formula.
std::string Defused(const ResultColumn& column, std::string cell) {
  bool number = column.type == "Integer" || column.type == "Float" || column.type == "Decimal";
  bool formula = !cell.empty() && std::string_view("=+-@\t\r").find(cell[0]) != std::string_view::npos;
  return formula && !number ? "'" + cell : cell;
}

std::string Quoted(const std::string& cell, char separator) {
  if (cell.find_first_of(std::string("\"\r\n") + separator) == std::string::npos) return cell;
  std::string quoted = "\"";
  for (char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string MarkdownCell(const std::string& cell) {
  std::string safe;
  for (char c : cell) {
    if (c == '|' || c == '\\') safe += '\\';
    if (c == '<') {
      safe += "&lt;";
    } else {
      safe += c == '\n' || c == '\r' ? ' ' : c;
    }
  }
  return safe;
}

}  // namespace

const char* ContentTypeOf(RowsFormat format) {
  switch (format) {
    case RowsFormat::kJson:
      return "application/json";
    case RowsFormat::kCsv:
      return "text/csv; charset=utf-8";
    case RowsFormat::kTsv:
      return "text/tab-separated-values; charset=utf-8";
    case RowsFormat::kJsonl:
      return "application/x-ndjson";
    case RowsFormat::kMarkdown:
      return "text/markdown; charset=utf-8";
  }
  return "text/plain";
}

const char* ExtensionOf(RowsFormat format) {
  switch (format) {
    case RowsFormat::kJson:
      return "json";
    case RowsFormat::kCsv:
      return "csv";
    case RowsFormat::kTsv:
      return "tsv";
    case RowsFormat::kJsonl:
      return "jsonl";
    case RowsFormat::kMarkdown:
      return "md";
  }
  return "txt";
}

std::string PrintRows(const std::vector<ResultColumn>& columns, const std::vector<std::string>& rows,
                      const ExportOptions& options) {
  std::vector<const ResultColumn*> shown;
  for (const ResultColumn& column : columns) {
    if (!column.hidden) shown.push_back(&column);
  }
  char separator = options.format == RowsFormat::kTsv ? '\t' : ',';
  bool markdown = options.format == RowsFormat::kMarkdown, lines = options.format == RowsFormat::kJsonl;
  std::string out;
  auto add_line = [&](auto cell_of) {
    if (markdown) out += "|";
    for (size_t i = 0; i < shown.size(); ++i) {
      std::string cell = cell_of(*shown[i]);
      if (markdown) {
        out += " " + MarkdownCell(cell) + " |";
      } else {
        if (i > 0) out += separator;
        out += Quoted(cell, separator);
      }
    }
    out += markdown ? "\n" : "\r\n";
  };
  if (!lines) add_line([](const ResultColumn& column) { return column.name; });
  if (markdown) add_line([](const ResultColumn&) { return std::string("---"); });
  for (const std::string& text : rows) {
    Json row = Json::parse(text, nullptr, false);
    if (lines) {
      Json object = Json::object();
      for (const ResultColumn* column : shown) object[column->name] = row[column->name];
      out += object.dump() + "\n";
      continue;
    }
    add_line([&](const ResultColumn& column) {
      std::string cell = CellText(row, column.name);
      return options.escape_formulas && !markdown ? Defused(column, std::move(cell)) : cell;
    });
  }
  return out;
}

}  // namespace velo::services
