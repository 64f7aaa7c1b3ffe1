#include "engine/functions/aggregate/distinct.h"

#include <unordered_set>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/families.h"
#include "engine/functions/registry.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// The keys of a group and the order in which they came; the set owns the texts.
struct SeenKeys {
  std::unordered_set<std::string> keys;
  std::vector<const std::string*> order;
};

class DistinctAggregator : public Aggregator {
 public:
  DistinctAggregator(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments)
      : inner_(std::move(inner)) {
    for (const SqlType& type : arguments) codecs_.emplace_back(type);
  }

  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > seen_.size()) seen_.resize(static_cast<size_t>(groups));
    inner_->Resize(groups);
  }

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    first_.assign(static_cast<size_t>(rows), 0);
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      if (!EncodeRow(arguments, row)) continue;
      if (Remember(groups[row], key_)) first_[static_cast<size_t>(row)] = 1;
    }
    return inner_->Update(arguments, groups, first_.data(), rows);
  }

  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    // Values that both have seen must count once, so the unseen ones of the other state are fed in as rows.
    const auto& theirs = static_cast<const DistinctAggregator&>(other);
    std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
    for (const ValueCodec& codec : codecs_) {
      VELO_ASSIGN_OR_RETURN_ARROW(auto builder, arrow::MakeBuilder(codec.type().ToArrow()));
      builders.push_back(std::move(builder));
    }
    std::vector<uint32_t> groups;
    for (size_t group = 0; group < group_map.size() && group < theirs.seen_.size(); ++group) {
      if (group_map[group] == UINT32_MAX) continue;
      for (const std::string* key : theirs.seen_[group].order) {
        if (!Remember(group_map[group], *key)) continue;
        groups.push_back(group_map[group]);
        std::string_view rest = *key;
        for (size_t i = 0; i < codecs_.size(); ++i) {
          std::string value;
          VELO_RETURN_IF_ERROR(LoadText(&rest, &value));
          VELO_RETURN_IF_ERROR(codecs_[i].Decode(value, builders[i].get()));
        }
      }
    }
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const auto& builder : builders) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, builder->Finish());
      columns.push_back(std::move(column));
    }
    return inner_->Update(columns, groups.data(), nullptr, static_cast<int64_t>(groups.size()));
  }

  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return inner_->Finalise(groups);
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      for (const std::string* key : seen_[group].order) bytes_ -= KeyBytes(*key);
      seen_[group] = SeenKeys{};
    }
    inner_->Reset(groups);
  }
  int64_t MemoryBytes() const override {
    return inner_->MemoryBytes() + bytes_ + static_cast<int64_t>(seen_.capacity() * sizeof(SeenKeys));
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{seen_.size()}, out);
    for (const SeenKeys& seen : seen_) {
      std::vector<std::string> keys;
      for (const std::string* key : seen.order) keys.push_back(*key);
      SaveTexts(keys, out);
    }
    inner_->Save(out);
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> count;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &count));
    if (count.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    seen_.clear();
    seen_.resize(count[0]);
    bytes_ = 0;
    for (uint64_t group = 0; group < count[0]; ++group) {
      std::vector<std::string> keys;
      VELO_RETURN_IF_ERROR(LoadTexts(in, &keys));
      for (const std::string& key : keys) Remember(static_cast<uint32_t>(group), key);
    }
    return inner_->Load(in);
  }

 private:
  // A node of the set, its pointer in the order, and the text where it does not fit into the string itself.
  static int64_t KeyBytes(const std::string& key) {
    return 72 + (key.size() > 15 ? static_cast<int64_t>(key.size()) : 0);
  }

  // Fills key_ with the values of a row; false when one of them is NULL.
  bool EncodeRow(ArgumentSpan arguments, int64_t row) {
    key_.clear();
    for (size_t i = 0; i < codecs_.size(); ++i) {
      if (arguments[i]->IsNull(row)) return false;
      value_.clear();
      codecs_[i].Encode(*arguments[i], row, &value_);
      SaveText(value_, &key_);
    }
    return true;
  }

  bool Remember(uint32_t group, const std::string& key) {
    SeenKeys& seen = seen_[group];
    const auto [place, added] = seen.keys.insert(key);
    if (added) {
      seen.order.push_back(&*place);
      bytes_ += KeyBytes(key);
    }
    return added;
  }

  std::unique_ptr<Aggregator> inner_;
  std::vector<ValueCodec> codecs_;
  std::vector<SeenKeys> seen_;
  std::vector<uint8_t> first_;
  std::string key_;
  std::string value_;
  int64_t bytes_ = 0;
};

Result<CallTypes> CountDistinctTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  CallTypes types{{arguments.begin(), arguments.end()}, TypeKind::kInteger};
  return types;
}

std::unique_ptr<Aggregator> MakeCountDistinct(const CallTypes& types, ConstantSpan constants) {
  const AggregateFunction* count = BuiltinFunctions().FindAggregate("COUNT");
  return MakeDistinct(count->make(types, constants), types.arguments);
}

}  // namespace

std::unique_ptr<Aggregator> MakeDistinct(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments) {
  return std::make_unique<DistinctAggregator>(std::move(inner), arguments);
}

void RegisterDistinct(FunctionRegistry* registry) {
  AggregateFunction count;
  count.name = "COUNT_DISTINCT";
  count.types = CountDistinctTypes;
  count.make = MakeCountDistinct;
  count.counts_distinct = true;
  count.doc = {"Aggregate",
               "COUNT_DISTINCT(x, ...) → INTEGER",
               "Number of distinct values, exactly.",
               "NULL values are not counted",
               "COUNT_DISTINCT(user_id)",
               ""};
  registry->Add(std::move(count));
}

}  // namespace velo
