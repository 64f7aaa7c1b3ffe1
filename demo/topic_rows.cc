#include "demo/topic_rows.h"

#include <arrow/array/array_primitive.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>

#include "engine/types/arrow_status.h"

namespace velo::demo {
namespace {

/// FNV-1a: the same partition for a key on every machine.
uint32_t HashKey(std::string_view key) {
  uint32_t hash = 2166136261u;
  for (char letter : key) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
  return hash;
}

std::unique_ptr<arrow::ArrayBuilder> MakeColumnBuilder(const SqlType& type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  VELO_CHECK(arrow::MakeBuilder(arrow::default_memory_pool(), type.ToArrow(), &builder).ok());
  return builder;
}

}  // namespace

TopicRows::TopicRows(const DemoTopic& topic) : topic_(topic), column_(topic.schema.columns.size()) {
  for (const Column& column : topic.schema.columns) builders_.push_back(MakeColumnBuilder(column.type));
}
TopicRows::~TopicRows() = default;
TopicRows::TopicRows(TopicRows&&) noexcept = default;

TopicRows& TopicRows::Begin(Timestamp at, std::string key, std::string traceparent) {
  VELO_CHECK(column_ == builders_.size());
  column_ = 0;
  timestamps_.push_back(at);
  keys_.emplace_back(std::move(key));
  headers_.push_back({{"traceparent", std::move(traceparent)}});
  return *this;
}

arrow::ArrayBuilder& TopicRows::NextColumn() {
  VELO_CHECK(column_ < builders_.size());
  return *builders_[column_++];
}

TopicRows& TopicRows::Text(std::string_view value) {
  VELO_CHECK(static_cast<arrow::StringBuilder&>(NextColumn()).Append(value).ok());
  return *this;
}
TopicRows& TopicRows::Number(double value) {
  VELO_CHECK(static_cast<arrow::DoubleBuilder&>(NextColumn()).Append(value).ok());
  return *this;
}
TopicRows& TopicRows::Integer(int64_t value) {
  VELO_CHECK(static_cast<arrow::Int64Builder&>(NextColumn()).Append(value).ok());
  return *this;
}
TopicRows& TopicRows::Time(Timestamp value) {
  VELO_CHECK(static_cast<arrow::TimestampBuilder&>(NextColumn()).Append(value).ok());
  return *this;
}
TopicRows& TopicRows::Null() {
  VELO_CHECK(NextColumn().AppendNull().ok());
  return *this;
}

Result<std::vector<std::pair<int32_t, TopicAppend>>> TopicRows::Take() {
  VELO_CHECK(column_ == builders_.size());
  arrow::ArrayVector arrays;
  for (auto& builder : builders_) {
    VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder->Finish());
    arrays.push_back(std::move(array));
  }
  const auto rows = arrow::RecordBatch::Make(topic_.schema.ToArrow(), static_cast<int64_t>(timestamps_.size()), arrays);

  std::vector<arrow::Int64Builder> picks(topic_.partitions);
  std::vector<std::pair<int32_t, TopicAppend>> parts(topic_.partitions);
  for (size_t row = 0; row < timestamps_.size(); ++row) {
    const uint32_t partition = HashKey(*keys_[row]) % static_cast<uint32_t>(topic_.partitions);
    VELO_RETURN_IF_ARROW_ERROR(picks[partition].Append(static_cast<int64_t>(row)));
    TopicAppend& part = parts[partition].second;
    part.timestamps.push_back(timestamps_[row]);
    part.keys.push_back(std::move(keys_[row]));
    part.headers.push_back(std::move(headers_[row]));
  }
  for (int32_t i = 0; i < topic_.partitions; ++i) {
    parts[i].first = i;
    VELO_ASSIGN_OR_RETURN_ARROW(auto indices, picks[i].Finish());
    VELO_ASSIGN_OR_RETURN_ARROW(arrow::Datum taken, arrow::compute::Take(rows, indices));
    parts[i].second.columns = taken.record_batch();
  }
  std::erase_if(parts, [](const auto& part) { return part.second.timestamps.empty(); });
  timestamps_.clear();
  keys_.clear();
  headers_.clear();
  return parts;
}

}  // namespace velo::demo
