#include "engine/exec/join_pairs.h"

#include <algorithm>

namespace velo::exec {

namespace {

// Flags of fewer rows that are gone are not worth a clean-up.
constexpr uint32_t kFlagSlack = 65536;

bool IsOuter(sql::JoinKind kind, Side side) {
  return kind == sql::JoinKind::kFull || kind == (side == Side::kLeft ? sql::JoinKind::kLeft : sql::JoinKind::kRight);
}

}  // namespace

JoinPairs::JoinPairs(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted, LaneContext* context)
    : node_(std::move(node)),
      context_(context),
      output_(node_, std::move(wanted), context),
      is_semi_(node_->join == sql::JoinKind::kLeftSemi),
      sides_{SideRows(node_->inputs[0]->output.ToArrow()), SideRows(node_->inputs[1]->output.ToArrow())} {
  for (const Side side : {Side::kLeft, Side::kRight}) sides_[Index(side)].is_outer = IsOuter(node_->join, side);
}

void JoinPairs::FitFlags() {
  for (SideRows& side : sides_) {
    const uint32_t gone = side.rows.begin() - side.first_flag;
    if (gone > side.flags.size() / 2 && gone > kFlagSlack) {
      side.flags.erase(side.flags.begin(), side.flags.begin() + std::min<std::ptrdiff_t>(gone, std::ssize(side.flags)));
      side.first_flag = side.rows.begin();
    }
    side.flags.resize(side.rows.end() - side.first_flag, 0);
  }
}

void JoinPairs::RestoreFlags(Side side, std::vector<uint8_t> flags) {
  sides_[Index(side)].flags = std::move(flags);
  sides_[Index(side)].first_flag = 0;
}

// Notes who has found a partner; of a semi join's pairs only the first of each left row stays.
void JoinPairs::MarkMatched() {
  if (!is_semi_) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (!is_outer(side)) continue;
      for (uint32_t row : pairs_[Index(side)]) FlagsOf(side, row) |= kMatched;
    }
    return;
  }
  size_t kept = 0;
  for (size_t i = 0; i < pairs_[0].size(); ++i) {
    uint8_t& flags = FlagsOf(Side::kLeft, pairs_[0][i]);
    if ((flags & kMatched) != 0) continue;
    flags |= kMatched;
    pairs_[0][kept] = pairs_[0][i];
    pairs_[1][kept++] = pairs_[1][i];
  }
  pairs_[0].resize(kept);
  pairs_[1].resize(kept);
}

Status JoinPairs::Flush(Output& out) {
  if (pairs_[0].empty()) return Status::OK();
  const KeptRows &left = sides_[0].rows, &right = sides_[1].rows;
  VELO_RETURN_IF_ERROR(output_.KeepMatching(left, right, &pairs_[0], &pairs_[1]));
  MarkMatched();
  if (pairs_[0].empty()) return Status::OK();
  matches_ += std::ssize(pairs_[0]);
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> joined, output_.Pairs(left, right, pairs_[0], pairs_[1]));
  pairs_[0].clear();
  pairs_[1].clear();
  return out.Emit({std::move(joined), {}});
}

Status JoinPairs::SendUnmatched(Side side, std::vector<uint32_t> rows, Output& out) {
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

int64_t JoinPairs::MemoryBytes() const {
  int64_t bytes = 0;
  for (const SideRows& side : sides_) bytes += side.rows.MemoryBytes() + static_cast<int64_t>(side.flags.capacity());
  return bytes;
}

}  // namespace velo::exec
