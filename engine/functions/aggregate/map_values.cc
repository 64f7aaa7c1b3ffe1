#include <unordered_map>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// Entries of one group in the order in which their keys came first.
struct Entries {
  std::vector<std::string> keys;
  std::vector<std::string> values;
  std::unordered_map<std::string, size_t> places;
};

// MAP_AGG: the last value of every key. NULL keys are left out, NULL values kept.
class MapAggregator : public Aggregator {
 public:
  explicit MapAggregator(const CallTypes& types)
      : key_(types.arguments[0]), value_(types.arguments[1]), result_(types.result) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > groups_.size()) groups_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    std::string key;
    ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t row) {
      key.clear();
      key_.Encode(*arguments[0], row, &key);
      std::string value;
      value_.Encode(*arguments[1], row, &value);
      Put(&groups_[group], key, std::move(value));
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const MapAggregator&>(other).groups_, group_map,
                [&](Entries& mine, const Entries& theirs) {
                  for (size_t i = 0; i < theirs.keys.size(); ++i) Put(&mine, theirs.keys[i], theirs.values[i]);
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    VELO_ASSIGN_OR_RETURN_ARROW(auto made, arrow::MakeBuilder(result_.ToArrow()));
    auto* maps = static_cast<arrow::MapBuilder*>(made.get());
    for (const uint32_t group : groups) {
      const Entries& entries = groups_[group];
      if (entries.keys.empty()) {
        VELO_RETURN_IF_ARROW_ERROR(maps->AppendNull());
        continue;
      }
      VELO_RETURN_IF_ARROW_ERROR(maps->Append());
      for (size_t i = 0; i < entries.keys.size(); ++i) {
        VELO_RETURN_IF_ERROR(key_.Decode(entries.keys[i], maps->key_builder()));
        VELO_RETURN_IF_ERROR(value_.Decode(entries.values[i], maps->item_builder()));
      }
    }
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, maps->Finish());
    return array;
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      for (size_t i = 0; i < groups_[group].keys.size(); ++i) {
        bytes_ -= EntryBytes(groups_[group].keys[i], groups_[group].values[i]);
      }
      groups_[group] = Entries{};
    }
  }
  int64_t MemoryBytes() const override { return bytes_ + static_cast<int64_t>(groups_.capacity() * sizeof(Entries)); }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const Entries& entries : groups_) {
      SaveTexts(entries.keys, out);
      SaveTexts(entries.values, out);
    }
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    groups_.assign(size[0], {});
    bytes_ = 0;
    std::vector<std::string> keys, values;
    for (Entries& entries : groups_) {
      VELO_RETURN_IF_ERROR(LoadTexts(in, &keys));
      VELO_RETURN_IF_ERROR(LoadTexts(in, &values));
      if (keys.size() != values.size()) return Status::Bug("an aggregate snapshot is not what it should be");
      for (size_t i = 0; i < keys.size(); ++i) Put(&entries, keys[i], std::move(values[i]));
    }
    return Status::OK();
  }

 private:
  // The key is held twice, once in the index.
  static int64_t EntryBytes(const std::string& key, const std::string& value) {
    return 128 + static_cast<int64_t>(2 * key.size() + value.size());
  }

  void Put(Entries* entries, const std::string& key, std::string value) {
    const auto [place, added] = entries->places.try_emplace(key, entries->keys.size());
    if (added) {
      bytes_ += EntryBytes(key, value);
      entries->keys.push_back(key);
      entries->values.push_back(std::move(value));
      return;
    }
    std::string& old = entries->values[place->second];
    bytes_ += static_cast<int64_t>(value.size()) - static_cast<int64_t>(old.size());
    old = std::move(value);
  }

  ValueCodec key_;
  ValueCodec value_;
  SqlType result_;
  std::vector<Entries> groups_;
  int64_t bytes_ = 0;
};

Result<CallTypes> MapTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  if (arguments[0].is_nested()) return WrongArgumentType(name, 0, arguments[0], "STRING");
  const SqlType value = IsUnknown(arguments[1]) ? SqlType(TypeKind::kString) : arguments[1];
  return CallTypes{{TypeKind::kString, value}, SqlType::Map(TypeKind::kString, value)};
}

std::unique_ptr<Aggregator> MakeMap(const CallTypes& types, ConstantSpan) {
  return std::make_unique<MapAggregator>(types);
}

}  // namespace

void RegisterMapValues(FunctionRegistry* registry) {
  AggregateFunction map;
  map.name = "MAP_AGG";
  map.aliases = {"JSON_OBJECT_AGG"};
  map.types = MapTypes;
  map.make = MakeMap;
  map.doc = {"Aggregate",
             "MAP_AGG(key, value) → MAP",
             "A map of every key to its last value.",
             "NULL keys are left out, NULL values kept",
             "MAP_AGG(symbol, price)",
             ""};
  registry->Add(std::move(map));
}

}  // namespace velo
