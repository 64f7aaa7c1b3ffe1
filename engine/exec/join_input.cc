#include "engine/exec/join_input.h"

#include "engine/exec/batch_rows.h"
#include "engine/exec/row_errors.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

bool IsOuter(sql::JoinKind kind, Side side) {
  return kind == sql::JoinKind::kFull || kind == (side == Side::kLeft ? sql::JoinKind::kLeft : sql::JoinKind::kRight);
}

}  // namespace

JoinInput::JoinInput(std::shared_ptr<const JoinNode> node, Side side, bool counts_input, LaneContext* context)
    : node_(std::move(node)),
      side_(side),
      is_outer_(IsOuter(node_->join, side)),
      keys_(side == Side::kLeft ? node_->left_keys : node_->right_keys),
      counts_input_(counts_input),
      context_(context) {
  for (const BoundExpressionPtr& key : keys_) CollectColumns(*key, &key_columns_);
  std::sort(key_columns_.begin(), key_columns_.end());
  key_columns_.erase(std::unique(key_columns_.begin(), key_columns_.end()), key_columns_.end());
  std::vector<int> mapping(node_->inputs[static_cast<size_t>(side)]->output.columns.size(), -1);
  for (size_t i = 0; i < key_columns_.size(); ++i) mapping[key_columns_[i]] = static_cast<int>(i);
  for (const BoundExpressionPtr& key : keys_) narrow_keys_.push_back(RemapColumns(key, mapping));
  if (node_->method != JoinMethod::kInterval) return;
  if (node_->bound.has_value()) time_ = side == Side::kLeft ? node_->bound->left_time : node_->bound->right_time;
  if (time_ == nullptr) time_column_ = node_->inputs[static_cast<size_t>(side)]->event_time;
}

namespace {

Result<std::vector<std::shared_ptr<arrow::Array>>> EvaluateAll(const std::vector<BoundExpressionPtr>& expressions,
                                                               const arrow::RecordBatch& rows,
                                                               EvaluationContext* context) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const BoundExpressionPtr& expression : expressions) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, EvaluateToArray(*expression, rows, context));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace

Result<std::vector<std::shared_ptr<arrow::Array>>> JoinInput::Keys(const arrow::RecordBatch& rows) const {
  return EvaluateAll(keys_, rows, &context_->evaluation);
}

Result<std::vector<std::shared_ptr<arrow::Array>>> JoinInput::Keys(const KeptRows& kept,
                                                                   std::span<const uint32_t> rows) const {
  KeptRows::Found found;
  kept.Find(rows, &found);
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int column : key_columns_) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> taken, kept.Take(column, found));
    fields.push_back(kept.schema()->field(column));
    columns.push_back(std::move(taken));
  }
  const auto narrow = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), std::ssize(rows), std::move(columns));
  return EvaluateAll(narrow_keys_, *narrow, &context_->evaluation);
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
    if (rows->times->null_count() > 0) {
      VELO_RETURN_IF_ERROR(is_outer_ ? SetMissingTimes(rows) : DropMissingTimes(rows));
    }
  }
  VELO_ASSIGN_OR_RETURN(rows->keys, Keys(*rows->batch.columns));
  return Status::OK();
}

// No bound holds for a time that is NULL.
Status JoinInput::DropMissingTimes(JoinRows* rows) const {
  std::vector<uint32_t> timed;
  for (int64_t i = 0; i < rows->times->length(); ++i) {
    if (rows->times->IsValid(i)) timed.push_back(static_cast<uint32_t>(i));
  }
  const Batch with_times{arrow::RecordBatch::Make(arrow::schema({arrow::field("time", arrow::int64())}),
                                                  rows->times->length(), {rows->times}),
                         {}};
  VELO_ASSIGN_OR_RETURN(const Batch times, TakeRows(with_times, timed));
  rows->times = std::static_pointer_cast<arrow::Int64Array>(times.columns->column(0));
  VELO_ASSIGN_OR_RETURN(rows->batch, TakeRows(rows->batch, timed));
  return Status::OK();
}

// The rows go out alone: their time is so long ago that nothing is near it, and not the same on both sides.
Status JoinInput::SetMissingTimes(JoinRows* rows) const {
  const int64_t long_ago = side_ == Side::kLeft ? 2 * kNoTime : kNoTime;
  arrow::Int64Builder times;
  VELO_RETURN_IF_ARROW_ERROR(times.Reserve(rows->times->length()));
  for (int64_t i = 0; i < rows->times->length(); ++i) {
    times.UnsafeAppend(rows->times->IsValid(i) ? rows->times->Value(i) : long_ago);
  }
  VELO_RETURN_IF_ARROW_ERROR(times.Finish(&rows->times));
  return Status::OK();
}

Status JoinInput::Evaluate(const Batch& batch, const std::function<Status(const JoinRows&)>& consume) const {
  JoinRows rows;
  return EvaluateGoodRows(
      batch, *context_, counts_input_, [&](const Batch& part) { return EvaluateParts(part, &rows); },
      [&](const Batch& part) {
        if (counts_input_) {
          context_->meter->used += rows.batch.num_rows();
          context_->meter->filtered += part.num_rows() - rows.batch.num_rows();
        }
        return consume(rows);
      });
}

}  // namespace velo::exec
