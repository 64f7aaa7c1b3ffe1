#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/checkpoint.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/statement_writer.h"
#include "engine/state/checkpoint_folder.h"

namespace velo {

struct CheckpointOptions {
  std::string directory;       ///< Empty: no checkpoints.
  int64_t interval_ms = 1000;  ///< The longest that is done again after a crash; large state makes it longer. 0: only
                               ///< when statements start and at the end.
};

struct CheckpointFigures {
  int64_t taken = 0, failed = 0;
  // Of the last one: its size, how long the queries stood still for it, and how long it took in all, most of it beside
  // them.
  int64_t bytes = 0, stop_micros = 0, micros = 0;
  int64_t largest_bytes = 0, total_stop_micros = 0, total_micros = 0;
};

/// Takes checkpoints of the statements of one script while they run, and finds out what to go on with after a crash.
///
/// A checkpoint is one moment of the whole script: every job stands between two batches while positions and states are
/// copied. So whatever one statement has written up to then, and another has read, fits together without marks in the
/// streams. Output is visible at once; after a crash, Recover takes back what was written behind the checkpoint before
/// anything runs, which is exact whether or not the same rows come out again. Used by one thread, beside its own.
class Checkpointer {
 public:
  /// `engine` must outlive it.
  static Result<std::unique_ptr<Checkpointer>> Open(const CheckpointOptions& options, Engine* engine);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Once, before anything runs: brings all places back to the checkpoint. `script`: the printed statements that are
  /// going to run; STATE_INCOMPATIBLE when one that the checkpoint knows is not among them.
  Status Recover(const std::vector<std::string>& script);
  /// What the checkpoint says of a statement that is about to start; each is given out once. Null: it is new.
  std::shared_ptr<const StatementCheckpoint> Claim(const std::string& sql);
  int64_t writer() const { return writer_; }

  /// Takes a paused job in and lets it go. A new one is on the disk before its first row is read. `claimed`: what it
  /// goes on with, or null. After an error the job must be dropped.
  Status Start(StatementCheckpoint statement, const std::shared_ptr<const StatementCheckpoint>& claimed,
               const std::shared_ptr<Job>& job, const std::shared_ptr<StatementWriter>& writer);
  /// No more of them; with `last_one`, after one more, and the jobs that have not ended are cancelled where they stand.
  void Finish(bool last_one);

  CheckpointFigures figures() const;
  /// What people should know, since the last call.
  std::vector<std::string> TakeNotices();

 private:
  struct Kept {
    std::shared_ptr<const StatementCheckpoint> last;
    bool claimed = false;
    std::shared_ptr<Job> job;  ///< Null when it is done or has not started (again) yet.
    std::shared_ptr<StatementWriter> writer;
  };

  Checkpointer(const CheckpointOptions& options, Engine* engine, std::unique_ptr<state::CheckpointFolder> folder)
      : options_(options), engine_(engine), folder_(std::move(folder)) {}

  Status CutBack(const Checkpoint& checkpoint);
  Status TakeOne(bool cancels);
  Result<std::vector<Kept>> Copy() const;
  static void AgreeOnPlaces(std::vector<Kept>* kept);
  Result<std::shared_ptr<const StatementCheckpoint>> CopyOf(const Kept& kept) const;
  void Run();
  void Notice(std::string text);

  const CheckpointOptions options_;
  Engine* const engine_;

  mutable std::mutex taking_;  ///< Held while a checkpoint is taken; guards what follows.
  std::unique_ptr<state::CheckpointFolder> folder_;
  std::vector<Kept> kept_;
  int64_t writer_ = 0;
  bool finished_ = false;

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  CheckpointFigures figures_;
  std::vector<std::string> notices_;
  std::thread thread_;
};

}  // namespace velo
