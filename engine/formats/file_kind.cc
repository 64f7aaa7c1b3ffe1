#include "engine/formats/file_kind.h"

#include <algorithm>

#include "engine/formats/utf8.h"

namespace velo::formats {
namespace {

constexpr size_t kLookBytes = 256 << 10;

struct Magic {
  std::string_view bytes;
  const char* what;
};
constexpr Magic kForeign[] = {{"\x89PNG", "a PNG image"},
                              {"\xff\xd8\xff", "a JPEG image"},
                              {"GIF8", "a GIF image"},
                              {"%PDF", "a PDF document"},
                              {"PK\x03\x04", "a ZIP archive"},
                              {"\x7f"
                               "ELF",
                               "a program"},
                              {"SQLite format", "an SQLite database"},
                              {"ORC", "an ORC file"},
                              {"Obj\x01", "an Avro file"},
                              {"\x1f\x8b", "a gzip file"},
                              {"\x28\xb5\x2f\xfd", "a zstd file"},
                              {"BZh", "a bzip2 file"},
                              {"PAR1", "a Parquet file"},
                              {"ARROW1", "an Arrow file"}};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view end) {
  return text.size() > end.size() && EqualIgnoringCase(text.substr(text.size() - end.size()), end);
}

Status BinaryError(const std::string& path, std::string_view what) {
  return Status::User("UNSUPPORTED", fmt::format("{} looks like {}, which cannot be read as rows.", path, what),
                      "Readable are CSV, TSV, JSON, JSON Lines, Parquet and Arrow files, plain or compressed.")
      .WithDetail("feature", "format");
}

Encoding LookForEncoding(std::string_view text, bool complete) {
  if (text.starts_with("\xff\xfe")) return Encoding::kUtf16LittleEndian;
  if (text.starts_with("\xfe\xff")) return Encoding::kUtf16BigEndian;
  // The sample may end within a character.
  for (size_t cut = 0; cut <= (complete ? 0 : 3) && cut <= text.size(); ++cut) {
    if (IsValidUtf8(text.substr(0, text.size() - cut))) return Encoding::kUtf8;
  }
  return Encoding::kLatin1;
}

/// JSON begins with a brace or bracket; anything else is taken for separated values.
FileKind KindByContent(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return FileKind::kCsv;
  return FileKind::kJson;
}

}  // namespace

std::string_view FileKindName(FileKind kind) {
  static constexpr std::string_view kNames[] = {"csv", "tsv", "json", "jsonl", "parquet", "arrow"};
  return kNames[static_cast<int>(kind)];
}

std::optional<FileKind> FileKindByName(std::string_view name) {
  static constexpr std::pair<std::string_view, FileKind> kNames[] = {{"csv", FileKind::kCsv},
                                                                     {"csv_no_header", FileKind::kCsv},
                                                                     {"tsv", FileKind::kTsv},
                                                                     {"json", FileKind::kJson},
                                                                     {"json_array", FileKind::kJson},
                                                                     {"jsonl", FileKind::kJsonLines},
                                                                     {"jsonlines", FileKind::kJsonLines},
                                                                     {"json_lines", FileKind::kJsonLines},
                                                                     {"ndjson", FileKind::kJsonLines},
                                                                     {"parquet", FileKind::kParquet},
                                                                     {"arrow", FileKind::kArrow},
                                                                     {"feather", FileKind::kArrow}};
  for (const auto& [known, kind] : kNames) {
    if (EqualIgnoringCase(name, known)) return kind;
  }
  return std::nullopt;
}

Compression TakeCompressionSuffix(std::string* path) {
  static constexpr std::pair<std::string_view, Compression> kSuffixes[] = {
      {".gz", Compression::kGzip},      {".gzip", Compression::kGzip}, {".zst", Compression::kZstd},
      {".zstd", Compression::kZstd},    {".bz2", Compression::kBzip2}, {".lz4", Compression::kLz4},
      {".snappy", Compression::kSnappy}};
  for (const auto& [suffix, compression] : kSuffixes) {
    if (!EndsWithIgnoringCase(*path, suffix)) continue;
    path->resize(path->size() - suffix.size());
    return compression;
  }
  return Compression::kNone;
}

std::optional<FileKind> FileKindByExtension(std::string_view path) {
  static constexpr std::pair<std::string_view, FileKind> kExtensions[] = {
      {".csv", FileKind::kCsv},         {".tsv", FileKind::kTsv},         {".tab", FileKind::kTsv},
      {".json", FileKind::kJson},       {".jsonl", FileKind::kJsonLines}, {".ndjson", FileKind::kJsonLines},
      {".parquet", FileKind::kParquet}, {".pq", FileKind::kParquet},      {".arrow", FileKind::kArrow},
      {".feather", FileKind::kArrow},   {".ipc", FileKind::kArrow}};
  for (const auto& [extension, kind] : kExtensions) {
    if (EndsWithIgnoringCase(path, extension)) return kind;
  }
  return std::nullopt;
}

Result<FileLook> LookIntoFile(const InputFile& file, std::optional<FileKind> named) {
  FileLook look;
  InputFile raw = file;
  raw.encoding = Encoding::kUtf8;
  VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(raw));
  VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(kLookBytes));
  const bool complete = text.size() < kLookBytes;
  text = text.substr(0, kLookBytes);

  const bool is_parquet = text.starts_with("PAR1"), is_arrow = text.starts_with("ARROW1");
  const bool wants_columns = named == FileKind::kParquet || named == FileKind::kArrow;
  if (is_parquet && (!named || wants_columns)) look.kind = FileKind::kParquet;
  if (is_arrow && (!named || wants_columns)) look.kind = FileKind::kArrow;
  if (look.kind == FileKind::kParquet || look.kind == FileKind::kArrow) return look;
  if (wants_columns) {
    // Arrow streams have no magic bytes; their reader tells whether it is one.
    if (named == FileKind::kArrow && !text.empty() && text[0] != '{') {
      look.kind = FileKind::kArrow;
      return look;
    }
    return Status::User("UNSUPPORTED", fmt::format("{} is no {} file.", file.path, FileKindName(*named)),
                        "Check the name of the file, or name its format.");
  }
  for (const Magic& magic : kForeign) {
    if (text.starts_with(magic.bytes)) return BinaryError(file.path, magic.what);
  }
  look.encoding = LookForEncoding(text, complete);
  const bool wide = look.encoding == Encoding::kUtf16LittleEndian || look.encoding == Encoding::kUtf16BigEndian;
  if (!wide && text.find('\0') != std::string_view::npos) return BinaryError(file.path, "a binary file");
  look.kind = named.value_or(FileKind::kCsv);
  if (!named) {
    VELO_ASSIGN_OR_RETURN(
        auto decoded,
        OpenByteWindow(
            {.path = file.path, .size = file.size, .compression = file.compression, .encoding = look.encoding}));
    VELO_ASSIGN_OR_RETURN(text, decoded->Fill(kLookBytes));
    look.kind = KindByContent(text);
  }
  const bool is_json = look.kind == FileKind::kJson || look.kind == FileKind::kJsonLines;
  // JSON is UTF-8 by definition, so there single bad bytes are errors of single records.
  if (is_json && look.encoding == Encoding::kLatin1) look.encoding = Encoding::kUtf8;
  if (look.encoding == Encoding::kLatin1) {
    look.warning =
        fmt::format("{} is not UTF-8; it is read as Latin-1. Set the option encoding if that is wrong.", file.path);
  }
  return look;
}

}  // namespace velo::formats
