#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/interval_join_state.h"
#include "engine/exec/join_input.h"
#include "engine/exec/operators/interval_join.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// Rows that arrive in the state at once: few enough to stay in the cache until they are joined.
constexpr uint32_t kSliceRows = 8192;
// Rows between two clean-ups, which end a batch of output.
constexpr int64_t kRowsPerCleanup = 65536;

// Only as long as a partner can come: in order of time no row is late.
JoinDelays DelaysOf(const JoinNode& node) {
  JoinDelays delays;
  if (!node.bound.has_value()) return delays;
  delays.until_unmatched[0] = delays.until_dropped[0] = node.bound->upper_ms;
  delays.until_unmatched[1] = delays.until_dropped[1] = -node.bound->lower_ms;
  return delays;
}

// Keys and times of the rows of one side, and the order in which they are joined.
class Sequence {
 public:
  explicit Sequence(const std::vector<BoundExpressionPtr>& keys) : keys_(SchemaOf(keys)) {}

  Status Add(const JoinRows& input) {
    std::vector<std::shared_ptr<arrow::Array>> columns = input.keys;
    columns.push_back(input.times);
    const int64_t count = input.batch.num_rows();
    const int64_t* times = input.times->raw_values();
    for (int64_t i = 0; i < count && is_sorted_; ++i) {
      is_sorted_ = times[i] >= last_time_;
      last_time_ = times[i];
    }
    return keys_.Add(arrow::RecordBatch::Make(keys_.schema(), count, std::move(columns)));
  }

  // Puts the rows in order of time, those of equal time in order of arrival. No rows are added afterwards.
  Status Start() {
    if (is_sorted_) return Load();
    const uint32_t count = keys_.end();
    std::vector<uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0U);
    KeptRows::Found found;
    keys_.Find(rows, &found);
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> times, keys_.Take(time_column(), found));
    const int64_t* values = static_cast<const arrow::Int64Array&>(*times).raw_values();
    order_.reserve(count);
    for (uint32_t row = 0; row < count; ++row) order_.push_back({values[row], row});
    std::sort(order_.begin(), order_.end(),
              [](const TimedRow& a, const TimedRow& b) { return a.time != b.time ? a.time < b.time : a.row < b.row; });
    return Load();
  }

  bool at_end() const { return next_ == keys_.end(); }
  // Time of the next row; kEndOfTime at the end.
  int64_t next_time() const { return at_end() ? kEndOfTime : times_[0]; }
  // The next rows. Valid until Advance.
  std::span<const uint32_t> rows() const { return rows_; }
  std::span<const int64_t> times() const { return times_; }
  std::span<const std::shared_ptr<arrow::Array>> keys() const { return {columns_.data(), columns_.size() - 1}; }

  Status Advance() {
    next_ += static_cast<uint32_t>(rows_.size());
    if (is_sorted_) keys_.ReleaseBatchesBelow(next_);
    return Load();
  }

  uint32_t size() const { return keys_.end(); }
  int64_t MemoryBytes() const {
    return keys_.MemoryBytes() + static_cast<int64_t>(order_.capacity() * sizeof(TimedRow));
  }

 private:
  static std::shared_ptr<arrow::Schema> SchemaOf(const std::vector<BoundExpressionPtr>& keys) {
    arrow::FieldVector fields;
    for (const BoundExpressionPtr& key : keys) fields.push_back(arrow::field("key", key->type.ToArrow()));
    fields.push_back(arrow::field("time", arrow::int64()));
    return arrow::schema(std::move(fields));
  }
  int time_column() const { return keys_.schema()->num_fields() - 1; }

  // Makes the next rows ready.
  Status Load() {
    rows_.clear();
    times_ = {};
    if (at_end()) return Status::OK();
    const uint32_t count = std::min(kSliceRows, keys_.end() - next_);
    if (is_sorted_) {
      rows_.resize(count);
      std::iota(rows_.begin(), rows_.end(), next_);
    } else {
      for (uint32_t i = 0; i < count; ++i) rows_.push_back(order_[next_ + i].row);
    }
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> taken, keys_.TakeAll(rows_));
    columns_ = taken->columns();
    times_ = {static_cast<const arrow::Int64Array&>(*columns_.back()).raw_values(), count};
    return Status::OK();
  }

  KeptRows keys_;  ///< Key columns, then the time.
  bool is_sorted_ = true;
  int64_t last_time_ = INT64_MIN;
  std::vector<TimedRow> order_;  ///< Empty when the rows came in order.
  uint32_t next_ = 0;
  std::vector<uint32_t> rows_;
  std::vector<std::shared_ptr<arrow::Array>> columns_;
  std::span<const int64_t> times_;
};

class CompleteIntervalJoin : public TwoInputOperator {
 public:
  CompleteIntervalJoin(IntervalJoinSettings settings, LaneContext* context)
      : node_(settings.node),
        context_(context),
        inputs_{JoinInput(node_, Side::kLeft, settings.counts_input[0], context),
                JoinInput(node_, Side::kRight, settings.counts_input[1], context)},
        sequences_{Sequence(node_->left_keys), Sequence(node_->right_keys)},
        state_(node_, std::move(settings.wanted), DelaysOf(*node_), context) {}

  Status OnBatch(Side side, const Batch& batch, Output&) override {
    VELO_ASSIGN_OR_RETURN(const Batch plain, WithoutRetractions(batch));
    return inputs_[Index(side)].Evaluate(plain, [&](const JoinRows& rows) { return Take(side, rows); });
  }

  Status OnEnd(Side side, Output& out) override {
    ended_[Index(side)] = true;
    return ended_[0] && ended_[1] ? Run(out) : Status::OK();
  }

  Status Save(std::string* out) const override {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      PutInteger(ended_[Index(side)] ? 1 : 0, out);
      const KeptRows& kept = state_.rows(side);
      // Once both inputs have ended everything has been given out.
      std::vector<uint32_t> rows(ended_[0] && ended_[1] ? 0 : kept.end());
      std::iota(rows.begin(), rows.end(), 0U);
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, kept.TakeAll(rows));
      VELO_RETURN_IF_ERROR(PutBatch(*columns, out));
    }
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      VELO_ASSIGN_OR_RETURN(const int64_t ended, TakeInteger(in));
      ended_[Index(side)] = ended != 0;
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> saved, TakeBatch(in));
      const auto columns = arrow::RecordBatch::Make(state_.rows(side).schema(), saved->num_rows(), saved->columns());
      // They were counted when they came.
      const JoinInput again(node_, side, false, context_);
      VELO_RETURN_IF_ERROR(again.Evaluate({columns, {}}, [&](const JoinRows& rows) { return Take(side, rows); }));
    }
    return Status::OK();
  }

  int64_t StateBytes() const override {
    return sequences_[0].MemoryBytes() + sequences_[1].MemoryBytes() + state_.MemoryBytes();
  }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kJoin;
    insight.text = node_->description;
    insight.matches = state_.matches();
    for (size_t side = 0; side < 2; ++side) {
      insight.rows_seen[side] = sequences_[side].size();
      insight.rows_waiting[side] = ended_[0] && ended_[1] ? 0 : sequences_[side].size();
    }
    insights->push_back(std::move(insight));
  }

 private:
  static size_t Index(Side side) { return static_cast<size_t>(side); }

  Status Take(Side side, const JoinRows& input) {
    if (input.batch.num_rows() == 0 || IsPointless(side)) return Status::OK();
    JoinRows rows = input;
    if (rows.times == nullptr) {
      VELO_ASSIGN_OR_RETURN(rows.times, NoTimes(input.batch.num_rows()));
    }
    VELO_RETURN_IF_ERROR(sequences_[Index(side)].Add(rows));
    return state_.rows(side).Add(rows.batch.columns);
  }

  // Whether rows of the side can change nothing, because the other side has none.
  bool IsPointless(Side side) const {
    const auto other = Index(OtherOf(side));
    if (!ended_[other] || sequences_[other].size() > 0 || node_->join == sql::JoinKind::kFull) return false;
    return node_->join != (side == Side::kLeft ? sql::JoinKind::kLeft : sql::JoinKind::kRight);
  }

  // Without times all rows are of one time, so that they come in order of arrival.
  static Result<std::shared_ptr<arrow::Int64Array>> NoTimes(int64_t count) {
    return std::make_shared<arrow::Int64Array>(count, arrow::Buffer::FromVector(std::vector<int64_t>(count, 0)));
  }

  Status Run(Output& out) {
    VELO_RETURN_IF_ERROR(sequences_[0].Start());
    VELO_RETURN_IF_ERROR(sequences_[1].Start());
    const IntervalJoinState::KeysOf keys_of = [this](Side side, std::span<const uint32_t> rows) {
      return inputs_[Index(side)].Keys(state_.rows(side), rows);
    };
    int64_t since_cleanup = 0;
    std::vector<uint32_t> ids;
    while (!context_->IsCancelled()) {
      const bool is_left_next = sequences_[1].at_end() || sequences_[0].next_time() <= sequences_[1].next_time();
      const Side side = is_left_next && !sequences_[0].at_end() ? Side::kLeft : Side::kRight;
      Sequence& sequence = sequences_[Index(side)];
      if (sequence.at_end()) break;
      const auto count = std::ssize(sequence.rows());
      ids.resize(static_cast<size_t>(count));
      VELO_RETURN_IF_ERROR(state_.keys().Find(sequence.keys(), count, ids.data()));
      const IntervalJoinState::Arrivals arrivals{sequence.rows(), sequence.times(), ids};
      VELO_RETURN_IF_ERROR(state_.Match(side, arrivals, out));
      VELO_RETURN_IF_ERROR(state_.Keep(side, arrivals, out));
      VELO_RETURN_IF_ERROR(sequence.Advance());
      since_cleanup += count;
      if (since_cleanup < kRowsPerCleanup) continue;
      since_cleanup = 0;
      VELO_RETURN_IF_ERROR(state_.Expire(std::min(sequences_[0].next_time(), sequences_[1].next_time()), out));
      VELO_RETURN_IF_ERROR(state_.ForgetKeys(keys_of));
    }
    return state_.Expire(kEndOfTime, out);
  }

  const std::shared_ptr<const JoinNode> node_;
  LaneContext* const context_;
  const JoinInput inputs_[2];
  Sequence sequences_[2];
  IntervalJoinState state_;
  bool ended_[2] = {false, false};
};

}  // namespace

std::unique_ptr<TwoInputOperator> MakeCompleteIntervalJoin(IntervalJoinSettings settings, LaneContext* context) {
  return std::make_unique<CompleteIntervalJoin>(std::move(settings), context);
}

}  // namespace velo::exec
