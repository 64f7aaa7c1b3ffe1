#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "engine/formats/parquet_column.h"

namespace velo::formats {

/// Calls `visit` with a value of the type in the file and one of the type in arrays. REQUIRES: not kBytes.
template <typename Visit>
decltype(auto) VisitFixed(ValueForm form, Visit visit) {
  switch (form) {
    case ValueForm::kInt32:
      return visit(int32_t{}, int32_t{});
    case ValueForm::kInt32Wider:
      return visit(int32_t{}, int64_t{});
    case ValueForm::kFloatWider:
      return visit(float{}, double{});
    case ValueForm::kDouble:
      return visit(double{}, double{});
    default:
      return visit(int64_t{}, int64_t{});
  }
}

inline size_t FileWidth(ValueForm form) {
  return VisitFixed(form, [](auto file, auto) { return sizeof(file); });
}
inline size_t ArrayWidth(ValueForm form) {
  return VisitFixed(form, [](auto, auto array) { return sizeof(array); });
}

/// The value at a place of unaligned bytes.
template <typename Value>
Value ValueAt(const uint8_t* bytes, int64_t place) {
  Value value;
  std::memcpy(&value, bytes + place * static_cast<int64_t>(sizeof(Value)), sizeof(Value));
  return value;
}

/// The text whose size stands in four bytes at `at`; nothing when it does not end within the bytes.
inline std::optional<std::string_view> TextAt(std::span<const uint8_t> bytes, size_t at) {
  uint32_t size;
  if (bytes.size() - at < 4) return std::nullopt;
  std::memcpy(&size, bytes.data() + at, 4);
  if (size > bytes.size() - at - 4) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + at + 4, size);
}

/// Whether all codes are those of a dictionary of `size` values. REQUIRES: size <= INT32_MAX.
inline bool AreBelow(const uint32_t* codes, int64_t count, int64_t size) {
  // The highest bit shows a code that is impossible anyway, or one too few to be taken away from the last one.
  const auto last = static_cast<uint32_t>(size - 1);
  uint32_t seen = 0;
  for (int64_t i = 0; i < count; ++i) seen |= codes[i] | (last - codes[i]);
  return seen >> 31 == 0;
}

/// Calls `visit` with a function that compares with a constant.
template <typename Visit>
void VisitComparison(ColumnPredicate::Op op, Visit visit) {
  switch (op) {
    case ColumnPredicate::Op::kEqual:
      return visit([](const auto& a, const auto& b) { return a == b; });
    case ColumnPredicate::Op::kLess:
      return visit([](const auto& a, const auto& b) { return a < b; });
    case ColumnPredicate::Op::kLessEqual:
      return visit([](const auto& a, const auto& b) { return a <= b; });
    case ColumnPredicate::Op::kGreater:
      return visit([](const auto& a, const auto& b) { return a > b; });
    case ColumnPredicate::Op::kGreaterEqual:
      return visit([](const auto& a, const auto& b) { return a >= b; });
  }
}

}  // namespace velo::formats
