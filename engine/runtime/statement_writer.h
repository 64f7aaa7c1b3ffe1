#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/io/sink.h"
#include "engine/plan/prepared_query.h"
#include "engine/runtime/checkpoint.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/memory_relation.h"

namespace velo {

/// Text forms of message keys (dialect 4.13): one column as it is, several joined by "|", or one JSON object; a part
/// that is NULL is empty text, and rows whose parts are all NULL have no key.
Result<std::shared_ptr<arrow::Array>> MessageKeys(const arrow::RecordBatch& rows, const std::vector<int>& columns,
                                                  bool as_json);

/// The key of messages: the columns that identify a row, without the window they belong to (dialect 4.13).
std::vector<int> MessageKeyColumns(const PreparedQuery& query);

/// Plan output column with the headers of the record that a row becomes; -1 where rows have none.
int HeadersOf(const PreparedQuery& query);

/// Whether every result row replaces the one before: an aggregate without GROUP BY.
bool GivesSingleRow(const PreparedQuery& query);

/// Where the rows of one statement go.
struct StatementOutputs {
  std::shared_ptr<MemoryRelation> relation;  ///< May be null.
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<std::string> uris;             ///< Of the sinks.
  std::shared_ptr<ResultReceiver> receiver;  ///< May be null.
  bool hidden_columns = false;               ///< The receiver gets all columns of the plan, not only the visible ones.
  std::vector<std::string> withheld;         ///< Places of the statement that must not be written.
  std::vector<int> message_key;              ///< Columns of the plan's output.
  /// What tells rows of a table apart: columns of the plan's output. Empty: the key columns of the relation.
  std::vector<int> identity;
  bool single_row = false;  ///< The table has one row, which every row replaces.
  bool json_keys = false;
};

/// Takes the result of a query and writes it to every place at once. Engine threads call it, one call at a time.
class StatementWriter : public ResultReceiver {
 public:
  StatementWriter(std::shared_ptr<const PreparedQuery> query, StatementOutputs outputs);
  ~StatementWriter() override;

  void OnRows(const Batch& batch) override;
  void OnFinished(const Status& status) override;

  /// The job whose rows these are; cancelled when a place to write to fails.
  void SetJob(const std::shared_ptr<Job>& job);
  /// After the end: OK, or what went wrong first.
  Status status() const;
  int64_t rows() const { return rows_; }
  std::vector<std::string> places() const;
  /// Where the output stands at every place. REQUIRES: no rows are under way.
  Result<std::vector<StatementCheckpoint::Place>> Positions() const;

 private:
  Status Write(const Batch& batch);
  Status Close();
  void Fail(const Status& status);

  const std::shared_ptr<const PreparedQuery> query_;
  const int headers_;
  StatementOutputs outputs_;
  std::atomic<int64_t> rows_{0};
  mutable std::mutex mutex_;
  std::weak_ptr<Job> job_;
  Status status_;
  bool closed_ = false;
};

}  // namespace velo
