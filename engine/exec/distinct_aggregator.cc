#include "engine/exec/distinct_aggregator.h"

#include <algorithm>
#include <cstring>

#include "engine/exec/state_codec.h"
#include "engine/exec/value_blocks.h"
#include "engine/exec/value_numbers.h"

namespace velo::exec {

namespace {

// What a group has seen, in the order of first sight: merging states must not change the order of LISTAGG.
struct SeenValues {
  std::vector<int64_t> numbers;
  int64_t null_at = -1;  ///< Where the NULL stands among them, for which the sets have no number; -1: nowhere.
};

class DistinctAggregator : public Aggregator {
 public:
  DistinctAggregator(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments)
      : inner_(std::move(inner)), values_(arguments) {}

  void Resize(int64_t groups) override {
    inner_->Resize(groups);
    sets_.Resize(groups);
    if (static_cast<size_t>(groups) > seen_.size()) seen_.resize(static_cast<size_t>(groups));
  }

  Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                const uint8_t* selected, int64_t rows) override {
    VELO_RETURN_IF_ERROR(ForgetUnusedValues());
    VELO_RETURN_IF_ERROR(values_.Find(arguments, rows, &numbers_));
    const bool nulls_apart = values_.are_values() && arguments[0]->null_count() > 0;
    FindFirst(nulls_apart ? arguments[0].get() : nullptr, group_ids, selected, rows);
    return inner_->Update(arguments, group_ids, first_.data(), rows);
  }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& source = static_cast<const DistinctAggregator&>(other);
    std::vector<int64_t> numbers;
    std::vector<size_t> nulls;
    std::vector<uint32_t> groups;
    for (size_t group = 0; group < group_map.size() && group < source.seen_.size(); ++group) {
      if (group_map[group] == UINT32_MAX) continue;
      const SeenValues& seen = source.seen_[group];
      if (seen.null_at >= 0) nulls.push_back(numbers.size() + static_cast<size_t>(seen.null_at));
      numbers.insert(numbers.end(), seen.numbers.begin(), seen.numbers.end());
      groups.resize(numbers.size(), group_map[group]);
    }
    VELO_ASSIGN_OR_RETURN(const auto arguments, source.values_.ValuesOf(numbers, nulls));
    return Update(arguments, groups.data(), nullptr, static_cast<int64_t>(groups.size()));
  }

  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return inner_->Finalise(groups);
  }

  void Reset(std::span<const uint32_t> groups) override {
    inner_->Reset(groups);
    for (const uint32_t group : groups) {
      sets_.Reset(group);
      seen_bytes_ -= BytesOf(seen_[group]);
      seen_[group] = SeenValues();
    }
  }

  int64_t MemoryBytes() const override {
    return inner_->MemoryBytes() + values_.MemoryBytes() + sets_.MemoryBytes() + seen_bytes_ +
           static_cast<int64_t>(seen_.capacity() * sizeof(SeenValues));
  }

  void Save(std::string* out) const override {
    inner_->Save(out);
    values_.Save(out);
    PutInteger(static_cast<int64_t>(seen_.size()), out);
    for (const SeenValues& seen : seen_) {
      PutInteger(seen.null_at, out);
      PutText({reinterpret_cast<const char*>(seen.numbers.data()), seen.numbers.size() * sizeof(int64_t)}, out);
    }
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(inner_->Load(in));
    VELO_RETURN_IF_ERROR(values_.Load(in));
    VELO_ASSIGN_OR_RETURN(const int64_t groups, TakeInteger(in));
    seen_.resize(static_cast<size_t>(groups));
    sets_.Resize(groups);
    for (uint32_t group = 0; group < seen_.size(); ++group) VELO_RETURN_IF_ERROR(LoadGroup(in, group));
    return Status::OK();
  }

 private:
  static int64_t BytesOf(const SeenValues& seen) {
    return static_cast<int64_t>(seen.numbers.capacity() * sizeof(int64_t));
  }

  /// Marks in first_ the rows whose value is new to their group, and remembers it. Where `nulls` (may be null) is NULL
  /// the value has no number.
  void FindFirst(const arrow::Array* nulls, const uint32_t* group_ids, const uint8_t* selected, int64_t rows) {
    first_.assign(static_cast<size_t>(rows), 0);
    taken_.clear();
    groups_.clear();
    rows_.clear();
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      if (nulls != nullptr && nulls->IsNull(row)) {
        first_[static_cast<size_t>(row)] = 1;
        continue;
      }
      taken_.push_back(numbers_[static_cast<size_t>(row)]);
      groups_.push_back(group_ids[row]);
      rows_.push_back(static_cast<uint32_t>(row));
    }
    added_.clear();
    sets_.Add(taken_, groups_, &added_);
    for (const uint32_t place : added_) first_[rows_[place]] = 1;
    for (int64_t row = 0; row < rows; ++row) {
      uint8_t& first = first_[static_cast<size_t>(row)];
      if (first == 0) continue;
      SeenValues& seen = seen_[group_ids[row]];
      if (nulls != nullptr && nulls->IsNull(row)) {
        first = seen.null_at < 0 ? 1 : 0;
        if (first == 0) continue;
        seen.null_at = static_cast<int64_t>(seen.numbers.size());
      }
      seen_bytes_ -= BytesOf(seen);
      seen.numbers.push_back(numbers_[static_cast<size_t>(row)]);
      seen_bytes_ += BytesOf(seen);
    }
  }

  /// The values of groups that are long gone must not pile up.
  Status ForgetUnusedValues() {
    if (!values_.MostlyUnused(static_cast<size_t>(sets_.total()))) return Status::OK();
    std::vector<int64_t> numbers;
    for (const SeenValues& seen : seen_) numbers.insert(numbers.end(), seen.numbers.begin(), seen.numbers.end());
    VELO_RETURN_IF_ERROR(values_.KeepOnly(numbers));
    sets_ = ValueBlocks();
    sets_.Resize(static_cast<int64_t>(seen_.size()));
    auto next = numbers.begin();
    for (uint32_t group = 0; group < seen_.size(); ++group) {
      std::vector<int64_t>& mine = seen_[group].numbers;
      std::copy_n(next, mine.size(), mine.begin());
      next += static_cast<ptrdiff_t>(mine.size());
      sets_.Add(mine, std::vector<uint32_t>(mine.size(), group));
    }
    return Status::OK();
  }

  Status LoadGroup(std::string_view* in, uint32_t group) {
    SeenValues& seen = seen_[group];
    VELO_ASSIGN_OR_RETURN(seen.null_at, TakeInteger(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
    seen.numbers.resize(bytes.size() / sizeof(int64_t));
    if (!seen.numbers.empty()) std::memcpy(seen.numbers.data(), bytes.data(), seen.numbers.size() * sizeof(int64_t));
    const bool known =
        std::all_of(seen.numbers.begin(), seen.numbers.end(), [this](int64_t number) { return values_.Knows(number); });
    if (!known || seen.null_at >= static_cast<int64_t>(seen.numbers.size())) {
      return Status::World("STATE_DAMAGED", "a saved set of values holds what no value belongs to");
    }
    seen_bytes_ += BytesOf(seen);
    std::vector<int64_t> numbers = seen.numbers;
    if (seen.null_at >= 0) numbers.erase(numbers.begin() + seen.null_at);
    sets_.Add(numbers, std::vector<uint32_t>(numbers.size(), group));
    return Status::OK();
  }

  std::unique_ptr<Aggregator> inner_;
  ValueNumbers values_;
  ValueBlocks sets_;
  std::vector<SeenValues> seen_;  ///< Per group.
  int64_t seen_bytes_ = 0;
  std::vector<uint8_t> first_;    ///< Scratch: of each row, whether its value is new to its group.
  std::vector<int64_t> numbers_;  ///< Scratch: of each row.
  std::vector<int64_t> taken_;    ///< Scratch: what goes into the sets,
  std::vector<uint32_t> groups_;  ///< into which,
  std::vector<uint32_t> rows_;    ///< and the rows it comes from.
  std::vector<uint32_t> added_;   ///< Scratch: the places there of what was new.
};

}  // namespace

std::unique_ptr<Aggregator> MakeDistinctAggregator(std::unique_ptr<Aggregator> inner,
                                                   const std::vector<SqlType>& arguments) {
  return std::make_unique<DistinctAggregator>(std::move(inner), arguments);
}

}  // namespace velo::exec
