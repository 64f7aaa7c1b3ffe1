#include "engine/functions/aggregate/quantiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/functions/aggregate/group_state.h"
#include "engine/functions/families.h"

namespace velo {
namespace {

// Values that are full of their segment are never moved again, and merged states share them.
constexpr size_t kSegmentValues = 8192;

struct LessValue {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    if constexpr (std::is_same_v<T, double>) return a < b || (std::isnan(b) && !std::isnan(a));
    return a < b;
  }
};

// All values of one group, in the order they came.
template <typename T>
class ValueList {
 public:
  void Add(T value) {
    if (open_.size() == kSegmentValues) CloseSegment();
    open_.push_back(std::move(value));
  }
  void Append(const ValueList& other) {
    if (other.full_.empty()) {
      for (const T& value : other.open_) Add(value);
      return;
    }
    if (!open_.empty()) CloseSegment();
    full_.insert(full_.end(), other.full_.begin(), other.full_.end());
    full_count_ += other.full_count_;
    open_ = other.open_;
  }
  size_t size() const { return full_count_ + open_.size(); }
  bool empty() const { return size() == 0; }
  template <typename Visit>
  void ForEachPiece(Visit visit) const {
    for (const auto& segment : full_) visit(std::span<const T>(*segment));
    visit(std::span<const T>(open_));
  }
  std::vector<T> ToVector() const {
    std::vector<T> all;
    all.reserve(size());
    ForEachPiece([&](std::span<const T> piece) { all.insert(all.end(), piece.begin(), piece.end()); });
    return all;
  }

 private:
  void CloseSegment() {
    full_count_ += open_.size();
    full_.push_back(std::make_shared<const std::vector<T>>(std::move(open_)));
    open_ = std::vector<T>();
    open_.reserve(kSegmentValues);
  }

  std::vector<std::shared_ptr<const std::vector<T>>> full_;
  std::vector<T> open_;
  size_t full_count_ = 0;
};

// Numbers whose unsigned order is the order of the values; NaN comes last.
uint64_t OrderedBits(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | (1ULL << 63);
}
double FromOrderedBits(uint64_t bits) {
  if (bits == UINT64_MAX) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>((bits >> 63) != 0 ? bits & ~(1ULL << 63) : ~bits);
}

// The values at `rank` and behind it, the same one twice at the end.
template <typename T>
struct Neighbours {
  T low;
  T high;
};

template <typename T>
Neighbours<T> NeighboursIn(std::vector<T>& values, size_t rank) {
  const auto place = values.begin() + static_cast<ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end(), LessValue());
  if (place + 1 == values.end()) return {*place, *place};
  return {*place, *std::min_element(place + 1, values.end(), LessValue())};
}

template <typename T>
Neighbours<T> NeighboursAt(const ValueList<T>& list, size_t rank) {
  std::vector<T> values = list.ToVector();
  return NeighboursIn(values, rank);
}

// Selection by counting: the values are dealt out, by their highest differing bits, to buckets that are only counted;
// what remains to be sorted out are the buckets with the wanted ranks.
template <>
Neighbours<double> NeighboursAt(const ValueList<double>& list, size_t rank) {
  constexpr int kBucketBits = 12;
  constexpr size_t kFew = size_t{1} << kBucketBits;
  std::vector<uint64_t> keys(list.size());
  uint64_t least = UINT64_MAX, greatest = 0;
  size_t filled = 0;
  list.ForEachPiece([&](std::span<const double> piece) {
    for (const double value : piece) {
      const uint64_t key = OrderedBits(value);
      keys[filled++] = key;
      least = std::min(least, key);
      greatest = std::max(greatest, key);
    }
  });
  std::vector<uint64_t> near;
  if (keys.size() < kFew) {
    near = std::move(keys);
  } else {
    const int shift = std::max(0, static_cast<int>(std::bit_width(greatest - least)) - kBucketBits);
    std::vector<uint32_t> counts(size_t{1} << kBucketBits);
    for (const uint64_t key : keys) ++counts[(key - least) >> shift];
    uint64_t first = 0;
    while (rank >= counts[first]) rank -= counts[first++];
    uint64_t last = first;
    size_t kept = counts[first];
    while (kept < rank + 2 && last + 1 < counts.size()) kept += counts[++last];
    near.resize(kept + 1);
    size_t at = 0;
    for (const uint64_t key : keys) {
      const uint64_t bucket = (key - least) >> shift;
      near[at] = key;
      at += bucket >= first && bucket <= last ? 1 : 0;
    }
    near.resize(kept);
  }
  const Neighbours<uint64_t> found = NeighboursIn(near, rank);
  return {FromOrderedBits(found.low), FromOrderedBits(found.high)};
}

// Base of aggregators that need all values of a group. T is what the column holds; texts are kept as strings. Finalise
// may run side by side for different groups.
template <typename T>
class BufferedValues : public Aggregator {
 public:
  explicit BufferedValues(size_t argument) : argument_(argument) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > groups_.size()) groups_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    using View = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;
    const Values<View> values{arrow::Datum(arguments[argument_])};
    ForEachValue(*arguments[argument_], groups, selected, rows, [&](uint32_t group, int64_t row) {
      groups_[group].Add(T(values[row]));
      ++count_;
      if constexpr (std::is_same_v<T, std::string>) bytes_ += static_cast<int64_t>(values[row].size());
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const BufferedValues&>(other).groups_, group_map,
                [&](ValueList<T>& mine, const ValueList<T>& theirs) {
                  mine.Append(theirs);
                  count_ += static_cast<int64_t>(theirs.size());
                  bytes_ += TextBytes(theirs);
                });
    return Status::OK();
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      count_ -= static_cast<int64_t>(groups_[group].size());
      bytes_ -= TextBytes(groups_[group]);
      groups_[group] = ValueList<T>();
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + count_ * static_cast<int64_t>(sizeof(T)) +
           static_cast<int64_t>(groups_.capacity() * sizeof(ValueList<T>));
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const ValueList<T>& values : groups_) {
      if constexpr (std::is_same_v<T, std::string>) {
        SaveTexts(values.ToVector(), out);
      } else {
        SaveNumbers(values.ToVector(), out);
      }
    }
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    groups_.clear();
    groups_.resize(size[0]);
    count_ = 0;
    bytes_ = 0;
    for (ValueList<T>& list : groups_) {
      std::vector<T> values;
      if constexpr (std::is_same_v<T, std::string>) {
        VELO_RETURN_IF_ERROR(LoadTexts(in, &values));
      } else {
        VELO_RETURN_IF_ERROR(LoadNumbers(in, &values));
      }
      count_ += static_cast<int64_t>(values.size());
      for (T& value : values) list.Add(std::move(value));
      bytes_ += TextBytes(list);
    }
    return Status::OK();
  }

 protected:
  static int64_t TextBytes(const ValueList<T>& values) {
    int64_t bytes = 0;
    if constexpr (std::is_same_v<T, std::string>) {
      values.ForEachPiece([&](std::span<const std::string> piece) {
        for (const std::string& text : piece) bytes += static_cast<int64_t>(text.size());
      });
    }
    return bytes;
  }

  size_t argument_;
  std::vector<ValueList<T>> groups_;
  int64_t count_ = 0;
  int64_t bytes_ = 0;
};

class InterpolatedAggregator : public BufferedValues<double> {
 public:
  InterpolatedAggregator(size_t argument, double fraction) : BufferedValues(argument), fraction_(fraction) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::DoubleBuilder>(TypeKind::kFloat, groups, [this](auto* builder, uint32_t group) {
      const ValueList<double>& values = groups_[group];
      if (values.empty()) return builder->AppendNull();
      const double place = fraction_ * static_cast<double>(values.size() - 1);
      const auto rank = static_cast<size_t>(place);
      const auto [low, high] = NeighboursAt(values, rank);
      const double part = place - static_cast<double>(rank);
      if (part == 0) return builder->Append(low);
      return builder->Append(low + part * (high - low));
    });
  }

 private:
  double fraction_;
};

class DecimalMedianAggregator : public BufferedValues<Int128> {
 public:
  explicit DecimalMedianAggregator(const CallTypes& types)
      : BufferedValues(0), scale_(types.arguments[0].scale()), result_(types.result) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    bool overflow = false;
    auto column = BuildColumn<arrow::Decimal128Builder>(result_, groups, [&](auto* builder, uint32_t group) {
      const ValueList<Int128>& values = groups_[group];
      if (values.empty()) return builder->AppendNull();
      const auto [low, high] = NeighboursAt(values, (values.size() - 1) / 2);
      const auto twice = Rescale(low + (values.size() % 2 == 0 ? high : low), scale_, result_.scale());
      overflow |= !twice;
      return builder->Append(ToArrowDecimal(DivideRounded(twice.value_or(0), 2)));
    });
    if (overflow) return Status::User("E4004", "the median does not fit into " + result_.ToString());
    return column;
  }

 private:
  int scale_;
  SqlType result_;
};

// The smallest value whose cumulative share reaches the fraction.
template <typename T>
class DiscreteAggregator : public BufferedValues<T> {
 public:
  DiscreteAggregator(size_t argument, double fraction, bool descending, SqlType result)
      : BufferedValues<T>(argument), fraction_(fraction), descending_(descending), result_(std::move(result)) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    const auto pick = [this](uint32_t group) -> std::optional<T> {
      const ValueList<T>& values = this->groups_[group];
      if (values.empty()) return std::nullopt;
      const double place = std::ceil(fraction_ * static_cast<double>(values.size()));
      const size_t rank = place < 1 ? 0 : static_cast<size_t>(place) - 1;
      return NeighboursAt(values, descending_ ? values.size() - 1 - rank : rank).low;
    };
    if constexpr (std::is_same_v<T, std::string>) {
      return BuildColumn<arrow::BinaryBuilder>(result_, groups, [&](auto* builder, uint32_t group) {
        const auto value = pick(group);
        return value ? builder->Append(*value) : builder->AppendNull();
      });
    } else {
      KernelContext context;
      context.result = result_;
      context.rows = static_cast<int64_t>(groups.size());
      VELO_ASSIGN_OR_RETURN(const arrow::Datum column,
                            MapFixed<T>(context, {}, [&](int64_t i) { return pick(groups[static_cast<size_t>(i)]); }));
      return column.make_array();
    }
  }

 private:
  double fraction_;
  bool descending_;
  SqlType result_;
};

Result<CallTypes> MedianTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (arguments[0].kind() == TypeKind::kDecimal) {
    const int scale = std::clamp(arguments[0].scale() + 4, 6, kMaxDecimalScale);
    return CallTypes{{arguments[0]}, SqlType::Decimal(38, scale)};
  }
  if (!arguments[0].is_numeric() && !IsUnknown(arguments[0])) return NotNumeric(name, arguments[0]);
  return CallTypes{{TypeKind::kFloat}, TypeKind::kFloat};
}

std::optional<double> FractionAt(ConstantSpan constants, size_t index) {
  if (index >= constants.size() || constants[index] == nullptr) return std::nullopt;
  const auto value = ParseFloat(*constants[index]);
  return value && *value >= 0 && *value <= 1 ? value : std::nullopt;
}

std::unique_ptr<Aggregator> MakeMedian(const CallTypes& types, ConstantSpan) {
  if (types.result.kind() == TypeKind::kDecimal) return std::make_unique<DecimalMedianAggregator>(types);
  return std::make_unique<InterpolatedAggregator>(0, 0.5);
}

std::unique_ptr<Aggregator> MakeInterpolated(const CallTypes&, ConstantSpan constants) {
  return std::make_unique<InterpolatedAggregator>(PercentileValueArgument(constants), PercentileFraction(constants));
}

std::unique_ptr<Aggregator> MakeDiscrete(const CallTypes& types, ConstantSpan constants) {
  const size_t at = PercentileValueArgument(constants);
  const double fraction = PercentileFraction(constants);
  const bool descending = constants.size() > 2;
  switch (types.result.kind()) {
    case TypeKind::kFloat:
      return std::make_unique<DiscreteAggregator<double>>(at, fraction, descending, types.result);
    case TypeKind::kDecimal:
      return std::make_unique<DiscreteAggregator<Int128>>(at, fraction, descending, types.result);
    case TypeKind::kDate:
      return std::make_unique<DiscreteAggregator<int32_t>>(at, fraction, descending, types.result);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return std::make_unique<DiscreteAggregator<int64_t>>(at, fraction, descending, types.result);
    default:
      return std::make_unique<DiscreteAggregator<std::string>>(at, fraction, descending, types.result);
  }
}

}  // namespace

size_t PercentileValueArgument(ConstantSpan constants) { return FractionAt(constants, 1) ? 0 : 1; }
double PercentileFraction(ConstantSpan constants) {
  return FractionAt(constants, 1 - PercentileValueArgument(constants)).value_or(0.5);
}

Result<CallTypes> PercentileTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  const bool descending = name == "PERCENTILE_DISC" && arguments.size() == 3 && constants[2] != nullptr &&
                          *constants[2] == kDescendingOrder;
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, descending ? 3 : 2));
  if (!FractionAt(constants, 0) && !FractionAt(constants, 1)) {
    return Status::User("E2312", "percentile must be a constant in 0..1", "0.95 asks for the 95th percentile.");
  }
  const size_t at = PercentileValueArgument(constants);
  const SqlType& value = arguments[at];
  CallTypes types{std::vector<SqlType>(arguments.size(), TypeKind::kFloat), TypeKind::kFloat};
  if (descending) types.arguments[2] = TypeKind::kString;
  if (name == "PERCENTILE_DISC") {
    if (value.is_nested() || value.kind() == TypeKind::kBoolean) {
      return WrongArgumentType(name, at, value, "a value with an order");
    }
    types.result = IsUnknown(value) ? SqlType(TypeKind::kFloat) : value;
    types.arguments[at] = types.result;
    return types;
  }
  if (!value.is_numeric() && !IsUnknown(value)) return NotNumeric(name, value);
  return types;
}

void RegisterQuantiles(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, std::vector<std::string> aliases, TypeRule types, auto make,
                              std::string signature, std::string description, std::string example) {
    AggregateFunction function;
    function.name = std::move(name);
    function.aliases = std::move(aliases);
    function.types = types;
    function.make = make;
    function.doc = {
        "Aggregate", std::move(signature), std::move(description), "NULL values are ignored", std::move(example), ""};
    registry->Add(std::move(function));
  };
  add("MEDIAN", {}, MedianTypes, MakeMedian, "MEDIAN(x) → FLOAT, DECIMAL for DECIMAL",
      "Middle value, the mean of the two middle ones for an even number.", "MEDIAN(price)");
  add("PERCENTILE_CONT", {}, PercentileTypes, MakeInterpolated,
      "PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x) | PERCENTILE_CONT(x, p) → FLOAT",
      "The p-quantile, interpolated between values.", "PERCENTILE_CONT(latency, 0.95)");
  add("PERCENTILE_DISC", {}, PercentileTypes, MakeDiscrete,
      "PERCENTILE_DISC(p) WITHIN GROUP (ORDER BY x) | PERCENTILE_DISC(x, p) → type of x",
      "The smallest value that at least the share p of all values does not exceed.", "PERCENTILE_DISC(latency, 0.95)");
}

}  // namespace velo
