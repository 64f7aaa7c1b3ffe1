#include "engine/topics/topic_source.h"

#include <arrow/array/concatenate.h>

#include <charconv>

#include "engine/types/arrow_status.h"
#include "engine/types/time_text.h"

namespace velo::topics {
namespace {

constexpr int64_t kMillisPerDay = 86'400'000;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lower;
}

template <typename Function>
Result<std::shared_ptr<arrow::Array>> MakeInt64(int64_t count, Function value_at) {
  VELO_ASSIGN_OR_RETURN_ARROW(auto buffer, arrow::AllocateBuffer(count * sizeof(int64_t)));
  auto* values = reinterpret_cast<int64_t*>(buffer->mutable_data());
  for (int64_t row = 0; row < count; ++row) values[row] = value_at(row);
  return std::shared_ptr<arrow::Array>(
      std::make_shared<arrow::Int64Array>(count, std::shared_ptr<arrow::Buffer>(std::move(buffer))));
}

/// Reads the header `_event_time` (milliseconds as text), which an upstream job writes.
std::optional<int64_t> EventTimeHeader(const arrow::ListArray& headers, int64_t row) {
  const auto& pairs = static_cast<const arrow::StructArray&>(*headers.values());
  const auto& names = static_cast<const arrow::StringArray&>(*pairs.field(0));
  const auto& values = static_cast<const arrow::StringArray&>(*pairs.field(1));
  for (int64_t i = headers.value_offset(row); i < headers.value_offset(row + 1); ++i) {
    if (names.GetView(i) != kEventTimeColumn) continue;
    std::string_view text = values.GetView(i);
    int64_t millis = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
    if (error == std::errc() && end == text.data() + text.size()) return millis;
  }
  return std::nullopt;
}

/// Builds the system columns of one slice.
class SystemColumns {
 public:
  SystemColumns(const TopicDefinition& definition, int32_t partition, const StoredSlice& slice)
      : definition_(definition), partition_(partition), slice_(slice), places_(StoredColumnsOf(definition.schema)) {}

  Result<std::shared_ptr<arrow::Array>> Build(std::string_view lower_name) const {
    const int64_t count = slice_.rows->num_rows();
    if (lower_name == kTimestampColumn) return ArrivalMillis();
    if (lower_name == kEventTimeColumn) return EventMillis();
    if (lower_name == kOffsetColumn) return MakeInt64(count, [&](int64_t row) { return slice_.base_offset + row; });
    if (lower_name == kPartitionColumn) return MakeInt64(count, [&](int64_t) { return partition_; });
    if (lower_name == kKeyColumn) return slice_.rows->column(places_.key);
    if (lower_name == kHeadersColumn) return slice_.rows->column(places_.headers);
    if (lower_name == kTopicColumn) {
      VELO_ASSIGN_OR_RETURN_ARROW(auto names, arrow::MakeArrayFromScalar(arrow::StringScalar(definition_.name), count));
      return names;
    }
    return Status::User("E2102", fmt::format("The topic '{}' has no column '{}'.", definition_.name, lower_name));
  }

 private:
  const int64_t* Arrivals() const {
    return static_cast<const arrow::Int64Array&>(*slice_.rows->column(places_.timestamp)).raw_values();
  }

  Result<std::shared_ptr<arrow::Array>> ArrivalMillis() const {
    const int64_t* arrivals = Arrivals();
    return MakeInt64(slice_.rows->num_rows(), [&](int64_t row) { return FloorDivide(arrivals[row], kMicrosPerMilli); });
  }

  Result<std::shared_ptr<arrow::Array>> EventMillis() const {
    const int64_t* arrivals = Arrivals();
    const auto& headers = static_cast<const arrow::ListArray&>(*slice_.rows->column(places_.headers));
    const bool any_header = headers.length() > 0 && headers.value_offset(headers.length()) > headers.value_offset(0);
    auto fallback = [&](int64_t row) {
      if (any_header) {
        if (auto millis = EventTimeHeader(headers, row)) return *millis;
      }
      return FloorDivide(arrivals[row], kMicrosPerMilli);
    };
    const int column = definition_.schema.Find(definition_.event_time_column);
    if (column < 0) return MakeInt64(slice_.rows->num_rows(), fallback);
    const arrow::Array& times = *slice_.rows->column(column);
    auto choose = [&](auto to_millis) {
      return MakeInt64(slice_.rows->num_rows(),
                       [&](int64_t row) { return times.IsNull(row) ? fallback(row) : to_millis(row); });
    };
    switch (times.type_id()) {
      case arrow::Type::TIMESTAMP: {
        const int64_t* micros = static_cast<const arrow::TimestampArray&>(times).raw_values();
        return choose([micros](int64_t row) { return FloorDivide(micros[row], kMicrosPerMilli); });
      }
      case arrow::Type::INT64: {
        const int64_t* millis = static_cast<const arrow::Int64Array&>(times).raw_values();
        return choose([millis](int64_t row) { return millis[row]; });
      }
      case arrow::Type::DATE32: {
        const int32_t* days = static_cast<const arrow::Date32Array&>(times).raw_values();
        return choose([days](int64_t row) { return days[row] * kMillisPerDay; });
      }
      default:
        return MakeInt64(slice_.rows->num_rows(), fallback);
    }
  }

  const TopicDefinition& definition_;
  const int32_t partition_;
  const StoredSlice& slice_;
  const StoredColumns places_;
};

bool IsTombstone(const arrow::ListArray& headers, int64_t row) {
  const auto& pairs = static_cast<const arrow::StructArray&>(*headers.values());
  const auto& names = static_cast<const arrow::StringArray&>(*pairs.field(0));
  for (int64_t i = headers.value_offset(row); i < headers.value_offset(row + 1); ++i) {
    if (names.GetView(i) == kTombstoneHeader) return true;
  }
  return false;
}

/// `rows` holds the rows of the slices one after the other; those that only say that a key is gone are left out.
Result<std::shared_ptr<arrow::RecordBatch>> WithoutTombstones(const std::vector<StoredSlice>& slices,
                                                              int headers_column,
                                                              std::shared_ptr<arrow::RecordBatch> rows) {
  std::vector<int64_t> gone;
  int64_t before = 0;
  for (const StoredSlice& slice : slices) {
    const auto& headers = static_cast<const arrow::ListArray&>(*slice.rows->column(headers_column));
    const bool any = headers.length() > 0 && headers.value_offset(headers.length()) > headers.value_offset(0);
    for (int64_t row = 0; any && row < headers.length(); ++row) {
      if (IsTombstone(headers, row)) gone.push_back(before + row);
    }
    before += headers.length();
  }
  if (gone.empty()) return rows;
  std::vector<std::shared_ptr<arrow::RecordBatch>> kept;
  int64_t from = 0;
  for (int64_t row : gone) {
    if (row > from) kept.push_back(rows->Slice(from, row - from));
    from = row + 1;
  }
  if (from < rows->num_rows()) kept.push_back(rows->Slice(from));
  if (kept.empty()) return rows->Slice(0, 0);
  VELO_ASSIGN_OR_RETURN_ARROW(rows, arrow::ConcatenateRecordBatches(kept));
  return rows;
}

class TopicReader : public PartitionReader {
 public:
  TopicReader(std::shared_ptr<TopicPartition> partition, ReadOptions options, int64_t first_offset)
      : partition_(std::move(partition)),
        options_(std::move(options)),
        next_offset_(first_offset),
        end_offset_(partition_->high_offset()) {}

  ~TopicReader() override {
    if (listener_) listener_->Clear();
  }

  Result<ReadOutcome> Read() override {
    while (true) {
      int64_t wanted = options_.batch_rows;
      if (!options_.follow) wanted = std::min(wanted, end_offset_ - next_offset_);
      if (wanted <= 0) return ReadOutcome{ReadOutcome::State::kEnd, {}};
      VELO_ASSIGN_OR_RETURN(std::vector<StoredSlice> slices, partition_->Read(next_offset_, wanted));
      if (!options_.follow) CutAtEnd(&slices);
      if (slices.empty()) {
        return ReadOutcome{options_.follow ? ReadOutcome::State::kIdle : ReadOutcome::State::kEnd, {}};
      }
      VELO_ASSIGN_OR_RETURN(auto rows,
                            ProjectSlices(partition_->definition(), partition_->partition(), slices, options_.columns));
      next_offset_ = slices.back().end_offset();
      VELO_ASSIGN_OR_RETURN(
          rows, WithoutTombstones(slices, StoredColumnsOf(partition_->definition().schema).headers, std::move(rows)));
      if (rows->num_rows() == 0) continue;
      rows_ += rows->num_rows();
      return ReadOutcome{ReadOutcome::State::kRows, Batch{std::move(rows), {}}};
    }
  }

  void SetWakeUp(std::function<void()> wake_up) override {
    if (listener_) listener_->Clear();
    listener_ = std::make_shared<AppendListener>(std::move(wake_up));
    partition_->AddListener(listener_);
  }

  std::string Position() const override { return std::to_string(next_offset_); }

  Status Seek(const std::string& position) override {
    int64_t offset = 0;
    auto [end, error] = std::from_chars(position.data(), position.data() + position.size(), offset);
    if (error != std::errc() || end != position.data() + position.size() || offset < 0) {
      return Status::User("VALIDATION_ERROR", fmt::format("'{}' is no position in a topic.", position));
    }
    const int64_t low = partition_->low_offset(), high = partition_->high_offset();
    if (offset < low) {
      return Status::World(
          "STATE_INCOMPATIBLE",
          fmt::format("{} messages of {} were dropped by retention before they were read.", low - offset, name()),
          "Keep them longer (retention), and start again with an empty checkpoint folder.");
    }
    if (offset > high) {
      return Status::World("STATE_INCOMPATIBLE",
                           fmt::format("{} ends at {}, but was read up to {}: it was made anew.", name(), high, offset),
                           "Start again with an empty checkpoint folder.");
    }
    next_offset_ = offset;
    return Status::OK();
  }

  ReadProgress Progress() const override { return {.rows = rows_}; }

  std::string name() const override {
    return fmt::format("{} partition {}", partition_->definition().name, partition_->partition());
  }

 private:
  /// Retention may have moved the start of the read behind the present end of the log at opening time.
  void CutAtEnd(std::vector<StoredSlice>* slices) const {
    while (!slices->empty() && slices->back().end_offset() > end_offset_) {
      StoredSlice& last = slices->back();
      if (last.base_offset >= end_offset_) {
        slices->pop_back();
      } else {
        last.rows = last.rows->Slice(0, end_offset_ - last.base_offset);
      }
    }
  }

  std::shared_ptr<TopicPartition> partition_;
  ReadOptions options_;
  int64_t next_offset_;
  int64_t end_offset_;
  int64_t rows_ = 0;
  std::shared_ptr<AppendListener> listener_;
};

class TopicSource : public Source {
 public:
  explicit TopicSource(std::vector<std::shared_ptr<TopicPartition>> partitions) : partitions_(std::move(partitions)) {}

  const Schema& schema() const override { return partitions_.front()->definition().schema; }
  bool bounded() const override { return false; }

  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    for (const std::string& column : options.columns) {
      if (schema().Find(column) < 0 && SystemColumnType(column) == nullptr) {
        return Status::User(
            "E2102", fmt::format("The topic '{}' has no column '{}'.", partitions_.front()->definition().name, column));
      }
    }
    std::vector<std::unique_ptr<PartitionReader>> readers;
    for (const auto& partition : partitions_) {
      int64_t first = partition->low_offset();
      if (options.start == ReadOptions::Start::kLatest) first = partition->high_offset();
      if (options.start == ReadOptions::Start::kTimestamp) {
        VELO_ASSIGN_OR_RETURN(first, partition->OffsetAt(options.start_time));
      }
      readers.push_back(std::make_unique<TopicReader>(partition, options, first));
    }
    return readers;
  }

 private:
  std::vector<std::shared_ptr<TopicPartition>> partitions_;
};

Result<std::shared_ptr<arrow::Array>> JoinArrays(const arrow::ArrayVector& parts) {
  if (parts.size() == 1) return parts.front();
  VELO_ASSIGN_OR_RETURN_ARROW(auto joined, arrow::Concatenate(parts));
  return joined;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ProjectSlices(const TopicDefinition& definition, int32_t partition,
                                                          const std::vector<StoredSlice>& slices,
                                                          const std::vector<std::string>& columns) {
  int64_t rows = 0;
  for (const StoredSlice& slice : slices) rows += slice.rows->num_rows();
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    arrow::ArrayVector parts;
    const int payload = definition.schema.Find(name);
    for (const StoredSlice& slice : slices) {
      if (payload >= 0) {
        parts.push_back(slice.rows->column(payload));
        continue;
      }
      VELO_ASSIGN_OR_RETURN(auto part, SystemColumns(definition, partition, slice).Build(LowerCase(name)));
      parts.push_back(std::move(part));
    }
    VELO_ASSIGN_OR_RETURN(auto array, JoinArrays(parts));
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
}

std::unique_ptr<Source> MakeTopicSource(std::vector<std::shared_ptr<TopicPartition>> partitions) {
  return std::make_unique<TopicSource>(std::move(partitions));
}

}  // namespace velo::topics
