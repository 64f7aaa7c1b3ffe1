#include <arrow/record_batch.h>

#include <map>
#include <shared_mutex>

#include "engine/base/near_names.h"
#include "engine/state/key_encoding.h"
#include "engine/state/key_value_store.h"
#include "engine/topics/topic_codec.h"
#include "engine/topics/topic_partition.h"
#include "engine/topics/topic_source.h"
#include "engine/topics/topic_store.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace topics {
namespace {

constexpr size_t kMaxNameLength = 249;
constexpr int32_t kMaxPartitions = 1024;

struct Topic {
  std::shared_ptr<const TopicDefinition> definition;
  std::vector<std::shared_ptr<TopicPartition>> partitions;

  TopicInfo Info() const {
    TopicInfo info;
    info.name = definition->name;
    info.schema = definition->schema;
    info.options = definition->options;
    info.event_time_column = definition->event_time_column;
    info.key_columns = definition->key_columns;
    for (const auto& partition : partitions) {
      info.partitions.push_back(partition->Info());
      info.size_bytes += partition->size_bytes();
    }
    return info;
  }
};
using TopicPtr = std::shared_ptr<const Topic>;

Status CheckName(const std::string& name) {
  bool good = !name.empty() && name.size() <= kMaxNameLength && name != "." && name != "..";
  for (char letter : name) {
    good =
        good && (std::isalnum(static_cast<unsigned char>(letter)) || letter == '.' || letter == '_' || letter == '-');
  }
  if (good) return Status::OK();
  return Status::User("VALIDATION_ERROR", fmt::format("'{}' cannot be the name of a topic.", name),
                      "Use letters, digits, '.', '_' and '-', at most 249 of them.");
}

Status CheckDefinition(const TopicDefinition& definition) {
  VELO_RETURN_IF_ERROR(CheckName(definition.name));
  if (definition.options.partitions < 1 || definition.options.partitions > kMaxPartitions) {
    return Status::User("VALIDATION_ERROR",
                        fmt::format("A topic cannot have {} partitions.", definition.options.partitions),
                        fmt::format("Choose between 1 and {}.", kMaxPartitions));
  }
  for (const Column& column : definition.schema.columns) {
    if (SystemColumnType(column.name) != nullptr) {
      return Status::User("VALIDATION_ERROR", fmt::format("'{}' is the name of a system column.", column.name),
                          "Give the column another name.");
    }
  }
  std::vector<std::string> referenced = definition.key_columns;
  if (!definition.event_time_column.empty()) referenced.push_back(definition.event_time_column);
  for (const std::string& name : referenced) {
    if (definition.schema.Find(name) < 0) {
      return Status::User("VALIDATION_ERROR", fmt::format("The topic '{}' has no column '{}'.", definition.name, name));
    }
  }
  return Status::OK();
}

bool SameNamesAndTypes(const arrow::Schema& a, const arrow::Schema& b) {
  if (a.num_fields() != b.num_fields()) return false;
  for (int i = 0; i < a.num_fields(); ++i) {
    if (a.field(i)->name() != b.field(i)->name() || !a.field(i)->type()->Equals(*b.field(i)->type())) return false;
  }
  return true;
}

class TopicLog : public TopicStore {
 public:
  TopicLog(std::unique_ptr<state::KeyValueStore> store, Clock* clock) : store_(std::move(store)), clock_(clock) {}

  Status Load() {
    const std::string prefix = DefinitionPrefix();
    auto cursor = store_->NewCursor();
    for (cursor->Seek(prefix); cursor->valid() && cursor->key().starts_with(prefix); cursor->Next()) {
      std::string_view rest = cursor->key().substr(prefix.size());
      std::string name;
      state::TakeName(&rest, &name);
      VELO_ASSIGN_OR_RETURN(TopicDefinition definition, DecodeDefinition(name, cursor->value()));
      VELO_ASSIGN_OR_RETURN(topics_[name], OpenTopic(std::move(definition)));
    }
    return cursor->status();
  }

  Status Create(const std::string& name, const Schema& schema, const TopicOptions& options,
                const std::string& event_time_column, const std::vector<std::string>& key_columns) override {
    TopicDefinition definition{name, schema, options, event_time_column, key_columns};
    VELO_RETURN_IF_ERROR(CheckDefinition(definition));
    std::lock_guard lock(mutex_);
    if (auto found = topics_.find(name); found != topics_.end()) {
      const TopicDefinition& present = *found->second->definition;
      if (present.schema == schema && present.options.partitions == options.partitions) return Status::OK();
      return Status::User("CONFLICT",
                          fmt::format("The topic '{}' exists with {}.", name,
                                      present.schema == schema ? "another number of partitions" : "other columns"),
                          "Delete it first, or choose another name.");
    }
    VELO_ASSIGN_OR_RETURN(std::string bytes, EncodeDefinition(definition));
    state::WriteSet writes;
    writes.Put(DefinitionKey(name), std::move(bytes));
    VELO_RETURN_IF_ERROR(store_->Write(writes));
    VELO_ASSIGN_OR_RETURN(topics_[name], OpenTopic(std::move(definition)));
    return Status::OK();
  }

  Status Delete(const std::string& name) override {
    std::lock_guard lock(mutex_);
    auto found = topics_.find(name);
    if (found == topics_.end()) return NotFound(name);
    for (const auto& partition : found->second->partitions) partition->MarkDeleted();
    topics_.erase(found);
    state::WriteSet writes;
    writes.Delete(DefinitionKey(name));
    for (const std::string& prefix : {BatchPrefix(name), InfoPrefix(name), HeadPrefix(name)}) {
      writes.DeleteRange(prefix, state::EndOfPrefix(prefix));
    }
    return store_->Write(writes);
  }

  Result<TopicInfo> Describe(std::string_view name) override {
    VELO_ASSIGN_OR_RETURN(TopicPtr topic, Find(name));
    return topic->Info();
  }

  std::vector<TopicInfo> List() override {
    std::shared_lock lock(mutex_);
    std::vector<TopicInfo> infos;
    for (const auto& [name, topic] : topics_) infos.push_back(topic->Info());
    return infos;
  }

  Result<int64_t> Append(const std::string& name, int32_t partition, const TopicAppend& rows) override {
    VELO_ASSIGN_OR_RETURN(TopicPtr topic, Find(name));
    if (partition < 0 || partition >= static_cast<int32_t>(topic->partitions.size())) {
      return Status::User("VALIDATION_ERROR", fmt::format("The topic '{}' has no partition {}.", name, partition),
                          fmt::format("Its partitions are 0 to {}.", topic->partitions.size() - 1));
    }
    VELO_RETURN_IF_ERROR(CheckRows(*topic->definition, rows));
    TopicPartition& target = *topic->partitions[partition];
    if (rows.columns->num_rows() == 0) return target.high_offset();
    return target.Append(rows, clock_->Now());
  }

  Status CutBack(const std::string& name, const std::vector<int64_t>& offsets, int64_t writer) override {
    VELO_ASSIGN_OR_RETURN(TopicPtr topic, Find(name));
    if (offsets.size() != topic->partitions.size()) {
      return Status::World("CONFLICT",
                           fmt::format("Topic '{}' has {} partitions, in the checkpoint it has {}.", name,
                                       topic->partitions.size(), offsets.size()),
                           "The topic was made anew. Start again with an empty checkpoint folder.");
    }
    for (size_t i = 0; i < offsets.size(); ++i) {
      VELO_RETURN_IF_ERROR(topic->partitions[i]->CheckCut(offsets[i], writer));
    }
    for (size_t i = 0; i < offsets.size(); ++i) {
      VELO_RETURN_IF_ERROR(topic->partitions[i]->CutBack(offsets[i], writer));
    }
    return Status::OK();
  }

  Status Sync() override { return store_->Sync(); }

  Result<std::unique_ptr<Source>> OpenSource(const std::string& name) override {
    VELO_ASSIGN_OR_RETURN(TopicPtr topic, Find(name));
    return MakeTopicSource(topic->partitions);
  }

  Result<Preview> Peek(const std::string& name, const PreviewRequest& request) override;

  Status ApplyRetention() override {
    std::vector<TopicPtr> topics;
    {
      std::shared_lock lock(mutex_);
      for (const auto& [name, topic] : topics_) topics.push_back(topic);
    }
    for (const TopicPtr& topic : topics) {
      VELO_RETURN_IF_ERROR(DropExpired(*topic));
      for (const auto& partition : topic->partitions) VELO_RETURN_IF_ERROR(partition->JoinSmallBatches());
    }
    return store_->Sync();
  }

 private:
  Result<TopicPtr> OpenTopic(TopicDefinition definition) {
    auto topic = std::make_shared<Topic>();
    topic->definition = std::make_shared<const TopicDefinition>(std::move(definition));
    for (int32_t i = 0; i < topic->definition->options.partitions; ++i) {
      topic->partitions.push_back(std::make_shared<TopicPartition>(topic->definition, i, store_.get()));
      VELO_RETURN_IF_ERROR(topic->partitions.back()->Load());
    }
    return TopicPtr(std::move(topic));
  }

  Result<TopicPtr> Find(std::string_view name) {
    std::shared_lock lock(mutex_);
    auto found = topics_.find(name);
    if (found == topics_.end()) return NotFound(name);
    return found->second;
  }

  /// REQUIRES: mutex_ held.
  Status NotFound(std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [known, topic] : topics_) names.push_back(known);
    const std::vector<std::string> near = NearNames(name, names);
    std::string hint = "There are no topics.";
    if (!names.empty()) hint = fmt::format("Topics: {}.", fmt::join(names, ", "));
    if (!near.empty()) hint = fmt::format("Did you mean {}?", fmt::join(near, " or "));
    Status status = Status::User("TOPIC_NOT_FOUND", fmt::format("There is no topic '{}'.", name), hint);
    return near.empty() ? status : status.WithDetail("near", fmt::format("{}", fmt::join(near, ",")));
  }

  static Status CheckRows(const TopicDefinition& definition, const TopicAppend& rows) {
    if (!SameNamesAndTypes(*rows.columns->schema(), *definition.schema.ToArrow())) {
      return Status::User("SCHEMA_MISMATCH",
                          fmt::format("The rows do not have the columns of the topic '{}'.", definition.name),
                          fmt::format("Its columns are: {}.", fmt::join(definition.schema.Names(), ", ")));
    }
    const size_t count = static_cast<size_t>(rows.columns->num_rows());
    auto fits = [count](size_t size) { return size == 0 || size == count; };
    VELO_CHECK(fits(rows.timestamps.size()) && fits(rows.keys.size()) && fits(rows.headers.size()));
    return Status::OK();
  }

  /// Drops expired batches, then the oldest of all partitions until the topic is small enough.
  Status DropExpired(const Topic& topic) {
    const int64_t limit = topic.definition->options.retention_bytes;
    int64_t total = 0;
    for (const auto& partition : topic.partitions) {
      while (true) {
        VELO_ASSIGN_OR_RETURN(int64_t freed, partition->DropOldest(clock_->Now(), 0));
        if (freed == 0) break;
      }
      total += partition->size_bytes();
    }
    while (limit >= 0 && total > limit) {
      auto oldest = std::min_element(topic.partitions.begin(), topic.partitions.end(),
                                     [](auto& a, auto& b) { return a->oldest_batch_time() < b->oldest_batch_time(); });
      VELO_ASSIGN_OR_RETURN(int64_t freed, (*oldest)->DropOldest(clock_->Now(), total - limit));
      if (freed == 0) break;
      total -= freed;
    }
    return Status::OK();
  }

  std::unique_ptr<state::KeyValueStore> store_;
  Clock* clock_;
  std::shared_mutex mutex_;
  std::map<std::string, TopicPtr, std::less<>> topics_;
};

/// One row of a preview before the rows of all partitions are put in order.
struct PeekedRow {
  Timestamp time;
  int32_t partition;
  int64_t offset;
  std::shared_ptr<arrow::RecordBatch> rows;
  int64_t row;
};

Result<std::vector<PeekedRow>> PeekPartition(TopicPartition& partition, const PreviewRequest& request) {
  const TopicPartitionInfo info = partition.Info();
  int64_t first = request.from_end ? std::max(info.low_offset, info.high_offset - request.limit) : info.low_offset;
  if (request.start_offset) first = std::max(info.low_offset, *request.start_offset);
  VELO_ASSIGN_OR_RETURN(std::vector<StoredSlice> slices, partition.Read(first, request.limit));
  const int time_column = StoredColumnsOf(partition.definition().schema).timestamp;
  std::vector<PeekedRow> peeked;
  for (const StoredSlice& slice : slices) {
    const auto& times = static_cast<const arrow::Int64Array&>(*slice.rows->column(time_column));
    for (int64_t row = 0; row < slice.rows->num_rows(); ++row) {
      peeked.push_back({times.Value(row), partition.partition(), slice.base_offset + row, slice.rows, row});
    }
  }
  return peeked;
}

MessageMeta MetaOf(const PeekedRow& peeked, const StoredColumns& places) {
  MessageMeta meta;
  meta.partition = peeked.partition;
  meta.offset = peeked.offset;
  meta.timestamp = peeked.time;
  const auto& keys = static_cast<const arrow::StringArray&>(*peeked.rows->column(places.key));
  if (keys.IsValid(peeked.row)) meta.key = keys.GetString(peeked.row);
  const auto& headers = static_cast<const arrow::ListArray&>(*peeked.rows->column(places.headers));
  const auto& pairs = static_cast<const arrow::StructArray&>(*headers.values());
  const auto& names = static_cast<const arrow::StringArray&>(*pairs.field(0));
  const auto& values = static_cast<const arrow::StringArray&>(*pairs.field(1));
  for (int64_t i = headers.value_offset(peeked.row); i < headers.value_offset(peeked.row + 1); ++i) {
    meta.headers.emplace_back(names.GetString(i), values.GetString(i));
  }
  return meta;
}

Result<Preview> TopicLog::Peek(const std::string& name, const PreviewRequest& request) {
  VELO_ASSIGN_OR_RETURN(TopicPtr topic, Find(name));
  std::vector<PeekedRow> peeked;
  for (const auto& partition : topic->partitions) {
    if (request.partition && *request.partition != partition->partition()) continue;
    VELO_ASSIGN_OR_RETURN(std::vector<PeekedRow> rows, PeekPartition(*partition, request));
    peeked.insert(peeked.end(), rows.begin(), rows.end());
  }
  const bool newest_first = request.from_end && !request.start_offset;
  std::stable_sort(peeked.begin(), peeked.end(), [newest_first](const PeekedRow& a, const PeekedRow& b) {
    const auto left = std::tie(a.time, a.partition, a.offset);
    const auto right = std::tie(b.time, b.partition, b.offset);
    return newest_first ? right < left : left < right;
  });
  if (static_cast<int64_t>(peeked.size()) > request.limit) peeked.resize(request.limit);

  const Schema& schema = topic->definition->schema;
  const auto stored = StoredSchema(schema);
  Preview preview;
  arrow::RecordBatchVector parts;
  for (const PeekedRow& row : peeked) {
    parts.push_back(row.rows->Slice(row.row, 1));
    preview.meta.push_back(MetaOf(row, StoredColumnsOf(schema)));
  }
  std::shared_ptr<arrow::RecordBatch> joined;
  if (parts.empty()) {
    VELO_ASSIGN_OR_RETURN_ARROW(joined, arrow::RecordBatch::MakeEmpty(stored));
  } else {
    VELO_ASSIGN_OR_RETURN_ARROW(joined, arrow::ConcatenateRecordBatches(parts));
  }
  std::vector<int> payload(schema.columns.size());
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<int>(i);
  VELO_ASSIGN_OR_RETURN_ARROW(preview.rows, joined->SelectColumns(payload));
  return preview;
}

}  // namespace
}  // namespace topics

int64_t TopicInfo::total_messages() const {
  int64_t total = 0;
  for (const TopicPartitionInfo& partition : partitions) total += partition.high_offset - partition.low_offset;
  return total;
}

Result<std::unique_ptr<TopicStore>> TopicStore::Open(const std::string& directory, Clock* clock) {
  VELO_ASSIGN_OR_RETURN(auto store, state::KeyValueStore::Open(directory));
  auto log = std::make_unique<topics::TopicLog>(std::move(store), clock);
  VELO_RETURN_IF_ERROR(log->Load());
  return std::unique_ptr<TopicStore>(std::move(log));
}

}  // namespace velo
