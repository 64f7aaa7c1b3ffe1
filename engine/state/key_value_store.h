#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace velo::state {

/// Writes that become visible and durable together or not at all.
class WriteSet {
 public:
  void Put(std::string key, std::string value);
  void Delete(std::string key);
  /// Deletes every key in [begin, end).
  void DeleteRange(std::string begin, std::string end);

 private:
  friend class KeyValueStore;
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  struct Entry {
    Kind kind;
    std::string key, value;
  };
  std::vector<Entry> entries_;
};

/// Walks over a snapshot of the store in key order. The views are valid until the next move.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void Next() = 0;
  /// Moves to the first key >= `key`.
  virtual void Seek(std::string_view key) = 0;
  /// Moves to the last key <= `key`.
  virtual void SeekForPrevious(std::string_view key) = 0;
  /// Why it is not valid, when that is not just the end.
  virtual Status status() const = 0;
};

/// The one place that knows RocksDB: an ordered map of bytes in a folder, with atomic write sets and snapshots. A write
/// survives the death of the process at once; Sync makes it survive the loss of power. Thread safe.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  /// Errors: DATA_FOLDER_BUSY when another process holds the folder, READ_ONLY when it cannot be written, IO_ERROR.
  static Result<std::unique_ptr<KeyValueStore>> Open(const std::string& directory);

  virtual Status Write(const WriteSet& writes) = 0;
  /// Sets `found` to false and leaves `value` alone when there is no such key.
  virtual Status Get(std::string_view key, std::string* value, bool* found) = 0;
  virtual std::unique_ptr<Cursor> NewCursor() = 0;
  virtual Status Sync() = 0;

 protected:
  /// Lets implementations walk the entries of a set.
  static const auto& EntriesOf(const WriteSet& writes) { return writes.entries_; }
  using WriteKind = WriteSet::Kind;
};

}  // namespace velo::state
