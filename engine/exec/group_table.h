#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/key_column.h"

namespace velo::exec {

/// Maps 64-bit keys to dense ids in order of first sight. Open addressing, linear probing.
class IntegerIds {
 public:
  /// Returns the id of `key`; a new key gets the id `next` and sets `is_new`.
  uint32_t FindOrInsert(int64_t key, uint32_t next, bool* is_new);
  /// UINT32_MAX when there is no such key.
  uint32_t Find(int64_t key) const;
  void Clear();
  int64_t MemoryBytes() const { return static_cast<int64_t>(slots_.capacity() * sizeof(Slot)); }

 private:
  struct Slot {
    int64_t key = 0;
    uint32_t id = UINT32_MAX;
  };
  void Grow();

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// Maps byte strings to dense ids in order of first sight; keeps a copy of the bytes.
class BytesIds {
 public:
  uint32_t FindOrInsert(std::string_view key, uint32_t next, bool* is_new);
  /// UINT32_MAX when there is no such key.
  uint32_t Find(std::string_view key) const;
  int64_t MemoryBytes() const;

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t id = UINT32_MAX;
  };
  void Grow();
  std::string_view KeyOf(uint32_t entry) const;

  std::vector<Slot> slots_;    ///< `id` is the position in entries_.
  std::vector<uint32_t> ids_;  ///< Of each entry.
  std::vector<int64_t> ends_;  ///< Of each entry in bytes_.
  std::string bytes_;
};

/// Gives every combination of key values a dense id 0..n-1 in order of first sight. NULL is a value; numbers are equal
/// by value (-0.0 = 0.0, NaN = NaN). One integer-like key and one text key have their own paths; several keys are
/// packed into bytes a column at a time. Not thread safe.
class GroupTable {
 public:
  explicit GroupTable(std::vector<std::shared_ptr<arrow::DataType>> types);

  /// Sets ids[i] to the group of row i. All arrays have `rows` values.
  Status FindOrInsert(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids);
  /// Sets ids[i] to the group of row i, UINT32_MAX where there is none. May run side by side with itself.
  Status Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) const;
  uint32_t size() const { return size_; }
  /// Returns the values of one key column for `ids`.
  Result<std::shared_ptr<arrow::Array>> Keys(size_t column, std::span<const uint32_t> ids) const;
  size_t column_count() const { return columns_.size(); }
  std::vector<std::shared_ptr<arrow::DataType>> types() const;
  int64_t MemoryBytes() const;

 private:
  enum class Path : uint8_t { kNone, kInteger, kText, kPacked };
  void FindIntegers(const arrow::Array& keys, int64_t rows, uint32_t* ids);
  void FindText(const arrow::Array& keys, int64_t rows, uint32_t* ids);
  void FindPacked(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids);
  uint32_t NullId(uint32_t row);

  Path path_;
  uint32_t size_ = 0;
  uint32_t null_id_ = UINT32_MAX;
  IntegerIds integers_;
  BytesIds bytes_;
  std::vector<KeyColumn> columns_;
  std::vector<uint32_t> new_rows_;     ///< Rows of the batch at hand that brought a new key.
  std::vector<int64_t> integer_keys_;  ///< Scratch.
  std::string packed_;                 ///< Scratch.
  std::vector<int64_t> packed_ends_;   ///< Scratch.
};

}  // namespace velo::exec
