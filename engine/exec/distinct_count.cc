#include "engine/exec/distinct_count.h"

#include <numeric>

#include "engine/exec/group_table.h"
#include "engine/exec/key_encoding.h"
#include "engine/exec/state_codec.h"
#include "engine/exec/value_blocks.h"

namespace velo::exec {

namespace {

std::vector<std::shared_ptr<arrow::DataType>> ArrowTypes(const std::vector<SqlType>& arguments) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const SqlType& argument : arguments) types.push_back(argument.ToArrow());
  return types;
}

class DistinctCountAggregator : public Aggregator {
 public:
  explicit DistinctCountAggregator(const std::vector<SqlType>& arguments)
      : types_(ArrowTypes(arguments)), numbers_values_(types_.size() > 1 || !IsIntegerLike(*types_[0])) {
    if (numbers_values_) values_ = std::make_unique<GroupTable>(types_);
  }

  void Resize(int64_t groups) override { sets_.Resize(groups); }

  Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                const uint8_t* selected, int64_t rows) override {
    VELO_RETURN_IF_ERROR(ToNumbers(arguments, rows));
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
    if (!numbers_values_) {
      sets_.Merge(source.sets_, group_map);
      return Status::OK();
    }
    // The same value has another number there. Those of groups that are left out are not taken over.
    std::vector<uint32_t> here(source.values_->size(), 0);
    source.sets_.ForEach([&](uint32_t group, int64_t number) {
      if (IsMapped(group, group_map)) here[static_cast<size_t>(number)] = 1;
    });
    std::vector<uint32_t> wanted;
    for (uint32_t number = 0; number < here.size(); ++number) {
      if (here[number] != 0) wanted.push_back(number);
    }
    VELO_ASSIGN_OR_RETURN(const auto columns, source.ValuesOf(wanted));
    ids_.resize(wanted.size());
    VELO_RETURN_IF_ERROR(values_->FindOrInsert(columns, static_cast<int64_t>(wanted.size()), ids_.data()));
    for (size_t i = 0; i < wanted.size(); ++i) here[wanted[i]] = ids_[i];
    numbers_.clear();
    groups_.clear();
    source.sets_.ForEach([&](uint32_t group, int64_t number) {
      if (!IsMapped(group, group_map)) return;
      numbers_.push_back(here[static_cast<size_t>(number)]);
      groups_.push_back(group_map[group]);
    });
    sets_.Add(numbers_, groups_);
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
    return sets_.MemoryBytes() + (values_ == nullptr ? 0 : values_->MemoryBytes()) +
           static_cast<int64_t>(numbers_.capacity() * sizeof(int64_t) + groups_.capacity() * sizeof(uint32_t));
  }

  void Save(std::string* out) const override {
    sets_.Save(out);
    if (!numbers_values_) return;
    std::vector<uint32_t> all(values_->size());
    std::iota(all.begin(), all.end(), 0U);
    const auto columns = ValuesOf(all);
    VELO_CHECK(columns.ok());
    VELO_CHECK(PutArrays(*columns, values_->size(), out).ok());
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(sets_.Load(in));
    if (!numbers_values_) return Status::OK();
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(values->num_rows()));
    return values_->FindOrInsert(values->columns(), values->num_rows(), ids.data());
  }

 private:
  Status ToNumbers(std::span<const std::shared_ptr<arrow::Array>> arguments, int64_t rows) {
    if (!numbers_values_) {
      ToIntegers(*arguments[0], &numbers_);
      return Status::OK();
    }
    ids_.resize(static_cast<size_t>(rows));
    VELO_RETURN_IF_ERROR(values_->FindOrInsert(arguments, rows, ids_.data()));
    numbers_.assign(ids_.begin(), ids_.end());
    return Status::OK();
  }

  static bool IsMapped(uint32_t group, std::span<const uint32_t> group_map) {
    return group < group_map.size() && group_map[group] != UINT32_MAX;
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> ValuesOf(std::span<const uint32_t> numbers) const {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t column = 0; column < types_.size(); ++column) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, values_->Keys(column, numbers));
      columns.push_back(std::move(array));
    }
    return columns;
  }

  const std::vector<std::shared_ptr<arrow::DataType>> types_;
  const bool numbers_values_;           ///< The sets hold numbers of `values_`, not the values.
  std::unique_ptr<GroupTable> values_;  ///< Only then.
  ValueBlocks sets_;
  std::vector<int64_t> numbers_;  ///< Scratch: what goes into the sets.
  std::vector<uint32_t> groups_;  ///< Scratch: and into which.
  std::vector<uint32_t> ids_;     ///< Scratch.
};

}  // namespace

std::unique_ptr<Aggregator> MakeDistinctCount(const std::vector<SqlType>& arguments) {
  return std::make_unique<DistinctCountAggregator>(arguments);
}

}  // namespace velo::exec
