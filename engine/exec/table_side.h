#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/exec/group_table.h"
#include "engine/exec/join_keys.h"
#include "engine/exec/kept_rows.h"
#include "engine/exec/time_runs.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// One side of a join of changing tables: its present rows, found by join key and, to be changed, by identity (the
/// change key of the input, or the whole row where old rows come back whole). Not thread safe.
class TableSide {
 public:
  explicit TableSide(const PlanNode& input);

  const KeptRows& rows() const { return rows_; }
  /// Takes in the rows of a batch, none of which is present yet; the first gets the number that is returned.
  Result<uint32_t> Add(const std::shared_ptr<arrow::RecordBatch>& columns);
  /// Sets, for the rows of the last Add, who they are.
  Status Identify(const arrow::RecordBatch& columns, std::vector<uint32_t>* identities);

  void Insert(uint32_t row, uint32_t key, uint32_t identity);
  void Remove(uint32_t row);
  /// The present row with that identity, the newest of several; none: kNoRow.
  uint32_t FindIdentity(uint32_t identity) const;
  /// The present rows with that join key in order of arrival; valid until the next change.
  std::span<const TimedRow> WithKey(uint32_t key) const;

  uint32_t KeyOf(uint32_t row) const { return info_[row].key; }
  /// How many partners the row has.
  int32_t& PartnersOf(uint32_t row) { return info_[row].partners; }
  /// Lets go of the columns of rows that are not present any more, or never were.
  void Release(std::span<const uint32_t> rows);

  std::vector<uint32_t> Present() const;
  int64_t present() const { return present_; }
  /// True when most of the memory is held by rows that are gone; then start afresh with Present().
  bool IsWasteful() const;
  int64_t MemoryBytes() const;

 private:
  struct Info {
    uint32_t key = JoinKeys::kNoKey;
    uint32_t identity = 0;
    int32_t partners = 0;
    bool present = false;
  };
  KeptRows rows_;
  TimeRuns by_key_;
  std::vector<int> identity_columns_;  ///< Empty: rows never change.
  std::optional<GroupTable> identities_;
  TimeRuns by_identity_;
  std::vector<Info> info_;  ///< By row.
  int64_t present_ = 0;
};

}  // namespace velo::exec
