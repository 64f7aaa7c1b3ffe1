#include "engine/state/checkpoint_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace velo::state {
namespace {

using ::testing::HasSubstr;

class CheckpointFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_checkpoints_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<CheckpointFolder> Open() {
    auto folder = CheckpointFolder::Open(directory_);
    EXPECT_TRUE(folder.ok()) << folder.status().ToString();
    return folder.ok() ? folder.TakeValue() : nullptr;
  }
  void Write(const std::vector<std::string>& texts) {
    const auto folder = Open();
    for (const std::string& text : texts) ASSERT_TRUE(folder->Write(text).ok());
  }
  CheckpointFolder::Found Newest() {
    auto found = Open()->ReadNewest();
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() ? found.TakeValue() : CheckpointFolder::Found{};
  }
  std::string PathOf(int64_t number) const { return fmt::format("{}/{:012}.checkpoint", directory_, number); }
  static std::string BytesOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static void Put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  size_t FileCount() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      count += entry.path().filename() == "lock" ? 0 : 1;
    }
    return count;
  }

  std::string directory_;
};

TEST_F(CheckpointFolderTest, AnEmptyFolderHoldsNone) {
  const CheckpointFolder::Found found = Newest();
  EXPECT_EQ(found.number, 0);
  EXPECT_TRUE(found.damaged.empty());
}

TEST_F(CheckpointFolderTest, GivesTheNewestAndKeepsThree) {
  Write({"one", "two", "three", "four", ""});
  EXPECT_EQ(Newest().bytes, "");
  EXPECT_EQ(Newest().number, 5);
  EXPECT_EQ(FileCount(), CheckpointFolder::kKept);
  Write({"six"});
  EXPECT_EQ(Newest().bytes, "six");
  EXPECT_EQ(Newest().number, 6);
}

TEST_F(CheckpointFolderTest, EveryFlippedBitAndEveryCutIsFoundAndTheOneBeforeIsUsed) {
  std::mt19937 random(7);
  std::string large(3'000, '\0');
  for (char& letter : large) letter = static_cast<char>(random());
  for (const std::string& newest : {std::string("small"), large}) {
    Write({"older", newest});
    const int64_t number = Newest().number;
    const std::string whole = BytesOf(PathOf(number));
    const auto expect_older = [&](const std::string& what) {
      const CheckpointFolder::Found found = Newest();
      EXPECT_EQ(found.bytes, "older") << what;
      ASSERT_EQ(found.damaged.size(), 1u) << what;
      EXPECT_THAT(found.damaged[0], HasSubstr(PathOf(number)));
    };
    const size_t step = whole.size() > 100 ? 37 : 1;
    for (size_t bit = 0; bit < whole.size() * 8; bit += step) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      Put(PathOf(number), flipped);
      expect_older(fmt::format("bit {}", bit));
    }
    for (size_t length = 0; length < whole.size(); length += step) {
      Put(PathOf(number), whole.substr(0, length));
      expect_older(fmt::format("cut at {}", length));
    }
    Put(PathOf(number), whole + "x");
    expect_older("longer");
    Put(PathOf(number), whole);
    EXPECT_EQ(Newest().bytes, newest);
  }
}

TEST_F(CheckpointFolderTest, AFileUnderAnotherNumberIsRefused) {
  Write({"one", "two"});
  std::filesystem::copy_file(PathOf(1), PathOf(9));
  EXPECT_EQ(Newest().bytes, "two");
}

TEST_F(CheckpointFolderTest, WhatWasLeftUnfinishedCountsForNothing) {
  Write({"one"});
  Put(PathOf(2) + ".unfinished", BytesOf(PathOf(1)));
  Put(directory_ + "/000000000003.checkpoint.old", "x");
  EXPECT_EQ(Newest().bytes, "one");
  Write({"two"});
  EXPECT_EQ(Newest().number, 2);
}

TEST_F(CheckpointFolderTest, WithoutAnyGoodOneItSaysSo) {
  Write({"one", "two"});
  for (int64_t number : {1, 2}) Put(PathOf(number), "VELOCKP1");
  const auto found = Open()->ReadNewest();
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().error().code, "STATE_DAMAGED");
}

TEST_F(CheckpointFolderTest, TakesNoSecondUser) {
  const auto first = Open();
  const auto second = CheckpointFolder::Open(directory_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().error().code, "DATA_FOLDER_BUSY");
}

TEST_F(CheckpointFolderTest, AFailedWriteLeavesTheOnesBefore) {
  const auto folder = Open();
  ASSERT_TRUE(folder->Write("one").ok());
  // A folder in the way of the next file.
  std::filesystem::create_directories(PathOf(2) + ".unfinished");
  const Status failed = folder->Write("two");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, "IO_ERROR");
  EXPECT_EQ(folder->ReadNewest().TakeValue().bytes, "one");
  ASSERT_TRUE(folder->Write("three").ok());
  EXPECT_EQ(folder->ReadNewest().TakeValue().bytes, "three");
}

}  // namespace
}  // namespace velo::state
