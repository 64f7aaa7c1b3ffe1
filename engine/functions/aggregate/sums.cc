#include <algorithm>
#include <optional>

#include "engine/functions/aggregate/running.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

template <typename Total>
struct SumState {
  Total total = 0;
  int64_t count = 0;
};

Status SumOverflow(const SqlType& type) {
  return Status::User("E4004", "the sum does not fit into " + type.ToString(),
                      "CAST the argument to FLOAT or to a DECIMAL with fewer decimals.");
}

// Adds `sign * value`; returns whether the total overflowed.
template <typename Total, typename Value>
bool AddTo(Total* total, Value value, int sign) {
  if constexpr (std::is_same_v<Total, double>) {
    *total += sign * value;
    return false;
  } else if (sign > 0) {
    return __builtin_add_overflow(*total, static_cast<Total>(value), total);
  } else {
    return __builtin_sub_overflow(*total, static_cast<Total>(value), total);
  }
}

// SUM and AVG over one physical type of values.
template <typename Value, typename Total>
class SumAggregator : public GroupAggregator<SumState<Total>>, public RunningAggregator {
  using State = SumState<Total>;
  using GroupAggregator<State>::states_;

 public:
  SumAggregator(const CallTypes& types, bool mean)
      : argument_(types.arguments[0]), result_(types.result), mean_(mean) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    return Add(*arguments[0], groups, selected, rows, 1);
  }
  Status Retract(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    return Add(*arguments[0], groups, selected, rows, -1);
  }
  bool shows_each_row() const override { return result_.kind() != TypeKind::kDecimal; }
  Result<std::shared_ptr<arrow::Array>> UpdateShowing(ArgumentSpan arguments, const uint32_t* groups,
                                                      const uint8_t* selected, int64_t rows) override {
    return result_.kind() == TypeKind::kFloat ? ShowSums<double>(*arguments[0], groups, selected, rows)
                                              : ShowSums<int64_t>(*arguments[0], groups, selected, rows);
  }
  // Taking a rounded number away does not undo adding it.
  bool retractable() const override { return !std::is_same_v<Total, double>; }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    bool overflow = false;
    MergeGroups(states_, static_cast<const SumAggregator&>(other).states_, group_map,
                [&](State& mine, const State& theirs) {
                  overflow |= AddTo(&mine.total, theirs.total, 1);
                  mine.count += theirs.count;
                });
    return overflow ? SumOverflow(result_) : Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    switch (result_.kind()) {
      case TypeKind::kFloat:
        return BuildColumn<arrow::DoubleBuilder>(result_, groups, [this](auto* builder, uint32_t group) {
          const std::optional<double> value = Show<double>(states_[group]);
          return value ? builder->Append(*value) : builder->AppendNull();
        });
      case TypeKind::kDecimal:
        return FinaliseDecimal(groups);
      default:
        return FinaliseWhole(groups);
    }
  }

 private:
  Status Add(const arrow::Array& array, const uint32_t* groups, const uint8_t* selected, int64_t rows, int sign) {
    const Value* values = array.data()->GetValues<Value>(1);
    bool overflow = false;
    if (states_.size() == 1) {
      // One group: the total stays in a register.
      State state = states_[0];
      ForEachValue(array, groups, selected, rows, [&](uint32_t, int64_t row) {
        overflow |= AddTo(&state.total, values[row], sign);
        state.count += sign;
      });
      states_[0] = state;
    } else {
      State* states = states_.data();
      ForEachValue(array, groups, selected, rows, [&](uint32_t group, int64_t row) {
        overflow |= AddTo(&states[group].total, values[row], sign);
        states[group].count += sign;
      });
    }
    return overflow ? SumOverflow(result_) : Status::OK();
  }

  template <typename Shown>
  std::optional<Shown> Show(const State& state) const {
    if (state.count == 0) return std::nullopt;
    const auto total = static_cast<Shown>(state.total);
    if (!mean_) return total;
    if constexpr (std::is_same_v<Shown, double>) return total / static_cast<double>(state.count);
    return static_cast<Shown>(state.total / static_cast<Total>(state.count));
  }

  template <typename Shown>
  Result<std::shared_ptr<arrow::Array>> ShowSums(const arrow::Array& array, const uint32_t* groups,
                                                 const uint8_t* selected, int64_t rows) {
    const Value* values = array.data()->GetValues<Value>(1);
    const TakenRows taken(array, selected);
    bool overflow = false;
    auto column = ShowEachRow<Shown>(result_, rows, [&](int64_t row) {
      State& state = states_[groups[row]];
      if (taken(row)) {
        overflow |= AddTo(&state.total, values[row], 1);
        ++state.count;
      }
      return Show<Shown>(state);
    });
    if (overflow) return SumOverflow(result_);
    return column;
  }

  Result<std::shared_ptr<arrow::Array>> FinaliseDecimal(std::span<const uint32_t> groups) {
    bool overflow = false;
    auto column = BuildColumn<arrow::Decimal128Builder>(result_, groups, [&](auto* builder, uint32_t group) {
      const State& state = states_[group];
      if (state.count == 0) return builder->AppendNull();
      auto total = static_cast<Int128>(state.total);
      if (mean_) {
        const auto scaled = Rescale(total, argument_.scale(), result_.scale());
        overflow |= !scaled;
        total = DivideRounded(scaled.value_or(0), state.count);
      }
      overflow |= !FitsPrecision(total, 38);
      return builder->Append(ToArrowDecimal(total));
    });
    if (overflow) return SumOverflow(result_);
    return column;
  }

  Result<std::shared_ptr<arrow::Array>> FinaliseWhole(std::span<const uint32_t> groups) {
    // INTEGER and INTERVAL are both 64 bits wide; the mean of intervals is cut to milliseconds.
    VELO_ASSIGN_OR_RETURN(auto column, (BuildColumn<arrow::Int64Builder>(
                                           TypeKind::kInteger, groups, [this](auto* builder, uint32_t group) {
                                             const std::optional<int64_t> value = Show<int64_t>(states_[group]);
                                             return value ? builder->Append(*value) : builder->AppendNull();
                                           })));
    auto data = column->data()->Copy();
    data->type = result_.ToArrow();
    return arrow::MakeArray(std::move(data));
  }

  SqlType argument_;
  SqlType result_;
  bool mean_;
};

Result<SqlType> SummableType(std::string_view name, const SqlType& given) {
  if (given.is_numeric() || given.kind() == TypeKind::kInterval) return given;
  if (given.kind() == TypeKind::kBoolean) return SqlType(TypeKind::kInteger);
  if (IsUnknown(given)) return SqlType(TypeKind::kFloat);
  return NotNumeric(name, given);
}

Result<CallTypes> SumTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_ASSIGN_OR_RETURN(const SqlType type, SummableType(name, arguments[0]));
  return CallTypes{{type}, type.kind() == TypeKind::kDecimal ? SqlType::Decimal(38, type.scale()) : type};
}

Result<CallTypes> MeanTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_ASSIGN_OR_RETURN(const SqlType type, SummableType(name, arguments[0]));
  SqlType result = type;
  if (type.kind() == TypeKind::kInteger) result = TypeKind::kFloat;
  if (type.kind() == TypeKind::kDecimal) {
    result = SqlType::Decimal(38, std::clamp(type.scale() + 4, 6, kMaxDecimalScale));
  }
  return CallTypes{{type}, result};
}

template <bool kMean>
std::unique_ptr<Aggregator> MakeSum(const CallTypes& types, ConstantSpan) {
  switch (types.arguments[0].kind()) {
    case TypeKind::kFloat:
      return std::make_unique<SumAggregator<double, double>>(types, kMean);
    case TypeKind::kDecimal:
      return std::make_unique<SumAggregator<Int128, Int128>>(types, kMean);
    default:
      // A mean exists even where the sum does not fit into 64 bits.
      if (kMean) return std::make_unique<SumAggregator<int64_t, Int128>>(types, kMean);
      return std::make_unique<SumAggregator<int64_t, int64_t>>(types, kMean);
  }
}

}  // namespace

void RegisterSums(FunctionRegistry* registry) {
  AggregateFunction sum;
  sum.name = "SUM";
  sum.types = SumTypes;
  sum.make = MakeSum<false>;
  sum.doc = {"Aggregate",
             "SUM(x) → type of x",
             "Sum of the values; exact for INTEGER and DECIMAL.",
             "NULL values are ignored; NULL when there is no value",
             "SUM(amount)",
             ""};
  registry->Add(std::move(sum));
  AggregateFunction mean;
  mean.name = "AVG";
  mean.aliases = {"MEAN"};
  mean.types = MeanTypes;
  mean.make = MakeSum<true>;
  mean.doc = {"Aggregate",
              "AVG(x) → FLOAT, DECIMAL for DECIMAL",
              "Arithmetic mean of the values.",
              "NULL values are ignored; NULL when there is no value",
              "AVG(price)",
              ""};
  registry->Add(std::move(mean));
}

}  // namespace velo
