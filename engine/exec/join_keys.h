#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/key_ids.h"

namespace velo::exec {

/// Gives equal keys of the two sides of a join one dense id. NULL equals nothing. Keeps no values: forgetting a key
/// means starting afresh with the rows that are still there. Not thread safe.
class JoinKeys {
 public:
  static constexpr uint32_t kNoKey = UINT32_MAX;

  explicit JoinKeys(std::vector<std::shared_ptr<arrow::DataType>> types);

  /// Sets ids[i] to the key of row i, kNoKey where a part of it is NULL. All arrays have `rows` values.
  Status Find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t rows, uint32_t* ids);
  /// Keys so far, of the part that has most: what the memory grows with.
  uint32_t size() const;
  void Clear();
  int64_t MemoryBytes() const;

 private:
  // Ids of the values of one column.
  struct Part {
    bool is_integer = false, is_text = false;
    IntegerIds integers;
    BytesIds bytes;
    uint32_t size = 0;
  };
  void FindPart(const std::shared_ptr<arrow::Array>& keys, int64_t rows, Part* part, uint32_t* ids);
  void Combine(int64_t rows, const uint32_t* more, Part* pairs, uint32_t* ids);

  const std::vector<std::shared_ptr<arrow::DataType>> types_;
  std::vector<Part> parts_;         ///< Per key column.
  std::vector<Part> pairs_;         ///< Ids of (columns before, column i + 1).
  std::vector<int64_t> integers_;   ///< Scratch.
  std::vector<uint32_t> more_ids_;  ///< Scratch.
  std::string packed_;              ///< Scratch.
  std::vector<int64_t> ends_;       ///< Scratch.
};

}  // namespace velo::exec
