#include "connectors/file/file_options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/base/near_names.h"

namespace velo {
namespace {

/// Written names that mean the same option.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {{"has_headers", "header"},
                                                                      {"has_header", "header"},
                                                                      {"csv_has_header", "header"},
                                                                      {"csv_delimiter", "delimiter"},
                                                                      {"separator", "delimiter"},
                                                                      {"csv_quote", "quote"},
                                                                      {"quote_char", "quote"},
                                                                      {"csv_escape", "escape"},
                                                                      {"nulls", "null_values"},
                                                                      {"limit", "max_records"},
                                                                      {"pattern_recursive", "recursive"},
                                                                      {"error_handling", "on_error"},
                                                                      {"csv_quoted_as_string", "quoted_as_string"}};

/// Options that later stages read.
constexpr std::string_view kPassedOn[] = {
    "event_time", "watermark", "late",  "allowed_lateness", "idle",  "masking",     "type",
    "path",       "uri",       "topic", "schema",           "alias", "buffer_size", "timestamp_format"};

std::string NormalizeKey(std::string_view key) {
  std::string normal;
  for (char letter : key) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
    normal.push_back(letter == '.' || letter == '-' ? '_' : letter);
  }
  if (normal.starts_with("file_")) normal.erase(0, 5);
  for (const auto& [alias, name] : kAliases) {
    if (normal == alias) return std::string(name);
  }
  return normal;
}

Status BadValue(std::string_view key, std::string_view value, std::string_view wanted) {
  return Status::User("VALIDATION_ERROR", fmt::format("'{}' is no value for the option {}.", value, key),
                      fmt::format("Give {}.", wanted));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lower;
}

Result<bool> ToBoolean(std::string_view key, std::string_view value) {
  const std::string lower = Lower(value);
  if (lower == "true" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "0") return false;
  return BadValue(key, value, "true or false");
}

Result<int64_t> ToCount(std::string_view key, std::string_view value) {
  int64_t count = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error == std::errc() && end == value.data() + value.size() && count >= 0) return count;
  return BadValue(key, value, "a number that is not negative");
}

/// One character, or one of the names people use for those that are hard to write.
Result<char> ToCharacter(std::string_view key, std::string_view value) {
  const std::string lower = Lower(value);
  if (lower == "tab" || lower == "\\t") return '\t';
  if (lower == "comma") return ',';
  if (lower == "semicolon") return ';';
  if (lower == "pipe" || lower == "bar") return '|';
  if (lower == "space") return ' ';
  if (lower == "none") return '\0';
  if (value.size() == 1 && value[0] != '\n' && value[0] != '\r') return value[0];
  return BadValue(key, value, "one character");
}

/// "NA,N/A" or ["NA","N/A"].
std::vector<std::string> ToList(std::string_view value) {
  std::vector<std::string> items;
  std::string item;
  const bool brackets = value.size() >= 2 && value.front() == '[' && value.back() == ']';
  if (brackets) value = value.substr(1, value.size() - 2);
  auto finish = [&] {
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"') item = item.substr(1, item.size() - 2);
    items.push_back(std::move(item));
    item.clear();
  };
  int depth = 0;  // DECIMAL(12,2) is one item.
  for (char letter : value) {
    depth += letter == '(' ? 1 : letter == ')' ? -1 : 0;
    if (letter == ',' && depth == 0) {
      finish();
    } else if (letter != ' ' || !item.empty()) {
      item.push_back(letter);
    }
  }
  finish();
  return items;
}

std::optional<SqlType> SimpleType(std::string_view name) {
  static const std::pair<std::string_view, TypeKind> kTypes[] = {
      {"string", TypeKind::kString},       {"varchar", TypeKind::kString},     {"text", TypeKind::kString},
      {"integer", TypeKind::kInteger},     {"int", TypeKind::kInteger},        {"bigint", TypeKind::kInteger},
      {"float", TypeKind::kFloat},         {"double", TypeKind::kFloat},       {"boolean", TypeKind::kBoolean},
      {"bool", TypeKind::kBoolean},        {"date", TypeKind::kDate},          {"time", TypeKind::kTime},
      {"timestamp", TypeKind::kTimestamp}, {"datetime", TypeKind::kTimestamp}, {"decimal", TypeKind::kDecimal}};
  const std::string lower = Lower(name);
  int precision = 0, scale = 0;
  if (std::sscanf(lower.c_str(), "decimal(%d,%d)", &precision, &scale) == 2) return SqlType::Decimal(precision, scale);
  for (const auto& [known, kind] : kTypes) {
    if (lower == known) return SqlType(kind);
  }
  return std::nullopt;
}

/// "id:INTEGER, name" gives a typed and an untyped column.
Result<std::vector<Column>> ToColumns(std::string_view value) {
  std::vector<Column> columns;
  for (const std::string& item : ToList(value)) {
    const size_t colon = item.find(':');
    Column column{item.substr(0, colon), TypeKind::kAny, true};
    if (colon != std::string::npos) {
      std::optional<SqlType> type = SimpleType(item.substr(colon + 1));
      if (!type) return BadValue("columns", item, "name:TYPE, for example id:INTEGER, name:STRING");
      column.type = *type;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<formats::Encoding> ToEncoding(std::string_view value) {
  const std::string lower = Lower(value);
  if (lower == "utf-8" || lower == "utf8") return formats::Encoding::kUtf8;
  if (lower == "utf-16le" || lower == "utf-16") return formats::Encoding::kUtf16LittleEndian;
  if (lower == "utf-16be") return formats::Encoding::kUtf16BigEndian;
  if (lower == "latin-1" || lower == "latin1" || lower == "iso-8859-1" || lower == "windows-1252") {
    return formats::Encoding::kLatin1;
  }
  return BadValue("encoding", value, "utf-8, utf-16le, utf-16be or latin-1");
}

Result<formats::Compression> ToCompression(std::string_view value) {
  std::string suffix = "." + Lower(value);
  if (suffix == ".none") return formats::Compression::kNone;
  const formats::Compression found = formats::TakeCompressionSuffix(&suffix);
  if (found != formats::Compression::kNone) return found;
  return BadValue("compression", value, "none, gz, zst, bz2 or lz4");
}

Status Apply(const std::string& key, const std::string& value, FileOptions* options) {
  if (value.empty() || (Lower(value) == "auto" && key != "null_values")) return Status::OK();
  if (key == "format") {
    options->kind = formats::FileKindByName(value);
    if (!options->kind) {
      return Status::User("UNSUPPORTED", fmt::format("The format '{}' cannot be read.", value),
                          "Readable are csv, tsv, json, jsonl, parquet and arrow.");
    }
    if (value == "csv_no_header") options->csv.header = false;
  } else if (key == "header") {
    VELO_ASSIGN_OR_RETURN(options->csv.header, ToBoolean(key, value));
  } else if (key == "delimiter") {
    VELO_ASSIGN_OR_RETURN(options->csv.delimiter, ToCharacter(key, value));
  } else if (key == "quote") {
    VELO_ASSIGN_OR_RETURN(options->csv.quote, ToCharacter(key, value));
  } else if (key == "escape") {
    VELO_ASSIGN_OR_RETURN(char escape, ToCharacter(key, value));
    // A quote that escapes quotes is the usual doubling.
    if (escape != options->csv.quote.value_or('"')) options->csv.escape = escape;
  } else if (key == "comment") {
    VELO_ASSIGN_OR_RETURN(options->csv.comment, ToCharacter(key, value));
  } else if (key == "null_values") {
    options->csv.null_values = ToList(value);
  } else if (key == "skip_lines") {
    VELO_ASSIGN_OR_RETURN(options->csv.skip_lines, ToCount(key, value));
  } else if (key == "columns") {
    VELO_ASSIGN_OR_RETURN(options->csv.columns, ToColumns(value));
    options->json.columns = options->csv.columns;
  } else if (key == "quoted_as_string") {
    VELO_ASSIGN_OR_RETURN(options->csv.quoted_as_string, ToBoolean(key, value));
  } else if (key == "multiline") {
    VELO_ASSIGN_OR_RETURN(options->csv.multiline, ToBoolean(key, value));
  } else if (key == "encoding") {
    VELO_ASSIGN_OR_RETURN(options->encoding, ToEncoding(value));
  } else if (key == "compression") {
    VELO_ASSIGN_OR_RETURN(options->compression, ToCompression(value));
  } else if (key == "recursive") {
    VELO_ASSIGN_OR_RETURN(options->recursive, ToBoolean(key, value));
  } else if (key == "use_mmap") {
    VELO_ASSIGN_OR_RETURN(options->use_mmap, ToBoolean(key, value));
  } else if (key == "max_records") {
    VELO_ASSIGN_OR_RETURN(options->max_records, ToCount(key, value));
  } else if (key == "json_decimal_detect") {
    VELO_ASSIGN_OR_RETURN(options->json.detect_decimals, ToBoolean(key, value));
  } else if (key == "on_error") {
    const std::string lower = Lower(value);
    if (lower != "skip" && lower != "fail") return BadValue(key, value, "skip or fail");
    options->fail_on_bad_record = lower == "fail";
  } else {
    return Status::Bug(fmt::format("the option {} is offered but not read", key));
  }
  return Status::OK();
}

bool IsPassedOn(std::string_view key) {
  return std::any_of(std::begin(kPassedOn), std::end(kPassedOn),
                     [key](std::string_view prefix) { return key.starts_with(prefix); });
}

}  // namespace

const std::vector<ConnectorOption>& FileConnectorOptions() {
  static const std::vector<ConnectorOption> options{
      {"format",
       "enum",
       "auto",
       "What the files are; found out from name and content otherwise.",
       {"csv", "tsv", "json", "jsonl", "parquet", "arrow"},
       false},
      {"header", "boolean", "auto", "Whether the first row of a CSV file names the columns.", {}, false},
      {"delimiter", "character", "auto", "What separates the cells of a CSV file.", {}, false},
      {"quote", "character", "\"", "What encloses cells that hold delimiters or line ends.", {}, false},
      {"escape", "character", "", "What makes a quote inside quotes harmless; doubled quotes otherwise.", {}, false},
      {"comment", "character", "", "Rows that begin with it are skipped.", {}, false},
      {"null_values", "list", "", "Cells that mean NULL, besides the empty one.", {}, false},
      {"skip_lines", "integer", "0", "Lines before the header that are no data.", {}, false},
      {"columns",
       "list",
       "",
       "Names of the columns of a file without header, or types: id:INTEGER, name:STRING.",
       {},
       false},
      {"quoted_as_string",
       "boolean",
       "false",
       "Quoted cells of a CSV file are text, whatever stands in them.",
       {},
       false},
      {"multiline", "boolean", "true", "Whether quoted cells may hold line ends.", {}, false},
      {"encoding", "enum", "auto", "How characters are written.", {"utf-8", "utf-16le", "utf-16be", "latin-1"}, false},
      {"compression",
       "enum",
       "auto",
       "By the end of the file name otherwise.",
       {"none", "gz", "zst", "bz2", "lz4"},
       false},
      {"recursive", "boolean", "false", "Whether a folder means its subfolders too.", {}, false},
      {"use_mmap", "boolean", "false", "Map files into memory instead of reading them.", {}, false},
      {"max_records", "integer", "", "Stop after so many records.", {}, false},
      {"json_decimal_detect", "boolean", "true", "Read texts like \"12.50\" as exact decimals.", {}, false},
      {"on_error", "enum", "skip", "What happens at a record that cannot be read.", {"skip", "fail"}, false}};
  return options;
}

Result<FileOptions> ParseFileOptions(const PropertyMap& properties) {
  FileOptions options;
  std::vector<std::string> known;
  for (const ConnectorOption& option : FileConnectorOptions()) known.push_back(option.name);
  // The quote decides what an escape means, so it is read first.
  for (bool quotes : {true, false}) {
    for (const auto& [written, value] : properties) {
      const std::string key = NormalizeKey(written);
      if ((key == "quote") != quotes || IsPassedOn(key)) continue;
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        const std::vector<std::string> near = NearNames(key, known);
        return Status::User("VALIDATION_ERROR", fmt::format("Files have no option '{}'.", written),
                            fmt::format("{}: {}.", near.empty() ? "Options" : "Closest",
                                        fmt::join(near.empty() ? known : near, ", ")))
            .WithDetail("unknown_fields", written);
      }
      VELO_RETURN_IF_ERROR(Apply(key, value, &options));
    }
  }
  return options;
}

}  // namespace velo
