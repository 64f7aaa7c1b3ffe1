#include "engine/functions/aggregate/quantiles.h"

#include <algorithm>
#include <cmath>

#include "engine/functions/aggregate/group_state.h"
#include "engine/functions/families.h"

namespace velo {
namespace {

template <typename T>
bool Less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) return a < b || (std::isnan(b) && !std::isnan(a));
  return a < b;
}

// Base of aggregates that need all values of a group. T is what the column holds; texts are kept as strings.
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
      groups_[group].push_back(T(values[row]));
      ++count_;
      if constexpr (std::is_same_v<T, std::string>) bytes_ += static_cast<int64_t>(values[row].size());
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const BufferedValues&>(other).groups_, group_map,
                [&](std::vector<T>& mine, const std::vector<T>& theirs) {
                  mine.insert(mine.end(), theirs.begin(), theirs.end());
                  count_ += static_cast<int64_t>(theirs.size());
                  bytes_ += TextBytes(theirs);
                });
    return Status::OK();
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) {
      count_ -= static_cast<int64_t>(groups_[group].size());
      bytes_ -= TextBytes(groups_[group]);
      groups_[group] = std::vector<T>();
    }
  }
  int64_t MemoryBytes() const override {
    return bytes_ + count_ * static_cast<int64_t>(sizeof(T)) +
           static_cast<int64_t>(groups_.capacity() * sizeof(std::vector<T>));
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const std::vector<T>& values : groups_) {
      if constexpr (std::is_same_v<T, std::string>) {
        SaveTexts(values, out);
      } else {
        SaveNumbers(values, out);
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
    for (std::vector<T>& values : groups_) {
      if constexpr (std::is_same_v<T, std::string>) {
        VELO_RETURN_IF_ERROR(LoadTexts(in, &values));
      } else {
        VELO_RETURN_IF_ERROR(LoadNumbers(in, &values));
      }
      count_ += static_cast<int64_t>(values.size());
      bytes_ += TextBytes(values);
    }
    return Status::OK();
  }

 protected:
  static int64_t TextBytes(const std::vector<T>& values) {
    int64_t bytes = 0;
    if constexpr (std::is_same_v<T, std::string>) {
      for (const std::string& text : values) bytes += static_cast<int64_t>(text.size());
    }
    return bytes;
  }
  // The value with the given rank; leaves everything smaller before it and the rest behind it.
  T Ranked(std::vector<T>& values, size_t rank) {
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(rank), values.end(), Less<T>);
    return values[rank];
  }
  // The value behind that rank, after Ranked().
  T Following(const std::vector<T>& values, size_t rank) {
    return *std::min_element(values.begin() + static_cast<ptrdiff_t>(rank) + 1, values.end(), Less<T>);
  }

  size_t argument_;
  std::vector<std::vector<T>> groups_;
  int64_t count_ = 0;
  int64_t bytes_ = 0;
};

class InterpolatedAggregator : public BufferedValues<double> {
 public:
  InterpolatedAggregator(size_t argument, double fraction) : BufferedValues(argument), fraction_(fraction) {}
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::DoubleBuilder>(TypeKind::kFloat, groups, [this](auto* builder, uint32_t group) {
      std::vector<double>& values = groups_[group];
      if (values.empty()) return builder->AppendNull();
      const double place = fraction_ * static_cast<double>(values.size() - 1);
      const auto rank = static_cast<size_t>(place);
      const double low = Ranked(values, rank);
      const double part = place - static_cast<double>(rank);
      if (part == 0) return builder->Append(low);
      return builder->Append(low + part * (Following(values, rank) - low));
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
      std::vector<Int128>& values = groups_[group];
      if (values.empty()) return builder->AppendNull();
      const size_t rank = (values.size() - 1) / 2;
      const Int128 low = Ranked(values, rank);
      const Int128 high = values.size() % 2 == 0 ? Following(values, rank) : low;
      const auto twice = Rescale(low + high, scale_, result_.scale());
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
      std::vector<T>& values = this->groups_[group];
      if (values.empty()) return std::nullopt;
      const double place = std::ceil(fraction_ * static_cast<double>(values.size()));
      const size_t rank = place < 1 ? 0 : static_cast<size_t>(place) - 1;
      return this->Ranked(values, descending_ ? values.size() - 1 - rank : rank);
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
