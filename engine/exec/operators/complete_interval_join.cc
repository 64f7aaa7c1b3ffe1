#include "engine/exec/batch_rows.h"
#include "engine/exec/event_time_source.h"
#include "engine/exec/join_input.h"
#include "engine/exec/join_keys.h"
#include "engine/exec/join_log.h"
#include "engine/exec/join_pairs.h"
#include "engine/exec/join_queue.h"
#include "engine/exec/key_encoding.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/operators/interval_join.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// Rows of a side joined between two looks at what can go.
constexpr size_t kStretchRows = 256;
// Rows that leave are let go together, because pairs that name them must be out before.
constexpr size_t kLeavingRows = 65536;
// Fewer keys that no row has any more are not worth a clean-up.
constexpr uint32_t kKeySlack = 65536;
// Row numbers are 32 bits; long before they run out the rows are numbered afresh.
constexpr uint32_t kRenumberAt = 0xF0000000;

// `time` less `delay`, as early as can be where that is too early for the type.
int64_t Before(int64_t time, int64_t delay) {
  int64_t earlier = 0;
  return __builtin_sub_overflow(time, delay, &earlier) ? INT64_MIN : earlier;
}

class CompleteIntervalJoin : public TwoInputOperator {
 public:
  CompleteIntervalJoin(IntervalJoinSettings settings, LaneContext* context)
      : node_(settings.node),
        context_(context),
        inputs_{JoinInput(node_, Side::kLeft, settings.counts_input[0], context),
                JoinInput(node_, Side::kRight, settings.counts_input[1], context)},
        keys_(KeyTypes(node_->left_keys)),
        has_integer_key_(node_->left_keys.size() == 1 && IsIntegerLike(*node_->left_keys[0]->type.ToArrow())),
        pairs_(node_, std::move(settings.wanted), context) {
    if (!node_->bound.has_value()) return;
    // The right is moved in time until "at the same time" lies within the bound: then the partners of a row that have
    // come before it are the newest of their key.
    const int64_t lower = node_->bound->lower_ms, upper = node_->bound->upper_ms;
    never_meet_ = lower > upper;
    right_shift_ = lower > 0 ? lower : std::min<int64_t>(upper, 0);
    sides_[0].keep = upper - right_shift_;
    sides_[1].keep = right_shift_ - lower;
  }

  Status OnBatch(Side side, const Batch& batch, Output&) override {
    VELO_ASSIGN_OR_RETURN(const Batch plain, WithoutRetractions(batch));
    return inputs_[Index(side)].Evaluate(plain, [&](const JoinRows& rows) { return Take(side, rows); });
  }

  // Only sources that know the times of their rows beforehand give watermarks here.
  Status OnWatermark(Side side, EventMillis watermark, Output& out) override {
    if (watermark == kEndOfTime) return Status::OK();
    sides_[Index(side)].reached = InQueue(side, watermark);
    return Run(out);
  }

  Status OnEnd(Side side, Output& out) override {
    sides_[Index(side)].ended = true;
    sides_[Index(side)].reached = kEndOfTime;
    return Run(out);
  }

  // Nobody above has asked for the times that the sources know.
  EventMillis PassedWatermark(EventMillis left, EventMillis right) const override {
    return std::min(left, right) == kEndOfTime ? kEndOfTime : kBeginOfTime;
  }

  Status Save(std::string* out) const override {
    PutInteger(joined_to_, out);
    PutInteger(pairs_.matches(), out);
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const JoinSide& own = sides_[Index(side)];
      PutInteger(own.reached, out);
      PutInteger(own.ended ? 1 : 0, out);
      PutInteger(own.seen, out);
      std::vector<uint32_t> rows;
      std::string flags;
      for (uint32_t i = 0; i < own.log.size(); ++i) {
        rows.push_back(own.log.row(i));
        flags.push_back(static_cast<char>(pairs_.FlagsOf(side, rows.back())));
      }
      for (const uint32_t row : own.queue.AllRows()) rows.push_back(row);
      PutText(flags, out);
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, pairs_.rows(side).TakeAll(rows));
      VELO_RETURN_IF_ERROR(PutBatch(*columns, out));
    }
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t joined_to, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const int64_t matches, TakeInteger(in));
    pairs_.RestoreMatches(matches);
    for (const Side side : {Side::kLeft, Side::kRight}) {
      JoinSide& own = sides_[Index(side)];
      VELO_ASSIGN_OR_RETURN(own.reached, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t ended, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const int64_t seen, TakeInteger(in));
      VELO_ASSIGN_OR_RETURN(const std::string_view flags, TakeText(in));
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> saved, TakeBatch(in));
      const auto columns = arrow::RecordBatch::Make(pairs_.rows(side).schema(), saved->num_rows(), saved->columns());
      // They were counted when they came.
      const JoinInput again(node_, side, false, context_);
      VELO_RETURN_IF_ERROR(again.Evaluate({columns, {}}, [&](const JoinRows& rows) { return Take(side, rows); }));
      for (size_t joined = flags.size(); joined > 0;) {
        const size_t part = std::min(joined, own.queue.together());
        Keep(part, &own);
        own.queue.Drop(part);
        joined -= part;
      }
      pairs_.RestoreFlags(side, {flags.begin(), flags.end()});
      own.ended = ended != 0;
      own.seen = seen;
    }
    pairs_.FitFlags();
    joined_to_ = joined_to;
    return Status::OK();
  }

  int64_t StateBytes() const override {
    int64_t bytes = pairs_.MemoryBytes() + keys_.MemoryBytes();
    for (const JoinSide& side : sides_) bytes += side.queue.MemoryBytes() + side.log.MemoryBytes();
    return bytes;
  }

  void Explain(std::vector<OperatorInsight>* insights) const override {
    OperatorInsight insight;
    insight.kind = OperatorInsight::Kind::kJoin;
    insight.text = node_->description;
    insight.matches = pairs_.matches();
    for (size_t side = 0; side < 2; ++side) {
      insight.rows_seen[side] = sides_[side].seen;
      insight.rows_waiting[side] = static_cast<int64_t>(sides_[side].queue.size()) + sides_[side].log.size();
    }
    insights->push_back(std::move(insight));
  }

 private:
  struct JoinSide {
    JoinQueue queue;                     ///< Rows that have come and are not joined.
    JoinLog log;                         ///< Rows that are joined, and may be found by later ones of the other side.
    std::vector<uint32_t> leaving;       ///< Rows that nobody can find any more, still to be let go.
    int64_t keep = kWaitsForever;        ///< How much later than a row its last partner can come.
    EventMillis reached = kBeginOfTime;  ///< No row below this will come any more.
    bool ended = false;
    int64_t seen = 0;
  };
  static size_t Index(Side side) { return static_cast<size_t>(side); }
  EventMillis InQueue(Side side, EventMillis time) const {
    return side == Side::kRight ? Before(time, right_shift_) : time;
  }

  Status Take(Side side, const JoinRows& input) {
    const int64_t count = input.batch.num_rows();
    if (count == 0 || IsPointless(side)) return Status::OK();
    JoinSide& own = sides_[Index(side)];
    own.seen += count;
    JoinQueue::Rows rows;
    rows.first_number = pairs_.rows(side).end();
    VELO_RETURN_IF_ERROR(FindKeys(input, &rows));
    VELO_RETURN_IF_ERROR(FindTimes(side, input, &rows));
    own.queue.Add(std::move(rows));
    return pairs_.rows(side).Add(input.batch.columns);
  }

  // Makes values of our own what the span shows.
  static void Own(std::vector<int64_t> values, std::span<const int64_t>* span, std::shared_ptr<const void>* owner) {
    auto owned = std::make_shared<const std::vector<int64_t>>(std::move(values));
    *span = *owned;
    *owner = std::move(owned);
  }

  // Sets keys, and lone where a row has no key.
  Status FindKeys(const JoinRows& input, JoinQueue::Rows* rows) {
    const auto count = static_cast<size_t>(input.batch.num_rows());
    if (has_integer_key_) {
      const std::shared_ptr<arrow::Array>& keys = input.keys[0];
      if (keys->type_id() == arrow::Type::INT64) {
        rows->keys = {static_cast<const arrow::Int64Array&>(*keys).raw_values(), count};
        rows->keys_owner = keys;
      } else {
        std::vector<int64_t> values;
        ToIntegers(*keys, &values);
        Own(std::move(values), &rows->keys, &rows->keys_owner);
      }
      if (keys->null_count() > 0) rows->lone.resize(count);
      for (size_t i = 0; i < rows->lone.size(); ++i) rows->lone[i] = keys->IsNull(static_cast<int64_t>(i)) ? 1 : 0;
      return Status::OK();
    }
    key_ids_.resize(count);
    VELO_RETURN_IF_ERROR(keys_.Find(input.keys, input.batch.num_rows(), key_ids_.data()));
    Own({key_ids_.begin(), key_ids_.end()}, &rows->keys, &rows->keys_owner);
    if (std::find(key_ids_.begin(), key_ids_.end(), JoinKeys::kNoKey) == key_ids_.end()) return Status::OK();
    rows->lone.resize(count);
    for (size_t i = 0; i < count; ++i) rows->lone[i] = key_ids_[i] == JoinKeys::kNoKey ? 1 : 0;
    return Status::OK();
  }

  // Sets times, and lone where a row has no time to meet anybody. REQUIRES: FindKeys was called.
  Status FindTimes(Side side, const JoinRows& input, JoinQueue::Rows* rows) const {
    const auto count = static_cast<size_t>(input.batch.num_rows());
    if (input.times != nullptr) {
      rows->times = {input.times->raw_values(), count};
      rows->times_owner = input.times;
    } else {
      // Without times all rows are of one time, so that they come in order of arrival.
      Own(std::vector<int64_t>(count, 0), &rows->times, &rows->times_owner);
    }
    const int64_t lowest = *std::min_element(rows->times.begin(), rows->times.end());
    if (never_meet_ || lowest <= JoinInput::kNoTime) {
      rows->lone.resize(count, 0);
      for (size_t i = 0; i < count; ++i) {
        if (never_meet_ || rows->times[i] <= JoinInput::kNoTime) rows->lone[i] = 1;
      }
    }
    if (side == Side::kRight && right_shift_ != 0) {
      std::vector<int64_t> shifted(rows->times.begin(), rows->times.end());
      for (int64_t& time : shifted) time = Before(time, right_shift_);
      Own(std::move(shifted), &rows->times, &rows->times_owner);
    }
    const bool may_be_late = InQueue(side, lowest) < joined_to_;
    for (size_t i = 0; may_be_late && i < count; ++i) {
      const bool is_lone = !rows->lone.empty() && rows->lone[i] != 0;
      if (!is_lone && rows->times[i] < joined_to_) return TooLate();
    }
    return Status::OK();
  }

  // Whether rows of the side can change nothing, because the other side has none.
  bool IsPointless(Side side) const {
    const JoinSide& other = sides_[Index(OtherOf(side))];
    return other.ended && other.seen == 0 && !pairs_.is_outer(side);
  }

  // Joins all rows below the time that both sides have reached.
  Status Run(Output& out) {
    const EventMillis reached = std::min(sides_[0].reached, sides_[1].reached);
    if (reached <= joined_to_) return Status::OK();
    size_t left[2];
    for (size_t side = 0; side < 2; ++side) {
      JoinQueue& queue = sides_[side].queue;
      queue.Sort();
      left[side] = reached == kEndOfTime ? queue.size() : queue.CountBelow(reached);
    }
    joined_to_ = reached;
    while (left[0] + left[1] > 0 && !context_->IsCancelled()) {
      pairs_.FitFlags();
      VELO_RETURN_IF_ERROR(JoinStretch(left, out));
      EventMillis now = reached;
      for (size_t side = 0; side < 2; ++side) {
        if (left[side] > 0) now = std::min(now, sides_[side].queue.time(0));
      }
      Expire(now);
      if (sides_[0].leaving.size() + sides_[1].leaving.size() > kLeavingRows) VELO_RETURN_IF_ERROR(LetGo(out));
      VELO_RETURN_IF_ERROR(ForgetKeys());
    }
    Expire(reached);
    pairs_.FitFlags();
    VELO_RETURN_IF_ERROR(LetGo(out));
    const uint32_t numbers = std::max(pairs_.rows(Side::kLeft).end(), pairs_.rows(Side::kRight).end());
    return numbers < kRenumberAt ? Status::OK() : Renumber();
  }

  // Starts afresh with the rows that are still there.
  Status Renumber() {
    std::string state;
    VELO_RETURN_IF_ERROR(Save(&state));
    for (const Side side : {Side::kLeft, Side::kRight}) {
      sides_[Index(side)].queue = JoinQueue();
      sides_[Index(side)].log.Clear();
      pairs_.rows(side) = KeptRows(pairs_.rows(side).schema());
    }
    keys_.Clear();
    joined_to_ = kBeginOfTime;
    std::string_view in = state;
    return Load(&in);
  }

  static Status TooLate() {
    return Status::User("UNSUPPORTED", "A file has rows with earlier times than its statistics say.",
                        "The file may be damaged; write it again.");
  }

  // Joins some rows of both sides in order of time and takes them off `left`. At the same time the left comes first.
  // Most rows may find nobody, so all rows of the stretch are entered first, then looked up, a side at a time; only
  // those that may have partners are gone through one by one.
  Status JoinStretch(size_t (&left)[2], Output& out) {
    size_t taken[2];
    ChooseStretch(left, taken);
    for (const Side side : {Side::kLeft, Side::kRight}) Enter(side, taken[Index(side)]);
    size_t likely[2], at[2] = {0, 0};
    for (size_t side = 0; side < 2; ++side) {
      likely_[side].resize(taken[side]);
      likely[side] = sides_[1 - side].log.FindLikely(sides_[side].queue.keys(taken[side]), likely_[side].data());
    }
    while (at[0] < likely[0] || at[1] < likely[1]) {
      const bool is_left = at[1] == likely[1] || (at[0] < likely[0] && sides_[0].queue.time(likely_[0][at[0]]) <=
                                                                           sides_[1].queue.time(likely_[1][at[1]]));
      FindPartners(is_left ? Side::kLeft : Side::kRight, is_left ? likely_[0][at[0]++] : likely_[1][at[1]++]);
      if (pairs_.IsFull()) VELO_RETURN_IF_ERROR(pairs_.Flush(out));
    }
    for (size_t side = 0; side < 2; ++side) {
      sides_[side].queue.Drop(taken[side]);
      left[side] -= taken[side];
    }
    return Status::OK();
  }

  // How many rows of each side come before all others of both, a good number of them.
  void ChooseStretch(const size_t (&left)[2], size_t (&taken)[2]) const {
    for (size_t side = 0; side < 2; ++side) {
      taken[side] = std::min({left[side], kStretchRows, sides_[side].queue.together()});
    }
    if (taken[0] == 0 || taken[1] == 0) return;
    const auto lefts = sides_[0].queue.times(taken[0]), rights = sides_[1].queue.times(taken[1]);
    if (lefts.back() <= rights.back()) {
      taken[1] = static_cast<size_t>(std::lower_bound(rights.begin(), rights.end(), lefts.back()) - rights.begin());
    } else {
      taken[0] = static_cast<size_t>(std::upper_bound(lefts.begin(), lefts.end(), rights.back()) - lefts.begin());
    }
  }

  // Makes the first waiting rows known to those of the other side that come after them.
  void Enter(Side side, size_t count) {
    JoinSide& own = sides_[Index(side)];
    const JoinSide& other = sides_[Index(OtherOf(side))];
    if (!other.ended || !other.queue.empty()) return Keep(count, &own);
    const auto rows = own.queue.rows(count);
    own.leaving.insert(own.leaving.end(), rows.begin(), rows.end());
  }

  // Finds the partners of the i-th waiting row among those that came before it.
  void FindPartners(Side side, size_t i) {
    const JoinQueue& queue = sides_[Index(side)].queue;
    if (queue.is_lone(i)) return;
    const JoinSide& other = sides_[Index(OtherOf(side))];
    const bool first_is_enough = pairs_.is_semi() && side == Side::kLeft && !pairs_.has_residual();
    const bool skips_matched = pairs_.is_semi() && side == Side::kRight;
    const size_t before = pairs_.size();
    const uint32_t row = queue.row(i);
    const int64_t time = queue.time(i);
    other.log.VisitKey(queue.key(i), Before(time, other.keep), side == Side::kLeft ? time - 1 : time,
                       [&](uint32_t partner) {
                         if (skips_matched && (pairs_.FlagsOf(Side::kLeft, partner) & JoinPairs::kMatched) != 0) {
                           return true;
                         }
                         pairs_.Add(side, row, partner);
                         return !first_is_enough;
                       });
    if (pairs_.size() - before > 1) pairs_.ReverseFrom(before);  // In order of time.
  }

  // Puts the first waiting rows into the log. Lone ones stay there until their time is up where they go out alone.
  void Keep(size_t count, JoinSide* side) const {
    const JoinQueue& queue = side->queue;
    if (!queue.has_lone(count)) {
      return side->log.Append(queue.times(count), queue.keys(count), queue.rows(count));
    }
    const bool shows_lone = pairs_.is_outer(side == &sides_[0] ? Side::kLeft : Side::kRight);
    for (size_t i = 0; i < count; ++i) {
      const int64_t time = queue.time(i), key = queue.key(i);
      const uint32_t row = queue.row(i);
      if (!queue.is_lone(i)) {
        side->log.Append({&time, 1}, {&key, 1}, {&row, 1});
      } else if (shows_lone) {
        side->log.AppendLone(time, row);
      } else {
        side->leaving.push_back(row);
      }
    }
  }

  // Takes out of the logs what no row from `now` on can meet.
  void Expire(EventMillis now) {
    for (JoinSide& side : sides_) {
      if (now == kEndOfTime) {
        side.log.DropAll(&side.leaving);
      } else if (side.keep != kWaitsForever) {
        side.log.DropBelow(Before(now, side.keep), &side.leaving);
      }
    }
  }

  // Sends what is still to be said of the rows that leave, and forgets them.
  Status LetGo(Output& out) {
    VELO_RETURN_IF_ERROR(pairs_.Flush(out));
    for (const Side side : {Side::kLeft, Side::kRight}) {
      std::vector<uint32_t>& leaving = sides_[Index(side)].leaving;
      if (pairs_.is_outer(side)) {
        std::vector<uint32_t> unmatched;
        for (uint32_t row : leaving) {
          if ((pairs_.FlagsOf(side, row) & JoinPairs::kMatched) == 0) unmatched.push_back(row);
        }
        VELO_RETURN_IF_ERROR(pairs_.SendUnmatched(side, std::move(unmatched), out));
      }
      pairs_.rows(side).Release(leaving);
      leaving.clear();
    }
    return Status::OK();
  }

  // Forgets keys without rows once they are the greater part.
  Status ForgetKeys() {
    size_t rows = 0;
    for (const JoinSide& side : sides_) rows += side.queue.size() + side.log.size();
    if (has_integer_key_ || keys_.size() <= 2 * rows + kKeySlack) return Status::OK();
    keys_.Clear();
    for (const Side side : {Side::kLeft, Side::kRight}) {
      JoinSide& own = sides_[Index(side)];
      std::vector<uint32_t> numbers;
      for (uint32_t i = 0; i < own.log.size(); ++i) numbers.push_back(own.log.row(i));
      for (const uint32_t row : own.queue.AllRows()) numbers.push_back(row);
      if (numbers.empty()) continue;
      VELO_ASSIGN_OR_RETURN(const auto arrays, inputs_[Index(side)].Keys(pairs_.rows(side), numbers));
      std::vector<uint32_t> ids(numbers.size());
      VELO_RETURN_IF_ERROR(keys_.Find(arrays, std::ssize(numbers), ids.data()));
      own.log.Rekey(std::span(ids).first(own.log.size()));
      own.queue.Rekey(std::span(ids).subspan(own.log.size()));
    }
    return Status::OK();
  }

  const std::shared_ptr<const JoinNode> node_;
  LaneContext* const context_;
  const JoinInput inputs_[2];
  JoinKeys keys_;
  const bool has_integer_key_;  ///< Its values are the keys; else they are numbers that keys_ gives.
  JoinPairs pairs_;
  JoinSide sides_[2];
  int64_t right_shift_ = 0;  ///< Times of the right are less by this in queue and log.
  bool never_meet_ = false;
  EventMillis joined_to_ = kBeginOfTime;
  std::vector<uint32_t> key_ids_;  ///< Scratch, per row of a batch.
  // Scratch, of a stretch: positions in the queues.
  std::vector<uint32_t> likely_[2];
};

}  // namespace

std::unique_ptr<TwoInputOperator> MakeCompleteIntervalJoin(IntervalJoinSettings settings, LaneContext* context) {
  return std::make_unique<CompleteIntervalJoin>(std::move(settings), context);
}

}  // namespace velo::exec
