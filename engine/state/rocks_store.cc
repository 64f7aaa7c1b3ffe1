#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "engine/state/key_value_store.h"

namespace velo::state {
namespace {

constexpr size_t kWriteBufferBytes = 16 << 20;
constexpr size_t kBlockCacheBytes = 32 << 20;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status ReadOnlyError(const std::string& directory, const std::string& reason) {
  return Status::World("READ_ONLY", fmt::format("The data folder {} cannot be written: {}.", directory, reason),
                       "Choose a folder you may write to with --data-dir.");
}

Status FromRocks(const rocksdb::Status& status, const std::string& directory) {
  if (status.ok()) return Status::OK();
  std::string text = status.ToString();
  if (text.find("lock hold by current process") != std::string::npos ||
      (text.find("LOCK") != std::string::npos && text.find("temporarily unavailable") != std::string::npos)) {
    return Status::World("DATA_FOLDER_BUSY", fmt::format("Another velo process uses the data folder {}.", directory),
                         "Stop the other process, or choose another folder with --data-dir.");
  }
  if (text.find("Permission denied") != std::string::npos || text.find("Read-only file system") != std::string::npos) {
    return ReadOnlyError(directory, "no permission");
  }
  if (status.IsNoSpace() || text.find("No space left") != std::string::npos) {
    return Status::World("DISK_FULL", fmt::format("The disk of the data folder {} is full.", directory),
                         "Free some space; nothing written before is lost.", true);
  }
  return Status::World("IO_ERROR", fmt::format("The data folder {} failed: {}.", directory, text),
                       "Check the disk; a damaged folder can be moved away and is made anew.");
}

class RocksCursor : public Cursor {
 public:
  RocksCursor(std::unique_ptr<rocksdb::Iterator> iterator, std::string directory)
      : iterator_(std::move(iterator)), directory_(std::move(directory)) {}
  bool valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  void Next() override { iterator_->Next(); }
  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekForPrevious(std::string_view key) override { iterator_->SeekForPrev(ToSlice(key)); }
  Status status() const override { return FromRocks(iterator_->status(), directory_); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
  std::string directory_;
};

class RocksStore : public KeyValueStore {
 public:
  RocksStore(std::unique_ptr<rocksdb::DB> db, std::string directory)
      : db_(std::move(db)), directory_(std::move(directory)) {}

  ~RocksStore() override {
    // A store that closes in good order leaves nothing in the operating system's cache only.
    (void)db_->FlushWAL(/*sync=*/true);
  }

  Status Write(const WriteSet& writes) override {
    rocksdb::WriteBatch batch;
    for (const auto& entry : EntriesOf(writes)) {
      switch (entry.kind) {
        case WriteKind::kPut:
          batch.Put(entry.key, entry.value);
          break;
        case WriteKind::kDelete:
          batch.Delete(entry.key);
          break;
        case WriteKind::kDeleteRange:
          batch.DeleteRange(entry.key, entry.value);
          break;
      }
    }
    return FromRocks(db_->Write(rocksdb::WriteOptions(), &batch), directory_);
  }

  Status Get(std::string_view key, std::string* value, bool* found) override {
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(key), value);
    *found = status.ok();
    return status.IsNotFound() ? Status::OK() : FromRocks(status, directory_);
  }

  std::unique_ptr<Cursor> NewCursor() override {
    rocksdb::ReadOptions options;
    options.auto_prefix_mode = false;
    return std::make_unique<RocksCursor>(std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options)), directory_);
  }

  Status Sync() override { return FromRocks(db_->FlushWAL(/*sync=*/true), directory_); }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::string directory_;
};

rocksdb::Options StoreOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_write_buffer_number = 3;
  options.max_open_files = 512;
  options.keep_log_file_num = 2;
  options.max_background_jobs = 2;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.block_size = 32 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

void WriteSet::Put(std::string key, std::string value) {
  entries_.push_back({Kind::kPut, std::move(key), std::move(value)});
}
void WriteSet::Delete(std::string key) { entries_.push_back({Kind::kDelete, std::move(key), {}}); }
void WriteSet::DeleteRange(std::string begin, std::string end) {
  entries_.push_back({Kind::kDeleteRange, std::move(begin), std::move(end)});
}

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::Open(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return ReadOnlyError(directory, error.message());
  if (access(directory.c_str(), W_OK) != 0) return ReadOnlyError(directory, "no permission");
  rocksdb::DB* db = nullptr;
  VELO_RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(StoreOptions(), directory, &db), directory));
  return std::unique_ptr<KeyValueStore>(std::make_unique<RocksStore>(std::unique_ptr<rocksdb::DB>(db), directory));
}

}  // namespace velo::state
