#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/runtime/engine.h"
#include "services/executions/result_view.h"

namespace velo::services {

/// Where a viewer's messages go (API 2.3.9). Send never blocks.
class ViewerSink {
 public:
  virtual ~ViewerSink() = default;
  virtual void Send(std::string message) = 0;
  virtual size_t queued_bytes() const = 0;
  virtual void Close(int code, const std::string& reason) = 0;
};

struct ViewerOptions {
  bool acknowledged = false;        ///< `?ack=1`
  int64_t after = -1;               ///< `?after=`: last batch the client has; -1: none.
  int64_t max_rows_per_second = 0;  ///< 0: no limit of its own.
};

struct ExecutionSpec {
  std::string sql, thread_id;
  std::shared_ptr<const PreparedQuery> query;  ///< Null: rows of a statement without a query (SHOW, EXPLAIN).
  Schema columns;                              ///< Of those.
  RunOptions run;
  bool writes = false;      ///< Its rows go elsewhere too: it is never cut short, and goes on without viewers.
  Engine::Inputs inputs;    ///< Not empty: sources are replaced by these rows.
  int64_t timeout_ms = 0;   ///< 0: none.
  int64_t max_rows = 1000;  ///< Rows kept: the first ones of a bounded result, the newest of a live one.
};

/// A snapshot of what is known about an execution; see API 2.3.6.
struct ExecutionFacts {
  std::string id, sql, thread_id, state;
  bool live = false, truncated = false;
  int64_t started_at = 0, finished_at = 0;  ///< Microseconds; 0: not yet.
  int64_t viewers = 0, row_count = 0;
  double records_per_second = 0;
  JobMetrics metrics;
  Diagnosis diagnosis;
  Status error;
};

/// What the author of a query should know beside its rows: the newest of each.
struct ExecutionEvidence {
  std::vector<BadRecord> bad, late;
  std::vector<RuntimeWarning> warnings;
};

/// One running or finished query and its results: rows kept (folded by key when later rows replace earlier ones),
/// numbered batches for viewers, and the viewers themselves with their flow control. Thread safe.
///
/// Engine threads hand over rows by reference; only what is still wanted when a batch is published, at most every 50
/// ms, is turned into JSON, so that results which change faster than anybody can look cost next to nothing.
class Execution : public ResultReceiver {
 public:
  static constexpr int64_t kPublishMicros = 50'000;
  static constexpr size_t kBatchRows = 500, kBatchBytes = 256 << 10;
  static constexpr size_t kRingBatches = 256, kRingBytes = 8 << 20;
  static constexpr int64_t kWindow = 16;
  static constexpr size_t kViewers = 8;
  static constexpr size_t kKeptBytes = 64 << 20;

  Execution(std::string id, ExecutionSpec spec, Clock* clock, std::function<void()> wake);

  Status Start(Engine* engine);
  /// Instead of Start, when somebody else has started the query and hands the rows over.
  void SetJob(std::shared_ptr<Job> job);
  void Cancel();
  /// Waits until the engine has let go. Returns whether it has.
  bool WaitFor(int64_t timeout_ms);

  const std::string& id() const { return id_; }
  const ExecutionSpec& spec() const { return spec_; }
  const ResultShape& shape() const { return shape_; }
  ExecutionFacts Facts();
  ExecutionEvidence Evidence();
  VizChoice Viz();
  bool ended();
  /// JSON objects of the rows kept, from `offset`.
  std::vector<std::string> Rows(size_t offset, size_t limit);

  /// Adds a viewer. OVERLOADED when there are too many.
  Result<int64_t> Attach(std::shared_ptr<ViewerSink> sink, const ViewerOptions& options);
  void Detach(int64_t viewer);
  void Acknowledge(int64_t viewer, int64_t batch_number);
  void SetPaused(int64_t viewer, bool paused);
  void SetRowRate(int64_t viewer, int64_t max_rows_per_second);

  /// Publishes what changed and serves the viewers; called by the registry's publisher. Returns when it wants to be
  /// called again (microseconds; INT64_MAX: when something happens).
  int64_t Tick();
  /// True when nobody has looked at a live execution for `grace_micros`.
  bool Abandoned(int64_t grace_micros);
  /// Lets go of the engine's job once it has ended. Returns true the one time it does.
  bool Release();

  void OnRows(const Batch& batch) override;
  void OnFinished(const Status& status) override;

 private:
  struct Row {
    std::string key;
    std::string json;  ///< Empty until wanted.
    std::shared_ptr<arrow::RecordBatch> columns;
    int64_t row = 0;
  };
  using RowPointer = std::shared_ptr<Row>;
  enum class Op : uint8_t { kInsert, kUpdate, kDelete };
  struct Change {
    Op op = Op::kInsert;
    RowPointer row;
  };
  struct Published {
    int64_t number = 0;
    std::vector<Change> changes;
    size_t bytes = 0;
    int64_t changes_so_far = 0;  ///< Of all batches up to this one.
    int64_t conflated = 0, dropped = 0;
  };
  struct Viewer {
    int64_t id = 0;
    std::shared_ptr<ViewerSink> sink;
    ViewerOptions options;
    int64_t sent = 0, acknowledged = 0;  ///< Batch numbers.
    int64_t seen_changes = 0;            ///< Of what was sent.
    bool paused = false, wants_snapshot = false, told_end = false;
    std::string snapshot_reason, told_state;
    int64_t full_since = 0, metrics_at = 0, rows_second = 0, rows_in_second = 0;
    int64_t told_rows_in = -1;
  };

  void AddKeyed(const Batch& batch, const std::shared_ptr<arrow::RecordBatch>& columns);
  void AddPlain(const std::shared_ptr<arrow::RecordBatch>& columns);
  void NoteChange(Op op, const RowPointer& row);
  void Trim();
  const std::string& Encode(Row* row);
  void Publish();
  void Serve(Viewer* viewer);
  void SendRows(Viewer* viewer);
  void SendSnapshot(Viewer* viewer);
  void SendMetrics(Viewer* viewer, bool last);
  void SendEnd(Viewer* viewer);
  void SendConnected(Viewer* viewer, int64_t resumed_from);
  Viewer* FindViewer(int64_t id);
  std::string StateName();
  ExecutionFacts FactsLocked();
  ExecutionEvidence EvidenceLocked();
  VizChoice VizLocked();
  void MeasureRate();

  const std::string id_;
  const ExecutionSpec spec_;
  const ResultShape shape_;
  Clock* const clock_;
  const std::function<void()> wake_;
  const bool keyed_;
  const int64_t started_at_;

  std::mutex mutex_;
  std::shared_ptr<Job> job_;
  bool ended_ = false, truncated_ = false, timed_out_ = false, cancel_asked_ = false, released_ = false;
  Status result_;
  int64_t finished_at_ = 0, rows_out_ = 0, unseen_since_ = 0;
  JobMetrics final_metrics_;
  Diagnosis final_diagnosis_;
  ExecutionEvidence final_evidence_;

  std::list<RowPointer> rows_;
  std::unordered_map<std::string, std::list<RowPointer>::iterator> by_key_;
  size_t kept_bytes_ = 0;
  std::list<Change> changes_;  ///< Since the last publication.
  std::unordered_map<std::string, std::list<Change>::iterator> changed_keys_;
  int64_t conflated_ = 0, dropped_ = 0;
  std::deque<Published> ring_;
  size_t ring_bytes_ = 0;
  int64_t last_number_ = 0, published_at_ = 0, changes_so_far_ = 0;

  std::vector<std::unique_ptr<Viewer>> viewers_;
  int64_t next_viewer_ = 1;
  int64_t rate_at_ = 0, rate_rows_ = 0;
  double rate_ = 0;
};

}  // namespace velo::services
