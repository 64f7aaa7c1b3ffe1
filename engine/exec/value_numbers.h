#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/group_table.h"
#include "engine/types/sql_type.h"

namespace velo::exec {

/// A 64-bit number for every combination of argument values, so that a set of combinations is a set of numbers
/// (ValueBlocks). A single number or time stands for itself; everything else gets a number at first sight, which means
/// something to this object only. Not thread safe.
class ValueNumbers {
 public:
  explicit ValueNumbers(const std::vector<SqlType>& arguments);

  /// Sets numbers[i] to the number of row i. Equal values have equal numbers, NULL is a value among others; but where
  /// values stand for themselves (`are_values()`) a NULL is 0, and the caller tells it from a 0 by the array.
  Status Find(std::span<const std::shared_ptr<arrow::Array>> arguments, int64_t rows, std::vector<int64_t>* numbers);
  bool are_values() const { return table_ == nullptr; }
  /// The values of `numbers`, one array per argument, in that order. The rows of `nulls` are NULL: of use where
  /// `are_values()`.
  Result<std::vector<std::shared_ptr<arrow::Array>>> ValuesOf(std::span<const int64_t> numbers,
                                                              std::span<const size_t> nulls = {}) const;
  bool Knows(int64_t number) const { return are_values() || (number >= 0 && number < int64_t{table_->size()}); }

  /// Whether most of the values it remembers can be in no set, when the sets hold `held` numbers together.
  bool MostlyUnused(size_t held) const;
  /// Remembers the values of `numbers` only, and changes them to their new numbers.
  Status KeepOnly(std::span<int64_t> numbers);

  int64_t MemoryBytes() const;
  void Save(std::string* out) const;
  Status Load(std::string_view* in);

 private:
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  std::unique_ptr<GroupTable> table_;  ///< Null: the only argument is its own number.
  std::vector<uint32_t> ids_;          ///< Scratch.
};

}  // namespace velo::exec
