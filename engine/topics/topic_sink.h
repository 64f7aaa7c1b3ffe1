#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/sink.h"
#include "engine/topics/topic_store.h"

namespace velo::topics {

/// Where the output of a sink stands: what the text of Sink::Position says.
struct SinkPosition {
  size_t next = 0;               ///< Counts the rows without a key, which go to the partitions in turn.
  std::vector<int64_t> offsets;  ///< Of the next message, per partition.

  std::string ToString() const;
  static Result<SinkPosition> Parse(std::string_view text);
};

/// Opens a topic for writing and makes it when it is not there (property 'partitions'). Rows with a key go to the
/// partition their key hashes to, others to the partitions in turn. Error CONFLICT when the topic has other columns.
Result<std::unique_ptr<Sink>> OpenTopicSink(TopicStore* store, const std::string& topic, const SinkTarget& target);

}  // namespace velo::topics
