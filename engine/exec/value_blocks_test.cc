#include "engine/exec/value_blocks.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace velo::exec {
namespace {

using Sets = std::vector<std::set<int64_t>>;

Sets Contents(const ValueBlocks& blocks) {
  Sets sets(blocks.groups());
  blocks.ForEach([&](uint32_t group, int64_t value) { EXPECT_TRUE(sets[group].insert(value).second); });
  for (uint32_t group = 0; group < sets.size(); ++group) {
    EXPECT_EQ(blocks.count(group), static_cast<int64_t>(sets[group].size()));
  }
  return sets;
}

// Adds values to both, in portions of uneven size.
void AddSome(std::mt19937* random, int64_t spread, size_t count, ValueBlocks* blocks, Sets* sets) {
  std::vector<int64_t> values;
  std::vector<uint32_t> groups;
  for (size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<int64_t>((*random)()) * (spread > 1000 ? 1'000'003 : 1) % spread - spread / 2);
    groups.push_back(static_cast<uint32_t>((*random)() % sets->size()));
    (*sets)[groups.back()].insert(values.back());
  }
  blocks->Add(values, groups);
}

TEST(ValueBlocks, HoldsDenseAndSparseValues) {
  for (const int64_t spread : {10L, 1000L, INT64_MAX}) {
    std::mt19937 random(7);
    ValueBlocks blocks;
    Sets sets(5);
    blocks.Resize(5);
    for (size_t count : {1U, 7U, 64U, 65U, 4096U}) AddSome(&random, spread, count, &blocks, &sets);
    EXPECT_EQ(Contents(blocks), sets) << spread;
  }
}

TEST(ValueBlocks, TakesTheEndsOfTheNumbers) {
  ValueBlocks blocks;
  blocks.Resize(1);
  const std::vector<int64_t> values{INT64_MIN, INT64_MAX, 0, -1, INT64_MIN};
  blocks.Add(values, std::vector<uint32_t>(values.size(), 0));
  EXPECT_EQ(Contents(blocks)[0], (std::set<int64_t>{INT64_MIN, -1, 0, INT64_MAX}));
}

TEST(ValueBlocks, MergesIntoOtherGroups) {
  std::mt19937 random(11);
  ValueBlocks small, large;
  Sets small_sets(2), large_sets(3);
  small.Resize(2);
  large.Resize(3);
  AddSome(&random, 100, 50, &small, &small_sets);
  AddSome(&random, 100'000, 5000, &large, &large_sets);
  small.Merge(large, std::vector<uint32_t>{1, UINT32_MAX, 1});
  small_sets[1].insert(large_sets[0].begin(), large_sets[0].end());
  small_sets[1].insert(large_sets[2].begin(), large_sets[2].end());
  EXPECT_EQ(Contents(small), small_sets);
}

TEST(ValueBlocks, ForgetsGroupsAndTheirSlots) {
  std::mt19937 random(13);
  ValueBlocks blocks;
  Sets sets(4);
  blocks.Resize(4);
  int64_t after_first = 0;
  for (int round = 0; round < 200; ++round) {
    AddSome(&random, 1'000'000, 100, &blocks, &sets);
    const auto gone = static_cast<uint32_t>(round % 3);
    blocks.Reset(gone);
    sets[gone].clear();
    blocks.Reset(gone);
    if (round == 20) after_first = blocks.MemoryBytes();
  }
  EXPECT_EQ(Contents(blocks), sets);
  // Group 3 is never reset, so some growth is right; the others must not add to it.
  EXPECT_LE(blocks.MemoryBytes(), 16 * after_first);
}

TEST(ValueBlocks, ComesBackFromItsSavedForm) {
  std::mt19937 random(17);
  ValueBlocks blocks;
  Sets sets(3);
  blocks.Resize(3);
  AddSome(&random, 1000, 300, &blocks, &sets);
  blocks.Reset(1);
  sets[1].clear();
  std::string saved;
  blocks.Save(&saved);
  ValueBlocks loaded;
  std::string_view in = saved;
  ASSERT_TRUE(loaded.Load(&in).ok());
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(Contents(loaded), sets);
  AddSome(&random, 1000, 300, &loaded, &sets);
  EXPECT_EQ(Contents(loaded), sets);
  for (const size_t cut : {size_t{1}, saved.size() / 2, saved.size() - 1}) {
    std::string_view part = std::string_view(saved).substr(0, cut);
    EXPECT_FALSE(ValueBlocks().Load(&part).ok());
  }
}

}  // namespace
}  // namespace velo::exec
