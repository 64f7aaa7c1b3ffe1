#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/file/file_options.h"
#include "engine/formats/record_reader.h"
#include "engine/io/connector.h"

namespace velo {

/// Files that were found, looked into and understood: the answer to a file address.
struct FileSet {
  std::vector<formats::InputFile> files;  ///< Sorted by path.
  formats::FileKind kind = formats::FileKind::kCsv;
  std::shared_ptr<const formats::Format> format;
  FileOptions options;
  Schema schema;                     ///< Union of the columns of all files that were looked into, by name.
  formats::InferredSchema inferred;  ///< Details of the first file and the warnings of all.
  int64_t total_bytes = 0;
};

/// Finds the files of an address and infers their common schema.
Result<std::shared_ptr<const FileSet>> OpenFileSet(const std::string& uri, const PropertyMap& properties);

std::unique_ptr<Source> MakeFileSource(std::shared_ptr<const FileSet> files);

/// The first rows, or the last ones, with file and line.
Result<Preview> PeekFiles(const FileSet& files, const PreviewRequest& request);

}  // namespace velo
