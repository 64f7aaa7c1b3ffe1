#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/topics/topic_store.h"
#include "engine/types/schema.h"

namespace arrow {
class ArrayBuilder;
}

namespace velo::demo {

/// What a demo topic is: its columns and which of them is what.
struct DemoTopic {
  std::string name;
  Schema schema;
  std::string key_column;
  int32_t partitions = 1;
};

/// Collects messages of one topic until they are appended. Values are given in column order:
///   rows.Begin(at, "AAPL", trace).Text("AAPL").Number(190.5).Integer(100).Time(at);
class TopicRows {
 public:
  explicit TopicRows(const DemoTopic& topic);
  ~TopicRows();
  TopicRows(TopicRows&&) noexcept;

  TopicRows& Begin(Timestamp at, std::string key, std::string traceparent);
  TopicRows& Text(std::string_view value);
  TopicRows& Number(double value);
  TopicRows& Integer(int64_t value);
  TopicRows& Time(Timestamp value);
  TopicRows& Null();

  bool empty() const { return timestamps_.empty(); }
  const DemoTopic& topic() const { return topic_; }
  /// Takes what was collected, split by partition (hash of the key).
  Result<std::vector<std::pair<int32_t, TopicAppend>>> Take();

 private:
  arrow::ArrayBuilder& NextColumn();

  const DemoTopic& topic_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  size_t column_ = 0;
  std::vector<Timestamp> timestamps_;
  std::vector<std::optional<std::string>> keys_;
  std::vector<std::vector<std::pair<std::string, std::string>>> headers_;
};

}  // namespace velo::demo
