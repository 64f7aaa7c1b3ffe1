#include <gtest/gtest.h>

#include <filesystem>

#include "engine/state/key_encoding.h"
#include "engine/state/key_value_store.h"

namespace velo::state {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_state_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(KeyEncoding, KeepsNumericOrder) {
  std::string small, large;
  AppendUint64(255, &small);
  AppendUint64(256, &large);
  EXPECT_LT(small, large);
}

TEST(KeyEncoding, ReadsBackWhatItWrote) {
  std::string key;
  AppendName("trades", &key);
  AppendUint32(7, &key);
  AppendUint64(1ULL << 40, &key);
  std::string_view rest = key;
  std::string name;
  uint32_t partition = 0;
  uint64_t offset = 0;
  ASSERT_TRUE(TakeName(&rest, &name) && TakeUint32(&rest, &partition) && TakeUint64(&rest, &offset));
  EXPECT_EQ(name, "trades");
  EXPECT_EQ(partition, 7u);
  EXPECT_EQ(offset, 1ULL << 40);
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(TakeUint32(&rest, &partition));
}

TEST(KeyEncoding, EndOfPrefixSkipsFullBytes) {
  EXPECT_EQ(EndOfPrefix("ab"), "ac");
  EXPECT_EQ(EndOfPrefix("a\xff"), "b");
}

TEST(KeyValueStore, KeepsWritesOverReopen) {
  TemporaryFolder folder;
  {
    auto store = KeyValueStore::Open(folder.path());
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    WriteSet writes;
    writes.Put("a", "1");
    writes.Put("b", "2");
    ASSERT_TRUE((*store)->Write(writes).ok());
    WriteSet removal;
    removal.Delete("a");
    ASSERT_TRUE((*store)->Write(removal).ok());
  }
  auto store = KeyValueStore::Open(folder.path());
  ASSERT_TRUE(store.ok());
  std::string value;
  bool found = true;
  ASSERT_TRUE((*store)->Get("a", &value, &found).ok());
  EXPECT_FALSE(found);
  ASSERT_TRUE((*store)->Get("b", &value, &found).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(value, "2");
}

TEST(KeyValueStore, CursorSeesASnapshot) {
  TemporaryFolder folder;
  auto store = KeyValueStore::Open(folder.path());
  ASSERT_TRUE(store.ok());
  WriteSet writes;
  writes.Put("k1", "x");
  writes.Put("k3", "y");
  ASSERT_TRUE((*store)->Write(writes).ok());
  auto cursor = (*store)->NewCursor();
  WriteSet range;
  range.DeleteRange("k1", "k4");
  ASSERT_TRUE((*store)->Write(range).ok());
  cursor->SeekForPrevious("k2");
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->key(), "k1");
  cursor->Next();
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->value(), "y");
  auto later = (*store)->NewCursor();
  later->Seek("k");
  EXPECT_FALSE(later->valid());
}

TEST(KeyValueStore, SaysThatTheFolderIsBusy) {
  TemporaryFolder folder;
  auto first = KeyValueStore::Open(folder.path());
  ASSERT_TRUE(first.ok());
  auto second = KeyValueStore::Open(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().error().code, "DATA_FOLDER_BUSY");
}

TEST(KeyValueStore, SaysThatTheFolderCannotBeWritten) {
  auto store = KeyValueStore::Open("/proc/velo-data");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().error().code, "READ_ONLY");
}

}  // namespace
}  // namespace velo::state
