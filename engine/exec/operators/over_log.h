#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/exec/key_encoding.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace velo::exec {

/// Stands for "no row" where the id of a row is expected.
inline constexpr uint32_t kNoRow = UINT32_MAX;

/// The values of one column of the rows that row windows remember, addressed by row id. Rows are appended batch by
/// batch; ids go up by one. Now and then Keep() throws out what nobody refers to any more, which renumbers the rest.
/// Not thread safe.
class LogColumn {
 public:
  explicit LogColumn(std::shared_ptr<arrow::DataType> type);

  /// Appends a whole column. With `selected` (one byte per row) rows with 0 count as NULL.
  Status Append(const arrow::Array& array, const uint8_t* selected);
  uint32_t size() const { return static_cast<uint32_t>(valid_.size()); }
  /// One byte per row, 0 for NULL.
  const uint8_t* valid() const { return valid_.data(); }
  /// Fixed-width values: int64_t, int32_t (DATE), double, Int128 (DECIMAL), uint8_t (BOOLEAN).
  template <typename T>
  const T* values() const {
    return reinterpret_cast<const T*>(fixed_.data());
  }
  std::string_view text(uint32_t id) const {
    const int64_t from = id == 0 ? 0 : ends_[id - 1];
    return std::string_view(bytes_).substr(static_cast<size_t>(from), static_cast<size_t>(ends_[id] - from));
  }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

  /// Returns the values of `ids` in that order; kNoRow gives NULL.
  Result<std::shared_ptr<arrow::Array>> Gather(std::span<const uint32_t> ids) const;
  /// Row i becomes what row ids[i] was; all others go.
  Status Keep(std::span<const uint32_t> ids);
  int64_t MemoryBytes() const;

 private:
  enum class Layout : uint8_t { kFixed, kBoolean, kBytes, kNested };

  std::shared_ptr<arrow::DataType> type_;
  Layout layout_ = Layout::kFixed;
  size_t width_ = 0;  ///< Bytes per value for kFixed and kBoolean.
  std::vector<uint8_t> valid_;
  std::vector<uint8_t> fixed_;
  std::string bytes_;
  std::vector<int64_t> ends_;
  std::shared_ptr<arrow::Array> nested_;
};

/// The ORDER BY values of the remembered rows in a form that compares fast: one 128-bit number where there is a single
/// column of a fixed width, else bytes. Addressed by the same ids as the columns.
class OrderLog {
 public:
  /// What an offset of RANGE is measured in, by the type of the only column.
  enum class Unit : uint8_t { kNone, kWhole, kMicroseconds, kDays, kDecimal, kFloat };

  Status Append(std::span<const OrderPart> parts, int64_t rows);
  void Keep(std::span<const uint32_t> ids);
  int64_t MemoryBytes() const;
  Status Save(std::span<const uint32_t> ids, std::string* out) const;
  Status Load(std::string_view* in);

  /// Below, equal (0) or above.
  int Compare(uint32_t a, uint32_t b) const {
    if (!wide_) return texts_[a].compare(texts_[b]);
    return numbers_[a] < numbers_[b] ? -1 : numbers_[a] > numbers_[b] ? 1 : 0;
  }
  bool IsNull(uint32_t id) const { return numbers_[id] == 0 || numbers_[id] == ~Number{0}; }

  using Number = unsigned __int128;
  Number number(uint32_t id) const { return numbers_[id]; }
  /// The place in the order `offset` units of RANGE before (negative) or after the value of `id`, within its type.
  /// REQUIRES: one column of fixed width, not NULL.
  Number Shifted(uint32_t id, int64_t offset) const;

 private:
  bool wide_ = true;
  bool descending_ = false;
  Unit unit_ = Unit::kNone;
  int scale_ = 0;
  std::vector<Number> numbers_;
  std::vector<std::string> texts_;
  std::vector<int64_t> integers_;  ///< Scratch.
};

}  // namespace velo::exec
