#include <arrow/api.h>
#include <gtest/gtest.h>

#include "engine/functions/aggregate/ordered.h"
#include "engine/functions/column_reader.h"
#include "engine/functions/registry.h"
#include "engine/types/cast.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

using Cells = std::vector<std::optional<std::string>>;

// A column written as texts, sliced so that it does not start at offset 0.
std::shared_ptr<arrow::Array> Column(const SqlType& type, const Cells& cells) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendNull().ok());
  for (const auto& cell : cells) EXPECT_TRUE((cell ? builder.Append(*cell) : builder.AppendNull()).ok());
  const auto text = builder.Finish().ValueOrDie();
  return (*CastValues(*text, TypeKind::kString, type, false))->Slice(1);
}

struct Aggregation {
  const AggregateFunction* function = nullptr;
  CallTypes types;
  std::vector<std::string> texts;
  std::vector<const std::string*> constants;

  std::unique_ptr<Aggregator> Make() const { return function->make(types, constants); }
};

Aggregation Prepare(std::string_view name, std::vector<SqlType> arguments, std::vector<std::string> constants = {}) {
  Aggregation aggregation;
  aggregation.function = BuiltinFunctions().FindAggregate(name);
  EXPECT_NE(aggregation.function, nullptr) << name;
  aggregation.texts = std::move(constants);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool given = i < aggregation.texts.size() && !aggregation.texts[i].empty();
    aggregation.constants.push_back(given ? &aggregation.texts[i] : nullptr);
  }
  auto types = aggregation.function->types(name, arguments, aggregation.constants);
  EXPECT_TRUE(types.ok()) << types.status().ToString();
  aggregation.types = types.TakeValue();
  return aggregation;
}

std::string Text(Aggregator& state, std::vector<uint32_t> groups) {
  const auto column = state.Finalise(groups);
  if (!column.ok()) return column.status().error().code;
  EXPECT_TRUE((*column)->ValidateFull().ok());
  std::string out;
  for (int64_t i = 0; i < (*column)->length(); ++i) {
    if (i > 0) out += ' ';
    AppendText(**column, i, &out);
  }
  return out;
}

// Results of one group that sees all cells, of one that sees none, computed in one go; checks on the way that two
// merged halves and a saved and loaded state give the same.
std::string Result1(std::string_view name, const SqlType& type, const Cells& cells,
                    std::vector<std::string> constants = {}) {
  std::vector<SqlType> argument_types = {type};
  for (size_t i = 1; i < constants.size(); ++i) argument_types.push_back(TypeKind::kString);
  const Aggregation aggregation = Prepare(name, argument_types, constants);
  const auto given = Column(type, cells);
  std::vector<std::shared_ptr<arrow::Array>> arguments = {
      *CastValues(*given, type, aggregation.types.arguments[0], false)};
  for (size_t i = 1; i < constants.size(); ++i) {
    const auto text = arrow::MakeArrayFromScalar(arrow::StringScalar(constants[i]), given->length()).ValueOrDie();
    arguments.push_back(*CastValues(*text, TypeKind::kString, aggregation.types.arguments[i], false));
  }
  const int64_t rows = given->length();
  const std::vector<uint32_t> group_ids(static_cast<size_t>(rows), 1);
  auto whole = aggregation.Make();
  whole->Resize(2);
  const Status added = whole->Update(arguments, group_ids.data(), nullptr, rows);
  if (!added.ok()) return added.error().code;
  const std::string result = Text(*whole, {1, 0});

  auto first = aggregation.Make();
  auto second = aggregation.Make();
  first->Resize(2);
  second->Resize(1);
  const int64_t half = rows / 2;
  std::vector<std::shared_ptr<arrow::Array>> head, tail;
  for (const auto& argument : arguments) {
    head.push_back(argument->Slice(0, half));
    tail.push_back(argument->Slice(half));
  }
  EXPECT_TRUE(first->Update(head, group_ids.data(), nullptr, half).ok());
  const std::vector<uint32_t> zero(static_cast<size_t>(rows), 0);
  EXPECT_TRUE(second->Update(tail, zero.data(), nullptr, rows - half).ok());
  const uint32_t map[] = {1};
  EXPECT_TRUE(first->Merge(*second, map).ok());
  EXPECT_EQ(Text(*first, {1, 0}), result) << name << " merged";

  std::string saved;
  first->Save(&saved);
  auto loaded = aggregation.Make();
  std::string_view in = saved;
  EXPECT_TRUE(loaded->Load(&in).ok());
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(Text(*loaded, {1, 0}), result) << name << " loaded";
  loaded->Reset(std::vector<uint32_t>{1});
  EXPECT_EQ(Text(*loaded, {1}), Text(*loaded, {0})) << name << " reset";
  EXPECT_GT(loaded->MemoryBytes(), 0);
  return result;
}

constexpr auto kNull = std::nullopt;

TEST(Aggregates, CountRowsValuesAndTruths) {
  EXPECT_EQ(Result1("COUNT", TypeKind::kInteger, {"1", kNull, "1"}), "2 0");
  EXPECT_EQ(Result1("COUNT", TypeKind::kInteger, {kNull, kNull}), "0 0");
  EXPECT_EQ(Result1("COUNT_IF", TypeKind::kBoolean, {"true", kNull, "false", "true"}), "2 0");
  EXPECT_EQ(Result1("BOOL_AND", TypeKind::kBoolean, {"true", kNull, "false"}), "false NULL");
  EXPECT_EQ(Result1("BOOL_OR", TypeKind::kBoolean, {"false", kNull, "true"}), "true NULL");
  auto rows = Prepare("COUNT", {}).Make();
  rows->Resize(2);
  const uint32_t groups[] = {0, 1, 1};
  const uint8_t selected[] = {1, 1, 0};
  ASSERT_TRUE(rows->Update({}, groups, selected, 3).ok());
  EXPECT_EQ(Text(*rows, {0, 1}), "1 1");
  ASSERT_TRUE(rows->retractable());
  ASSERT_TRUE(rows->Retract({}, groups, nullptr, 1).ok());
  EXPECT_EQ(Text(*rows, {0, 1}), "0 1");
}

TEST(Aggregates, SumExactly) {
  EXPECT_EQ(Result1("SUM", TypeKind::kInteger, {"1", kNull, "41"}), "42 NULL");
  EXPECT_EQ(Result1("SUM", TypeKind::kInteger, {kNull}), "NULL NULL");
  EXPECT_EQ(Result1("SUM", TypeKind::kInteger, {"9223372036854775807", "1"}), "E4004");
  EXPECT_EQ(Result1("SUM", TypeKind::kFloat, {"0.5", "0.25"}), "0.75 NULL");
  EXPECT_EQ(Result1("SUM", SqlType::Decimal(10, 2), {"0.10", "0.20", "-1.00"}), "-0.70 NULL");
  EXPECT_EQ(Result1("AVG", SqlType::Decimal(10, 2), {"1.00", "2.00", "2.00"}), "1.666667 NULL");
  EXPECT_EQ(Result1("AVG", TypeKind::kInteger, {"1", "2"}), "1.5 NULL");
  EXPECT_EQ(Result1("AVG", TypeKind::kInteger, {"9223372036854775807", "9223372036854775807"}),
            "9.223372036854776e+18 NULL");
  const std::vector<SqlType> text = {TypeKind::kString};
  const auto* sum = BuiltinFunctions().FindAggregate("sum");
  EXPECT_EQ(sum->types("SUM", text, {}).status().error().code, "E2313");
  const std::vector<SqlType> any = {TypeKind::kAny};
  EXPECT_TRUE(sum->types("SUM", any, {}).ok());
}

TEST(Aggregates, FindExtremes) {
  EXPECT_EQ(Result1("MIN", TypeKind::kInteger, {"3", kNull, "-2"}), "-2 NULL");
  EXPECT_EQ(Result1("MAX", TypeKind::kFloat, {"3", "NaN", "-2"}), "NaN NULL");
  EXPECT_EQ(Result1("MAX", TypeKind::kString, {"b", kNull, "ä", "c"}), "ä NULL");
  EXPECT_EQ(Result1("MIN", TypeKind::kString, {"b", "", "c"}), " NULL");
  EXPECT_EQ(Result1("MIN", TypeKind::kBoolean, {"true", "false"}), "false NULL");
  EXPECT_EQ(Result1("MAX", TypeKind::kDate, {"2025-04-01", "2024-12-31"}), "2025-04-01 NULL");
  EXPECT_EQ(Result1("MAX", SqlType::Decimal(10, 2), {"1.50", "1.05"}), "1.50 NULL");
  EXPECT_EQ(Result1("DELTA", TypeKind::kInteger, {"3", "10", "4"}), "7 NULL");
}

TEST(Aggregates, MeasureSpread) {
  EXPECT_EQ(Result1("VAR_POP", TypeKind::kInteger, {"2", "4", "4", "4", "5", "5", "7", "9"}), "4.0 NULL");
  EXPECT_EQ(Result1("STDDEV_POP", TypeKind::kInteger, {"2", "4", "4", "4", "5", "5", "7", "9"}), "2.0 NULL");
  EXPECT_EQ(Result1("VARIANCE", TypeKind::kInteger, {"1", "3"}), "2.0 NULL");
  EXPECT_EQ(Result1("STDDEV", TypeKind::kInteger, {"1"}), "NULL NULL");
  EXPECT_EQ(Result1("STDDEV_POP", TypeKind::kInteger, {"1"}), "0.0 NULL");
}

// Each value once is what exec/ makes of a call marked so; here stands only what the function does with what it gets.
TEST(Aggregates, LeaveCombinationsWithNullOut) {
  const Aggregation count = Prepare("COUNT_DISTINCT", {TypeKind::kInteger, TypeKind::kString});
  EXPECT_TRUE(count.function->is_distinct && count.function->counts_values);
  auto state = count.Make();
  state->Resize(2);
  const std::vector<std::shared_ptr<arrow::Array>> columns = {Column(TypeKind::kInteger, {"1", "2", kNull, kNull, "3"}),
                                                              Column(TypeKind::kString, {"a", kNull, "b", kNull, "c"})};
  const uint32_t groups[] = {0, 0, 0, 0, 1};
  const uint8_t selected[] = {1, 1, 1, 1, 0};
  ASSERT_TRUE(state->Update(columns, groups, selected, 5).ok());
  EXPECT_EQ(Text(*state, {0, 1}), "1 0");
  ASSERT_TRUE(state->Retract(columns, groups, selected, 5).ok());
  EXPECT_EQ(Text(*state, {0, 1}), "0 0");
}

TEST(Aggregates, KeepValuesByPosition) {
  EXPECT_EQ(Result1("FIRST_VALUE", TypeKind::kString, {kNull, "b"}), "NULL NULL");
  EXPECT_EQ(Result1("LAST", TypeKind::kString, {"a", "b"}), "b NULL");
  EXPECT_EQ(Result1("LAST_VALUE", SqlType::Decimal(9, 2), {"1.00", "2.50"}), "2.50 NULL");
  EXPECT_EQ(Result1("FIRST", SqlType::Array(TypeKind::kInteger), {"[1,2]", "[3]"}), "[1,2] NULL");
  const Aggregation by = Prepare("MAX_BY", {TypeKind::kString, TypeKind::kFloat});
  auto state = by.Make();
  state->Resize(1);
  const uint32_t groups[] = {0, 0, 0};
  const std::vector<std::shared_ptr<arrow::Array>> columns = {Column(TypeKind::kString, {"a", "b", "c"}),
                                                              Column(TypeKind::kFloat, {"1", "9", kNull})};
  ASSERT_TRUE(state->Update(columns, groups, nullptr, 3).ok());
  EXPECT_EQ(Text(*state, {0}), "b");
}

TEST(Aggregates, FindQuantiles) {
  EXPECT_EQ(Result1("MEDIAN", TypeKind::kInteger, {"4", "1", kNull, "3", "2"}), "2.5 NULL");
  EXPECT_EQ(Result1("MEDIAN", SqlType::Decimal(9, 2), {"1.00", "2.01"}), "1.505000 NULL");
  EXPECT_EQ(Result1("PERCENTILE_CONT", TypeKind::kInteger, {"10", "20", "30"}, {"", "0.25"}), "15.0 NULL");
  EXPECT_EQ(Result1("PERCENTILE_DISC", TypeKind::kInteger, {"10", "20", "30"}, {"", "0.5"}), "20 NULL");
  EXPECT_EQ(Result1("PERCENTILE_DISC", TypeKind::kString, {"b", "a"}, {"", "0"}), "a NULL");
  const std::vector<SqlType> types = {TypeKind::kInteger, TypeKind::kInteger};
  const std::string wrong = "95";
  const std::vector<const std::string*> constants = {nullptr, &wrong};
  EXPECT_EQ(BuiltinFunctions()
                .FindAggregate("PERCENTILE_CONT")
                ->types("PERCENTILE_CONT", types, constants)
                .status()
                .error()
                .code,
            "E2312");
}

TEST(Aggregates, CollectValues) {
  EXPECT_EQ(Result1("STRING_AGG", TypeKind::kInteger, {"1", kNull, "2"}), "1,2 NULL");
  EXPECT_EQ(Result1("LISTAGG", TypeKind::kString, {"a", "b"}, {"", "; "}), "a; b NULL");
  EXPECT_EQ(Result1("ARRAY_AGG", TypeKind::kInteger, {"1", kNull, "1"}), "[1,null,1] NULL");
  EXPECT_EQ(Result1("COLLECT_SET", TypeKind::kString, {"b", "a", kNull}), "[\"b\",\"a\"] NULL");
  EXPECT_EQ(Result1("MODE", TypeKind::kString, {"a", "b", "b", "a", kNull}), "a NULL");
}

TEST(Aggregates, KeepTheLargestValues) {
  EXPECT_EQ(Result1("TOPK", TypeKind::kInteger, {"4", "9", kNull, "9", "1"}, {"", "3"}), "[9,9,4] NULL");
  EXPECT_EQ(Result1("TOPKDISTINCT", TypeKind::kInteger, {"4", "9", kNull, "9", "1"}, {"", "2"}), "[9,4] NULL");
  EXPECT_EQ(Result1("TOPK", TypeKind::kString, {"a", "ä", "b"}, {"", "2"}), "[\"ä\",\"b\"] NULL");
  EXPECT_EQ(Result1("TOPK", TypeKind::kFloat, {"1", "NaN", "2"}, {"", "2"}), "[null,2.0] NULL");
  EXPECT_EQ(Result1("TOPK", SqlType::Decimal(9, 2), {"1.50", "1.05"}, {"", "1"}), "[\"1.50\"] NULL");
  EXPECT_EQ(Result1("TOPK", TypeKind::kTimestamp, {"2025-04-01", "2025-04-02"}, {"", "1"}),
            "[\"2025-04-02 00:00:00.000\"] NULL");
}

TEST(Aggregates, CollectMaps) {
  EXPECT_EQ(Result1("MAP_AGG", TypeKind::kString, {"a", "b", kNull, "a"}, {"", "7"}), "{\"a\":\"7\",\"b\":\"7\"} NULL");
}

TEST(Aggregates, EstimateQuantilesInBoundedMemory) {
  EXPECT_EQ(Result1("APPROX_PERCENTILE", TypeKind::kInteger, {"10", "20", kNull, "30"}, {"", "0.25"}), "15.0 NULL");
  const std::vector<std::string> constants = {"", "0.9"};
  const Aggregation quantile = Prepare("APPROX_PERCENTILE", {TypeKind::kFloat, TypeKind::kFloat}, constants);
  auto left = quantile.Make();
  auto right = quantile.Make();
  left->Resize(1);
  right->Resize(1);
  // 0 .. 39999 in a scattered order, half of them in each state.
  const int64_t rows = 20000;
  const std::vector<uint32_t> groups(rows, 0);
  for (int64_t half = 0; half < 2; ++half) {
    arrow::DoubleBuilder values;
    for (int64_t i = 0; i < rows; ++i) {
      ASSERT_TRUE(values.Append(static_cast<double>((i * 2 + half) * 7919 % 40000)).ok());
    }
    const std::shared_ptr<arrow::Array> column = values.Finish().ValueOrDie();
    ASSERT_TRUE((half == 0 ? left : right)->Update(std::vector{column, column}, groups.data(), nullptr, rows).ok());
  }
  const uint32_t map[] = {0};
  ASSERT_TRUE(left->Merge(*right, map).ok());
  EXPECT_NEAR(std::stod(Text(*left, {0})), 36000, 400);
  EXPECT_LT(left->MemoryBytes(), 32 * 1024);
  std::string saved;
  left->Save(&saved);
  auto loaded = quantile.Make();
  std::string_view in = saved;
  ASSERT_TRUE(loaded->Load(&in).ok());
  EXPECT_EQ(Text(*loaded, {0}), Text(*left, {0}));
}

TEST(Aggregates, SeeTheirValuesInOrder) {
  const Aggregation list = Prepare("STRING_AGG", {TypeKind::kString});
  const auto make = [&] {
    return MakeOrdered([&list] { return list.Make(); }, {TypeKind::kString, TypeKind::kFloat}, {{.descending = true}});
  };
  auto state = make();
  state->Resize(2);
  const uint32_t groups[] = {0, 1, 0, 0, 0};
  const std::vector<std::shared_ptr<arrow::Array>> columns = {Column(TypeKind::kString, {"a", "b", "c", "d", "e"}),
                                                              Column(TypeKind::kFloat, {"1", "9", kNull, "NaN", "2"})};
  ASSERT_TRUE(state->Update(columns, groups, nullptr, 5).ok());
  EXPECT_EQ(Text(*state, {1, 0}), "b d,e,a,c");
  std::string saved;
  state->Save(&saved);
  auto loaded = make();
  std::string_view in = saved;
  ASSERT_TRUE(loaded->Load(&in).ok());
  const uint32_t map[] = {1, 0};
  ASSERT_TRUE(loaded->Merge(*state, map).ok());
  EXPECT_EQ(Text(*loaded, {0, 1}), "d,b,e,a,c d,b,e,a,c");
  loaded->Reset(std::vector<uint32_t>{0});
  EXPECT_EQ(Text(*loaded, {0}), "NULL");
}

TEST(Aggregates, MeasurePairs) {
  const Aggregation corr = Prepare("CORR", {TypeKind::kFloat, TypeKind::kFloat});
  const Aggregation slope = Prepare("REGR_SLOPE", {TypeKind::kFloat, TypeKind::kFloat});
  const uint32_t groups[] = {0, 0, 0, 0};
  const std::vector<std::shared_ptr<arrow::Array>> columns = {Column(TypeKind::kFloat, {"2", "4", "6", "9"}),
                                                              Column(TypeKind::kFloat, {"1", "2", "3", kNull})};
  for (const auto& [aggregation, expected] : {std::pair(&corr, "1.0"), {&slope, "2.0"}}) {
    auto state = aggregation->Make();
    state->Resize(1);
    ASSERT_TRUE(state->Update(columns, groups, nullptr, 4).ok());
    EXPECT_EQ(Text(*state, {0}), expected);
  }
}

TEST(Aggregates, CountDistinctValuesApproximately) {
  EXPECT_EQ(Result1("APPROX_COUNT_DISTINCT", TypeKind::kString, {"a", "b", "a", kNull}), "2 0");
  const Aggregation count = Prepare("APPROX_COUNT_DISTINCT", {TypeKind::kInteger});
  auto state = count.Make();
  state->Resize(1);
  Cells cells;
  for (int i = 0; i < 20000; ++i) cells.push_back(std::to_string(i % 10000));
  const std::vector<uint32_t> groups(cells.size(), 0);
  ASSERT_TRUE(state
                  ->Update(std::vector{Column(TypeKind::kInteger, cells)}, groups.data(), nullptr,
                           static_cast<int64_t>(cells.size()))
                  .ok());
  EXPECT_NEAR(std::stod(Text(*state, {0})), 10000, 500);
}

}  // namespace
}  // namespace velo
