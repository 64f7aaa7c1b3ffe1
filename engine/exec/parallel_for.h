#pragma once

#include <cstddef>
#include <functional>

#include "engine/base/status.h"

namespace velo::exec {

class WorkerPool;

/// Calls work(i) once for each i below `count`, on the calling thread and on those threads of `pool` (may be null) that
/// have nothing else to do. Returns when all are done, with the error of the first that failed, in their order. Safe on
/// a thread of the pool: the caller never waits for work that nobody has begun.
Status ParallelFor(WorkerPool* pool, size_t count, const std::function<Status(size_t)>& work);

}  // namespace velo::exec
