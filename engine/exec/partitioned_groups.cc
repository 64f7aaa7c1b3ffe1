#include "engine/exec/partitioned_groups.h"

#include <arrow/compute/api_vector.h>

#include <numeric>
#include <set>

#include "engine/exec/free_memory.h"
#include "engine/exec/key_hash.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// Rows that wait before the partitions are visited: enough that each visit finds some thousand of them.
constexpr int64_t kWaitingRows = int64_t{1} << 20;
// Where grouping hardly makes rows fewer, they wait up to this size, unless memory is scarce.
constexpr int64_t kWaitingBytes = int64_t{192} << 20;
constexpr int64_t kShareOfLimit = 8;
constexpr int kPartitionBits = 6;
static_assert(PartitionedGroups::kPartitions == size_t{1} << kPartitionBits);
constexpr size_t kPartitionsPerStep = 8;

// The tables of the partitions use the lower bits.
size_t PartitionOf(uint64_t hash) { return hash >> (64 - kPartitionBits); }

// Whether grouping halves what there is at least.
bool Pays(int64_t rows, int64_t groups) { return rows >= 2 * groups; }

void Reserve(uint32_t groups, PartitionedGroups::Partition* partition) {
  // A little more, as partitions differ.
  partition->groups.Reserve(groups + groups / 16);
}

int64_t BytesOf(const arrow::Array& array) {
  int64_t bytes = 0;
  for (const auto& buffer : array.data()->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  return bytes;
}

}  // namespace

PartitionedGroups::Partition::Partition(const AggregateNode& node,
                                        const std::vector<std::shared_ptr<arrow::DataType>>& key_types)
    : groups(key_types), states(node.aggregates) {}

bool PartitionedGroups::NearsLimit(int64_t bytes, int64_t memory_limit) {
  // Tables that grow leave holes of about half their size, and batches are on their way: that has to fit in, too.
  return memory_limit > 0 && bytes > memory_limit / 2;
}

PartitionedGroups::PartitionedGroups(const AggregateNode& node, int64_t memory_limit)
    : node_(node),
      key_types_(KeyTypes(node.keys)),
      memory_limit_(memory_limit),
      most_waiting_bytes_(memory_limit > 0 ? std::min(kWaitingBytes, memory_limit / kShareOfLimit) : kWaitingBytes) {
  runs_.push_back(MakeRun());
}

std::unique_ptr<PartitionedGroups::Partition> PartitionedGroups::MakePartition() const {
  return std::make_unique<Partition>(node_, key_types_);
}

PartitionedGroups::Run PartitionedGroups::MakeRun() const {
  Run run;
  for (size_t i = 0; i < kPartitions; ++i) run.partitions.push_back(MakePartition());
  return run;
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
  // Codes mean something only beside the dictionary of their batch.
  std::vector<std::shared_ptr<arrow::Array>> keys = input.keys;
  for (std::shared_ptr<arrow::Array>& key : keys) {
    if (key->type_id() != arrow::Type::DICTIONARY) continue;
    const auto& codes = static_cast<const arrow::DictionaryArray&>(*key);
    VELO_ASSIGN_OR_RETURN_ARROW(key, arrow::compute::Take(*codes.dictionary(), *codes.indices()));
  }
  HashKeys(keys, input.inputs.rows, &hashes_);
  Waiting batch;
  Deal(hashes_, &rows_, &batch.starts);
  Run& run = runs_.back();
  const arrow::UInt32Array rows(input.inputs.rows, arrow::Buffer::Wrap(rows_.data(), rows_.size()));
  for (const auto& key : keys) {
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column,
                                arrow::compute::Take(*key, rows, arrow::compute::TakeOptions::NoBoundsCheck()));
    run.waiting_bytes += BytesOf(*column);
    batch.input.keys.push_back(std::move(column));
  }
  VELO_ASSIGN_OR_RETURN(batch.input.inputs, input.inputs.Take(rows_));
  std::set<const arrow::Array*> counted;  // Calls may share an argument.
  for (const auto& arguments : batch.input.inputs.arguments) {
    for (const auto& argument : arguments) {
      if (counted.insert(argument.get()).second) run.waiting_bytes += BytesOf(*argument);
    }
  }
  run.waiting_rows += input.inputs.rows;
  run.waiting.push_back(std::move(batch));
  return HasToFlush() ? Flush() : Status::OK();
}

bool PartitionedGroups::HasToFlush() const {
  const Run& run = runs_.back();
  return run.waiting_bytes >= most_waiting_bytes_ || (grouping_pays_ && run.waiting_rows >= kWaitingRows);
}

void PartitionedGroups::Forget(Run* run) {
  run->waiting = {};
  run->waiting_rows = 0;
  run->waiting_bytes = 0;
}

Status PartitionedGroups::Flush() {
  for (Run& run : runs_) {
    if (run.waiting.empty()) continue;
    int64_t new_groups = 0;
    bool any_spilled = false;
    for (size_t number = 0; number < kPartitions; ++number) {
      std::unique_ptr<Partition>& partition = run.partitions[number];
      new_groups -= partition->groups.size();
      VELO_RETURN_IF_ERROR(FlushInto(partition.get(), run.waiting, number));
      new_groups += partition->groups.size();
      if (!NearsLimit(MemoryBytes(), memory_limit_)) continue;
      VELO_RETURN_IF_ERROR(Spill(&partition));
      any_spilled = true;
    }
    grouping_pays_ = Pays(run.waiting_rows, new_groups);
    Forget(&run);
    if (any_spilled) ReturnFreeMemory();
  }
  return Status::OK();
}

Status PartitionedGroups::FlushInto(Partition* partition, const std::vector<Waiting>& waiting, size_t number) const {
  std::vector<std::shared_ptr<arrow::Array>> keys;
  std::vector<uint32_t> ids;
  for (const Waiting& batch : waiting) {
    const int64_t from = batch.starts[number], count = batch.starts[number + 1] - from;
    if (count == 0) continue;
    keys.clear();
    for (const auto& key : batch.input.keys) keys.push_back(key->Slice(from, count));
    ids.resize(static_cast<size_t>(count));
    VELO_RETURN_IF_ERROR(partition->groups.FindOrInsert(keys, count, ids.data()));
    partition->states.Resize(partition->groups.size());
    VELO_RETURN_IF_ERROR(partition->states.UpdateRange(batch.input.inputs, ids.data(), from, count));
  }
  return Status::OK();
}

Status PartitionedGroups::AddGroups(const GroupTable& groups, const AggregateColumns& states, int64_t row_count) {
  grouping_pays_ = Pays(row_count, groups.size());
  std::vector<uint32_t> all(groups.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t column = 0; column < groups.column_count(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, groups.Keys(column, all));
    keys.push_back(std::move(array));
  }
  HashKeys(keys, groups.size(), &hashes_);
  std::array<uint32_t, kPartitions + 1> starts;
  Deal(hashes_, &rows_, &starts);
  // In two steps, because merging looks at all groups of its source.
  std::vector<uint32_t> map(groups.size(), UINT32_MAX);
  for (size_t first = 0; first < kPartitions; first += kPartitionsPerStep) {
    const size_t end = first + kPartitionsPerStep;
    const std::span<const uint32_t> some(rows_.data() + starts[first], starts[end] - starts[first]);
    if (some.empty()) continue;
    AggregateColumns part(node_.aggregates);
    part.Resize(static_cast<int64_t>(some.size()));
    for (uint32_t i = 0; i < some.size(); ++i) map[some[i]] = i;
    VELO_RETURN_IF_ERROR(part.Merge(states, map));
    for (const uint32_t row : some) map[row] = UINT32_MAX;
    for (size_t number = first; number < end; ++number) {
      const std::span<const uint32_t> mine(rows_.data() + starts[number], starts[number + 1] - starts[number]);
      VELO_RETURN_IF_ERROR(
          AddGroupsTo(runs_.back().partitions[number].get(), groups, mine, part, starts[number] - starts[first]));
    }
  }
  return Status::OK();
}

// The groups `rows` of a table, whose states are those from `offset` on.
Status PartitionedGroups::AddGroupsTo(Partition* partition, const GroupTable& groups, std::span<const uint32_t> rows,
                                      const AggregateColumns& states, size_t offset) const {
  if (rows.empty()) return Status::OK();
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t column = 0; column < groups.column_count(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, groups.Keys(column, rows));
    keys.push_back(std::move(array));
  }
  std::vector<uint32_t> map(static_cast<size_t>(states.groups()), UINT32_MAX);
  VELO_RETURN_IF_ERROR(partition->groups.FindOrInsert(keys, static_cast<int64_t>(rows.size()), map.data() + offset));
  partition->states.Resize(partition->groups.size());
  return partition->states.Merge(states, map);
}

Status PartitionedGroups::MergeInto(Partition* target, const Partition& source) const {
  if (source.groups.size() == 0) return Status::OK();
  std::vector<uint32_t> all(source.groups.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t column = 0; column < key_types_.size(); ++column) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, source.groups.Keys(column, all));
    keys.push_back(std::move(array));
  }
  return Merge(target, keys, source.groups.size(), source.states);
}

// Adds groups that are all different, with their states.
Status PartitionedGroups::Merge(Partition* target, const std::vector<std::shared_ptr<arrow::Array>>& keys,
                                int64_t count, const AggregateColumns& states) const {
  std::vector<uint32_t> map(static_cast<size_t>(count));
  VELO_RETURN_IF_ERROR(target->groups.FindOrInsert(keys, count, map.data()));
  target->states.Resize(target->groups.size());
  return target->states.Merge(states, map);
}

void PartitionedGroups::MergeFrom(PartitionedGroups& other) {
  for (Run& run : other.runs_) runs_.push_back(std::move(run));
  other.runs_.clear();
  other.runs_.push_back(other.MakeRun());
}

// A partition at a time, so that grouping what waits takes little memory.
Status PartitionedGroups::Spill() {
  for (Run& run : runs_) {
    for (size_t number = 0; number < kPartitions; ++number) {
      std::unique_ptr<Partition>& partition = run.partitions[number];
      VELO_RETURN_IF_ERROR(FlushInto(partition.get(), run.waiting, number));
      VELO_RETURN_IF_ERROR(Spill(&partition));
    }
    Forget(&run);
  }
  ReturnFreeMemory();
  return Status::OK();
}

Status PartitionedGroups::Spill(std::unique_ptr<Partition>* partition) {
  if ((*partition)->groups.size() == 0) return Status::OK();
  if (file_ == nullptr) {
    VELO_ASSIGN_OR_RETURN(file_, SpillFile::Open());
  }
  std::string bytes;
  VELO_RETURN_IF_ERROR(SavePartition(**partition, &bytes));
  std::unique_ptr<Partition> emptied = MakePartition();
  emptied->spilled = std::move((*partition)->spilled);
  *partition = std::move(emptied);
  VELO_ASSIGN_OR_RETURN(const int64_t offset, file_->Append(bytes));
  (*partition)->spilled.push_back({file_, offset, static_cast<int64_t>(bytes.size())});
  return Status::OK();
}

Status PartitionedGroups::MergeSpilled(Partition* target, const std::vector<SpilledPiece>& pieces) const {
  for (const SpilledPiece& piece : pieces) {
    VELO_ASSIGN_OR_RETURN(const std::string bytes, piece.file->Read(piece.offset, piece.size));
    std::string_view in = bytes;
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(&in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(&in));
    AggregateColumns states(node_.aggregates);
    states.Resize(size);
    VELO_RETURN_IF_ERROR(states.Load(&in));
    VELO_RETURN_IF_ERROR(Merge(target, keys->columns(), size, states));
  }
  return Status::OK();
}

Result<std::unique_ptr<PartitionedGroups::Partition>> PartitionedGroups::Take(size_t number) {
  std::unique_ptr<Partition> whole;
  for (Run& run : runs_) {
    std::unique_ptr<Partition> part = std::exchange(run.partitions[number], nullptr);
    if (part == nullptr) return Status::Bug("a partition was taken twice");
    const bool is_first = whole == nullptr && part->spilled.empty();
    if (whole == nullptr && !is_first) whole = MakePartition();
    if (is_first) {
      whole = std::move(part);
      Reserve(most_groups_, whole.get());
    } else {
      VELO_RETURN_IF_ERROR(MergeSpilled(whole.get(), part->spilled));
      VELO_RETURN_IF_ERROR(MergeInto(whole.get(), *part));
      part.reset();
    }
    VELO_RETURN_IF_ERROR(FlushInto(whole.get(), run.waiting, number));
  }
  most_groups_ = std::max<uint32_t>(most_groups_, whole->groups.size());
  return whole;
}

int64_t PartitionedGroups::MemoryBytes() const {
  int64_t bytes = 0;
  for (const Run& run : runs_) {
    bytes += run.waiting_bytes;
    for (const auto& partition : run.partitions) {
      if (partition != nullptr) bytes += partition->groups.MemoryBytes() + partition->states.MemoryBytes();
    }
  }
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
  PutInteger(static_cast<int64_t>(runs_.size()), out);
  for (const Run& run : runs_) {
    for (const auto& partition : run.partitions) {
      PutInteger(static_cast<int64_t>(partition->spilled.size()), out);
      for (const SpilledPiece& piece : partition->spilled) {
        VELO_ASSIGN_OR_RETURN(const std::string bytes, piece.file->Read(piece.offset, piece.size));
        PutText(bytes, out);
      }
      VELO_RETURN_IF_ERROR(SavePartition(*partition, out));
    }
  }
  return Status::OK();
}

Status PartitionedGroups::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t runs, TakeInteger(in));
  runs_.clear();
  for (int64_t i = 0; i < runs; ++i) {
    runs_.push_back(MakeRun());
    for (const auto& partition : runs_.back().partitions) {
      VELO_ASSIGN_OR_RETURN(const int64_t pieces, TakeInteger(in));
      for (int64_t piece = 0; piece < pieces; ++piece) {
        VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
        if (file_ == nullptr) {
          VELO_ASSIGN_OR_RETURN(file_, SpillFile::Open());
        }
        VELO_ASSIGN_OR_RETURN(const int64_t offset, file_->Append(bytes));
        partition->spilled.push_back({file_, offset, static_cast<int64_t>(bytes.size())});
      }
      VELO_RETURN_IF_ERROR(LoadPartition(in, partition.get()));
    }
  }
  return Status::OK();
}

}  // namespace velo::exec
