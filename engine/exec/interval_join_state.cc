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
  if (delay == kWaitsForever || watermark == kBeginOfTime) return INT64_MIN;
  return Add(watermark, -delay);
}

// A queue looks through at most one stretch in vain, so a row is looked at a few times at most while it waits.
int64_t StretchOf(int64_t delay) { return delay == kWaitsForever ? 3'600'000 : std::max<int64_t>(1, delay / 32); }

}  // namespace

IntervalJoinState::IntervalJoinState(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted,
                                     const JoinDelays& delays, LaneContext* context)
    : node_(std::move(node)),
      delays_(delays),
      context_(context),
      keys_(KeyTypes(node_->left_keys)),
      pairs_(node_, std::move(wanted), context),
      sides_{SideState(StretchOf(delays.until_dropped[0])), SideState(StretchOf(delays.until_dropped[1]))} {}

Status IntervalJoinState::Match(Side side, const Arrivals& arrivals, Output& out) {
  pairs_.FitFlags();
  const Side other = OtherOf(side);
  const int64_t lower = node_->bound.has_value() ? node_->bound->lower_ms : 0;
  const int64_t upper = node_->bound.has_value() ? node_->bound->upper_ms : 0;
  const bool first_is_enough = pairs_.is_semi() && side == Side::kLeft && !pairs_.has_residual();
  const bool skips_matched = pairs_.is_semi() && side == Side::kRight;
  for (size_t i = 0; i < arrivals.rows.size(); ++i) {
    if (arrivals.keys[i] == JoinKeys::kNoKey) continue;
    const int64_t time = arrivals.times[i];
    int64_t from = INT64_MIN, to = INT64_MAX;
    if (node_->bound.has_value()) {
      from = side == Side::kLeft ? Add(time, lower) : Add(time, -upper);
      to = side == Side::kLeft ? Add(time, upper) : Add(time, -lower);
    }
    for (const TimedRow& partner : sides_[Index(other)].runs.Window(arrivals.keys[i], from, to)) {
      if (skips_matched && (pairs_.FlagsOf(other, partner.row) & JoinPairs::kMatched) != 0) continue;
      pairs_.Add(side, arrivals.rows[i], partner.row);
      if (first_is_enough) break;
      if (pairs_.IsFull()) VELO_RETURN_IF_ERROR(Flush(out));
    }
  }
  return Status::OK();
}

// Makes a row findable, and lets it wait.
void IntervalJoinState::Place(Side which, const ExpiryQueue::Entry& entry) {
  SideState& side = sides_[Index(which)];
  if (entry.key != JoinKeys::kNoKey) side.runs.Insert(entry.key, {entry.time, entry.row});
  side.keep_queue.Add(entry);
  const bool has_gone_out = (pairs_.FlagsOf(which, entry.row) & (JoinPairs::kMatched | JoinPairs::kSent)) != 0;
  if (pairs_.is_outer(which) && !has_gone_out) side.send_queue.Add(entry);
  ++side.kept;
}

void IntervalJoinState::DropOne(Side side, uint32_t row) {
  pairs_.FlagsOf(side, row) |= JoinPairs::kGone;
  rows(side).Release(row);
}

// A row that was dropped may have taken its flags with it.
bool IntervalJoinState::HasGone(Side side, uint32_t row) const {
  return pairs_.IsForgotten(side, row) || (pairs_.FlagsOf(side, row) & JoinPairs::kGone) != 0;
}

Status IntervalJoinState::Keep(Side which, const Arrivals& arrivals, Output& out) {
  const int64_t cutoff = CutoffOf(watermark_, delays_.until_dropped[Index(which)]);
  const bool has_expired =
      std::any_of(arrivals.times.begin(), arrivals.times.end(), [cutoff](int64_t time) { return time < cutoff; });
  // What leaves at once must not be in pairs that are still to be made.
  if (has_expired || pairs_.is_semi() || node_->max_rows > 0 || node_->max_rows_per_key > 0) {
    VELO_RETURN_IF_ERROR(Flush(out));
  }
  const bool is_outer = pairs_.is_outer(which);
  std::vector<uint32_t> unmatched, dropped;
  for (size_t i = 0; i < arrivals.rows.size(); ++i) {
    const uint32_t row = arrivals.rows[i];
    const bool is_matched = (pairs_.FlagsOf(which, row) & JoinPairs::kMatched) != 0;
    if (arrivals.times[i] < cutoff) {
      if (is_outer && !is_matched) unmatched.push_back(row);
      dropped.push_back(row);
    } else if (!is_outer && (arrivals.keys[i] == JoinKeys::kNoKey || (pairs_.is_semi() && is_matched))) {
      dropped.push_back(row);
    } else {
      Place(which, {arrivals.times[i], row, arrivals.keys[i]});
    }
  }
  VELO_RETURN_IF_ERROR(pairs_.SendUnmatched(which, std::move(unmatched), out));
  for (uint32_t row : dropped) DropOne(which, row);
  return EnforceLimits(which, arrivals, out);
}

Status IntervalJoinState::EnforceLimits(Side which, const Arrivals& arrivals, Output& out) {
  SideState& side = sides_[Index(which)];
  std::vector<uint32_t> unmatched, dropped;
  const auto evict = [&](uint32_t row) {
    uint8_t& flags = pairs_.FlagsOf(which, row);
    if (pairs_.is_outer(which) && (flags & (JoinPairs::kMatched | JoinPairs::kSent)) == 0) {
      flags |= JoinPairs::kSent;
      unmatched.push_back(row);
    }
    flags |= JoinPairs::kGone;
    dropped.push_back(row);
    --side.kept;
  };
  for (size_t i = 0; node_->max_rows_per_key > 0 && i < arrivals.keys.size(); ++i) {
    while (side.runs.CountOf(arrivals.keys[i]) > node_->max_rows_per_key) {
      evict(side.runs.PopFirst(arrivals.keys[i]).row);
    }
  }
  const auto of_keys = std::ssize(dropped);
  ExpiryQueue::Entry oldest;
  while (node_->max_rows > 0 && side.kept > node_->max_rows && side.keep_queue.TakeFirst(&oldest)) {
    if (HasGone(which, oldest.row)) continue;
    side.runs.Remove(oldest.key, {oldest.time, oldest.row});
    evict(oldest.row);
  }
  WarnOfEviction(of_keys, "rows of a key (join.max_records)", node_->max_rows_per_key);
  WarnOfEviction(std::ssize(dropped) - of_keys, "rows of a side of a join (join.max_records_total)", node_->max_rows);
  VELO_RETURN_IF_ERROR(pairs_.SendUnmatched(which, std::move(unmatched), out));
  for (uint32_t row : dropped) rows(which).Release(row);
  return Status::OK();
}

void IntervalJoinState::WarnOfEviction(int64_t rows, std::string_view what, int64_t limit) {
  evicted_ += rows;
  if (rows == 0 || context_->warnings == nullptr) return;
  context_->warnings->Add("W4301", fmt::format("the limit of {} {} is reached; the oldest are forgotten", limit, what),
                          rows);
}

bool IntervalJoinState::IsOverdue(Side side, int64_t time) const {
  return time < CutoffOf(watermark_, delays_.until_unmatched[Index(side)]);
}

Status IntervalJoinState::Expire(EventMillis watermark, Output& out) {
  VELO_RETURN_IF_ERROR(Flush(out));
  watermark_ = watermark;
  std::vector<ExpiryQueue::Entry> entries;
  for (const Side which : {Side::kLeft, Side::kRight}) {
    if (!pairs_.is_outer(which)) continue;
    entries.clear();
    sides_[Index(which)].send_queue.TakeBefore(CutoffOf(watermark, delays_.until_unmatched[Index(which)]), &entries);
    std::vector<uint32_t> unmatched;
    for (const ExpiryQueue::Entry& entry : entries) {
      if (HasGone(which, entry.row)) continue;
      uint8_t& flags = pairs_.FlagsOf(which, entry.row);
      if ((flags & (JoinPairs::kMatched | JoinPairs::kSent)) != 0) continue;
      flags |= JoinPairs::kSent;
      unmatched.push_back(entry.row);
    }
    VELO_RETURN_IF_ERROR(pairs_.SendUnmatched(which, std::move(unmatched), out));
  }
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    const int64_t cutoff = CutoffOf(watermark, delays_.until_dropped[Index(which)]);
    entries.clear();
    side.keep_queue.TakeBefore(cutoff, &entries);
    for (const ExpiryQueue::Entry& entry : entries) {
      if (HasGone(which, entry.row)) continue;
      if (entry.key != JoinKeys::kNoKey) side.runs.DropBefore(entry.key, cutoff);
      DropOne(which, entry.row);
      --side.kept;
    }
  }
  return Status::OK();
}

int64_t IntervalJoinState::MemoryBytes() const {
  int64_t bytes = keys_.MemoryBytes() + pairs_.MemoryBytes();
  for (const SideState& side : sides_) {
    bytes += side.runs.MemoryBytes() + side.keep_queue.MemoryBytes() + side.send_queue.MemoryBytes();
  }
  return bytes;
}

Status IntervalJoinState::ForgetKeys(const KeysOf& keys_of) {
  if (keys_.size() <= 2 * (sides_[0].kept + sides_[1].kept) + kCleanupSlack) return Status::OK();
  keys_.Clear();
  for (const Side which : {Side::kLeft, Side::kRight}) {
    SideState& side = sides_[Index(which)];
    std::vector<ExpiryQueue::Entry> entries = side.keep_queue.ByArrival();
    std::erase_if(entries, [&](const ExpiryQueue::Entry& entry) { return HasGone(which, entry.row); });
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
  VELO_RETURN_IF_ERROR(CompactSide(Side::kLeft));
  return CompactSide(Side::kRight);
}

Status IntervalJoinState::CompactSide(Side which) {
  SideState& side = sides_[Index(which)];
  KeptRows& kept = rows(which);
  const bool is_wasteful = kept.held() > 2 * kept.live() + kCleanupSlack;
  if (!is_wasteful && kept.end() < kRenumberAt) return Status::OK();
  std::vector<ExpiryQueue::Entry> entries = side.keep_queue.ByArrival();
  std::erase_if(entries, [&](const ExpiryQueue::Entry& entry) { return HasGone(which, entry.row); });
  std::vector<uint32_t> rows;
  std::vector<uint8_t> flags;
  for (const ExpiryQueue::Entry& entry : entries) {
    rows.push_back(entry.row);
    flags.push_back(pairs_.FlagsOf(which, entry.row));
  }
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> columns, kept.TakeAll(rows));
  kept = KeptRows(kept.schema());
  VELO_RETURN_IF_ERROR(kept.Add(std::move(columns)));
  pairs_.RestoreFlags(which, std::move(flags));
  side.runs.Clear();
  side.keep_queue.Clear();
  side.send_queue.Clear();
  side.kept = 0;
  for (uint32_t row = 0; row < entries.size(); ++row) Place(which, {entries[row].time, row, entries[row].key});
  return Status::OK();
}

Status IntervalJoinState::Save(std::string* out) const {
  PutInteger(watermark_, out);
  PutInteger(pairs_.matches(), out);
  PutInteger(evicted_, out);
  for (const Side which : {Side::kLeft, Side::kRight}) {
    std::vector<uint32_t> numbers;
    std::string times, flags;
    for (const ExpiryQueue::Entry& entry : sides_[Index(which)].keep_queue.ByArrival()) {
      if (HasGone(which, entry.row)) continue;
      numbers.push_back(entry.row);
      flags.push_back(static_cast<char>(pairs_.FlagsOf(which, entry.row)));
      PutInteger(entry.time, &times);
    }
    PutText(times, out);
    PutText(flags, out);
    if (numbers.empty()) continue;
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, rows(which).TakeAll(numbers));
    VELO_RETURN_IF_ERROR(PutBatch(*columns, out));
  }
  return Status::OK();
}

Status IntervalJoinState::Load(std::string_view* in, const KeysOf& keys_of) {
  VELO_ASSIGN_OR_RETURN(watermark_, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const int64_t matches, TakeInteger(in));
  pairs_.RestoreMatches(matches);
  VELO_ASSIGN_OR_RETURN(evicted_, TakeInteger(in));
  for (const Side which : {Side::kLeft, Side::kRight}) {
    VELO_ASSIGN_OR_RETURN(std::string_view times, TakeText(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view flags, TakeText(in));
    if (flags.empty()) continue;
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> columns, TakeBatch(in));
    const auto count = static_cast<uint32_t>(flags.size());
    KeptRows& kept = rows(which);
    VELO_RETURN_IF_ERROR(kept.Add(arrow::RecordBatch::Make(kept.schema(), count, columns->columns())));
    pairs_.RestoreFlags(which, {flags.begin(), flags.end()});
    std::vector<uint32_t> numbers(count), ids(count);
    std::iota(numbers.begin(), numbers.end(), 0U);
    VELO_ASSIGN_OR_RETURN(const auto arrays, keys_of(which, numbers));
    VELO_RETURN_IF_ERROR(keys_.Find(arrays, count, ids.data()));
    for (uint32_t row = 0; row < count; ++row) {
      VELO_ASSIGN_OR_RETURN(const int64_t time, TakeInteger(&times));
      Place(which, {time, row, ids[row]});
    }
  }
  return Status::OK();
}

}  // namespace velo::exec
