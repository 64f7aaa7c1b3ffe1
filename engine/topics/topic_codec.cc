#include "engine/topics/topic_codec.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/key_value_metadata.h>

#include <charconv>

#include "engine/state/key_encoding.h"
#include "engine/types/arrow_status.h"

namespace velo::topics {
namespace {

constexpr char kDefinitionTag = 'd';
constexpr char kBatchTag = 'm';
constexpr char kInfoTag = 'i';
constexpr char kHeadTag = 'h';
constexpr uint32_t kBatchVersion = 1;
/// Version, then padding, so that the Arrow message starts at a multiple of eight.
constexpr size_t kBatchHeaderBytes = 8;
constexpr const char* kJsonMark = "velo.json";

std::string TopicPrefix(char tag, std::string_view topic) {
  std::string key = "t";
  key.push_back(tag);
  state::AppendName(topic, &key);
  return key;
}

std::string PartitionPrefix(char tag, std::string_view topic, int32_t partition) {
  std::string key = TopicPrefix(tag, topic);
  state::AppendUint32(static_cast<uint32_t>(partition), &key);
  return key;
}

Status Damaged(std::string_view what) {
  return Status::World("IO_ERROR", fmt::format("The topic log holds a damaged {}.", what),
                       "Move the data folder away to start afresh.");
}

/// Arrow's text type does not tell STRING from JSON and our DECIMAL is stored 38 digits wide, so both are noted here.
std::shared_ptr<arrow::Field> DefinitionField(const Column& column) {
  std::shared_ptr<arrow::DataType> type = column.type.ToArrow();
  if (column.type.kind() == TypeKind::kDecimal) {
    type = arrow::decimal128(column.type.precision(), column.type.scale());
  }
  auto field = arrow::field(column.name, type, column.nullable);
  if (column.type.kind() != TypeKind::kJson) return field;
  return field->WithMetadata(arrow::key_value_metadata({kJsonMark}, {"1"}));
}

int64_t ToInteger(const std::string& text, int64_t otherwise) {
  int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string DefinitionPrefix() { return {'t', kDefinitionTag}; }
std::string DefinitionKey(std::string_view topic) { return TopicPrefix(kDefinitionTag, topic); }
std::string BatchPrefix(std::string_view topic) { return TopicPrefix(kBatchTag, topic); }
std::string BatchPrefix(std::string_view topic, int32_t partition) {
  return PartitionPrefix(kBatchTag, topic, partition);
}
std::string BatchKey(std::string_view topic, int32_t partition, int64_t base_offset) {
  std::string key = PartitionPrefix(kBatchTag, topic, partition);
  state::AppendUint64(static_cast<uint64_t>(base_offset), &key);
  return key;
}
std::string InfoPrefix(std::string_view topic) { return TopicPrefix(kInfoTag, topic); }
std::string InfoPrefix(std::string_view topic, int32_t partition) {
  return PartitionPrefix(kInfoTag, topic, partition);
}
std::string InfoKey(std::string_view topic, int32_t partition, int64_t base_offset) {
  std::string key = PartitionPrefix(kInfoTag, topic, partition);
  state::AppendUint64(static_cast<uint64_t>(base_offset), &key);
  return key;
}
std::string HeadPrefix(std::string_view topic) { return TopicPrefix(kHeadTag, topic); }
std::string HeadKey(std::string_view topic, int32_t partition) { return PartitionPrefix(kHeadTag, topic, partition); }

Result<std::string> EncodeDefinition(const TopicDefinition& definition) {
  arrow::FieldVector fields;
  for (const Column& column : definition.schema.columns) fields.push_back(DefinitionField(column));
  auto notes = std::make_shared<arrow::KeyValueMetadata>();
  notes->Append("partitions", std::to_string(definition.options.partitions));
  notes->Append("retention_ms", std::to_string(definition.options.retention_ms));
  notes->Append("retention_bytes", std::to_string(definition.options.retention_bytes));
  notes->Append("event_time_column", definition.event_time_column);
  for (const std::string& key : definition.key_columns) notes->Append("key_column", key);
  VELO_ASSIGN_OR_RETURN_ARROW(auto buffer, arrow::ipc::SerializeSchema(*arrow::schema(fields, notes)));
  return buffer->ToString();
}

Result<TopicDefinition> DecodeDefinition(std::string_view name, std::string_view bytes) {
  arrow::io::BufferReader input(arrow::Buffer::FromString(std::string(bytes)));
  arrow::ipc::DictionaryMemo memo;
  VELO_ASSIGN_OR_RETURN_ARROW(auto schema, arrow::ipc::ReadSchema(&input, &memo));
  TopicDefinition definition;
  definition.name = name;
  for (const auto& field : schema->fields()) {
    VELO_ASSIGN_OR_RETURN(SqlType type, SqlType::FromArrow(*field->type()));
    if (field->metadata() && field->metadata()->Contains(kJsonMark)) type = TypeKind::kJson;
    definition.schema.columns.push_back({field->name(), type, field->nullable()});
  }
  if (!schema->metadata()) return Damaged("topic definition");
  for (const auto& [key, value] : schema->metadata()->sorted_pairs()) {
    if (key == "partitions") definition.options.partitions = static_cast<int32_t>(ToInteger(value, 1));
    if (key == "retention_ms") definition.options.retention_ms = ToInteger(value, definition.options.retention_ms);
    if (key == "retention_bytes") {
      definition.options.retention_bytes = ToInteger(value, definition.options.retention_bytes);
    }
    if (key == "event_time_column") definition.event_time_column = value;
  }
  // In the order they were written; sorted_pairs would sort them by name.
  for (int64_t i = 0; i < schema->metadata()->size(); ++i) {
    if (schema->metadata()->key(i) == "key_column") definition.key_columns.push_back(schema->metadata()->value(i));
  }
  return definition;
}

std::string EncodeInfo(const BatchInfo& info) {
  std::string bytes;
  for (int64_t value : {info.rows, info.bytes, info.oldest, info.newest, info.writer, info.appended}) {
    state::AppendUint64(static_cast<uint64_t>(value), &bytes);
  }
  return bytes;
}

Status DecodeInfo(std::string_view bytes, BatchInfo* info) {
  for (int64_t* value : {&info->rows, &info->bytes, &info->oldest, &info->newest}) {
    uint64_t wide = 0;
    if (!state::TakeUint64(&bytes, &wide)) return Damaged("batch description");
    *value = static_cast<int64_t>(wide);
  }
  // Batches of earlier versions do not say who wrote them, or when.
  uint64_t writer = 0, appended = static_cast<uint64_t>(info->newest);
  if (!bytes.empty() && !state::TakeUint64(&bytes, &writer)) return Damaged("batch description");
  if (!bytes.empty() && !state::TakeUint64(&bytes, &appended)) return Damaged("batch description");
  info->writer = static_cast<int64_t>(writer);
  info->appended = static_cast<Timestamp>(appended);
  return Status::OK();
}

std::string EncodeHead(int64_t next_offset) {
  std::string bytes;
  state::AppendUint64(static_cast<uint64_t>(next_offset), &bytes);
  return bytes;
}

Status DecodeHead(std::string_view bytes, int64_t* next_offset) {
  uint64_t wide = 0;
  if (!state::TakeUint64(&bytes, &wide)) return Damaged("partition head");
  *next_offset = static_cast<int64_t>(wide);
  return Status::OK();
}

StoredColumns StoredColumnsOf(const Schema& payload) {
  int first = static_cast<int>(payload.columns.size());
  return {first, first + 1, first + 2};
}

std::shared_ptr<arrow::Schema> StoredSchema(const Schema& payload) {
  arrow::FieldVector fields = payload.ToArrow()->fields();
  fields.push_back(arrow::field(std::string(kTimestampColumn), arrow::int64(), false));
  fields.push_back(arrow::field(std::string(kKeyColumn), arrow::utf8()));
  fields.push_back(arrow::field(std::string(kHeadersColumn), SystemColumnType(kHeadersColumn)->ToArrow()));
  return arrow::schema(std::move(fields));
}

namespace {

Result<std::shared_ptr<arrow::Array>> TimestampArray(const TopicAppend& rows, int64_t count, Timestamp default_time) {
  arrow::Int64Builder builder;
  if (rows.timestamps.empty()) {
    VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(std::vector<int64_t>(count, default_time)));
  } else {
    VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(rows.timestamps));
  }
  std::shared_ptr<arrow::Array> array;
  VELO_RETURN_IF_ARROW_ERROR(builder.Finish(&array));
  return array;
}

Result<std::shared_ptr<arrow::Array>> KeyArray(const TopicAppend& rows, int64_t count) {
  arrow::StringBuilder builder;
  if (rows.keys.empty()) VELO_RETURN_IF_ARROW_ERROR(builder.AppendNulls(count));
  for (const auto& key : rows.keys) {
    VELO_RETURN_IF_ARROW_ERROR(key ? builder.Append(*key) : builder.AppendNull());
  }
  std::shared_ptr<arrow::Array> array;
  VELO_RETURN_IF_ARROW_ERROR(builder.Finish(&array));
  return array;
}

Result<std::shared_ptr<arrow::Array>> HeadersArray(const TopicAppend& rows, int64_t count,
                                                   const std::shared_ptr<arrow::DataType>& type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  auto& pair = static_cast<arrow::StructBuilder&>(*list.value_builder());
  auto& name = static_cast<arrow::StringBuilder&>(*pair.field_builder(0));
  auto& value = static_cast<arrow::StringBuilder&>(*pair.field_builder(1));
  for (int64_t row = 0; row < count; ++row) {
    VELO_RETURN_IF_ARROW_ERROR(list.Append());
    if (rows.headers.empty()) continue;
    for (const auto& [header_name, header_value] : rows.headers[row]) {
      VELO_RETURN_IF_ARROW_ERROR(pair.Append());
      VELO_RETURN_IF_ARROW_ERROR(name.Append(header_name));
      VELO_RETURN_IF_ARROW_ERROR(value.Append(header_value));
    }
  }
  std::shared_ptr<arrow::Array> array;
  VELO_RETURN_IF_ARROW_ERROR(list.Finish(&array));
  return array;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ToStored(const TopicAppend& rows, const Schema& payload,
                                                     const std::shared_ptr<arrow::Schema>& stored,
                                                     Timestamp default_time) {
  const int64_t count = rows.columns->num_rows();
  arrow::ArrayVector columns = rows.columns->columns();
  VELO_ASSIGN_OR_RETURN(auto timestamps, TimestampArray(rows, count, default_time));
  VELO_ASSIGN_OR_RETURN(auto keys, KeyArray(rows, count));
  VELO_ASSIGN_OR_RETURN(auto headers,
                        HeadersArray(rows, count, stored->field(StoredColumnsOf(payload).headers)->type()));
  columns.insert(columns.end(), {std::move(timestamps), std::move(keys), std::move(headers)});
  return arrow::RecordBatch::Make(stored, count, std::move(columns));
}

Result<std::string> EncodeBatch(const arrow::RecordBatch& stored) {
  VELO_ASSIGN_OR_RETURN_ARROW(auto message,
                              arrow::ipc::SerializeRecordBatch(stored, arrow::ipc::IpcWriteOptions::Defaults()));
  std::string bytes;
  bytes.reserve(kBatchHeaderBytes + message->size());
  state::AppendUint32(kBatchVersion, &bytes);
  bytes.resize(kBatchHeaderBytes);
  bytes.append(reinterpret_cast<const char*>(message->data()), message->size());
  return bytes;
}

Result<std::shared_ptr<arrow::RecordBatch>> DecodeBatch(std::string_view bytes,
                                                        const std::shared_ptr<arrow::Schema>& stored) {
  std::string_view header = bytes;
  uint32_t version = 0;
  if (bytes.size() < kBatchHeaderBytes || !state::TakeUint32(&header, &version) || version != kBatchVersion) {
    return Damaged("batch of messages");
  }
  bytes.remove_prefix(kBatchHeaderBytes);
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> copy, arrow::AllocateBuffer(bytes.size()));
  std::memcpy(copy->mutable_data(), bytes.data(), bytes.size());
  arrow::io::BufferReader input(copy);
  arrow::ipc::DictionaryMemo memo;
  VELO_ASSIGN_OR_RETURN_ARROW(
      auto batch, arrow::ipc::ReadRecordBatch(stored, &memo, arrow::ipc::IpcReadOptions::Defaults(), &input));
  return batch;
}

}  // namespace velo::topics
