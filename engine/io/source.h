#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/catalog/catalog.h"
#include "engine/types/batch.h"
#include "engine/types/schema.h"

namespace arrow {
struct Scalar;
}

namespace velo {

/// A condition `column op constant` that a reader may use to skip whole chunks. Rows that do not match may still come
/// through: the filter operator stays in the plan.
struct ColumnPredicate {
  enum class Op : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  std::string column;
  Op op = Op::kEqual;
  std::shared_ptr<arrow::Scalar> value;
};

struct ReadOptions {
  /// Payload and system columns wanted, in the order of the batches. Others need not be decoded.
  std::vector<std::string> columns;
  std::vector<ColumnPredicate> predicates;
  enum class Start : uint8_t { kEarliest, kLatest, kTimestamp };
  Start start = Start::kEarliest;
  Timestamp start_time = 0;  ///< Arrival time, for kTimestamp.
  /// True: go on when the present end is reached. False: what is there now, then kEnd.
  bool follow = false;
  int64_t batch_rows = 32768;
  /// A column of type INTEGER (milliseconds) or TIMESTAMP that PartitionReader::LowestTime is to speak of; empty: none.
  std::string time_column;
};

/// A record that could not be decoded; kept, never dropped silently.
struct BadRecord {
  std::string where;  ///< File path or topic.
  int32_t partition = 0;
  int64_t line = 0;         ///< 1-based line or record number.
  int64_t byte_offset = 0;  ///< Of the record's first byte.
  std::string raw;          ///< At most 4 KiB of it.
  std::string reason;       ///< In the user's words.
};

struct ReadProgress {
  int64_t rows = 0;
  int64_t bad_records = 0;
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;  ///< 0 when unknown.
};

struct ReadOutcome {
  enum class State : uint8_t { kRows, kIdle, kEnd };
  State state = State::kEnd;
  Batch batch;  ///< For kRows; at least one row.
  /// Event time in ms below which this partition will give no more rows, where the source itself knows; else
  /// kBeginOfTime.
  int64_t watermark_ms = kBeginOfTime;
};

/// Reads one partition of a source, in order. Used by one thread at a time; never blocks for new data: it answers kIdle
/// and later calls the wake-up given to SetWakeUp.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;
  virtual Result<ReadOutcome> Read() = 0;
  /// `wake_up` may be called from any thread, any number of times, until the reader is destroyed.
  virtual void SetWakeUp(std::function<void()> wake_up) { (void)wake_up; }
  /// Text that Seek of a new reader of the same partition understands: just after the last row given out.
  virtual std::string Position() const = 0;
  virtual Status Seek(const std::string& position) = 0;
  virtual ReadProgress Progress() const = 0;
  /// Milliseconds such that no row still to come has less in ReadOptions::time_column, where the source knows its rows
  /// beforehand; else kBeginOfTime. Never goes down, apart from a Seek.
  virtual int64_t LowestTime() const { return kBeginOfTime; }
  /// Hands over bad records met since the last call (bounded: the newest 1000 are kept, all are counted).
  virtual std::vector<BadRecord> TakeBadRecords() { return {}; }
  /// Name for messages: "trades partition 3", "/data/a.csv".
  virtual std::string name() const = 0;
};

/// Rows with a schema, in one or more partitions. Thread safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual const Schema& schema() const = 0;
  /// True when it ends by itself even with `follow`.
  virtual bool bounded() const = 0;
  virtual Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) = 0;
};

}  // namespace velo
