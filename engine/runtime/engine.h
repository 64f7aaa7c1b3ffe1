#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/exec/runtime_warning.h"
#include "engine/io/connector.h"
#include "engine/plan/prepared_query.h"
#include "engine/topics/topic_store.h"
#include "engine/types/batch.h"

namespace velo {

struct EngineOptions {
  std::string data_dir;    ///< Empty: no embedded topics (the one-shot command line without a data folder).
  int workers = 0;         ///< 0: one per core.
  Clock* clock = nullptr;  ///< Null: the machine's.
  ConnectorRegistry* connectors = nullptr;  ///< Not owned; must outlive the engine. The engine adds "topic".
};

struct RunOptions {
  /// Live: follow unbounded sources. Otherwise read what is there now and end.
  bool live = false;
  ReadOptions::Start start = ReadOptions::Start::kEarliest;
  Timestamp start_time = 0;
  /// Emit at most one change per key and batch instead of one per input row. For tables and charts, where only the
  /// newest value counts.
  bool coalesce_changes = false;
  int lanes = 0;  ///< 0: as many as workers, where the plan allows it.
  int64_t batch_rows = 32768;
  /// Bytes that the state of the query may hold in memory, 0: no limit. Groups of an aggregation without a window that
  /// is given out at the end go to a temporary file beyond it; any other state ends the query with MEMORY_LIMIT.
  int64_t memory_limit = 0;
  /// The job runs in one lane, so that it can be held and saved, and starts paused.
  bool keeps_state = false;
  /// With keeps_state: what Job::SaveState said of an earlier job of the same query, with which this one goes on. Null:
  /// from the start.
  std::shared_ptr<const std::string> saved_state;
};

enum class JobState : uint8_t { kStarting, kRunning, kPaused, kCancelling, kCancelled, kFinished, kFailed };

/// in = used + filtered + late + bad + in_flight at every moment when the job is quiet.
struct JobMetrics {
  int64_t rows_in = 0, rows_used = 0, rows_filtered = 0, rows_late = 0, rows_bad = 0, rows_in_flight = 0, rows_out = 0;
  int64_t bytes_read = 0, bytes_total = 0;
  int64_t state_bytes = 0;
  int64_t division_by_zero = 0;
  Timestamp watermark = kBeginOfTime;
  int64_t elapsed_micros = 0;
  /// Every step of the query, from the sources up.
  std::vector<OperatorMetrics> operators;
};

/// Why there are no rows (yet): API 2.3.6.
struct Diagnosis {
  /// "no_input", "all_filtered", "window_open", "join_no_match", "source_idle", "all_late", "all_bad", "limit_zero",
  /// what a step waits for ("table_loading", "join_side_empty", "row_buffer"), or empty.
  std::string kind;
  std::string text;  ///< One or two sentences with the figures.
};

/// Takes the results of a job. Called by engine threads, one call at a time; must return quickly.
class ResultReceiver {
 public:
  virtual ~ResultReceiver() = default;
  /// Rows with the columns of PreparedQuery::plan->output (hidden ones included).
  virtual void OnRows(const Batch& batch) = 0;
  /// The last call. OK, or why the job failed; a cancelled job is OK.
  virtual void OnFinished(const Status& status) = 0;
};

/// One running query. All calls are thread safe.
class Job {
 public:
  virtual ~Job() = default;
  virtual JobState state() const = 0;
  virtual JobMetrics metrics() const = 0;
  virtual Diagnosis WhyNoRows() const = 0;
  virtual std::vector<BadRecord> RecentBadRecords() const = 0;
  /// The newest rows that came too late for their windows, as JSON of the columns read, with the reason.
  virtual std::vector<BadRecord> RecentLateRecords() const = 0;
  virtual std::vector<RuntimeWarning> Warnings() const = 0;
  /// Returns at once; state() becomes kCancelled when the engine has let go of everything (well under a second).
  virtual void Cancel() = 0;
  virtual void Pause() = 0;
  virtual void Resume() = 0;
  /// Waits until the batch at hand is through, and keeps the next one from starting until LetGo. Holds do not nest.
  virtual void Hold() = 0;
  virtual void LetGo() = 0;
  /// Positions in the sources and all state of the operators. REQUIRES: RunOptions::keeps_state, held, not ended.
  virtual Status SaveState(std::string* out) const = 0;
  /// Blocks until the job has ended or the time is over. Returns whether it has ended.
  virtual bool WaitFor(int64_t timeout_ms) = 0;
  virtual Status result() const = 0;
};

class MemoryStore;

/// The embedded engine: catalog of embedded topics and connectors, and the jobs on one shared pool of workers.
class Engine {
 public:
  virtual ~Engine() = default;
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);

  /// Null when the engine was opened without a data folder.
  virtual TopicStore* topics() = 0;
  virtual ConnectorRegistry& connectors() = 0;
  /// Streams and tables held in memory: what "memory://name" reads and writes.
  virtual MemoryStore& memory() = 0;
  /// Knows topics by bare name and anything a connector opens by URI (schemas are inferred and cached for 60 s).
  virtual Catalog& catalog() = 0;
  virtual Clock& clock() = 0;
  /// Starts a query. `receiver` must live until OnFinished.
  virtual Result<std::shared_ptr<Job>> Start(std::shared_ptr<const PreparedQuery> query, const RunOptions& options,
                                             std::shared_ptr<ResultReceiver> receiver) = 0;
  /// Replaces sources by given rows, for previews and tests: relation name to rows.
  using Inputs = std::vector<std::pair<std::string, std::shared_ptr<arrow::RecordBatch>>>;
  virtual Result<std::shared_ptr<Job>> StartOnRows(std::shared_ptr<const PreparedQuery> query, const Inputs& inputs,
                                                   const RunOptions& options,
                                                   std::shared_ptr<ResultReceiver> receiver) = 0;
};

/// Collects the rows of a job.
class RowCollector : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override { batches_.push_back(batch); }
  void OnFinished(const Status&) override {}
  /// All rows of `query` in order (visible and hidden columns); with `fold`, only the newest row of every key is kept
  /// and deleted rows are gone. Call when the job has ended.
  Result<Batch> Rows(const PreparedQuery& query, bool fold) const;
  /// The folded rows in batches, which are those that came where no row was changed later: nothing is copied then.
  Result<std::vector<Batch>> FoldedRows(const PreparedQuery& query) const;

 private:
  std::vector<Batch> batches_;
};

/// Whether no row of a run to the end with these options is replaced or taken back by a later one: rows may be shown as
/// they come, although later rows of the query replace earlier ones elsewhere.
bool RowsStandAsTheyCome(const PreparedQuery& query, const RunOptions& options);

/// Runs to the end and returns all result rows (visible and hidden columns); for tests and previews. `fold`: as in
/// RowCollector::Rows.
Result<Batch> RunToEnd(Engine* engine, std::shared_ptr<const PreparedQuery> query, const RunOptions& options, bool fold,
                       int64_t timeout_ms, JobMetrics* metrics = nullptr);

}  // namespace velo
