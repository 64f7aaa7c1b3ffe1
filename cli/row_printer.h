#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/types/batch.h"
#include "engine/types/schema.h"

namespace velo::cli {

/// Writes result rows in one output format. One thread at a time.
class RowPrinter {
 public:
  virtual ~RowPrinter() = default;
  /// Prints rows; only the first `schema` columns of the batch are shown.
  virtual Status Print(const Batch& batch) = 0;
  /// Ends the output (closing brackets, last lines).
  virtual Status Finish() = 0;
};

struct PrintFormat {
  std::string name = "table";  ///< table, json, jsonl, csv, markdown, arrow.
  bool changelog = false;      ///< Show the row kind (+ - U) first.
  bool streaming = false;      ///< Rows must appear as they come.
};

/// VALIDATION_ERROR for an unknown format name. `out` is not owned.
Result<std::unique_ptr<RowPrinter>> MakeRowPrinter(const PrintFormat& format, const Schema& schema, std::FILE* out);

}  // namespace velo::cli
