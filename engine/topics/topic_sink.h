#pragma once

#include <memory>

#include "engine/io/sink.h"
#include "engine/topics/topic_store.h"

namespace velo::topics {

/// Opens a topic for writing and makes it when it is not there (property 'partitions'). Rows with a key go to the
/// partition their key hashes to, others to the partitions in turn. Error CONFLICT when the topic has other columns.
Result<std::unique_ptr<Sink>> OpenTopicSink(TopicStore* store, const std::string& topic, const SinkTarget& target);

}  // namespace velo::topics
