#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/script_session.h"
#include "services/executions/execution_registry.h"

namespace velo::services {

/// A script to be run in the session of a thread.
struct ScriptRequest {
  std::string sql, thread_id;
  std::string origin;  ///< The editor it stands in: a second run of it takes the place of what the first one made.
  RunOptions run;
  /// Of each statement that only shows rows; by default 30 s for those that end by themselves, none for live ones.
  std::optional<int64_t> timeout_ms;
  int64_t max_rows = 1000;  ///< Rows kept of each result.
};

enum class StatementState : uint8_t { kWaiting, kRunning, kDone, kFailed, kSkipped };

/// What is known of one statement of a run.
struct StatementFacts {
  int32_t number = 0;  ///< 1-based.
  std::string kind, name;
  SourceSpan span;
  StatementState state = StatementState::kWaiting;
  std::string message;  ///< "Stream totals created · 3 columns".
  std::string note;     ///< What was not done, and why; mostly empty.
  bool writes = false;  ///< Its rows go into a relation or a place; it goes on without viewers.
  Status error;
  std::shared_ptr<Execution> execution;  ///< Its rows; null: it gives none.
};

/// One run of a script: what became of each statement, and the executions that hold the rows. Live statements go on
/// after the run is through. Thread safe, except that Run is called once.
class ScriptRun : public ScriptObserver {
 public:
  ScriptRun(std::string id, ScriptRequest request, const ScriptReport& report, ExecutionRegistry* executions,
            Timestamp now);

  /// Runs the script; `changed` is called whenever the session may know other names than before.
  void Run(ScriptSession* session, const std::function<void()>& changed);
  /// For a run that never came to its turn.
  void GiveUp(const Status& why);
  /// Ends the run and everything of it that runs.
  void Cancel();
  /// Waits until every statement has run or, when live, has begun. Returns whether they have.
  bool WaitFor(int64_t timeout_ms);

  const std::string& id() const { return id_; }
  const ScriptRequest& request() const { return request_; }
  Timestamp started_at() const { return started_at_; }
  bool through();
  /// Of the first statement that failed, or of the text as a whole.
  Status status();
  std::vector<StatementFacts> Statements();

  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) override;
  void OnStarted(const StatementOutcome& outcome) override;
  void OnStatement(const StatementOutcome& outcome) override;
  bool sees_everything() const override { return true; }
  bool WantsMore() override { return !cancelled_; }

 private:
  StatementFacts* FindFacts(const StatementInfo& statement);
  std::string SentenceOf(const StatementFacts& facts, const StatementOutcome& outcome) const;
  void Finish(const Status& status);

  const std::string id_;
  const ScriptRequest request_;
  ExecutionRegistry* const executions_;
  const Timestamp started_at_;
  ScriptSession* session_ = nullptr;  ///< While it runs; used by its thread only.
  std::function<void()> changed_;

  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<StatementFacts> statements_;
  Status status_;
  bool through_ = false;
  std::atomic<bool> cancelled_{false};
};

/// The places outside the Studio that a script names for its rows: files and foreign systems, not topics of this engine
/// and not its memory.
bool IsOutside(std::string_view uri);

}  // namespace velo::services
