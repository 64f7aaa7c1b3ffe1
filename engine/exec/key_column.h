#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace arrow {
class Array;
class DataType;
struct Scalar;
}  // namespace arrow

namespace velo::exec {

/// Values of one column addressed by dense ids, appended one after the other and read back in any order. Holds every
/// type of the dialect: fixed-width values and text in flat memory, nested values one by one. Not thread safe.
class KeyColumn {
 public:
  explicit KeyColumn(std::shared_ptr<arrow::DataType> type);

  /// Appends the values of `array` at `rows`, in that order.
  Status Append(const arrow::Array& array, std::span<const uint32_t> rows);
  /// Makes room for `values` values of fixed width.
  void Reserve(size_t values);
  /// Returns the values of `ids`, in that order, as one array.
  Result<std::shared_ptr<arrow::Array>> Gather(std::span<const uint32_t> ids) const;
  int64_t size() const { return static_cast<int64_t>(valid_.size()); }
  int64_t MemoryBytes() const;
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

 private:
  enum class Layout : uint8_t { kBits, kFixed, kBytes, kNested };

  std::shared_ptr<arrow::DataType> type_;
  Layout layout_;
  int width_ = 0;               ///< Bytes per value for kFixed.
  std::vector<uint8_t> valid_;  ///< One byte per value.
  std::string bytes_;           ///< kBits: one byte per value; kFixed: width_ per value; kBytes: the text.
  std::vector<int64_t> ends_;   ///< kBytes: where each value ends.
  std::vector<std::shared_ptr<arrow::Scalar>> nested_;
};

}  // namespace velo::exec
