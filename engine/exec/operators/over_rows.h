#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/exec/operators/over_log.h"
#include "engine/plan/nodes/over_node.h"

namespace velo::exec {

/// The rows of one partition in the order they came: ids into the log, numbered one by one. Numbers wrap around; only
/// differences between them count. Rows before `first` have left the buffer and stay readable until Trim().
struct PartitionBuffer {
  std::vector<uint32_t> ids;
  uint32_t base = 0;   ///< Number of ids[0].
  uint32_t first = 0;  ///< Number of the oldest row of the buffer.

  uint32_t next() const { return base + static_cast<uint32_t>(ids.size()); }
  uint32_t size() const { return next() - first; }
  uint32_t at(uint32_t number) const { return ids[number - base]; }
  const uint32_t* view() const { return ids.data() + (first - base); }
  void Trim();
};

/// A row that LAG, FIRST_VALUE and their like point at.
struct NeighbourRule {
  enum class Kind : uint8_t { kBefore, kAfter, kFirst, kLast, kNth };
  Kind kind = Kind::kBefore;
  int64_t offset = 1;
  const LogColumn* skip_nulls = nullptr;  ///< IGNORE NULLS: only rows with a value here count.
};

/// What functions may ask about a row beside its frame. Filled while the rows are taken in.
struct OverFacts {
  bool wants_frames = false;     ///< begin, end and lists are read.
  bool order_matters = false;    ///< Frames are lists in view order wherever the buffer is in another order.
  bool wants_positions = false;  ///< position and size are read.
  bool wants_peers = false;
  bool wants_groups = false;
  std::vector<NeighbourRule> neighbours;

  std::vector<uint32_t> begin, end, list_from, list_to, listed;
  std::vector<uint32_t> position, size;          ///< Of the row in the view (from 0), and of the view.
  std::vector<uint32_t> peers_begin, peers_end;  ///< Positions of the rows equal to this one.
  std::vector<uint32_t> groups_before;           ///< Different values before this one.
  std::vector<std::vector<uint32_t>> targets;    ///< Per neighbour rule: ids.
  bool any_listed = false;

  void Clear(int64_t rows);
};

/// Rows as the functions see them: for each row its partition and its frame. A frame is either the run of numbers
/// [begin, end) of the partition's buffer, or, where the rows of the buffer are not in the order of the window, a list
/// of row ids. Arrays have one entry per row; pointers are valid during one call of OverFunction::Compute.
struct OverRows {
  int64_t rows = 0;
  const uint32_t* ids = nullptr;  ///< Of the row itself.
  const uint32_t* partitions = nullptr;
  int64_t partition_count = 0;
  const uint32_t* begin = nullptr;
  const uint32_t* end = nullptr;
  const PartitionBuffer* buffers = nullptr;  ///< Per partition.
  /// [list_from, list_to) in `listed`; null when no row has a list. kNoRow: this row has none.
  const uint32_t* list_from = nullptr;
  const uint32_t* list_to = nullptr;
  const uint32_t* listed = nullptr;
  /// Running windows: the row that enters the frame, or kNoRow; and 1 where the partition starts anew (or null).
  const uint32_t* entering = nullptr;
  const uint8_t* restarts = nullptr;
  const OverFacts* facts = nullptr;  ///< What the functions asked for.
};

/// Finds frames: positions in a view, which is the rows of a partition in the order of the window. `next_peers` says
/// that rows equal to the current one may follow it, which is so when all rows of a view are known before the first is
/// computed.
class FrameFinder {
 public:
  FrameFinder(const OverNode& node, const OrderLog* order, bool next_peers);

  struct View {
    const uint32_t* ids = nullptr;
    uint32_t size = 0;
    uint32_t position = 0;  ///< Of the current row.
  };
  struct Frame {
    uint32_t begin = 0, end = 0;  ///< Positions; begin <= end.
  };
  /// `hint` (may be null) is the frame of an earlier row of the same view from which this one can only go up.
  Frame Find(const View& view, const Frame* hint) const;
  uint32_t PeersBegin(const View& view, uint32_t position) const;
  uint32_t PeersEnd(const View& view, uint32_t position) const;
  uint32_t GroupsBefore(const View& view) const;
  /// Writes what `facts` wants to know about row `row`, apart from the frame as numbers or list.
  void Note(const View& view, const Frame& frame, int64_t row, OverFacts* facts) const;

 private:
  uint32_t Start(const View& view, uint32_t from) const;
  uint32_t End(const View& view, uint32_t from) const;
  uint32_t FirstNotBelow(const View& view, OrderLog::Number bound, uint32_t from) const;
  uint32_t FirstAbove(const View& view, OrderLog::Number bound, uint32_t from) const;
  uint32_t Neighbour(const View& view, const Frame& frame, const NeighbourRule& rule) const;

  const OverFrame frame_;
  const bool ordered_;
  const bool next_peers_;
  const OrderLog* order_;
};

}  // namespace velo::exec
