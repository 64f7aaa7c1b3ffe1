#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/exec/event_time_source.h"
#include "engine/exec/expiry_queue.h"
#include "engine/exec/join_keys.h"
#include "engine/exec/join_pairs.h"
#include "engine/exec/time_runs.h"

namespace velo::exec {

/// How long a row waits, in milliseconds of watermark past its time; kWaitsForever: until the end of the input.
struct JoinDelays {
  int64_t until_unmatched[2];  ///< Then no partner can come: an outer row goes out with NULLs.
  int64_t until_dropped[2];    ///< Then it is forgotten.
};

/// Both sides of an interval join: rows in columns, their places by key and time, and who waits for what. The operators
/// on top decide when rows arrive and time passes. Not thread safe.
class IntervalJoinState {
 public:
  /// `wanted`: as for JoinOutput.
  IntervalJoinState(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted, const JoinDelays& delays,
                    LaneContext* context);

  KeptRows& rows(Side side) { return pairs_.rows(side); }
  const KeptRows& rows(Side side) const { return pairs_.rows(side); }
  JoinKeys& keys() { return keys_; }

  /// Rows of one side that arrive now, held by rows(side) already. One entry of each per row.
  struct Arrivals {
    std::span<const uint32_t> rows;
    std::span<const int64_t> times;
    std::span<const uint32_t> keys;
  };
  /// Finds partners among the kept rows of the other side. Pairs go out in full batches; Flush sends the rest.
  Status Match(Side side, const Arrivals& arrivals, Output& out);
  Status Flush(Output& out) { return pairs_.Flush(out); }
  /// Keeps the rows for later partners.
  Status Keep(Side side, const Arrivals& arrivals, Output& out);
  /// Lets go of what waits for nothing any more. kEndOfTime: of everything.
  Status Expire(EventMillis watermark, Output& out);
  /// Whether a row of that time has waited long enough already, so that Expire must be called again.
  bool IsOverdue(Side side, int64_t time) const;

  /// Rows kept for partners, not counting rows that have not arrived yet.
  int64_t kept(Side side) const { return sides_[Index(side)].kept; }
  int64_t evicted() const { return evicted_; }
  int64_t matches() const { return pairs_.matches(); }
  int64_t MemoryBytes() const;

  /// Gives the keys of kept rows, one array per key.
  using KeysOf = std::function<Result<std::vector<std::shared_ptr<arrow::Array>>>(Side, std::span<const uint32_t>)>;
  /// Forgets keys without rows once they are the greater part.
  Status ForgetKeys(const KeysOf& keys_of);
  /// Moves the rows that are still kept together once they are the smaller part of the memory they hold.
  Status Compact();

  Status Save(std::string* out) const;
  Status Load(std::string_view* in, const KeysOf& keys_of);

 private:
  struct SideState {
    explicit SideState(int64_t stretch) : keep_queue(stretch), send_queue(stretch) {}
    TimeRuns runs;
    ExpiryQueue keep_queue;  ///< Every kept row.
    ExpiryQueue send_queue;  ///< Rows that go out with NULLs unless a partner comes.
    int64_t kept = 0;
  };
  static size_t Index(Side side) { return static_cast<size_t>(side); }
  void Place(Side side, const ExpiryQueue::Entry& entry);
  void DropOne(Side side, uint32_t row);
  bool HasGone(Side side, uint32_t row) const;
  Status EnforceLimits(Side side, const Arrivals& arrivals, Output& out);
  void WarnOfEviction(int64_t rows, std::string_view what, int64_t limit);
  Status CompactSide(Side side);

  const std::shared_ptr<const JoinNode> node_;
  const JoinDelays delays_;
  LaneContext* const context_;
  JoinKeys keys_;
  JoinPairs pairs_;
  SideState sides_[2];
  EventMillis watermark_ = kBeginOfTime;
  int64_t evicted_ = 0;
};

}  // namespace velo::exec
