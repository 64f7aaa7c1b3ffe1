#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/io/source.h"
#include "engine/topics/topic_partition.h"

namespace velo::topics {

/// Header of a record that says that its key is gone from a table (dialect 4.12); readers of the rows pass it over.
inline constexpr std::string_view kTombstoneHeader = "_deleted";

/// Gives the partitions of one topic as a Source: payload columns plus the system columns that the log knows.
std::unique_ptr<Source> MakeTopicSource(std::vector<std::shared_ptr<TopicPartition>> partitions);

/// Joins slices into the wanted columns, payload or system, in the order of `columns`.
Result<std::shared_ptr<arrow::RecordBatch>> ProjectSlices(const TopicDefinition& definition, int32_t partition,
                                                          const std::vector<StoredSlice>& slices,
                                                          const std::vector<std::string>& columns);

}  // namespace velo::topics
