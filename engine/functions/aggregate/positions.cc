#include <cmath>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// Base of aggregates that keep one value of any type per group, as bytes.
class KeptValues : public Aggregator {
 public:
  explicit KeptValues(const SqlType& type) : codec_(type) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) <= values_.size()) return;
    values_.resize(static_cast<size_t>(groups));
    filled_.resize(values_.size(), 0);
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    VELO_ASSIGN_OR_RETURN_ARROW(auto builder, arrow::MakeBuilder(codec_.type().ToArrow()));
    for (const uint32_t group : groups) VELO_RETURN_IF_ERROR(codec_.Decode(values_[group], builder.get()));
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
    return array;
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      bytes_ -= static_cast<int64_t>(values_[group].size());
      values_[group] = std::string();
      filled_[group] = 0;
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + static_cast<int64_t>(values_.capacity() * (sizeof(std::string) + 1));
  }
  void Save(std::string* out) const override {
    SaveTexts(values_, out);
    SaveNumbers(filled_, out);
  }
  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(LoadTexts(in, &values_));
    bytes_ = 0;
    for (const std::string& value : values_) bytes_ += static_cast<int64_t>(value.size());
    return LoadNumbers(in, &filled_);
  }

 protected:
  void Keep(uint32_t group, std::string value) {
    bytes_ += static_cast<int64_t>(value.size()) - static_cast<int64_t>(values_[group].size());
    values_[group] = std::move(value);
    filled_[group] = 1;
  }
  void KeepRow(uint32_t group, const arrow::Array& column, int64_t row) {
    std::string value;
    codec_.Encode(column, row, &value);
    Keep(group, std::move(value));
  }

  ValueCodec codec_;
  std::vector<std::string> values_;
  std::vector<uint8_t> filled_;
  int64_t bytes_ = 0;
};

// FIRST and LAST in the order the rows come; NULL counts as a value.
class EndValueAggregator : public KeptValues {
 public:
  EndValueAggregator(const SqlType& type, bool first) : KeptValues(type), first_(first) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const arrow::Array& column = *arguments[0];
    if (first_) {
      for (int64_t row = 0; row < rows; ++row) {
        if (filled_[groups[row]] == 0 && (selected == nullptr || selected[row] != 0)) KeepRow(groups[row], column, row);
      }
      return Status::OK();
    }
    // Only the last row of each group in the batch is worth keeping: look from the end.
    touched_.assign(values_.size(), 0);
    size_t left = values_.size();
    for (int64_t row = rows - 1; row >= 0 && left > 0; --row) {
      if (touched_[groups[row]] != 0 || (selected != nullptr && selected[row] == 0)) continue;
      touched_[groups[row]] = 1;
      --left;
      KeepRow(groups[row], column, row);
    }
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& theirs = static_cast<const EndValueAggregator&>(other);
    for (size_t group = 0; group < group_map.size() && group < theirs.values_.size(); ++group) {
      if (group_map[group] == UINT32_MAX || theirs.filled_[group] == 0) continue;
      if (first_ && filled_[group_map[group]] != 0) continue;
      Keep(group_map[group], theirs.values_[group]);
    }
    return Status::OK();
  }

 private:
  bool first_;
  std::vector<uint8_t> touched_;
};

// FIRST and LAST by event time (the second argument), rows of the same time as they came; NULL counts as a value.
class TimedEndAggregator : public KeptValues {
 public:
  TimedEndAggregator(const SqlType& type, bool first) : KeptValues(type), first_(first) {}

  void Resize(int64_t groups) override {
    KeptValues::Resize(groups);
    times_.resize(values_.size());
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const Values<int64_t> times{arrow::Datum(arguments[1])};
    // Finds the best row of each group first, so that one value per group and batch is kept.
    best_.assign(values_.size(), -1);
    touched_.clear();
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      const uint32_t group = groups[row];
      const int64_t time = times.IsNull(row) ? (first_ ? INT64_MAX : INT64_MIN) : times[row];
      if (!Better(group, time)) continue;
      if (best_[group] < 0) touched_.push_back(group);
      best_[group] = row;
      times_[group] = time;
      filled_[group] = 1;
    }
    for (const uint32_t group : touched_) KeepRow(group, *arguments[0], best_[group]);
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& theirs = static_cast<const TimedEndAggregator&>(other);
    for (size_t group = 0; group < group_map.size() && group < theirs.values_.size(); ++group) {
      const uint32_t mine = group_map[group];
      if (mine == UINT32_MAX || theirs.filled_[group] == 0 || !Better(mine, theirs.times_[group])) continue;
      times_[mine] = theirs.times_[group];
      Keep(mine, theirs.values_[group]);
    }
    return Status::OK();
  }
  int64_t MemoryBytes() const override {
    return KeptValues::MemoryBytes() + static_cast<int64_t>(times_.capacity() * sizeof(int64_t));
  }
  void Save(std::string* out) const override {
    KeptValues::Save(out);
    SaveNumbers(times_, out);
  }
  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(KeptValues::Load(in));
    return LoadNumbers(in, &times_);
  }

 private:
  bool Better(uint32_t group, int64_t time) const {
    if (filled_[group] == 0) return true;
    return first_ ? time < times_[group] : time >= times_[group];
  }

  bool first_;
  std::vector<int64_t> times_;
  std::vector<int64_t> best_;
  std::vector<uint32_t> touched_;
};

template <typename T>
struct EndState {
  T value{};
  int64_t time = 0;
  uint8_t filled = 0;
  uint8_t valid = 0;  ///< The value is not NULL.
};

// The same for values of fixed width: by event time when there is a second argument, else by arrival.
template <typename T, bool kFirst>
class FixedEndAggregator : public GroupAggregator<EndState<T>> {
  using State = EndState<T>;
  using GroupAggregator<State>::states_;

 public:
  explicit FixedEndAggregator(SqlType type) : type_(std::move(type)) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const Values<T> values{arrow::Datum(arguments[0])};
    if (arguments.size() == 1) {
      Offer(values, groups, selected, rows, [](int64_t) { return int64_t{0}; });
      return Status::OK();
    }
    const Values<int64_t> times{arrow::Datum(arguments[1])};
    if (times.has_nulls()) {
      Offer(values, groups, selected, rows, [&](int64_t row) {
        constexpr int64_t kWorst = kFirst ? INT64_MAX : INT64_MIN;
        return times.IsNull(row) ? kWorst : times[row];
      });
    } else {
      Offer(values, groups, selected, rows, [raw = times.raw()](int64_t row) { return raw[row]; });
    }
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const FixedEndAggregator&>(other).states_, group_map,
                [](State& mine, const State& theirs) {
                  if (theirs.filled != 0 && IsBetter(mine, theirs.time)) mine = theirs;
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    KernelContext context;
    context.result = type_;
    context.rows = static_cast<int64_t>(groups.size());
    VELO_ASSIGN_OR_RETURN(const arrow::Datum column, MapFixed<T>(context, {}, [&](int64_t i) -> std::optional<T> {
                            const State& state = states_[groups[static_cast<size_t>(i)]];
                            if (state.valid == 0) return std::nullopt;
                            return state.value;
                          }));
    return column.make_array();
  }

 private:
  static bool IsBetter(const State& state, int64_t time) {
    return state.filled == 0 || (kFirst ? time < state.time : time >= state.time);
  }

  template <typename TimeOf>
  void Offer(const Values<T>& values, const uint32_t* groups, const uint8_t* selected, int64_t rows, TimeOf time_of) {
    const T* raw = values.raw();
    const bool has_nulls = values.has_nulls();
    State* states = states_.data();
    for (int64_t row = 0; row < rows; ++row) {
      if (selected != nullptr && selected[row] == 0) continue;
      State& state = states[groups[row]];
      const int64_t time = time_of(row);
      if (!IsBetter(state, time)) continue;
      const bool valid = !has_nulls || !values.IsNull(row);
      state = {valid ? raw[row] : T{}, time, 1, static_cast<uint8_t>(valid ? 1 : 0)};
    }
  }

  SqlType type_;
};

// MIN_BY and MAX_BY: the value next to the smallest or largest key; the earliest row wins among equals.
template <typename Key>
class ByKeyAggregator : public KeptValues {
 public:
  ByKeyAggregator(const SqlType& type, bool least) : KeptValues(type), least_(least) {}

  void Resize(int64_t groups) override {
    KeptValues::Resize(groups);
    keys_.resize(values_.size());
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const Values<View> keys{arrow::Datum(arguments[1])};
    ForEachValue(*arguments[1], groups, selected, rows, [&](uint32_t group, int64_t row) {
      if (!Better(group, keys[row])) return;
      keys_[group] = Key(keys[row]);
      KeepRow(group, *arguments[0], row);
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& theirs = static_cast<const ByKeyAggregator&>(other);
    for (size_t group = 0; group < group_map.size() && group < theirs.values_.size(); ++group) {
      if (group_map[group] == UINT32_MAX || theirs.filled_[group] == 0) continue;
      if (!Better(group_map[group], theirs.keys_[group])) continue;
      keys_[group_map[group]] = theirs.keys_[group];
      Keep(group_map[group], theirs.values_[group]);
    }
    return Status::OK();
  }
  void Save(std::string* out) const override {
    KeptValues::Save(out);
    if constexpr (std::is_same_v<Key, std::string>) {
      SaveTexts(keys_, out);
    } else {
      SaveNumbers(keys_, out);
    }
  }
  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(KeptValues::Load(in));
    if constexpr (std::is_same_v<Key, std::string>) {
      return LoadTexts(in, &keys_);
    } else {
      return LoadNumbers(in, &keys_);
    }
  }

 private:
  using View = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key>;

  bool Better(uint32_t group, const View& key) const {
    if (filled_[group] == 0) return true;
    return least_ ? key < View(keys_[group]) : View(keys_[group]) < key;
  }

  bool least_;
  std::vector<Key> keys_;
};

Result<CallTypes> AnyValueTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const SqlType type = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  return CallTypes{{type}, type};
}

Result<CallTypes> ByKeyTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  SqlType value = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  SqlType key = IsUnknown(arguments[1]) ? SqlType(TypeKind::kString) : arguments[1];
  if (key.is_nested()) return WrongArgumentType(name, 1, key, "a value with an order");
  if (key.kind() == TypeKind::kBoolean) key = TypeKind::kInteger;
  return CallTypes{{value, std::move(key)}, value};
}

template <bool kFirst>
std::unique_ptr<Aggregator> MakeEndValue(const CallTypes& types, ConstantSpan) {
  switch (types.result.kind()) {
    case TypeKind::kFloat:
      return std::make_unique<FixedEndAggregator<double, kFirst>>(types.result);
    case TypeKind::kDecimal:
      return std::make_unique<FixedEndAggregator<Int128, kFirst>>(types.result);
    case TypeKind::kDate:
      return std::make_unique<FixedEndAggregator<int32_t, kFirst>>(types.result);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return std::make_unique<FixedEndAggregator<int64_t, kFirst>>(types.result);
    default:
      break;
  }
  if (types.arguments.size() > 1) return std::make_unique<TimedEndAggregator>(types.result, kFirst);
  return std::make_unique<EndValueAggregator>(types.result, kFirst);
}

template <bool kLeast>
std::unique_ptr<Aggregator> MakeByKey(const CallTypes& types, ConstantSpan) {
  switch (types.arguments[1].kind()) {
    case TypeKind::kFloat:
      return std::make_unique<ByKeyAggregator<double>>(types.result, kLeast);
    case TypeKind::kDecimal:
      return std::make_unique<ByKeyAggregator<Int128>>(types.result, kLeast);
    case TypeKind::kDate:
      return std::make_unique<ByKeyAggregator<int32_t>>(types.result, kLeast);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return std::make_unique<ByKeyAggregator<int64_t>>(types.result, kLeast);
    default:
      return std::make_unique<ByKeyAggregator<std::string>>(types.result, kLeast);
  }
}

}  // namespace

void RegisterPositions(FunctionRegistry* registry) {
  AggregateFunction end;
  end.types = AnyValueTypes;
  end.name = "FIRST_VALUE";
  end.aliases = {"FIRST"};
  end.make = MakeEndValue<true>;
  end.doc = {"Aggregate",
             "FIRST_VALUE(x) → type of x",
             "Value of the first row by event time, else by arrival.",
             "NULL counts as a value",
             "FIRST_VALUE(price)",
             ""};
  registry->Add(end);
  end.name = "LAST_VALUE";
  end.aliases = {"LAST"};
  end.make = MakeEndValue<false>;
  end.doc = {"Aggregate",
             "LAST_VALUE(x) → type of x",
             "Value of the last row by event time, else by arrival.",
             "NULL counts as a value",
             "LAST_VALUE(price)",
             ""};
  registry->Add(std::move(end));
  AggregateFunction by;
  by.types = ByKeyTypes;
  by.name = "MIN_BY";
  by.aliases = {"ARG_MIN"};
  by.make = MakeByKey<true>;
  by.doc = {"Aggregate",
            "MIN_BY(x, y) → type of x",
            "x of the row with the smallest y.",
            "Rows with NULL y are ignored",
            "MIN_BY(symbol, price)",
            ""};
  registry->Add(by);
  by.name = "MAX_BY";
  by.aliases = {"ARG_MAX"};
  by.make = MakeByKey<false>;
  by.doc = {"Aggregate",
            "MAX_BY(x, y) → type of x",
            "x of the row with the largest y.",
            "Rows with NULL y are ignored",
            "MAX_BY(symbol, price)",
            ""};
  registry->Add(std::move(by));
}

}  // namespace velo
