#include "engine/exec/interval_join_state.h"

#include <numeric>

#include "engine/exec/key_evaluation.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

// Below this many, rows and keys that are no longer needed are not worth a clean-up.
constexpr int64_t kCleanupSlack = 65536;
// Row numbers are 32 bits; long before they run out the rows are numbered afresh.
constexpr uint32_t kRenumberAt = 0xF0000000;

int64_t Add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? INT64_MIN : INT64_MAX;
}

// Rows with a time below this have waited for `delay`.
int64_t CutoffOf(EventMillis watermark, int64_t delay) {
  if (watermark == kEndOfTime) return INT64_MAX;
  if (delay == JoinDelays::kForever || watermark == kBeginOfTime) return INT64_MIN;
  return Add(watermark, -delay);
}

// A queue looks through at most one stretch in vain, so a row is looked at a few times at most while it waits.
int64_t StretchOf(int64_t delay) {
  return delay == JoinDelays::kForever ? 3'600'000 : std::max<int64_t>(1, delay / 32);
}

bool IsOuter(sql::JoinKind kind, Side side) {
  return kind == sql::JoinKind::kFull || kind == (side == Side::kLeft ? sql::JoinKind::kLeft : sql::JoinKind::kRight);
}

}  // namespace

IntervalJoinState::IntervalJoinState(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted,
                                     const JoinDelays& delays, LaneContext* context)
    : node_(std::move(node)),
      delays_(delays),
      context_(context),
      output_(node_, std::move(wanted), context),
      is_semi_(node_->join == sql::JoinKind::kLeftSemi),
      needs_matched_(is_semi_ || IsOuter(node_->join, Side::kLeft) || IsOuter(node_->join, Side::kRight)),
      keys_(KeyTypes(node_->left_keys)),
      sides_{SideState(node_->inputs[0]->output.ToArrow(), StretchOf(delays.until_dropped[0])),
             SideState(node_->inputs[1]->output.ToArrow(), StretchOf(delays.until_dropped[1]))} {
  for (const Side side : {Side::kLeft, Side::kRight}) sides_[Index(side)].is_outer = IsOuter(node_->join, side);
}

void IntervalJoinState::FitFlags(SideState* side) {
  const uint32_t gone = side->rows.begin() - side->first_flag;
  if (gone > side->flags.size() / 2 && gone > kCleanupSlack) {
    side->flags.erase(side->flags.begin(),
                      side->flags.begin() + std::min<std::ptrdiff_t>(gone, std::ssize(side->flags)));
    side->first_flag = side->rows.begin();
  }
  side->flags.resize(side->rows.end() - side->first_flag, 0);
}

Status IntervalJoinState::Match(Side side, const Arrivals& arrivals, Output& out) {
  FitFlags(&sides_[0]);
  FitFlags(&sides_[1]);
  SideState& other = sides_[Index(OtherOf(side))];
  std::vector<uint32_t>& own_rows = pair_rows_[Index(side)];
  std::vector<uint32_t>& other_rows = pair_rows_[Index(OtherOf(side))];
  const int64_t lower = node_->bound.has_value() ? node_->bound->lower_ms : 0;
  const int64_t upper = node_->bound.has_value() ? node_->bound->upper_ms : 0;
  const bool first_is_enough = is_semi_ && side == Side::kLeft && node_->residual == nullptr;
  const bool skips_matched = is_semi_ && side == Side::kRight;
  for (size_t i = 0; i < arrivals.rows.size(); ++i) {
    if (arrivals.keys[i] == JoinKeys::kNoKey) continue;
    const int64_t time = arrivals.times[i];
    int64_t from = INT64_MIN, to = INT64_MAX;
    if (node_->bound.has_value()) {
      from = side == Side::kLeft ? Add(time, lower) : Add(time, -upper);
      to = side == Side::kLeft ? Add(time, upper) : Add(time, -lower);
    }
    for (const TimedRow& partner : other.runs.Window(arrivals.keys[i], from, to)) {
      if (skips_matched && (FlagsOf(&other, partner.row) & kMatched) != 0) continue;
      own_rows.push_back(arrivals.rows[i]);
      other_rows.push_back(partner.row);
      if (first_is_enough) break;
      if (static_cast<int64_t>(own_rows.size()) >= context_->batch_rows) VELO_RETURN_IF_ERROR(Flush(out));
    }
  }
  return Status::OK();
}

// Notes who has found a partner; of a semi join's pairs only the first of each left row stays.
void IntervalJoinState::MarkMatched() {
  if (!needs_matched_) return;
  if (!is_semi_) {
    for (size_t side = 0; side < 2; ++side) {
      if (!sides_[side].is_outer) continue;
      for (uint32_t row : pair_rows_[side]) FlagsOf(&sides_[side], row) |= kMatched;
    }
    return;
  }
  size_t kept = 0;
  for (size_t i = 0; i < pair_rows_[0].size(); ++i) {
    uint8_t& flags = FlagsOf(&sides_[0], pair_rows_[0][i]);
    if ((flags & kMatched) != 0) continue;
    flags |= kMatched;
    pair_rows_[0][kept] = pair_rows_[0][i];
    pair_rows_[1][kept++] = pair_rows_[1][i];
  }
  pair_rows_[0].resize(kept);
  pair_rows_[1].resize(kept);
}

Status IntervalJoinState::Flush(Output& out) {
  if (pair_rows_[0].empty()) return Status::OK();
  VELO_RETURN_IF_ERROR(output_.KeepMatching(sides_[0].rows, sides_[1].rows, &pair_rows_[0], &pair_rows_[1]));
  MarkMatched();
  if (pair_rows_[0].empty()) return Status::OK();
  matches_ += std::ssize(pair_rows_[0]);
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> joined,
                        output_.Pairs(sides_[0].rows, sides_[1].rows, pair_rows_[0], pair_rows_[1]));
  pair_rows_[0].clear();
  pair_rows_[1].clear();
  return out.Emit({std::move(joined), {}});
}

// Makes a row findable, and lets it wait.
void IntervalJoinState::Place(SideState* side, const ExpiryQueue::Entry& entry) {
  if (entry.key != JoinKeys::kNoKey) side->runs.Insert(entry.key, {entry.time, entry.row});
  side->keep_queue.Add(entry);
  if (side->is_outer && (FlagsOf(side, entry.row) & (kMatched | kSent)) == 0) side->send_queue.Add(entry);
  ++side->kept;
}

void IntervalJoinState::DropOne(SideState* side, uint32_t row) {
  FlagsOf(side, row) |= kGone;
  side->rows.Release(row);
}

Status IntervalJoinState::Keep(Side which, const Arrivals& arrivals, Output& out) {
  SideState& side = sides_[Index(which)];
  const int64_t cutoff = CutoffOf(watermark_, delays_.until_dropped[Index(which)]);
  const bool has_expired =
      std::any_of(arrivals.times.begin(), arrivals.times.end(), [cutoff](int64_t time) { return time < cutoff; });
  // What leaves at once must not be in pairs that are still to be made.
  if (has_expired || is_semi_ || node_->max_rows > 0 || node_->max_rows_per_key > 0) VELO_RETURN_IF_ERROR(Flush(out));
  std::vector<uint32_t> unmatched, dropped;
  for (size_t i = 0; i < arrivals.rows.size(); ++i) {
    const uint32_t row = arrivals.rows[i];
    const bool is_matched = (FlagsOf(&side, row) & kMatched) != 0;
    if (arrivals.times[i] < cutoff) {
      if (side.is_outer && !is_matched) unmatched.push_back(row);
      dropped.push_back(row);
    } else if (!side.is_outer && (arrivals.keys[i] == JoinKeys::kNoKey || (is_semi_ && is_matched))) {
      dropped.push_back(row);
    } else {
      Place(&side, {arrivals.times[i], row, arrivals.keys[i]});
    }
  }
  VELO_RETURN_IF_ERROR(SendUnmatched(which, std::move(unmatched), out));
  for (uint32_t row : dropped) DropOne(&side, row);
  return EnforceLimits(which, arrivals, out);
}

Status IntervalJoinState::EnforceLimits(Side which, const Arrivals& arrivals, Output& out) {
  SideState& side = sides_[Index(which)];
  std::vector<uint32_t> unmatched, dropped;
  const auto evict = [&](uint32_t row) {
    if (side.is_outer && (FlagsOf(&side, row) & (kMatched | kSent)) == 0) {
      FlagsOf(&side, row) |= kSent;
      unmatched.push_back(row);
    }
    FlagsOf(&side, row) |= kGone;
    dropped.push_back(row);
    --side.kept;
    ++evicted_;
  };
  for (size_t i = 0; node_->max_rows_per_key > 0 && i < arrivals.keys.size(); ++i) {
    while (side.runs.CountOf(arrivals.keys[i]) > node_->max_rows_per_key) {
      evict(side.runs.PopFirst(arrivals.keys[i]).row);
    }
  }
  ExpiryQueue::Entry oldest;
  while (node_->max_rows > 0 && side.kept > node_->max_rows && side.keep_queue.TakeFirst(&oldest)) {
    if ((FlagsOf(&side, oldest.row) & kGone) != 0) continue;
    side.runs.Remove(oldest.key, {oldest.time, oldest.row});
    evict(oldest.row);
  }
  VELO_RETURN_IF_ERROR(SendUnmatched(which, std::move(unmatched), out));
  for (uint32_t row : dropped) side.rows.Release(row);
  return Status::OK();
}

Status IntervalJoinState::SendUnmatched(Side side, std::vector<uint32_t> rows, Output& out) {
  std::sort(rows.begin(), rows.end());
  const auto chunk = static_cast<size_t>(context_->batch_rows);
  for (size_t from = 0; from < rows.size() && !context_->IsCancelled(); from += chunk) {
    const auto part = std::span(rows).subspan(from, std::min(chunk, rows.size() - from));
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> batch,
                          output_.Unmatched(side, sides_[Index(side)].rows, part));
    VELO_RETURN_IF_ERROR(out.Emit({std::move(batch), {}}));
  }
  return Status::OK();
}

bool IntervalJoinState::IsOverdue(Side side, int64_t time) const {
  return time < CutoffOf(watermark_, delays_.until_unmatched[Index(side)]);
}

Status IntervalJoinState::Expire(EventMillis watermark, Output& out) {
  VELO_RETURN_IF_ERROR(Flush(out));
  watermark_ = watermark;
  std::vector<ExpiryQueue::Entry> entries;
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    if (!side.is_outer) continue;
    entries.clear();
    side.send_queue.TakeBefore(CutoffOf(watermark, delays_.until_unmatched[Index(which)]), &entries);
    std::vector<uint32_t> unmatched;
    for (const ExpiryQueue::Entry& entry : entries) {
      // A row that was dropped may have taken its flags with it.
      if (entry.row < side.first_flag) continue;
      uint8_t& flags = FlagsOf(&side, entry.row);
      if ((flags & (kMatched | kSent | kGone)) != 0) continue;
      flags |= kSent;
      unmatched.push_back(entry.row);
    }
    VELO_RETURN_IF_ERROR(SendUnmatched(which, std::move(unmatched), out));
  }
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    const int64_t cutoff = CutoffOf(watermark, delays_.until_dropped[Index(which)]);
    entries.clear();
    side.keep_queue.TakeBefore(cutoff, &entries);
    for (const ExpiryQueue::Entry& entry : entries) {
      if (entry.row < side.first_flag || (FlagsOf(&side, entry.row) & kGone) != 0) continue;
      if (entry.key != JoinKeys::kNoKey) side.runs.DropBefore(entry.key, cutoff);
      DropOne(&side, entry.row);
      --side.kept;
    }
  }
  return Status::OK();
}

int64_t IntervalJoinState::MemoryBytes() const {
  int64_t bytes = keys_.MemoryBytes();
  for (const SideState& side : sides_) {
    bytes += side.rows.MemoryBytes() + side.runs.MemoryBytes() + side.keep_queue.MemoryBytes() +
             side.send_queue.MemoryBytes() + static_cast<int64_t>(side.flags.capacity());
  }
  return bytes;
}

Status IntervalJoinState::ForgetKeys(const KeysOf& keys_of) {
  if (keys_.size() <= 2 * (sides_[0].kept + sides_[1].kept) + kCleanupSlack) return Status::OK();
  keys_.Clear();
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    std::vector<ExpiryQueue::Entry> entries = side.keep_queue.ByArrival();
    std::erase_if(entries, [&](const ExpiryQueue::Entry& entry) {
      return entry.row < side.first_flag || (FlagsOf(&side, entry.row) & kGone) != 0;
    });
    std::vector<uint32_t> rows;
    for (const ExpiryQueue::Entry& entry : entries) rows.push_back(entry.row);
    side.runs.Clear();
    side.keep_queue.Clear();
    if (rows.empty()) continue;
    VELO_ASSIGN_OR_RETURN(const auto arrays, keys_of(which, rows));
    std::vector<uint32_t> ids(rows.size());
    VELO_RETURN_IF_ERROR(keys_.Find(arrays, std::ssize(rows), ids.data()));
    for (size_t i = 0; i < entries.size(); ++i) {
      if (ids[i] != JoinKeys::kNoKey) side.runs.Insert(ids[i], {entries[i].time, entries[i].row});
      side.keep_queue.Add({entries[i].time, entries[i].row, ids[i]});
    }
  }
  return Status::OK();
}

Status IntervalJoinState::Compact() {
  for (SideState& side : sides_) VELO_RETURN_IF_ERROR(CompactSide(&side));
  return Status::OK();
}

Status IntervalJoinState::CompactSide(SideState* side) {
  const bool is_wasteful = side->rows.held() > 2 * side->rows.live() + kCleanupSlack;
  if (!is_wasteful && side->rows.end() < kRenumberAt) return Status::OK();
  std::vector<ExpiryQueue::Entry> entries = side->keep_queue.ByArrival();
  std::erase_if(entries, [&](const ExpiryQueue::Entry& entry) {
    return entry.row < side->first_flag || (FlagsOf(side, entry.row) & kGone) != 0;
  });
  std::vector<uint32_t> rows;
  std::vector<uint8_t> flags;
  for (const ExpiryQueue::Entry& entry : entries) {
    rows.push_back(entry.row);
    flags.push_back(FlagsOf(side, entry.row));
  }
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> columns, side->rows.TakeAll(rows));
  side->rows = KeptRows(side->rows.schema());
  VELO_RETURN_IF_ERROR(side->rows.Add(std::move(columns)));
  side->flags = std::move(flags);
  side->first_flag = 0;
  side->runs.Clear();
  side->keep_queue.Clear();
  side->send_queue.Clear();
  side->kept = 0;
  for (uint32_t row = 0; row < entries.size(); ++row) Place(side, {entries[row].time, row, entries[row].key});
  return Status::OK();
}

Status IntervalJoinState::Save(std::string* out) const {
  PutInteger(watermark_, out);
  PutInteger(matches_, out);
  PutInteger(evicted_, out);
  for (const SideState& side : sides_) {
    std::vector<uint32_t> rows;
    std::string times, flags;
    for (const ExpiryQueue::Entry& entry : side.keep_queue.ByArrival()) {
      if (entry.row < side.first_flag) continue;
      const uint8_t own = side.flags[entry.row - side.first_flag];
      if ((own & kGone) != 0) continue;
      rows.push_back(entry.row);
      flags.push_back(static_cast<char>(own));
      PutInteger(entry.time, &times);
    }
    PutText(times, out);
    PutText(flags, out);
    if (rows.empty()) continue;
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, side.rows.TakeAll(rows));
    VELO_RETURN_IF_ERROR(PutBatch(*columns, out));
  }
  return Status::OK();
}

Status IntervalJoinState::Load(std::string_view* in, const KeysOf& keys_of) {
  VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(matches_, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(evicted_, TakeInteger(in));
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    VELO_ASSIGN_OR_RETURN(std::string_view times, TakeText(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view flags, TakeText(in));
    if (flags.empty()) continue;
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> columns, TakeBatch(in));
    const auto count = static_cast<uint32_t>(flags.size());
    VELO_RETURN_IF_ERROR(side.rows.Add(arrow::RecordBatch::Make(side.rows.schema(), count, columns->columns())));
    side.flags.assign(flags.begin(), flags.end());
    std::vector<uint32_t> rows(count), ids(count);
    std::iota(rows.begin(), rows.end(), 0U);
    VELO_ASSIGN_OR_RETURN(const auto arrays, keys_of(which, rows));
    VELO_RETURN_IF_ERROR(keys_.Find(arrays, count, ids.data()));
    for (uint32_t row = 0; row < count; ++row) {
      VELO_ASSIGN_OR_RETURN(const int64_t time, TakeInteger(&times));
      Place(&side, {time, row, ids[row]});
    }
  }
  return Status::OK();
}

}  // namespace velo::exec
