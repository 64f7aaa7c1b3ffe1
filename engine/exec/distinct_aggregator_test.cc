#include <arrow/api.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "engine/exec/aggregate_columns.h"
#include "engine/functions/registry.h"
#include "engine/types/cast.h"
#include "engine/types/value_text.h"

namespace velo::exec {
namespace {

using Cells = std::vector<std::optional<std::string>>;
using Columns = std::vector<std::shared_ptr<arrow::Array>>;

AggregateCall Prepare(const char* name, const std::vector<SqlType>& types) {
  AggregateCall call;
  call.function = BuiltinFunctions().FindAggregate(name);
  call.distinct = true;
  for (const SqlType& type : types) call.arguments.push_back(MakeColumn(0, type.kind(), "v"));
  call.types = *call.function->types(name, types, std::vector<const std::string*>(types.size(), nullptr));
  return call;
}

std::shared_ptr<arrow::Array> Column(const SqlType& type, const Cells& cells) {
  arrow::StringBuilder builder;
  for (const auto& cell : cells) EXPECT_TRUE((cell ? builder.Append(*cell) : builder.AppendNull()).ok());
  return *CastValues(**builder.Finish(), TypeKind::kString, type, false);
}

std::string Show(AggregateColumns* states, const std::vector<uint32_t>& groups) {
  Columns columns;
  EXPECT_TRUE(states->Finalise(groups, &columns).ok());
  EXPECT_TRUE(columns[0]->ValidateFull().ok());
  std::string text;
  for (int64_t i = 0; i < columns[0]->length(); ++i) {
    if (i > 0) text += ' ';
    AppendText(*columns[0], i, &text);
  }
  return text;
}

void Add(AggregateColumns* states, Columns arguments, const std::vector<uint32_t>& groups,
         std::vector<uint8_t> selected = {}) {
  AggregateInputs inputs;
  inputs.rows = static_cast<int64_t>(groups.size());
  inputs.arguments = {std::move(arguments)};
  inputs.selected = {std::move(selected)};
  ASSERT_TRUE(states->Update(inputs, groups.data()).ok());
}

struct TypeCase {
  SqlType type;
  std::vector<std::string> values;  ///< As they are printed in an array.
};

const std::vector<TypeCase>& Types() {
  static const std::vector<TypeCase> types = {
      {TypeKind::kInteger, {"0", "-1", "9223372036854775807", "63", "64"}},
      {TypeKind::kFloat, {"0.0", "-1.5", "2.0", "1e+300"}},
      {TypeKind::kBoolean, {"false", "true"}},
      {SqlType::Decimal(10, 2), {"\"0.00\"", "\"-1.50\"", "\"12345678.90\""}},
      {TypeKind::kString, {"\"\"", "\"a\"", "\"a longer text than fits\""}},
      {TypeKind::kDate, {"\"1970-01-01\"", "\"1969-12-31\"", "\"2025-04-01\""}},
      {TypeKind::kTime, {"\"00:00:00.000\"", "\"23:59:59.999\""}},
      {TypeKind::kTimestamp, {"\"1970-01-01 00:00:00.000\"", "\"2025-04-01 12:30:00.000\""}}};
  return types;
}

std::string WithoutQuotes(const std::string& text) {
  return text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

// All values and NULL in a random order, many times over.
Cells RandomCells(const TypeCase& of, size_t rows, std::mt19937* random) {
  Cells cells;
  for (size_t i = 0; i < rows; ++i) {
    const size_t which = (*random)() % (of.values.size() + 1);
    cells.push_back(which == of.values.size() ? std::nullopt : std::optional(WithoutQuotes(of.values[which])));
  }
  return cells;
}

// What ARRAY_AGG(DISTINCT x) of the cells of a group is.
std::string FirstOnes(const TypeCase& of, const Cells& cells, const std::vector<uint32_t>& groups, uint32_t group) {
  Cells seen;
  std::string text;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (groups[i] != group || std::find(seen.begin(), seen.end(), cells[i]) != seen.end()) continue;
    seen.push_back(cells[i]);
    const auto printed = std::find_if(of.values.begin(), of.values.end(),
                                      [&](const std::string& value) { return WithoutQuotes(value) == cells[i]; });
    text += (text.empty() ? "" : ",") + (cells[i] ? *printed : "null");
  }
  return text.empty() ? "NULL" : "[" + text + "]";
}

TEST(DistinctAggregator, GivesEachValueOfEveryTypeOnceInTheOrderOfFirstSight) {
  std::mt19937 random(7);
  constexpr size_t kRows = 60;
  for (const TypeCase& of : Types()) {
    const std::vector<AggregateCall> calls = {Prepare("ARRAY_AGG", {of.type})};
    AggregateColumns states(calls), tail(calls), loaded(calls);
    states.Resize(3);
    tail.Resize(2);
    // The groups 1 and 2; the last third of the rows is seen by another state, where they are 1 and 0.
    const Cells cells = RandomCells(of, kRows, &random);
    std::vector<uint32_t> groups, swapped;
    for (size_t i = 0; i < kRows; ++i) groups.push_back(1 + random() % 2);
    for (const uint32_t group : groups) swapped.push_back(2 - group);
    const auto column = Column(of.type, cells);
    Add(&states, {column->Slice(0, 20)}, {groups.begin(), groups.begin() + 20});
    Add(&states, {column->Slice(20, 20)}, {groups.begin() + 20, groups.begin() + 40});
    Add(&tail, {column->Slice(40)}, {swapped.begin() + 40, swapped.end()});
    ASSERT_TRUE(states.Merge(tail, std::vector<uint32_t>{2, 1}).ok());
    const std::string expected = "NULL " + FirstOnes(of, cells, groups, 1) + " " + FirstOnes(of, cells, groups, 2);
    EXPECT_EQ(Show(&states, {0, 1, 2}), expected) << of.type.ToString();

    std::string saved;
    states.Save(&saved);
    std::string_view in = saved;
    ASSERT_TRUE(loaded.Load(&in).ok());
    EXPECT_TRUE(in.empty());
    // What has been seen before the end of the process is not new after it.
    Add(&loaded, {column}, groups);
    EXPECT_EQ(Show(&loaded, {0, 1, 2}), expected) << of.type.ToString() << " loaded";
    const std::vector<uint32_t> dropped = {1};
    loaded.Reset(dropped);
    EXPECT_EQ(Show(&loaded, {1}), "NULL");
    Add(&loaded, {column}, groups);
    EXPECT_EQ(Show(&loaded, {0, 1, 2}), expected) << of.type.ToString() << " after a reset";
    EXPECT_GT(loaded.MemoryBytes(), 0);
  }
}

TEST(DistinctAggregator, DoesNotCountTheValuesOfRowsLeftOut) {
  AggregateColumns states({Prepare("SUM", {TypeKind::kInteger})});
  states.Resize(1);
  Add(&states, {Column(TypeKind::kInteger, {"1", "2", std::nullopt, "2"})}, {0, 0, 0, 0}, {1, 0, 1, 0});
  EXPECT_EQ(Show(&states, {0}), "1");
  Add(&states, {Column(TypeKind::kInteger, {"2", "1"})}, {0, 0});
  EXPECT_EQ(Show(&states, {0}), "3");
}

TEST(DistinctAggregator, TakesNumbersThatAreEqualForOne) {
  AggregateColumns states({Prepare("COUNT", {TypeKind::kFloat})}), arrays({Prepare("ARRAY_AGG", {TypeKind::kFloat})});
  states.Resize(1);
  arrays.Resize(1);
  const auto column = Column(TypeKind::kFloat, {"0.0", "-0.0", "NaN", "NaN", "1"});
  Add(&states, {column}, {0, 0, 0, 0, 0});
  Add(&arrays, {column}, {0, 0, 0, 0, 0});
  EXPECT_EQ(Show(&states, {0}), "3");
  EXPECT_EQ(Show(&arrays, {0}), "[0.0,null,1.0]");
}

// Windows come and go without end, so what only they held must not stay.
TEST(DistinctAggregator, ForgetsTheTextsOfGroupsThatAreGone) {
  for (const char* name : {"LISTAGG", "COUNT"}) {
    AggregateColumns states({Prepare(name, {TypeKind::kString})});
    states.Resize(2);
    Add(&states, {Column(TypeKind::kString, {"a", "b"})}, {1, 1});
    int64_t early = 0, late = 0;
    for (int round = 0; round < 100; ++round) {
      Cells cells;
      for (int i = 0; i < 1000; ++i) cells.push_back("text " + std::to_string(round * 1000 + i));
      Add(&states, {Column(TypeKind::kString, cells)}, std::vector<uint32_t>(1000, 0));
      states.Reset(std::vector<uint32_t>{0});
      int64_t& most = round < 20 ? early : late;
      most = std::max(most, states.MemoryBytes());
    }
    EXPECT_LE(late, early) << name;
    Add(&states, {Column(TypeKind::kString, {"b", "text 7", "text 7", "c"})}, {1, 0, 0, 1});
    EXPECT_EQ(Show(&states, {1, 0}), std::string_view(name) == "COUNT" ? "3 1" : "a,b,c text 7");
  }
}

TEST(DistinctAggregator, RefusesSavedNumbersWithoutAValue) {
  AggregateColumns states({Prepare("LISTAGG", {TypeKind::kString})}), loaded({Prepare("LISTAGG", {TypeKind::kString})});
  states.Resize(1);
  Add(&states, {Column(TypeKind::kString, {"a", "b"})}, {0, 0});
  std::string saved;
  states.Save(&saved);
  for (const size_t cut : {size_t{1}, size_t{8}, saved.size() / 2}) {
    std::string_view part = std::string_view(saved).substr(0, saved.size() - cut);
    EXPECT_FALSE(loaded.Load(&part).ok()) << cut;
  }
  saved[saved.size() - 8] = 9;  // The last number.
  std::string_view wrong = saved;
  EXPECT_FALSE(AggregateColumns({Prepare("LISTAGG", {TypeKind::kString})}).Load(&wrong).ok());
}

}  // namespace
}  // namespace velo::exec
