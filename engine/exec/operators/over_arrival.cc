#include "engine/exec/operators/over_arrival.h"

#include <algorithm>
#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/operators/arrival_functions.h"
#include "engine/exec/operators/over_functions.h"
#include "engine/exec/operators/over_inputs_internal.h"
#include "engine/exec/parallel_for.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/same_expression.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

using Windows = std::vector<std::shared_ptr<const OverNode>>;

std::unique_ptr<ArrivalFunction> MakeFunction(const OverNode& node, const OverCall& call) {
  return call.window != nullptr ? MakeArrivalLag(node, call) : MakeArrivalSum(node, call);
}

// Without an order all rows of a partition are equal, so a frame of equal rows is all of them so far.
bool EndsWithTheRow(const OverNode& node) {
  const bool starts_before = node.frame.start.kind == FrameEdge::kUnboundedPreceding ||
                             node.frame.start.kind == FrameEdge::kCurrentRow ||
                             (node.frame.unit == FrameUnit::kRows && node.frame.start.kind == FrameEdge::kPreceding);
  return starts_before && node.frame.end.kind == FrameEdge::kCurrentRow;
}

bool IsArrivalWindow(const OverNode& node) {
  const bool is_plain = node.order_by.empty() && !node.per_emission && !node.emit_on_full && node.buffer_ms < 0 &&
                        node.max_partitions == 0 && EndsWithTheRow(node);
  return is_plain && std::all_of(node.calls.begin(), node.calls.end(),
                                 [&](const OverCall& call) { return MakeFunction(node, call) != nullptr; });
}

bool ReadsBelow(const BoundExpressionPtr& expression, int limit) {
  if (expression == nullptr) return true;
  std::vector<int> columns;
  CollectColumns(*expression, &columns);
  return std::all_of(columns.begin(), columns.end(), [limit](int column) { return column < limit; });
}

// Whether the upper window has the partitions of the lower one and reads none of its results.
bool CanShare(const OverNode& upper, const OverNode& lower) {
  const auto limit = static_cast<int>(lower.inputs[0]->output.columns.size());
  const bool reads_below = std::all_of(upper.calls.begin(), upper.calls.end(), [limit](const OverCall& call) {
    return ReadsBelow(call.call.filter, limit) &&
           std::all_of(call.call.arguments.begin(), call.call.arguments.end(),
                       [limit](const BoundExpressionPtr& argument) { return ReadsBelow(argument, limit); });
  });
  return reads_below && upper.expire_ms == lower.expire_ms &&
         std::equal(upper.partition_by.begin(), upper.partition_by.end(), lower.partition_by.begin(),
                    lower.partition_by.end(),
                    [](const BoundExpressionPtr& a, const BoundExpressionPtr& b) { return IsSameExpression(*a, *b); });
}

// From so many rows on it takes longer to compute a call than to find a thread for it.
constexpr int64_t kRowsWorthSharing = 4096;

// One function with where it finds its argument.
struct Call {
  std::unique_ptr<ArrivalFunction> function;
  int argument = -1;  ///< Place among the evaluated arguments; -1: it has none.
  std::shared_ptr<arrow::DataType> type;
  bool totals = false;                    ///< It adds up, which takes longer than looking back.
  std::vector<uint8_t> valid;             ///< Scratch: of the argument, one byte per row.
  std::shared_ptr<arrow::Array> results;  ///< Of the batch at hand.
};

class ArrivalOver : public Operator {
 public:
  ArrivalOver(Windows windows, bool counts_input, LaneContext* context)
      : windows_(std::move(windows)),
        schema_(windows_.back()->output.ToArrow()),
        counts_input_(counts_input),
        context_(context),
        groups_(OverKeyTypes(*windows_[0])) {
    for (const auto& window : windows_) {
      for (const OverCall& call : window->calls) AddCall(*window, call);
    }
    by_cost_.resize(calls_.size());
    std::iota(by_cost_.begin(), by_cost_.end(), size_t{0});
    std::stable_partition(by_cost_.begin(), by_cost_.end(), [this](size_t call) { return calls_[call].totals; });
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    if (batch.num_rows() == 0) return Status::OK();
    OverInputs inputs;
    return EvaluateGoodRows(
        batch, *context_, counts_input_,
        [&](const Batch& part) -> Status {
          VELO_ASSIGN_OR_RETURN(inputs,
                                EvaluateOverInputs(*windows_[0], arguments_, *part.columns, &context_->evaluation));
          return Status::OK();
        },
        [&](const Batch& part) {
          if (counts_input_) context_->meter->used += part.num_rows();
          return Consume(part, inputs, out);
        });
  }

  Status Save(std::string* out) const override {
    std::vector<uint32_t> all(groups_.size());
    std::iota(all.begin(), all.end(), 0U);
    std::vector<std::shared_ptr<arrow::Array>> keys;
    for (size_t key = 0; key < groups_.column_count(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, groups_.Keys(key, all));
      keys.push_back(std::move(column));
    }
    PutInteger(groups_.size(), out);
    VELO_RETURN_IF_ERROR(PutArrays(keys, groups_.size(), out));
    for (uint32_t i = 0; i < groups_.size(); ++i) PutInteger(i < newest_.size() ? newest_[i] : INT64_MIN, out);
    for (const Call& call : calls_) call.function->Save(out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(size));
    if (size > 0) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys->columns(), size, ids.data()));
    newest_.resize(static_cast<size_t>(size));
    for (int64_t& time : newest_) {
      VELO_ASSIGN_OR_RETURN(time, TakeInteger(in));
    }
    for (const Call& call : calls_) VELO_RETURN_IF_ERROR(call.function->Load(in));
    return Status::OK();
  }

  int64_t StateBytes() const override {
    int64_t bytes = groups_.MemoryBytes() + static_cast<int64_t>(newest_.capacity() * sizeof(int64_t));
    for (const Call& call : calls_) bytes += call.function->MemoryBytes();
    return bytes;
  }

 private:
  void AddCall(const OverNode& window, const OverCall& call) {
    Call made;
    made.function = MakeFunction(window, call);
    made.type = call.call.types.result.ToArrow();
    made.totals = call.window == nullptr;
    const auto& inputs = call.call.arguments;
    const bool counts_true = call.window == nullptr && call.call.function->counts_true;
    if (!inputs.empty()) {
      made.argument = arguments_.PlaceOf(arguments_.Add(inputs[0], call.call.filter, counts_true));
    } else if (call.call.filter != nullptr) {
      made.argument = arguments_.PlaceOf(arguments_.Add(call.call.filter, nullptr, true));
    }
    calls_.push_back(std::move(made));
  }

  Status Consume(const Batch& batch, const OverInputs& inputs, Output& out) {
    std::vector<std::shared_ptr<arrow::Array>> columns = batch.columns->columns();
    const auto takes_back = [](RowKind kind) { return kind == RowKind::kDelete || kind == RowKind::kUpdateBefore; };
    if (std::any_of(batch.kinds.begin(), batch.kinds.end(), takes_back)) return ConsumeChanges(batch, out);
    VELO_RETURN_IF_ERROR(Compute(*batch.columns, inputs, &columns));
    return out.Emit({arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns)), batch.kinds});
  }

  // A row that takes an earlier one back is in no frame; it passes with nothing computed.
  Status ConsumeChanges(const Batch& batch, Output& out) {
    for (int64_t from = 0, to = 0; from < batch.num_rows(); from = to) {
      const auto takes_back = [&](int64_t row) {
        return batch.kinds[row] == RowKind::kDelete || batch.kinds[row] == RowKind::kUpdateBefore;
      };
      for (to = from; to < batch.num_rows() && takes_back(to) == takes_back(from);) ++to;
      Batch part = Slice(batch, from, to - from);
      std::vector<std::shared_ptr<arrow::Array>> columns = part.columns->columns();
      if (takes_back(from)) {
        for (const Call& call : calls_) {
          VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none,
                                      arrow::MakeArrayOfNull(call.type, part.num_rows()));
          columns.push_back(std::move(none));
        }
      } else {
        VELO_ASSIGN_OR_RETURN(const OverInputs inputs,
                              EvaluateOverInputs(*windows_[0], arguments_, *part.columns, &context_->evaluation));
        VELO_RETURN_IF_ERROR(Compute(*part.columns, inputs, &columns));
      }
      part.columns = arrow::RecordBatch::Make(schema_, part.num_rows(), std::move(columns));
      VELO_RETURN_IF_ERROR(out.Emit(std::move(part)));
    }
    return Status::OK();
  }

  Status Compute(const arrow::RecordBatch& batch, const OverInputs& inputs,
                 std::vector<std::shared_ptr<arrow::Array>>* results) {
    const int64_t rows = batch.num_rows();
    partitions_.assign(static_cast<size_t>(rows), 0);
    VELO_RETURN_IF_ERROR(groups_.FindOrInsert(inputs.keys, rows, partitions_.data()));
    ArrivalRows arrivals;
    arrivals.rows = rows;
    arrivals.partitions = partitions_.data();
    arrivals.partition_count = std::max<uint32_t>(groups_.size(), 1);
    if (windows_[0]->expire_ms >= 0) {
      NoteRestarts(batch);
      arrivals.restarts = restarts_.data();
    }
    const auto compute = [&](size_t call) { return ComputeCall(inputs.arguments, arrivals, &calls_[by_cost_[call]]); };
    WorkerPool* const pool = rows < kRowsWorthSharing ? nullptr : context_->pool;
    VELO_RETURN_IF_ERROR(ParallelFor(pool, calls_.size(), compute));
    for (Call& call : calls_) results->push_back(std::move(call.results));
    return Status::OK();
  }

  // Different calls may be computed side by side.
  static Status ComputeCall(const OverArguments::Evaluated& arguments, ArrivalRows rows, Call* call) {
    rows.argument = call->argument < 0 ? nullptr : arguments.values[static_cast<size_t>(call->argument)].get();
    NoteValidity(arguments, rows.rows, call);
    rows.valid = call->valid.data();
    VELO_ASSIGN_OR_RETURN(call->results, call->function->Compute(rows));
    return Status::OK();
  }

  static void NoteValidity(const OverArguments::Evaluated& arguments, int64_t rows, Call* call) {
    call->valid.assign(static_cast<size_t>(rows), 1);
    if (call->argument < 0) return;
    const arrow::Array& values = *arguments.values[static_cast<size_t>(call->argument)];
    const std::vector<uint8_t>& selected = arguments.selected[static_cast<size_t>(call->argument)];
    if (!selected.empty()) call->valid = selected;
    for (int64_t i = 0; values.null_count() > 0 && i < rows; ++i) call->valid[i] &= values.IsValid(i) ? 1 : 0;
  }

  // A partition starts anew with a row that comes long after all before it, by event time or, without one, the clock.
  void NoteRestarts(const arrow::RecordBatch& batch) {
    const int64_t now = context_->evaluation.now_micros / kMicrosPerMilli;
    const OverNode& node = *windows_[0];
    const auto* times =
        node.event_time < 0 ? nullptr : static_cast<const arrow::Int64Array*>(batch.column(node.event_time).get());
    newest_.resize(std::max<size_t>(groups_.size(), 1), INT64_MIN);
    restarts_.resize(static_cast<size_t>(batch.num_rows()));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      const int64_t time = times != nullptr && times->IsValid(i) ? times->Value(i) : now;
      int64_t& newest = newest_[partitions_[i]];
      restarts_[i] = newest != INT64_MIN && time - newest > node.expire_ms ? 1 : 0;
      newest = std::max(newest, time);
    }
  }

  const Windows windows_;
  const std::shared_ptr<arrow::Schema> schema_;
  const bool counts_input_;
  LaneContext* const context_;
  GroupTable groups_;
  OverArguments arguments_;
  std::vector<Call> calls_;
  std::vector<size_t> by_cost_;  ///< Calls in the order they are begun: what takes long comes first.
  std::vector<int64_t> newest_;  ///< Per partition: its highest time; only when partitions expire.
  // Scratch of one batch.
  std::vector<uint32_t> partitions_;
  std::vector<uint8_t> restarts_;
};

}  // namespace

int64_t MostRowsOfFrame(const OverNode& node) {
  const bool counts_back =
      node.frame.unit == FrameUnit::kRows && node.frame.start.kind != FrameEdge::kUnboundedPreceding;
  if (!counts_back) return node.buffer_rows;
  const int64_t rows = node.frame.start.kind == FrameEdge::kPreceding ? node.frame.start.offset + 1 : 1;
  return node.buffer_rows < 0 ? rows : std::min(rows, node.buffer_rows);
}

Windows ArrivalWindows(const std::shared_ptr<const OverNode>& top) {
  Windows windows;
  for (std::shared_ptr<const OverNode> node = top; IsArrivalWindow(*node);) {
    if (!windows.empty() && !CanShare(*windows.front(), *node)) break;
    windows.insert(windows.begin(), node);
    if (node->inputs[0]->kind != PlanKind::kOver) break;
    node = std::static_pointer_cast<const OverNode>(node->inputs[0]);
  }
  return windows;
}

std::unique_ptr<Operator> MakeArrivalOver(Windows windows, bool counts_input, LaneContext* context) {
  return std::make_unique<ArrivalOver>(std::move(windows), counts_input, context);
}

}  // namespace velo::exec
