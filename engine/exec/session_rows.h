#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// The rows of sessions over an input whose rows may be taken back. A row that goes can shorten a session or split it,
/// which no aggregate state can tell, so every row is kept: per key by event time, as the values that the aggregates
/// read (equal values once). Sessions are found anew in the stretch of time around a change, and their aggregates are
/// computed from their rows in order of arrival. Event times are in milliseconds. Not thread safe.
class SessionRows {
 public:
  struct Session {
    int64_t last = 0;      ///< Event time of its newest row.
    bool closed = false;   ///< The watermark has passed its end.
    bool emitted = false;  ///< Has been given out.
  };
  using Sessions = std::map<int64_t, Session>;  ///< By the event time of the first row.

  /// A stretch of time in which neighbouring rows, with those that have just gone, are within the gap.
  struct Stretch {
    int64_t from = 0, to = 0;
  };

  /// `node` must outlive this. `longest`: no session is longer between its first and last row (ms); 0: no limit.
  SessionRows(const AggregateNode& node, int64_t gap, int64_t longest);

  /// Gives every row of a batch the id of its key and of its values.
  Status Find(const KeysAndInputs& input, std::vector<uint32_t>* key_ids, std::vector<uint32_t>* value_ids);
  void Add(uint32_t key, int64_t time, uint32_t values);
  /// Takes out the oldest row with these values; false when there is none.
  bool TakeBack(uint32_t key, int64_t time, uint32_t values);
  /// Whether a row at `time` would join rows that are held.
  bool Reaches(uint32_t key, int64_t time) const;

  /// REQUIRES: a row at `time` was added or taken back since the last Settle.
  Stretch StretchAround(uint32_t key, int64_t time) const;
  /// The sessions that the rows of the stretch form now: first and last time of each.
  std::vector<std::pair<int64_t, int64_t>> SessionsIn(uint32_t key, Stretch stretch) const;
  /// Forgets the times of the stretch at which no row is left.
  void Settle(uint32_t key, Stretch stretch);
  /// Appends the values of the rows between two times, in order of arrival.
  void AppendValues(uint32_t key, int64_t first, int64_t last, std::vector<uint32_t>* values) const;
  /// Forgets a session and its rows.
  void Drop(uint32_t key, Sessions::iterator session);

  /// The sessions of a key as they were given out last; kept up to date by the owner.
  Sessions& sessions(uint32_t key) { return keyed_[key].sessions; }
  uint32_t key_count() const { return static_cast<uint32_t>(keyed_.size()); }
  const GroupTable& keys() const { return *keys_; }
  /// The inputs of the aggregates again, one row per value id.
  Result<AggregateInputs> InputsOf(std::span<const uint32_t> value_ids) const;

  /// Rewrites everything without keys and values that no row has any more, when that pays. Returns whether key ids have
  /// changed. REQUIRES: everything is settled.
  Result<bool> CompactIfWorthwhile();
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);
  int64_t MemoryBytes() const;

 private:
  struct Row {
    int64_t arrival = 0;
    uint32_t values = 0;
  };
  using Times = std::map<int64_t, std::vector<Row>>;
  struct Keyed {
    Times times;
    Sessions sessions;
  };

  std::vector<uint32_t> LiveKeys() const;
  Status Refill(const std::vector<uint32_t>& live);

  const AggregateNode& node_;
  const int64_t gap_;
  const int64_t longest_;
  std::vector<std::shared_ptr<arrow::DataType>> value_types_;  ///< Arguments of all calls, then one flag per FILTER.
  std::unique_ptr<GroupTable> keys_;
  std::unique_ptr<GroupTable> values_;
  std::vector<Keyed> keyed_;  ///< Per key.
  int64_t rows_ = 0;
  int64_t next_arrival_ = 0;
};

}  // namespace velo::exec
