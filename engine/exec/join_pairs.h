#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/exec/join_output.h"
#include "engine/exec/kept_rows.h"
#include "engine/exec/operator.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::exec {

constexpr Side OtherOf(Side side) { return side == Side::kLeft ? Side::kRight : Side::kLeft; }

/// The rows of both sides of an interval join, the pairs found among them on their way out, and which rows have found a
/// partner. Who meets whom is decided by its owner. Not thread safe.
class JoinPairs {
 public:
  enum Flag : uint8_t { kMatched = 1, kSent = 2, kGone = 4 };

  /// `wanted`: as for JoinOutput.
  JoinPairs(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted, LaneContext* context);

  KeptRows& rows(Side side) { return sides_[Index(side)].rows; }
  const KeptRows& rows(Side side) const { return sides_[Index(side)].rows; }
  /// Rows of the side go out with NULLs when they find nobody.
  bool is_outer(Side side) const { return sides_[Index(side)].is_outer; }
  /// A row of the left goes out once, with its first partner.
  bool is_semi() const { return is_semi_; }
  bool has_residual() const { return node_->residual != nullptr; }

  /// Makes room for the flags of all rows that are kept now, and lets go of those of rows that are not.
  void FitFlags();
  /// Of a row that is kept. REQUIRES: FitFlags was called after the row was added.
  uint8_t& FlagsOf(Side side, uint32_t row) { return sides_[Index(side)].flags[row - sides_[Index(side)].first_flag]; }
  uint8_t FlagsOf(Side side, uint32_t row) const {
    return sides_[Index(side)].flags[row - sides_[Index(side)].first_flag];
  }
  /// Whether the row left so long ago that even its flags are gone.
  bool IsForgotten(Side side, uint32_t row) const { return row < sides_[Index(side)].first_flag; }
  /// Flags are those of all rows that are kept, from the first on.
  void RestoreFlags(Side side, std::vector<uint8_t> flags);

  /// Notes a pair: a row of `side` and one of the other side. It goes out with the next Flush.
  void Add(Side side, uint32_t row, uint32_t other) {
    pairs_[Index(side)].push_back(row);
    pairs_[Index(OtherOf(side))].push_back(other);
  }
  size_t size() const { return pairs_[0].size(); }
  /// Turns the order of the pairs from the i-th on around.
  void ReverseFrom(size_t i) {
    for (auto& rows : pairs_) std::reverse(rows.begin() + static_cast<std::ptrdiff_t>(i), rows.end());
  }
  /// There are enough pairs for a batch.
  bool IsFull() const { return static_cast<int64_t>(pairs_[0].size()) >= context_->batch_rows; }
  /// Sends the pairs for which the residual condition holds, and marks their rows.
  Status Flush(Output& out);
  /// Sends rows with NULLs in place of a partner, in order of arrival.
  Status SendUnmatched(Side side, std::vector<uint32_t> rows, Output& out);

  int64_t matches() const { return matches_; }
  void RestoreMatches(int64_t matches) { matches_ = matches; }
  int64_t MemoryBytes() const;

 private:
  struct SideRows {
    explicit SideRows(std::shared_ptr<arrow::Schema> schema) : rows(std::move(schema)) {}
    KeptRows rows;
    std::vector<uint8_t> flags;
    uint32_t first_flag = 0;  ///< The row of flags[0].
    bool is_outer = false;
  };
  static size_t Index(Side side) { return static_cast<size_t>(side); }
  void MarkMatched();

  const std::shared_ptr<const JoinNode> node_;
  LaneContext* const context_;
  const JoinOutput output_;
  const bool is_semi_;
  SideRows sides_[2];
  std::vector<uint32_t> pairs_[2];  ///< Row of the left, row of the right.
  int64_t matches_ = 0;
};

}  // namespace velo::exec
