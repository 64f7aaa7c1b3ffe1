#pragma once

#include <memory>
#include <string>

#include "engine/base/status.h"
#include "engine/formats/byte_window.h"
#include "engine/types/schema.h"

namespace arrow {
class RecordBatch;
}

namespace velo::formats {

enum class WriteFormat : uint8_t { kCsv, kJsonLines, kJsonArray, kParquet };

struct WriteOptions {
  WriteFormat format = WriteFormat::kJsonLines;
  Compression compression = Compression::kNone;  ///< kNone, kGzip, kZstd, kSnappy (Parquet only: inside the file).
  char delimiter = ',';
  bool header = true;            ///< CSV: the first line names the columns.
  bool append = false;           ///< Go on behind what the file holds; no second header. Text without brackets only.
  int64_t buffer_bytes = 65536;  ///< Text is handed to the system in portions of about this size.
};

/// Writes batches into one file. Values have the text forms of dialect 3.7; NULL is an empty cell in CSV (an empty text
/// is "") and null in JSON. Used by one thread.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  /// `rows` has the columns of the schema in its order.
  virtual Status Write(const arrow::RecordBatch& rows) = 0;
  virtual Status Flush() = 0;
  /// Ends the file; nothing may be written afterwards.
  virtual Status Close() = 0;
  virtual int64_t bytes_written() const = 0;
};

/// Creates the file (and truncates it, unless `append`). Errors: READ_ONLY when it cannot be written, E3010 for options
/// that do not go together.
Result<std::unique_ptr<RecordWriter>> OpenRecordWriter(const std::string& path, const Schema& schema,
                                                       const WriteOptions& options);

}  // namespace velo::formats
