#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/executions/script_run.h"

namespace velo::services {

/// The SQL sessions of all threads: what one script of a thread makes, later ones of it read by name. Scripts of one
/// thread run one after the other, each on a thread of its own; live statements go on beside them. Sessions live in
/// memory until their thread is deleted or the process ends. Thread safe.
class ThreadSessions {
 public:
  using CatalogMaker = std::function<std::unique_ptr<Catalog>(const std::string& thread_id)>;
  static constexpr size_t kScriptsPerThread = 8;
  static constexpr size_t kRunsKept = 200;

  /// `outside` gives the catalog of what is not in a session; it is asked anew for every name.
  ThreadSessions(Engine* engine, ExecutionRegistry* executions, CatalogMaker outside);
  ~ThreadSessions();

  /// Starts a script that `report` (of the same text) calls valid. OVERLOADED when too many of the thread wait.
  Result<std::shared_ptr<ScriptRun>> Run(ScriptRequest request, const ScriptReport& report);
  /// NOT_FOUND. The newest kRunsKept are kept.
  Result<std::shared_ptr<ScriptRun>> Find(const std::string& id);
  /// Streams, tables and views that the session of a thread knows.
  std::vector<RelationPtr> Relations(const std::string& thread_id);
  /// Ends what runs in the session of a thread and forgets what it knows.
  void Close(const std::string& thread_id);

 private:
  struct Session;
  struct Worker {
    std::shared_ptr<ScriptRun> run;
    std::thread thread;
  };

  std::shared_ptr<Session> SessionOf(const std::string& thread_id);
  void JoinEnded();

  Engine* const engine_;
  ExecutionRegistry* const executions_;
  const CatalogMaker outside_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  std::vector<Worker> workers_;
  std::vector<std::shared_ptr<ScriptRun>> runs_;  ///< Oldest first.
};

}  // namespace velo::services
