#include "demo/demo_stream.h"

#include <gtest/gtest.h>

#include <arrow/table.h>

#include <filesystem>
#include <set>

namespace velo {
namespace {

class DemoStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_demo_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    auto opened = TopicStore::Open(directory_, &clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = opened.TakeValue();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void StartAndStop(DemoMode mode) {
    auto stream = DemoStream::Start(store_.get(), {.mode = mode, .clock = &clock_});
    ASSERT_TRUE(stream.ok()) << stream.status().ToString();
    (*stream)->Stop();
  }

  std::shared_ptr<arrow::RecordBatch> ReadAll(const std::string& topic, std::vector<std::string> columns) {
    auto source = store_->OpenSource(topic);
    auto readers = (*source)->OpenReaders({.columns = columns, .batch_rows = 1 << 20});
    arrow::RecordBatchVector batches;
    for (auto& reader : *readers) {
      auto outcome = reader->Read();
      EXPECT_TRUE(outcome.ok());
      if (outcome->batch.columns) batches.push_back(outcome->batch.columns);
    }
    return *arrow::ConcatenateRecordBatches(batches);
  }

  std::string directory_;
  ManualClock clock_{DemoStream::kFrozenStart + 3'600'000'000LL};
  std::unique_ptr<TopicStore> store_;
};

TEST_F(DemoStreamTest, HasAQuarterOfAnHourOfHistoryAtAbout200MessagesASecond) {
  StartAndStop(DemoMode::kOn);
  int64_t total = 0;
  for (const TopicInfo& topic : store_->List()) {
    EXPECT_GT(topic.total_messages(), 900) << topic.name;
    RecordProperty(topic.name, std::to_string(topic.total_messages()));
    total += topic.total_messages();
  }
  EXPECT_EQ(store_->List().size(), 9u);
  EXPECT_GT(total, 150 * 900);
  EXPECT_LT(total, 280 * 900);
}

TEST_F(DemoStreamTest, FrozenIsTheSameEveryTime) {
  StartAndStop(DemoMode::kFrozen);
  const std::vector<std::string> columns{"symbol", "price", "quantity", "timestamp", "order_id", "_offset", "_headers"};
  auto first = ReadAll("trades", columns);
  const int64_t count = store_->Describe("trades")->total_messages();
  clock_.Advance(86'400'000'000LL);
  ASSERT_TRUE(store_->ApplyRetention().ok());
  StartAndStop(DemoMode::kFrozen);
  EXPECT_EQ(store_->Describe("trades")->total_messages(), count);
  EXPECT_TRUE(first->Equals(*ReadAll("trades", columns)));
}

TEST_F(DemoStreamTest, TradesBelongToOrdersAndPaymentsToCustomers) {
  StartAndStop(DemoMode::kFrozen);
  std::set<std::string> orders, viewers;
  auto order_rows = ReadAll("orders", {"order_id"});
  const auto& ids = static_cast<const arrow::StringArray&>(*order_rows->column(0));
  for (int64_t i = 0; i < ids.length(); ++i) orders.insert(ids.GetString(i));
  EXPECT_EQ(static_cast<int64_t>(orders.size()), ids.length());
  auto trade_rows = ReadAll("trades", {"order_id"});
  const auto& references = static_cast<const arrow::StringArray&>(*trade_rows->column(0));
  for (int64_t i = 0; i < references.length(); ++i) ASSERT_TRUE(orders.contains(references.GetString(i)));
  auto views = ReadAll("page-views", {"user_id"});
  const auto& users = static_cast<const arrow::StringArray&>(*views->column(0));
  for (int64_t i = 0; i < users.length(); ++i) viewers.insert(users.GetString(i));
  auto payments = ReadAll("payments", {"user_id", "amount"});
  const auto& payers = static_cast<const arrow::StringArray&>(*payments->column(0));
  int64_t known = 0;
  for (int64_t i = 0; i < payers.length(); ++i) known += viewers.contains(payers.GetString(i));
  EXPECT_GT(known, payers.length() * 8 / 10);
}

TEST_F(DemoStreamTest, GoesOnAfterARestartWithoutRepeating) {
  StartAndStop(DemoMode::kOn);
  const int64_t before = store_->Describe("trades")->total_messages();
  clock_.Advance(10'000'000);
  StartAndStop(DemoMode::kOn);
  const int64_t after = store_->Describe("trades")->total_messages();
  EXPECT_GT(after, before);
  EXPECT_LT(after, before + before / 20);
  std::set<std::string> numbers;
  auto rows = ReadAll("trades", {"trade_id"});
  const auto& ids = static_cast<const arrow::StringArray&>(*rows->column(0));
  for (int64_t i = 0; i < ids.length(); ++i) numbers.insert(ids.GetString(i));
  EXPECT_EQ(static_cast<int64_t>(numbers.size()), ids.length());
}

TEST_F(DemoStreamTest, ChangingTheModeStartsAfresh) {
  StartAndStop(DemoMode::kOn);
  StartAndStop(DemoMode::kFrozen);
  EXPECT_EQ(store_->Describe("orders")->partitions[0].latest_timestamp / 1'000'000'000'000,
            DemoStream::kFrozenStart / 1'000'000'000'000);
  EXPECT_EQ(store_->Describe("orders")->options.retention_ms, -1);
}

}  // namespace
}  // namespace velo
