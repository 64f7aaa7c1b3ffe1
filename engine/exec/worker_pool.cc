#include "engine/exec/worker_pool.h"

namespace velo::exec {

void Task::Wake() {
  WorkerPool* pool = pool_.load();
  if (pool == nullptr) return;
  State seen = state_.load();
  while (true) {
    if (seen == State::kWaiting) {
      if (!state_.compare_exchange_weak(seen, State::kQueued)) continue;
      pool->Enqueue(shared_from_this());
      return;
    }
    if (seen != State::kRunning) return;
    if (state_.compare_exchange_weak(seen, State::kRunningWoken)) return;
  }
}

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Start(const std::shared_ptr<Task>& task) {
  task->pool_ = this;
  task->Wake();
}

void WorkerPool::WakeAfter(const std::shared_ptr<Task>& task, int64_t milliseconds) {
  {
    std::lock_guard lock(mutex_);
    timers_.push({std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds), task});
  }
  ready_.notify_one();
}

void WorkerPool::Enqueue(std::shared_ptr<Task> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(task));
  }
  ready_.notify_one();
}

// After a step on this thread, which looks at the queue next: another one that wakes up for the task would only take
// it, and all that is in the cache, away.
void WorkerPool::EnqueueAgain(const std::shared_ptr<Task>& task) {
  std::lock_guard lock(mutex_);
  if (!stopping_) queue_.push_back(task);
}

void WorkerPool::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!timers_.empty() && timers_.top().at <= std::chrono::steady_clock::now()) {
      const std::shared_ptr<Task> task = timers_.top().task.lock();
      timers_.pop();
      lock.unlock();
      if (task != nullptr) task->Wake();
      lock.lock();
      continue;
    }
    if (queue_.empty()) {
      if (timers_.empty()) {
        ready_.wait(lock);
      } else {
        const Instant next = timers_.top().at;
        ready_.wait_until(lock, next);
      }
      continue;
    }
    std::shared_ptr<Task> task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    RunStep(task);
    task.reset();
    lock.lock();
  }
}

void WorkerPool::RunStep(const std::shared_ptr<Task>& task) {
  task->state_ = Task::State::kRunning;
  switch (task->Step()) {
    case Task::Next::kDone:
      task->state_ = Task::State::kDone;
      return;
    case Task::Next::kAgain:
      task->state_ = Task::State::kQueued;
      EnqueueAgain(task);
      return;
    case Task::Next::kWait:
      break;
  }
  Task::State expected = Task::State::kRunning;
  if (task->state_.compare_exchange_strong(expected, Task::State::kWaiting)) return;
  // Woken while it ran: what it was waiting for may have come after it looked.
  task->state_ = Task::State::kQueued;
  EnqueueAgain(task);
}

}  // namespace velo::exec
