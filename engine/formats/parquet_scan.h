#pragma once

#include <parquet/exception.h>
#include <parquet/metadata.h>

#include <functional>
#include <memory>
#include <vector>

#include "engine/formats/columnar_rows.h"
#include "engine/formats/parquet_pages.h"

namespace arrow {
class RecordBatchReader;
class Schema;
}  // namespace arrow

namespace velo::formats {

/// Parquet throws; this is where its exceptions end.
template <typename Function>
auto WithoutExceptions(const std::string& path, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const parquet::ParquetException& error) {
    return DamagedParquet(path, error.what());
  }
}

/// Row groups of a Parquet file that are read one after the other.
struct ParquetPiece {
  std::shared_ptr<const ParquetBytes> bytes;
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::shared_ptr<arrow::Schema> schema;  ///< Of the file, by Arrow.
  std::vector<int> groups;
  int64_t first_record = 0;  ///< Of the first group, in the file.
  int64_t size = 0;          ///< In bytes, about.
  PieceOptions options;
  /// Reads what is left to parquet-cpp: these leaves of the groups.
  std::function<Result<std::shared_ptr<arrow::RecordBatchReader>>(const std::vector<int>& leaves)> open_others;
};

/// Reads flat columns of the usual encodings by itself, the others through parquet-cpp. Null when all columns are
/// others.
Result<std::unique_ptr<RecordReader>> MakeParquetScan(ParquetPiece piece);

}  // namespace velo::formats
