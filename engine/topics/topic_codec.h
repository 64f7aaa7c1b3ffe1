#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/topics/topic_store.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

// The bytes of the topic log; docs/formats/topics.md describes them.
namespace velo::topics {

/// What a topic is, apart from its messages.
struct TopicDefinition {
  std::string name;
  Schema schema;
  TopicOptions options;
  std::string event_time_column;
  std::vector<std::string> key_columns;
};

/// One stored batch without its rows.
struct BatchInfo {
  int64_t base_offset = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  Timestamp oldest = 0;  ///< By the times of the messages.
  Timestamp newest = 0;
  Timestamp appended = 0;  ///< When the last message came, by the clock of the store: what retention goes by.
  int64_t writer = 0;      ///< TopicAppend::writer; 0 in batches written before there was one.
};

std::string DefinitionKey(std::string_view topic);
std::string DefinitionPrefix();
/// Prefix of everything else that belongs to a topic or to one of its partitions, per kind of record.
std::string BatchPrefix(std::string_view topic);
std::string BatchPrefix(std::string_view topic, int32_t partition);
std::string BatchKey(std::string_view topic, int32_t partition, int64_t base_offset);
std::string InfoPrefix(std::string_view topic);
std::string InfoPrefix(std::string_view topic, int32_t partition);
std::string InfoKey(std::string_view topic, int32_t partition, int64_t base_offset);
std::string HeadPrefix(std::string_view topic);
std::string HeadKey(std::string_view topic, int32_t partition);

Result<std::string> EncodeDefinition(const TopicDefinition& definition);
Result<TopicDefinition> DecodeDefinition(std::string_view name, std::string_view bytes);

std::string EncodeInfo(const BatchInfo& info);
Status DecodeInfo(std::string_view bytes, BatchInfo* info);
std::string EncodeHead(int64_t next_offset);
Status DecodeHead(std::string_view bytes, int64_t* next_offset);

/// Positions of the columns that follow the payload in a stored batch.
struct StoredColumns {
  int timestamp = 0;  ///< int64, microseconds.
  int key = 0;        ///< utf8, null when the message has no key.
  int headers = 0;    ///< list<struct<key utf8, value utf8>>, never null.
};
StoredColumns StoredColumnsOf(const Schema& payload);
std::shared_ptr<arrow::Schema> StoredSchema(const Schema& payload);

/// Adds the message columns to the payload. `default_time` is used where `rows.timestamps` is empty.
Result<std::shared_ptr<arrow::RecordBatch>> ToStored(const TopicAppend& rows, const Schema& payload,
                                                     const std::shared_ptr<arrow::Schema>& stored,
                                                     Timestamp default_time);

Result<std::string> EncodeBatch(const arrow::RecordBatch& stored);
/// Copies the bytes once; the columns are views of that copy.
Result<std::shared_ptr<arrow::RecordBatch>> DecodeBatch(std::string_view bytes,
                                                        const std::shared_ptr<arrow::Schema>& stored);

}  // namespace velo::topics
