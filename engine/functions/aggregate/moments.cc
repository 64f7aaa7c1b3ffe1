#include <cmath>
#include <optional>

#include "engine/functions/aggregate/running.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// Count, mean and sum of squared differences from the mean (Welford 1962; merging by Chan et al. 1979).
struct Moments {
  int64_t count = 0;
  double mean = 0;
  double squares = 0;
};

enum class Spread : uint8_t { kSampleVariance, kVariance, kSampleDeviation, kDeviation };

class MomentAggregator : public GroupAggregator<Moments>, public RunningAggregator {
 public:
  explicit MomentAggregator(Spread spread) : spread_(spread) {}

  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const double* values = arguments[0]->data()->GetValues<double>(1);
    Moments* states = states_.data();
    ForEachValue(*arguments[0], groups, selected, rows,
                 [&](uint32_t group, int64_t row) { Add(values[row], &states[group]); });
    return Status::OK();
  }
  bool shows_each_row() const override { return true; }
  Result<std::shared_ptr<arrow::Array>> UpdateShowing(ArgumentSpan arguments, const uint32_t* groups,
                                                      const uint8_t* selected, int64_t rows) override {
    const double* values = arguments[0]->data()->GetValues<double>(1);
    const TakenRows taken(*arguments[0], selected);
    return ShowEachRow<double>(TypeKind::kFloat, rows, [&](int64_t row) {
      Moments& state = states_[groups[row]];
      if (taken(row)) Add(values[row], &state);
      return Show(state);
    });
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const MomentAggregator&>(other).states_, group_map,
                [](Moments& mine, const Moments& theirs) {
                  if (theirs.count == 0) return;
                  const auto mine_count = static_cast<double>(mine.count);
                  const auto their_count = static_cast<double>(theirs.count);
                  const double distance = theirs.mean - mine.mean;
                  const double total = mine_count + their_count;
                  mine.mean += distance * their_count / total;
                  mine.squares += theirs.squares + distance * distance * mine_count * their_count / total;
                  mine.count += theirs.count;
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::DoubleBuilder>(TypeKind::kFloat, groups, [&](auto* builder, uint32_t group) {
      const std::optional<double> value = Show(states_[group]);
      return value ? builder->Append(*value) : builder->AppendNull();
    });
  }

 private:
  static void Add(double value, Moments* state) {
    const double distance = value - state->mean;
    state->mean += distance / static_cast<double>(++state->count);
    state->squares += distance * (value - state->mean);
  }
  std::optional<double> Show(const Moments& state) const {
    const bool sample = spread_ == Spread::kSampleVariance || spread_ == Spread::kSampleDeviation;
    const bool root = spread_ == Spread::kSampleDeviation || spread_ == Spread::kDeviation;
    const int64_t divisor = sample ? state.count - 1 : state.count;
    if (divisor < 1) return std::nullopt;
    const double variance = state.squares / static_cast<double>(divisor);
    return root ? std::sqrt(variance) : variance;
  }

  Spread spread_;
};

Result<CallTypes> SpreadTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (!arguments[0].is_numeric() && !IsUnknown(arguments[0])) return NotNumeric(name, arguments[0]);
  return CallTypes{{TypeKind::kFloat}, TypeKind::kFloat};
}

template <Spread kSpread>
std::unique_ptr<Aggregator> MakeMoments(const CallTypes&, ConstantSpan) {
  return std::make_unique<MomentAggregator>(kSpread);
}

}  // namespace

void RegisterMoments(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, std::vector<std::string> aliases, auto make, std::string description) {
    AggregateFunction function;
    function.name = name;
    function.aliases = std::move(aliases);
    function.types = SpreadTypes;
    function.make = make;
    function.doc = {
        "Aggregate", name + "(x) → FLOAT", std::move(description), "NULL values are ignored", name + "(price)", ""};
    registry->Add(std::move(function));
  };
  add("STDDEV", {"STDDEV_SAMP"}, MakeMoments<Spread::kSampleDeviation>,
      "Standard deviation of a sample; NULL for fewer than two values.");
  add("STDDEV_POP", {}, MakeMoments<Spread::kDeviation>, "Standard deviation of a whole population.");
  add("VARIANCE", {"VAR_SAMP", "VAR"}, MakeMoments<Spread::kSampleVariance>,
      "Variance of a sample; NULL for fewer than two values.");
  add("VAR_POP", {}, MakeMoments<Spread::kVariance>, "Variance of a whole population.");
}

}  // namespace velo
