#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/formats/csv_layout.h"
#include "engine/formats/file_kind.h"
#include "engine/formats/json_format.h"
#include "engine/io/connector.h"

namespace velo {

/// The options of a file source (API 2.1.2, dialect 7.7), checked.
struct FileOptions {
  std::optional<formats::FileKind> kind;
  std::optional<formats::Compression> compression;
  std::optional<formats::Encoding> encoding;
  bool recursive = false;
  bool use_mmap = false;
  bool fail_on_bad_record = false;
  int64_t max_records = -1;
  formats::CsvOptions csv;
  formats::JsonOptions json;
};

/// VALIDATION_ERROR names unknown keys and values that make no sense. Keys that concern what happens to the rows later
/// (event time, watermarks, masking) are let through.
Result<FileOptions> ParseFileOptions(const PropertyMap& properties);

/// What the form of a file connection offers.
const std::vector<ConnectorOption>& FileConnectorOptions();

}  // namespace velo
