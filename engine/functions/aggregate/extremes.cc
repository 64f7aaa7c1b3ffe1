#include <cmath>
#include <limits>

#include "engine/functions/aggregate/running.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

enum class Wanted : uint8_t { kLeast, kGreatest, kSpan };

// NaN sorts above all numbers.
template <typename T>
bool Less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) return a < b || (std::isnan(b) && !std::isnan(a));
  return a < b;
}

template <typename T>
struct Range {
  T least{};
  T greatest{};
  uint8_t filled = 0;
};

template <typename T>
void Widen(Range<T>& range, T least, T greatest) {
  if (range.filled == 0) {
    range = {least, greatest, 1};
    return;
  }
  if (Less(least, range.least)) range.least = least;
  if (Less(range.greatest, greatest)) range.greatest = greatest;
}

// What every value beats or equals.
template <typename T, bool kLeast>
T Worst() {
  if constexpr (std::is_same_v<T, double>) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return kLeast ? std::numeric_limits<double>::quiet_NaN() : -kInfinity;
  } else if constexpr (std::is_same_v<T, Int128>) {
    const auto least = static_cast<Int128>(static_cast<unsigned __int128>(1) << 127);
    return kLeast ? ~least : least;
  } else {
    return kLeast ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
  }
}

// MIN and MAX of fixed-width values. Groups without a value hold the worst one, so that rows need no branch.
template <typename T, bool kLeast>
class ExtremeAggregator : public Aggregator, public RunningAggregator {
 public:
  explicit ExtremeAggregator(SqlType type) : type_(std::move(type)) {}

  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) <= best_.size()) return;
    best_.resize(static_cast<size_t>(groups), Worst<T, kLeast>());
    filled_.resize(best_.size(), 0);
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const T* values = arguments[0]->data()->template GetValues<T>(1);
    if (best_.size() == 1) {
      T best = best_[0];
      uint8_t filled = filled_[0];
      ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t, int64_t row) {
        best = Better(values[row], best);
        filled = 1;
      });
      best_[0] = best;
      filled_[0] = filled;
    } else {
      T* best = best_.data();
      uint8_t* filled = filled_.data();
      ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t row) {
        best[group] = Better(values[row], best[group]);
        filled[group] = 1;
      });
    }
    return Status::OK();
  }
  bool shows_each_row() const override { return true; }
  Result<std::shared_ptr<arrow::Array>> UpdateShowing(ArgumentSpan arguments, const uint32_t* groups,
                                                      const uint8_t* selected, int64_t rows) override {
    const T* values = arguments[0]->data()->template GetValues<T>(1);
    const TakenRows taken(*arguments[0], selected);
    return ShowEachRow<T>(type_, rows, [&](int64_t row) -> std::optional<T> {
      const uint32_t group = groups[row];
      if (taken(row)) {
        best_[group] = Better(values[row], best_[group]);
        filled_[group] = 1;
      }
      if (filled_[group] == 0) return std::nullopt;
      return best_[group];
    });
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& theirs = static_cast<const ExtremeAggregator&>(other);
    for (size_t group = 0; group < group_map.size() && group < theirs.best_.size(); ++group) {
      const uint32_t mine = group_map[group];
      if (mine == UINT32_MAX) continue;
      best_[mine] = Better(theirs.best_[group], best_[mine]);
      filled_[mine] |= theirs.filled_[group];
    }
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return ShowEachRow<T>(type_, static_cast<int64_t>(groups.size()), [&](int64_t i) -> std::optional<T> {
      const uint32_t group = groups[static_cast<size_t>(i)];
      if (filled_[group] == 0) return std::nullopt;
      return best_[group];
    });
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      best_[group] = Worst<T, kLeast>();
      filled_[group] = 0;
    }
  }
  int64_t MemoryBytes() const override { return static_cast<int64_t>(best_.capacity() * (sizeof(T) + 1)); }
  void Save(std::string* out) const override {
    SaveNumbers(best_, out);
    SaveNumbers(filled_, out);
  }
  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &best_));
    return LoadNumbers(in, &filled_);
  }

 private:
  static T Better(const T& value, const T& best) {
    return (kLeast ? Less(value, best) : Less(best, value)) ? value : best;
  }

  SqlType type_;
  std::vector<T> best_;
  std::vector<uint8_t> filled_;
};

// DELTA of fixed-width values.
template <typename T>
class RangeAggregator : public GroupAggregator<Range<T>> {
  using GroupAggregator<Range<T>>::states_;

 public:
  explicit RangeAggregator(SqlType type) : type_(std::move(type)) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const T* values = arguments[0]->data()->template GetValues<T>(1);
    Range<T>* states = states_.data();
    ForEachValue(*arguments[0], groups, selected, rows,
                 [&](uint32_t group, int64_t row) { Widen(states[group], values[row], values[row]); });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const RangeAggregator&>(other).states_, group_map,
                [](Range<T>& mine, const Range<T>& theirs) {
                  if (theirs.filled != 0) Widen(mine, theirs.least, theirs.greatest);
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    KernelContext context;
    context.result = type_;
    context.rows = static_cast<int64_t>(groups.size());
    bool overflow = false;
    VELO_ASSIGN_OR_RETURN(const arrow::Datum column, MapFixed<T>(context, {}, [&](int64_t i) -> std::optional<T> {
                            const Range<T>& range = states_[groups[static_cast<size_t>(i)]];
                            if (range.filled == 0) return std::nullopt;
                            T span{};
                            if constexpr (std::is_same_v<T, double>) {
                              span = range.greatest - range.least;
                            } else {
                              overflow |= __builtin_sub_overflow(range.greatest, range.least, &span);
                            }
                            return span;
                          }));
    if (overflow) return Status::User("E4004", "the difference of MAX and MIN does not fit into " + type_.ToString());
    return column.make_array();
  }

 private:
  SqlType type_;
};

// MIN and MAX of texts, by code point: the order of their UTF-8 bytes.
class TextExtremeAggregator : public Aggregator {
 public:
  TextExtremeAggregator(SqlType type, Wanted wanted) : type_(std::move(type)), least_(wanted == Wanted::kLeast) {}

  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) <= texts_.size()) return;
    texts_.resize(static_cast<size_t>(groups));
    filled_.resize(texts_.size(), 0);
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const auto& texts = static_cast<const arrow::BinaryArray&>(*arguments[0]);
    ForEachValue(texts, groups, selected, rows, [&](uint32_t group, int64_t row) { Offer(group, texts.GetView(row)); });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    const auto& theirs = static_cast<const TextExtremeAggregator&>(other);
    for (size_t group = 0; group < group_map.size() && group < theirs.texts_.size(); ++group) {
      if (group_map[group] != UINT32_MAX && theirs.filled_[group] != 0) Offer(group_map[group], theirs.texts_[group]);
    }
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::BinaryBuilder>(type_, groups, [this](auto* builder, uint32_t group) {
      return filled_[group] == 0 ? builder->AppendNull() : builder->Append(texts_[group]);
    });
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      bytes_ -= static_cast<int64_t>(texts_[group].size());
      texts_[group] = std::string();
      filled_[group] = 0;
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + static_cast<int64_t>(texts_.capacity() * (sizeof(std::string) + 1));
  }
  void Save(std::string* out) const override {
    SaveTexts(texts_, out);
    SaveNumbers(filled_, out);
  }
  Status Load(std::string_view* in) override {
    VELO_RETURN_IF_ERROR(LoadTexts(in, &texts_));
    bytes_ = 0;
    for (const std::string& text : texts_) bytes_ += static_cast<int64_t>(text.size());
    return LoadNumbers(in, &filled_);
  }

 private:
  void Offer(uint32_t group, std::string_view text) {
    std::string& best = texts_[group];
    if (filled_[group] != 0 && !(least_ ? text < best : text > best)) return;
    bytes_ += static_cast<int64_t>(text.size()) - static_cast<int64_t>(best.size());
    best.assign(text);
    filled_[group] = 1;
  }

  SqlType type_;
  bool least_;
  std::vector<std::string> texts_;
  std::vector<uint8_t> filled_;
  int64_t bytes_ = 0;
};

Result<CallTypes> ExtremeTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (arguments[0].is_nested()) {
    return WrongArgumentType(name, 0, arguments[0], "a value with an order");
  }
  const SqlType type = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  // Truth values are ordered false < true; as numbers they have a width.
  return CallTypes{{type}, type};
}

Result<CallTypes> DeltaTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const SqlType type = IsUnknown(arguments[0]) ? SqlType(TypeKind::kFloat) : arguments[0];
  if (!type.is_numeric() && type.kind() != TypeKind::kInterval) return NotNumeric(name, type);
  return CallTypes{{type}, type};
}

// MIN of truth values is "all true", MAX is "any true".
class BoolExtremeAggregator : public GroupAggregator<Range<uint8_t>> {
 public:
  explicit BoolExtremeAggregator(Wanted wanted) : wanted_(wanted) {}
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const auto& flags = static_cast<const arrow::BooleanArray&>(*arguments[0]);
    ForEachValue(flags, groups, selected, rows, [&](uint32_t group, int64_t row) {
      const uint8_t value = flags.Value(row) ? 1 : 0;
      Widen(states_[group], value, value);
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const BoolExtremeAggregator&>(other).states_, group_map,
                [](Range<uint8_t>& mine, const Range<uint8_t>& theirs) {
                  if (theirs.filled != 0) Widen(mine, theirs.least, theirs.greatest);
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::BooleanBuilder>(TypeKind::kBoolean, groups, [this](auto* builder, uint32_t group) {
      const Range<uint8_t>& range = states_[group];
      if (range.filled == 0) return builder->AppendNull();
      return builder->Append((wanted_ == Wanted::kLeast ? range.least : range.greatest) != 0);
    });
  }

 private:
  Wanted wanted_;
};

template <typename T, Wanted kWanted>
std::unique_ptr<Aggregator> MakeFixed(const SqlType& type) {
  if constexpr (kWanted == Wanted::kSpan) return std::make_unique<RangeAggregator<T>>(type);
  return std::make_unique<ExtremeAggregator<T, kWanted == Wanted::kLeast>>(type);
}

template <Wanted kWanted>
std::unique_ptr<Aggregator> MakeExtreme(const CallTypes& types, ConstantSpan) {
  const SqlType& type = types.arguments[0];
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::make_unique<BoolExtremeAggregator>(kWanted);
    case TypeKind::kFloat:
      return MakeFixed<double, kWanted>(type);
    case TypeKind::kDecimal:
      return MakeFixed<Int128, kWanted>(type);
    case TypeKind::kDate:
      return MakeFixed<int32_t, kWanted>(type);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return MakeFixed<int64_t, kWanted>(type);
    default:
      return std::make_unique<TextExtremeAggregator>(type, kWanted);
  }
}

}  // namespace

void RegisterExtremes(FunctionRegistry* registry) {
  AggregateFunction extreme;
  extreme.types = ExtremeTypes;
  extreme.name = "MIN";
  extreme.make = MakeExtreme<Wanted::kLeast>;
  extreme.doc = {"Aggregate",
                 "MIN(x) → type of x",
                 "Smallest value; texts by code point.",
                 "NULL values are ignored; NULL when there is no value",
                 "MIN(price)",
                 ""};
  registry->Add(extreme);
  extreme.name = "MAX";
  extreme.make = MakeExtreme<Wanted::kGreatest>;
  extreme.doc = {"Aggregate",
                 "MAX(x) → type of x",
                 "Largest value; texts by code point.",
                 "NULL values are ignored; NULL when there is no value",
                 "MAX(price)",
                 ""};
  registry->Add(extreme);
  extreme.name = "DELTA";
  extreme.types = DeltaTypes;
  extreme.make = MakeExtreme<Wanted::kSpan>;
  extreme.doc = {"Aggregate",
                 "DELTA(x) → type of x",
                 "Largest value minus smallest value.",
                 "NULL values are ignored; NULL when there is no value",
                 "DELTA(price)",
                 ""};
  registry->Add(std::move(extreme));
}

}  // namespace velo
