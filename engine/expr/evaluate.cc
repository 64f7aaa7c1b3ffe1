#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/expr/bound_expression.h"
#include "engine/functions/column_reader.h"
#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"

namespace velo {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

// The innermost expression that failed is the one to point at.
Status At(const BoundExpression& expression, const Status& status) {
  return status.error().span == SourceSpan{} ? status.WithSpan(expression.span) : status;
}

bool IsNullScalar(const arrow::Datum& datum) { return datum.is_scalar() && !datum.scalar()->is_valid; }

Result<ArrayPtr> ToArray(const arrow::Datum& datum, int64_t rows) {
  if (datum.is_array()) return datum.make_array();
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, arrow::MakeArrayFromScalar(*datum.scalar(), rows));
  return array;
}

Result<arrow::Datum> ToScalar(const arrow::Datum& datum) {
  if (datum.is_scalar()) return datum;
  VELO_ASSIGN_OR_RETURN_ARROW(auto scalar, datum.make_array()->GetScalar(0));
  return arrow::Datum(std::move(scalar));
}

Result<arrow::Datum> EvaluateCall(const BoundExpression& call, const arrow::RecordBatch& input,
                                  EvaluationContext* context) {
  std::vector<arrow::Datum> arguments;
  arguments.reserve(call.arguments.size());
  bool all_scalars = true;
  for (const BoundExpressionPtr& argument : call.arguments) {
    VELO_ASSIGN_OR_RETURN(arrow::Datum value, Evaluate(*argument, input, context));
    if (call.function->null_in_null_out && IsNullScalar(value)) {
      return arrow::Datum(arrow::MakeNullScalar(call.type.ToArrow()));
    }
    all_scalars = all_scalars && value.is_scalar();
    arguments.push_back(std::move(value));
  }
  const bool once = all_scalars && call.function->deterministic;
  int64_t divisions = 0;
  KernelContext kernel;
  kernel.result = call.type;
  kernel.arguments = call.argument_types;
  kernel.rows = once ? 1 : input.num_rows();
  kernel.now_micros = context->now_micros;
  kernel.division_by_zero = &divisions;
  auto result = call.function->kernel(kernel, arguments);
  if (!result.ok()) return At(call, result.status());
  // A constant division by zero happens in every row.
  context->division_by_zero += once ? divisions * input.num_rows() : divisions;
  return once ? ToScalar(*result) : result;
}

// A call that gives NULL for the rows in which it fails: where a batch fails, its halves are tried.
Result<arrow::Datum> EvaluateLenientCall(const BoundExpression& call, const arrow::RecordBatch& input,
                                         EvaluationContext* context) {
  const int64_t divisions = context->division_by_zero;
  auto result = EvaluateCall(call, input, context);
  if (result.ok() || !result.status().error().code.starts_with("E4")) return result;
  context->division_by_zero = divisions;
  const int64_t rows = input.num_rows();
  if (rows <= 1 || call.arguments.empty()) return arrow::Datum(arrow::MakeNullScalar(call.type.ToArrow()));
  arrow::ArrayVector halves;
  for (const auto& half : {input.Slice(0, rows / 2), input.Slice(rows / 2)}) {
    VELO_ASSIGN_OR_RETURN(const arrow::Datum value, EvaluateLenientCall(call, *half, context));
    VELO_ASSIGN_OR_RETURN(ArrayPtr array, ToArray(value, half->num_rows()));
    halves.push_back(std::move(array));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr whole, arrow::Concatenate(halves));
  return arrow::Datum(std::move(whole));
}

// Whether an expression can be computed for rows that do not need it: it cannot fail and costs little.
bool IsHarmless(const BoundExpression& expression) {
  static constexpr std::array<std::string_view, 15> kOperators = {
      "=",   "!=",      "<",           "<=",      ">",        ">=", "AND",    "OR",
      "NOT", "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE", "IN", "BETWEEN"};
  if (expression.kind == BoundKind::kColumn || expression.kind == BoundKind::kLiteral) return true;
  if (expression.kind != BoundKind::kCall) return false;
  if (std::find(kOperators.begin(), kOperators.end(), expression.function->name) == kOperators.end()) return false;
  return std::all_of(expression.arguments.begin(), expression.arguments.end(),
                     [](const BoundExpressionPtr& argument) { return IsHarmless(*argument); });
}

bool AllHarmless(const BoundExpression& expression) {
  return std::all_of(expression.arguments.begin(), expression.arguments.end(),
                     [](const BoundExpressionPtr& argument) { return IsHarmless(*argument); });
}

// Rows of a batch that are still without result, and the pieces of the result found so far. Each branch is computed for
// its rows only; at the end the pieces are put back in row order.
class LazyRows {
 public:
  LazyRows(const arrow::RecordBatch& input, EvaluationContext* context) : input_(input), context_(context) {
    open_.resize(static_cast<size_t>(input.num_rows()));
    std::iota(open_.begin(), open_.end(), 0);
    place_.resize(open_.size());
  }
  bool done() const { return open_.empty(); }

  /// Computes an expression for the open rows.
  Result<ArrayPtr> ForOpenRows(const BoundExpression& expression) { return For(expression, open_); }

  /// Splits off the open rows for which `condition` (parallel to the open rows) is true and gives them the value of
  /// `expression`.
  Status Settle(const arrow::Array& condition, const BoundExpression& expression) {
    const auto& truth = static_cast<const arrow::BooleanArray&>(condition);
    std::vector<int64_t> chosen, rest;
    for (size_t i = 0; i < open_.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      (truth.IsValid(at) && truth.Value(at) ? chosen : rest).push_back(open_[i]);
    }
    open_ = std::move(rest);
    if (chosen.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(ArrayPtr values, For(expression, chosen));
    AddPiece(std::move(values), chosen);
    return Status::OK();
  }

  Status SettleRest(const BoundExpression& expression) {
    if (open_.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(ArrayPtr values, For(expression, open_));
    AddPiece(std::move(values), open_);
    open_.clear();
    return Status::OK();
  }

  /// Keeps the rows that are not NULL in `values` (parallel to the open rows) and leaves the others open.
  void SettleWhereValid(ArrayPtr values) {
    std::vector<int64_t> rest;
    for (size_t i = 0; i < open_.size(); ++i) {
      if (values->IsNull(static_cast<int64_t>(i))) {
        rest.push_back(open_[i]);
      } else {
        place_[static_cast<size_t>(open_[i])] = total_ + static_cast<int64_t>(i);
      }
    }
    total_ += values->length();
    pieces_.push_back(std::move(values));
    open_ = std::move(rest);
  }

  Result<arrow::Datum> Finish(const SqlType& type) {
    if (pieces_.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr empty, arrow::MakeEmptyArray(type.ToArrow()));
      return arrow::Datum(std::move(empty));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr all, arrow::Concatenate(pieces_));
    const arrow::Int64Array order(static_cast<int64_t>(place_.size()), arrow::Buffer::Wrap(place_));
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr result, arrow::compute::Take(*all, order));
    return arrow::Datum(std::move(result));
  }

 private:
  Result<ArrayPtr> For(const BoundExpression& expression, const std::vector<int64_t>& rows) {
    if (static_cast<int64_t>(rows.size()) == input_.num_rows()) return EvaluateToArray(expression, input_, context_);
    std::vector<int> needed;
    CollectColumns(expression, &needed);
    const auto count = static_cast<int64_t>(rows.size());
    const arrow::Int64Array indices(count, arrow::Buffer::Wrap(rows));
    // Columns that are not read keep their place so that column numbers stay right.
    arrow::ArrayVector columns(static_cast<size_t>(input_.num_columns()));
    arrow::FieldVector fields(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      const int column = static_cast<int>(i);
      if (std::find(needed.begin(), needed.end(), column) == needed.end()) {
        columns[i] = std::make_shared<arrow::NullArray>(count);
      } else {
        VELO_ASSIGN_OR_RETURN_ARROW(columns[i], arrow::compute::Take(*input_.column(column), indices));
      }
      fields[i] = arrow::field(input_.schema()->field(column)->name(), columns[i]->type());
    }
    const BatchPtr batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(columns));
    return EvaluateToArray(expression, *batch, context_);
  }

  void AddPiece(ArrayPtr values, const std::vector<int64_t>& rows) {
    for (size_t i = 0; i < rows.size(); ++i) place_[static_cast<size_t>(rows[i])] = total_ + static_cast<int64_t>(i);
    total_ += values->length();
    pieces_.push_back(std::move(values));
  }

  const arrow::RecordBatch& input_;
  EvaluationContext* context_;
  std::vector<int64_t> open_;
  std::vector<int64_t> place_;  // Per input row: its index in the concatenated pieces.
  int64_t total_ = 0;
  arrow::ArrayVector pieces_;
};

// Arrow's if_else gives NULL for an unknown condition; SQL takes the other branch.
Result<arrow::Datum> UnknownAsFalse(arrow::Datum condition) {
  const bool has_nulls = condition.is_scalar() ? !condition.scalar()->is_valid : condition.null_count() > 0;
  if (!has_nulls) return condition;
  return CallArrow("coalesce", {condition, arrow::Datum(false)});
}

Result<arrow::Datum> EvaluateCase(const BoundExpression& expression, const arrow::RecordBatch& input,
                                  EvaluationContext* context) {
  const auto& arguments = expression.arguments;
  if (AllHarmless(expression)) {
    VELO_ASSIGN_OR_RETURN(arrow::Datum result, Evaluate(*arguments.back(), input, context));
    for (size_t i = arguments.size() - 1; i >= 2; i -= 2) {
      VELO_ASSIGN_OR_RETURN(arrow::Datum condition, Evaluate(*arguments[i - 2], input, context));
      VELO_ASSIGN_OR_RETURN(condition, UnknownAsFalse(std::move(condition)));
      VELO_ASSIGN_OR_RETURN(arrow::Datum value, Evaluate(*arguments[i - 1], input, context));
      VELO_ASSIGN_OR_RETURN(result, CallArrow("if_else", {condition, value, result}));
    }
    return result;
  }
  LazyRows rows(input, context);
  for (size_t i = 0; i + 1 < arguments.size() && !rows.done(); i += 2) {
    VELO_ASSIGN_OR_RETURN(ArrayPtr condition, rows.ForOpenRows(*arguments[i]));
    VELO_RETURN_IF_ERROR(rows.Settle(*condition, *arguments[i + 1]));
  }
  VELO_RETURN_IF_ERROR(rows.SettleRest(*arguments.back()));
  return rows.Finish(expression.type);
}

Result<arrow::Datum> EvaluateCoalesce(const BoundExpression& expression, const arrow::RecordBatch& input,
                                      EvaluationContext* context) {
  const auto& arguments = expression.arguments;
  if (AllHarmless(expression)) {
    std::vector<arrow::Datum> values;
    for (const BoundExpressionPtr& argument : arguments) {
      VELO_ASSIGN_OR_RETURN(arrow::Datum value, Evaluate(*argument, input, context));
      values.push_back(std::move(value));
    }
    return CallArrow("coalesce", values);
  }
  LazyRows rows(input, context);
  for (size_t i = 0; i + 1 < arguments.size() && !rows.done(); ++i) {
    VELO_ASSIGN_OR_RETURN(ArrayPtr values, rows.ForOpenRows(*arguments[i]));
    if (i == 0 && values->null_count() == 0) return arrow::Datum(std::move(values));
    rows.SettleWhereValid(std::move(values));
  }
  VELO_RETURN_IF_ERROR(rows.SettleRest(*arguments.back()));
  return rows.Finish(expression.type);
}

}  // namespace

Result<arrow::Datum> Evaluate(const BoundExpression& expression, const arrow::RecordBatch& input,
                              EvaluationContext* context) {
  switch (expression.kind) {
    case BoundKind::kColumn:
      return arrow::Datum(input.column(expression.column));
    case BoundKind::kLiteral:
      return arrow::Datum(expression.literal);
    case BoundKind::kCall:
      return expression.try_cast ? EvaluateLenientCall(expression, input, context)
                                 : EvaluateCall(expression, input, context);
    case BoundKind::kCast: {
      VELO_ASSIGN_OR_RETURN(const arrow::Datum value, Evaluate(*expression.arguments[0], input, context));
      auto result = CastDatum(value, expression.arguments[0]->type, expression.type, expression.try_cast);
      return result.ok() ? result : At(expression, result.status());
    }
    case BoundKind::kCase:
      return EvaluateCase(expression, input, context);
    case BoundKind::kCoalesce:
      return EvaluateCoalesce(expression, input, context);
  }
  return Status::Bug("unknown kind of expression");
}

Result<ArrayPtr> EvaluateToArray(const BoundExpression& expression, const arrow::RecordBatch& input,
                                 EvaluationContext* context) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum value, Evaluate(expression, input, context));
  return ToArray(value, input.num_rows());
}

Result<BatchPtr> Filter(const BoundExpression& predicate, const BatchPtr& input, EvaluationContext* context) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum value, Evaluate(predicate, *input, context));
  if (value.is_scalar()) {
    const auto& scalar = static_cast<const arrow::BooleanScalar&>(*value.scalar());
    const bool keep = scalar.is_valid && scalar.type->id() == arrow::Type::BOOL && scalar.value;
    return keep ? input : input->Slice(0, 0);
  }
  const auto truth = std::static_pointer_cast<arrow::BooleanArray>(value.make_array());
  const int64_t kept = truth->type_id() == arrow::Type::BOOL ? truth->true_count() : 0;
  if (kept == input->num_rows()) return input;
  if (kept == 0) return input->Slice(0, 0);
  VELO_ASSIGN_OR_RETURN_ARROW(const arrow::Datum rows,
                              arrow::compute::Filter(input, truth, arrow::compute::FilterOptions::Defaults()));
  return rows.record_batch();
}

Result<ArrayPtr> CastArray(const arrow::Array& input, const SqlType& from, const SqlType& to, bool try_cast) {
  return CastValues(input, from, to, try_cast);
}

}  // namespace velo
