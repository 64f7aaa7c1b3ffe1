#include "engine/exec/partitioned_groups.h"

#include <arrow/compute/api_vector.h>

#include <numeric>

#include "engine/exec/key_hash.h"
#include "engine/exec/parallel_for.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// Rows that wait before the partitions are visited: enough that each visit finds some thousand of them.
constexpr int64_t kWaitingRows = int64_t{1} << 20;
constexpr int kPartitionBits = 6;
static_assert(PartitionedGroups::kPartitions == size_t{1} << kPartitionBits);

// The tables of the partitions use the lower bits.
size_t PartitionOf(uint64_t hash) { return hash >> (64 - kPartitionBits); }

int64_t BytesOf(const arrow::Array& array) {
  int64_t bytes = 0;
  for (const auto& buffer : array.data()->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  return bytes;
}

}  // namespace

PartitionedGroups::Partition::Partition(const AggregateNode& node,
                                        const std::vector<std::shared_ptr<arrow::DataType>>& key_types)
    : groups(key_types), states(node.aggregates) {}

PartitionedGroups::PartitionedGroups(const AggregateNode& node) : node_(node), key_types_(KeyTypes(node.keys)) {
  for (size_t i = 0; i < kPartitions; ++i) partitions_.push_back(MakePartition());
}

std::unique_ptr<PartitionedGroups::Partition> PartitionedGroups::MakePartition() const {
  return std::make_unique<Partition>(node_, key_types_);
}

// Lists row numbers by partition, in their order within each.
void PartitionedGroups::Deal(std::span<const uint64_t> hashes, std::vector<uint32_t>* rows,
                             std::array<uint32_t, kPartitions + 1>* starts) const {
  starts->fill(0);
  for (const uint64_t hash : hashes) ++(*starts)[PartitionOf(hash) + 1];
  std::partial_sum(starts->begin(), starts->end(), starts->begin());
  std::array<uint32_t, kPartitions + 1> next = *starts;
  rows->resize(hashes.size());
  for (uint32_t row = 0; row < hashes.size(); ++row) (*rows)[next[PartitionOf(hashes[row])]++] = row;
}

Status PartitionedGroups::Add(const KeysAndInputs& input) {
  HashKeys(input.keys, input.inputs.rows, &hashes_);
  Waiting batch;
  Deal(hashes_, &ids_, &batch.starts);
  const arrow::UInt32Array rows(input.inputs.rows, arrow::Buffer::Wrap(ids_.data(), ids_.size()));
  for (const auto& key : input.keys) {
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column,
                                arrow::compute::Take(*key, rows, arrow::compute::TakeOptions::NoBoundsCheck()));
    waiting_bytes_ += BytesOf(*column);
    batch.input.keys.push_back(std::move(column));
  }
  VELO_ASSIGN_OR_RETURN(batch.input.inputs, input.inputs.Take(ids_));
  for (const auto& arguments : batch.input.inputs.arguments) {
    for (const auto& argument : arguments) waiting_bytes_ += BytesOf(*argument);
  }
  waiting_rows_ += input.inputs.rows;
  waiting_.push_back(std::move(batch));
  return waiting_rows_ >= kWaitingRows ? Flush() : Status::OK();
}

Status PartitionedGroups::Flush() {
  for (size_t number = 0; number < kPartitions && !waiting_.empty(); ++number) {
    VELO_RETURN_IF_ERROR(FlushInto(partitions_[number].get(), number));
  }
  waiting_.clear();
  waiting_rows_ = 0;
  waiting_bytes_ = 0;
  return Status::OK();
}

Status PartitionedGroups::FlushInto(Partition* partition, size_t number) {
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (const Waiting& batch : waiting_) {
    const int64_t from = batch.starts[number], count = batch.starts[number + 1] - from;
    if (count == 0) continue;
    keys.clear();
    for (const auto& key : batch.input.keys) keys.push_back(key->Slice(from, count));
    ids_.resize(static_cast<size_t>(count));
    VELO_RETURN_IF_ERROR(partition->groups.FindOrInsert(keys, count, ids_.data()));
    partition->states.Resize(partition->groups.size());
    VELO_RETURN_IF_ERROR(partition->states.UpdateRange(batch.input.inputs, ids_.data(), from, count));
  }
  return Status::OK();
}

Status PartitionedGroups::AddGroups(const GroupTable& groups, const AggregateColumns& states) {
  std::vector<uint32_t> all(groups.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t column = 0; column < groups.column_count(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, groups.Keys(column, all));
    keys.push_back(std::move(array));
  }
  HashKeys(keys, groups.size(), &hashes_);
  std::array<uint32_t, kPartitions + 1> starts;
  std::vector<uint32_t> rows, map(groups.size(), UINT32_MAX);
  Deal(hashes_, &rows, &starts);
  for (size_t number = 0; number < kPartitions; ++number) {
    const std::span<const uint32_t> mine(rows.data() + starts[number], starts[number + 1] - starts[number]);
    if (mine.empty()) continue;
    keys.clear();
    for (size_t column = 0; column < groups.column_count(); ++column) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, groups.Keys(column, mine));
      keys.push_back(std::move(array));
    }
    Partition& partition = *partitions_[number];
    ids_.resize(mine.size());
    VELO_RETURN_IF_ERROR(partition.groups.FindOrInsert(keys, static_cast<int64_t>(mine.size()), ids_.data()));
    partition.states.Resize(partition.groups.size());
    for (size_t i = 0; i < mine.size(); ++i) map[mine[i]] = ids_[i];
    VELO_RETURN_IF_ERROR(partition.states.Merge(states, map));
    for (const uint32_t row : mine) map[row] = UINT32_MAX;
  }
  return Status::OK();
}

Status PartitionedGroups::MergeInto(Partition* target, const Partition& source) const {
  if (source.groups.size() == 0) return Status::OK();
  std::vector<uint32_t> all(source.groups.size()), map(source.groups.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t column = 0; column < key_types_.size(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, source.groups.Keys(column, all));
    keys.push_back(std::move(array));
  }
  VELO_RETURN_IF_ERROR(target->groups.FindOrInsert(keys, source.groups.size(), map.data()));
  target->states.Resize(target->groups.size());
  return target->states.Merge(source.states, map);
}

Status PartitionedGroups::MergeFrom(PartitionedGroups& other, WorkerPool* pool) {
  VELO_RETURN_IF_ERROR(Flush());
  VELO_RETURN_IF_ERROR(other.Flush());
  for (size_t number = 0; number < kPartitions; ++number) {
    // What is here is older than what the other has on disk.
    const std::vector<SpilledPiece>& theirs = other.partitions_[number]->spilled;
    if (theirs.empty()) continue;
    VELO_RETURN_IF_ERROR(SpillPartition(number));
    std::vector<SpilledPiece>& mine = partitions_[number]->spilled;
    mine.insert(mine.end(), theirs.begin(), theirs.end());
  }
  return ParallelFor(pool, kPartitions, [&](size_t number) -> Status {
    VELO_RETURN_IF_ERROR(MergeInto(partitions_[number].get(), *other.partitions_[number]));
    other.partitions_[number] = other.MakePartition();
    return Status::OK();
  });
}

Status PartitionedGroups::Spill() {
  VELO_RETURN_IF_ERROR(Flush());
  for (size_t number = 0; number < kPartitions; ++number) VELO_RETURN_IF_ERROR(SpillPartition(number));
  return Status::OK();
}

Status PartitionedGroups::SpillPartition(size_t number) {
  const Partition& partition = *partitions_[number];
  if (partition.groups.size() == 0) return Status::OK();
  if (file_ == nullptr) {
    VELO_ASSIGN_OR_RETURN(file_, SpillFile::Open());
  }
  std::string bytes;
  VELO_RETURN_IF_ERROR(SavePartition(partition, &bytes));
  VELO_ASSIGN_OR_RETURN(const int64_t offset, file_->Append(bytes));
  std::unique_ptr<Partition> emptied = MakePartition();
  emptied->spilled = std::move(partitions_[number]->spilled);
  emptied->spilled.push_back({file_, offset, static_cast<int64_t>(bytes.size())});
  partitions_[number] = std::move(emptied);
  return Status::OK();
}

Result<std::unique_ptr<PartitionedGroups::Partition>> PartitionedGroups::Take(size_t number) {
  VELO_RETURN_IF_ERROR(Flush());
  std::unique_ptr<Partition> rest = std::exchange(partitions_[number], MakePartition());
  if (rest->spilled.empty()) return rest;
  std::unique_ptr<Partition> whole = MakePartition();
  for (const SpilledPiece& piece : rest->spilled) {
    VELO_ASSIGN_OR_RETURN(const std::string bytes, piece.file->Read(piece.offset, piece.size));
    std::string_view in = bytes;
    const std::unique_ptr<Partition> part = MakePartition();
    VELO_RETURN_IF_ERROR(LoadPartition(&in, part.get()));
    VELO_RETURN_IF_ERROR(MergeInto(whole.get(), *part));
  }
  VELO_RETURN_IF_ERROR(MergeInto(whole.get(), *rest));
  return whole;
}

int64_t PartitionedGroups::MemoryBytes() const {
  int64_t bytes = waiting_bytes_;
  for (const auto& partition : partitions_) bytes += partition->groups.MemoryBytes() + partition->states.MemoryBytes();
  return bytes;
}

Status PartitionedGroups::SavePartition(const Partition& partition, std::string* out) const {
  std::vector<uint32_t> all(partition.groups.size());
  std::iota(all.begin(), all.end(), 0U);
  PutInteger(partition.groups.size(), out);
  if (all.empty()) return Status::OK();
  VELO_RETURN_IF_ERROR(PutKeys(partition.groups, all, out));
  partition.states.Save(out);
  return Status::OK();
}

Status PartitionedGroups::LoadPartition(std::string_view* in, Partition* partition) const {
  VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
  if (size == 0) return Status::OK();
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
  std::vector<uint32_t> ids(static_cast<size_t>(size));
  VELO_RETURN_IF_ERROR(partition->groups.FindOrInsert(keys->columns(), size, ids.data()));
  partition->states.Resize(size);
  return partition->states.Load(in);
}

// Rows that wait must have been taken in.
Status PartitionedGroups::Save(std::string* out) const {
  for (const auto& partition : partitions_) {
    PutInteger(static_cast<int64_t>(partition->spilled.size()), out);
    for (const SpilledPiece& piece : partition->spilled) {
      VELO_ASSIGN_OR_RETURN(const std::string bytes, piece.file->Read(piece.offset, piece.size));
      PutText(bytes, out);
    }
    VELO_RETURN_IF_ERROR(SavePartition(*partition, out));
  }
  return Status::OK();
}

Status PartitionedGroups::Load(std::string_view* in) {
  for (const auto& partition : partitions_) {
    VELO_ASSIGN_OR_RETURN(const int64_t pieces, TakeInteger(in));
    for (int64_t i = 0; i < pieces; ++i) {
      VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
      if (file_ == nullptr) {
        VELO_ASSIGN_OR_RETURN(file_, SpillFile::Open());
      }
      VELO_ASSIGN_OR_RETURN(const int64_t offset, file_->Append(bytes));
      partition->spilled.push_back({file_, offset, static_cast<int64_t>(bytes.size())});
    }
    VELO_RETURN_IF_ERROR(LoadPartition(in, partition.get()));
  }
  return Status::OK();
}

}  // namespace velo::exec
