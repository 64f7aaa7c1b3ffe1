#include "engine/topics/topic_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/clock.h"

namespace velo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Timestamp kNow = 1'771'236'900'000'000;
constexpr int64_t kSecond = 1'000'000;

class TopicStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_topics_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Reopen() {
    store_.reset();
    auto opened = TopicStore::Open(directory_, &clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = opened.TakeValue();
  }

  static Schema Columns() {
    return Schema{{{"name", TypeKind::kString}, {"amount", TypeKind::kInteger}, {"at", TypeKind::kTimestamp}}};
  }

  void Create(const std::string& name, TopicOptions options = {}) {
    Status status = store_->Create(name, Columns(), options, "at", {"name"});
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  /// Rows "r<first>" ... with amounts first, first+1, ...; event times one second before the arrival `at`.
  static TopicAppend Rows(int64_t first, int64_t count, std::vector<Timestamp> at = {}) {
    arrow::StringBuilder names;
    arrow::Int64Builder amounts;
    arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
    for (int64_t i = first; i < first + count; ++i) {
      EXPECT_TRUE(names.Append("r" + std::to_string(i)).ok() && amounts.Append(i).ok());
      EXPECT_TRUE(at.empty() ? times.AppendNull().ok() : times.Append(at[i - first] - kSecond).ok());
    }
    TopicAppend append;
    append.columns =
        arrow::RecordBatch::Make(Columns().ToArrow(), count, {*names.Finish(), *amounts.Finish(), *times.Finish()});
    append.timestamps = std::move(at);
    return append;
  }

  int64_t Append(const std::string& topic, const TopicAppend& rows, int32_t partition = 0) {
    auto offset = store_->Append(topic, partition, rows);
    EXPECT_TRUE(offset.ok()) << offset.status().ToString();
    return offset.ok() ? *offset : -1;
  }

  std::unique_ptr<PartitionReader> OpenReader(const std::string& topic, ReadOptions options) {
    auto source = store_->OpenSource(topic);
    EXPECT_TRUE(source.ok());
    auto readers = (*source)->OpenReaders(options);
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    return std::move(readers.TakeValue().front());
  }

  /// Reads until the reader has no more now and returns the one INTEGER column.
  static std::vector<int64_t> ReadIntegers(PartitionReader& reader) {
    std::vector<int64_t> values;
    while (true) {
      auto outcome = reader.Read();
      EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
      if (!outcome.ok() || outcome->state != ReadOutcome::State::kRows) return values;
      const auto& column = static_cast<const arrow::Int64Array&>(*outcome->batch.columns->column(0));
      for (int64_t i = 0; i < column.length(); ++i) values.push_back(column.Value(i));
    }
  }

  std::string directory_;
  ManualClock clock_{kNow};
  std::unique_ptr<TopicStore> store_;
};

TEST_F(TopicStoreTest, GivesOffsetsInOrderOfAppends) {
  Create("t");
  EXPECT_EQ(Append("t", Rows(0, 3)), 0);
  EXPECT_EQ(Append("t", Rows(3, 2)), 3);
  auto reader = OpenReader("t", {.columns = {"amount"}});
  EXPECT_THAT(ReadIntegers(*reader), ElementsAre(0, 1, 2, 3, 4));
  auto offsets = OpenReader("t", {.columns = {"_offset"}});
  EXPECT_THAT(ReadIntegers(*offsets), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(TopicStoreTest, KeepsMessagesAndDefinitionsOverReopen) {
  Create("t", {.partitions = 2, .retention_ms = 5000});
  TopicAppend rows = Rows(10, 2);
  rows.keys = {"a", std::nullopt};
  rows.headers = {{{"traceparent", "00-1"}}, {}};
  Append("t", rows, 1);
  Reopen();
  auto info = store_->Describe("t");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->schema, Columns());
  EXPECT_EQ(info->event_time_column, "at");
  EXPECT_THAT(info->key_columns, ElementsAre("name"));
  EXPECT_EQ(info->options.retention_ms, 5000);
  ASSERT_EQ(info->partitions.size(), 2u);
  EXPECT_EQ(info->partitions[1].high_offset, 2);
  EXPECT_EQ(info->partitions[1].latest_timestamp, kNow);
  EXPECT_EQ(info->total_messages(), 2);
  auto preview = store_->Peek("t", {.limit = 10, .partition = 1});
  ASSERT_TRUE(preview.ok());
  ASSERT_EQ(preview->meta.size(), 2u);
  EXPECT_EQ(preview->meta[0].key, "a");
  EXPECT_EQ(preview->meta[1].key, std::nullopt);
  EXPECT_EQ(preview->meta[0].headers.at(0).first, "traceparent");
  EXPECT_EQ(Append("t", Rows(12, 1), 1), 2);
}

TEST_F(TopicStoreTest, KeepsTypesThatArrowDoesNotTellApart) {
  Schema schema{
      {{"doc", TypeKind::kJson}, {"price", SqlType::Decimal(18, 4)}, {"tags", SqlType::Array(TypeKind::kString)}}};
  ASSERT_TRUE(store_->Create("t", schema, {}, "", {}).ok());
  Reopen();
  auto info = store_->Describe("t");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->schema, schema);
}

TEST_F(TopicStoreTest, ReadsSystemColumns) {
  Create("t");
  TopicAppend rows = Rows(0, 2, {kNow, kNow + kSecond});
  rows.keys = {"k", std::nullopt};
  Append("t", rows);
  auto reader = OpenReader("t", {.columns = {"_timestamp", "_EVENT_TIME", "_partition", "_key", "_topic", "_headers"}});
  auto outcome = reader->Read();
  ASSERT_TRUE(outcome.ok());
  const arrow::RecordBatch& batch = *outcome->batch.columns;
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch.column(0)).Value(1), kNow / 1000 + 1000);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch.column(1)).Value(0), kNow / 1000 - 1000);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch.column(2)).Value(0), 0);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*batch.column(3)).GetString(0), "k");
  EXPECT_TRUE(batch.column(3)->IsNull(1));
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*batch.column(4)).GetString(1), "t");
  EXPECT_EQ(batch.schema()->field(1)->name(), "_EVENT_TIME");
}

TEST_F(TopicStoreTest, TakesEventTimeFromHeaderThenFromArrival) {
  Create("t");
  TopicAppend rows = Rows(0, 2);  // The event time column is null in both.
  rows.headers = {{{"_event_time", "1234"}}, {{"_event_time", "soon"}}};
  Append("t", rows);
  auto reader = OpenReader("t", {.columns = {"_event_time"}});
  EXPECT_THAT(ReadIntegers(*reader), ElementsAre(1234, kNow / 1000));
}

TEST_F(TopicStoreTest, BoundedReadStopsAtTheEndOfItsOpening) {
  Create("t");
  Append("t", Rows(0, 3));
  auto reader = OpenReader("t", {.columns = {"amount"}});
  Append("t", Rows(3, 3));
  EXPECT_THAT(ReadIntegers(*reader), ElementsAre(0, 1, 2));
  EXPECT_EQ(reader->Read()->state, ReadOutcome::State::kEnd);
}

TEST_F(TopicStoreTest, LiveReadIsWokenByAppends) {
  Create("t");
  Append("t", Rows(0, 1));
  auto reader = OpenReader("t", {.columns = {"amount"}, .start = ReadOptions::Start::kLatest, .follow = true});
  int calls = 0;
  reader->SetWakeUp([&calls] { ++calls; });
  EXPECT_EQ(reader->Read()->state, ReadOutcome::State::kIdle);
  Append("t", Rows(1, 2));
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(ReadIntegers(*reader), ElementsAre(1, 2));
  reader.reset();
  Append("t", Rows(3, 1));
  EXPECT_EQ(calls, 1);
}

TEST_F(TopicStoreTest, SeeksToPositionAndTime) {
  Create("t");
  Append("t", Rows(0, 4, {kNow, kNow + kSecond, kNow + 2 * kSecond, kNow + 3 * kSecond}));
  auto reader = OpenReader("t", {.columns = {"amount"}, .batch_rows = 2});
  ASSERT_TRUE(reader->Read().ok());
  EXPECT_EQ(reader->Position(), "2");
  auto resumed = OpenReader("t", {.columns = {"amount"}});
  ASSERT_TRUE(resumed->Seek(reader->Position()).ok());
  EXPECT_THAT(ReadIntegers(*resumed), ElementsAre(2, 3));
  EXPECT_FALSE(resumed->Seek("two").ok());
  auto timed = OpenReader(
      "t", {.columns = {"amount"}, .start = ReadOptions::Start::kTimestamp, .start_time = kNow + 2 * kSecond + 1});
  EXPECT_THAT(ReadIntegers(*timed), ElementsAre(3));
}

TEST_F(TopicStoreTest, CutsBackToAnOffset) {
  TopicOptions options;
  options.partitions = 2;
  Create("t", options);
  for (int64_t i = 0; i < 40; ++i) {
    TopicAppend rows = Rows(i * 10, 10);
    rows.writer = i < 3 ? 0 : 7;
    Append("t", rows, 0);
    if (i < 5) Append("t", rows, 1);
  }
  const auto head = [&](int32_t partition) { return store_->Describe("t")->partitions[partition].high_offset; };
  const auto amounts = [&] {
    auto readers = (*store_->OpenSource("t"))->OpenReaders({.columns = {"amount"}});
    return ReadIntegers(*(*readers)[0]);
  };
  // Others' rows stay, and then nothing is taken back anywhere.
  for (const auto& [offsets, writer] : {std::pair{std::vector<int64_t>{25, 50}, 7}, {{395, 50}, 8}, {{395, 20}, 7}}) {
    const Status refused = store_->CutBack("t", offsets, writer);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "CONFLICT");
    EXPECT_EQ(head(0), 400);
    EXPECT_EQ(head(1), 50);
  }
  EXPECT_FALSE(store_->CutBack("t", {401, 50}, 7).ok());
  EXPECT_FALSE(store_->CutBack("t", {400}, 7).ok());
  EXPECT_TRUE(store_->CutBack("t", {400, 50}, 8).ok());

  ASSERT_TRUE(store_->CutBack("t", {395, 50}, 7).ok());
  EXPECT_EQ(head(0), 395);
  EXPECT_EQ(amounts().back(), 394);
  EXPECT_EQ(amounts().size(), 395u);
  // Batches joined meanwhile keep their writer and are cut through; joined only with those of the same writer.
  ASSERT_TRUE(store_->ApplyRetention().ok());
  EXPECT_FALSE(store_->CutBack("t", {29, 50}, 7).ok());
  ASSERT_TRUE(store_->CutBack("t", {101, 30}, 7).ok());
  EXPECT_EQ(head(0), 101);
  EXPECT_EQ(head(1), 30);
  EXPECT_EQ(amounts().back(), 100);
  Reopen();
  EXPECT_EQ(head(0), 101);
  EXPECT_EQ(amounts().size(), 101u);
  EXPECT_EQ(Append("t", Rows(1000, 1), 0), 101);
  EXPECT_EQ(amounts().back(), 1000);
}

TEST_F(TopicStoreTest, CutsBackBehindWhatRetentionHasDropped) {
  TopicOptions options;
  options.retention_ms = 1000;
  Create("t", options);
  TopicAppend rows = Rows(0, 10);
  rows.writer = 7;
  Append("t", rows);
  clock_.Advance(5 * kSecond);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  Append("t", rows);
  ASSERT_TRUE(store_->CutBack("t", {4}, 7).ok());
  EXPECT_EQ(store_->Describe("t")->partitions[0].high_offset, 4);
  EXPECT_EQ(store_->Describe("t")->total_messages(), 0);
  EXPECT_EQ(Append("t", rows), 4);
}

TEST_F(TopicStoreTest, SeekingToWhatIsGoneOrNeverWasIsRefused) {
  TopicOptions options;
  options.retention_ms = 1000;
  Create("t", options);
  Append("t", Rows(0, 10));
  auto reader = OpenReader("t", {.columns = {"amount"}});
  EXPECT_TRUE(reader->Seek("10").ok());
  EXPECT_FALSE(reader->Seek("11").ok());
  clock_.Advance(5 * kSecond);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  EXPECT_FALSE(reader->Seek("9").ok());
  EXPECT_TRUE(reader->Seek("10").ok());
}

TEST_F(TopicStoreTest, ReadsManySmallAppendsInLargeBatchesFromTailAndLog) {
  Create("t");
  const int64_t total = 40000;
  for (int64_t i = 0; i < total; i += 20) Append("t", Rows(i, 20));
  auto check = [&] {
    auto reader = OpenReader("t", {.columns = {"amount"}, .batch_rows = 30000});
    auto outcome = reader->Read();
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->batch.num_rows(), 30000);
    std::vector<int64_t> rest = ReadIntegers(*reader);
    ASSERT_EQ(rest.size(), 10000u);
    for (int64_t i = 0; i < 10000; ++i) ASSERT_EQ(rest[i], 30000 + i);
  };
  check();
  ASSERT_TRUE(store_->ApplyRetention().ok());
  check();
  Reopen();
  check();
}

TEST_F(TopicStoreTest, DropsWhatIsTooOld) {
  Create("t", {.retention_ms = 10'000});
  Append("t", Rows(0, 2, {kNow, kNow}));
  clock_.Set(kNow + 8 * kSecond);
  Append("t", Rows(2, 2, {kNow + 8 * kSecond, kNow + 8 * kSecond}));
  auto late = OpenReader("t", {.columns = {"amount"}});
  clock_.Set(kNow + 12 * kSecond);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  EXPECT_EQ(store_->Describe("t")->partitions[0].low_offset, 2);
  EXPECT_THAT(ReadIntegers(*late), ElementsAre(2, 3));
  clock_.Set(kNow + 60 * kSecond);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  Reopen();
  EXPECT_EQ(store_->Describe("t")->total_messages(), 0);
  EXPECT_EQ(Append("t", Rows(4, 1)), 4);
}

TEST_F(TopicStoreTest, KeepsReplayedMessagesByWhenTheyCame) {
  Create("t", {.retention_ms = 10'000});
  constexpr Timestamp kLongAgo = kNow - 1'000'000 * kSecond;
  for (int64_t i = 0; i < 40; ++i) Append("t", Rows(i, 1, {kLongAgo + i}));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_->ApplyRetention().ok());
    EXPECT_EQ(store_->Describe("t")->total_messages(), 40);
    Reopen();
  }
  clock_.Advance(11 * kSecond);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  EXPECT_EQ(store_->Describe("t")->total_messages(), 0);
}

TEST_F(TopicStoreTest, DropsTheOldestWhenTooLarge) {
  Create("t", {.partitions = 2, .retention_bytes = 100'000});
  for (int64_t i = 0; i < 40; ++i) {
    Append("t", Rows(i * 1000, 1000, std::vector<Timestamp>(1000, kNow + i)), static_cast<int32_t>(i % 2));
  }
  ASSERT_TRUE(store_->ApplyRetention().ok());
  auto info = store_->Describe("t");
  EXPECT_LE(info->size_bytes, 100'000);
  EXPECT_GT(info->total_messages(), 0);
  EXPECT_GT(info->partitions[0].low_offset, 0);
  EXPECT_GT(info->partitions[1].low_offset, 0);
}

TEST_F(TopicStoreTest, DeletedTopicEndsItsReadersAndCanBeMadeAnew) {
  Create("t");
  Append("t", Rows(0, 3));
  auto reader = OpenReader("t", {.columns = {"amount"}, .follow = true});
  ASSERT_TRUE(store_->Delete("t").ok());
  auto outcome = reader->Read();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().error().code, "TOPIC_NOT_FOUND");
  Create("t");
  EXPECT_EQ(store_->Describe("t")->total_messages(), 0);
  EXPECT_EQ(Append("t", Rows(0, 1)), 0);
}

TEST_F(TopicStoreTest, PeeksFromTheStartAndFromTheEnd) {
  Create("t", {.partitions = 2});
  Append("t", Rows(0, 5, {kNow, kNow + 2, kNow + 4, kNow + 6, kNow + 8}), 0);
  Append("t", Rows(10, 2, {kNow + 1, kNow + 7}), 1);
  auto amounts = [](const Preview& preview) {
    std::vector<int64_t> values;
    const auto& column = static_cast<const arrow::Int64Array&>(*preview.rows->GetColumnByName("amount"));
    for (int64_t i = 0; i < column.length(); ++i) values.push_back(column.Value(i));
    return values;
  };
  EXPECT_THAT(amounts(*store_->Peek("t", {.limit = 3})), ElementsAre(0, 10, 1));
  EXPECT_THAT(amounts(*store_->Peek("t", {.limit = 3, .from_end = true})), ElementsAre(4, 11, 3));
  EXPECT_THAT(amounts(*store_->Peek("t", {.limit = 2, .start_offset = 3, .partition = 0})), ElementsAre(3, 4));
  EXPECT_EQ(store_->Peek("t", {.limit = 3, .partition = 1})->meta.size(), 2u);
}

TEST_F(TopicStoreTest, PeekOfAnEmptyTopicHasItsColumns) {
  Create("t");
  auto preview = store_->Peek("t", {});
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->rows->num_rows(), 0);
  EXPECT_EQ(preview->rows->num_columns(), 3);
}

TEST_F(TopicStoreTest, RefusesWhatDoesNotFit) {
  Create("trades");
  EXPECT_EQ(store_->Describe("trade").status().error().code, "TOPIC_NOT_FOUND");
  EXPECT_THAT(store_->Describe("trade").status().error().hint, HasSubstr("trades"));
  EXPECT_TRUE(store_->Create("trades", Columns(), {}, "at", {}).ok());
  EXPECT_EQ(store_->Create("trades", Columns(), {.partitions = 3}, "at", {}).error().code, "CONFLICT");
  EXPECT_EQ(store_->Create("a b", Columns(), {}, "", {}).error().code, "VALIDATION_ERROR");
  EXPECT_EQ(store_->Create("x", Columns(), {}, "when", {}).error().code, "VALIDATION_ERROR");
  EXPECT_EQ(store_->Create("x", Schema{{{"_Offset", TypeKind::kInteger}}}, {}, "", {}).error().code,
            "VALIDATION_ERROR");
  EXPECT_EQ(store_->Append("trades", 1, Rows(0, 1)).status().error().code, "VALIDATION_ERROR");
  TopicAppend narrow;
  narrow.columns = *Rows(0, 1).columns->SelectColumns({0});
  EXPECT_EQ(store_->Append("trades", 0, narrow).status().error().code, "SCHEMA_MISMATCH");
  auto source = store_->OpenSource("trades");
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->OpenReaders({.columns = {"prise"}}).status().error().code, "E2102");
}

TEST_F(TopicStoreTest, IsAConnector) {
  Create("trades");
  TopicAppend rows = Rows(0, 3, {kNow, kNow, kNow});
  rows.keys = {"a", "b", "c"};
  Append("trades", rows);
  auto connector = MakeTopicConnector(store_.get());
  EXPECT_EQ(connector->scheme(), "topic");
  auto all = connector->Connect("topic://", {});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->items.at(0).rows, 3);
  EXPECT_TRUE(all->streaming);
  auto report = connector->Describe("topic://trades", {}, 10);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->exact && report->has_keys);
  EXPECT_EQ(report->event_time_candidates.at(0).field, "at");
  EXPECT_THAT(report->key_candidates, ElementsAre("name"));
  EXPECT_EQ(connector->Peek("topic://trades", {}, {.limit = 2})->rows->num_rows(), 2);
  EXPECT_TRUE(connector->OpenSource("topic://trades", {}).ok());
  EXPECT_EQ(connector->Connect("topic://trade", {}).status().error().code, "TOPIC_NOT_FOUND");
  EXPECT_EQ(connector->Connect("kafka://trades", {}).status().error().code, "E3004");
}

}  // namespace
}  // namespace velo
