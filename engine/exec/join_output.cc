#include "engine/exec/join_output.h"

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

// The later of two times, row by row; NULL is earlier than anything.
Result<std::shared_ptr<arrow::Array>> Later(const arrow::Array& left, const arrow::Array& right) {
  const auto& a = static_cast<const arrow::Int64Array&>(left);
  const auto& b = static_cast<const arrow::Int64Array&>(right);
  arrow::Int64Builder later;
  VELO_RETURN_IF_ARROW_ERROR(later.Reserve(a.length()));
  if (a.null_count() == 0 && b.null_count() == 0) {
    for (int64_t i = 0; i < a.length(); ++i) later.UnsafeAppend(std::max(a.Value(i), b.Value(i)));
  } else {
    for (int64_t i = 0; i < a.length(); ++i) {
      if (a.IsNull(i) && b.IsNull(i)) {
        later.UnsafeAppendNull();
      } else {
        later.UnsafeAppend(std::max(a.IsValid(i) ? a.Value(i) : INT64_MIN, b.IsValid(i) ? b.Value(i) : INT64_MIN));
      }
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, later.Finish());
  return array;
}

}  // namespace

JoinOutput::JoinOutput(std::shared_ptr<const JoinNode> node, std::vector<bool> wanted, LaneContext* context)
    : node_(std::move(node)), wanted_(std::move(wanted)), schema_(node_->output.ToArrow()), context_(context) {
  for (size_t side = 0; side < 2; ++side) {
    times_[side] = node_->inputs[side]->event_time;
    const bool is_shown = side == 0 || node_->join != sql::JoinKind::kLeftSemi;
    const auto count = static_cast<int>(node_->inputs[side]->output.columns.size());
    for (int c = 0; c < count; ++c) {
      if (c != times_[side] && (is_shown || node_->residual != nullptr)) columns_[side].push_back(c);
    }
  }
  if (node_->residual != nullptr) {
    std::vector<int> used;
    CollectColumns(*node_->residual, &used);
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    std::vector<int> mapping(columns_[0].size() + columns_[1].size(), -1);
    int next = 0;
    for (int column : used) {
      const auto at = static_cast<size_t>(column);
      const bool is_left = at < columns_[0].size();
      residual_columns_[is_left ? 0 : 1].push_back(is_left ? columns_[0][at] : columns_[1][at - columns_[0].size()]);
      mapping[at] = next++;
    }
    residual_ = RemapColumns(node_->residual, mapping);
  }
  if (node_->join == sql::JoinKind::kLeftSemi) columns_[1].clear();
}

Status JoinOutput::KeepMatching(const KeptRows& left, const KeptRows& right, std::vector<uint32_t>* left_rows,
                                std::vector<uint32_t>* right_rows) const {
  if (residual_ == nullptr || left_rows->empty()) return Status::OK();
  const KeptRows* sides[2] = {&left, &right};
  const std::vector<uint32_t>* rows[2] = {left_rows, right_rows};
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t side = 0; side < 2; ++side) {
    if (residual_columns_[side].empty()) continue;
    KeptRows::Found found;
    sides[side]->Find(*rows[side], &found);
    for (int c : residual_columns_[side]) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, sides[side]->Take(c, found));
      fields.push_back(sides[side]->schema()->field(c));
      columns.push_back(std::move(column));
    }
  }
  const auto count = static_cast<int64_t>(left_rows->size());
  const auto candidates = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(columns));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> holds,
                        EvaluateToArray(*residual_, *candidates, &context_->evaluation));
  const auto& values = static_cast<const arrow::BooleanArray&>(*holds);
  size_t kept = 0;
  for (int64_t i = 0; i < count; ++i) {
    (*left_rows)[kept] = (*left_rows)[static_cast<size_t>(i)];
    (*right_rows)[kept] = (*right_rows)[static_cast<size_t>(i)];
    kept += values.IsValid(i) && values.Value(i) ? 1 : 0;
  }
  left_rows->resize(kept);
  right_rows->resize(kept);
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> JoinOutput::Nulls(size_t output, int64_t count) const {
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> nulls,
                              arrow::MakeArrayOfNull(schema_->field(static_cast<int>(output))->type(), count));
  return nulls;
}

Result<std::shared_ptr<arrow::RecordBatch>> JoinOutput::Pairs(const KeptRows& left, const KeptRows& right,
                                                              Rows left_rows, Rows right_rows) const {
  const KeptRows* sides[2] = {&left, &right};
  const Rows rows[2] = {left_rows, right_rows};
  std::vector<std::shared_ptr<arrow::Array>> columns;
  std::shared_ptr<arrow::Array> time;
  for (size_t side = 0; side < 2; ++side) {
    const bool needs_time =
        node_->event_time >= 0 && times_[side] >= 0 && IsWanted(static_cast<size_t>(node_->event_time));
    if (columns_[side].empty() && !needs_time) continue;
    KeptRows::Found found;
    sides[side]->Find(rows[side], &found);
    for (int c : columns_[side]) {
      Result<std::shared_ptr<arrow::Array>> column =
          IsWanted(columns.size()) ? sides[side]->Take(c, found) : Nulls(columns.size(), std::ssize(left_rows));
      if (!column.ok()) return column.status();
      columns.push_back(*std::move(column));
    }
    if (!needs_time) continue;
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> own, sides[side]->Take(times_[side], found));
    if (time == nullptr) {
      time = std::move(own);
    } else {
      VELO_ASSIGN_OR_RETURN(time, Later(*time, *own));
    }
  }
  if (node_->event_time >= 0 && time == nullptr) {
    VELO_ASSIGN_OR_RETURN(time, Nulls(columns.size(), std::ssize(left_rows)));
  }
  if (time != nullptr) columns.push_back(std::move(time));
  return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(left_rows.size()), std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> JoinOutput::Unmatched(Side side, const KeptRows& rows, Rows numbers) const {
  const auto own = static_cast<size_t>(side);
  const auto count = static_cast<int64_t>(numbers.size());
  KeptRows::Found found;
  rows.Find(numbers, &found);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t part = 0; part < 2; ++part) {
    for (int c : columns_[part]) {
      Result<std::shared_ptr<arrow::Array>> column = part == own ? rows.Take(c, found) : Nulls(columns.size(), count);
      if (!column.ok()) return column.status();
      columns.push_back(*std::move(column));
    }
  }
  if (node_->event_time >= 0) {
    Result<std::shared_ptr<arrow::Array>> time =
        times_[own] >= 0 ? rows.Take(times_[own], found) : Nulls(columns.size(), count);
    if (!time.ok()) return time.status();
    columns.push_back(*std::move(time));
  }
  return arrow::RecordBatch::Make(schema_, count, std::move(columns));
}

}  // namespace velo::exec
