#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_evaluation.h"
#include "engine/exec/spill_file.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

class WorkerPool;

/// The state of many groups, dealt out by the hash of their keys: each partition is small enough for the cache while
/// rows go in, partitions are merged side by side, and each can lie on disk until the end (a radix-partitioned
/// aggregation with spilling, as in "Cache-Efficient Aggregation: Hashing Is Sorting", Mueller et al., SIGMOD 2015).
/// Rows wait until there are enough for every partition. Within a partition groups keep the order of their first row.
/// Not thread safe.
class PartitionedGroups {
 public:
  static constexpr size_t kPartitions = 64;

  struct Partition {
    Partition(const AggregateNode& node, const std::vector<std::shared_ptr<arrow::DataType>>& key_types);
    GroupTable groups;
    AggregateColumns states;
    std::vector<SpilledPiece> spilled;  ///< What is on disk, older than what is here.
  };

  explicit PartitionedGroups(const AggregateNode& node);

  Status Add(const KeysAndInputs& input);
  /// Adds groups with their states, as older than everything that is added later.
  Status AddGroups(const GroupTable& groups, const AggregateColumns& states);
  /// Adds the groups of `other`, which come later in input order; `other` is empty afterwards. `pool` may be null.
  Status MergeFrom(PartitionedGroups& other, WorkerPool* pool);
  /// Writes all groups to disk.
  Status Spill();
  /// Takes one partition out, with what was on disk.
  Result<std::unique_ptr<Partition>> Take(size_t partition);
  /// Takes in the rows that wait.
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

  void Deal(std::span<const uint64_t> hashes, std::vector<uint32_t>* rows,
            std::array<uint32_t, kPartitions + 1>* starts) const;
  std::unique_ptr<Partition> MakePartition() const;
  Status FlushInto(Partition* partition, size_t number);
  Status SpillPartition(size_t number);
  Status MergeInto(Partition* target, const Partition& source) const;
  Status SavePartition(const Partition& partition, std::string* out) const;
  Status LoadPartition(std::string_view* in, Partition* partition) const;

  const AggregateNode& node_;
  const std::vector<std::shared_ptr<arrow::DataType>> key_types_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::vector<Waiting> waiting_;
  int64_t waiting_rows_ = 0;
  int64_t waiting_bytes_ = 0;
  std::shared_ptr<SpillFile> file_;  ///< Made when first needed.
  std::vector<uint64_t> hashes_;     ///< Scratch.
  std::vector<uint32_t> ids_;        ///< Scratch.
};

}  // namespace velo::exec
