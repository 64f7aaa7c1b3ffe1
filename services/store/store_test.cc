#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "services/store/artifact_store.h"
#include "services/store/database.h"
#include "services/store/settings_store.h"
#include "services/store/thread_store.h"

namespace velo::services {
namespace {

std::unique_ptr<Database> Memory() {
  auto database = Database::Open("");
  EXPECT_TRUE(database.ok()) << database.status().ToString();
  return database.TakeValue();
}

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("velo_store_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Database, RefusesASecondHolderOfTheFolder) {
  Folder folder;
  auto first = Database::Open(folder.path());
  ASSERT_TRUE(first.ok());
  auto second = Database::Open(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().error().code, "DATA_FOLDER_BUSY");
}

TEST(Database, KeepsThreadsAcrossAReopening) {
  Folder folder;
  {
    auto database = Database::Open(folder.path());
    ASSERT_TRUE(database.ok());
    ThreadStore threads(database->get());
    ASSERT_TRUE(threads.Ensure("thr_1", "First").ok());
    MessageRow message{
        .id = "msg_1", .thread_id = "thr_1", .role = "assistant", .content_json = "{}", .state = "streaming"};
    ASSERT_TRUE(threads.PutMessage(message).ok());
  }
  auto database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok());
  ThreadStore threads(database->get());
  EXPECT_EQ(threads.Get("thr_1")->title, "First");
  ASSERT_TRUE(threads.FailInterruptedMessages().ok());
  EXPECT_EQ(threads.GetMessage("thr_1", "msg_1")->state, "failed");
}

TEST(ThreadStore, EnsuresOnceAndForgetsDeletedOnes) {
  auto database = Memory();
  ThreadStore threads(database.get());
  bool created = false;
  ASSERT_TRUE(threads.Ensure("thr_1", "One", &created).ok());
  EXPECT_TRUE(created);
  EXPECT_EQ(threads.Ensure("thr_1", "Other", &created)->title, "One");
  EXPECT_FALSE(created);
  ASSERT_TRUE(threads.Delete("thr_1", false).ok());
  EXPECT_EQ(threads.Get("thr_1").status().error().code, "THREAD_NOT_FOUND");
  EXPECT_FALSE(threads.Delete("thr_1", false).ok());
  EXPECT_EQ(threads.Ensure("thr_1", "Again").status().error().code, "THREAD_NOT_FOUND");
}

TEST(ThreadStore, FindsThreadsByTitleAndText) {
  auto database = Memory();
  ThreadStore threads(database.get());
  ASSERT_TRUE(threads.Ensure("thr_1", "VWAP per symbol").ok());
  ASSERT_TRUE(threads.Ensure("thr_2", "100% of orders").ok());
  MessageRow message{.id = "msg_1", .thread_id = "thr_2", .role = "user", .content_json = "{\"text\":\"refunds\"}"};
  ASSERT_TRUE(threads.PutMessage(message).ok());
  int64_t total = 0;
  EXPECT_EQ(threads.List({.text = "vwap"}, &total)->size(), 1u);
  EXPECT_EQ(threads.List({.text = "refund"}, &total)->front().id, "thr_2");
  EXPECT_EQ(threads.List({.text = "%"}, &total)->size(), 1u);  // Not a pattern: the percent sign itself.
  EXPECT_EQ(threads.List({}, &total)->front().id, "thr_2");    // Last message first.
  EXPECT_EQ(total, 2);
}

TEST(ThreadStore, DeletingAMessageTakesWhatFollowed) {
  auto database = Memory();
  ThreadStore threads(database.get());
  ASSERT_TRUE(threads.Ensure("thr_1", "").ok());
  std::string parent;
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) {
    MessageRow row{.id = id, .thread_id = "thr_1", .parent_id = parent, .role = "user", .content_json = "{}"};
    ASSERT_TRUE(threads.PutMessage(row).ok());
    parent = id;
  }
  ASSERT_TRUE(threads.DeleteMessage("thr_1", "msg_2").ok());
  EXPECT_EQ(threads.Messages("thr_1", 10, 0)->size(), 1u);
  EXPECT_EQ(threads.Get("thr_1")->head_message_id, "msg_1");
}

TEST(ThreadStore, ContextGrowsItsVersion) {
  auto database = Memory();
  ThreadStore threads(database.get());
  ASSERT_TRUE(threads.Ensure("thr_1", "").ok());
  ASSERT_TRUE(threads.UpdateContext("thr_1", [](ThreadContext& context) { context.focus.sql = "SELECT 1"; }).ok());
  auto context = threads.Context("thr_1");
  ASSERT_TRUE(context.ok());
  EXPECT_EQ(context->focus.sql, "SELECT 1");
  EXPECT_EQ(context->version, 1);
  EXPECT_TRUE(threads.UpdateContext("", [](ThreadContext&) { FAIL(); }).ok());
}

TEST(ArtifactStore, KeepsEveryVersion) {
  auto database = Memory();
  ThreadStore threads(database.get());
  ArtifactStore artifacts(database.get());
  ASSERT_TRUE(threads.Ensure("thr_1", "").ok());
  auto first = artifacts.Put({.thread_id = "thr_1", .type = "sql-editor", .title = "Query", .data_json = "{\"v\":1}"});
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ArtifactRow next = *first;
  next.data_json = "{\"v\":2}";
  next.author = "user";
  auto second = artifacts.Put(next);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(artifacts.Get(first->id)->data_json, "{\"v\":2}");
  EXPECT_EQ(artifacts.Get(first->id, 1)->data_json, "{\"v\":1}");
  EXPECT_EQ(artifacts.Get(first->id, 3).status().error().code, "NOT_FOUND");
  EXPECT_EQ(artifacts.Versions(first->id)->size(), 2u);
  EXPECT_EQ(artifacts.List("thr_1", "")->size(), 1u);
  EXPECT_TRUE(artifacts.List("thr_1", "topic-list")->empty());
}

TEST(SettingsStore, CountsItsVersions) {
  auto database = Memory();
  SettingsStore settings(database.get());
  EXPECT_EQ(settings.Get()->version, 1);
  EXPECT_EQ(settings.Put("{\"a\":1}")->version, 2);
  EXPECT_EQ(settings.Put("{\"a\":2}")->version, 3);
  EXPECT_EQ(settings.Get()->document_json, "{\"a\":2}");
}

}  // namespace
}  // namespace velo::services
