#include "engine/exec/join_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/exec/join_queue.h"

namespace velo::exec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint32_t> RowsOf(const JoinLog& log, int64_t key, int64_t earliest) {
  std::vector<uint32_t> rows;
  log.VisitKey(key, earliest, [&](uint32_t row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

TEST(JoinLog, FindsRowsOfAKeyFromTheNewestBack) {
  JoinLog log;
  EXPECT_THAT(RowsOf(log, 7, INT64_MIN), IsEmpty());
  log.Append(1, 7, 10);
  log.Append(2, 8, 11);
  log.AppendLone(2, 12);
  log.Append(3, 7, 13);
  EXPECT_THAT(RowsOf(log, 7, INT64_MIN), ElementsAre(13, 10));
  EXPECT_THAT(RowsOf(log, 7, 2), ElementsAre(13));
  EXPECT_THAT(RowsOf(log, 0, INT64_MIN), IsEmpty());
  log.DropOldest();
  EXPECT_THAT(RowsOf(log, 7, INT64_MIN), ElementsAre(13));
  log.Rekey({9, 0, 9});
  EXPECT_THAT(RowsOf(log, 9, INT64_MIN), ElementsAre(13, 11));
}

// Rows come and go for long enough that the log wraps around and grows in between.
TEST(JoinLog, AgreesWithAListOfRows) {
  struct Row {
    int64_t time, key;
    uint32_t row;
  };
  std::mt19937 random(11);
  JoinLog log;
  std::vector<Row> rows;
  size_t first = 0;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const auto key = static_cast<int64_t>(random() % 50) - 25;
    log.Append(i / 3, key, i);
    rows.push_back({i / 3, key, i});
    const size_t most = i < 10'000 ? 300 : 3000;
    for (; rows.size() - first > most; ++first) log.DropOldest();
    if (i % 100 != 0) continue;
    const auto wanted = static_cast<int64_t>(random() % 50) - 25;
    const int64_t earliest = i / 3 - static_cast<int64_t>(random() % 500);
    std::vector<uint32_t> expected;
    for (size_t at = rows.size(); at-- > first;) {
      if (rows[at].key == wanted && rows[at].time >= earliest) expected.push_back(rows[at].row);
    }
    ASSERT_EQ(RowsOf(log, wanted, earliest), expected) << i;
  }
}

TEST(JoinQueue, SortsByTimeAndArrival) {
  JoinQueue queue;
  queue.Add(5, 1, 0, false);
  queue.Add(3, 2, 1, false);
  queue.Add(5, 3, 2, true);
  queue.Add(1, 4, 3, false);
  queue.Sort();
  EXPECT_EQ(queue.CountBelow(5), 2U);
  queue.Drop(1);
  queue.Add(4, 5, 4, false);
  queue.Sort();
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < queue.size(); ++i) rows.push_back(queue.row(i));
  EXPECT_THAT(rows, ElementsAre(1, 4, 0, 2));
  EXPECT_TRUE(queue.is_lone(3));
  queue.Drop(4);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace velo::exec
