#include "engine/exec/operators/over_functions.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>

#include "engine/exec/aggregate_columns.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

const LogColumn* OverArguments::Add(const BoundExpressionPtr& value, const BoundExpressionPtr& filter, bool only_true) {
  if (value->kind == BoundKind::kColumn && filter == nullptr && !only_true) {
    for (const Argument& known : arguments_) {
      const bool same = known.value->kind == BoundKind::kColumn && known.value->column == value->column &&
                        known.filter == nullptr && !known.only_true;
      if (same) return known.log.get();
    }
  }
  arguments_.push_back({value, filter, only_true, std::make_unique<LogColumn>(value->type.ToArrow())});
  return arguments_.back().log.get();
}

int OverArguments::PlaceOf(const LogColumn* argument) const {
  const auto at = std::find_if(arguments_.begin(), arguments_.end(),
                               [argument](const Argument& each) { return each.log.get() == argument; });
  return static_cast<int>(at - arguments_.begin());
}

Result<OverArguments::Evaluated> OverArguments::Evaluate(const arrow::RecordBatch& batch,
                                                         EvaluationContext* context) const {
  Evaluated evaluated;
  for (const Argument& argument : arguments_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values, EvaluateToArray(*argument.value, batch, context));
    std::vector<uint8_t> selected;
    const auto keep_true = [&](const arrow::Array& array) {
      const auto& condition = static_cast<const arrow::BooleanArray&>(array);
      selected.resize(static_cast<size_t>(batch.num_rows()), 1);
      for (int64_t i = 0; i < batch.num_rows(); ++i) {
        if (condition.IsNull(i) || !condition.Value(i)) selected[static_cast<size_t>(i)] = 0;
      }
    };
    if (argument.only_true) keep_true(*values);
    if (argument.filter != nullptr) {
      VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> condition,
                            EvaluateToArray(*argument.filter, batch, context));
      keep_true(*condition);
    }
    evaluated.values.push_back(std::move(values));
    evaluated.selected.push_back(std::move(selected));
  }
  return evaluated;
}

Status OverArguments::Append(const Evaluated& batch) {
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const uint8_t* selected = batch.selected[i].empty() ? nullptr : batch.selected[i].data();
    VELO_RETURN_IF_ERROR(arguments_[i].log->Append(*batch.values[i], selected));
  }
  return Status::OK();
}

Status OverArguments::Keep(std::span<const uint32_t> ids) {
  for (Argument& argument : arguments_) VELO_RETURN_IF_ERROR(argument.log->Keep(ids));
  return Status::OK();
}

int64_t OverArguments::MemoryBytes() const {
  int64_t bytes = 0;
  for (const Argument& argument : arguments_) bytes += argument.log->MemoryBytes();
  return bytes;
}

Status OverArguments::Save(std::span<const uint32_t> ids, std::string* out) const {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const Argument& argument : arguments_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, argument.log->Gather(ids));
    columns.push_back(std::move(column));
  }
  return PutArrays(columns, static_cast<int64_t>(ids.size()), out);
}

Status OverArguments::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> columns, TakeBatch(in));
  for (size_t i = 0; i < arguments_.size(); ++i) {
    VELO_RETURN_IF_ERROR(arguments_[i].log->Append(*columns->column(static_cast<int>(i)), nullptr));
  }
  return Status::OK();
}

std::unique_ptr<OverFunction> MakeOverFunction(const OverNode& node, size_t index, OverArguments* arguments,
                                               OverFacts* facts) {
  const OverCall& call = node.calls[index];
  if (call.window != nullptr) {
    auto position = MakeOverPosition(node, call, facts);
    return position != nullptr ? std::move(position) : MakeOverNeighbour(node, call, arguments, facts);
  }
  if (!call.call.distinct) {
    if (auto sum = MakeOverSum(node, call, arguments, facts)) return sum;
    if (auto moment = MakeOverMoment(node, call, arguments, facts)) return moment;
    if (auto extreme = MakeOverExtreme(node, call, arguments, facts)) return extreme;
  }
  return MakeOverAggregate(call, arguments, facts);
}

namespace {

// Re-evaluates an aggregate over every frame, many frames at once: each row of the batch is a group of its own.
class AggregateFunctionOver : public OverFunction {
 public:
  AggregateFunctionOver(const OverCall& call, std::vector<const LogColumn*> logs, const LogColumn* filter)
      : calls_{call.call}, logs_(std::move(logs)), filter_(filter) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    arrow::ArrayVector pieces;
    for (int64_t from = 0; from < rows.rows;) {
      const int64_t to = CollectFrames(rows, from);
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> piece, ComputeFrames(to - from));
      pieces.push_back(std::move(piece));
      from = to;
    }
    if (pieces.size() == 1) return pieces[0];
    if (pieces.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none,
                                  arrow::MakeArrayOfNull(calls_[0].types.result.ToArrow(), 0));
      return none;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> all, arrow::Concatenate(pieces));
    return all;
  }
  void KeepPartitions(std::span<const uint32_t>) override {}

 private:
  static constexpr size_t kRowsAtOnce = 1 << 16;

  // Lines up the rows of the frames of rows [from, result).
  int64_t CollectFrames(const OverRows& rows, int64_t from) {
    frame_rows_.clear();
    groups_.clear();
    int64_t i = from;
    for (; i < rows.rows && (i == from || frame_rows_.size() < kRowsAtOnce); ++i) {
      if (rows.list_from != nullptr && rows.list_from[i] != kNoRow) {
        frame_rows_.insert(frame_rows_.end(), rows.listed + rows.list_from[i], rows.listed + rows.list_to[i]);
      } else {
        const PartitionBuffer& buffer = rows.buffers[rows.partitions[i]];
        const uint32_t* ids = buffer.ids.data();
        frame_rows_.insert(frame_rows_.end(), ids + (rows.begin[i] - buffer.base), ids + (rows.end[i] - buffer.base));
      }
      groups_.resize(frame_rows_.size(), static_cast<uint32_t>(i - from));
    }
    return i;
  }

  Result<std::shared_ptr<arrow::Array>> ComputeFrames(int64_t count) {
    AggregateInputs inputs;
    inputs.rows = static_cast<int64_t>(frame_rows_.size());
    inputs.arguments.emplace_back();
    inputs.selected.emplace_back();
    for (const LogColumn* log : logs_) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values, log->Gather(frame_rows_));
      inputs.arguments[0].push_back(std::move(values));
    }
    if (filter_ != nullptr) {
      for (uint32_t id : frame_rows_) inputs.selected[0].push_back(filter_->valid()[id]);
    }
    AggregateColumns states(calls_);
    states.Resize(count);
    if (inputs.rows > 0) VELO_RETURN_IF_ERROR(states.Update(inputs, groups_.data()));
    std::vector<uint32_t> groups(static_cast<size_t>(count));
    for (uint32_t i = 0; i < groups.size(); ++i) groups[i] = i;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    VELO_RETURN_IF_ERROR(states.Finalise(groups, &columns));
    return columns[0];
  }

  const std::vector<AggregateCall> calls_;
  const std::vector<const LogColumn*> logs_;
  const LogColumn* const filter_;  ///< Valid where FILTER lets the row in.
  std::vector<uint32_t> frame_rows_, groups_;
};

}  // namespace

std::unique_ptr<OverFunction> MakeOverAggregate(const OverCall& call, OverArguments* arguments, OverFacts* facts) {
  facts->wants_frames = true;
  facts->order_matters = true;
  std::vector<const LogColumn*> logs;
  for (const BoundExpressionPtr& argument : call.call.arguments) logs.push_back(arguments->Add(argument, nullptr));
  const LogColumn* filter = call.call.filter == nullptr ? nullptr : arguments->Add(call.call.filter, nullptr, true);
  return std::make_unique<AggregateFunctionOver>(call, std::move(logs), filter);
}

}  // namespace velo::exec
