#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/io/connector.h"

namespace velo::testing {

/// A source whose rows a test gives: all at once, or step by step while a query runs.
class ScriptedSource {
 public:
  explicit ScriptedSource(Schema schema) : schema_(std::move(schema)) {}

  const Schema& schema() const { return schema_; }
  /// Rows there from the beginning.
  void SetRows(std::shared_ptr<arrow::RecordBatch> rows) { rows_ = std::move(rows); }
  const std::shared_ptr<arrow::RecordBatch>& rows() const { return rows_; }
  /// Rows there from the beginning are all there is, in live queries as well.
  void SetBounded() { bounded_ = true; }
  bool is_file() const { return bounded_ && rows_ != nullptr && rows_->num_rows() > 0; }
  /// Number of partitions for queries that read what is there and end; neighbouring rows stay together.
  void SetPartitions(int64_t partitions) { partitions_ = partitions; }
  int64_t partitions() const { return partitions_; }

  /// Number of partitions for live queries.
  void SetLivePartitions(size_t partitions) { queues_.resize(partitions); }
  size_t live_partitions() const { return queues_.size(); }

  void Feed(std::shared_ptr<arrow::RecordBatch> rows, size_t partition = 0);
  void AdvanceWatermark(int64_t millis);
  void End();
  /// Waits until everything given has gone through the query. False after ten seconds.
  bool WaitUntilQuiet();
  /// Forgets what was given, for the next live query.
  void Restart();

  /// For the readers.
  ReadOutcome Next(size_t partition, const std::vector<std::string>& columns);
  void SetWakeUp(size_t partition, std::function<void()> wake_up);

 private:
  /// One partition of a live query.
  struct Queue {
    std::deque<ReadOutcome> given;
    int64_t idle_answers = 0;  ///< How often the reader was told that there is nothing.
    bool end_seen = false;
    std::function<void()> wake_up;
  };
  void Wake();

  const Schema schema_;
  std::shared_ptr<arrow::RecordBatch> rows_;
  int64_t partitions_ = 1;
  bool bounded_ = false;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::vector<Queue> queues_{1};
  bool ended_ = false;
};

/// Opens "test://name" out of `sources`.
std::unique_ptr<Connector> MakeTestConnector(std::map<std::string, std::shared_ptr<ScriptedSource>>* sources);

}  // namespace velo::testing
