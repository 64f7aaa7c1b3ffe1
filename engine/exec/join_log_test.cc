#include "engine/exec/join_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/exec/join_queue.h"

namespace velo::exec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

std::vector<uint32_t> RowsOf(const JoinLog& log, int64_t key, int64_t earliest = INT64_MIN,
                             int64_t latest = INT64_MAX) {
  std::vector<uint32_t> rows;
  log.VisitKey(key, earliest, latest, [&](uint32_t row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

void Append(JoinLog* log, int64_t time, int64_t key, uint32_t row) { log->Append({&time, 1}, {&key, 1}, {&row, 1}); }

TEST(JoinLog, FindsRowsOfAKeyFromTheNewestBack) {
  JoinLog log;
  EXPECT_THAT(RowsOf(log, 7), IsEmpty());
  Append(&log, 1, 7, 10);
  Append(&log, 2, 8, 11);
  log.AppendLone(2, 12);
  Append(&log, 3, 7, 13);
  EXPECT_THAT(RowsOf(log, 7), ElementsAre(13, 10));
  EXPECT_THAT(RowsOf(log, 7, 2), ElementsAre(13));
  EXPECT_THAT(RowsOf(log, 7, 1, 2), ElementsAre(10));
  EXPECT_THAT(RowsOf(log, 0), IsEmpty());
  std::vector<uint32_t> dropped;
  log.DropBelow(2, &dropped);
  EXPECT_THAT(dropped, ElementsAre(10));
  EXPECT_THAT(RowsOf(log, 7), ElementsAre(13));
  log.Rekey(std::vector<uint32_t>{9, 0, 9});
  EXPECT_THAT(RowsOf(log, 9), ElementsAre(13, 11));
  EXPECT_THAT(RowsOf(log, 0), IsEmpty());
  log.DropAll(&dropped);
  EXPECT_THAT(dropped, ElementsAre(10, 11, 12, 13));
  EXPECT_TRUE(log.empty());
}

TEST(JoinLog, LikelyKeysHoldAllThatHaveRows) {
  JoinLog log;
  uint32_t found[4] = {};
  const std::vector<int64_t> asked = {1, 7, INT64_MIN, 8};
  EXPECT_EQ(log.FindLikely(asked, found), 0U);
  Append(&log, 1, 7, 10);
  Append(&log, 2, 8, 11);
  Append(&log, 2, INT64_MIN, 12);
  log.AppendLone(3, 13);
  const size_t count = log.FindLikely(asked, found);
  ASSERT_GE(count, 3U);
  EXPECT_THAT(std::vector<uint32_t>(found, found + count), IsSupersetOf({1U, 2U, 3U}));
  std::vector<uint32_t> dropped;
  log.DropBelow(2, &dropped);
  const size_t later = log.FindLikely(asked, found);
  EXPECT_THAT(std::vector<uint32_t>(found, found + later), IsSupersetOf({2U, 3U}));
}

// Rows come and go for long enough that the log wraps around and grows in between; with few keys and with many, a row
// at a time and many at once.
TEST(JoinLog, AgreesWithAListOfRows) {
  for (const uint32_t keys : {50U, 5000U}) {
    for (const size_t at_once : {1, 100, 1700}) {
      std::mt19937 random(11);
      JoinLog log;
      std::vector<int64_t> times, row_keys;
      std::vector<uint32_t> rows, dropped;
      for (uint32_t i = 0; i < 60'000;) {
        const uint32_t first = i;
        for (; i < first + at_once; ++i) {
          times.push_back(i / 3);
          row_keys.push_back(static_cast<int64_t>(random() % keys) - 25);
          rows.push_back(i);
        }
        log.Append(std::span(times).subspan(first), std::span(row_keys).subspan(first), std::span(rows).subspan(first));
        const int64_t kept = i < 20'000 ? 100 : i < 40'000 ? 9000 : 1000;
        log.DropBelow(static_cast<int64_t>(i) / 3 - kept, &dropped);
        ASSERT_EQ(log.size() + dropped.size(), i);
        if (i / 100 == first / 100) continue;
        const auto wanted = static_cast<int64_t>(random() % keys) - 25;
        const int64_t latest = i / 3 - static_cast<int64_t>(random() % 200);
        const int64_t earliest = latest - static_cast<int64_t>(random() % 10'000);
        std::vector<uint32_t> expected;
        for (size_t at = rows.size(); at-- > dropped.size();) {
          if (row_keys[at] == wanted && times[at] >= earliest && times[at] <= latest) expected.push_back(rows[at]);
        }
        ASSERT_EQ(RowsOf(log, wanted, earliest, latest), expected) << i;
      }
      for (uint32_t i = 0; i < dropped.size(); ++i) ASSERT_EQ(dropped[i], i);
    }
  }
}

JoinQueue::Rows RowsFrom(uint32_t first, std::vector<int64_t> times, std::vector<uint8_t> lone = {}) {
  const auto owner = std::make_shared<const std::vector<int64_t>>(std::move(times));
  return {*owner, *owner, owner, owner, std::move(lone), first, {}};
}

TEST(JoinQueue, SortsByTimeAndArrival) {
  JoinQueue queue;
  queue.Add(RowsFrom(0, {5, 3, 5, 1}, {0, 0, 1, 0}));
  queue.Sort();
  EXPECT_EQ(queue.CountBelow(5), 2U);
  queue.Drop(1);
  queue.Add(RowsFrom(4, {4}));
  queue.Sort();
  EXPECT_THAT(queue.AllRows(), ElementsAre(1, 4, 0, 2));
  EXPECT_THAT(queue.keys(4), ElementsAre(3, 4, 5, 5));
  EXPECT_FALSE(queue.has_lone(3));
  EXPECT_TRUE(queue.is_lone(3));
  queue.Drop(4);
  EXPECT_TRUE(queue.empty());
}

TEST(JoinQueue, LeavesBatchesInOrderAsTheyAre) {
  JoinQueue queue;
  EXPECT_EQ(queue.together(), 0U);
  queue.Add(RowsFrom(10, {}));
  queue.Add(RowsFrom(10, {1, 2, 2}));
  queue.Add(RowsFrom(13, {2, 7}, {0, 1}));
  queue.Sort();
  EXPECT_EQ(queue.together(), 3U);
  EXPECT_EQ(queue.CountBelow(2), 1U);
  EXPECT_EQ(queue.CountBelow(7), 4U);
  EXPECT_EQ(queue.CountBelow(8), 5U);
  queue.Drop(2);
  EXPECT_THAT(queue.rows(1), ElementsAre(12));
  EXPECT_FALSE(queue.is_lone(0));
  queue.Rekey(std::vector<uint32_t>{20, 21, 22});
  EXPECT_THAT(queue.keys(1), ElementsAre(20));
  queue.Drop(1);
  EXPECT_EQ(queue.together(), 2U);
  EXPECT_THAT(queue.keys(2), ElementsAre(21, 22));
  EXPECT_TRUE(queue.has_lone(2));
  // What comes now is earlier than the end.
  queue.Add(RowsFrom(15, {6}));
  queue.Sort();
  EXPECT_THAT(queue.AllRows(), ElementsAre(13, 15, 14));
  EXPECT_THAT(queue.times(3), ElementsAre(2, 6, 7));
}

}  // namespace
}  // namespace velo::exec
