#include "engine/io/memory_source.h"

#include <arrow/record_batch.h>

#include <charconv>

#include "engine/io/constant_columns.h"
#include "engine/types/arrow_status.h"

namespace velo {
namespace {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

class MemoryReader : public PartitionReader {
 public:
  MemoryReader(std::string source, int32_t partition, std::shared_ptr<const std::vector<Batches>> partitions,
               ReadOptions options)
      : source_(std::move(source)),
        partition_(partition),
        partitions_(std::move(partitions)),
        options_(std::move(options)) {
    if (!options_.time_column.empty()) FindLowestTimes();
  }

  Result<ReadOutcome> Read() override {
    const Batches& batches = (*partitions_)[partition_];
    while (batch_ < batches.size() && row_ >= batches[batch_]->num_rows()) {
      ++batch_;
      row_ = 0;
    }
    if (batch_ >= batches.size()) return ReadOutcome{ReadOutcome::State::kEnd, {}};
    const auto slice = batches[batch_]->Slice(row_, options_.batch_rows);
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    for (const std::string& name : options_.columns) {
      auto column = slice->GetColumnByName(name);
      if (column == nullptr) {
        const SystemValues values{.origin = source_, .partition = partition_, .first_offset = rows_};
        VELO_ASSIGN_OR_RETURN(column, MakeSystemColumn(name, values, slice->num_rows()));
      }
      fields.push_back(arrow::field(name, column->type()));
      columns.push_back(std::move(column));
    }
    row_ += slice->num_rows();
    rows_ += slice->num_rows();
    auto rows = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), slice->num_rows(), std::move(columns));
    return ReadOutcome{ReadOutcome::State::kRows, Batch{std::move(rows), {}}};
  }

  std::string Position() const override { return std::to_string(rows_); }

  Status Seek(const std::string& position) override {
    int64_t skip = 0;
    auto [end, error] = std::from_chars(position.data(), position.data() + position.size(), skip);
    if (error != std::errc() || end != position.data() + position.size() || skip < 0) {
      return Status::User("VALIDATION_ERROR", fmt::format("'{}' is no position in {}.", position, name()));
    }
    const Batches& batches = (*partitions_)[partition_];
    rows_ = skip;
    for (batch_ = 0; batch_ < batches.size() && skip >= batches[batch_]->num_rows(); ++batch_) {
      skip -= batches[batch_]->num_rows();
    }
    row_ = skip;
    return Status::OK();
  }

  ReadProgress Progress() const override { return {.rows = rows_}; }
  int64_t LowestTime() const override {
    if (options_.time_column.empty()) return kBeginOfTime;
    return rows_ < std::ssize(lowest_times_) ? lowest_times_[static_cast<size_t>(rows_)] : kEndOfTime;
  }
  std::string name() const override { return fmt::format("{} partition {}", source_, partition_); }

 private:
  void FindLowestTimes() {
    for (const auto& batch : (*partitions_)[partition_]) {
      const auto column = batch->GetColumnByName(options_.time_column);
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        int64_t time = kBeginOfTime;
        if (column != nullptr && column->IsNull(row)) {
          time = kEndOfTime;
        } else if (column != nullptr && column->type_id() == arrow::Type::INT64) {
          time = static_cast<const arrow::Int64Array&>(*column).Value(row);
        } else if (column != nullptr && column->type_id() == arrow::Type::TIMESTAMP) {
          const int64_t micros = static_cast<const arrow::TimestampArray&>(*column).Value(row);
          time = micros / kMicrosPerMilli - (micros % kMicrosPerMilli < 0 ? 1 : 0);
        }
        lowest_times_.push_back(time);
      }
    }
    for (size_t i = lowest_times_.size(); i-- > 1;) {
      lowest_times_[i - 1] = std::min(lowest_times_[i - 1], lowest_times_[i]);
    }
  }

  std::string source_;
  int32_t partition_;
  std::shared_ptr<const std::vector<Batches>> partitions_;
  ReadOptions options_;
  size_t batch_ = 0;
  int64_t row_ = 0;
  int64_t rows_ = 0;
  std::vector<int64_t> lowest_times_;  ///< From each row on.
};

class MemorySource : public Source {
 public:
  MemorySource(std::string name, Schema schema, std::vector<Batches> partitions)
      : name_(std::move(name)),
        schema_(std::move(schema)),
        partitions_(std::make_shared<const std::vector<Batches>>(std::move(partitions))) {}

  const Schema& schema() const override { return schema_; }
  bool bounded() const override { return true; }

  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    std::vector<std::unique_ptr<PartitionReader>> readers;
    for (size_t i = 0; i < partitions_->size(); ++i) {
      readers.push_back(std::make_unique<MemoryReader>(name_, static_cast<int32_t>(i), partitions_, options));
    }
    return readers;
  }

 private:
  std::string name_;
  Schema schema_;
  std::shared_ptr<const std::vector<Batches>> partitions_;
};

}  // namespace

std::unique_ptr<Source> MakeMemorySource(std::string name, Schema schema, std::vector<Batches> partitions) {
  return std::make_unique<MemorySource>(std::move(name), std::move(schema), std::move(partitions));
}

std::vector<Batches> SplitIntoPartitions(const std::shared_ptr<arrow::RecordBatch>& rows, int32_t partitions,
                                         int64_t batch_rows) {
  std::vector<Batches> split(partitions);
  int32_t next = 0;
  for (int64_t row = 0; row < rows->num_rows(); row += batch_rows) {
    split[next].push_back(rows->Slice(row, batch_rows));
    next = (next + 1) % partitions;
  }
  return split;
}

}  // namespace velo
