#include "engine/exec/operators/window_aggregate.h"

#include <numeric>

#include "engine/exec/bucket_store.h"
#include "engine/exec/late_rows.h"
#include "engine/exec/pane_merge.h"
#include "engine/exec/parallel_for.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"
#include "engine/exec/worker_pool.h"

namespace velo::exec {

namespace {

// Sliding windows merged in one go: enough to share the passes over the panes, few enough to bound scratch memory.
constexpr size_t kWindowsPerMerge = 4096;
// Every part goes over the slots of all others as well, so few windows are no work to share out.
constexpr size_t kFewestWindowsPerPart = 64;

class WindowAggregate : public MergeableOperator {
 public:
  WindowAggregate(AggregateSettings settings, LaneContext* context)
      : settings_(std::move(settings)),
        node_(*settings_.node),
        window_(*node_.window),
        lateness_(LateRowsAcceptedFor(window_)),
        time_column_(node_.inputs[0]->event_time),
        shares_panes_(window_.type == WindowType::kSliding && window_.advance_ms < window_.size_ms &&
                      settings_.emit == EmitMode::kFinal && !settings_.takes_back),
        step_(shares_panes_ ? std::gcd(window_.size_ms, window_.advance_ms) : window_.advance_ms),
        interval_(settings_.emit == EmitMode::kEachRow ? node_.emit_interval_ms * kMicrosPerMilli : 0),
        schema_(node_.output.ToArrow()),
        context_(context),
        store_(node_, settings_.takes_back) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    VELO_RETURN_IF_ERROR(OnTimer(context_->evaluation.now_micros, out));
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

  Timestamp NextTimer() const override { return pending_.empty() ? INT64_MAX : pending_due_; }

  Status OnTimer(Timestamp now, Output& out) override {
    return pending_.empty() || pending_due_ > now ? Status::OK() : EmitPending(out);
  }

  Status OnWatermark(EventMillis watermark, Output& out) override {
    watermark_ = watermark;
    // What changed is given out at the latest when the window closes.
    const auto closes = [&](uint32_t slot) { return HasPassed(watermark, store_.start_of(slot) + window_.size_ms, 0); };
    if (std::any_of(pending_.begin(), pending_.end(), closes)) VELO_RETURN_IF_ERROR(EmitPending(out));
    if (settings_.emit == EmitMode::kFinal) {
      VELO_RETURN_IF_ERROR(shares_panes_ ? ClosePanedWindows(out) : CloseWindows(out));
    } else {
      MarkClosed();
    }
    closed_until_ = watermark;
    DropExpired();
    return pending_.empty() ? store_.CompactIfWorthwhile() : Status::OK();
  }

  Status MergeFrom(MergeableOperator& other) override {
    return store_.MergeFrom(static_cast<WindowAggregate&>(other).store_, context_->pool);
  }

  Status Save(std::string* out) const override {
    PutInteger(watermark_, out);
    PutInteger(closed_until_, out);
    PutIntegers(pending_, out);
    PutInteger(pending_due_, out);
    return store_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(closed_until_, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(pending_, TakeIntegers(in));
    VELO_ASSIGN_OR_RETURN(pending_due_, TakeInteger(in));
    return store_.Load(in);
  }

  int64_t StateBytes() const override { return store_.MemoryBytes(); }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    if (settings_.emit != EmitMode::kFinal) return;
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kWindow;
    for (const auto& [start, bucket] : store_.buckets()) {
      const int64_t end = shares_panes_ ? FirstWindowOf(start) + window_.size_ms : start + window_.size_ms;
      if (bucket.closed || HasPassed(watermark_, end, 0)) continue;
      ++insight.open_windows;
      insight.first_end = std::min(insight.first_end, end);
    }
    insights->push_back(std::move(insight));
  }

 private:
  // Where the rows of a batch go: accepted row i, which is row rows[i] of the batch, belongs to slot slots[i].
  struct Assignment {
    std::vector<uint32_t> slots;
    std::vector<uint32_t> rows;  ///< Empty with every_row_once.
    std::vector<uint32_t> late, bad;
    int64_t outside = 0;  ///< Rows between two windows.
    bool every_row_once = true;
    bool touches_closed = false;
  };

  Status Consume(const Batch& batch, const KeysAndInputs& input, const arrow::Int64Array& times, Output& out) {
    VELO_RETURN_IF_ERROR(store_.FindKeys(input, &key_ids_));
    Assignment assigned;
    if (!shares_panes_ && window_.size_ms > step_) {
      AssignToAll(times, &assigned);
    } else {
      AssignToOne(times, &assigned);
    }
    const auto set_aside = static_cast<int64_t>(assigned.late.size() + assigned.bad.size());
    counts.rows_filtered += assigned.outside;
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0) + times.length() - assigned.outside - set_aside;
    CountSetAside(batch, assigned.late, assigned.bad, window_, settings_.counts_input, *context_, &counts);
    store_.Grow();
    if (assigned.slots.empty()) return Status::OK();
    if (assigned.every_row_once) return Apply(input.inputs, assigned, input.signs, out);
    VELO_ASSIGN_OR_RETURN(const AggregateInputs taken, input.inputs.Take(assigned.rows));
    return Apply(taken, assigned, TakeSigns(input.signs, assigned.rows), out);
  }

  // Every row has one bucket at most. Neighbours mostly share it, so what depends on the bucket alone is decided once
  // per run of rows, and a group is looked up once per run.
  void AssignToOne(const arrow::Int64Array& times, Assignment* assigned) {
    const int64_t rows = times.length();
    const int64_t* values = times.raw_values();
    const bool has_nulls = times.null_count() > 0;
    assigned->slots.resize(static_cast<size_t>(rows));
    known_slots_.resize(store_.key_count());
    BucketRun run;
    size_t accepted = 0;
    for (int64_t row = 0; row < rows; ++row) {
      if (has_nulls && times.IsNull(row)) {
        assigned->bad.push_back(static_cast<uint32_t>(row));
        LeaveOut(row, accepted, assigned);
        continue;
      }
      if (!run.Holds(values[row]) && !FindRun(values[row], &run, assigned)) {
        SetAside(row, values[row], assigned);
        LeaveOut(row, accepted, assigned);
        continue;
      }
      const uint32_t key = key_ids_[row];
      KnownSlot& known = known_slots_[key];
      if (known.run != run_number_) known = {run_number_, SlotIn(run, key)};
      assigned->slots[accepted++] = known.slot;
      if (!assigned->every_row_once) assigned->rows.push_back(static_cast<uint32_t>(row));
    }
    assigned->slots.resize(accepted);
  }

  // From the first row that is left out on, the rows that are not are listed.
  static void LeaveOut(int64_t row, size_t accepted, Assignment* assigned) {
    if (!assigned->every_row_once) return;
    assigned->every_row_once = false;
    assigned->rows.reserve(static_cast<size_t>(row) + 1);
    assigned->rows.resize(accepted);
    std::iota(assigned->rows.begin(), assigned->rows.end(), 0U);
  }

  // Neighbouring rows that go into one bucket.
  struct BucketRun {
    int64_t start = 0;            ///< Of the bucket.
    int64_t from = 0, until = 0;  ///< Times of the rows that go there.
    BucketStore::Bucket* bucket = nullptr;
    bool is_new = false;  ///< The bucket is: it has the groups of this run only.
    bool Holds(int64_t time) const { return time >= from && time < until; }
  };

  // The slot of a group that has not been seen in this run yet.
  uint32_t SlotIn(const BucketRun& run, uint32_t key) {
    return run.is_new ? store_.AddSlot(*run.bucket, run.start, key) : store_.SlotOf(*run.bucket, run.start, key);
  }

  // False when a row of this time has no bucket.
  bool FindRun(int64_t time, BucketRun* run, Assignment* assigned) {
    const int64_t start = FloorTo(time, step_, window_.offset_ms);
    int64_t target = start;
    if (time >= start + BucketSize()) return false;
    if (HasPassed(watermark_, LastEndOf(start), lateness_)) {
      if (!TakesLateRowsIntoNext()) return false;
      target = EarliestOpenWindow(window_, watermark_);
    }
    bool is_new;
    BucketStore::Bucket& bucket = store_.BucketAt(target, &is_new);
    *run = {target, start, start + BucketSize(), &bucket, is_new};
    ++run_number_;
    assigned->touches_closed |= HasPassed(closed_until_, FirstEndOf(target), 0);
    return true;
  }

  bool TakesLateRowsIntoNext() const { return window_.late_strategy.starts_with("include_in_next"); }

  void SetAside(int64_t row, int64_t time, Assignment* assigned) const {
    if (FitsNoWindow(time)) {
      ++assigned->outside;
    } else {
      assigned->late.push_back(static_cast<uint32_t>(row));
    }
  }

  // Windows overlap: a row goes into each of those that hold its time.
  void AssignToAll(const arrow::Int64Array& times, Assignment* assigned) {
    const int64_t rows = times.length();
    const int64_t copies = (window_.size_ms + step_ - 1) / step_;
    const int64_t* values = times.raw_values();
    assigned->every_row_once = false;
    int64_t cached_start = 0;
    BucketStore::Bucket* cached = nullptr;
    const auto add = [&](int64_t row, int64_t start) {
      if (cached == nullptr || cached_start != start) {
        cached = &store_.BucketAt(start);
        cached_start = start;
      }
      assigned->rows.push_back(static_cast<uint32_t>(row));
      assigned->slots.push_back(store_.SlotOf(*cached, start, key_ids_[row]));
      assigned->touches_closed |= HasPassed(closed_until_, FirstEndOf(start), 0);
    };
    for (int64_t row = 0; row < rows; ++row) {
      if (times.IsNull(row)) {
        assigned->bad.push_back(static_cast<uint32_t>(row));
        continue;
      }
      const size_t before = assigned->rows.size();
      const int64_t last = FloorTo(values[row], step_, window_.offset_ms);
      for (int64_t start = last - (copies - 1) * step_; start <= last; start += step_) {
        if (values[row] < start + BucketSize() && !HasPassed(watermark_, LastEndOf(start), lateness_)) add(row, start);
      }
      if (assigned->rows.size() > before) continue;
      if (TakesLateRowsIntoNext()) {
        add(row, EarliestOpenWindow(window_, watermark_));
      } else {
        SetAside(row, values[row], assigned);
      }
    }
  }

  // With an advance above the size there are gaps between the windows.
  bool FitsNoWindow(int64_t time) const {
    return window_.advance_ms > window_.size_ms &&
           time >= FloorTo(time, window_.advance_ms, window_.offset_ms) + window_.size_ms;
  }

  int64_t BucketSize() const { return shares_panes_ ? step_ : window_.size_ms; }
  // Start of the first window that covers the pane.
  int64_t FirstWindowOf(int64_t pane) const {
    return FloorTo(pane - window_.size_ms + step_ + window_.advance_ms - 1, window_.advance_ms, window_.offset_ms);
  }
  int64_t FirstEndOf(int64_t bucket) const {
    return (shares_panes_ ? FirstWindowOf(bucket) : bucket) + window_.size_ms;
  }
  int64_t LastEndOf(int64_t bucket) const {
    return (shares_panes_ ? FloorTo(bucket, window_.advance_ms, window_.offset_ms) : bucket) + window_.size_ms;
  }
  Status Apply(const AggregateInputs& inputs, const Assignment& assigned, const ChangeSigns& signs, Output& out) {
    AggregateColumns& states = store_.states();
    if (settings_.emit == EmitMode::kEachBatch) {
      CountMembers(assigned.slots, signs, 0);
      VELO_RETURN_IF_ERROR(states.Apply(inputs, assigned.slots.data(), signs));
      return EmitSlots(DistinctInOrder(assigned.slots, store_.slot_count()), out);
    }
    if (settings_.emit == EmitMode::kFinal && !assigned.touches_closed) {
      CountMembers(assigned.slots, signs, 0);
      return states.Apply(inputs, assigned.slots.data(), signs);
    }
    if (interval_ > 0) {
      CountMembers(assigned.slots, signs, 0);
      if (pending_.empty()) pending_due_ = context_->evaluation.now_micros + interval_;
      pending_.insert(pending_.end(), assigned.slots.begin(), assigned.slots.end());
      return states.Apply(inputs, assigned.slots.data(), signs);
    }
    EmissionBuffer rows(schema_);
    const std::span<const uint32_t> slots(assigned.slots);
    if (settings_.emit == EmitMode::kEachRow && !settings_.takes_back) {
      std::vector<std::shared_ptr<arrow::Array>> results;
      VELO_RETURN_IF_ERROR(states.UpdateShowing(inputs, slots.data(), &results));
      VELO_RETURN_IF_ERROR(AppendSlotRows(slots, false, std::move(results), &rows));
      return rows.Flush(out);
    }
    const auto after_run = [&](int64_t offset, int64_t length) -> Status {
      const auto run = slots.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
      CountMembers(run, signs, offset);
      if (signs.takes_back.empty()) return AppendRun(run, &rows);
      // The two rows of an update may be in one slot.
      std::vector<uint32_t> once;
      for (uint32_t slot : run) {
        if (once.empty() || once.back() != slot) once.push_back(slot);
      }
      return AppendRun(once, &rows);
    };
    VELO_RETURN_IF_ERROR(states.ApplyInRuns(inputs, assigned.slots.data(), signs, after_run));
    return rows.Flush(out);
  }

  Status EmitPending(Output& out) {
    const std::vector<uint32_t> slots = DistinctInOrder(pending_, store_.slot_count());
    pending_.clear();
    return EmitSlots(slots, out);
  }

  Status AppendRun(std::span<const uint32_t> run, EmissionBuffer* rows) {
    return settings_.emit == EmitMode::kEachRow ? AppendSlots(run, rows) : AppendCorrections(run, rows);
  }

  void CountMembers(std::span<const uint32_t> slots, const ChangeSigns& signs, int64_t offset) {
    if (!settings_.takes_back) return;
    for (size_t i = 0; i < slots.size(); ++i) {
      const bool leaves = !signs.takes_back.empty() && signs.takes_back[offset + static_cast<int64_t>(i)] != 0;
      store_.AddMember(slots[i], leaves ? -1 : 1);
    }
  }

  // FINAL: gives out again what changed in windows that are closed but still accept late rows.
  Status AppendCorrections(std::span<const uint32_t> run, EmissionBuffer* rows) {
    std::vector<uint32_t> closed;
    for (uint32_t slot : run) {
      if (shares_panes_) {
        VELO_RETURN_IF_ERROR(AppendPanedCorrections(slot, rows));
      } else if (HasPassed(closed_until_, store_.start_of(slot) + window_.size_ms, 0)) {
        closed.push_back(slot);
      }
    }
    return closed.empty() ? Status::OK() : AppendSlots(closed, rows);
  }

  Status AppendPanedCorrections(uint32_t slot, EmissionBuffer* rows) {
    const int64_t pane = store_.start_of(slot);
    for (int64_t start = FirstWindowOf(pane); start <= pane; start += window_.advance_ms) {
      const int64_t end = start + window_.size_ms;
      if (!HasPassed(closed_until_, end, 0) || HasPassed(watermark_, end, lateness_)) continue;
      VELO_ASSIGN_OR_RETURN(MergedWindows merged,
                            MergePanes(store_, node_.aggregates, {&start, 1}, window_.size_ms, store_.key_of(slot)));
      VELO_RETURN_IF_ERROR(AppendMerged(std::move(merged), RowKind::kUpdateAfter, rows));
    }
    return Status::OK();
  }

  Status CloseWindows(Output& out) {
    std::vector<uint32_t> slots;
    for (auto& [start, bucket] : store_.buckets()) {
      if (!HasPassed(watermark_, start + window_.size_ms, 0)) break;
      if (bucket.closed) continue;
      bucket.closed = true;
      for (uint32_t slot : bucket.slots) {
        if (!store_.emitted(slot)) slots.push_back(slot);
      }
    }
    return EmitSlots(slots, out);
  }

  void MarkClosed() {
    for (auto& [start, bucket] : store_.buckets()) {
      if (!HasPassed(watermark_, start + window_.size_ms, 0)) break;
      bucket.closed = true;
    }
  }

  // Gives out every window whose end the watermark has passed since last time and that holds rows.
  Status ClosePanedWindows(Output& out) {
    std::vector<int64_t> starts;
    for (const auto& [pane, bucket] : store_.buckets()) {
      for (int64_t start = FirstWindowOf(pane); start <= pane; start += window_.advance_ms) {
        const int64_t end = start + window_.size_ms;
        if (!HasPassed(watermark_, end, 0)) break;
        if (!HasPassed(closed_until_, end, 0)) starts.push_back(start);
      }
    }
    std::sort(starts.begin(), starts.end());
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
    for (size_t from = 0; from < starts.size() && !context_->IsCancelled(); from += kWindowsPerMerge) {
      const size_t count = std::min(starts.size() - from, kWindowsPerMerge);
      VELO_RETURN_IF_ERROR(EmitMergedWindows(std::span<const int64_t>(starts).subspan(from, count), out));
    }
    return Status::OK();
  }

  // Neighbouring windows are merged side by side with others, then given out in their order.
  Status EmitMergedWindows(std::span<const int64_t> starts, Output& out) {
    const size_t threads = context_->pool == nullptr ? 1 : static_cast<size_t>(context_->pool->threads());
    const size_t parts = std::clamp<size_t>(starts.size() / kFewestWindowsPerPart, 1, threads);
    std::vector<MergedWindows> merged(parts);
    const auto merge = [&](size_t part) -> Status {
      const size_t from = starts.size() * part / parts, until = starts.size() * (part + 1) / parts;
      VELO_ASSIGN_OR_RETURN(merged[part], MergePanes(store_, node_.aggregates, starts.subspan(from, until - from),
                                                     window_.size_ms, kAllKeys));
      return Status::OK();
    };
    VELO_RETURN_IF_ERROR(ParallelFor(context_->pool, parts, merge));
    for (MergedWindows& part : merged) {
      EmissionBuffer rows(schema_);
      VELO_RETURN_IF_ERROR(AppendMerged(std::move(part), RowKind::kInsert, &rows));
      VELO_RETURN_IF_ERROR(rows.Flush(out));
    }
    return Status::OK();
  }

  Status AppendMerged(MergedWindows merged, RowKind kind, EmissionBuffer* rows) {
    std::vector<RowKind> kinds(merged.keys.size(), kind);
    return AppendRows(merged.keys, merged.starts, std::move(merged.results), std::move(kinds), rows);
  }

  // Slots whose rows have all been taken back vanish.
  Status AppendSlots(std::span<const uint32_t> slots, EmissionBuffer* rows) {
    std::vector<uint32_t> left;
    for (size_t i = 0; settings_.takes_back && i < slots.size(); ++i) {
      if (store_.members(slots[i]) > 0) {
        left.push_back(slots[i]);
        continue;
      }
      if (store_.emitted(slots[i]) && settings_.emits_deletes) {
        VELO_RETURN_IF_ERROR(AppendSlotRows({&slots[i], 1}, true, rows));
      }
      store_.Empty(slots[i]);
    }
    const std::span<const uint32_t> shown = settings_.takes_back ? std::span<const uint32_t>(left) : slots;
    return shown.empty() ? Status::OK() : AppendSlotRows(shown, false, rows);
  }

  Status AppendSlotRows(std::span<const uint32_t> slots, bool deletes, EmissionBuffer* rows) {
    std::vector<std::shared_ptr<arrow::Array>> results;
    VELO_RETURN_IF_ERROR(store_.states().Finalise(slots, &results, context_->pool));
    return AppendSlotRows(slots, deletes, std::move(results), rows);
  }

  Status AppendSlotRows(std::span<const uint32_t> slots, bool deletes,
                        std::vector<std::shared_ptr<arrow::Array>> results, EmissionBuffer* rows) {
    std::vector<uint32_t> keys;
    std::vector<int64_t> starts;
    std::vector<RowKind> kinds;
    for (uint32_t slot : slots) {
      keys.push_back(store_.key_of(slot));
      starts.push_back(store_.start_of(slot));
      const RowKind kind = store_.emitted(slot) ? RowKind::kUpdateAfter : RowKind::kInsert;
      kinds.push_back(deletes ? RowKind::kDelete : kind);
      store_.set_emitted(slot);
    }
    return AppendRows(keys, starts, std::move(results), std::move(kinds), rows);
  }

  // `results`: what the aggregates of each row say.
  Status AppendRows(std::span<const uint32_t> keys, std::span<const int64_t> starts,
                    std::vector<std::shared_ptr<arrow::Array>> results, std::vector<RowKind> kinds,
                    EmissionBuffer* rows) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t key = 0; key < node_.keys.size(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, store_.Keys(key, keys));
      columns.push_back(std::move(column));
    }
    std::move(results.begin(), results.end(), std::back_inserter(columns));
    std::vector<int64_t> firsts(starts.begin(), starts.end()), ends;
    for (int64_t start : starts) ends.push_back(start + window_.size_ms);
    const auto count = static_cast<int64_t>(starts.size());
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(firsts))));
    columns.push_back(std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::move(ends))));
    rows->Add(std::move(columns), std::move(kinds));
    return Status::OK();
  }

  Status EmitSlots(std::span<const uint32_t> slots, Output& out) {
    const auto chunk = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < slots.size() && !context_->IsCancelled(); from += chunk) {
      EmissionBuffer rows(schema_);
      VELO_RETURN_IF_ERROR(AppendSlots(slots.subspan(from, std::min(chunk, slots.size() - from)), &rows));
      VELO_RETURN_IF_ERROR(rows.Flush(out));
    }
    return Status::OK();
  }

  void DropExpired() {
    auto bucket = store_.buckets().begin();
    while (bucket != store_.buckets().end() && HasPassed(watermark_, LastEndOf(bucket->first), lateness_)) {
      bucket = store_.Drop(bucket);
    }
  }

  const AggregateSettings settings_;
  const AggregateNode& node_;
  const WindowSpec& window_;
  const int64_t lateness_;
  const int time_column_;
  const bool shares_panes_;
  const int64_t step_;        ///< Distance of two buckets.
  const Timestamp interval_;  ///< emit.interval in microseconds; 0: none.
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  BucketStore store_;
  EventMillis watermark_ = kBeginOfTime;
  EventMillis closed_until_ = kBeginOfTime;
  std::vector<uint32_t> pending_;  ///< Slots changed within the interval; a slot may be there several times.
  Timestamp pending_due_ = 0;
  std::vector<uint32_t> key_ids_;  ///< Scratch: group key of each row.
  struct KnownSlot {
    uint64_t run = 0;
    uint32_t slot = 0;
  };
  /// Scratch, per group key: its slot in the bucket of the run of rows seen last.
  std::vector<KnownSlot> known_slots_;
  uint64_t run_number_ = 0;
};

}  // namespace

std::unique_ptr<MergeableOperator> MakeWindowAggregate(AggregateSettings settings, LaneContext* context) {
  return std::make_unique<WindowAggregate>(std::move(settings), context);
}

}  // namespace velo::exec
