#include <algorithm>
#include <map>
#include <queue>

#include "engine/exec/late_rows.h"
#include "engine/exec/operators/session_aggregate.h"
#include "engine/exec/operators/session_step_internal.h"
#include "engine/exec/session_rows.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/window_math.h"

namespace velo::exec {

namespace {

// Rows of sessions whose aggregates are computed in one go: enough to share the passes, few enough to bound memory.
constexpr size_t kValuesPerPass = 65536;

/// Sessions over rows that may be taken back. A change is worked in around its time only: the sessions there are found
/// again and compared with those given out before.
class ChangingSessions : public Operator {
 public:
  ChangingSessions(AggregateSettings settings, LaneContext* context)
      : step_(std::move(settings), context), rows_(step_.node, step_.gap, step_.node.window->session_max_ms) {}

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
    EmissionBuffer emission(step_.schema);
    std::vector<Timer> due;
    std::vector<std::pair<uint32_t, int64_t>> expired;
    while (!timers_.empty() && HasPassed(watermark, timers_.top().time, 0)) {
      const Timer timer = timers_.top();
      timers_.pop();
      const auto session = rows_.sessions(timer.key).find(timer.first);
      if (session == rows_.sessions(timer.key).end()) continue;
      const int64_t end = session->second.last + step_.gap;
      if (!HasPassed(watermark, end, 0)) {
        timers_.push({end, timer.key, timer.first});
      } else if (!session->second.closed) {
        session->second.closed = true;
        due.push_back({end, timer.key, timer.first});
        timers_.push({step_.AfterLateness(end), timer.key, timer.first});
      } else if (HasPassed(watermark, end, step_.lateness)) {
        expired.emplace_back(timer.key, timer.first);
      } else {
        timers_.push({step_.AfterLateness(end), timer.key, timer.first});
      }
    }
    std::sort(due.begin(), due.end());
    for (size_t i = 0; step_.settings.emit == EmitMode::kFinal && i < due.size() && !step_.context->IsCancelled();
         ++i) {
      VELO_RETURN_IF_ERROR(Show(due[i].key, due[i].first, &emission));
    }
    VELO_RETURN_IF_ERROR(ComputeShown(&emission));
    VELO_RETURN_IF_ERROR(emission.Flush(out));
    for (const auto& [key, first] : expired) {
      // A session may be due several times.
      const auto session = rows_.sessions(key).find(first);
      if (session != rows_.sessions(key).end()) rows_.Drop(key, session);
    }
    return Compact();
  }

  Status Save(std::string* out) const override {
    PutInteger(watermark_, out);
    return rows_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
    VELO_RETURN_IF_ERROR(rows_.Load(in));
    ResetTimers();
    return Status::OK();
  }

  int64_t StateBytes() const override { return rows_.MemoryBytes(); }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    step_.Explain(timers_.size(), timers_.empty() ? 0 : timers_.top().time, insights);
  }

 private:
  struct Timer {
    int64_t time = 0;  ///< When the session must be looked at.
    uint32_t key = 0;
    int64_t first = 0;  ///< Names the session.
    auto operator<=>(const Timer&) const = default;
  };
  /// A row of the output whose aggregates are still to be computed.
  struct Shown {
    uint32_t key = 0;
    int64_t first = 0, last = 0;
    RowKind kind = RowKind::kInsert;
  };

  Status Consume(const Batch& batch, const KeysAndInputs& input, const arrow::Int64Array& times, Output& out) {
    VELO_RETURN_IF_ERROR(rows_.Find(input, &key_ids_, &value_ids_));
    // Before the watermark moves nothing is closed, so that only the outcome of the batch counts.
    const bool in_steps = step_.settings.emit == EmitMode::kEachRow ||
                          (step_.settings.emit == EmitMode::kFinal && watermark_ != kBeginOfTime);
    EmissionBuffer emission(step_.schema);
    std::vector<uint32_t> late, bad;
    for (uint32_t row = 0; row < static_cast<uint32_t>(times.length()); ++row) {
      if (times.IsNull(row)) {
        bad.push_back(row);
      } else if (!TakeIn(row, times.Value(row), input.signs)) {
        late.push_back(row);
      }
      // The old and the new row of an update are one step.
      const bool is_half = !input.signs.replaced.empty() && input.signs.replaced[row] != 0;
      if (in_steps && !is_half) VELO_RETURN_IF_ERROR(Refresh(&emission));
    }
    VELO_RETURN_IF_ERROR(Refresh(&emission));
    VELO_RETURN_IF_ERROR(ComputeShown(&emission));
    CountSetAside(batch, late, bad, *step_.node.window, step_.settings.counts_input, *step_.context, &counts);
    counts.rows_used =
        std::max<int64_t>(counts.rows_used, 0) + batch.num_rows() - static_cast<int64_t>(late.size() + bad.size());
    VELO_RETURN_IF_ERROR(emission.Flush(out));
    return Compact();
  }

  // Returns false for a row that comes too late.
  bool TakeIn(uint32_t row, int64_t time, const ChangeSigns& signs) {
    const uint32_t key = key_ids_[row];
    const bool too_late = HasPassed(watermark_, time + step_.gap, step_.lateness);
    if (!signs.takes_back.empty() && signs.takes_back[row] != 0) {
      if (!rows_.TakeBack(key, time, value_ids_[row])) return !too_late;
    } else {
      if (too_late && !rows_.Reaches(key, time)) return false;
      rows_.Add(key, time, value_ids_[row]);
    }
    touched_.emplace_back(key, time);
    return true;
  }

  // Brings the sessions around the touched times up to date and notes what is to be given out, in the order of the
  // rows.
  Status Refresh(EmissionBuffer* emission) {
    by_time_ = touched_;
    std::sort(by_time_.begin(), by_time_.end());
    std::map<std::pair<uint32_t, int64_t>, SessionRows::Stretch> done;  // By key and where the stretch ends.
    for (const auto& [key, time] : touched_) {
      const auto known = done.lower_bound({key, time});
      if (known != done.end() && known->first.first == key && known->second.from <= time) continue;
      const SessionRows::Stretch stretch = rows_.StretchAround(key, time);
      done[{key, stretch.to}] = stretch;
      VELO_RETURN_IF_ERROR(RefreshStretch(key, stretch, emission));
    }
    for (const auto& [at, stretch] : done) rows_.Settle(at.first, stretch);
    touched_.clear();
    return Status::OK();
  }

  Status RefreshStretch(uint32_t key, SessionRows::Stretch stretch, EmissionBuffer* emission) {
    SessionRows::Sessions& sessions = rows_.sessions(key);
    const auto now = rows_.SessionsIn(key, stretch);
    for (auto old = sessions.lower_bound(stretch.from); old != sessions.end() && old->first <= stretch.to;) {
      const auto same = std::lower_bound(now.begin(), now.end(), std::pair(old->first, INT64_MIN));
      if (same != now.end() && same->first == old->first) {
        ++old;
        continue;
      }
      if (old->second.emitted && step_.settings.emits_deletes) {
        shown_.push_back({key, old->first, old->second.last, RowKind::kDelete});
      }
      old = sessions.erase(old);
    }
    for (const auto& [first, last] : now) {
      const auto [at, is_new] = sessions.try_emplace(first);
      SessionRows::Session& session = at->second;
      const bool changed = is_new || session.last != last || WasTouched(key, first, last);
      session.last = last;
      if (is_new) timers_.push({last + step_.gap, key, first});
      if (!changed) continue;
      if (step_.settings.emit != EmitMode::kFinal) {
        VELO_RETURN_IF_ERROR(Show(key, first, emission));
        continue;
      }
      // FINAL: a session that is closed is given out again, unless it has grown past the watermark.
      const bool was_closed = session.closed;
      session.closed = HasPassed(watermark_, last + step_.gap, 0);
      if (session.closed) VELO_RETURN_IF_ERROR(Show(key, first, emission));
      if (session.closed != was_closed) {
        timers_.push({session.closed ? step_.AfterLateness(last + step_.gap) : last + step_.gap, key, first});
      }
    }
    return Status::OK();
  }

  bool WasTouched(uint32_t key, int64_t first, int64_t last) const {
    const auto at = std::lower_bound(by_time_.begin(), by_time_.end(), std::pair(key, first));
    return at != by_time_.end() && at->first == key && at->second <= last;
  }

  // Notes a session for the output, with the rows it has now.
  Status Show(uint32_t key, int64_t first, EmissionBuffer* emission) {
    SessionRows::Session& session = rows_.sessions(key)[first];
    rows_.AppendValues(key, first, session.last, &shown_values_);
    shown_owners_.resize(shown_values_.size(), static_cast<uint32_t>(shown_.size()));
    shown_.push_back({key, first, session.last, session.emitted ? RowKind::kUpdateAfter : RowKind::kInsert});
    session.emitted = true;
    return shown_values_.size() < kValuesPerPass ? Status::OK() : ComputeShown(emission);
  }

  Status ComputeShown(EmissionBuffer* emission) {
    if (shown_.empty()) return Status::OK();
    AggregateColumns states(step_.node.aggregates);
    states.Resize(static_cast<int64_t>(shown_.size()));
    VELO_ASSIGN_OR_RETURN(const AggregateInputs inputs, rows_.InputsOf(shown_values_));
    VELO_RETURN_IF_ERROR(states.Update(inputs, shown_owners_.data()));
    SessionResults results;
    for (const Shown& each : shown_) {
      const auto group = static_cast<uint32_t>(results.keys.size());
      results.Add(each.key, group, each.first, each.last + step_.gap, each.kind);
    }
    VELO_RETURN_IF_ERROR(step_.Append(rows_.keys(), &states, std::move(results), emission));
    shown_.clear();
    shown_values_.clear();
    shown_owners_.clear();
    return Status::OK();
  }

  Status Compact() {
    VELO_ASSIGN_OR_RETURN(const bool renumbered, rows_.CompactIfWorthwhile());
    if (renumbered) ResetTimers();
    return Status::OK();
  }

  void ResetTimers() {
    timers_ = {};
    for (uint32_t key = 0; key < rows_.key_count(); ++key) {
      for (const auto& [first, session] : rows_.sessions(key)) timers_.push({session.last + step_.gap, key, first});
    }
  }

  const SessionStep step_;
  SessionRows rows_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  EventMillis watermark_ = kBeginOfTime;
  std::vector<std::pair<uint32_t, int64_t>> touched_;  ///< Keys and times that changed since the last refresh.
  std::vector<std::pair<uint32_t, int64_t>> by_time_;  ///< The same in order; scratch of Refresh.
  std::vector<Shown> shown_;
  std::vector<uint32_t> shown_values_;  ///< Of the rows of all of `shown_`.
  std::vector<uint32_t> shown_owners_;  ///< Which of `shown_` each belongs to.
  std::vector<uint32_t> key_ids_;       ///< Scratch.
  std::vector<uint32_t> value_ids_;     ///< Scratch.
};

}  // namespace

std::unique_ptr<Operator> MakeChangingSessions(AggregateSettings settings, LaneContext* context) {
  return std::make_unique<ChangingSessions>(std::move(settings), context);
}

}  // namespace velo::exec
