#include "engine/exec/partitioned_groups.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/exec/parallel_for.h"
#include "engine/exec/worker_pool.h"
#include "engine/functions/registry.h"

namespace velo::exec {
namespace {

// k STRING and i INTEGER as keys; COUNT(*), SUM(v), FIRST_VALUE(v), COUNT(DISTINCT v), ARRAY_AGG(v), SUM(DISTINCT v).
class PartitionedGroupsTest : public ::testing::Test {
 protected:
  PartitionedGroupsTest() {
    for (const TypeKind kind : {TypeKind::kString, TypeKind::kInteger}) {
      node_.keys.push_back(MakeColumn(static_cast<int>(node_.keys.size()), kind, "key"));
    }
    AddCall("COUNT", false, false);
    AddCall("SUM", true, false);
    AddCall("FIRST_VALUE", true, false);
    AddCall("COUNT", true, true);
    AddCall("ARRAY_AGG", true, false);
    AddCall("SUM", true, true);
  }

  void AddCall(std::string_view name, bool has_argument, bool distinct) {
    AggregateCall call;
    call.function = BuiltinFunctions().FindAggregate(name);
    call.distinct = distinct;
    if (has_argument) call.arguments.push_back(MakeColumn(2, TypeKind::kInteger, "v"));
    const std::vector<SqlType> types(has_argument ? 1 : 0, TypeKind::kInteger);
    const std::vector<const std::string*> constants(types.size(), nullptr);
    call.types = *call.function->types(name, types, constants);
    node_.aggregates.push_back(std::move(call));
  }

  // Rows `from` up to before `until` of a sequence in which keys come again, some of them NULL.
  KeysAndInputs Rows(int64_t from, int64_t until) {
    arrow::StringBuilder texts;
    arrow::Int64Builder integers, values;
    for (int64_t row = from; row < until; ++row) {
      const int64_t key = row * 7919 % 3000;
      EXPECT_TRUE((key % 11 == 0 ? texts.AppendNull() : texts.Append("key " + std::to_string(key % 97))).ok());
      EXPECT_TRUE((key % 13 == 0 ? integers.AppendNull() : integers.Append(key)).ok());
      EXPECT_TRUE((row % 5 == 0 ? values.AppendNull() : values.Append(row % 17)).ok());
    }
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("i", arrow::int64()),
                                                arrow::field("v", arrow::int64())}),
                                 until - from, {*texts.Finish(), *integers.Finish(), *values.Finish()});
    KeysAndInputs input;
    EXPECT_TRUE(EvaluateKeysAndInputs(node_, {batch, {}}, &context_, &input).ok());
    return input;
  }

  static std::map<std::string, std::string> Texts(const GroupTable& groups, AggregateColumns* states) {
    std::vector<uint32_t> ids(groups.size());
    for (uint32_t i = 0; i < ids.size(); ++i) ids[i] = i;
    std::vector<std::shared_ptr<arrow::Array>> columns{*groups.Keys(0, ids), *groups.Keys(1, ids)};
    EXPECT_TRUE(states->Finalise(ids, &columns).ok());
    std::map<std::string, std::string> texts;
    for (int64_t row = 0; row < groups.size(); ++row) {
      std::string key, values;
      for (size_t c = 0; c < columns.size(); ++c)
        (c < 2 ? key : values) += columns[c]->GetScalar(row).ValueOrDie()->ToString() + "|";
      EXPECT_TRUE(texts.emplace(key, values).second) << key << " is there twice";
    }
    return texts;
  }

  std::map<std::string, std::string> Texts(PartitionedGroups* parts) {
    std::map<std::string, std::string> texts;
    for (size_t part = 0; part < PartitionedGroups::kPartitions; ++part) {
      const auto groups = parts->Take(part);
      EXPECT_TRUE(groups.ok());
      for (auto& [key, values] : Texts((*groups)->groups, &(*groups)->states)) {
        EXPECT_TRUE(texts.emplace(key, values).second) << key << " is in two partitions";
      }
    }
    return texts;
  }

  std::map<std::string, std::string> InOneTable(int64_t rows) {
    GroupTable groups(KeyTypes(node_.keys));
    AggregateColumns states(node_.aggregates);
    const KeysAndInputs input = Rows(0, rows);
    std::vector<uint32_t> ids(static_cast<size_t>(rows));
    EXPECT_TRUE(groups.FindOrInsert(input.keys, rows, ids.data()).ok());
    states.Resize(groups.size());
    EXPECT_TRUE(states.Update(input.inputs, ids.data()).ok());
    return Texts(groups, &states);
  }

  AggregateNode node_;
  EvaluationContext context_;
};

constexpr int64_t kRows = 20'000;

TEST_F(PartitionedGroupsTest, GivesWhatOneTableGives) {
  PartitionedGroups parts(node_);
  for (int64_t row = 0; row < kRows; row += 1000) ASSERT_TRUE(parts.Add(Rows(row, row + 1000)).ok());
  EXPECT_EQ(Texts(&parts), InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, StartsWithTheGroupsOfATable) {
  GroupTable groups(KeyTypes(node_.keys));
  AggregateColumns states(node_.aggregates);
  const KeysAndInputs input = Rows(0, 4000);
  std::vector<uint32_t> ids(4000);
  ASSERT_TRUE(groups.FindOrInsert(input.keys, 4000, ids.data()).ok());
  states.Resize(groups.size());
  ASSERT_TRUE(states.Update(input.inputs, ids.data()).ok());
  PartitionedGroups parts(node_);
  ASSERT_TRUE(parts.AddGroups(groups, states, 4000).ok());
  ASSERT_TRUE(parts.Add(Rows(4000, kRows)).ok());
  EXPECT_EQ(Texts(&parts), InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, MergesLanesInTheOrderOfTheirRowsWhereverTheyLie) {
  for (const bool first_spills : {false, true}) {
    for (const bool second_spills : {false, true}) {
      PartitionedGroups first(node_), second(node_);
      for (int64_t row = 0; row < kRows; row += 1000) {
        PartitionedGroups& mine = row < kRows / 2 ? first : second;
        ASSERT_TRUE(mine.Add(Rows(row, row + 1000)).ok());
        const bool spills = row < kRows / 2 ? first_spills : second_spills;
        if (spills && row % 3000 == 0) {
          ASSERT_TRUE(mine.Spill().ok());
        }
      }
      first.MergeFrom(second);
      EXPECT_EQ(Texts(&first), InOneTable(kRows)) << first_spills << second_spills;
    }
  }
}

TEST_F(PartitionedGroupsTest, HandsOverTheGroupsOfTablesInTheOrderOfLanes) {
  PartitionedGroups parts(node_);
  for (int64_t row = 0; row < kRows; row += kRows / 4) {
    GroupTable groups(KeyTypes(node_.keys));
    AggregateColumns states(node_.aggregates);
    const int64_t half = kRows / 8;
    const KeysAndInputs input = Rows(row, row + half);
    std::vector<uint32_t> ids(static_cast<size_t>(half));
    ASSERT_TRUE(groups.FindOrInsert(input.keys, half, ids.data()).ok());
    states.Resize(groups.size());
    ASSERT_TRUE(states.Update(input.inputs, ids.data()).ok());
    PartitionedGroups lane(node_);
    ASSERT_TRUE(lane.AddGroups(groups, states, half).ok());
    ASSERT_TRUE(lane.Add(Rows(row + half, row + kRows / 4)).ok());
    parts.MergeFrom(lane);
    EXPECT_EQ(Texts(&lane).size(), 0u);
  }
  EXPECT_EQ(Texts(&parts), InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, TakesPartitionsSideBySide) {
  PartitionedGroups parts(node_);
  for (int64_t row = 0; row < kRows; row += 1000) ASSERT_TRUE(parts.Add(Rows(row, row + 1000)).ok());
  WorkerPool pool(4);
  std::array<std::map<std::string, std::string>, PartitionedGroups::kPartitions> texts;
  const auto take = [&](size_t number) -> Status {
    VELO_ASSIGN_OR_RETURN(const auto part, parts.Take(number));
    texts[number] = Texts(part->groups, &part->states);
    return Status::OK();
  };
  ASSERT_TRUE(ParallelFor(&pool, PartitionedGroups::kPartitions, take).ok());
  std::map<std::string, std::string> all;
  for (auto& some : texts) all.merge(some);
  EXPECT_EQ(all, InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, ComesBackWithTheRowsOfAllLanes) {
  PartitionedGroups first(node_), second(node_), loaded(node_);
  ASSERT_TRUE(first.Add(Rows(0, kRows / 2)).ok());
  ASSERT_TRUE(second.Add(Rows(kRows / 2, kRows)).ok());
  ASSERT_TRUE(second.Spill().ok());
  first.MergeFrom(second);
  ASSERT_TRUE(first.Flush().ok());
  std::string saved;
  ASSERT_TRUE(first.Save(&saved).ok());
  std::string_view in = saved;
  ASSERT_TRUE(loaded.Load(&in).ok());
  EXPECT_EQ(Texts(&loaded), InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, KeepsItsLimitWhileRowsComeIn) {
  PartitionedGroups unlimited(node_);
  ASSERT_TRUE(unlimited.Add(Rows(0, kRows)).ok());
  ASSERT_TRUE(unlimited.Flush().ok());
  const int64_t limit = unlimited.MemoryBytes() / 2;
  PartitionedGroups parts(node_, limit);
  ASSERT_LT(parts.MemoryBytes(), limit / 2) << "the limit is so low that all goes to disk at once";
  int64_t most = 0;
  for (int64_t row = 0; row < kRows; row += 250) {
    ASSERT_TRUE(parts.Add(Rows(row, row + 250)).ok());
    most = std::max(most, parts.MemoryBytes());
  }
  EXPECT_LT(most, limit);
  EXPECT_GT(most, limit / 4) << "memory that may be used is used";
  EXPECT_EQ(Texts(&parts), InOneTable(kRows));
}

TEST_F(PartitionedGroupsTest, LetsGoOfMemoryWhenItSpills) {
  PartitionedGroups parts(node_);
  const int64_t empty = parts.MemoryBytes();
  ASSERT_TRUE(parts.Add(Rows(0, kRows)).ok());
  EXPECT_GT(parts.MemoryBytes(), 2 * empty + 100'000);
  ASSERT_TRUE(parts.Spill().ok());
  EXPECT_EQ(parts.MemoryBytes(), empty);
}

TEST_F(PartitionedGroupsTest, ComesBackFromItsSavedForm) {
  PartitionedGroups parts(node_);
  ASSERT_TRUE(parts.Add(Rows(0, 3000)).ok());
  ASSERT_TRUE(parts.Spill().ok());
  ASSERT_TRUE(parts.Add(Rows(3000, 8000)).ok());
  ASSERT_TRUE(parts.Flush().ok());
  std::string saved;
  ASSERT_TRUE(parts.Save(&saved).ok());
  PartitionedGroups loaded(node_);
  std::string_view in = saved;
  ASSERT_TRUE(loaded.Load(&in).ok());
  EXPECT_TRUE(in.empty());
  ASSERT_TRUE(loaded.Add(Rows(8000, kRows)).ok());
  EXPECT_EQ(Texts(&loaded), InOneTable(kRows));
}

}  // namespace
}  // namespace velo::exec
