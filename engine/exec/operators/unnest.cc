#include "engine/exec/operators/unnest.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

class UnnestOperator : public Operator {
 public:
  UnnestOperator(std::shared_ptr<const UnnestNode> node, bool counts_input, LaneContext* context)
      : node_(std::move(node)), counts_input_(counts_input), schema_(node_->output.ToArrow()), context_(context) {}

  Status OnBatch(const Batch& batch, Output& out) override {
    std::shared_ptr<arrow::Array> lists;
    const auto evaluate = [&](const Batch& part) -> Status {
      VELO_ASSIGN_OR_RETURN(lists, EvaluateToArray(*node_->array, *part.columns, &context_->evaluation));
      return Status::OK();
    };
    const auto consume = [&](const Batch& part) -> Status {
      if (counts_input_) context_->meter->used += part.num_rows();
      return EmitElements(part, static_cast<const arrow::ListArray&>(*lists), out);
    };
    return EvaluateGoodRows(batch, *context_, counts_input_, evaluate, consume);
  }

 private:
  /// Emits in pieces: a few rows may have very many elements.
  Status EmitElements(const Batch& batch, const arrow::ListArray& lists, Output& out) {
    int64_t from = 0;
    while (from < batch.num_rows()) {
      int64_t to = from, elements = 0;
      while (to < batch.num_rows() && elements < context_->batch_rows) elements += RowsOf(lists, to++);
      VELO_RETURN_IF_ERROR(EmitPiece(batch, lists, from, to, out));
      from = to;
    }
    return Status::OK();
  }

  int64_t RowsOf(const arrow::ListArray& lists, int64_t row) const {
    const int64_t length = lists.IsNull(row) ? 0 : lists.value_length(row);
    return length == 0 && node_->keeps_empty ? 1 : length;
  }

  Status EmitPiece(const Batch& batch, const arrow::ListArray& lists, int64_t from, int64_t to, Output& out) {
    std::vector<uint32_t> parents;
    std::vector<int64_t> positions, elements;
    bool any_empty = false;
    for (int64_t row = from; row < to; ++row) {
      const int64_t length = lists.IsNull(row) ? 0 : lists.value_length(row);
      for (int64_t i = 0; i < length; ++i) {
        parents.push_back(static_cast<uint32_t>(row));
        positions.push_back(i + 1);
        elements.push_back(lists.value_offset(row) + i);
      }
      if (length > 0 || !node_->keeps_empty) continue;
      any_empty = true;
      parents.push_back(static_cast<uint32_t>(row));
      positions.push_back(0);
      elements.push_back(-1);
    }
    if (parents.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(Batch rows, TakeRows(batch, parents));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> ordinality, WithNulls(positions, 0, any_empty));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> indices, WithNulls(elements, -1, any_empty));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> values, arrow::compute::Take(*lists.values(), *indices));
    std::vector<std::shared_ptr<arrow::Array>> columns;
    const int time = node_->inputs[0]->event_time;
    for (int c = 0; c < rows.columns->num_columns(); ++c) {
      if (c != time) columns.push_back(rows.columns->column(c));
    }
    columns.push_back(std::move(values));
    columns.push_back(ordinality);
    if (time >= 0) columns.push_back(rows.columns->column(time));
    const auto count = static_cast<int64_t>(parents.size());
    return out.Emit({arrow::RecordBatch::Make(schema_, count, std::move(columns)), std::move(rows.kinds)});
  }

  static Result<std::shared_ptr<arrow::Array>> WithNulls(const std::vector<int64_t>& values, int64_t null,
                                                         bool any_null) {
    arrow::Int64Builder builder;
    if (any_null) {
      std::vector<uint8_t> valid;
      for (int64_t value : values) valid.push_back(value != null ? 1 : 0);
      VELO_RETURN_IF_ARROW_ERROR(
          builder.AppendValues(values.data(), static_cast<int64_t>(values.size()), valid.data()));
    } else {
      VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(values));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder.Finish());
    return array;
  }

  const std::shared_ptr<const UnnestNode> node_;
  const bool counts_input_;
  const std::shared_ptr<arrow::Schema> schema_;
  LaneContext* const context_;
};

}  // namespace

std::unique_ptr<Operator> MakeUnnest(std::shared_ptr<const UnnestNode> node, bool counts_input, LaneContext* context) {
  return std::make_unique<UnnestOperator>(std::move(node), counts_input, context);
}

}  // namespace velo::exec
