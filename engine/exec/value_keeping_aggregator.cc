#include "engine/exec/value_keeping_aggregator.h"

#include <algorithm>
#include <numeric>

#include "engine/exec/group_table.h"
#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFewDeadValues = 4096;

class ValueKeepingAggregator : public Aggregator {
 public:
  ValueKeepingAggregator(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments, bool distinct)
      : inner_(std::move(inner)), distinct_(distinct) {
    for (const SqlType& argument : arguments) types_.push_back(argument.ToArrow());
    values_ = std::make_unique<GroupTable>(types_);
  }

  void Resize(int64_t groups) override {
    inner_->Resize(groups);
    if (static_cast<size_t>(groups) <= kept_.size()) return;
    kept_.resize(static_cast<size_t>(groups));
    stale_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                const uint8_t* selected, int64_t rows) override {
    VELO_RETURN_IF_ERROR(FindValues(arguments, rows));
    // Groups that must be computed again anyway are left out.
    std::vector<uint8_t> fresh(static_cast<size_t>(rows), 0);
    for (int64_t i = 0; i < rows; ++i) {
      if (selected != nullptr && selected[i] == 0) continue;
      std::vector<uint32_t>& kept = kept_[group_ids[i]];
      const bool repeats = distinct_ && std::find(kept.begin(), kept.end(), ids_[i]) != kept.end();
      kept.push_back(ids_[i]);
      ++instances_;
      fresh[i] = stale_[group_ids[i]] == 0 && !repeats ? 1 : 0;
    }
    return inner_->Update(arguments, group_ids, fresh.data(), rows);
  }

  Status Retract(std::span<const std::shared_ptr<arrow::Array>> arguments, const uint32_t* group_ids,
                 const uint8_t* selected, int64_t rows) override {
    VELO_RETURN_IF_ERROR(FindValues(arguments, rows));
    for (int64_t i = 0; i < rows; ++i) {
      if (selected != nullptr && selected[i] == 0) continue;
      std::vector<uint32_t>& kept = kept_[group_ids[i]];
      const auto oldest = std::find(kept.begin(), kept.end(), ids_[i]);
      if (oldest == kept.end()) continue;
      kept.erase(oldest);
      --instances_;
      stale_[group_ids[i]] = 1;
    }
    return CompactIfWorthwhile();
  }

  bool retractable() const override { return true; }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& source = static_cast<const ValueKeepingAggregator&>(other);
    std::vector<uint32_t> groups, values;
    for (size_t group = 0; group < group_map.size() && group < source.kept_.size(); ++group) {
      if (group_map[group] == UINT32_MAX) continue;
      groups.insert(groups.end(), source.kept_[group].size(), group_map[group]);
      values.insert(values.end(), source.kept_[group].begin(), source.kept_[group].end());
    }
    VELO_ASSIGN_OR_RETURN(const auto arguments, source.Gather(values));
    return Update(arguments, groups.data(), nullptr, static_cast<int64_t>(groups.size()));
  }

  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    std::vector<uint32_t> stale;
    for (uint32_t group : groups) {
      if (stale_[group] == 0) continue;
      stale_[group] = 0;
      stale.push_back(group);
    }
    if (!stale.empty()) VELO_RETURN_IF_ERROR(Recompute(stale));
    return inner_->Finalise(groups);
  }

  void Reset(std::span<const uint32_t> groups) override {
    inner_->Reset(groups);
    for (uint32_t group : groups) {
      instances_ -= kept_[group].size();
      kept_[group].clear();
      stale_[group] = 0;
    }
  }

  int64_t MemoryBytes() const override {
    return inner_->MemoryBytes() + values_->MemoryBytes() +
           static_cast<int64_t>(instances_ * sizeof(uint32_t) + kept_.capacity() * sizeof(std::vector<uint32_t>));
  }

  void Save(std::string* out) const override {
    std::vector<uint32_t> values;
    PutInteger(static_cast<int64_t>(kept_.size()), out);
    for (const std::vector<uint32_t>& kept : kept_) {
      PutInteger(static_cast<int64_t>(kept.size()), out);
      values.insert(values.end(), kept.begin(), kept.end());
    }
    const auto arguments = Gather(values);
    VELO_CHECK(arguments.ok());
    VELO_CHECK(PutArrays(*arguments, static_cast<int64_t>(values.size()), out).ok());
  }

  Status Load(std::string_view* in) override {
    VELO_ASSIGN_OR_RETURN(const int64_t groups, TakeInteger(in));
    Resize(groups);
    std::vector<uint32_t> owners;
    for (int64_t group = 0; group < groups; ++group) {
      VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
      owners.insert(owners.end(), static_cast<size_t>(count), static_cast<uint32_t>(group));
    }
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> values, TakeBatch(in));
    if (values->num_rows() != static_cast<int64_t>(owners.size())) {
      return Status::Bug("the kept values of an aggregate do not fit its groups");
    }
    return Update(values->columns(), owners.data(), nullptr, values->num_rows());
  }

 private:
  Status FindValues(std::span<const std::shared_ptr<arrow::Array>> arguments, int64_t rows) {
    ids_.resize(static_cast<size_t>(rows));
    return values_->FindOrInsert(arguments, rows, ids_.data());
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> Gather(std::span<const uint32_t> values) const {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (size_t column = 0; column < types_.size(); ++column) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, values_->Keys(column, values));
      columns.push_back(std::move(array));
    }
    return columns;
  }

  Status Recompute(const std::vector<uint32_t>& groups) {
    inner_->Reset(groups);
    std::vector<uint32_t> owners, values;
    std::vector<uint32_t> seen_in(distinct_ ? values_->size() : 0, UINT32_MAX);
    for (uint32_t group : groups) {
      if (distinct_) {
        for (uint32_t value : kept_[group]) {
          if (seen_in[value] == group) continue;
          seen_in[value] = group;
          values.push_back(value);
          owners.push_back(group);
        }
        continue;
      }
      values.insert(values.end(), kept_[group].begin(), kept_[group].end());
      owners.insert(owners.end(), kept_[group].size(), group);
    }
    VELO_ASSIGN_OR_RETURN(const auto arguments, Gather(values));
    return inner_->Update(arguments, owners.data(), nullptr, static_cast<int64_t>(owners.size()));
  }

  // Values that no group holds any more must not pile up.
  Status CompactIfWorthwhile() {
    if (values_->size() < kFewDeadValues || values_->size() < 2 * instances_) return Status::OK();
    auto fresh = std::make_unique<GroupTable>(types_);
    std::vector<uint32_t> all;
    for (const std::vector<uint32_t>& kept : kept_) all.insert(all.end(), kept.begin(), kept.end());
    VELO_ASSIGN_OR_RETURN(const auto arguments, Gather(all));
    std::vector<uint32_t> ids(all.size());
    if (!all.empty()) {
      VELO_RETURN_IF_ERROR(fresh->FindOrInsert(arguments, static_cast<int64_t>(all.size()), ids.data()));
    }
    size_t next = 0;
    for (std::vector<uint32_t>& kept : kept_) {
      for (uint32_t& value : kept) value = ids[next++];
    }
    values_ = std::move(fresh);
    return Status::OK();
  }

  std::unique_ptr<Aggregator> inner_;
  const bool distinct_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  std::unique_ptr<GroupTable> values_;       ///< Gives every combination of argument values an id.
  std::vector<std::vector<uint32_t>> kept_;  ///< Per group: ids of its values, oldest first.
  std::vector<uint8_t> stale_;               ///< Per group: `inner_` does not know what was taken back.
  size_t instances_ = 0;                     ///< In all groups.
  std::vector<uint32_t> ids_;                ///< Scratch.
};

}  // namespace

std::unique_ptr<Aggregator> MakeValueKeepingAggregator(std::unique_ptr<Aggregator> inner,
                                                       const std::vector<SqlType>& arguments, bool distinct) {
  return std::make_unique<ValueKeepingAggregator>(std::move(inner), arguments, distinct);
}

}  // namespace velo::exec
