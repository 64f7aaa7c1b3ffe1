#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/exec/group_table.h"
#include "engine/io/connector.h"
#include "engine/io/sink.h"
#include "engine/runtime/engine.h"

namespace velo {

/// Rows of a stream or table held in memory: what a statement makes and others read by name. A stream is a log; a table
/// keeps the newest row of every key (rows without a key stay side by side). Readers that follow get what is there, for
/// tables in order of the first row of each key, then every change. Thread safe.
class MemoryRelation : public std::enable_shared_from_this<MemoryRelation> {
 public:
  MemoryRelation(std::string name, Schema schema, RelationKind kind, std::vector<std::string> key_columns,
                 const Clock* clock);

  const std::string& name() const { return name_; }
  const Schema& schema() const { return schema_; }
  RelationKind kind() const { return kind_; }
  const std::vector<std::string>& key_columns() const { return key_columns_; }

  /// Adds rows. A table takes the place of rows with the same `identity` values, by default those of the key columns.
  /// Deletes of a stream are passed over. Error LIMIT_EXCEEDED beyond kMaxBytes.
  Status Append(const SinkRows& rows, std::span<const std::shared_ptr<arrow::Array>> identity = {});
  /// Gives rows of a table new values. `rows`: "_offset", then the columns. Rows that are gone are passed over. A row
  /// whose key changes takes the place of what has that key. Returns how many rows changed.
  Result<int64_t> Replace(const arrow::RecordBatch& rows);
  /// Removes rows of a table by "_offset" (first column of `rows`).
  Result<int64_t> Remove(const arrow::RecordBatch& rows);

  /// A job that writes: it is paused while a reader has too much before it. The relation ends when the last one ends.
  void AddWriter();
  void SetWriterJob(const std::shared_ptr<Job>& job);
  void RemoveWriter();
  /// Its records have headers (dialect 4.14). Call before the first row.
  void KeepHeaders() { keeps_headers_ = true; }
  /// A log keeps only its newest `rows` rows for later readers; -1: all.
  void KeepNewest(int64_t rows);

  std::unique_ptr<Source> OpenSource();
  int64_t row_count() const;
  int64_t bytes() const;

  static constexpr int64_t kMaxBytes = int64_t{4} << 30;

 private:
  friend class MemoryRelationReader;
  friend class MemoryRelationSource;

  Result<std::shared_ptr<arrow::RecordBatch>> Stored(const SinkRows& rows);
  Status AppendToLog(Batch stored);
  Status Upsert(const Batch& stored, std::span<const std::shared_ptr<arrow::Array>> identity);
  Result<std::vector<uint32_t>> IdsOf(const Batch& stored, std::span<const std::shared_ptr<arrow::Array>> identity);
  Result<std::vector<std::shared_ptr<arrow::Array>>> IdentityOf(const arrow::RecordBatch& rows) const;
  Status Compact();
  Result<std::vector<int64_t>> RowsOf(const arrow::RecordBatch& offsets);
  Status Publish(const Batch& batch);
  void BalanceWriters();
  bool finished() const { return writers_ == 0; }

  const std::string name_;
  const Schema schema_;
  const RelationKind kind_;
  const std::vector<std::string> key_columns_;
  const Clock* const clock_;

  mutable std::mutex mutex_;
  bool keeps_headers_ = false;
  std::vector<Batch> log_;  ///< Payload, then _offset, _timestamp, _key, and _headers where they are kept.
  int64_t log_rows_ = 0;
  int64_t log_bytes_ = 0;
  int64_t keep_newest_ = -1;
  int64_t next_offset_ = 0;

  // Tables only: an id per key, the log row that is its newest (-1: deleted), and the id of every log row.
  std::optional<exec::GroupTable> index_;
  std::vector<int64_t> row_of_id_;
  std::vector<uint32_t> id_of_row_;
  int64_t live_rows_ = 0;

  std::vector<class MemoryRelationReader*> readers_;
  int writers_ = 0;
  std::vector<std::weak_ptr<Job>> writer_jobs_;
  bool writers_paused_ = false;
};

/// The memory relations of an engine by name. Thread safe.
class MemoryStore {
 public:
  /// Replaces what has the name.
  std::shared_ptr<MemoryRelation> Create(const std::string& name, Schema schema, RelationKind kind,
                                         std::vector<std::string> key_columns, const Clock* clock);
  /// Null when there is none.
  std::shared_ptr<MemoryRelation> Find(std::string_view name) const;
  void Remove(std::string_view name);
  std::vector<std::string> Names() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryRelation>, std::less<>> relations_;
};

/// A connector for "memory://name" over a store (not owned). Writing to a name that is not there makes a stream.
std::unique_ptr<Connector> MakeMemoryConnector(MemoryStore* store, const Clock* clock);

}  // namespace velo
