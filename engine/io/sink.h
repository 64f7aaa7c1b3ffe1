#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/catalog/catalog.h"
#include "engine/types/batch.h"
#include "engine/types/schema.h"

namespace arrow {
class Array;
class RecordBatch;
}  // namespace arrow

namespace velo {

/// A place to write to, and what is going to be written there.
struct SinkTarget {
  std::string uri;   ///< "file:///out/{date}.csv", "topic://totals".
  std::string name;  ///< Of the statement that writes: stands for {job} in paths and in messages.
  Schema columns;
  std::vector<std::string> key_columns;
  bool table = false;      ///< Rows replace earlier ones with the same key, and may delete them.
  PropertyMap properties;  ///< Resolved keys of dialect section 7, without prefixes.
  Timestamp now = 0;       ///< For {timestamp} and {date}.
  /// For what goes on after a restart: who writes (places note it with the rows; 0: nobody in particular), and what
  /// Sink::Position last said to a checkpoint. Empty: a new output.
  int64_t writer = 0;
  std::string position;
};

/// Rows on their way out. All arrays are parallel.
struct SinkRows {
  std::shared_ptr<arrow::RecordBatch> columns;  ///< Exactly the columns of the target.
  std::vector<RowKind> kinds;                   ///< Empty: all are inserts. Never kUpdateBefore.
  std::shared_ptr<arrow::Array> keys;           ///< utf8 message keys (dialect 4.13); null: no row has one.
  std::shared_ptr<arrow::Array> event_times;    ///< int64 ms; null: unknown.
  std::shared_ptr<arrow::Array> headers;        ///< As kHeadersColumn; null: no row has any. Files keep none.
};

/// Takes the rows of one statement. Used by one thread at a time. After an error nothing more is written.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status Write(const SinkRows& rows) = 0;
  /// Makes what was written visible to others.
  virtual Status Flush() { return Status::OK(); }
  /// Text that says where the output stands, just after the last row written; Connector::CutBack and the next sink for
  /// this place understand it. UNSUPPORTED for places whose output cannot be taken up again.
  virtual Result<std::string> Position() const;
  /// Ends the output (closing brackets, footers). Without it the output may be incomplete.
  virtual Status Close() = 0;
  /// Where the rows went, as people know it: "/out/2026-02-16.csv".
  virtual std::string where() const = 0;
};

}  // namespace velo
