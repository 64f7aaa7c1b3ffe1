#include "engine/exec/worker_pool.h"

#include <gtest/gtest.h>

#include <future>

namespace velo::exec {
namespace {

class CountingTask : public Task {
 public:
  CountingTask(int again, bool waits) : left_(again), waits_(waits) {}
  Next Step() override {
    if (running_.exchange(true)) overlapped = true;
    ++steps;
    running_ = false;
    if (left_-- > 0) return Next::kAgain;
    if (waits_ && !woken) {
      woken = true;
      waiting.set_value();
      return Next::kWait;
    }
    done.set_value();
    return Next::kDone;
  }
  std::promise<void> waiting, done;
  std::atomic<int> steps{0};
  std::atomic<bool> overlapped{false};
  bool woken = false;

 private:
  int left_;
  const bool waits_;
  std::atomic<bool> running_{false};
};

TEST(WorkerPool, RunsMoreTasksThanThreadsToTheirEnd) {
  WorkerPool pool(2);
  std::vector<std::shared_ptr<CountingTask>> tasks;
  for (int i = 0; i < 50; ++i) {
    tasks.push_back(std::make_shared<CountingTask>(100, false));
    pool.Start(tasks.back());
  }
  for (const auto& task : tasks) {
    task->done.get_future().wait();
    EXPECT_EQ(task->steps, 101);
    EXPECT_FALSE(task->overlapped);
  }
}

TEST(WorkerPool, WakesAWaitingTaskAndIgnoresLaterCalls) {
  WorkerPool pool(1);
  const auto task = std::make_shared<CountingTask>(0, true);
  pool.Start(task);
  task->waiting.get_future().wait();
  task->Wake();
  task->done.get_future().wait();
  task->Wake();
  EXPECT_EQ(task->steps, 2);
}

TEST(WorkerPool, WakesATaskWhenItsTimeHasCome) {
  WorkerPool pool(1);
  const auto task = std::make_shared<CountingTask>(0, true);
  pool.Start(task);
  task->waiting.get_future().wait();
  pool.WakeAfter(task, 1);
  task->done.get_future().wait();
  EXPECT_EQ(task->steps, 2);
}

TEST(WorkerPool, LetsGoOfWaitingTasksWhenItEnds) {
  std::weak_ptr<Task> left;
  {
    WorkerPool pool(1);
    const auto task = std::make_shared<CountingTask>(0, true);
    left = task;
    pool.Start(task);
    task->waiting.get_future().wait();
  }
  EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace velo::exec
