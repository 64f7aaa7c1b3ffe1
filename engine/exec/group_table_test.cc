#include "engine/exec/group_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace velo::exec {
namespace {

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value.has_value() ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return *builder.Finish();
}

std::vector<uint32_t> Ids(GroupTable* table, const std::vector<std::shared_ptr<arrow::Array>>& keys) {
  std::vector<uint32_t> ids(static_cast<size_t>(keys[0]->length()));
  EXPECT_TRUE(table->FindOrInsert(keys, keys[0]->length(), ids.data()).ok());
  return ids;
}

TEST(GroupTable, GivesIntegersIdsInOrderOfFirstSightAndTreatsNullAsAValue) {
  GroupTable table({arrow::int64()});
  const auto keys = ArrayOf<arrow::Int64Builder, int64_t>({7, std::nullopt, 7, -1, std::nullopt, 0});
  EXPECT_EQ(Ids(&table, {keys}), (std::vector<uint32_t>{0, 1, 0, 2, 1, 3}));
  const std::vector<uint32_t> order{3, 1, 0};
  const auto back = *table.Keys(0, order);
  EXPECT_TRUE(back->Equals(ArrayOf<arrow::Int64Builder, int64_t>({0, std::nullopt, 7})));
}

TEST(GroupTable, ComparesFloatsByValue) {
  GroupTable table({arrow::float64()});
  const auto keys = ArrayOf<arrow::DoubleBuilder, double>({0.0, -0.0, NAN, 1.5, -NAN});
  EXPECT_EQ(Ids(&table, {keys}), (std::vector<uint32_t>{0, 0, 1, 2, 1}));
}

TEST(GroupTable, KeepsTextApartAcrossBatchesAndGrowth) {
  GroupTable table({arrow::utf8()});
  for (int round = 0; round < 2; ++round) {
    std::vector<std::optional<std::string>> values;
    for (int i = 0; i < 5000; ++i) values.emplace_back("key" + std::to_string(i));
    const auto ids = Ids(&table, {ArrayOf<arrow::StringBuilder, std::string>(values)});
    for (uint32_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], i);
  }
  EXPECT_EQ(table.size(), 5000U);
  const std::vector<uint32_t> order{4999, 0};
  EXPECT_TRUE((*table.Keys(0, order))->Equals(ArrayOf<arrow::StringBuilder, std::string>({"key4999", "key0"})));
}

// Around the lengths at which keys are loaded in another way or no longer lie in the table.
TEST(GroupTable, KeepsTextsOfAllLengthsApart) {
  GroupTable table({arrow::utf8()});
  std::vector<std::optional<std::string>> values;
  for (size_t length = 0; length <= 40; ++length) {
    values.emplace_back(std::string(length, '\0'));
    for (size_t at = 0; at < length; ++at) {
      values.emplace_back(std::string(length, 'x'));
      (*values.back())[at] = 'y';
    }
  }
  for (int round = 0; round < 2; ++round) {
    const auto ids = Ids(&table, {ArrayOf<arrow::StringBuilder, std::string>(values)});
    for (uint32_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], i);
  }
  std::vector<uint32_t> found(values.size());
  const std::vector<std::shared_ptr<arrow::Array>> keys{ArrayOf<arrow::StringBuilder, std::string>(values)};
  ASSERT_TRUE(table.Find(keys, keys[0]->length(), found.data()).ok());
  for (uint32_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], i);
}

TEST(GroupTable, FindsManyKeysAgainInLargeTables) {
  GroupTable integers({arrow::int64()}), texts({arrow::utf8()});
  std::vector<std::optional<int64_t>> numbers;
  std::vector<std::optional<std::string>> names;
  for (int64_t i = 0; i < 30000; ++i) {
    numbers.emplace_back(i * 1'000'003);
    names.emplace_back(std::to_string(i));
  }
  numbers.emplace_back(std::nullopt);
  names.emplace_back(std::nullopt);
  for (int round = 0; round < 2; ++round) {
    const auto number_ids = Ids(&integers, {ArrayOf<arrow::Int64Builder, int64_t>(numbers)});
    const auto text_ids = Ids(&texts, {ArrayOf<arrow::StringBuilder, std::string>(names)});
    for (uint32_t i = 0; i < number_ids.size(); ++i) {
      ASSERT_EQ(number_ids[i], i);
      ASSERT_EQ(text_ids[i], i);
    }
  }
}

TEST(GroupTable, DoesNotMixUpNeighbouringTextsOfSeveralKeys) {
  GroupTable table({arrow::utf8(), arrow::utf8(), arrow::int64()});
  const auto a = ArrayOf<arrow::StringBuilder, std::string>({"ab", "a", "", std::nullopt, "ab"});
  const auto b = ArrayOf<arrow::StringBuilder, std::string>({"c", "bc", "abc", "abc", "c"});
  const auto c = ArrayOf<arrow::Int64Builder, int64_t>({1, 1, 1, 1, 1});
  EXPECT_EQ(Ids(&table, {a, b, c}), (std::vector<uint32_t>{0, 1, 2, 3, 0}));
}

TEST(GroupTable, HasOneGroupWithoutKeys) {
  GroupTable table({});
  std::vector<uint32_t> ids(3, 9);
  ASSERT_TRUE(table.FindOrInsert({}, 3, ids.data()).ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{0, 0, 0}));
  EXPECT_EQ(table.size(), 1U);
}

TEST(GroupTable, ReadsSlicesFromTheirOffset) {
  GroupTable table({arrow::utf8()});
  const auto keys = ArrayOf<arrow::StringBuilder, std::string>({"x", "y", "x", "z"})->Slice(1, 3);
  EXPECT_EQ(Ids(&table, {keys}), (std::vector<uint32_t>{0, 1, 2}));
  const std::vector<uint32_t> all{0, 1, 2};
  EXPECT_TRUE((*table.Keys(0, all))->Equals(ArrayOf<arrow::StringBuilder, std::string>({"y", "x", "z"})));
}

}  // namespace
}  // namespace velo::exec
