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
  /// Number of partitions for queries that read what is there and end; neighbouring rows stay together.
  void SetPartitions(int64_t partitions) { partitions_ = partitions; }
  int64_t partitions() const { return partitions_; }

  void Feed(std::shared_ptr<arrow::RecordBatch> rows);
  void AdvanceWatermark(int64_t millis);
  void End();
  /// Waits until everything given has gone through the query. False after ten seconds.
  bool WaitUntilQuiet();

  /// For the reader.
  ReadOutcome Next(const std::vector<std::string>& columns);
  void SetWakeUp(std::function<void()> wake_up);

 private:
  void Wake();

  const Schema schema_;
  std::shared_ptr<arrow::RecordBatch> rows_;
  int64_t partitions_ = 1;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<ReadOutcome> queue_;
  bool ended_ = false;
  int64_t idle_answers_ = 0;  ///< How often the reader was told that there is nothing.
  bool end_seen_ = false;
  std::function<void()> wake_up_;
};

/// Opens "test://name" out of `sources`.
std::unique_ptr<Connector> MakeTestConnector(std::map<std::string, std::shared_ptr<ScriptedSource>>* sources);

}  // namespace velo::testing
