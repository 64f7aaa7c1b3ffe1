#pragma once

#include <memory>
#include <string>

#include "engine/formats/record_reader.h"

namespace velo::formats {

struct JsonOptions {
  /// Texts like "12.50" become DECIMAL when all samples of a field look so (dialect 3.7).
  bool detect_decimals = true;
  /// Declared columns replace the inferred types.
  std::vector<Column> columns;
};

/// JSON in any of three layouts, told apart by content: one object per line, one array of objects, or objects one after
/// the other. Objects become rows, nested objects STRUCT, arrays ARRAY.
std::unique_ptr<Format> MakeJsonFormat(JsonOptions options);

}  // namespace velo::formats
