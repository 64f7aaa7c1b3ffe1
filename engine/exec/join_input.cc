#include "engine/exec/join_input.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/types/value_text.h"

namespace velo::exec {

JoinInput::JoinInput(std::shared_ptr<const JoinNode> node, Side side, bool counts_input, LaneContext* context)
    : node_(std::move(node)),
      keys_(side == Side::kLeft ? node_->left_keys : node_->right_keys),
      counts_input_(counts_input),
      context_(context) {
  if (node_->method != JoinMethod::kInterval) return;
  if (node_->bound.has_value()) time_ = side == Side::kLeft ? node_->bound->left_time : node_->bound->right_time;
  if (time_ == nullptr) time_column_ = node_->inputs[static_cast<size_t>(side)]->event_time;
}

Result<std::vector<std::shared_ptr<arrow::Array>>> JoinInput::Keys(const arrow::RecordBatch& rows) const {
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (const BoundExpressionPtr& key : keys_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, EvaluateToArray(*key, rows, &context_->evaluation));
    keys.push_back(std::move(column));
  }
  return keys;
}

Status JoinInput::EvaluateParts(const Batch& part, JoinRows* rows) const {
  rows->batch = part;
  rows->times.reset();
  if (has_time()) {
    std::shared_ptr<arrow::Array> times;
    if (time_ != nullptr) {
      VELO_ASSIGN_OR_RETURN(times, EvaluateToArray(*time_, *part.columns, &context_->evaluation));
    } else {
      times = part.columns->column(time_column_);
    }
    rows->times = std::static_pointer_cast<arrow::Int64Array>(times);
    if (rows->times->null_count() > 0 && counts_input_) {
      return Status::User("E4202", "the time of the row is NULL, and the join needs it");
    }
    if (rows->times->null_count() > 0) VELO_RETURN_IF_ERROR(DropWithoutTime(rows));
  }
  VELO_ASSIGN_OR_RETURN(rows->keys, Keys(*rows->batch.columns));
  return Status::OK();
}

// Rows made by the query itself are in no account, so they are only noted.
Status JoinInput::DropWithoutTime(JoinRows* rows) const {
  std::vector<uint32_t> good;
  for (int64_t i = 0; i < rows->times->length(); ++i) {
    if (rows->times->IsValid(i)) {
      good.push_back(static_cast<uint32_t>(i));
      continue;
    }
    BadRecord record;
    AppendJsonRow(*rows->batch.columns, i, JsonStyle::kDialect, &record.raw);
    record.reason = "the time of the row is NULL, and the join needs it";
    context_->bad_records->Add(std::move(record));
  }
  const auto times = arrow::RecordBatch::Make(arrow::schema({arrow::field("t", arrow::int64())}), rows->times->length(),
                                              {rows->times});
  VELO_ASSIGN_OR_RETURN(const Batch good_times, TakeRows({times, {}}, good));
  VELO_ASSIGN_OR_RETURN(rows->batch, TakeRows(rows->batch, good));
  rows->times = std::static_pointer_cast<arrow::Int64Array>(good_times.columns->column(0));
  return Status::OK();
}

Status JoinInput::Evaluate(const Batch& batch, const std::function<Status(const JoinRows&)>& consume) const {
  JoinRows rows;
  return EvaluateGoodRows(
      batch, *context_, counts_input_, [&](const Batch& part) { return EvaluateParts(part, &rows); },
      [&](const Batch& part) {
        if (counts_input_) context_->meter->used += part.num_rows();
        return consume(rows);
      });
}

}  // namespace velo::exec
