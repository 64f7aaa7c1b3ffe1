#include "engine/functions/aggregate/running.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

enum class Counted : uint8_t { kRows, kTrue };

class CountAggregator : public GroupAggregator<int64_t>, public RunningAggregator {
 public:
  explicit CountAggregator(Counted what) : what_(what) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    Add(arguments, groups, selected, rows, 1);
    return Status::OK();
  }
  Status Retract(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    Add(arguments, groups, selected, rows, -1);
    return Status::OK();
  }
  bool retractable() const override { return true; }
  bool shows_each_row() const override { return true; }
  Result<std::shared_ptr<arrow::Array>> UpdateShowing(ArgumentSpan arguments, const uint32_t* groups,
                                                      const uint8_t* selected, int64_t rows) override {
    const auto show = [&](auto counts) {
      return ShowEachRow<int64_t>(TypeKind::kInteger, rows,
                                  [&](int64_t row) { return states_[groups[row]] += counts(row) ? 1 : 0; });
    };
    if (arguments.empty()) return show([&](int64_t row) { return selected == nullptr || selected[row] != 0; });
    const TakenRows taken(*arguments[0], selected);
    if (arguments[0]->type_id() == arrow::Type::NA) return show([](int64_t) { return false; });
    if (what_ == Counted::kRows) return show(taken);
    const auto& flags = static_cast<const arrow::BooleanArray&>(*arguments[0]);
    return show([&](int64_t row) { return taken(row) && flags.Value(row); });
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const CountAggregator&>(other).states_, group_map,
                [](int64_t& mine, int64_t theirs) { mine += theirs; });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::Int64Builder>(
        TypeKind::kInteger, groups, [this](auto* builder, uint32_t group) { return builder->Append(states_[group]); });
  }

 private:
  void Add(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows, int64_t step) {
    if (arguments.empty()) {
      if (selected == nullptr && states_.size() == 1) {
        states_[0] += step * rows;
        return;
      }
      for (int64_t row = 0; row < rows; ++row) {
        if (selected == nullptr || selected[row] != 0) states_[groups[row]] += step;
      }
    } else if (what_ == Counted::kTrue) {
      const auto& flags = static_cast<const arrow::BooleanArray&>(*arguments[0]);
      ForEachValue(flags, groups, selected, rows,
                   [&](uint32_t group, int64_t row) { states_[group] += flags.Value(row) ? step : 0; });
    } else if (arguments.size() == 1) {
      ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t) { states_[group] += step; });
    } else {
      for (int64_t row = 0; row < rows; ++row) {
        const bool has_null =
            std::any_of(arguments.begin(), arguments.end(), [row](const auto& values) { return values->IsNull(row); });
        if (!has_null && (selected == nullptr || selected[row] != 0)) states_[groups[row]] += step;
      }
    }
  }

  Counted what_;
};

struct Truth {
  uint8_t any_true = 0;
  uint8_t any_false = 0;
};

// BOOL_AND and BOOL_OR only differ in which of the two facts decides.
class BoolAggregator : public GroupAggregator<Truth> {
 public:
  explicit BoolAggregator(bool all) : all_(all) {}
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const auto& flags = static_cast<const arrow::BooleanArray&>(*arguments[0]);
    ForEachValue(flags, groups, selected, rows, [&](uint32_t group, int64_t row) {
      (flags.Value(row) ? states_[group].any_true : states_[group].any_false) = 1;
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const BoolAggregator&>(other).states_, group_map,
                [](Truth& mine, const Truth& theirs) {
                  mine.any_true |= theirs.any_true;
                  mine.any_false |= theirs.any_false;
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::BooleanBuilder>(TypeKind::kBoolean, groups, [this](auto* builder, uint32_t group) {
      const Truth& truth = states_[group];
      if (truth.any_true == 0 && truth.any_false == 0) return builder->AppendNull();
      return builder->Append(all_ ? truth.any_false == 0 : truth.any_true != 0);
    });
  }

 private:
  bool all_;
};

Result<CallTypes> CountTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 0, 1));
  return CallTypes{{arguments.begin(), arguments.end()}, TypeKind::kInteger};
}

Result<CallTypes> CountDistinctTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  return CallTypes{{arguments.begin(), arguments.end()}, TypeKind::kInteger};
}

template <Counted kWhat>
std::unique_ptr<Aggregator> MakeCount(const CallTypes&, ConstantSpan) {
  return std::make_unique<CountAggregator>(kWhat);
}
template <bool kAll>
std::unique_ptr<Aggregator> MakeBool(const CallTypes&, ConstantSpan) {
  return std::make_unique<BoolAggregator>(kAll);
}

}  // namespace

void RegisterCounts(FunctionRegistry* registry) {
  AggregateFunction count;
  count.name = "COUNT";
  count.types = CountTypes;
  count.make = MakeCount<Counted::kRows>;
  count.counts_rows = true;
  count.counts_values = true;
  count.doc = {"Aggregate",
               "COUNT(*) | COUNT(x) | COUNT(DISTINCT x, ...) → INTEGER",
               "Number of rows, of non-NULL values or of distinct values.",
               "NULL values are not counted",
               "COUNT(*)",
               ""};
  registry->Add(std::move(count));
  AggregateFunction count_distinct;
  count_distinct.name = "COUNT_DISTINCT";
  count_distinct.types = CountDistinctTypes;
  count_distinct.make = MakeCount<Counted::kRows>;
  count_distinct.counts_values = true;
  count_distinct.is_distinct = true;
  count_distinct.doc = {"Aggregate",
                        "COUNT_DISTINCT(x, ...) → INTEGER",
                        "Number of distinct values, exactly.",
                        "NULL values are not counted",
                        "COUNT_DISTINCT(user_id)",
                        ""};
  registry->Add(std::move(count_distinct));
  AggregateFunction count_if;
  count_if.name = "COUNT_IF";
  count_if.types = FixedTypes<TypeKind::kInteger, 1, TypeKind::kBoolean>;
  count_if.make = MakeCount<Counted::kTrue>;
  count_if.counts_true = true;
  count_if.doc = {"Aggregate",
                  "COUNT_IF(condition) → INTEGER",
                  "Number of rows for which the condition is true.",
                  "Unknown is not counted",
                  "COUNT_IF(amount > 100)",
                  ""};
  registry->Add(std::move(count_if));
  AggregateFunction every;
  every.name = "BOOL_AND";
  every.aliases = {"EVERY"};
  every.types = FixedTypes<TypeKind::kBoolean, 1, TypeKind::kBoolean>;
  every.make = MakeBool<true>;
  every.doc = {"Aggregate",
               "BOOL_AND(condition) → BOOLEAN",
               "Whether the condition holds in every row.",
               "NULL values are ignored",
               "BOOL_AND(paid)",
               ""};
  registry->Add(every);
  every.name = "BOOL_OR";
  every.aliases = {};
  every.make = MakeBool<false>;
  every.doc = {"Aggregate",
               "BOOL_OR(condition) → BOOLEAN",
               "Whether the condition holds in at least one row.",
               "NULL values are ignored",
               "BOOL_OR(paid)",
               ""};
  registry->Add(std::move(every));
}

}  // namespace velo
