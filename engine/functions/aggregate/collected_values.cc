#include <algorithm>
#include <unordered_map>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// Base of aggregates that keep all values of a group as bytes, in the order they came.
class CollectedValues : public Aggregator {
 public:
  CollectedValues(const SqlType& type, bool keep_nulls) : codec_(type), keep_nulls_(keep_nulls) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > groups_.size()) groups_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      if (!keep_nulls_ && arguments[0]->IsNull(row)) continue;
      std::string value;
      codec_.Encode(*arguments[0], row, &value);
      bytes_ += static_cast<int64_t>(sizeof(value) + value.size());
      groups_[groups[row]].push_back(std::move(value));
    }
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const CollectedValues&>(other).groups_, group_map,
                [&](std::vector<std::string>& mine, const std::vector<std::string>& theirs) {
                  mine.insert(mine.end(), theirs.begin(), theirs.end());
                  bytes_ += BytesOf(theirs);
                });
    return Status::OK();
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      bytes_ -= BytesOf(groups_[group]);
      groups_[group] = std::vector<std::string>();
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + static_cast<int64_t>(groups_.capacity() * sizeof(std::vector<std::string>));
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const auto& values : groups_) SaveTexts(values, out);
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    groups_.clear();
    groups_.resize(size[0]);
    bytes_ = 0;
    for (auto& values : groups_) {
      VELO_RETURN_IF_ERROR(LoadTexts(in, &values));
      bytes_ += BytesOf(values);
    }
    return Status::OK();
  }

 protected:
  static int64_t BytesOf(const std::vector<std::string>& values) {
    int64_t bytes = 0;
    for (const std::string& value : values) bytes += static_cast<int64_t>(sizeof(value) + value.size());
    return bytes;
  }

  ValueCodec codec_;
  bool keep_nulls_;
  std::vector<std::vector<std::string>> groups_;
  int64_t bytes_ = 0;
};

class ArrayAggregator : public CollectedValues {
 public:
  ArrayAggregator(const CallTypes& types, bool keep_nulls)
      : CollectedValues(types.arguments[0], keep_nulls), result_(types.result) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    VELO_ASSIGN_OR_RETURN_ARROW(auto made, arrow::MakeBuilder(result_.ToArrow()));
    auto* lists = static_cast<arrow::ListBuilder*>(made.get());
    for (const uint32_t group : groups) {
      if (groups_[group].empty()) {
        VELO_RETURN_IF_ARROW_ERROR(lists->AppendNull());
        continue;
      }
      VELO_RETURN_IF_ARROW_ERROR(lists->Append());
      for (const std::string& value : groups_[group]) {
        VELO_RETURN_IF_ERROR(codec_.Decode(value, lists->value_builder()));
      }
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, lists->Finish());
    return array;
  }

 private:
  SqlType result_;
};

class StringAggregator : public CollectedValues {
 public:
  explicit StringAggregator(std::string separator)
      : CollectedValues(TypeKind::kString, false), separator_(std::move(separator)) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::StringBuilder>(TypeKind::kString, groups, [this](auto* builder, uint32_t group) {
      if (groups_[group].empty()) return builder->AppendNull();
      std::string text;
      for (const std::string& value : groups_[group]) {
        if (&value != &groups_[group].front()) text += separator_;
        text.append(value, 1);  // The first byte only tells a value from NULL.
      }
      return builder->Append(text);
    });
  }

 private:
  std::string separator_;
};

// The most frequent value, the earliest among equals.
class ModeAggregator : public CollectedValues {
 public:
  explicit ModeAggregator(const SqlType& type) : CollectedValues(type, false) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    VELO_ASSIGN_OR_RETURN_ARROW(auto builder, arrow::MakeBuilder(codec_.type().ToArrow()));
    std::unordered_map<std::string_view, int64_t> counts;
    for (const uint32_t group : groups) {
      counts.clear();
      int64_t most = 0;
      for (const std::string& value : groups_[group]) most = std::max(most, ++counts[value]);
      const auto winner = std::find_if(groups_[group].begin(), groups_[group].end(),
                                       [&](const std::string& value) { return counts[value] == most; });
      VELO_RETURN_IF_ERROR(codec_.Decode(winner == groups_[group].end() ? std::string_view() : *winner, builder.get()));
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
    return array;
  }
};

Result<CallTypes> ArrayTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const SqlType type = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  return CallTypes{{type}, SqlType::Array(type)};
}

Result<CallTypes> ModeTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const SqlType type = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  return CallTypes{{type}, type};
}

template <bool kKeepNulls>
std::unique_ptr<Aggregator> MakeArrayAggregator(const CallTypes& types, ConstantSpan) {
  return std::make_unique<ArrayAggregator>(types, kKeepNulls);
}
std::unique_ptr<Aggregator> MakeStringAggregator(const CallTypes&, ConstantSpan constants) {
  const bool given = constants.size() > 1 && constants[1] != nullptr;
  return std::make_unique<StringAggregator>(given ? *constants[1] : ",");
}
std::unique_ptr<Aggregator> MakeMode(const CallTypes& types, ConstantSpan) {
  return std::make_unique<ModeAggregator>(types.result);
}

}  // namespace

void RegisterCollectedValues(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, std::vector<std::string> aliases, TypeRule types, auto make,
                              FunctionDoc doc, bool is_distinct = false) {
    AggregateFunction function;
    function.name = std::move(name);
    function.aliases = std::move(aliases);
    function.types = types;
    function.make = make;
    function.is_distinct = is_distinct;
    function.doc = std::move(doc);
    registry->Add(std::move(function));
  };
  add("STRING_AGG", {"LISTAGG", "GROUP_CONCAT", "COLLECT"},
      FixedTypes<TypeKind::kString, 1, TypeKind::kString, TypeKind::kString>, MakeStringAggregator,
      {"Aggregate", "STRING_AGG(x[, separator]) → STRING", "The values as text, in arrival order, with a separator.",
       "NULL values are left out", "STRING_AGG(symbol, ', ')", ""});
  add("ARRAY_AGG", {"COLLECT_LIST"}, ArrayTypes, MakeArrayAggregator<true>,
      {"Aggregate", "ARRAY_AGG(x) → ARRAY", "All values in arrival order.", "NULL values are kept", "ARRAY_AGG(symbol)",
       ""});
  add("COLLECT_SET", {}, ArrayTypes, MakeArrayAggregator<false>,
      {"Aggregate", "COLLECT_SET(x) → ARRAY", "The distinct values in arrival order.", "NULL values are left out",
       "COLLECT_SET(symbol)", ""},
      /*is_distinct=*/true);
  add("MODE", {}, ModeTypes, MakeMode,
      {"Aggregate", "MODE(x) → type of x", "The most frequent value, the earliest among equals.",
       "NULL values are ignored", "MODE(symbol)", ""});
}

}  // namespace velo
