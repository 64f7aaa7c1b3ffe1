#include <algorithm>

#include <fmt/format.h>

#include "connectors/file/file_paths.h"
#include "connectors/file/file_source.h"
#include "engine/formats/columnar_format.h"
#include "engine/formats/csv_format.h"
#include "engine/formats/json_format.h"

namespace velo {
namespace {

/// Of many files only so many are looked into, spread over all of them; their columns are enough to go by.
constexpr size_t kLookedInto = 16;

std::unique_ptr<formats::Format> MakeFormat(formats::FileKind kind, const FileOptions& options) {
  switch (kind) {
    case formats::FileKind::kTsv: {
      formats::CsvOptions csv = options.csv;
      if (!csv.delimiter) csv.delimiter = '\t';
      return formats::MakeCsvFormat(std::move(csv));
    }
    case formats::FileKind::kCsv:
      return formats::MakeCsvFormat(options.csv);
    case formats::FileKind::kJson:
    case formats::FileKind::kJsonLines:
      return formats::MakeJsonFormat(options.json);
    case formats::FileKind::kParquet:
      return formats::MakeParquetFormat();
    case formats::FileKind::kArrow:
      return formats::MakeArrowFormat();
  }
  return nullptr;
}

/// Fills in how each file is compressed and encoded; the first file with content decides what all of them are.
Status LookIntoFiles(FileSet* set) {
  bool decided = false;
  for (formats::InputFile& file : set->files) {
    std::string stem = file.path;
    file.compression = formats::TakeCompressionSuffix(&stem);
    if (set->options.compression) file.compression = *set->options.compression;
    file.use_mmap = set->options.use_mmap;
    std::optional<formats::FileKind> named = set->options.kind;
    if (!named) named = formats::FileKindByExtension(stem);
    if (file.size == 0) {
      if (!decided && named) set->kind = *named;
      continue;
    }
    VELO_ASSIGN_OR_RETURN(formats::FileLook look, formats::LookIntoFile(file, named));
    file.encoding = set->options.encoding.value_or(look.encoding);
    if (!look.warning.empty() && !set->options.encoding) set->inferred.warnings.push_back(look.warning);
    if (decided) continue;
    set->kind = look.kind;
    decided = true;
  }
  return Status::OK();
}

void AddColumns(const formats::InferredSchema& file, FileSet* set) {
  for (size_t i = 0; i < file.schema.columns.size(); ++i) {
    const Column& column = file.schema.columns[i];
    const int place = set->schema.Find(column.name);
    if (place < 0) {
      set->schema.columns.push_back(column);
      set->inferred.widened_from.push_back(file.widened_from[i]);
      set->inferred.presence.push_back(file.presence[i]);
      continue;
    }
    Column& known = set->schema.columns[place];
    const SqlType wider = CommonType(known.type, column.type);
    if (!(wider == known.type) && set->inferred.widened_from[place].empty()) {
      set->inferred.widened_from[place] = known.type.DisplayName();
    }
    known.type = wider;
    known.nullable = known.nullable || column.nullable;
  }
}

Status InferColumns(FileSet* set) {
  const size_t count = set->files.size();
  const size_t looked = std::min(count, kLookedInto);
  for (size_t i = 0; i < looked; ++i) {
    const formats::InputFile& file = set->files[looked == 1 ? 0 : i * (count - 1) / (looked - 1)];
    if (file.size == 0) {
      set->inferred.warnings.push_back(fmt::format("{} is empty.", file.path));
      continue;
    }
    VELO_ASSIGN_OR_RETURN(formats::InferredSchema inferred, set->format->Infer(file));
    set->inferred.exact = inferred.exact;
    if (set->inferred.details.empty()) set->inferred.details = inferred.details;
    for (std::string& warning : inferred.warnings) {
      set->inferred.warnings.push_back(count == 1 ? warning : fmt::format("{}: {}", file.path, warning));
    }
    AddColumns(inferred, set);
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const FileSet>> OpenFileSet(const std::string& uri, const PropertyMap& properties) {
  auto set = std::make_shared<FileSet>();
  VELO_ASSIGN_OR_RETURN(set->options, ParseFileOptions(properties));
  VELO_ASSIGN_OR_RETURN(std::string path, PathOfFileUri(uri));
  VELO_ASSIGN_OR_RETURN(set->files, FindFiles(path, set->options.recursive));
  for (const formats::InputFile& file : set->files) set->total_bytes += file.size;
  if (set->total_bytes == 0) {
    return Status::User("UNSUPPORTED",
                        set->files.size() == 1 ? fmt::format("{} is empty.", set->files[0].path)
                                               : fmt::format("All {} files of {} are empty.", set->files.size(), path),
                        "Choose a file with at least one row.")
        .WithDetail("feature", "empty");
  }
  VELO_RETURN_IF_ERROR(LookIntoFiles(set.get()));
  set->format = MakeFormat(set->kind, set->options);
  VELO_RETURN_IF_ERROR(InferColumns(set.get()));
  return std::shared_ptr<const FileSet>(std::move(set));
}

}  // namespace velo
