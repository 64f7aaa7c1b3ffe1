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

// Counts how often it goes on on another thread than before.
class WanderingTask : public Task {
 public:
  Next Step() override {
    const auto here = std::this_thread::get_id();
    moves += here == thread_ ? 0 : 1;
    thread_ = here;
    if (++steps_ < 10'000) return Next::kAgain;
    done.set_value();
    return Next::kDone;
  }
  std::promise<void> done;
  int moves = 0;

 private:
  std::thread::id thread_;
  int steps_ = 0;
};

TEST(WorkerPool, LeavesATaskThatIsAloneOnItsThread) {
  WorkerPool pool(4);
  const auto task = std::make_shared<WanderingTask>();
  pool.Start(task);
  task->done.get_future().wait();
  // A thread that has just been made may find it between two steps.
  EXPECT_LE(task->moves, 10);
}

// Wakes the next of a ring and waits for its own turn.
class RingTask : public Task {
 public:
  RingTask(std::atomic<int>* left, std::promise<void>* done) : left_(left), done_(done) {}
  Next Step() override {
    if (++steps_ % 3 == 0) return Next::kAgain;
    const int left = --*left_;
    if (left == 0) done_->set_value();
    if (left > 0) next->Wake();
    return Next::kWait;
  }
  Task* next = nullptr;

 private:
  std::atomic<int>* const left_;
  std::promise<void>* const done_;
  int steps_ = 0;
};

TEST(WorkerPool, ForgetsNoTaskThatIsWoken) {
  for (const int threads : {1, 2, 3}) {
    std::atomic<int> left{20'000};
    std::promise<void> done;
    std::vector<std::shared_ptr<RingTask>> ring;
    for (int i = 0; i < 5; ++i) ring.push_back(std::make_shared<RingTask>(&left, &done));
    for (size_t i = 0; i < ring.size(); ++i) ring[i]->next = ring[(i + 1) % ring.size()].get();
    WorkerPool pool(threads);
    for (const auto& task : ring) pool.Start(task);
    ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready) << threads;
  }
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
