#pragma once

#include <memory>

#include "engine/exec/worker_pool.h"
#include "engine/io/source.h"

namespace velo::exec {

/// Decodes a partition in a task of its own, a few batches ahead of its reader, so that reading and computing use two
/// cores. Answers kIdle while the next batch is being made, then calls the wake-up. For partitions that end. Starts
/// with the first Read; Seek comes before that. `source` is kept until the task is over.
std::unique_ptr<PartitionReader> MakeReadAhead(std::unique_ptr<PartitionReader> reader, std::shared_ptr<Source> source,
                                               WorkerPool* pool);

}  // namespace velo::exec
