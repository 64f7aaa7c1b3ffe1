#pragma once

#include <arrow/buffer.h>

#include <cmath>
#include <memory>
#include <vector>

#include "engine/exec/operators/over_functions.h"
#include "engine/exec/state_codec.h"
#include "engine/types/arrow_status.h"

namespace velo::exec {

/// A function whose total over a frame is kept up to date by adding the rows that enter and taking back the rows that
/// leave; where a frame is a list, the total is made from the list. `Rule` provides:
///   using Total = ...;                         trivially copyable; Total{} is the empty frame
///   Status Prepare(int64_t rows);              before every batch
///   void Add(Total*, uint32_t id) const;
///   void Remove(Total*, uint32_t id) const;
///   bool Drifted(const Total&) const;          the total is to be made anew from its rows
///   void Give(const Total&, int64_t row);      the result of one row
///   Result<std::shared_ptr<arrow::Array>> Finish();
template <typename Rule>
class SlidingFunction : public OverFunction {
 public:
  explicit SlidingFunction(Rule rule) : rule_(std::move(rule)) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const OverRows& rows) override {
    states_.resize(static_cast<size_t>(rows.partition_count));
    VELO_RETURN_IF_ERROR(rule_.Prepare(rows.rows));
    if (rows.begin == nullptr) {
      Run(rows);
    } else if (rows.list_from == nullptr) {
      for (int64_t i = 0; i < rows.rows; ++i) rule_.Give(Slide(rows, i), i);
    } else {
      for (int64_t i = 0; i < rows.rows; ++i) {
        if (rows.list_from[i] == kNoRow) {
          rule_.Give(Slide(rows, i), i);
          continue;
        }
        Total total{};
        for (uint32_t at = rows.list_from[i]; at < rows.list_to[i]; ++at) rule_.Add(&total, rows.listed[at]);
        rule_.Give(total, i);
      }
    }
    return rule_.Finish();
  }

  void KeepPartitions(std::span<const uint32_t> keep) override {
    std::vector<State> kept(keep.size());
    for (size_t i = 0; i < keep.size(); ++i) kept[i] = states_[keep[i]];
    states_ = std::move(kept);
  }
  // Totals of buffers are made again from the rows; those of running windows are all there is.
  void Save(std::span<const uint32_t>, std::string* out) const override {
    PutText({reinterpret_cast<const char*>(states_.data()), running_ ? states_.size() * sizeof(State) : 0}, out);
  }
  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
    states_.resize(bytes.size() / sizeof(State));
    if (!states_.empty()) std::memcpy(static_cast<void*>(states_.data()), bytes.data(), states_.size() * sizeof(State));
    running_ = !states_.empty();
    return Status::OK();
  }
  int64_t MemoryBytes() const override { return static_cast<int64_t>(states_.capacity() * sizeof(State)); }

 private:
  using Total = typename Rule::Total;
  struct State {
    Total total{};
    uint32_t begin = 0, end = 0;  ///< The numbers that are in the total.
  };

  void Run(const OverRows& rows) {
    running_ = true;
    const uint32_t* entering = rows.entering == nullptr ? rows.ids : rows.entering;
    for (int64_t i = 0; i < rows.rows; ++i) {
      Total& total = states_[rows.partitions[i]].total;
      if (rows.restarts != nullptr && rows.restarts[i] != 0) total = {};
      if (entering[i] != kNoRow) rule_.Add(&total, entering[i]);
      rule_.Give(total, i);
    }
  }

  const Total& Slide(const OverRows& rows, int64_t row) {
    State& state = states_[rows.partitions[row]];
    const PartitionBuffer& buffer = rows.buffers[rows.partitions[row]];
    const uint32_t begin = rows.begin[row], end = rows.end[row];
    const auto before = [](uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; };
    // Frames only move up while a buffer is in order. After a while out of order the rows of the total may be gone.
    const bool lost = before(state.begin, buffer.base) || before(begin, state.begin) || before(end, state.end);
    if (lost || !before(begin, state.end)) state = {Total{}, begin, begin};
    const uint32_t* ids = buffer.ids.data();
    for (; state.end != end; ++state.end) rule_.Add(&state.total, ids[state.end - buffer.base]);
    if (state.begin == begin) return state.total;
    for (; state.begin != begin; ++state.begin) rule_.Remove(&state.total, ids[state.begin - buffer.base]);
    if (begin == end) {
      state.total = {};
    } else if (rule_.Drifted(state.total)) {
      state.total = {};
      for (uint32_t n = begin; n != end; ++n) rule_.Add(&state.total, ids[n - buffer.base]);
    }
    return state.total;
  }

  Rule rule_;
  std::vector<State> states_;  ///< Per partition.
  bool running_ = false;
};

/// Fixed-width results with their validity, written row by row.
template <typename T>
class FixedResults {
 public:
  explicit FixedResults(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  /// Every row is to be set afterwards.
  Status Prepare(int64_t rows) {
    VELO_ASSIGN_OR_RETURN_ARROW(buffer_, arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T))));
    values_ = reinterpret_cast<T*>(buffer_->mutable_data());
    valid_.assign(static_cast<size_t>(rows), 1);
    nulls_ = 0;
    return Status::OK();
  }
  void Set(int64_t row, T value) { values_[row] = value; }
  void SetNull(int64_t row) {
    values_[row] = T{};
    valid_[static_cast<size_t>(row)] = 0;
    ++nulls_;
  }
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<arrow::Buffer> buffer_;
  T* values_ = nullptr;
  std::vector<uint8_t> valid_;
  int64_t nulls_ = 0;
};

template <typename T>
Result<std::shared_ptr<arrow::Array>> FixedResults<T>::Finish() {
  const auto rows = static_cast<int64_t>(valid_.size());
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls_ > 0) {
    std::string bits((static_cast<size_t>(rows) + 7) / 8, '\0');
    for (int64_t i = 0; i < rows; ++i) {
      bits[i >> 3] = static_cast<char>(bits[i >> 3] | (valid_[static_cast<size_t>(i)] << (i & 7)));
    }
    validity = arrow::Buffer::FromString(std::move(bits));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(validity), std::move(buffer_)}, nulls_));
}

/// A sum of doubles as the exact sum of two, so that values taken back leave (nearly) no trace: about 106 bits.
struct DoubleTotal {
  double high = 0, low = 0;
  double removed = 0;  ///< Largest magnitude taken back since the total was made.

  void Add(double value) {
    const double sum = high + value;
    const double error = ErrorOf(high, value, sum) + low;
    high = sum + error;
    low = error - (high - sum);
  }
  void Remove(double value) {
    removed = std::max(removed, std::fabs(value));
    Add(-value);
  }
  /// Add and Remove at once: half as long a chain of steps that wait for each other.
  void Replace(double entering, double leaving) {
    removed = std::max(removed, std::fabs(leaving));
    const double grown = high + entering, sum = grown - leaving;
    const double error = (ErrorOf(high, entering, grown) + ErrorOf(grown, -leaving, sum)) + low;
    high = sum + error;
    low = error - (high - sum);
  }
  /// Whether what is left is so small beside what was taken back that its digits are in doubt.
  bool Drifted() const {
    constexpr double kDoubt = 0x1p-60;  // 2^-98 of error over a tolerance of 2^-38.
    return high != 0 && removed * kDoubt > std::fabs(high);
  }

 private:
  // What a + b is more than its rounded `sum`; exact.
  static double ErrorOf(double a, double b, double sum) {
    const double part = sum - a;
    return (a - (sum - part)) + (b - part);
  }
};

}  // namespace velo::exec
