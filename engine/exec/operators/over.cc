#include "engine/exec/operators/over.h"

#include <arrow/array/concatenate.h>

#include <numeric>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/operators/over_buffers.h"
#include "engine/exec/operators/over_inputs_internal.h"
#include "engine/exec/row_errors.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

Result<OverInputs> EvaluateOverInputs(const OverNode& node, const OverArguments& arguments,
                                      const arrow::RecordBatch& batch, EvaluationContext* context) {
  OverInputs inputs;
  for (const BoundExpressionPtr& key : node.partition_by) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values, EvaluateToArray(*key, batch, context));
    inputs.keys.push_back(std::move(values));
  }
  for (int bound : {node.window_start, node.window_end}) {
    if (bound >= 0) inputs.keys.push_back(batch.column(bound));
  }
  for (const SortKey& key : node.order_by) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values, EvaluateToArray(*key.expression, batch, context));
    inputs.order.push_back({std::move(values), key.descending, key.nulls_first});
  }
  VELO_ASSIGN_OR_RETURN(inputs.arguments, arguments.Evaluate(batch, context));
  return inputs;
}

std::vector<std::shared_ptr<arrow::DataType>> OverKeyTypes(const OverNode& node) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const BoundExpressionPtr& key : node.partition_by) types.push_back(key->type.ToArrow());
  for (int bound : {node.window_start, node.window_end}) {
    if (bound >= 0) types.push_back(arrow::int64());
  }
  return types;
}

Result<std::vector<std::shared_ptr<arrow::Array>>> JoinPieces(const std::vector<arrow::ArrayVector>& pieces) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const arrow::ArrayVector& parts : pieces) {
    if (parts.size() == 1) {
      columns.push_back(parts[0]);
      continue;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> joined, arrow::Concatenate(parts));
    columns.push_back(std::move(joined));
  }
  return columns;
}

namespace {

/// The log is rewritten when it has this many rows more than twice those that somebody refers to.
constexpr size_t kLogSlack = 1 << 17;

bool IsRetraction(RowKind kind) { return kind == RowKind::kDelete || kind == RowKind::kUpdateBefore; }

class OverOperator : public Operator {
 public:
  OverOperator(std::shared_ptr<const OverNode> node, bool counts_input, LaneContext* context)
      : settings_(std::move(node)),
        node_(*settings_),
        schema_(node_.output.ToArrow()),
        counts_input_(counts_input),
        context_(context),
        groups_(OverKeyTypes(node_)),
        buffers_(node_, &order_) {
    for (size_t i = 0; i < node_.calls.size(); ++i) {
      functions_.push_back(MakeOverFunction(node_, i, &arguments_, &facts_));
    }
    facts_.wants_positions |= node_.emit_on_full;
  }

  Status OnBatch(const Batch& batch, Output& out) override {
    if (batch.num_rows() == 0) return Status::OK();
    OverInputs inputs;
    return EvaluateGoodRows(
        batch, *context_, counts_input_,
        [&](const Batch& part) -> Status {
          VELO_ASSIGN_OR_RETURN(inputs, EvaluateOverInputs(node_, arguments_, *part.columns, &context_->evaluation));
          return Status::OK();
        },
        [&](const Batch& part) { return Consume(part, inputs, out); });
  }

  Status Save(std::string* out) const override {
    std::vector<uint32_t> live = LiveRows();
    const std::vector<uint32_t> new_ids = Renumbered(live);
    std::vector<uint32_t> all(groups_.size());
    std::iota(all.begin(), all.end(), 0U);
    PutInteger(groups_.size(), out);
    std::vector<std::shared_ptr<arrow::Array>> keys;
    for (size_t key = 0; key < groups_.column_count(); ++key) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, groups_.Keys(key, all));
      keys.push_back(std::move(column));
    }
    VELO_RETURN_IF_ERROR(PutArrays(keys, groups_.size(), out));
    PutInteger(static_cast<int64_t>(live.size()), out);
    VELO_RETURN_IF_ERROR(arguments_.Save(live, out));
    VELO_RETURN_IF_ERROR(order_.Save(live, out));
    buffers_.Save(new_ids, out);
    for (const auto& function : functions_) function->Save(new_ids, out);
    return Status::OK();
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(size));
    if (size > 0) VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys->columns(), size, ids.data()));
    VELO_ASSIGN_OR_RETURN(const int64_t rows, TakeInteger(in));
    log_rows_ = static_cast<uint32_t>(rows);
    VELO_RETURN_IF_ERROR(arguments_.Load(in));
    VELO_RETURN_IF_ERROR(order_.Load(in));
    VELO_RETURN_IF_ERROR(buffers_.Load(in));
    for (const auto& function : functions_) VELO_RETURN_IF_ERROR(function->Load(in));
    return Status::OK();
  }

  int64_t StateBytes() const override {
    int64_t bytes = groups_.MemoryBytes() + buffers_.MemoryBytes() + arguments_.MemoryBytes() + order_.MemoryBytes();
    for (const auto& function : functions_) bytes += function->MemoryBytes();
    return bytes;
  }

 private:
  Status Consume(const Batch& batch, const OverInputs& inputs, Output& out) {
    const bool retracts = std::any_of(batch.kinds.begin(), batch.kinds.end(), IsRetraction);
    if (retracts) return ConsumeChanges(batch, out);
    if (counts_input_) context_->meter->used += batch.num_rows();
    std::vector<std::shared_ptr<arrow::Array>> results;
    VELO_RETURN_IF_ERROR(ComputeRows(inputs, *batch.columns, &results));
    std::vector<std::shared_ptr<arrow::Array>> columns = batch.columns->columns();
    columns.insert(columns.end(), results.begin(), results.end());
    Batch output{arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns)), batch.kinds};
    if (!node_.emit_on_full) return out.Emit(std::move(output));
    if (full_.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(output, TakeRows(output, full_));
    return out.Emit(std::move(output));
  }

  // A row that takes an earlier one back has no place in the buffers; it passes with nothing computed.
  Status ConsumeChanges(const Batch& batch, Output& out) {
    for (int64_t from = 0, to = 0; from < batch.num_rows(); from = to) {
      const bool takes_back = IsRetraction(batch.kinds[from]);
      for (to = from; to < batch.num_rows() && IsRetraction(batch.kinds[to]) == takes_back;) ++to;
      Batch part = Slice(batch, from, to - from);
      if (!takes_back) {
        VELO_ASSIGN_OR_RETURN(const OverInputs inputs,
                              EvaluateOverInputs(node_, arguments_, *part.columns, &context_->evaluation));
        VELO_RETURN_IF_ERROR(Consume(part, inputs, out));
        continue;
      }
      std::vector<std::shared_ptr<arrow::Array>> columns = part.columns->columns();
      for (const OverCall& call : node_.calls) {
        VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> none,
                                    arrow::MakeArrayOfNull(call.call.types.result.ToArrow(), part.num_rows()));
        columns.push_back(std::move(none));
      }
      part.columns = arrow::RecordBatch::Make(schema_, part.num_rows(), std::move(columns));
      VELO_RETURN_IF_ERROR(out.Emit(std::move(part)));
    }
    return Status::OK();
  }

  Status ComputeRows(const OverInputs& inputs, const arrow::RecordBatch& batch,
                     std::vector<std::shared_ptr<arrow::Array>>* results) {
    const int64_t rows = batch.num_rows();
    ids_.resize(static_cast<size_t>(rows));
    std::iota(ids_.begin(), ids_.end(), log_rows_);
    partitions_.assign(static_cast<size_t>(rows), 0);
    VELO_RETURN_IF_ERROR(groups_.FindOrInsert(inputs.keys, rows, partitions_.data()));
    buffers_.Resize(std::max<uint32_t>(groups_.size(), 1));
    VELO_RETURN_IF_ERROR(arguments_.Append(inputs.arguments));
    if (!inputs.order.empty()) VELO_RETURN_IF_ERROR(order_.Append(inputs.order, rows));
    log_rows_ += static_cast<uint32_t>(rows);
    if (node_.expire_ms >= 0) ReadTimes(batch);

    full_.clear();
    OverBuffers::Arrivals arrivals{rows, ids_.data(), partitions_.data(), times_.data()};
    std::vector<arrow::ArrayVector> pieces(functions_.size());
    for (int64_t from = 0; from < rows;) {
      const int64_t to = buffers_.TakeIn(arrivals, from, &facts_);
      const OverRows view = RowsOf(from, to);
      for (size_t i = 0; i < functions_.size(); ++i) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> piece, functions_[i]->Compute(view));
        pieces[i].push_back(std::move(piece));
      }
      if (node_.emit_on_full) NoteFull(from, to);
      from = to;
    }
    VELO_ASSIGN_OR_RETURN(*results, JoinPieces(pieces));
    buffers_.EndBatch(partitions_);
    return Rewrite();
  }

  OverRows RowsOf(int64_t from, int64_t to) const {
    OverRows rows;
    rows.rows = to - from;
    rows.ids = ids_.data() + from;
    rows.partitions = partitions_.data() + from;
    rows.partition_count = buffers_.partition_count();
    rows.buffers = buffers_.buffers();
    rows.entering = buffers_.entering();
    rows.restarts = buffers_.restarts();
    rows.facts = &facts_;
    if (node_.buffer_rows >= 0 && facts_.wants_frames) {
      rows.begin = facts_.begin.data();
      rows.end = facts_.end.data();
      if (facts_.any_listed) {
        rows.list_from = facts_.list_from.data();
        rows.list_to = facts_.list_to.data();
        rows.listed = facts_.listed.data();
      }
    }
    return rows;
  }

  void NoteFull(int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      if (facts_.size[i - from] >= node_.buffer_rows) full_.push_back(static_cast<uint32_t>(i));
    }
  }

  // Event time, or the clock where a row has none.
  void ReadTimes(const arrow::RecordBatch& batch) {
    const int64_t now = context_->evaluation.now_micros / 1000;
    times_.assign(static_cast<size_t>(batch.num_rows()), now);
    if (node_.event_time < 0) return;
    const auto& times = static_cast<const arrow::Int64Array&>(*batch.column(node_.event_time));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      if (times.IsValid(i)) times_[static_cast<size_t>(i)] = times.Value(i);
    }
  }

  std::vector<uint32_t> LiveRows() const {
    std::vector<uint32_t> live;
    buffers_.CollectRows(&live);
    for (const auto& function : functions_) function->CollectRows(&live);
    std::sort(live.begin(), live.end());
    live.erase(std::unique(live.begin(), live.end()), live.end());
    return live;
  }

  std::vector<uint32_t> Renumbered(std::span<const uint32_t> live) const {
    std::vector<uint32_t> new_ids(log_rows_, kNoRow);
    for (uint32_t i = 0; i < live.size(); ++i) new_ids[live[i]] = i;
    return new_ids;
  }

  // Throws out partitions and rows that nobody refers to, once there are many.
  Status Rewrite() {
    const std::vector<uint32_t> keep = buffers_.PartitionsToKeep();
    if (!keep.empty()) {
      std::vector<std::shared_ptr<arrow::Array>> keys;
      for (size_t key = 0; key < groups_.column_count(); ++key) {
        VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, groups_.Keys(key, keep));
        keys.push_back(std::move(column));
      }
      groups_ = GroupTable(OverKeyTypes(node_));
      std::vector<uint32_t> ids(keep.size());
      VELO_RETURN_IF_ERROR(groups_.FindOrInsert(keys, static_cast<int64_t>(keep.size()), ids.data()));
      buffers_.KeepPartitions(keep);
      for (const auto& function : functions_) function->KeepPartitions(keep);
    }
    if (log_rows_ < rewrite_at_) return Status::OK();
    const std::vector<uint32_t> live = LiveRows();
    const std::vector<uint32_t> new_ids = Renumbered(live);
    VELO_RETURN_IF_ERROR(arguments_.Keep(live));
    if (!node_.order_by.empty()) order_.Keep(live);
    buffers_.RenumberRows(new_ids);
    for (const auto& function : functions_) function->RenumberRows(new_ids);
    log_rows_ = static_cast<uint32_t>(live.size());
    rewrite_at_ = 2 * live.size() + kLogSlack;
    return Status::OK();
  }

  const std::shared_ptr<const OverNode> settings_;
  const OverNode& node_;
  const std::shared_ptr<arrow::Schema> schema_;
  const bool counts_input_;
  LaneContext* const context_;
  GroupTable groups_;
  OrderLog order_;
  OverArguments arguments_;
  OverFacts facts_;
  OverBuffers buffers_;
  std::vector<std::unique_ptr<OverFunction>> functions_;
  uint32_t log_rows_ = 0;
  size_t rewrite_at_ = kLogSlack;
  // Scratch of one batch.
  std::vector<uint32_t> ids_, partitions_, full_;
  std::vector<int64_t> times_;
};

}  // namespace

std::unique_ptr<Operator> MakeOver(std::shared_ptr<const OverNode> node, bool counts_input, LaneContext* context) {
  return std::make_unique<OverOperator>(std::move(node), counts_input, context);
}

}  // namespace velo::exec
