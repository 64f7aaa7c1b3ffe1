#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/exec/pipeline.h"
#include "engine/io/leaving_reader.h"

namespace velo::exec {

/// How the partitions of one scan take turns.
enum class ReadOrder : uint8_t {
  kSequential,  ///< One after the other: files by name, lines in order.
  kByTime,      ///< The one whose event time lags behind most.
  kTurns,       ///< Whoever has rows.
};

/// Hears of which partition of a lane's scan is read; called by the thread that runs the lane.
class PartitionObserver {
 public:
  virtual ~PartitionObserver() = default;
  /// Before every read: rows that come out from now on belong to this partition. False: not now, try again when woken.
  virtual bool MayRead(size_t index) = 0;
  virtual velo::Status OnPartitionEnd(size_t index) = 0;
};

struct ScanSettings {
  std::shared_ptr<const ScanNode> node;
  ReadOrder order = ReadOrder::kSequential;
  bool has_watermarks = false;  ///< Before the end of the input.
  /// Watermarks are what the readers know beforehand (PartitionReader::LowestTime); no row can be late.
  bool tells_lowest_times = false;
  const Clock* clock = nullptr;
  PartitionObserver* observer = nullptr;  ///< May be null. Only for kSequential.
};

/// What a scan can say about itself; copied out by the thread that runs it.
struct ScanStatus {
  int64_t bytes_done = 0, bytes_total = 0;
  EventMillis watermark = kBeginOfTime;
  std::string holding_partition;  ///< The one the watermark waits for; empty when there is only one.
  bool holder_has_rows = false;
  int64_t idle_micros = 0;  ///< How long that partition has had no rows.
};

/// Reads the partitions of one scan that belong to a lane: adds the event time column, counts rows and bad records,
/// works out watermarks (the lowest of all partitions that are neither idle nor at their end) and pushes everything
/// into a port.
class ScanDriver {
 public:
  enum class Progress : uint8_t { kWorked, kIdle, kEnded };

  ScanDriver(ScanSettings settings, std::vector<std::unique_ptr<PartitionReader>> readers, Pipeline::Leaf leaf,
             LaneContext* context);

  /// False while its rows must wait for another input of a join.
  bool MayRead() const { return leaf_.MayRead(); }
  /// The event time up to which every partition has been read, for taking turns in order of time; kEndOfTime when order
  /// does not matter or nothing is left to read.
  EventMillis ReadUpTo() const;
  /// Scans that tell lowest times are read in step: one that is ahead of another waits, so that joins keep few rows.
  bool ReadsInStep() const { return settings_.tells_lowest_times && !ended_; }
  const Pipeline::Leaf& leaf() const { return leaf_; }
  /// Reads and pushes at most one batch. kIdle: nothing to read now.
  Result<Progress> Step();
  void SetWakeUp(const std::function<void()>& wake_up);
  /// Milliseconds until the clock alone may move the watermark (a silent partition becomes idle, arrival time goes on);
  /// -1: never.
  int64_t MillisToNextLook() const;
  ScanStatus Status() const;
  /// Positions and watermarks of the partitions. Load seeks the readers of a fresh driver over the same partitions.
  velo::Status Save(std::string* out) const;
  velo::Status Load(std::string_view* in);

 private:
  struct Partition {
    std::unique_ptr<PartitionReader> reader;
    const LeavingReader* leaving = nullptr;  ///< The reader, when it leaves out rows that the step above would.
    EventMillis max_time = kBeginOfTime;
    EventMillis punctuated = kBeginOfTime;  ///< Highest time of a row that says so (strategy "punctuated").
    EventMillis told = kBeginOfTime;        ///< Watermark given by the source itself.
    Timestamp last_rows = 0;                ///< By the clock.
    int64_t bad_seen = 0;
    bool ended = false;
    bool maybe_ready = true;  ///< False: it said that it has nothing, and has not called since.
    bool has_rows = false;
  };

  Result<bool> ReadFrom(size_t partition);
  velo::Status Push(Partition& partition, const Batch& batch);
  velo::Status AdvanceWatermark();
  velo::Status TellLowestTime();
  std::shared_ptr<arrow::Array> NoteTimes(Partition& partition, const Batch& batch,
                                          const std::shared_ptr<arrow::Array>& times);
  std::shared_ptr<arrow::Array> WithArrivalTimes(const std::shared_ptr<arrow::Array>& times);
  /// Whether rows out of the order of time are still to be told of.
  bool ReportsDisorder() const {
    return settings_.has_watermarks && settings_.node->watermark_assumed && !disorder_reported_;
  }
  EventMillis WallClockWatermark() const;
  velo::Status Finish();
  void CountBadRecords(Partition& partition);
  bool IsIdle(const Partition& partition) const;
  EventMillis WatermarkOf(const Partition& partition) const;
  size_t NextPartition() const;

  const ScanSettings settings_;
  const std::shared_ptr<arrow::Schema> schema_;
  Pipeline::Leaf leaf_;
  LaneContext* const context_;
  std::vector<Partition> partitions_;
  size_t turn_ = 0;
  EventMillis watermark_ = kBeginOfTime;
  bool disorder_reported_ = false;
  bool ended_ = false;
};

}  // namespace velo::exec
