#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/spill_file.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// The state of many groups, dealt out by the hash of their keys: each partition is small enough for the cache while
/// rows go in, partitions are finished side by side, and each can lie on disk until the end (a radix-partitioned
/// aggregation with spilling, as in "Cache-Efficient Aggregation: Hashing Is Sorting", Mueller et al., SIGMOD 2015).
/// Rows wait until there are enough for every partition; where grouping them early would hardly make them fewer, they
/// wait for the end if they can. Within a partition groups keep the order of their first row. Not thread safe.
class PartitionedGroups {
 public:
  static constexpr size_t kPartitions = 64;

  struct Partition {
    Partition(const AggregateNode& node, const std::vector<std::shared_ptr<arrow::DataType>>& key_types);
    GroupTable groups;
    AggregateColumns states;
    std::vector<SpilledPiece> spilled;  ///< What is on disk, older than what is here.
  };

  /// Whether state of so many bytes should go to disk, well before it is too large for `memory_limit` (0: none).
  static bool NearsLimit(int64_t bytes, int64_t memory_limit);

  /// `memory_limit`: bytes that the whole state may take; 0: no limit.
  explicit PartitionedGroups(const AggregateNode& node, int64_t memory_limit = 0);

  Status Add(const KeysAndInputs& input);
  /// Adds the groups that `rows` rows have made, with their states, as older than everything that is added later.
  Status AddGroups(const GroupTable& groups, const AggregateColumns& states, int64_t rows);
  /// Adds the groups of `other`, which come later in input order; `other` is empty afterwards.
  void MergeFrom(PartitionedGroups& other);
  /// Writes all groups to disk.
  Status Spill();
  /// Takes one partition out, with the rows that wait for it and what was on disk. Different partitions may be taken
  /// side by side.
  Result<std::unique_ptr<Partition>> Take(size_t partition);
  /// Takes in the rows that wait. Partitions for which memory gets scarce go to disk at once.
  Status Flush();

  int64_t MemoryBytes() const;
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  // A batch in the order of its partitions: rows [starts[p], starts[p + 1]) belong to partition p.
  struct Waiting {
    KeysAndInputs input;
    std::array<uint32_t, kPartitions + 1> starts;
  };

  // A stretch of the input: what one lane has read.
  struct Run {
    std::vector<std::unique_ptr<Partition>> partitions;
    std::vector<Waiting> waiting;  ///< Later than the groups in `partitions`.
    int64_t waiting_rows = 0;
    int64_t waiting_bytes = 0;
  };

  void Deal(std::span<const uint64_t> hashes, std::vector<uint32_t>* rows,
            std::array<uint32_t, kPartitions + 1>* starts) const;
  Run MakeRun() const;
  std::unique_ptr<Partition> MakePartition() const;
  Status AddGroupsTo(Partition* partition, const GroupTable& groups, std::span<const uint32_t> rows,
                     const AggregateColumns& states, size_t offset) const;
  bool HasToFlush() const;
  static void Forget(Run* run);
  Status FlushInto(Partition* partition, const std::vector<Waiting>& waiting, size_t number) const;
  Status Spill(std::unique_ptr<Partition>* partition);
  Status MergeInto(Partition* target, const Partition& source) const;
  Status Merge(Partition* target, const std::vector<std::shared_ptr<arrow::Array>>& keys, int64_t count,
               const AggregateColumns& states) const;
  Status MergeSpilled(Partition* target, const std::vector<SpilledPiece>& pieces) const;
  Status SavePartition(const Partition& partition, std::string* out) const;
  Status LoadPartition(std::string_view* in, Partition* partition) const;

  const AggregateNode& node_;
  const std::vector<std::shared_ptr<arrow::DataType>> key_types_;
  const int64_t memory_limit_;
  const int64_t most_waiting_bytes_;
  std::vector<Run> runs_;                  ///< In input order; rows go into the last one.
  bool grouping_pays_ = true;              ///< Grouping has made the rows much fewer so far.
  std::atomic<uint32_t> most_groups_ = 0;  ///< In a partition that has been taken: the others will have about as many.
  std::shared_ptr<SpillFile> file_;        ///< Made when first needed.
  std::vector<uint64_t> hashes_;           ///< Scratch.
  std::vector<uint32_t> rows_;             ///< Scratch.
};

}  // namespace velo::exec
