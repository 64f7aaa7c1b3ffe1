#include "engine/topics/topic_sink.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_nested.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>

#include <charconv>

#include "engine/topics/topic_source.h"
#include "engine/types/arrow_status.h"

namespace velo::topics {

namespace {

/// FNV-1a: the same key goes to the same partition in every run.
uint64_t HashOf(std::string_view key) {
  uint64_t hash = 14695981039346656037ULL;
  for (char letter : key) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  return hash;
}

class TopicSink : public Sink {
 public:
  TopicSink(TopicStore* store, std::string topic, const SinkTarget& target, size_t partitions)
      : store_(store), topic_(std::move(topic)), target_(target), partitions_(partitions) {}

  void set_next(size_t next) { next_ = next; }

  Status Write(const SinkRows& rows) override {
    const auto* keys = static_cast<const arrow::StringArray*>(rows.keys.get());
    std::vector<std::vector<uint32_t>> shares(partitions_);
    for (uint32_t row = 0; row < rows.columns->num_rows(); ++row) {
      const bool keyed = keys != nullptr && keys->IsValid(row);
      // Only a key says what a deletion deletes.
      if (!rows.kinds.empty() && rows.kinds[row] == RowKind::kDelete && !keyed) continue;
      shares[keyed ? HashOf(keys->GetView(row)) % partitions_ : next_++ % partitions_].push_back(row);
    }
    for (size_t partition = 0; partition < partitions_; ++partition) {
      if (shares[partition].empty()) continue;
      VELO_ASSIGN_OR_RETURN(const TopicAppend append, Take(rows, shares[partition]));
      VELO_ASSIGN_OR_RETURN(const int64_t offset, store_->Append(topic_, static_cast<int32_t>(partition), append));
      (void)offset;
    }
    return Status::OK();
  }

  Status Close() override { return Status::OK(); }

  Result<std::string> Position() const override {
    VELO_ASSIGN_OR_RETURN(const TopicInfo info, store_->Describe(topic_));
    SinkPosition position;
    position.next = next_;
    for (const TopicPartitionInfo& partition : info.partitions) position.offsets.push_back(partition.high_offset);
    return position.ToString();
  }

  std::string where() const override { return "topic " + topic_; }

 private:
  Result<TopicAppend> Take(const SinkRows& rows, const std::vector<uint32_t>& share) const {
    const auto count = static_cast<int64_t>(share.size());
    TopicAppend append;
    append.writer = target_.writer;
    const arrow::UInt32Array indices(count, arrow::Buffer::Wrap(share.data(), share.size()));
    arrow::ArrayVector columns;
    for (const auto& column : rows.columns->columns()) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> taken, arrow::compute::Take(*column, indices));
      columns.push_back(std::move(taken));
    }
    append.columns = arrow::RecordBatch::Make(target_.columns.ToArrow(), count, std::move(columns));
    if (const auto* keys = static_cast<const arrow::StringArray*>(rows.keys.get())) {
      for (uint32_t row : share) {
        append.keys.push_back(keys->IsNull(row) ? std::nullopt : std::optional<std::string>(keys->GetString(row)));
      }
    }
    if (const auto* times = static_cast<const arrow::Int64Array*>(rows.event_times.get());
        times != nullptr && times->null_count() == 0) {
      for (uint32_t row : share) append.timestamps.push_back(times->Value(row) * kMicrosPerMilli);
    }
    AddHeaders(rows, share, &append);
    return append;
  }

  /// Headers of the rows, and the mark of those that say that a key is gone.
  static void AddHeaders(const SinkRows& rows, const std::vector<uint32_t>& share, TopicAppend* append) {
    const auto deletes = [&](uint32_t row) { return !rows.kinds.empty() && rows.kinds[row] == RowKind::kDelete; };
    const auto* lists = static_cast<const arrow::ListArray*>(rows.headers.get());
    const bool any = lists != nullptr && lists->values()->length() > 0;
    if (!any && std::none_of(share.begin(), share.end(), deletes)) return;
    append->headers.resize(share.size());
    for (size_t i = 0; i < share.size(); ++i) {
      auto& headers = append->headers[i];
      if (any) CopyHeaders(*lists, share[i], &headers);
      if (deletes(share[i])) headers.emplace_back(std::string(kTombstoneHeader), "true");
    }
  }

  /// The event time goes with the record as its timestamp: the header of an earlier record would contradict it.
  static void CopyHeaders(const arrow::ListArray& lists, uint32_t row,
                          std::vector<std::pair<std::string, std::string>>* headers) {
    if (lists.IsNull(row)) return;
    const auto& pairs = static_cast<const arrow::StructArray&>(*lists.values());
    const auto names = std::static_pointer_cast<arrow::StringArray>(pairs.field(0));
    const auto values = std::static_pointer_cast<arrow::StringArray>(pairs.field(1));
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      const std::string_view name = names->GetView(i);
      if (name == kEventTimeColumn || name == kTombstoneHeader) continue;
      headers->emplace_back(name, values->IsValid(i) ? values->GetView(i) : std::string_view());
    }
  }

  TopicStore* const store_;
  const std::string topic_;
  const SinkTarget target_;
  const size_t partitions_;
  size_t next_ = 0;
};

}  // namespace

std::string SinkPosition::ToString() const { return fmt::format("{},{}", next, fmt::join(offsets, ",")); }

Result<SinkPosition> SinkPosition::Parse(std::string_view text) {
  std::vector<int64_t> numbers;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const auto [after, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc() || numbers.back() < 0 || (after != end && (*after != ',' || after + 1 == end))) {
      numbers.clear();
      break;
    }
    at = after == end ? end : after + 1;
  }
  if (numbers.size() < 2) {
    return Status::World("STATE_DAMAGED", fmt::format("'{}' is no position of a topic's output.", text),
                         "Start again with an empty checkpoint folder.");
  }
  return SinkPosition{static_cast<size_t>(numbers[0]), {numbers.begin() + 1, numbers.end()}};
}

Result<std::unique_ptr<Sink>> OpenTopicSink(TopicStore* store, const std::string& topic, const SinkTarget& target) {
  Result<TopicInfo> info = store->Describe(topic);
  if (!info.ok()) {
    TopicOptions options;
    for (const auto& [key, value] : target.properties) {
      if (key != "partitions" && key != "topic.partitions") continue;
      std::from_chars(value.data(), value.data() + value.size(), options.partitions);
      if (options.partitions < 1) {
        return Status::User("E3010", fmt::format("'{}' is no value for '{}'", value, key),
                            "give a number of 1 or more");
      }
    }
    VELO_RETURN_IF_ERROR(store->Create(topic, target.columns, options, "", target.key_columns));
    info = store->Describe(topic);
    if (!info.ok()) return info.status();
  }
  bool same = info->schema.columns.size() == target.columns.columns.size();
  for (size_t c = 0; same && c < target.columns.columns.size(); ++c) {
    same = info->schema.columns[c].name == target.columns.columns[c].name &&
           info->schema.columns[c].type == target.columns.columns[c].type;
  }
  if (!same) {
    std::string columns;
    for (const Column& column : info->schema.columns) {
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", column.name, column.type.ToString());
    }
    return Status::User("CONFLICT", fmt::format("topic '{}' is there with other columns", topic),
                        "its columns: " + columns);
  }
  SinkTarget exact = target;
  exact.columns = info->schema;
  auto sink = std::make_unique<TopicSink>(store, topic, exact, info->partitions.size());
  if (!target.position.empty()) {
    VELO_ASSIGN_OR_RETURN(const SinkPosition position, SinkPosition::Parse(target.position));
    sink->set_next(position.next);
  }
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace velo::topics
