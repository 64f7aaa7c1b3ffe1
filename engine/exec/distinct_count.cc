#include "engine/exec/distinct_count.h"

#include <algorithm>

#include "engine/exec/value_blocks.h"
#include "engine/exec/value_numbers.h"

namespace velo::exec {

namespace {

class DistinctCountAggregator : public Aggregator {
 public:
  explicit DistinctCountAggregator(const std::vector<SqlType>& arguments) : values_(arguments) {}

  void Resize(int64_t groups) override { sets_.Resize(groups); }

  Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                const uint8_t* selected, int64_t rows) override {
    VELO_RETURN_IF_ERROR(ForgetUnusedValues());
    VELO_RETURN_IF_ERROR(values_.Find(arguments, rows, &numbers_));
    const bool has_nulls = std::any_of(arguments.begin(), arguments.end(),
                                       [](const auto& argument) { return argument->null_count() > 0; });
    if (selected == nullptr && !has_nulls) {
      sets_.Add(numbers_, {group_ids, static_cast<size_t>(rows)});
      return Status::OK();
    }
    groups_.clear();
    for (int64_t row = 0; row < rows; ++row) {
      const bool counts = (selected == nullptr || selected[row] != 0) &&
                          std::none_of(arguments.begin(), arguments.end(),
                                       [row](const auto& argument) { return argument->IsNull(row); });
      if (!counts) continue;
      numbers_[groups_.size()] = numbers_[static_cast<size_t>(row)];
      groups_.push_back(group_ids[row]);
    }
    sets_.Add(std::span(numbers_).first(groups_.size()), groups_);
    return Status::OK();
  }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& source = static_cast<const DistinctCountAggregator&>(other);
    if (values_.are_values()) {
      sets_.Merge(source.sets_, group_map);
      return Status::OK();
    }
    // The same value has another number there. Those of groups that are left out are not taken over.
    std::vector<int64_t> theirs;
    std::vector<uint32_t> groups;
    source.sets_.ForEach([&](uint32_t group, int64_t number) {
      if (group >= group_map.size() || group_map[group] == UINT32_MAX) return;
      theirs.push_back(number);
      groups.push_back(group_map[group]);
    });
    VELO_RETURN_IF_ERROR(Translate(source.values_, &theirs));
    sets_.Add(theirs, groups);
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    std::vector<int64_t> counts;
    counts.reserve(groups.size());
    for (const uint32_t group : groups) counts.push_back(sets_.count(group));
    return std::shared_ptr<arrow::Array>(std::make_shared<arrow::Int64Array>(
        static_cast<int64_t>(groups.size()), arrow::Buffer::FromVector(std::move(counts))));
  }

  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) sets_.Reset(group);
  }

  int64_t MemoryBytes() const override {
    return sets_.MemoryBytes() + values_.MemoryBytes() +
           static_cast<int64_t>(numbers_.capacity() * sizeof(int64_t) + groups_.capacity() * sizeof(uint32_t));
  }

  void Save(std::string* out) const override {
    sets_.Save(out);
    values_.Save(out);
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(sets_.Load(in));
    return values_.Load(in);
  }

 private:
  /// Changes numbers of `source` to those the same values have here.
  Status Translate(const ValueNumbers& source, std::vector<int64_t>* numbers) {
    std::vector<int64_t> wanted = *numbers;
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    if (wanted.empty()) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const auto columns, source.ValuesOf(wanted));
    VELO_RETURN_IF_ERROR(values_.Find(columns, static_cast<int64_t>(wanted.size()), &numbers_));
    std::vector<int64_t> here(static_cast<size_t>(wanted.back()) + 1);
    for (size_t i = 0; i < wanted.size(); ++i) here[static_cast<size_t>(wanted[i])] = numbers_[i];
    for (int64_t& number : *numbers) number = here[static_cast<size_t>(number)];
    return Status::OK();
  }

  /// The values of groups that are long gone must not pile up.
  Status ForgetUnusedValues() {
    if (!values_.MostlyUnused(static_cast<size_t>(sets_.total()))) return Status::OK();
    std::vector<int64_t> numbers;
    std::vector<uint32_t> groups;
    sets_.ForEach([&](uint32_t group, int64_t number) {
      numbers.push_back(number);
      groups.push_back(group);
    });
    VELO_RETURN_IF_ERROR(values_.KeepOnly(numbers));
    const auto size = static_cast<int64_t>(sets_.groups());
    sets_ = ValueBlocks();
    sets_.Resize(size);
    sets_.Add(numbers, groups);
    return Status::OK();
  }

  ValueNumbers values_;
  ValueBlocks sets_;
  std::vector<int64_t> numbers_;  ///< Scratch: what goes into the sets.
  std::vector<uint32_t> groups_;  ///< Scratch: and into which.
};

}  // namespace

std::unique_ptr<Aggregator> MakeDistinctCount(const std::vector<SqlType>& arguments) {
  return std::make_unique<DistinctCountAggregator>(arguments);
}

}  // namespace velo::exec
