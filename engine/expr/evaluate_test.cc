#include <arrow/api.h>
#include <arrow/datum.h>
#include <gtest/gtest.h>

#include "engine/expr/bound_expression.h"
#include "engine/functions/registry.h"
#include "engine/types/cast.h"
#include "engine/types/decimal.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values) {
    if (value) {
      EXPECT_TRUE(builder.Append(*value).ok());
    } else {
      EXPECT_TRUE(builder.AppendNull().ok());
    }
  }
  return builder.Finish().ValueOrDie();
}

// Columns: 0 INTEGER n (7, NULL, -3), 1 FLOAT f (0.5, 2.0, NULL), 2 STRING s ('alpha', NULL, '12'), starting at an
// offset so that every kernel meets a sliced array.
std::shared_ptr<arrow::RecordBatch> SlicedInput() {
  auto n = ArrayOf<arrow::Int64Builder, int64_t>({99, 7, std::nullopt, -3});
  auto f = ArrayOf<arrow::DoubleBuilder, double>({99, 0.5, 2.0, std::nullopt});
  auto s = ArrayOf<arrow::StringBuilder, std::string>({"skipped", "alpha", std::nullopt, "12"});
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("f", arrow::float64()),
                                                 arrow::field("s", arrow::utf8())}),
                                  4, {n, f, s})
      ->Slice(1);
}

BoundExpressionPtr N() { return MakeColumn(0, TypeKind::kInteger, "n"); }
BoundExpressionPtr F() { return MakeColumn(1, TypeKind::kFloat, "f"); }
BoundExpressionPtr S() { return MakeColumn(2, TypeKind::kString, "s"); }
BoundExpressionPtr Int(int64_t value) { return MakeLiteral(arrow::MakeScalar(value), TypeKind::kInteger); }
BoundExpressionPtr Text(std::string value) { return MakeLiteral(arrow::MakeScalar(value), TypeKind::kString); }
BoundExpressionPtr Bool(bool value) { return MakeLiteral(arrow::MakeScalar(value), TypeKind::kBoolean); }
BoundExpressionPtr Null() { return MakeLiteral(std::make_shared<arrow::NullScalar>(), TypeKind::kNull); }
BoundExpressionPtr Dec(std::string_view text) {
  const auto value = ParseDecimal(text).value();
  const auto type = SqlType::Decimal(38, value.scale);
  const arrow::Decimal128 unscaled(static_cast<int64_t>(value.unscaled >> 64), static_cast<uint64_t>(value.unscaled));
  return MakeLiteral(std::make_shared<arrow::Decimal128Scalar>(unscaled, type.ToArrow()), type);
}

Result<BoundExpressionPtr> TryCall(std::string_view name, std::vector<BoundExpressionPtr> arguments) {
  const ScalarFunction* function = BuiltinFunctions().FindScalar(name);
  EXPECT_NE(function, nullptr) << name;
  return MakeCall(*function, std::move(arguments));
}
BoundExpressionPtr Call(std::string_view name, std::vector<BoundExpressionPtr> arguments) {
  auto call = TryCall(name, std::move(arguments));
  EXPECT_TRUE(call.ok()) << name << ": " << call.status().ToString();
  return *call;
}

// All rows of the result, separated by blanks, or the code of the failure.
std::string Rows(const BoundExpressionPtr& expression) {
  const auto input = SlicedInput();
  EvaluationContext context;
  const auto result = EvaluateToArray(*expression, *input, &context);
  if (!result.ok()) {
    const auto& error = result.status().error();
    return error.code == "INTERNAL" ? error.message : error.code;
  }
  EXPECT_TRUE((*result)->type()->Equals(*expression->type.ToArrow())) << (*result)->type()->ToString();
  EXPECT_TRUE((*result)->ValidateFull().ok());
  EXPECT_EQ((*result)->length(), 3);
  std::string out;
  for (int64_t i = 0; i < (*result)->length(); ++i) {
    if (i > 0) out += ' ';
    AppendText(**result, i, &out);
  }
  return out;
}

// The value of a constant expression, after folding.
std::string Value(const BoundExpressionPtr& expression) {
  const BoundExpressionPtr folded = FoldConstants(expression);
  EvaluationContext context;
  const auto batch = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector{});
  const auto result = EvaluateToArray(*folded, *batch, &context);
  if (!result.ok()) {
    const auto& error = result.status().error();
    return error.code == "INTERNAL" ? error.message : error.code;
  }
  std::string out;
  AppendText(**result, 0, &out);
  return out;
}

TEST(Evaluate, ComputesExactDecimals) {
  EXPECT_EQ(Value(Call("+", {Dec("1.10"), Dec("2.205")})), "3.305");
  EXPECT_EQ(Value(Call("*", {Dec("1.10"), Dec("2.205")})), "2.42550");
  EXPECT_EQ(Value(Call("/", {Dec("10.00"), Int(3)})), "3.333333");
  EXPECT_EQ(Value(Call("=", {Call("+", {Dec("0.1"), Dec("0.2")}), Dec("0.3")})), "true");
  EXPECT_EQ(Value(Call("%", {Dec("-7.5"), Int(2)})), "-1.5");
  EXPECT_EQ(Value(*MakeCast(Dec("2.345"), SqlType::Decimal(10, 2), false)), "2.35");
  EXPECT_EQ(Value(Call("/", {Int(7), Int(2)})), "3.5");
  EXPECT_EQ(Value(Call("/", {Int(1), Int(0)})), "NULL");
  EXPECT_EQ(Value(Call("/", {Dec("1.5"), Dec("0.0")})), "NULL");
  EXPECT_EQ(Value(Call("*", {Dec("12345678901234567890.123456789"), Dec("12345678901234567890.1")})), "E4004");
}

TEST(Evaluate, FollowsThreeValuedLogic) {
  EXPECT_EQ(Value(Call("=", {Null(), Null()})), "NULL");
  EXPECT_EQ(Value(Call("OR", {Null(), Bool(true)})), "true");
  EXPECT_EQ(Value(Call("AND", {Null(), Bool(false)})), "false");
  EXPECT_EQ(Value(Call("AND", {Null(), Bool(true)})), "NULL");
  EXPECT_EQ(Value(Call("NOT", {Call("IN", {Int(3), Int(1), Null()})})), "NULL");
  EXPECT_EQ(Value(Call("IN", {Int(1), Int(1), Null()})), "true");
  EXPECT_EQ(Value(Call("||", {Text("a"), Null()})), "NULL");
  EXPECT_EQ(Value(Call("IS DISTINCT FROM", {Null(), Int(1)})), "true");
  EXPECT_EQ(Value(Call("IS DISTINCT FROM", {Null(), Null()})), "false");
  EXPECT_EQ(Value(Call("BETWEEN", {Int(5), Int(7), Null()})), "false");
}

TEST(Evaluate, ReadsColumnsWithNullsAndOffset) {
  EXPECT_EQ(Rows(Call("+", {N(), Int(1)})), "8 NULL -2");
  EXPECT_EQ(Rows(Call("-", {Int(1), N()})), "-6 NULL 4");
  EXPECT_EQ(Rows(Call("*", {N(), F()})), "3.5 NULL NULL");
  EXPECT_EQ(Rows(Call("/", {N(), N()})), "1.0 NULL 1.0");
  EXPECT_EQ(Rows(Call(">", {N(), Int(0)})), "true NULL false");
  EXPECT_EQ(Rows(Call("=", {S(), Text("alpha")})), "true NULL false");
  EXPECT_EQ(Rows(Call("=", {S(), Int(12)})), "NULL NULL true");
  EXPECT_EQ(Rows(Call("LIKE", {S(), Text("%ph_")})), "true NULL false");
  EXPECT_EQ(Rows(Call("ILIKE", {S(), Text("AL%")})), "true NULL false");
  EXPECT_EQ(Rows(Call("REGEXP", {S(), Text("^[0-9]+$")})), "false NULL true");
  EXPECT_EQ(Rows(Call("IN", {N(), Int(7), Int(8)})), "true NULL false");
  EXPECT_EQ(Rows(Call("IS NULL", {S()})), "false true false");
  EXPECT_EQ(Rows(Call("NEGATE", {N()})), "-7 NULL 3");
  EXPECT_EQ(Rows(Int(5)), "5 5 5");
}

TEST(Evaluate, ReportsIntegerOverflowAndIgnoresWhatLiesUnderNull) {
  EXPECT_EQ(Rows(Call("*", {N(), Int(INT64_MAX)})), "E4004");
  EXPECT_EQ(Value(Call("+", {Int(INT64_MAX), Int(1)})), "E4004");
}

TEST(Evaluate, CountsDivisionsByZeroPerRow) {
  const auto input = SlicedInput();
  EvaluationContext context;
  const auto result = EvaluateToArray(*Call("%", {N(), Int(0)}), *input, &context);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)->null_count(), 3);
  EXPECT_EQ(context.division_by_zero, 2);
}

TEST(Evaluate, ComparesTimesWithTextAndMilliseconds) {
  const auto at = *MakeCast(Text("2025-04-01 09:30:00.250"), TypeKind::kTimestamp, false);
  EXPECT_EQ(Value(Call("=", {at, Text("2025-04-01T09:30:00.250Z")})), "true");
  EXPECT_EQ(Value(Call("=", {at, Int(1743499800250)})), "true");
  EXPECT_EQ(Value(Call(">", {at, Text("2025-04-01")})), "true");
  EXPECT_EQ(Value(Call("<", {at, Text("no time")})), "NULL");
  const auto minute = *MakeCast(Text("1 minute"), TypeKind::kInterval, false);
  EXPECT_EQ(Value(Call("+", {at, minute})), "2025-04-01 09:31:00.250");
  EXPECT_EQ(Value(Call("-", {at, at})), "0 SECOND");
  EXPECT_EQ(Value(Call(">", {minute, Int(59999)})), "true");
  EXPECT_EQ(Value(Call("*", {minute, Int(90)})), "1 HOUR 30 MINUTE");
}

TEST(Evaluate, RejectsWhatHasNoMeaning) {
  EXPECT_EQ(TryCall("+", {Bool(true), Int(1)}).status().error().code, "E2301");
  EXPECT_EQ(TryCall("-", {Text("a"), Text("b")}).status().error().code, "E2301");
  EXPECT_EQ(TryCall("+", {Text("abc"), Int(1)}).status().error().code, "E2301");
  EXPECT_EQ(TryCall("=", {Bool(true), Int(1)}).status().error().code, "E2301");
  EXPECT_EQ(TryCall("REGEXP", {S(), Text("(")}).status().error().code, "E2310");
  EXPECT_EQ(MakeCast(Text("abc"), TypeKind::kInteger, false).status().error().code, "E2302");
  EXPECT_EQ(MakeCast(Bool(true), TypeKind::kDate, false).status().error().code, "E2302");
  EXPECT_EQ(Value(Call("+", {Text("2.5"), Int(1)})), "3.5");
}

TEST(Evaluate, ComputesCaseBranchesOnlyForTheirRows) {
  auto branch = std::make_shared<BoundExpression>();
  branch->kind = BoundKind::kCase;
  branch->type = TypeKind::kInteger;
  // The cast fails for 'alpha', whose row takes the other branch.
  branch->arguments = {Call("REGEXP", {S(), Text("^[0-9]+$")}), *MakeCast(S(), TypeKind::kInteger, false), N()};
  EXPECT_EQ(Rows(branch), "7 NULL 12");
  EXPECT_EQ(Rows(*MakeCast(S(), TypeKind::kInteger, false)), "E4002");
  EXPECT_EQ(Rows(*MakeCast(S(), TypeKind::kInteger, true)), "NULL NULL 12");
  auto simple = std::make_shared<BoundExpression>();
  simple->kind = BoundKind::kCase;
  simple->type = TypeKind::kString;
  simple->arguments = {Call(">", {N(), Int(0)}), Text("up"), Call("IS NULL", {N()}), Text("none"), Text("down")};
  EXPECT_EQ(Rows(simple), "up none down");
}

TEST(Evaluate, CoalescesLazily) {
  auto coalesce = std::make_shared<BoundExpression>();
  coalesce->kind = BoundKind::kCoalesce;
  coalesce->type = TypeKind::kInteger;
  // Casting 'alpha' would fail, but its row has a value already.
  coalesce->arguments = {N(), *MakeCast(S(), TypeKind::kInteger, false)};
  EXPECT_EQ(Rows(coalesce), "7 NULL -3");
  coalesce->arguments = {N(), Int(0)};
  EXPECT_EQ(Rows(coalesce), "7 0 -3");
}

TEST(Evaluate, FiltersUnknownRowsAway) {
  EvaluationContext context;
  const auto kept = Filter(*Call(">", {N(), Int(0)}), SlicedInput(), &context);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ((*kept)->num_rows(), 1);
  EXPECT_EQ((*Filter(*Bool(true), SlicedInput(), &context))->num_rows(), 3);
  EXPECT_EQ((*Filter(*FoldConstants(Call("=", {Null(), Int(1)})), SlicedInput(), &context))->num_rows(), 0);
  EXPECT_EQ((*Filter(*Call(">", {N(), Int(0)}), SlicedInput()->Slice(0, 0), &context))->num_rows(), 0);
}

TEST(BoundExpression, CollectsAndRemapsColumns) {
  const auto sum = Call("+", {N(), Call("*", {N(), F()})});
  std::vector<int> columns;
  CollectColumns(*sum, &columns);
  EXPECT_EQ(columns, (std::vector<int>{0, 1}));
  columns.clear();
  CollectColumns(*RemapColumns(sum, {4, 5, 6}), &columns);
  EXPECT_EQ(columns, (std::vector<int>{4, 5}));
}

}  // namespace
}  // namespace velo
