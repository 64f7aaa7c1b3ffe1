#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/formats/csv_rows.h"
#include "engine/types/sql_type.h"

namespace arrow {
class Array;
}

namespace velo::formats {

/// A cell that is not of its column's type; `row` counts within the rows that were converted.
struct CellMisfit {
  size_t row = 0;
  std::string value;
};

/// Converts one column of the given rows. Empty cells and null values become NULL. Cells that do not fit are added to
/// `misfits` and have some value in the result. REQUIRES: every row has the column; the text of the rows lies in a
/// ByteWindow, whose padding may be read.
Result<std::shared_ptr<arrow::Array>> ConvertCsvColumn(const CsvRows& rows, std::span<const uint32_t> selected,
                                                       uint32_t column, const CsvDialect& dialect, const SqlType& type,
                                                       std::vector<CellMisfit>* misfits);

}  // namespace velo::formats
