#include "engine/exec/operators/session_aggregate.h"

#include <queue>

#include "engine/exec/late_rows.h"
#include "engine/exec/operators/session_step_internal.h"
#include "engine/exec/session_store.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

namespace {

class SessionAggregate : public MergeableOperator {
 public:
  SessionAggregate(AggregateSettings settings, LaneContext* context)
      : step_(std::move(settings), context), store_(step_.node, step_.gap, step_.node.window->session_max_ms) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    return step_.TakeBatch(
        batch,
        [&](const Batch& part, const KeysAndInputs& input, const arrow::Int64Array& times) {
          return Consume(part, input, times, out);
        },
        &counts);
  }

  Status OnWatermark(EventMillis watermark, Output& out) override {
    watermark_ = watermark;
    std::vector<std::pair<int64_t, uint32_t>> due;  // (end, slot)
    while (!timers_.empty() && HasPassed(watermark, timers_.top().first, 0)) {
      const uint32_t slot = timers_.top().second;
      timers_.pop();
      if (!store_.IsLive(slot)) continue;
      SessionStore::Session& session = store_.SessionAt(slot);
      const int64_t end = session.last + step_.gap;
      if (!HasPassed(watermark, end, 0)) {
        timers_.emplace(end, slot);
      } else if (!session.closed) {
        session.closed = true;
        if (step_.settings.emit == EmitMode::kFinal) due.emplace_back(end, slot);
        timers_.emplace(step_.AfterLateness(end), slot);
      } else if (HasPassed(watermark, end, step_.lateness)) {
        expired_.push_back(slot);
      } else {
        timers_.emplace(step_.AfterLateness(end), slot);
      }
    }
    std::sort(due.begin(), due.end());
    std::vector<uint32_t> slots;
    for (const auto& [end, slot] : due) slots.push_back(slot);
    const auto chunk = static_cast<size_t>(step_.context->batch_rows);
    for (size_t from = 0; from < slots.size() && !step_.context->IsCancelled(); from += chunk) {
      EmissionBuffer rows(step_.schema);
      VELO_RETURN_IF_ERROR(AppendSessions(std::span(slots).subspan(from, std::min(chunk, slots.size() - from)), &rows));
      VELO_RETURN_IF_ERROR(rows.Flush(out));
    }
    for (uint32_t slot : expired_) {
      // A session that was opened again is looked at more than once.
      if (store_.IsLive(slot)) store_.Drop(slot);
    }
    expired_.clear();
    VELO_ASSIGN_OR_RETURN(const bool renumbered, store_.CompactIfWorthwhile());
    if (renumbered) ResetTimers();
    return Status::OK();
  }

  Status MergeFrom(MergeableOperator& other) override {
    VELO_RETURN_IF_ERROR(store_.MergeFrom(static_cast<SessionAggregate&>(other).store_));
    ResetTimers();
    return Status::OK();
  }

  Status Save(std::string* out) const override {
    PutInteger(watermark_, out);
    return store_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
    VELO_RETURN_IF_ERROR(store_.Load(in));
    ResetTimers();
    return Status::OK();
  }

  int64_t StateBytes() const override { return store_.MemoryBytes(); }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    step_.Explain(timers_.size(), timers_.empty() ? 0 : timers_.top().first, insights);
  }

 private:
  // Drops rows that are too late, then takes the rest in: at once, or in runs in which no group comes twice when every
  // row must show its own effect.
  Status Consume(const Batch& batch, const KeysAndInputs& input, const arrow::Int64Array& times, Output& out) {
    VELO_RETURN_IF_ERROR(store_.FindKeys(input, &key_ids_));
    std::vector<uint32_t> rows, late, bad;
    for (uint32_t row = 0; row < static_cast<uint32_t>(times.length()); ++row) {
      if (times.IsNull(row)) {
        bad.push_back(row);
      } else if (HasPassed(watermark_, times.Value(row) + step_.gap, step_.lateness) &&
                 store_.Find(key_ids_[row], times.Value(row)) == nullptr) {
        late.push_back(row);
      } else {
        rows.push_back(row);
      }
    }
    CountSetAside(batch, late, bad, *step_.node.window, step_.settings.counts_input, *step_.context, &counts);
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + static_cast<int64_t>(rows.size());
    if (rows.empty()) return Status::OK();
    EmissionBuffer emission(step_.schema);
    size_t start = 0;
    if (step_.settings.emit == EmitMode::kEachRow) {
      last_run_.resize(std::max(last_run_.size(), key_count()), 0);
      ++run_;
      for (size_t i = 0; i < rows.size(); ++i) {
        uint32_t& last = last_run_[key_ids_[rows[i]]];
        if (last == run_) {
          VELO_RETURN_IF_ERROR(TakeIn(input, times, std::span(rows).subspan(start, i - start), &emission));
          start = i;
          ++run_;
        }
        last_run_[key_ids_[rows[i]]] = run_;
      }
    }
    VELO_RETURN_IF_ERROR(TakeIn(input, times, std::span(rows).subspan(start), &emission));
    return emission.Flush(out);
  }

  size_t key_count() const {
    return key_ids_.empty() ? 0 : static_cast<size_t>(*std::max_element(key_ids_.begin(), key_ids_.end())) + 1;
  }

  Status TakeIn(const KeysAndInputs& input, const arrow::Int64Array& times, std::span<const uint32_t> rows,
                EmissionBuffer* emission) {
    std::vector<uint32_t> slots;
    for (uint32_t row : rows) {
      const size_t known = store_.slot_count();
      const uint32_t slot = store_.Place(key_ids_[row], times.Value(row), times.Value(row));
      if (store_.slot_count() > known) timers_.emplace(times.Value(row) + step_.gap, slot);
      slots.push_back(slot);
    }
    for (uint32_t& slot : slots) slot = store_.SlotAfterMerges(slot);
    std::vector<SessionStore::Absorbed> absorbed;
    VELO_RETURN_IF_ERROR(store_.ApplyMerges(&absorbed));
    VELO_ASSIGN_OR_RETURN(const AggregateInputs taken, input.inputs.Take(rows));
    VELO_RETURN_IF_ERROR(store_.states().Update(taken, slots.data()));
    if (step_.settings.emits_deletes && !absorbed.empty()) VELO_RETURN_IF_ERROR(AppendDeletes(absorbed, emission));
    const std::vector<uint32_t> touched = DistinctInOrder(slots, store_.slot_count());
    if (step_.settings.emit != EmitMode::kFinal) return AppendSessions(touched, emission);
    return AppendCorrections(touched, emission);
  }

  // FINAL: a closed session that changed is given out again, unless it has grown past the watermark and is open again.
  Status AppendCorrections(std::span<const uint32_t> touched, EmissionBuffer* emission) {
    std::vector<uint32_t> corrected;
    for (uint32_t slot : touched) {
      SessionStore::Session& session = store_.SessionAt(slot);
      const int64_t end = session.last + step_.gap;
      if (HasPassed(watermark_, end, 0)) {
        session.closed = true;
        timers_.emplace(step_.AfterLateness(end), slot);
        corrected.push_back(slot);
      } else if (session.closed) {
        session.closed = false;
        timers_.emplace(end, slot);
      }
    }
    return corrected.empty() ? Status::OK() : AppendSessions(corrected, emission);
  }

  Status AppendDeletes(const std::vector<SessionStore::Absorbed>& absorbed, EmissionBuffer* emission) {
    SessionResults gone;
    for (const SessionStore::Absorbed& one : absorbed) {
      gone.Add(one.key, one.into, one.emitted_first, store_.SessionAt(one.into).last + step_.gap, RowKind::kDelete);
    }
    return step_.Append(store_.keys(), &store_.states(), std::move(gone), emission);
  }

  Status AppendSessions(std::span<const uint32_t> slots, EmissionBuffer* emission) {
    SessionResults moved, now;
    for (uint32_t slot : slots) {
      SessionStore::Session& session = store_.SessionAt(slot);
      const uint32_t key = store_.key_of(slot);
      const int64_t end = session.last + step_.gap;
      RowKind kind = session.emitted ? RowKind::kUpdateAfter : RowKind::kInsert;
      if (step_.settings.emits_deletes && session.emitted && session.emitted_first != session.first) {
        moved.Add(key, slot, session.emitted_first, end, RowKind::kDelete);
        kind = RowKind::kInsert;
      }
      now.Add(key, slot, session.first, end, kind);
      session.emitted = true;
      session.emitted_first = session.first;
    }
    if (!moved.empty()) {
      VELO_RETURN_IF_ERROR(step_.Append(store_.keys(), &store_.states(), std::move(moved), emission));
    }
    return step_.Append(store_.keys(), &store_.states(), std::move(now), emission);
  }

  void ResetTimers() {
    timers_ = {};
    for (uint32_t slot : store_.LiveSlots()) timers_.emplace(store_.SessionAt(slot).last + step_.gap, slot);
  }

  using Timer = std::pair<int64_t, uint32_t>;  ///< Time at which the session of a slot must be looked at.

  const SessionStep step_;
  SessionStore store_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  EventMillis watermark_ = kBeginOfTime;
  std::vector<uint32_t> key_ids_;   ///< Scratch: group key of each row.
  std::vector<uint32_t> expired_;   ///< Scratch.
  std::vector<uint32_t> last_run_;  ///< Per key: the run of rows it was seen in last.
  uint32_t run_ = 0;
};

}  // namespace

std::unique_ptr<MergeableOperator> MakeSessionAggregate(AggregateSettings settings, LaneContext* context) {
  return std::make_unique<SessionAggregate>(std::move(settings), context);
}

}  // namespace velo::exec
