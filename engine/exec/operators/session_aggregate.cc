#include "engine/exec/operators/session_aggregate.h"

#include <queue>

#include "engine/exec/late_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/session_store.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

namespace {

class SessionAggregate : public MergeableOperator {
 public:
  SessionAggregate(AggregateSettings settings, LaneContext* context)
      : settings_(std::move(settings)),
        node_(*settings_.node),
        gap_(node_.window->size_ms),
        lateness_(LateRowsAcceptedFor(*node_.window)),
        time_column_(node_.inputs[0]->event_time),
        schema_(node_.output.ToArrow()),
        context_(context),
        store_(node_, gap_, node_.window->session_max_ms) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    KeysAndInputs input;
    std::shared_ptr<arrow::Int64Array> times;
    const auto evaluate = [&](const Batch& part) -> Status {
      times = std::static_pointer_cast<arrow::Int64Array>(part.columns->column(time_column_));
      return EvaluateKeysAndInputs(node_, part, &context_->evaluation, &input);
    };
    return EvaluateGoodRows(
        batch, *context_, settings_.counts_input, evaluate,
        [&](const Batch& part) { return Consume(part, input, *times, out); }, &counts);
  }

  Status OnWatermark(EventMillis watermark, Output& out) override {
    watermark_ = watermark;
    std::vector<std::pair<int64_t, uint32_t>> due;  // (end, slot)
    while (!timers_.empty() && HasPassed(watermark, timers_.top().first, 0)) {
      const uint32_t slot = timers_.top().second;
      timers_.pop();
      if (!store_.IsLive(slot)) continue;
      SessionStore::Session& session = store_.SessionAt(slot);
      const int64_t end = session.last + gap_;
      if (!HasPassed(watermark, end, 0)) {
        timers_.emplace(end, slot);
      } else if (!session.closed) {
        session.closed = true;
        if (settings_.emit == EmitMode::kFinal) due.emplace_back(end, slot);
        timers_.emplace(AfterLateness(end), slot);
      } else if (HasPassed(watermark, end, lateness_)) {
        expired_.push_back(slot);
      } else {
        timers_.emplace(AfterLateness(end), slot);
      }
    }
    std::sort(due.begin(), due.end());
    std::vector<uint32_t> slots;
    for (const auto& [end, slot] : due) slots.push_back(slot);
    const auto chunk = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < slots.size() && !context_->IsCancelled(); from += chunk) {
      EmissionBuffer rows(schema_);
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
    if (settings_.emit != EmitMode::kFinal) return;
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kWindow;
    if (!timers_.empty()) {
      insight.open_windows = static_cast<int64_t>(timers_.size());
      insight.first_end = timers_.top().first;
    }
    insights->push_back(std::move(insight));
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
      } else if (HasPassed(watermark_, times.Value(row) + gap_, lateness_) &&
                 store_.Find(key_ids_[row], times.Value(row)) == nullptr) {
        late.push_back(row);
      } else {
        rows.push_back(row);
      }
    }
    CountSetAside(batch, late, bad, *node_.window, settings_.counts_input, *context_, &counts);
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + static_cast<int64_t>(rows.size());
    if (rows.empty()) return Status::OK();
    EmissionBuffer emission(schema_);
    size_t start = 0;
    if (settings_.emit == EmitMode::kEachRow) {
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
      if (store_.slot_count() > known) timers_.emplace(times.Value(row) + gap_, slot);
      slots.push_back(slot);
    }
    for (uint32_t& slot : slots) slot = store_.SlotAfterMerges(slot);
    std::vector<SessionStore::Absorbed> absorbed;
    VELO_RETURN_IF_ERROR(store_.ApplyMerges(&absorbed));
    VELO_ASSIGN_OR_RETURN(const AggregateInputs taken, input.inputs.Take(rows));
    VELO_RETURN_IF_ERROR(store_.states().Update(taken, slots.data()));
    if (settings_.emits_deletes && !absorbed.empty()) VELO_RETURN_IF_ERROR(AppendDeletes(absorbed, emission));
    const std::vector<uint32_t> touched = DistinctInOrder(slots, store_.slot_count());
    if (settings_.emit != EmitMode::kFinal) return AppendSessions(touched, emission);
    return AppendCorrections(touched, emission);
  }

  // FINAL: a closed session that changed is given out again, unless it has grown past the watermark and is open again.
  Status AppendCorrections(std::span<const uint32_t> touched, EmissionBuffer* emission) {
    std::vector<uint32_t> corrected;
    for (uint32_t slot : touched) {
      SessionStore::Session& session = store_.SessionAt(slot);
      const int64_t end = session.last + gap_;
      if (HasPassed(watermark_, end, 0)) {
        session.closed = true;
        timers_.emplace(AfterLateness(end), slot);
        corrected.push_back(slot);
      } else if (session.closed) {
        session.closed = false;
        timers_.emplace(end, slot);
      }
    }
    return corrected.empty() ? Status::OK() : AppendSessions(corrected, emission);
  }

  Status AppendDeletes(const std::vector<SessionStore::Absorbed>& absorbed, EmissionBuffer* emission) {
    std::vector<uint32_t> keys, slots;
    std::vector<int64_t> starts, ends;
    for (const SessionStore::Absorbed& one : absorbed) {
      keys.push_back(one.key);
      slots.push_back(one.into);
      starts.push_back(one.emitted_first);
      ends.push_back(store_.SessionAt(one.into).last + gap_);
    }
    return AppendRows(keys, slots, std::move(starts), std::move(ends),
                      std::vector<RowKind>(absorbed.size(), RowKind::kDelete), emission);
  }

  Status AppendSessions(std::span<const uint32_t> slots, EmissionBuffer* emission) {
    std::vector<uint32_t> keys, moved_keys, moved_slots;
    std::vector<int64_t> starts, ends, moved_starts, moved_ends;
    std::vector<RowKind> kinds;
    for (uint32_t slot : slots) {
      SessionStore::Session& session = store_.SessionAt(slot);
      keys.push_back(store_.key_of(slot));
      starts.push_back(session.first);
      ends.push_back(session.last + gap_);
      kinds.push_back(session.emitted ? RowKind::kUpdateAfter : RowKind::kInsert);
      if (settings_.emits_deletes && session.emitted && session.emitted_first != session.first) {
        moved_keys.push_back(keys.back());
        moved_slots.push_back(slot);
        moved_starts.push_back(session.emitted_first);
        moved_ends.push_back(ends.back());
        kinds.back() = RowKind::kInsert;
      }
      session.emitted = true;
      session.emitted_first = session.first;
    }
    if (!moved_keys.empty()) {
      VELO_RETURN_IF_ERROR(AppendRows(moved_keys, moved_slots, std::move(moved_starts), std::move(moved_ends),
                                      std::vector<RowKind>(moved_keys.size(), RowKind::kDelete), emission));
    }
    return AppendRows(keys, slots, std::move(starts), std::move(ends), std::move(kinds), emission);
  }

  Status AppendRows(std::span<const uint32_t> keys, std::span<const uint32_t> slots, std::vector<int64_t> starts,
                    std::vector<int64_t> ends, std::vector<RowKind> kinds, EmissionBuffer* emission) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t key = 0; key < node_.keys.size(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, store_.Keys(key, keys));
      columns.push_back(std::move(column));
    }
    VELO_RETURN_IF_ERROR(store_.states().Finalise(slots, &columns));
    const auto count = static_cast<int64_t>(keys.size());
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(starts))));
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(ends))));
    emission->Add(std::move(columns), std::move(kinds));
    return Status::OK();
  }

  int64_t AfterLateness(int64_t end) const { return end > INT64_MAX - lateness_ ? INT64_MAX : end + lateness_; }

  void ResetTimers() {
    timers_ = {};
    for (uint32_t slot : store_.LiveSlots()) timers_.emplace(store_.SessionAt(slot).last + gap_, slot);
  }

  using Timer = std::pair<int64_t, uint32_t>;  ///< Time at which the session of a slot must be looked at.

  const AggregateSettings settings_;
  const AggregateNode& node_;
  const int64_t gap_;
  const int64_t lateness_;
  const int time_column_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
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
