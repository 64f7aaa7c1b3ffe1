#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/formats/byte_window.h"

namespace velo::formats {

enum class FileKind : uint8_t { kCsv, kTsv, kJson, kJsonLines, kParquet, kArrow };

/// "csv", "tsv", "json", "jsonl", "parquet", "arrow"
std::string_view FileKindName(FileKind kind);
/// Reads a name as people write it ("ndjson", "json_lines"); empty when it is none that can be read.
std::optional<FileKind> FileKindByName(std::string_view name);

/// Reads the compression off the end of the path and removes it there ("a.csv.gz" leaves "a.csv").
Compression TakeCompressionSuffix(std::string* path);
std::optional<FileKind> FileKindByExtension(std::string_view path);

/// What the first bytes of a file are.
struct FileLook {
  FileKind kind = FileKind::kCsv;
  Encoding encoding = Encoding::kUtf8;
  std::string warning;  ///< "… is not UTF-8 and is read as Latin-1."
};

/// Looks into a file whose compression is known. `named` is what the user or the extension says; content decides
/// without it. UNSUPPORTED names what a binary file seems to be.
Result<FileLook> LookIntoFile(const InputFile& file, std::optional<FileKind> named);

}  // namespace velo::formats
