#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/key_column.h"
#include "engine/exec/key_ids.h"

namespace velo::exec {

/// Gives every combination of key values a dense id 0..n-1 in order of first sight. NULL is a value; numbers are equal
/// by value (-0.0 = 0.0, NaN = NaN). A single text key may come as dictionary<int32, utf8>. One integer-like key and
/// one text key have their own paths; several keys are packed into bytes a column at a time. Not thread safe.
class GroupTable {
 public:
  explicit GroupTable(std::vector<std::shared_ptr<arrow::DataType>> types);

  /// Sets ids[i] to the group of row i. All arrays have `rows` values.
  Status FindOrInsert(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids);
  /// Sets ids[i] to the group of row i, UINT32_MAX where there is none. May run side by side with itself.
  Status Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids) const;
  uint32_t size() const { return size_; }
  /// Makes room where it is known how many groups will come.
  void Reserve(size_t groups);
  /// Returns the values of one key column for `ids`.
  Result<std::shared_ptr<arrow::Array>> Keys(size_t column, std::span<const uint32_t> ids) const;
  size_t column_count() const { return columns_.size(); }
  std::vector<std::shared_ptr<arrow::DataType>> types() const;
  int64_t MemoryBytes() const;

 private:
  enum class Path : uint8_t { kNone, kInteger, kText, kPacked };
  void FindIntegers(const arrow::Array& keys, int64_t rows, uint32_t* ids);
  void FindText(const arrow::Array& keys, int64_t rows, uint32_t* ids);
  /// Text keys as codes: every code is looked up once per dictionary.
  Status FindCodes(const arrow::DictionaryArray& keys, int64_t rows, uint32_t* ids);
  Result<uint32_t> FindCode(const arrow::Array& dictionary, int32_t code);
  void FindPacked(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids);
  /// Ids of `rows` byte strings: `key_of(i)` is the i-th one, `is_null(i)` says that it is none.
  template <typename KeyOf, typename IsNull>
  void FindBytes(int64_t rows, uint32_t* ids, KeyOf key_of, IsNull is_null);
  uint32_t NullId(uint32_t row);

  Path path_;
  uint32_t size_ = 0;
  uint32_t null_id_ = UINT32_MAX;
  IntegerIds integers_;
  BytesIds bytes_;
  std::vector<KeyColumn> columns_;
  std::shared_ptr<arrow::Array> dictionary_;  ///< Whose codes `code_ids_` knows.
  std::vector<uint32_t> code_ids_;            ///< Group of each code; UINT32_MAX: not looked up yet.
  std::vector<uint32_t> new_rows_;            ///< Rows of the batch at hand that brought a new key.
  std::vector<int64_t> integer_keys_;         ///< Scratch.
  std::string packed_;                        ///< Scratch.
  std::vector<int64_t> packed_ends_;          ///< Scratch.
};

}  // namespace velo::exec
