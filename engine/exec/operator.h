#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/runtime_warning.h"
#include "engine/expr/bound_expression.h"
#include "engine/io/source.h"
#include "engine/types/batch.h"

namespace velo::exec {

class WorkerPool;

/// Event time in milliseconds since 1970, as in column "_event_time". kBeginOfTime and kEndOfTime keep their meaning.
using EventMillis = int64_t;

/// Where every input row of a job went. Shared by the lanes; read by anyone at any time.
struct InputMeter {
  std::atomic<int64_t> read{0}, used{0}, filtered{0}, late{0}, bad{0}, in_flight{0};
};

/// Keeps the newest bad records with their reason. Thread safe.
class BadRecordLog {
 public:
  static constexpr size_t kKept = 100;
  void Add(BadRecord record);
  void AddAll(std::vector<BadRecord> records);
  std::vector<BadRecord> Newest() const;

 private:
  mutable std::mutex mutex_;
  std::vector<BadRecord> records_;
};

/// What a running query noticed that its author should know (W4301, W4401): each thing once, with how often it
/// happened. Thread safe.
class WarningLog {
 public:
  void Add(std::string_view code, std::string text, int64_t times = 1);
  std::vector<RuntimeWarning> All() const;

 private:
  mutable std::mutex mutex_;
  std::vector<RuntimeWarning> warnings_;
};

/// What the operators of one lane share. One lane is used by one thread at a time.
struct LaneContext {
  EvaluationContext evaluation;
  InputMeter* meter = nullptr;                   ///< Never null while a lane runs.
  BadRecordLog* bad_records = nullptr;           ///< Never null while a lane runs.
  BadRecordLog* late_records = nullptr;          ///< May be null.
  WarningLog* warnings = nullptr;                ///< May be null.
  const std::atomic<bool>* cancelled = nullptr;  ///< Long loops look at it between output batches.
  int64_t batch_rows = 32768;                    ///< Rows per output batch of operators that emit from state.
  std::function<void()> on_table_loaded;         ///< Wakes the other lanes that wait for a table; may be empty.
  WorkerPool* pool = nullptr;                    ///< For work that can be shared out; null: stay in this thread.
  int64_t memory_limit = 0;                      ///< Bytes of state that this lane may hold; 0: no limit.

  bool IsCancelled() const { return cancelled != nullptr && cancelled->load(std::memory_order_relaxed); }
};

/// Collects what an operator emits; hands it to the next one at once.
class Output {
 public:
  virtual ~Output() = default;
  virtual Status Emit(Batch batch) = 0;
};

/// What an operator can say about rows it is holding back; for "why are there no rows".
struct OperatorInsight {
  enum class Kind : uint8_t { kFilter, kWindow, kJoin, kWaiting };
  Kind kind = Kind::kFilter;
  std::string text;                    ///< Filter: the predicate as written. Waiting: a sentence for the user.
  std::string reason;                  ///< Waiting: kind of the diagnosis: "limit_zero", "table_loading" ...
  bool after_groups = false;           ///< Filter: HAVING, or a condition over groups.
  int64_t rows_removed = 0;            ///< Filter.
  int64_t open_windows = 0;            ///< Window: not yet emitted.
  EventMillis first_end = kEndOfTime;  ///< Window: end of the earliest open one.
  int64_t rows_seen[2] = {0, 0};       ///< Join: rows that came from the left and from the right.
  int64_t rows_waiting[2] = {0, 0};    ///< Join: those kept for a partner.
  int64_t matches = 0;                 ///< Join: pairs found.
  int64_t evicted = 0;                 ///< Join: rows that had to go because of a limit.
  std::string sample_key[2];           ///< Join: the key of a waiting row of each side; empty: none.
};

/// What every step of a running query has, however many inputs it reads.
class Step {
 public:
  virtual ~Step() = default;
  /// rows_in and rows_out are kept by the stage around the step, the rest by the step; a step that does not count
  /// rows_used itself leaves it at kNotCounted and uses what it does not count elsewhere.
  static constexpr int64_t kNotCounted = -1;
  OperatorMetrics counts{.rows_used = kNotCounted};
  /// Appends the whole state. Called between batches.
  virtual Status Save(std::string* out) const;
  /// Restores what Save wrote into a fresh step with the same settings; takes its part off the front of `in`.
  virtual Status Load(std::string_view* in);

  virtual int64_t StateBytes() const { return 0; }
  /// True when no further input can change the output (LIMIT reached): the job ends early.
  virtual bool IsSatisfied() const { return false; }
  /// Adds what this step knows; called by the thread that runs the lane.
  virtual void Explain(std::vector<OperatorInsight>* insights) const { (void)insights; }
};

/// One step of a running query. Settings come from the plan and never change; everything else is state. Five questions
/// make it up: rows, watermark, end, save, load. Not thread safe: the lane that owns it calls it.
class Operator : public Step {
 public:
  virtual Status OnBatch(const Batch& batch, Output& out) = 0;
  /// No row with an event time below `watermark` will come, apart from late ones. Never goes back. The caller passes
  /// the watermark on after this returns.
  virtual Status OnWatermark(EventMillis watermark, Output& out);
  /// No row will come at all. A watermark of kEndOfTime has been given before.
  virtual Status OnEnd(Output& out);
  /// The wall clock has reached NextTimer(). Only for what is defined by the wall clock (group.ttl, emit.interval).
  virtual Status OnTimer(Timestamp now, Output& out);
  virtual Timestamp NextTimer() const { return INT64_MAX; }
};

enum class Side : uint8_t { kLeft = 0, kRight = 1 };

/// A step that brings two inputs together (joins, subqueries). The caller passes PassedWatermark on after OnWatermark
/// returns, and the end after the second OnEnd.
class TwoInputOperator : public Step {
 public:
  virtual Status OnBatch(Side side, const Batch& batch, Output& out) = 0;
  virtual Status OnWatermark(Side side, EventMillis watermark, Output& out);
  virtual Status OnEnd(Side side, Output& out);
  /// False while rows of the left must wait (the table on the right is loading); asked before every read.
  virtual bool WantsLeft() const { return true; }
  /// Nothing more is there to read of the right at this moment; called while the left waits for it.
  virtual void OnRightCaughtUp() {}
  /// What is passed on, given the watermarks of both sides.
  virtual EventMillis PassedWatermark(EventMillis left, EventMillis right) const { return std::min(left, right); }
};

/// An aggregate that can run in several lanes on parts of the input and be joined at the end.
class MergeableOperator : public Operator {
 public:
  /// Adds the state of `other`, which has the same settings and is later in input order. `other` is empty afterwards.
  virtual Status MergeFrom(MergeableOperator& other) = 0;
};

}  // namespace velo::exec
