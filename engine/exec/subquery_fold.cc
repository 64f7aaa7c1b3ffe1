#include "engine/exec/subquery_fold.h"

#include <arrow/compute/api_vector.h>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using Form = SubqueryNode::Form;

constexpr uint32_t kNoRow = UINT32_MAX;

}  // namespace

SubqueryFold::SubqueryFold(const SubqueryNode& node, const Schema& inner, const arrow::RecordBatch& outer,
                           InnerColumn column, EvaluationContext* context)
    : node_(node), inner_(inner), outer_(outer), column_(std::move(column)), context_(context) {
  const auto rows = static_cast<size_t>(outer.num_rows());
  has_.assign(rows, 0);
  if (node.form == Form::kScalar) found_.assign(rows, kNoRow);
  if (node.comparison != nullptr) {
    decided_.assign(rows, 0);
    unknown_.assign(rows, 0);
  }
  read_.assign(static_cast<size_t>(outer.num_columns()) + inner.columns.size(), false);
  for (const BoundExpressionPtr& expression : {node.residual, node.comparison}) {
    if (expression == nullptr) continue;
    std::vector<int> columns;
    CollectColumns(*expression, &columns);
    for (int each : columns) read_[static_cast<size_t>(each)] = true;
  }
}

Status SubqueryFold::AddPairs(std::vector<uint32_t> outer_rows, std::vector<uint32_t> inner_rows) {
  if (outer_rows.empty()) return Status::OK();
  outer_rows_ = std::move(outer_rows);
  inner_rows_ = std::move(inner_rows);
  if (node_.residual != nullptr) VELO_RETURN_IF_ERROR(KeepWhereResidualHolds());
  return FoldPairs();
}

Result<std::shared_ptr<arrow::RecordBatch>> SubqueryFold::PairColumns(std::span<const uint32_t> outer_rows,
                                                                      std::span<const uint32_t> inner_rows) const {
  const auto pairs = static_cast<int64_t>(outer_rows.size());
  const arrow::UInt32Array indices(pairs, arrow::Buffer::Wrap(outer_rows.data(), outer_rows.size()));
  std::vector<ArrayPtr> columns;
  arrow::FieldVector fields;
  const auto width = static_cast<size_t>(outer_.num_columns());
  for (size_t i = 0; i < read_.size(); ++i) {
    ArrayPtr column;
    if (!read_[i]) {
      column = std::make_shared<arrow::NullArray>(pairs);
    } else if (i < width) {
      VELO_ASSIGN_OR_RETURN_ARROW(column, arrow::compute::Take(*outer_.column(static_cast<int>(i)), indices));
    } else {
      VELO_ASSIGN_OR_RETURN(column, column_(i - width, inner_rows));
    }
    fields.push_back(arrow::field(std::to_string(i), column->type()));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), pairs, std::move(columns));
}

Status SubqueryFold::KeepWhereResidualHolds() {
  VELO_ASSIGN_OR_RETURN(const auto pairs, PairColumns(outer_rows_, inner_rows_));
  VELO_ASSIGN_OR_RETURN(const ArrayPtr array, EvaluateToArray(*node_.residual, *pairs, context_));
  const auto& holds = static_cast<const arrow::BooleanArray&>(*array);
  size_t kept = 0;
  for (size_t i = 0; i < outer_rows_.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (holds.IsNull(at) || !holds.Value(at)) continue;
    outer_rows_[kept] = outer_rows_[i];
    inner_rows_[kept++] = inner_rows_[i];
  }
  outer_rows_.resize(kept);
  inner_rows_.resize(kept);
  return Status::OK();
}

Status SubqueryFold::FoldPairs() {
  if (node_.form == Form::kScalar) {
    for (size_t i = 0; i < outer_rows_.size(); ++i) {
      if (found_[outer_rows_[i]] != kNoRow) {
        return Status::User("E4402", "a subquery used as a value returned several rows",
                            "take one of them with MAX, MIN or LIMIT 1")
            .WithSpan(node_.span);
      }
      found_[outer_rows_[i]] = inner_rows_[i];
    }
    return Status::OK();
  }
  for (uint32_t row : outer_rows_) has_[row] = 1;
  if (node_.comparison == nullptr) return Status::OK();
  VELO_ASSIGN_OR_RETURN(const auto pairs, PairColumns(outer_rows_, inner_rows_));
  VELO_ASSIGN_OR_RETURN(const ArrayPtr array, EvaluateToArray(*node_.comparison, *pairs, context_));
  const auto& truths = static_cast<const arrow::BooleanArray&>(*array);
  const bool deciding = node_.form == Form::kAny;
  for (size_t i = 0; i < outer_rows_.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (truths.IsNull(at)) {
      unknown_[outer_rows_[i]] = 1;
    } else if (truths.Value(at) == deciding) {
      decided_[outer_rows_[i]] = 1;
    }
  }
  return Status::OK();
}

Result<ArrayPtr> SubqueryFold::Finish() { return node_.form == Form::kScalar ? Scalars() : Truths(); }

Result<ArrayPtr> SubqueryFold::Scalars() {
  std::vector<uint32_t> rows;
  for (uint32_t row : found_) {
    if (row != kNoRow) rows.push_back(row);
  }
  const auto value = static_cast<size_t>(node_.values[0]);
  VELO_ASSIGN_OR_RETURN(ArrayPtr values, column_(value, rows));
  if (rows.size() == found_.size()) return values;
  arrow::Int64Builder places;
  VELO_RETURN_IF_ARROW_ERROR(places.Reserve(static_cast<int64_t>(found_.size())));
  int64_t next = 0;
  for (uint32_t row : found_) {
    if (row == kNoRow) {
      places.UnsafeAppendNull();
    } else {
      places.UnsafeAppend(next++);
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr indices, places.Finish());
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr spread, arrow::compute::Take(*values, *indices));
  if (node_.empty_value == nullptr) return spread;
  // Only rows without an inner row get the value of none; a NULL that was found stays.
  VELO_ASSIGN_OR_RETURN(const ArrayPtr empty, EvaluateToArray(*node_.empty_value, outer_, context_));
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::ArrayBuilder> builder, arrow::MakeBuilder(spread->type()));
  const arrow::ArraySpan found_values(*spread->data());
  const arrow::ArraySpan empty_values(*empty->data());
  for (size_t i = 0; i < found_.size(); ++i) {
    const arrow::ArraySpan& source = found_[i] == kNoRow ? empty_values : found_values;
    VELO_RETURN_IF_ARROW_ERROR(builder->AppendArraySlice(source, static_cast<int64_t>(i), 1));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr result, builder->Finish());
  return result;
}

Result<ArrayPtr> SubqueryFold::Truths() const {
  arrow::BooleanBuilder truths;
  VELO_RETURN_IF_ARROW_ERROR(truths.Reserve(static_cast<int64_t>(has_.size())));
  const bool deciding = node_.form == Form::kAny;
  for (size_t i = 0; i < has_.size(); ++i) {
    if (node_.comparison == nullptr) {
      truths.UnsafeAppend(has_[i] != 0);
    } else if (decided_[i] != 0) {
      truths.UnsafeAppend(deciding);
    } else if (unknown_[i] != 0) {
      truths.UnsafeAppendNull();
    } else {
      truths.UnsafeAppend(!deciding);
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr result, truths.Finish());
  return result;
}

}  // namespace velo::exec
