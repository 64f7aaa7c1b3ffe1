#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/column_reader.h"
#include "engine/functions/function.h"

namespace velo {

using ArgumentSpan = std::span<const std::shared_ptr<arrow::Array>>;

/// Calls add(group, row) for every selected row in which `values` is not NULL. The common cases have loops of their
/// own.
template <typename Add>
void ForEachValue(const arrow::Array& values, const uint32_t* groups, const uint8_t* selected, int64_t rows, Add add) {
  const uint8_t* validity = values.null_count() > 0 ? values.null_bitmap_data() : nullptr;
  const int64_t offset = values.offset();
  if (values.type_id() == arrow::Type::NA) return;
  if (validity == nullptr && selected == nullptr) {
    for (int64_t row = 0; row < rows; ++row) add(groups[row], row);
  } else if (selected == nullptr) {
    for (int64_t row = 0; row < rows; ++row) {
      if (arrow::bit_util::GetBit(validity, offset + row)) add(groups[row], row);
    }
  } else {
    for (int64_t row = 0; row < rows; ++row) {
      if (selected[row] != 0 && (validity == nullptr || arrow::bit_util::GetBit(validity, offset + row))) {
        add(groups[row], row);
      }
    }
  }
}

/// Snapshot format of aggregate states: little-endian numbers, byte strings with their length before them.
template <typename T>
void SaveNumbers(const std::vector<T>& values, std::string* out) {
  static_assert(std::is_trivially_copyable_v<T>);
  const uint64_t count = values.size();
  out->append(reinterpret_cast<const char*>(&count), sizeof(count));
  out->append(reinterpret_cast<const char*>(values.data()), count * sizeof(T));
}
template <typename T>
Status LoadNumbers(std::string_view* in, std::vector<T>* values) {
  uint64_t count = 0;
  if (in->size() < sizeof(count)) return Status::Bug("an aggregate snapshot ends early");
  std::memcpy(&count, in->data(), sizeof(count));
  in->remove_prefix(sizeof(count));
  if (in->size() / sizeof(T) < count) return Status::Bug("an aggregate snapshot ends early");
  values->resize(count);
  if (count > 0) std::memcpy(values->data(), in->data(), count * sizeof(T));
  in->remove_prefix(count * sizeof(T));
  return Status::OK();
}
void SaveText(std::string_view text, std::string* out);
Status LoadText(std::string_view* in, std::string* text);
void SaveTexts(const std::vector<std::string>& texts, std::string* out);
Status LoadTexts(std::string_view* in, std::vector<std::string>* texts);

/// Base of aggregators with one trivially copyable State per group. `State{}` is the empty group.
template <typename State>
class GroupAggregator : public Aggregator {
 public:
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > states_.size()) states_.resize(static_cast<size_t>(groups));
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) states_[group] = State{};
  }
  int64_t MemoryBytes() const override { return static_cast<int64_t>(states_.capacity() * sizeof(State)); }
  void Save(std::string* out) const override { SaveNumbers(states_, out); }
  Status Load(std::string_view* in) override { return LoadNumbers(in, &states_); }

 protected:
  std::vector<State> states_;
};

/// Calls merge(mine, theirs) with the states of every mapped group.
template <typename State, typename MergeStates>
void MergeGroups(std::vector<State>& mine, const std::vector<State>& theirs, std::span<const uint32_t> group_map,
                 MergeStates merge) {
  for (size_t group = 0; group < group_map.size() && group < theirs.size(); ++group) {
    if (group_map[group] != UINT32_MAX) merge(mine[group_map[group]], theirs[group]);
  }
}

/// Builds a column of `type` with append(builder, group) for every group.
template <typename Builder, typename Append>
Result<std::shared_ptr<arrow::Array>> BuildColumn(const SqlType& type, std::span<const uint32_t> groups,
                                                  Append append) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::unique_ptr<arrow::ArrayBuilder> made, arrow::MakeBuilder(type.ToArrow()));
  auto* builder = static_cast<Builder*>(made.get());
  VELO_RETURN_IF_ARROW_ERROR(builder->Reserve(static_cast<int64_t>(groups.size())));
  for (const uint32_t group : groups) VELO_RETURN_IF_ARROW_ERROR(append(builder, group));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
  return array;
}

inline arrow::Decimal128 ToArrowDecimal(Int128 value) {
  return arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
}

}  // namespace velo
