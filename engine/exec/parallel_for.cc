#include "engine/exec/parallel_for.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "engine/exec/worker_pool.h"

namespace velo::exec {

namespace {

// Outlives the call: a helper may be looked after when everything is done already.
struct Shared {
  explicit Shared(size_t count) : results(count), left(count) {}

  // Takes one piece on; false when none is left to begin.
  bool DoOne(const std::function<Status(size_t)>& work) {
    const size_t at = next.fetch_add(1);
    if (at >= results.size()) return false;
    results[at] = work(at);
    std::lock_guard lock(mutex);
    if (--left == 0) done.notify_all();
    return true;
  }

  std::vector<Status> results;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::condition_variable done;
  size_t left;
};

class Helper : public Task {
 public:
  Helper(std::shared_ptr<Shared> shared, const std::function<Status(size_t)>* work)
      : shared_(std::move(shared)), work_(work) {}
  // `work_` is alive as long as there is a piece to begin.
  Next Step() override { return shared_->DoOne(*work_) ? Next::kAgain : Next::kDone; }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::function<Status(size_t)>* const work_;
};

}  // namespace

Status ParallelFor(WorkerPool* pool, size_t count, const std::function<Status(size_t)>& work) {
  if (count == 0) return Status::OK();
  const auto shared = std::make_shared<Shared>(count);
  const size_t helpers = pool == nullptr ? 0 : std::min<size_t>(count, static_cast<size_t>(pool->threads())) - 1;
  for (size_t i = 0; i < helpers; ++i) pool->Start(std::make_shared<Helper>(shared, &work));
  while (shared->DoOne(work)) {
  }
  {
    std::unique_lock lock(shared->mutex);
    shared->done.wait(lock, [&] { return shared->left == 0; });
  }
  for (Status& result : shared->results) VELO_RETURN_IF_ERROR(result);
  return Status::OK();
}

}  // namespace velo::exec
