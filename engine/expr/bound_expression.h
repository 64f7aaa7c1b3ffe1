#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/source_span.h"
#include "engine/functions/function.h"

namespace arrow {
class RecordBatch;
struct Scalar;
class Array;
struct Datum;
}  // namespace arrow

namespace velo {

struct BoundExpression;
using BoundExpressionPtr = std::shared_ptr<const BoundExpression>;

enum class BoundKind : uint8_t {
  kColumn,    ///< input column `column`
  kLiteral,   ///< `literal`
  kCall,      ///< `function`(arguments); operators, IN, LIKE, BETWEEN, IS NULL, paths are calls too
  kCast,      ///< arguments[0] to `type`; try_cast gives NULL where a cast fails
  kCase,      ///< arguments = when1, then1, when2, then2, ..., else (always present); branches see only their rows
  kCoalesce,  ///< arguments in order, each evaluated only for rows still NULL
};

/// An expression whose names and types are settled. Immutable, shared between plan and operators.
struct BoundExpression {
  BoundKind kind = BoundKind::kLiteral;
  SqlType type;
  SourceSpan span;
  std::string text;  ///< SQL of the expression as the user wrote it, for EXPLAIN and messages.

  int column = -1;
  std::shared_ptr<arrow::Scalar> literal;
  const ScalarFunction* function = nullptr;
  std::vector<SqlType> argument_types;
  std::vector<BoundExpressionPtr> arguments;
  bool try_cast = false;  ///< kCast: NULL where it fails. kCall: NULL where it fails with a data error (E4xxx).
};

BoundExpressionPtr MakeColumn(int column, SqlType type, std::string text = "", SourceSpan span = {});
BoundExpressionPtr MakeLiteral(std::shared_ptr<arrow::Scalar> value, SqlType type, std::string text = "",
                               SourceSpan span = {});
/// Types the call by the function's rule and inserts the casts it asks for.
Result<BoundExpressionPtr> MakeCall(const ScalarFunction& function, std::vector<BoundExpressionPtr> arguments,
                                    std::string text = "", SourceSpan span = {});
/// Whether the value is text that may stand for a number or a condition (ScalarFunction::untyped_text).
bool IsUntypedText(const BoundExpression& expression);
/// The expression with NULL where it would fail with a data error: 'sql.error_mode' = 'null' (dialect 4.18).
BoundExpressionPtr NullOnError(const BoundExpressionPtr& expression);
/// Returns `operand` itself when it already has the type. E2302 when the matrix of dialect 3.6 has no such cast.
Result<BoundExpressionPtr> MakeCast(BoundExpressionPtr operand, SqlType type, bool try_cast, std::string text = "",
                                    SourceSpan span = {});
/// Replaces calls whose arguments are all literals by their value; leaves what fails at run time in place.
BoundExpressionPtr FoldConstants(const BoundExpressionPtr& expression);
/// Adds the input columns that `expression` reads.
void CollectColumns(const BoundExpression& expression, std::vector<int>* columns);
/// Returns the expression with input column i replaced by `mapping[i]`.
BoundExpressionPtr RemapColumns(const BoundExpressionPtr& expression, const std::vector<int>& mapping);

/// What evaluation may know and count. One per lane.
struct EvaluationContext {
  int64_t now_micros = 0;
  int64_t division_by_zero = 0;
};

/// Computes a column for all rows of `input`. Result: array of num_rows values, or a scalar for constants.
Result<arrow::Datum> Evaluate(const BoundExpression& expression, const arrow::RecordBatch& input,
                              EvaluationContext* context);
/// Same, always as an array of the expression's arrow type.
Result<std::shared_ptr<arrow::Array>> EvaluateToArray(const BoundExpression& expression,
                                                      const arrow::RecordBatch& input, EvaluationContext* context);
/// Keeps the rows for which a BOOLEAN expression is true (unknown counts as false).
Result<std::shared_ptr<arrow::RecordBatch>> Filter(const BoundExpression& predicate,
                                                   const std::shared_ptr<arrow::RecordBatch>& input,
                                                   EvaluationContext* context);
/// Casts a whole column (dialect 3.6). With `try_cast` a value that does not fit becomes NULL, else E4002 names it.
Result<std::shared_ptr<arrow::Array>> CastArray(const arrow::Array& input, const SqlType& from, const SqlType& to,
                                                bool try_cast);

}  // namespace velo
