#include "engine/exec/aggregate_columns.h"

#include "engine/exec/distinct_aggregator.h"
#include "engine/functions/aggregate/ordered.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

std::unique_ptr<Aggregator> MakeAggregator(const AggregateCall& call) {
  std::vector<const std::string*> constants;
  for (size_t i = 0; i < call.constants.size(); ++i) {
    constants.push_back(i < call.constant_given.size() && call.constant_given[i] ? &call.constants[i] : nullptr);
  }
  // The sort keys of ORDER BY are the last arguments; the aggregate itself does not see them.
  CallTypes types = call.types;
  types.arguments.resize(types.arguments.size() - call.order_by.size());
  const auto make = [&call, types, constants]() -> std::unique_ptr<Aggregator> {
    auto aggregator = call.function->make(types, constants);
    if (!call.distinct || call.arguments.empty()) return aggregator;
    return MakeDistinctAggregator(std::move(aggregator), types.arguments);
  };
  if (call.order_by.empty()) return make();
  return MakeOrdered(make, call.types.arguments, call.order_by);
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
  for (size_t call = 0; call < arguments.size(); ++call) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& array : arguments[call]) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> part,
                                  arrow::compute::Take(*array, *indices, arrow::compute::TakeOptions::NoBoundsCheck()));
      arrays.push_back(std::move(part));
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

AggregateColumns::AggregateColumns(const std::vector<AggregateCall>& calls) {
  for (const AggregateCall& call : calls) aggregators_.push_back(MakeAggregator(call));
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

Status AggregateColumns::UpdateInRuns(const AggregateInputs& inputs, const uint32_t* ids,
                                      const std::function<Status(int64_t offset, int64_t length)>& after_run) {
  last_run_.resize(static_cast<size_t>(groups_), 0);
  int64_t start = 0;
  ++run_;
  for (int64_t row = 0; row <= inputs.rows; ++row) {
    if (row < inputs.rows && last_run_[ids[row]] != run_) {
      last_run_[ids[row]] = run_;
      continue;
    }
    if (row > start) {
      VELO_RETURN_IF_ERROR(UpdateRange(inputs, ids + start, start, row - start));
      VELO_RETURN_IF_ERROR(after_run(start, row - start));
    }
    if (row == inputs.rows) break;
    start = row;
    last_run_[ids[row]] = ++run_;
  }
  return Status::OK();
}

Status AggregateColumns::Merge(const AggregateColumns& other, std::span<const uint32_t> map) {
  for (size_t call = 0; call < aggregators_.size(); ++call) {
    VELO_RETURN_IF_ERROR(aggregators_[call]->Merge(*other.aggregators_[call], map));
  }
  return Status::OK();
}

Status AggregateColumns::Finalise(std::span<const uint32_t> groups,
                                  std::vector<std::shared_ptr<arrow::Array>>* columns) {
  for (auto& aggregator : aggregators_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, aggregator->Finalise(groups));
    columns->push_back(std::move(array));
  }
  return Status::OK();
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
