#include "engine/exec/aggregate_columns.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "engine/functions/registry.h"
#include "engine/types/cast.h"

namespace velo::exec {
namespace {

constexpr int64_t kRows = 200;
constexpr uint32_t kGroups = 7;

struct Call {
  const char* function;
  SqlType type;
  bool distinct = false;
};

const std::vector<Call>& Calls() {
  static const std::vector<Call> calls = {
      {"COUNT", TypeKind::kInteger},       {"COUNT", TypeKind::kString},   {"COUNT_IF", TypeKind::kBoolean},
      {"SUM", TypeKind::kInteger},         {"SUM", TypeKind::kFloat},      {"SUM", SqlType::Decimal(12, 2)},
      {"SUM", TypeKind::kInterval},        {"AVG", TypeKind::kInteger},    {"AVG", TypeKind::kFloat},
      {"AVG", SqlType::Decimal(12, 2)},    {"MIN", TypeKind::kInteger},    {"MAX", TypeKind::kFloat},
      {"MIN", SqlType::Decimal(12, 2)},    {"MAX", TypeKind::kString},     {"MAX", TypeKind::kBoolean},
      {"STDDEV", TypeKind::kFloat},        {"VAR_POP", TypeKind::kFloat},  {"FIRST_VALUE", TypeKind::kFloat},
      {"COUNT", TypeKind::kInteger, true}, {"BOOL_OR", TypeKind::kBoolean}};
  return calls;
}

AggregateCall Prepare(const Call& call) {
  AggregateCall prepared;
  prepared.function = BuiltinFunctions().FindAggregate(call.function);
  prepared.distinct = call.distinct;
  prepared.arguments.push_back(MakeColumn(0, call.type.kind(), "v"));
  const std::vector<const std::string*> constants(1, nullptr);
  prepared.types = *prepared.function->types(call.function, std::vector<SqlType>{call.type}, constants);
  return prepared;
}

// Numbers, every fifth NULL, in an array that does not begin at offset 0.
std::shared_ptr<arrow::Array> Values(const SqlType& type) {
  arrow::Int64Builder numbers;
  for (int64_t row = -1; row < kRows; ++row) {
    EXPECT_TRUE((row % 5 == 2 ? numbers.AppendNull() : numbers.Append(row * 7919 % 101 - 40)).ok());
  }
  const auto column = *numbers.Finish();
  if (type.kind() == TypeKind::kBoolean) {
    arrow::BooleanBuilder flags;
    for (int64_t row = -1; row < kRows; ++row) EXPECT_TRUE(flags.Append(row * 31 % 7 < 3).ok());
    return (*flags.Finish())->Slice(1);
  }
  if (type.kind() == TypeKind::kInterval) {
    auto data = column->data()->Copy();
    data->type = type.ToArrow();
    return arrow::MakeArray(std::move(data))->Slice(1);
  }
  return (*CastValues(*column, TypeKind::kInteger, type, false))->Slice(1);
}

// Every call with and without FILTER.
AggregateInputs Inputs(bool filtered) {
  AggregateInputs inputs;
  inputs.rows = kRows;
  for (const Call& call : Calls()) {
    inputs.arguments.push_back({Values(call.type)});
    std::vector<uint8_t> selected;
    for (int64_t row = 0; filtered && row < kRows; ++row) selected.push_back(row % 3 != 1 ? 1 : 0);
    inputs.selected.push_back(std::move(selected));
  }
  return inputs;
}

TEST(AggregateColumns, ShowTheResultAfterEveryRow) {
  std::vector<AggregateCall> calls;
  for (const Call& call : Calls()) calls.push_back(Prepare(call));
  std::vector<uint32_t> ids;
  for (uint32_t row = 0; row < kRows; ++row) ids.push_back(row * row % kGroups);
  for (const bool filtered : {false, true}) {
    const AggregateInputs inputs = Inputs(filtered);
    AggregateColumns at_once(calls), one_by_one(calls);
    at_once.Resize(kGroups);
    one_by_one.Resize(kGroups);
    std::vector<std::shared_ptr<arrow::Array>> shown;
    ASSERT_TRUE(at_once.UpdateShowing(inputs, ids.data(), &shown).ok());
    ASSERT_EQ(shown.size(), calls.size());
    for (int64_t row = 0; row < kRows; ++row) {
      ASSERT_TRUE(one_by_one.UpdateRange(inputs, &ids[row], row, 1).ok());
      std::vector<std::shared_ptr<arrow::Array>> expected;
      ASSERT_TRUE(one_by_one.Finalise({&ids[row], 1}, &expected).ok());
      for (size_t call = 0; call < calls.size(); ++call) {
        ASSERT_TRUE(shown[call]->Slice(row, 1)->Equals(*expected[call]))
            << Calls()[call].function << " of " << Calls()[call].type.ToString() << ", row " << row << ": "
            << shown[call]->Slice(row, 1)->ToString() << expected[call]->ToString();
      }
    }
    for (const auto& column : shown) EXPECT_TRUE(column->ValidateFull().ok());
  }
}

TEST(AggregateColumns, ShowNothingOfNoRows) {
  const std::vector<AggregateCall> calls = {Prepare({"SUM", TypeKind::kInteger}),
                                            Prepare({"FIRST_VALUE", TypeKind::kFloat})};
  AggregateColumns states(calls);
  AggregateInputs inputs;
  inputs.arguments = {{Values(TypeKind::kInteger)->Slice(0, 0)}, {Values(TypeKind::kFloat)->Slice(0, 0)}};
  inputs.selected.resize(2);
  std::vector<std::shared_ptr<arrow::Array>> shown;
  ASSERT_TRUE(states.UpdateShowing(inputs, nullptr, &shown).ok());
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0]->length(), 0);
  EXPECT_EQ(shown[1]->length(), 0);
}

TEST(AggregateColumns, SayThatASumDoesNotFit) {
  const std::vector<AggregateCall> calls = {Prepare({"SUM", TypeKind::kInteger})};
  AggregateColumns states(calls);
  states.Resize(1);
  arrow::Int64Builder large;
  ASSERT_TRUE(large.AppendValues({INT64_MAX, 1}).ok());
  AggregateInputs inputs;
  inputs.rows = 2;
  inputs.arguments = {{*large.Finish()}};
  inputs.selected.resize(1);
  const std::vector<uint32_t> ids(2, 0);
  std::vector<std::shared_ptr<arrow::Array>> shown;
  const Status status = states.UpdateShowing(inputs, ids.data(), &shown);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "E4004");
}

}  // namespace
}  // namespace velo::exec
