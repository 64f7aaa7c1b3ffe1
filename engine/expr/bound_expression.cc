#include "engine/expr/bound_expression.h"

#include <arrow/array/util.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

bool IsLiteral(const BoundExpressionPtr& expression) { return expression->kind == BoundKind::kLiteral; }

// The text of a literal as type rules see it; nothing for NULL and for everything that is no literal.
std::optional<std::string> ConstantText(const BoundExpression& expression) {
  if (expression.kind != BoundKind::kLiteral || !expression.literal->is_valid) return std::nullopt;
  const auto array = arrow::MakeArrayFromScalar(*expression.literal, 1);
  if (!array.ok()) return std::nullopt;
  std::string text;
  AppendText(**array, 0, &text);
  return text;
}

// A batch of one row without columns, on which constants are evaluated.
const arrow::RecordBatch& OneRow() {
  static const auto batch = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector{});
  return *batch;
}

Result<BoundExpressionPtr> CastLiteral(const BoundExpression& cast) {
  EvaluationContext context;
  auto value = Evaluate(cast, OneRow(), &context);
  if (!value.ok()) {
    if (value.status().error().code != "E4002") return value.status();
    return Status::User("E2302", value.status().error().message, value.status().error().hint).WithSpan(cast.span);
  }
  return MakeLiteral(value->scalar(), cast.type, cast.text, cast.span);
}

// Types of a call that reads texts of unknown meaning as what it needs; fails when nothing is settled by that.
Result<CallTypes> TypesReadingText(const ScalarFunction& function, const std::vector<BoundExpressionPtr>& arguments,
                                   std::vector<SqlType> given, const std::vector<const std::string*>& constants) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (IsUntypedText(*arguments[i])) given[i] = TypeKind::kAny;
  }
  VELO_ASSIGN_OR_RETURN(CallTypes types, function.types(function.name, given, constants));
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (types.arguments[i].kind() == TypeKind::kAny) types.arguments[i] = arguments[i]->type;
  }
  if (types.result.kind() == TypeKind::kAny) types.result = TypeKind::kString;
  return types;
}

}  // namespace

bool IsUntypedText(const BoundExpression& expression) {
  return expression.kind == BoundKind::kCall && expression.function->untyped_text;
}

BoundExpressionPtr NullOnError(const BoundExpressionPtr& expression) {
  if (expression->arguments.empty()) return expression;
  auto lenient = std::make_shared<BoundExpression>(*expression);
  lenient->try_cast = expression->kind == BoundKind::kCall || expression->kind == BoundKind::kCast;
  for (BoundExpressionPtr& argument : lenient->arguments) argument = NullOnError(argument);
  return lenient;
}

BoundExpressionPtr MakeColumn(int column, SqlType type, std::string text, SourceSpan span) {
  auto expression = std::make_shared<BoundExpression>();
  expression->kind = BoundKind::kColumn;
  expression->column = column;
  expression->type = std::move(type);
  expression->text = std::move(text);
  expression->span = span;
  return expression;
}

BoundExpressionPtr MakeLiteral(std::shared_ptr<arrow::Scalar> value, SqlType type, std::string text, SourceSpan span) {
  auto expression = std::make_shared<BoundExpression>();
  expression->kind = BoundKind::kLiteral;
  expression->literal = std::move(value);
  expression->type = std::move(type);
  expression->text = std::move(text);
  expression->span = span;
  return expression;
}

Result<BoundExpressionPtr> MakeCall(const ScalarFunction& function, std::vector<BoundExpressionPtr> arguments,
                                    std::string text, SourceSpan span) {
  std::vector<SqlType> given;
  std::vector<std::optional<std::string>> texts;
  for (const auto& argument : arguments) {
    given.push_back(argument->type);
    texts.push_back(ConstantText(*argument));
  }
  std::vector<const std::string*> constants;
  for (const auto& constant : texts) constants.push_back(constant ? &*constant : nullptr);
  auto types = function.types(function.name, given, constants);
  if (!types.ok()) {
    auto readable = TypesReadingText(function, arguments, given, constants);
    if (!readable.ok()) return types.status().WithSpan(span);
    types = std::move(readable);
  }
  auto call = std::make_shared<BoundExpression>();
  call->kind = BoundKind::kCall;
  call->function = &function;
  call->type = types->result;
  call->text = std::move(text);
  call->span = span;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const SqlType& wanted = types->arguments[i];
    const std::string argument_text = arguments[i]->text;
    const SourceSpan argument_span = arguments[i]->span;
    // Text that is no JSON behaves as NULL where a collection is expected (dialect 3.8).
    const bool reads_json = wanted.is_nested() && !arguments[i]->type.is_nested();
    VELO_ASSIGN_OR_RETURN(BoundExpressionPtr argument, MakeCast(std::move(arguments[i]), wanted,
                                                                /*try_cast=*/reads_json, argument_text, argument_span));
    call->arguments.push_back(std::move(argument));
  }
  call->argument_types = std::move(types->arguments);
  return BoundExpressionPtr(std::move(call));
}

Result<BoundExpressionPtr> MakeCast(BoundExpressionPtr operand, SqlType type, bool try_cast, std::string text,
                                    SourceSpan span) {
  if (operand->type == type) return operand;
  if (!CanCast(operand->type, type)) {
    return Status::User("E2302", fmt::format("cannot cast {} to {}", operand->type.ToString(), type.ToString()))
        .WithSpan(span);
  }
  auto cast = std::make_shared<BoundExpression>();
  cast->kind = BoundKind::kCast;
  cast->type = std::move(type);
  cast->try_cast = try_cast;
  cast->text = std::move(text);
  cast->span = span;
  const bool literal = IsLiteral(operand);
  cast->arguments.push_back(std::move(operand));
  if (literal) return CastLiteral(*cast);
  return BoundExpressionPtr(std::move(cast));
}

BoundExpressionPtr FoldConstants(const BoundExpressionPtr& expression) {
  if (expression->arguments.empty() && expression->kind != BoundKind::kCall) return expression;
  auto folded = std::make_shared<BoundExpression>(*expression);
  bool all_literals = true;
  for (BoundExpressionPtr& argument : folded->arguments) {
    argument = FoldConstants(argument);
    all_literals = all_literals && IsLiteral(argument);
  }
  // Text of unknown meaning stays a call, so that what stands around it knows.
  const bool fixed =
      folded->function == nullptr || (folded->function->deterministic && !folded->function->untyped_text);
  if (all_literals && fixed) {
    EvaluationContext context;
    auto value = Evaluate(*folded, OneRow(), &context);
    // A division by zero is counted per row, so it has to stay.
    if (value.ok() && value->is_scalar() && context.division_by_zero == 0) {
      return MakeLiteral(value->scalar(), folded->type, folded->text, folded->span);
    }
  }
  return folded;
}

void CollectColumns(const BoundExpression& expression, std::vector<int>* columns) {
  if (expression.kind == BoundKind::kColumn &&
      std::find(columns->begin(), columns->end(), expression.column) == columns->end()) {
    columns->push_back(expression.column);
  }
  for (const BoundExpressionPtr& argument : expression.arguments) CollectColumns(*argument, columns);
}

BoundExpressionPtr RemapColumns(const BoundExpressionPtr& expression, const std::vector<int>& mapping) {
  if (expression->kind == BoundKind::kLiteral) return expression;
  auto remapped = std::make_shared<BoundExpression>(*expression);
  if (remapped->kind == BoundKind::kColumn) remapped->column = mapping[static_cast<size_t>(remapped->column)];
  for (BoundExpressionPtr& argument : remapped->arguments) argument = RemapColumns(argument, mapping);
  return remapped;
}

}  // namespace velo
