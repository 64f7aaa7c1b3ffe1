#include "engine/exec/operators/sort.h"

#include <numeric>

#include <arrow/array/concatenate.h>

#include "engine/exec/batch_rows.h"
#include "engine/exec/group_table.h"
#include "engine/exec/key_encoding.h"

#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

constexpr int64_t kPruneSlack = 65536;

class SortOperator : public Operator {
 public:
  SortOperator(std::shared_ptr<const SortNode> node, LaneContext* context)
      : node_(std::move(node)),
        schema_(node_->output.ToArrow()),
        context_(context),
        end_column_(node_->output.Find(kWindowEndColumn)),
        start_column_(node_->output.Find(kWindowStartColumn)) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    rows_ += batch.num_rows();
    counts.rows_held = rows_;
    counts.rows_used = std::max<int64_t>(counts.rows_used, 0);
    batches_.push_back(batch);
    if (node_->scope == SortNode::Scope::kPerBatch) return Flush(out);
    const bool can_prune = node_->scope == SortNode::Scope::kWhole && node_->limit >= 0 && node_->row_key.empty() &&
                           node_->inputs[0]->changes == Changes::kAppend;
    if (!can_prune || rows_ < 2 * (node_->limit + node_->offset) + kPruneSlack) return Status::OK();
    VELO_ASSIGN_OR_RETURN(Batch all, TakeAll());
    VELO_ASSIGN_OR_RETURN(std::vector<uint32_t> order, Order(*all.columns));
    order.resize(std::min(order.size(), static_cast<size_t>(node_->limit + node_->offset)));
    // Input order among what stays, so that ties keep theirs.
    std::sort(order.begin(), order.end());
    VELO_ASSIGN_OR_RETURN(Batch kept, TakeRows(all, order));
    rows_ = counts.rows_held = kept.num_rows();
    counts.rows_filtered += all.num_rows() - rows_;
    if (rows_ > 0) batches_.push_back(std::move(kept));
    return Status::OK();
  }

  Status OnWatermark(EventMillis, Output& out) override {
    return node_->scope == SortNode::Scope::kPerWindow ? Flush(out) : Status::OK();
  }

  Status OnEnd(Output& out) override { return Flush(out); }

  Status Save(std::string* out) const override { return PutBatches(batches_, out); }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(batches_, TakeBatches(in));
    for (const Batch& batch : batches_) rows_ += batch.num_rows();
    counts.rows_held = counts.rows_in = rows_;
    counts.rows_used = 0;
    return Status::OK();
  }

  int64_t StateBytes() const override {
    return rows_ * static_cast<int64_t>(16 * std::max<size_t>(1, node_->output.columns.size()));
  }

 private:
  Status Flush(Output& out) {
    if (rows_ == 0) return Status::OK();
    counts.rows_used += rows_;
    counts.rows_held = 0;
    VELO_ASSIGN_OR_RETURN(Batch all, TakeAll());
    const bool takes_back =
        node_->scope == SortNode::Scope::kWhole && !all.kinds.empty() && node_->inputs[0]->changes == Changes::kRetract;
    if (takes_back) {
      VELO_ASSIGN_OR_RETURN(all, WithoutTakenBack(all));
    } else if (!node_->row_key.empty()) {
      VELO_ASSIGN_OR_RETURN(all, NewestPerKey(all));
    }
    VELO_ASSIGN_OR_RETURN(const std::vector<uint32_t> order, Order(*all.columns));
    const std::vector<uint32_t> rows = Limited(*all.columns, order);
    const auto chunk = static_cast<size_t>(context_->batch_rows);
    for (size_t from = 0; from < rows.size() && !context_->IsCancelled(); from += chunk) {
      const size_t count = std::min(chunk, rows.size() - from);
      VELO_ASSIGN_OR_RETURN(Batch part, TakeRows(all, std::span(rows).subspan(from, count)));
      VELO_RETURN_IF_ERROR(out.Emit(std::move(part)));
    }
    return Status::OK();
  }

  Result<Batch> TakeAll() {
    Batch all;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int c = 0; c < schema_->num_fields(); ++c) {
      arrow::ArrayVector pieces;
      for (const Batch& batch : batches_) pieces.push_back(batch.columns->column(c));
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, arrow::Concatenate(pieces));
      columns.push_back(std::move(column));
    }
    const bool has_kinds =
        std::any_of(batches_.begin(), batches_.end(), [](const Batch& batch) { return !batch.kinds.empty(); });
    for (const Batch& batch : batches_) {
      if (!has_kinds) break;
      const size_t rows = all.kinds.size() + static_cast<size_t>(batch.num_rows());
      all.kinds.insert(all.kinds.end(), batch.kinds.begin(), batch.kinds.end());
      all.kinds.resize(rows, RowKind::kInsert);
    }
    all.columns = arrow::RecordBatch::Make(schema_, rows_, std::move(columns));
    batches_.clear();
    rows_ = 0;
    return all;
  }

  // Each row that is taken back takes the oldest row with its values along.
  Result<Batch> WithoutTakenBack(const Batch& all) {
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (const auto& column : all.columns->columns()) types.push_back(column->type());
    GroupTable table(types);
    std::vector<uint32_t> ids(static_cast<size_t>(all.num_rows()));
    VELO_RETURN_IF_ERROR(table.FindOrInsert(all.columns->columns(), all.num_rows(), ids.data()));
    std::vector<int64_t> gone(table.size(), 0);
    const auto leaves = [&](size_t row) {
      return all.kinds[row] == RowKind::kDelete || all.kinds[row] == RowKind::kUpdateBefore;
    };
    for (size_t row = 0; row < ids.size(); ++row) gone[ids[row]] += leaves(row) ? 1 : 0;
    std::vector<uint32_t> kept;
    for (size_t row = 0; row < ids.size(); ++row) {
      if (!leaves(row) && --gone[ids[row]] < 0) kept.push_back(static_cast<uint32_t>(row));
    }
    VELO_ASSIGN_OR_RETURN(Batch rest, TakeRows({all.columns, {}}, kept));
    return rest;
  }

  // The last row of every key; keys whose last row is a delete are left out.
  Result<Batch> NewestPerKey(const Batch& all) {
    std::vector<std::shared_ptr<arrow::Array>> keys;
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (int column : node_->row_key) {
      keys.push_back(all.columns->column(column));
      types.push_back(keys.back()->type());
    }
    GroupTable table(types);
    std::vector<uint32_t> ids(static_cast<size_t>(all.num_rows()));
    VELO_RETURN_IF_ERROR(table.FindOrInsert(keys, all.num_rows(), ids.data()));
    std::vector<uint32_t> newest(table.size());
    for (uint32_t row = 0; row < ids.size(); ++row) newest[ids[row]] = row;
    std::erase_if(newest, [&](uint32_t row) { return !all.kinds.empty() && all.kinds[row] == RowKind::kDelete; });
    VELO_ASSIGN_OR_RETURN(Batch kept, TakeRows(all, newest));
    kept.kinds.clear();
    return kept;
  }

  Result<std::vector<uint32_t>> Order(const arrow::RecordBatch& rows) {
    std::vector<OrderPart> parts;
    if (node_->scope == SortNode::Scope::kPerWindow && end_column_ >= 0) {
      parts.push_back({rows.column(end_column_), false, false});
      parts.push_back({rows.column(start_column_), false, false});
    }
    for (const SortKey& key : node_->keys) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> values,
                            EvaluateToArray(*key.expression, rows, &context_->evaluation));
      parts.push_back({std::move(values), key.descending, key.nulls_first});
    }
    std::vector<std::string> encoded;
    EncodeOrder(parts, rows.num_rows(), &encoded);
    std::vector<uint32_t> order(encoded.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const int compared = encoded[a].compare(encoded[b]);
      return compared != 0 ? compared < 0 : a < b;
    });
    return order;
  }

  // Applies LIMIT and OFFSET to all rows or to those of each window.
  std::vector<uint32_t> Limited(const arrow::RecordBatch& all, const std::vector<uint32_t>& order) const {
    if (node_->limit < 0 && node_->offset == 0) return order;
    const bool per_window = node_->scope == SortNode::Scope::kPerWindow && end_column_ >= 0;
    const auto* ends =
        per_window ? static_cast<const arrow::Int64Array&>(*all.column(end_column_)).raw_values() : nullptr;
    const auto* starts =
        per_window ? static_cast<const arrow::Int64Array&>(*all.column(start_column_)).raw_values() : nullptr;
    std::vector<uint32_t> rows;
    int64_t position = 0;
    for (size_t i = 0; i < order.size(); ++i, ++position) {
      if (per_window && i > 0 && (ends[order[i]] != ends[order[i - 1]] || starts[order[i]] != starts[order[i - 1]])) {
        position = 0;
      }
      if (position < node_->offset) continue;
      if (node_->limit < 0 || position < node_->offset + node_->limit) rows.push_back(order[i]);
    }
    return rows;
  }

  const std::shared_ptr<const SortNode> node_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
  const int end_column_, start_column_;
  std::vector<Batch> batches_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Operator> MakeSort(std::shared_ptr<const SortNode> node, LaneContext* context) {
  return std::make_unique<SortOperator>(std::move(node), context);
}

}  // namespace velo::exec
