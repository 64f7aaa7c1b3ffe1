#include "engine/exec/distinct_aggregator.h"

#include <numeric>

#include "engine/exec/group_table.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

std::vector<std::shared_ptr<arrow::DataType>> EntryTypes(const std::vector<SqlType>& arguments) {
  std::vector<std::shared_ptr<arrow::DataType>> types{arrow::int64()};
  for (const SqlType& argument : arguments) types.push_back(argument.ToArrow());
  return types;
}

class DistinctAggregator : public Aggregator {
 public:
  DistinctAggregator(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments)
      : inner_(std::move(inner)), types_(EntryTypes(arguments)), seen_(types_) {}

  void Resize(int64_t groups) override { inner_->Resize(groups); }

  Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                const uint8_t* selected, int64_t rows) override {
    // Rows left out by FILTER must not mark their value as seen, so they go in under a group nobody has.
    std::vector<int64_t> groups(group_ids, group_ids + rows);
    if (selected != nullptr) {
      for (int64_t i = 0; i < rows; ++i) {
        if (selected[i] == 0) groups[i] = -1;
      }
    }
    std::vector<std::shared_ptr<arrow::Array>> entry{
        std::make_shared<arrow::Int64Array>(rows, arrow::Buffer::Wrap(groups.data(), groups.size()))};
    entry.insert(entry.end(), arguments.begin(), arguments.end());
    uint32_t known = seen_.size();
    std::vector<uint32_t> ids(static_cast<size_t>(rows));
    VELO_RETURN_IF_ERROR(seen_.FindOrInsert(entry, rows, ids.data()));
    std::vector<uint8_t> first(static_cast<size_t>(rows), 0);
    for (int64_t i = 0; i < rows; ++i) {
      if (ids[i] != known) continue;
      ++known;
      first[i] = groups[i] >= 0 ? 1 : 0;
    }
    return inner_->Update(arguments, group_ids, first.data(), rows);
  }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& source = static_cast<const DistinctAggregator&>(other);
    std::vector<uint32_t> all(source.seen_.size());
    std::iota(all.begin(), all.end(), 0U);
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> groups, source.seen_.Keys(0, all));
    const int64_t* old_groups = static_cast<const arrow::Int64Array&>(*groups).raw_values();
    std::vector<uint32_t> rows, targets;
    for (uint32_t i : all) {
      const uint32_t target = old_groups[i] < 0 ? UINT32_MAX : group_map[static_cast<size_t>(old_groups[i])];
      if (target == UINT32_MAX) continue;
      rows.push_back(i);
      targets.push_back(target);
    }
    std::vector<std::shared_ptr<arrow::Array>> arguments;
    for (size_t column = 1; column < types_.size(); ++column) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, source.seen_.Keys(column, rows));
      arguments.push_back(std::move(array));
    }
    return Update(arguments, targets.data(), nullptr, static_cast<int64_t>(rows.size()));
  }

  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return inner_->Finalise(groups);
  }

  void Reset(std::span<const uint32_t> groups) override {
    std::vector<uint32_t> dropped(groups.begin(), groups.end());
    std::sort(dropped.begin(), dropped.end());
    inner_->Reset(groups);
    GroupTable kept(types_);
    std::vector<uint32_t> all(seen_.size());
    std::iota(all.begin(), all.end(), 0U);
    auto group_column = seen_.Keys(0, all);
    VELO_CHECK(group_column.ok());
    const int64_t* values = static_cast<const arrow::Int64Array&>(**group_column).raw_values();
    std::erase_if(all, [&](uint32_t i) {
      return values[i] < 0 || std::binary_search(dropped.begin(), dropped.end(), static_cast<uint32_t>(values[i]));
    });
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t column = 0; column < types_.size(); ++column) {
      auto array = seen_.Keys(column, all);
      VELO_CHECK(array.ok());
      columns.push_back(*array);
    }
    std::vector<uint32_t> ids(all.size());
    VELO_CHECK(kept.FindOrInsert(columns, static_cast<int64_t>(all.size()), ids.data()).ok());
    seen_ = std::move(kept);
  }

  int64_t MemoryBytes() const override { return inner_->MemoryBytes() + seen_.MemoryBytes(); }

  void Save(std::string* out) const override {
    inner_->Save(out);
    std::vector<uint32_t> all(seen_.size());
    std::iota(all.begin(), all.end(), 0U);
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t column = 0; column < types_.size(); ++column) {
      auto array = seen_.Keys(column, all);
      VELO_CHECK(array.ok());
      columns.push_back(*array);
    }
    VELO_CHECK(PutArrays(columns, static_cast<int64_t>(all.size()), out).ok());
  }

  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(inner_->Load(in));
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> entries, TakeBatch(in));
    std::vector<uint32_t> ids(static_cast<size_t>(entries->num_rows()));
    return seen_.FindOrInsert(entries->columns(), entries->num_rows(), ids.data());
  }

 private:
  std::unique_ptr<Aggregator> inner_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;  ///< Group, then the arguments.
  GroupTable seen_;
};

}  // namespace

std::unique_ptr<Aggregator> MakeDistinctAggregator(std::unique_ptr<Aggregator> inner,
                                                   const std::vector<SqlType>& arguments) {
  return std::make_unique<DistinctAggregator>(std::move(inner), arguments);
}

}  // namespace velo::exec
