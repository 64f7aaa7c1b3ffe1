#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/formats/record_reader.h"

namespace velo::formats {

/// A columnar file that cannot be read as what it should be.
Status DamagedColumns(const std::string& path, std::string_view what, const std::string& reason);
/// Columnar files are not compressed as a whole.
Status CheckNotCompressed(const InputFile& file);
/// The schema of a file that has one; columns of types that the dialect lacks are left out with a warning.
Result<InferredSchema> InferColumns(const arrow::Schema& file);
/// Brings the columns of a file into the types of the source; what the file lacks becomes NULL.
Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& rows, const PieceOptions& options);

/// Gives out the batches of an Arrow reader in portions, and counts. `keep_alive` is what the reader reads from.
struct ColumnarPiece {
  std::string path, what;
  PieceOptions options;
  std::shared_ptr<arrow::RecordBatchReader> rows;
  std::shared_ptr<void> keep_alive;
  int64_t first_record = 0;
  int64_t bytes = 0;
};
std::unique_ptr<RecordReader> MakeColumnarReader(ColumnarPiece piece);

}  // namespace velo::formats
