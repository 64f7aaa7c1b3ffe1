#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/batch.h"
#include "engine/types/schema.h"

namespace velo::testing {

/// Reads "(symbol STRING, price DECIMAL(10,2))".
Result<Schema> ParseColumns(const std::string& text);
/// Makes rows out of lines of cells. NULL is null, '' is the empty text, \t and \n stand for themselves.
Result<std::shared_ptr<arrow::RecordBatch>> ParseRows(const Schema& schema, const std::vector<std::string>& lines);
/// Prints the first `columns` columns of every row, cells separated by tabs; with `kinds` a first cell "+", "U" or "-".
std::vector<std::string> PrintRows(const Batch& batch, size_t columns, bool kinds);

}  // namespace velo::testing
