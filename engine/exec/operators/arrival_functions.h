#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/operators/ring_pool.h"
#include "engine/exec/state_codec.h"
#include "engine/plan/nodes/over_node.h"

namespace arrow {
class Array;
}

namespace velo::exec {

/// The rows of one batch in order of arrival, and one argument of theirs.
struct ArrivalRows {
  int64_t rows = 0;
  const uint32_t* partitions = nullptr;
  uint32_t partition_count = 0;
  const uint8_t* restarts = nullptr;       ///< 1 where the partition starts anew with the row; may be null.
  const arrow::Array* argument = nullptr;  ///< Null: the function has none.
  const uint8_t* valid = nullptr;          ///< One byte per row: 0 where the argument is NULL or FILTER keeps it out.
};

/// Computes one OVER call whose frames are the last rows of a partition in order of arrival, for batch after batch. Not
/// thread safe.
class ArrivalFunction {
 public:
  virtual ~ArrivalFunction() = default;
  /// Returns one value per row.
  virtual Result<std::shared_ptr<arrow::Array>> Compute(const ArrivalRows& rows) = 0;
  virtual void Save(std::string* out) const = 0;
  virtual Status Load(std::string_view* in) = 0;
  virtual int64_t MemoryBytes() const = 0;
};

/// The most rows that a frame of the window can have; -1: no limit. REQUIRES: it is a window of ArrivalWindows.
int64_t MostRowsOfFrame(const OverNode& node);

/// Families; null when the call is not of the family.
std::unique_ptr<ArrivalFunction> MakeArrivalSum(const OverNode& node, const OverCall& call);
std::unique_ptr<ArrivalFunction> MakeArrivalLag(const OverNode& node, const OverCall& call);

/// A total over the last `most` rows of each partition (-1: all). `Rule` as for SlidingFunction, and
///   using Value = ...;                        what the argument's array holds
///   static constexpr bool kReadsValues;       false: only its validity counts
///   void Bind(const Value*, const uint8_t*);  where Add and Remove find values and their validity
///   void Replace(Total*, uint32_t entering, uint32_t leaving) const;   optional: Add and Remove at once
template <typename Rule>
class ArrivalSlide : public ArrivalFunction {
 public:
  ArrivalSlide(Rule rule, int64_t most) : rule_(std::move(rule)), most_(most) {}

  Result<std::shared_ptr<arrow::Array>> Compute(const ArrivalRows& rows) override {
    states_.resize(rows.partition_count);
    VELO_RETURN_IF_ERROR(rule_.Prepare(rows.rows));
    const bool reads_values = Rule::kReadsValues && rows.argument != nullptr;
    const Value* values =
        reads_values ? Aligned(rows.argument->data()->template GetValues<Value>(1), rows.rows) : nullptr;
    if (most_ < 0) {
      Run(rows, values);
    } else {
      Slide(rows, values);
    }
    return rule_.Finish();
  }

  void Save(std::string* out) const override {
    std::string totals, sizes;
    std::vector<Value> values;
    std::vector<uint8_t> valid;
    for (const State& state : states_) {
      totals.append(reinterpret_cast<const char*>(&state.total), sizeof(Total));
      PutInteger(state.ring.size, &sizes);
      rings_.CopyOut(state.ring, &values, &valid);
    }
    PutText(totals, out);
    PutText(sizes, out);
    PutText({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)}, out);
    PutText({reinterpret_cast<const char*>(valid.data()), valid.size()}, out);
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const std::string_view totals, TakeText(in));
    VELO_ASSIGN_OR_RETURN(std::string_view sizes, TakeText(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view value_bytes, TakeText(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view valid, TakeText(in));
    std::vector<Value> values(value_bytes.size() / sizeof(Value));
    if (!values.empty()) {
      std::memcpy(static_cast<void*>(values.data()), value_bytes.data(), values.size() * sizeof(Value));
    }
    states_.assign(totals.size() / sizeof(Total), State());
    size_t at = 0;
    for (size_t i = 0; i < states_.size(); ++i) {
      std::memcpy(static_cast<void*>(&states_[i].total), totals.data() + i * sizeof(Total), sizeof(Total));
      VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(&sizes));
      for (int64_t n = 0; n < size; ++n, ++at) {
        rings_.Push(&states_[i].ring, values[at], static_cast<uint8_t>(valid[at]));
        ++states_[i].ring.size;
      }
    }
    return Status::OK();
  }

  int64_t MemoryBytes() const override {
    return static_cast<int64_t>(states_.capacity() * sizeof(State)) + rings_.MemoryBytes();
  }

 private:
  using Total = typename Rule::Total;
  using Value = typename Rule::Value;

  // Values of 16 bytes that come out of a message may lie at a place where they cannot be read as such.
  const Value* Aligned(const Value* values, int64_t rows) {
    if (reinterpret_cast<uintptr_t>(values) % alignof(Value) == 0) return values;
    aligned_.resize(static_cast<size_t>(rows));
    std::memcpy(static_cast<void*>(aligned_.data()), static_cast<const void*>(values), aligned_.size() * sizeof(Value));
    return aligned_.data();
  }

  struct State {
    Total total{};
    RingPosition ring;
  };

  void Run(const ArrivalRows& rows, const Value* values) {
    rule_.Bind(values, rows.valid);
    for (int64_t i = 0; i < rows.rows; ++i) {
      Total& total = states_[rows.partitions[i]].total;
      if (rows.restarts != nullptr && rows.restarts[i] != 0) total = {};
      rule_.Add(&total, static_cast<uint32_t>(i));
      rule_.Give(total, i);
    }
  }

  void Slide(const ArrivalRows& rows, const Value* values) {
    const auto most = static_cast<uint32_t>(most_);
    const uint8_t* bound = nullptr;  // Values and validity of a pool grow together.
    for (int64_t i = 0; i < rows.rows; ++i) {
      State& state = states_[rows.partitions[i]];
      if (rows.restarts != nullptr && rows.restarts[i] != 0) {
        state.total = {};
        state.ring.size = 0;
      }
      const uint32_t at = rings_.Push(&state.ring, values == nullptr ? Value{} : values[i], rows.valid[i]);
      if (rings_.valid() != bound) rule_.Bind(rings_.values(), bound = rings_.valid());
      if (state.ring.size < most) {
        rule_.Add(&state.total, at);
        ++state.ring.size;
      } else {
        Replace(&state.total, at, state.ring.Back(most + 1));
        if (rule_.Drifted(state.total)) {
          state.total = {};
          for (uint32_t back = most; back > 0; --back) rule_.Add(&state.total, state.ring.Back(back));
        }
      }
      rule_.Give(state.total, i);
    }
  }

  void Replace(Total* total, uint32_t entering, uint32_t leaving) const {
    if constexpr (requires { rule_.Replace(total, entering, leaving); }) {
      rule_.Replace(total, entering, leaving);
    } else {
      rule_.Add(total, entering);
      rule_.Remove(total, leaving);
    }
  }

  Rule rule_;
  const int64_t most_;
  std::vector<State> states_;  ///< Per partition.
  RingPool<Value> rings_;
  std::vector<Value> aligned_;  ///< Scratch.
};

}  // namespace velo::exec
