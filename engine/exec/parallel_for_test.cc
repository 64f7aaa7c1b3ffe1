#include "engine/exec/parallel_for.h"

#include <gtest/gtest.h>

#include <atomic>

#include "engine/exec/worker_pool.h"

namespace velo::exec {
namespace {

TEST(ParallelFor, DoesEveryPieceOnce) {
  WorkerPool pool(3);
  for (const size_t count : {0U, 1U, 2U, 100U}) {
    std::vector<std::atomic<int>> done(count);
    EXPECT_TRUE(ParallelFor(&pool, count, [&](size_t i) {
                  ++done[i];
                  return Status::OK();
                }).ok());
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(ParallelFor, NeedsNoPool) {
  int sum = 0;
  EXPECT_TRUE(ParallelFor(nullptr, 4, [&](size_t i) {
                sum += static_cast<int>(i);
                return Status::OK();
              }).ok());
  EXPECT_EQ(sum, 6);
}

TEST(ParallelFor, ReportsTheFirstErrorAndEndsWhatItBegan) {
  WorkerPool pool(2);
  std::atomic<int> done{0};
  const Status status = ParallelFor(&pool, 10, [&](size_t i) {
    ++done;
    return i >= 4 ? Status::User("E" + std::to_string(i), "no") : Status::OK();
  });
  EXPECT_EQ(status.error().code, "E4");
  EXPECT_EQ(done, 10);
}

// A task of the pool that shares work out must not wait for threads that are busy with the same.
TEST(ParallelFor, RunsOnThreadsOfThePool) {
  class Sharing : public Task {
   public:
    Sharing(WorkerPool* pool, std::atomic<int>* done) : pool_(pool), done_(done) {}
    Next Step() override {
      EXPECT_TRUE(ParallelFor(pool_, 20, [&](size_t) {
                    ++*done_;
                    return Status::OK();
                  }).ok());
      return Next::kDone;
    }

   private:
    WorkerPool* pool_;
    std::atomic<int>* done_;
  };
  std::atomic<int> done{0};
  {
    WorkerPool pool(2);
    for (int i = 0; i < 8; ++i) pool.Start(std::make_shared<Sharing>(&pool, &done));
    while (done < 160) std::this_thread::yield();
  }
  EXPECT_EQ(done, 160);
}

}  // namespace
}  // namespace velo::exec
