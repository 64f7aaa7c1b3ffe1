#include "engine/exec/aggregate_columns.h"

#include <arrow/array/concatenate.h>

#include "engine/exec/distinct_aggregator.h"
#include "engine/exec/distinct_count.h"
#include "engine/exec/parallel_for.h"
#include "engine/exec/value_keeping_aggregator.h"
#include "engine/functions/aggregate/ordered.h"
#include "engine/functions/aggregate/running.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// Fewer are done sooner than other threads could begin.
constexpr size_t kManyGroups = 4096;

bool IsDistinct(const AggregateCall& call) { return call.distinct && !call.arguments.empty(); }

// The function over rows as they come, each value once with DISTINCT.
std::unique_ptr<Aggregator> MakeInArrivalOrder(const AggregateCall& call, const CallTypes& types,
                                               const std::vector<const std::string*>& constants) {
  if (IsDistinct(call) && call.function->counts_values) return MakeDistinctCount(types.arguments);
  auto aggregator = call.function->make(types, constants);
  return IsDistinct(call) ? MakeDistinctAggregator(std::move(aggregator), types.arguments) : std::move(aggregator);
}

// Sets `keeps_values` when the function cannot subtract.
std::unique_ptr<Aggregator> MakeAggregator(const AggregateCall& call, bool takes_back, bool* keeps_values) {
  std::vector<const std::string*> constants;
  for (size_t i = 0; i < call.constants.size(); ++i) {
    constants.push_back(i < call.constant_given.size() && call.constant_given[i] ? &call.constants[i] : nullptr);
  }
  // The sort keys of ORDER BY are the last arguments; the aggregate itself does not see them.
  CallTypes types = call.types;
  types.arguments.resize(types.arguments.size() - call.order_by.size());
  if (!call.order_by.empty()) {
    auto ordered = MakeOrdered([&call, types, constants] { return MakeInArrivalOrder(call, types, constants); },
                               call.types.arguments, call.order_by);
    *keeps_values = takes_back;
    if (!takes_back) return ordered;
    return MakeValueKeepingAggregator(std::move(ordered), call.types.arguments, /*distinct=*/false);
  }
  if (takes_back) {
    auto aggregator = call.function->make(types, constants);
    *keeps_values = IsDistinct(call) || !aggregator->retractable();
    if (!*keeps_values) return aggregator;
    return MakeValueKeepingAggregator(std::move(aggregator), types.arguments, IsDistinct(call));
  }
  *keeps_values = false;
  return MakeInArrivalOrder(call, types, constants);
}

// One byte per row: 1 where the FILTER condition is true.
Result<std::vector<uint8_t>> EvaluateFilter(const BoundExpression& filter, const arrow::RecordBatch& batch,
                                            EvaluationContext* context) {
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> array, EvaluateToArray(filter, batch, context));
  const auto& condition = static_cast<const arrow::BooleanArray&>(*array);
  std::vector<uint8_t> selected(static_cast<size_t>(batch.num_rows()));
  for (int64_t i = 0; i < batch.num_rows(); ++i) selected[i] = condition.IsValid(i) && condition.Value(i) ? 1 : 0;
  return selected;
}

// The results of each row's group with the rows up to it; no group comes twice within a run.
Result<std::shared_ptr<arrow::Array>> ShowInRuns(Aggregator& aggregator, ArgumentSpan arguments, const uint32_t* ids,
                                                 const uint8_t* selected, std::span<const int64_t> starts) {
  std::vector<std::shared_ptr<arrow::Array>> pieces, slices;
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    const int64_t from = starts[run], length = starts[run + 1] - from;
    slices.clear();
    for (const auto& argument : arguments) slices.push_back(argument->Slice(from, length));
    VELO_RETURN_IF_ERROR(
        aggregator.Update(slices, ids + from, selected == nullptr ? nullptr : selected + from, length));
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> piece,
                          aggregator.Finalise({ids + from, static_cast<size_t>(length)}));
    pieces.push_back(std::move(piece));
  }
  if (pieces.empty()) return aggregator.Finalise({});
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(pieces));
  return column;
}

}  // namespace

Result<AggregateInputs> EvaluateInputs(const std::vector<AggregateCall>& calls, const arrow::RecordBatch& batch,
                                       EvaluationContext* context) {
  AggregateInputs inputs;
  inputs.rows = batch.num_rows();
  for (const AggregateCall& call : calls) {
    std::vector<std::shared_ptr<arrow::Array>> arguments;
    for (const BoundExpressionPtr& argument : call.arguments) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, EvaluateToArray(*argument, batch, context));
      arguments.push_back(std::move(array));
    }
    std::vector<uint8_t> selected;
    if (call.filter != nullptr) {
      VELO_ASSIGN_OR_RETURN(selected, EvaluateFilter(*call.filter, batch, context));
    }
    inputs.arguments.push_back(std::move(arguments));
    inputs.selected.push_back(std::move(selected));
  }
  return inputs;
}

Result<AggregateInputs> AggregateInputs::Take(std::span<const uint32_t> rows) const {
  AggregateInputs taken;
  taken.rows = static_cast<int64_t>(rows.size());
  const auto indices = std::make_shared<arrow::UInt32Array>(taken.rows, arrow::Buffer::Wrap(rows.data(), rows.size()));
  std::map<const arrow::Array*, std::shared_ptr<arrow::Array>> known;  // Calls may share an argument.
  for (size_t call = 0; call < arguments.size(); ++call) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& array : arguments[call]) {
      std::shared_ptr<arrow::Array>& part = known[array.get()];
      if (part == nullptr) {
        VELO_ASSIGN_OR_RETURN_ARROW(
            part, arrow::compute::Take(*array, *indices, arrow::compute::TakeOptions::NoBoundsCheck()));
      }
      arrays.push_back(part);
    }
    std::vector<uint8_t> mask;
    if (!selected[call].empty()) {
      mask.reserve(rows.size());
      for (uint32_t row : rows) mask.push_back(selected[call][row]);
    }
    taken.arguments.push_back(std::move(arrays));
    taken.selected.push_back(std::move(mask));
  }
  return taken;
}

ChangeSigns SignsOf(const std::vector<RowKind>& kinds) {
  ChangeSigns signs;
  const auto leaves = [](RowKind kind) { return kind == RowKind::kUpdateBefore || kind == RowKind::kDelete; };
  if (std::none_of(kinds.begin(), kinds.end(), leaves)) return signs;
  signs.takes_back.reserve(kinds.size());
  signs.replaced.assign(kinds.size(), 0);
  for (size_t row = 0; row < kinds.size(); ++row) {
    signs.takes_back.push_back(leaves(kinds[row]) ? 1 : 0);
    if (kinds[row] != RowKind::kUpdateBefore || row + 1 == kinds.size()) continue;
    signs.replaced[row] = kinds[row + 1] == RowKind::kUpdateAfter ? 1 : 0;
  }
  return signs;
}

ChangeSigns TakeSigns(const ChangeSigns& signs, std::span<const uint32_t> rows) {
  ChangeSigns taken;
  if (signs.takes_back.empty()) return taken;
  taken.replaced.assign(rows.size(), 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    taken.takes_back.push_back(signs.takes_back[rows[i]]);
    const bool followed = i + 1 < rows.size() && rows[i + 1] == rows[i] + 1;
    taken.replaced[i] = signs.replaced[rows[i]] != 0 && followed ? 1 : 0;
  }
  return taken;
}

AggregateInputs AggregateInputs::Slice(int64_t offset, int64_t length) const {
  AggregateInputs part;
  part.rows = length;
  for (size_t call = 0; call < arguments.size(); ++call) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& array : arguments[call]) arrays.push_back(array->Slice(offset, length));
    part.arguments.push_back(std::move(arrays));
    const auto& mask = selected[call];
    part.selected.push_back(mask.empty() ? std::vector<uint8_t>()
                                         : std::vector<uint8_t>(mask.begin() + offset, mask.begin() + offset + length));
  }
  return part;
}

ChangeSigns ChangeSigns::Slice(int64_t offset, int64_t length) const {
  if (takes_back.empty()) return {};
  ChangeSigns part{{takes_back.begin() + offset, takes_back.begin() + offset + length},
                   {replaced.begin() + offset, replaced.begin() + offset + length}};
  if (length > 0) part.replaced.back() = 0;
  return part;
}

AggregateColumns::AggregateColumns(const std::vector<AggregateCall>& calls, bool takes_back) {
  for (const AggregateCall& call : calls) {
    bool keeps_values = false;
    aggregators_.push_back(MakeAggregator(call, takes_back, &keeps_values));
    subtracts_ &= !keeps_values;
  }
}

void AggregateColumns::Resize(int64_t groups) {
  if (groups <= groups_) return;
  groups_ = groups;
  for (auto& aggregator : aggregators_) aggregator->Resize(groups);
}

Status AggregateColumns::Update(const AggregateInputs& inputs, const uint32_t* ids) {
  for (size_t call = 0; call < aggregators_.size(); ++call) {
    const uint8_t* selected = inputs.selected[call].empty() ? nullptr : inputs.selected[call].data();
    VELO_RETURN_IF_ERROR(aggregators_[call]->Update(inputs.arguments[call], ids, selected, inputs.rows));
  }
  return Status::OK();
}

Status AggregateColumns::UpdateRange(const AggregateInputs& inputs, const uint32_t* ids, int64_t offset,
                                     int64_t length) {
  std::vector<std::shared_ptr<arrow::Array>> slices;
  for (size_t call = 0; call < aggregators_.size(); ++call) {
    slices.clear();
    for (const auto& array : inputs.arguments[call]) slices.push_back(array->Slice(offset, length));
    const uint8_t* selected = inputs.selected[call].empty() ? nullptr : inputs.selected[call].data() + offset;
    VELO_RETURN_IF_ERROR(aggregators_[call]->Update(slices, ids, selected, length));
  }
  return Status::OK();
}

// Where runs of rows begin in which no group comes twice, and where the last one ends.
std::vector<int64_t> AggregateColumns::RunsOf(const uint32_t* ids, int64_t rows) {
  last_run_.resize(static_cast<size_t>(groups_), 0);
  std::vector<int64_t> starts{0};
  ++run_;
  for (int64_t row = 0; row < rows; ++row) {
    if (last_run_[ids[row]] == run_) {
      starts.push_back(row);
      ++run_;
    }
    last_run_[ids[row]] = run_;
  }
  if (rows > 0) starts.push_back(rows);
  return starts;
}

Status AggregateColumns::UpdateInRuns(const AggregateInputs& inputs, const uint32_t* ids,
                                      const std::function<Status(int64_t offset, int64_t length)>& after_run) {
  const std::vector<int64_t> starts = RunsOf(ids, inputs.rows);
  for (size_t run = 0; run + 1 < starts.size(); ++run) {
    const int64_t from = starts[run], length = starts[run + 1] - from;
    VELO_RETURN_IF_ERROR(UpdateRange(inputs, ids + from, from, length));
    VELO_RETURN_IF_ERROR(after_run(from, length));
  }
  return Status::OK();
}

Status AggregateColumns::UpdateShowing(const AggregateInputs& inputs, const uint32_t* ids,
                                       std::vector<std::shared_ptr<arrow::Array>>* columns) {
  std::vector<int64_t> starts;  // Made when first needed.
  for (size_t call = 0; call < aggregators_.size(); ++call) {
    const uint8_t* selected = inputs.selected[call].empty() ? nullptr : inputs.selected[call].data();
    auto* running = dynamic_cast<RunningAggregator*>(aggregators_[call].get());
    if (running != nullptr && running->shows_each_row()) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                            running->UpdateShowing(inputs.arguments[call], ids, selected, inputs.rows));
      columns->push_back(std::move(column));
      continue;
    }
    if (starts.empty()) starts = RunsOf(ids, inputs.rows);
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                          ShowInRuns(*aggregators_[call], inputs.arguments[call], ids, selected, starts));
    columns->push_back(std::move(column));
  }
  return Status::OK();
}

Status AggregateColumns::ApplyRange(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs,
                                    int64_t offset, int64_t length) {
  if (signs.takes_back.empty()) return UpdateRange(inputs, ids, offset, length);
  std::vector<uint8_t> leaving(static_cast<size_t>(length)), coming(static_cast<size_t>(length));
  std::vector<std::shared_ptr<arrow::Array>> slices;
  for (size_t call = 0; call < aggregators_.size(); ++call) {
    slices.clear();
    for (const auto& array : inputs.arguments[call]) slices.push_back(array->Slice(offset, length));
    for (int64_t i = 0; i < length; ++i) {
      const bool selected = inputs.selected[call].empty() || inputs.selected[call][offset + i] != 0;
      leaving[i] = selected && signs.takes_back[offset + i] != 0 ? 1 : 0;
      coming[i] = selected && signs.takes_back[offset + i] == 0 ? 1 : 0;
    }
    VELO_RETURN_IF_ERROR(aggregators_[call]->Retract(slices, ids, leaving.data(), length));
    VELO_RETURN_IF_ERROR(aggregators_[call]->Update(slices, ids, coming.data(), length));
  }
  return Status::OK();
}

Status AggregateColumns::Apply(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs) {
  if (subtracts_ || signs.takes_back.empty()) return ApplyRange(inputs, ids, signs, 0, inputs.rows);
  return ApplyInRuns(inputs, ids, signs, [](int64_t, int64_t) { return Status::OK(); });
}

Status AggregateColumns::ApplyInRuns(const AggregateInputs& inputs, const uint32_t* ids, const ChangeSigns& signs,
                                     const std::function<Status(int64_t offset, int64_t length)>& after_run) {
  if (signs.takes_back.empty()) return UpdateInRuns(inputs, ids, after_run);
  last_run_.resize(static_cast<size_t>(groups_), 0);
  int64_t start = 0;
  ++run_;
  for (int64_t row = 0; row <= inputs.rows;) {
    const int64_t next = row + (row < inputs.rows && signs.replaced[row] != 0 ? 2 : 1);
    bool repeats = row == inputs.rows;
    for (int64_t i = row; i < next && !repeats; ++i) repeats = last_run_[ids[i]] == run_;
    if (repeats && row > start) {
      VELO_RETURN_IF_ERROR(ApplyRange(inputs, ids + start, signs, start, row - start));
      VELO_RETURN_IF_ERROR(after_run(start, row - start));
      start = row;
      ++run_;
    }
    if (row == inputs.rows) break;
    for (int64_t i = row; i < next; ++i) last_run_[ids[i]] = run_;
    row = next;
  }
  return Status::OK();
}

void AggregateColumns::Reset(std::span<const uint32_t> groups) {
  for (auto& aggregator : aggregators_) aggregator->Reset(groups);
}

Status AggregateColumns::Merge(const AggregateColumns& other, std::span<const uint32_t> map) {
  return ResizeAndMerge(groups_, other, map, /*pool=*/nullptr);
}

Status AggregateColumns::ResizeAndMerge(int64_t groups, const AggregateColumns& other, std::span<const uint32_t> map,
                                        WorkerPool* pool) {
  groups_ = std::max(groups, groups_);
  const auto merge = [&](size_t call) {
    aggregators_[call]->Resize(groups_);
    return aggregators_[call]->Merge(*other.aggregators_[call], map);
  };
  return ParallelFor(map.size() < kManyGroups ? nullptr : pool, aggregators_.size(), merge);
}

Status AggregateColumns::Finalise(std::span<const uint32_t> groups, std::vector<std::shared_ptr<arrow::Array>>* columns,
                                  WorkerPool* pool) {
  const size_t first = columns->size();
  columns->resize(first + aggregators_.size());
  const auto finalise = [&](size_t call) -> Status {
    VELO_ASSIGN_OR_RETURN((*columns)[first + call], aggregators_[call]->Finalise(groups));
    return Status::OK();
  };
  return ParallelFor(groups.size() < kManyGroups ? nullptr : pool, aggregators_.size(), finalise);
}

int64_t AggregateColumns::MemoryBytes() const {
  int64_t bytes = static_cast<int64_t>(last_run_.capacity() * sizeof(uint32_t));
  for (const auto& aggregator : aggregators_) bytes += aggregator->MemoryBytes();
  return bytes;
}

void AggregateColumns::Save(std::string* out) const {
  for (const auto& aggregator : aggregators_) aggregator->Save(out);
}

Status AggregateColumns::Load(std::string_view* in) {
  for (auto& aggregator : aggregators_) VELO_RETURN_IF_ERROR(aggregator->Load(in));
  return Status::OK();
}

}  // namespace velo::exec
