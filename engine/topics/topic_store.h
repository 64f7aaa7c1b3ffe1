#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/io/connector.h"
#include "engine/io/source.h"
#include "engine/types/schema.h"

namespace velo {

struct TopicOptions {
  int32_t partitions = 1;
  int64_t retention_ms = 3'600'000;  ///< Since they came, whatever time they bear: old data can be replayed.
  int64_t retention_bytes = 256LL << 20;
};

struct TopicPartitionInfo {
  int32_t partition = 0;
  int64_t low_offset = 0;   ///< Of the oldest message kept.
  int64_t high_offset = 0;  ///< Of the next message.
  Timestamp latest_timestamp = 0;
  std::string latest_key;
};

struct TopicInfo {
  std::string name;
  Schema schema;
  TopicOptions options;
  std::vector<TopicPartitionInfo> partitions;
  int64_t size_bytes = 0;
  std::string event_time_column;
  std::vector<std::string> key_columns;

  int64_t total_messages() const;
};

/// Messages to append to one partition. `columns` has the topic's schema; the other vectors are empty or one per row.
struct TopicAppend {
  std::shared_ptr<arrow::RecordBatch> columns;
  std::vector<Timestamp> timestamps;  ///< Empty: the store's clock.
  std::vector<std::optional<std::string>> keys;
  std::vector<std::vector<std::pair<std::string, std::string>>> headers;
  int64_t writer = 0;  ///< Who may take them back with CutBack; 0: nobody.
};

/// The embedded topic log: named, partitioned, append-only, kept in RocksDB as Arrow IPC batches keyed by (topic,
/// partition, base offset), with retention by age and size (docs/formats/topics.md). Survives restart; an append is
/// durable and visible at once or not at all. Thread safe.
class TopicStore {
 public:
  virtual ~TopicStore() = default;
  /// Opens or creates the log under `directory`. Error DATA_FOLDER_BUSY when another process holds it, READ_ONLY when
  /// it cannot be written.
  static Result<std::unique_ptr<TopicStore>> Open(const std::string& directory, Clock* clock);

  /// Makes a topic. CONFLICT when it exists with another schema or partition count; OK when it is the same.
  virtual Status Create(const std::string& name, const Schema& schema, const TopicOptions& options,
                        const std::string& event_time_column, const std::vector<std::string>& key_columns) = 0;
  virtual Status Delete(const std::string& name) = 0;
  /// TOPIC_NOT_FOUND carries the detail "near".
  virtual Result<TopicInfo> Describe(std::string_view name) = 0;
  virtual std::vector<TopicInfo> List() = 0;
  /// Returns the offset of the first row.
  virtual Result<int64_t> Append(const std::string& topic, int32_t partition, const TopicAppend& rows) = 0;
  /// Takes messages back: partition i ends before offsets[i] afterwards, and goes on counting from there. All of them
  /// must come from `writer`, else nothing is taken back (CONFLICT); so too when a partition ends before its offset.
  virtual Status CutBack(const std::string& topic, const std::vector<int64_t>& offsets, int64_t writer) = 0;
  /// What was appended before survives a loss of power.
  virtual Status Sync() = 0;
  /// Opens the topic for reading; payload columns plus the system columns of engine/types/schema.h.
  virtual Result<std::unique_ptr<Source>> OpenSource(const std::string& topic) = 0;
  virtual Result<Preview> Peek(const std::string& topic, const PreviewRequest& request) = 0;
  /// Drops what is older or larger than retention allows.
  virtual Status ApplyRetention() = 0;
};

/// A connector for "topic://name" over a store (not owned).
std::unique_ptr<Connector> MakeTopicConnector(TopicStore* store);

}  // namespace velo
