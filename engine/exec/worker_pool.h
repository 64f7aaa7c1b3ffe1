#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace velo::exec {

class WorkerPool;

/// A piece of cooperative work: does a little, then says how to go on. Never runs on two threads at once.
class Task : public std::enable_shared_from_this<Task> {
 public:
  enum class Next : uint8_t {
    kAgain,  ///< More to do now; others get their turn first.
    kWait,   ///< Nothing to do until Wake.
    kDone,
  };
  virtual ~Task() = default;
  virtual Next Step() = 0;
  /// Makes a waiting task run again. Any thread, any number of times; also before the task has been started or after it
  /// is done.
  void Wake();

 private:
  friend class WorkerPool;
  enum class State : uint8_t { kWaiting, kQueued, kRunning, kRunningWoken, kDone };
  std::atomic<State> state_{State::kWaiting};
  std::atomic<WorkerPool*> pool_{nullptr};
};

/// A fixed set of threads that runs many tasks in turn. Idle threads sleep.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  /// Finishes the steps under way; tasks still queued or waiting are let go.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int threads() const { return static_cast<int>(threads_.size()); }
  void Start(const std::shared_ptr<Task>& task);
  /// Wakes the task once after `milliseconds`, if it still exists.
  void WakeAfter(const std::shared_ptr<Task>& task, int64_t milliseconds);

 private:
  friend class Task;
  using Instant = std::chrono::steady_clock::time_point;
  struct Timer {
    Instant at;
    std::weak_ptr<Task> task;
    bool operator<(const Timer& other) const { return at > other.at; }
  };
  void Enqueue(std::shared_ptr<Task> task);
  void EnqueueAgain(const std::shared_ptr<Task>& task);
  void Run();
  void RunStep(const std::shared_ptr<Task>& task);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::shared_ptr<Task>> queue_;
  std::priority_queue<Timer> timers_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace velo::exec
