#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/io/source.h"

namespace velo {

/// Makes a bounded source of rows held in memory: each inner vector is one partition, its batches in order. `name`
/// stands in messages and is what `_topic` gives. All batches must have the columns of `schema` in its order.
std::unique_ptr<Source> MakeMemorySource(std::string name, Schema schema,
                                         std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> partitions);

/// Deals the rows of `rows` out to `partitions` partitions in turn, in batches of at most `batch_rows` rows.
std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> SplitIntoPartitions(
    const std::shared_ptr<arrow::RecordBatch>& rows, int32_t partitions, int64_t batch_rows);

}  // namespace velo
