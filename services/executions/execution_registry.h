#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/executions/execution.h"
#include "services/store/execution_store.h"

namespace velo::services {

/// All executions of this process, and the thread that publishes their results to viewers. Live executions end 60 s
/// after the last viewer left; results stay readable for an hour, a frozen preview for as long as the store. Thread
/// safe.
class ExecutionRegistry {
 public:
  static constexpr size_t kPerThread = 8, kInAll = 32;
  static constexpr int64_t kGraceMicros = 60'000'000, kRetentionMicros = 3'600'000'000;

  ExecutionRegistry(Engine* engine, Database* database);
  ~ExecutionRegistry();

  /// Starts a query. OVERLOADED when too many run; executions that nobody looks at or reads from are ended first.
  Result<std::shared_ptr<Execution>> Start(ExecutionSpec spec);
  /// Makes an execution of a query that the caller starts: it is the receiver of its rows. Forget takes it back.
  Result<std::shared_ptr<Execution>> Add(ExecutionSpec spec);
  void Forget(const std::string& id);
  /// NOT_FOUND.
  Result<std::shared_ptr<Execution>> Find(const std::string& id);
  Result<PastExecution> FindPast(const std::string& id) { return store_.Get(id); }
  std::vector<std::shared_ptr<Execution>> List(const std::string& thread_id);
  /// Ends the executions of a thread that was deleted.
  void CancelThread(const std::string& thread_id);

 private:
  void PublishLoop();
  void Wake();
  int64_t TickAll();
  Status MakeRoom(const std::string& thread_id);
  void Freeze(Execution* execution);

  Engine* engine_;
  ExecutionStore store_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Execution>> executions_;
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool woken_ = false, stopping_ = false;
  std::thread publisher_;
};

}  // namespace velo::services
