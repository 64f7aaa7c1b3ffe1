#include "engine/exec/operators/interval_join.h"

#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/event_time_source.h"
#include "engine/exec/interval_join_state.h"
#include "engine/exec/join_input.h"
#include "engine/exec/state_codec.h"
#include "engine/types/value_text.h"

namespace velo::exec {

namespace {

// How long rows wait. Rows are kept for the retention even where no partner can come in time, because late ones can.
JoinDelays DelaysOf(const JoinNode& node) {
  const int64_t retention = node.retention_ms >= 0 ? node.retention_ms : kWaitsForever;
  JoinDelays delays;
  for (size_t side = 0; side < 2; ++side) {
    delays.until_dropped[side] = retention;
    delays.until_unmatched[side] = WaitForPartner(node, side == 0);
  }
  return delays;
}

class IntervalJoin : public TwoInputOperator {
 public:
  IntervalJoin(IntervalJoinSettings settings, LaneContext* context)
      : node_(settings.node),
        context_(context),
        delays_(DelaysOf(*node_)),
        inputs_{JoinInput(node_, Side::kLeft, settings.counts_input[0], context),
                JoinInput(node_, Side::kRight, settings.counts_input[1], context)},
        uses_clock_(!inputs_[0].has_time() && !inputs_[1].has_time()),
        state_(node_, std::move(settings.wanted), delays_, context) {}

  Status OnBatch(Side side, const Batch& batch, Output& out) override {
    VELO_ASSIGN_OR_RETURN(const Batch plain, WithoutRetractions(batch));
    return inputs_[Index(side)].Evaluate(plain, [&](const JoinRows& rows) { return Consume(side, rows, out); });
  }

  Status OnWatermark(Side side, EventMillis watermark, Output& out) override {
    watermarks_[Index(side)] = watermark;
    return MoveTo(std::min(watermarks_[0], watermarks_[1]), out);
  }

  // An outer row can come out as late as its time plus the time it waits for partners.
  EventMillis PassedWatermark(EventMillis left, EventMillis right) const override {
    const EventMillis lowest = std::min(left, right);
    if (lowest == kEndOfTime) return lowest;
    const int64_t delay = HeldBackByJoin(*node_);
    if (delay == kWaitsForever || lowest < kBeginOfTime + delay) return kBeginOfTime;
    return lowest - delay;
  }

  Status Save(std::string* out) const override {
    for (size_t side = 0; side < 2; ++side) {
      PutInteger(watermarks_[side], out);
      PutInteger(seen_[side], out);
    }
    PutInteger(passed_, out);
    return state_.Save(out);
  }

  Status Load(std::string_view* in) override {
    for (size_t side = 0; side < 2; ++side) {
      VELO_ASSIGN_OR_RETURN(watermarks_[side], TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(seen_[side], TakeInteger(in));
    }
    VELO_ASSIGN_OR_RETURN(passed_, TakeInteger(in));
    return state_.Load(in, KeysOfKept());
  }

  int64_t StateBytes() const override { return state_.MemoryBytes(); }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kJoin;
    insight.text = node_->description;
    insight.matches = state_.matches();
    insight.evicted = state_.evicted();
    for (const Side side : {Side::kLeft, Side::kRight}) {
      insight.rows_seen[Index(side)] = seen_[Index(side)];
      insight.rows_waiting[Index(side)] = state_.kept(side);
      insight.sample_key[Index(side)] = sample_key_[Index(side)];
    }
    insights->push_back(std::move(insight));
  }

 private:
  static size_t Index(Side side) { return static_cast<size_t>(side); }

  IntervalJoinState::KeysOf KeysOfKept() {
    return [this](Side side, std::span<const uint32_t> rows) {
      return inputs_[Index(side)].Keys(state_.rows(side), rows);
    };
  }

  Status Consume(Side side, const JoinRows& input, Output& out) {
    const int64_t count = input.batch.num_rows();
    if (count == 0) return Status::OK();
    const EventMillis now = context_->evaluation.now_micros / kMicrosPerMilli;
    if (uses_clock_) VELO_RETURN_IF_ERROR(MoveTo(now, out));
    seen_[Index(side)] += count;
    NoteSample(side, input);
    key_ids_.resize(static_cast<size_t>(count));
    VELO_RETURN_IF_ERROR(state_.keys().Find(input.keys, count, key_ids_.data()));
    rows_.resize(static_cast<size_t>(count));
    std::iota(rows_.begin(), rows_.end(), state_.rows(side).end());
    if (input.times == nullptr) clock_times_.assign(static_cast<size_t>(count), now);
    const int64_t* times = input.times == nullptr ? clock_times_.data() : input.times->raw_values();
    const IntervalJoinState::Arrivals arrivals{rows_, {times, static_cast<size_t>(count)}, key_ids_};
    VELO_RETURN_IF_ERROR(state_.rows(side).Add(input.batch.columns));
    VELO_RETURN_IF_ERROR(state_.Match(side, arrivals, out));
    VELO_RETURN_IF_ERROR(state_.Flush(out));
    VELO_RETURN_IF_ERROR(state_.Keep(side, arrivals, out));
    // A late row may have waited long enough already.
    const int64_t earliest = *std::min_element(arrivals.times.begin(), arrivals.times.end());
    return state_.IsOverdue(side, earliest) ? state_.Expire(passed_, out) : Status::OK();
  }

  void NoteSample(Side side, const JoinRows& input) {
    std::string& sample = sample_key_[Index(side)];
    if (!sample.empty()) return;
    for (const auto& key : input.keys) {
      if (!sample.empty()) sample += ", ";
      AppendText(*key, 0, &sample);
    }
  }

  Status MoveTo(EventMillis watermark, Output& out) {
    if (watermark <= passed_) return Status::OK();
    passed_ = watermark;
    VELO_RETURN_IF_ERROR(state_.Expire(watermark, out));
    VELO_RETURN_IF_ERROR(state_.ForgetKeys(KeysOfKept()));
    return state_.Compact();
  }

  const std::shared_ptr<const JoinNode> node_;
  LaneContext* const context_;
  const JoinDelays delays_;
  const JoinInput inputs_[2];
  const bool uses_clock_;
  IntervalJoinState state_;
  EventMillis watermarks_[2] = {kBeginOfTime, kBeginOfTime};
  EventMillis passed_ = kBeginOfTime;
  int64_t seen_[2] = {0, 0};
  std::string sample_key_[2];
  std::vector<uint32_t> key_ids_;     ///< Scratch.
  std::vector<uint32_t> rows_;        ///< Scratch.
  std::vector<int64_t> clock_times_;  ///< Scratch.
};

}  // namespace

std::unique_ptr<TwoInputOperator> MakeIntervalJoin(IntervalJoinSettings settings, LaneContext* context) {
  return std::make_unique<IntervalJoin>(std::move(settings), context);
}

}  // namespace velo::exec
