#include <cmath>

#include "engine/functions/aggregate/group_state.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// Means and sums of products of differences from them, updated as in Welford's method.
struct PairMoments {
  int64_t count = 0;
  double mean_y = 0;
  double mean_x = 0;
  double squares_y = 0;
  double squares_x = 0;
  double products = 0;
};

enum class PairResult : uint8_t { kCorrelation, kCovariance, kSampleCovariance, kSlope, kIntercept, kFit };

std::optional<double> ResultOf(const PairMoments& state, PairResult wanted) {
  const auto count = static_cast<double>(state.count);
  if (state.count == 0) return std::nullopt;
  switch (wanted) {
    case PairResult::kCovariance:
      return state.products / count;
    case PairResult::kSampleCovariance:
      return state.count < 2 ? std::nullopt : std::optional<double>(state.products / (count - 1));
    case PairResult::kCorrelation:
      if (state.squares_x == 0 || state.squares_y == 0) return std::nullopt;
      return state.products / std::sqrt(state.squares_x * state.squares_y);
    case PairResult::kSlope:
      return state.squares_x == 0 ? std::nullopt : std::optional<double>(state.products / state.squares_x);
    case PairResult::kIntercept:
      if (state.squares_x == 0) return std::nullopt;
      return state.mean_y - state.products / state.squares_x * state.mean_x;
    case PairResult::kFit:
      if (state.squares_x == 0) return std::nullopt;
      if (state.squares_y == 0) return 1.0;
      return state.products * state.products / (state.squares_x * state.squares_y);
  }
  return std::nullopt;
}

// CORR, COVAR and REGR: arguments are (y, x); pairs with a NULL are left out.
class PairAggregator : public GroupAggregator<PairMoments> {
 public:
  explicit PairAggregator(PairResult wanted) : wanted_(wanted) {}
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const double* ys = arguments[0]->data()->GetValues<double>(1);
    const double* xs = arguments[1]->data()->GetValues<double>(1);
    const arrow::Array& other = *arguments[1];
    const bool other_nulls = other.null_count() > 0;
    ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t row) {
      if (other_nulls && other.IsNull(row)) return;
      PairMoments& state = states_[group];
      const auto count = static_cast<double>(++state.count);
      const double from_y = ys[row] - state.mean_y;
      const double from_x = xs[row] - state.mean_x;
      state.mean_y += from_y / count;
      state.mean_x += from_x / count;
      state.squares_y += from_y * (ys[row] - state.mean_y);
      state.squares_x += from_x * (xs[row] - state.mean_x);
      state.products += from_x * (ys[row] - state.mean_y);
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(states_, static_cast<const PairAggregator&>(other).states_, group_map,
                [](PairMoments& mine, const PairMoments& theirs) {
                  if (theirs.count == 0) return;
                  const auto a = static_cast<double>(mine.count), b = static_cast<double>(theirs.count);
                  const double dy = theirs.mean_y - mine.mean_y, dx = theirs.mean_x - mine.mean_x;
                  const double weight = a * b / (a + b);
                  mine.squares_y += theirs.squares_y + dy * dy * weight;
                  mine.squares_x += theirs.squares_x + dx * dx * weight;
                  mine.products += theirs.products + dx * dy * weight;
                  mine.mean_y += dy * b / (a + b);
                  mine.mean_x += dx * b / (a + b);
                  mine.count += theirs.count;
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::DoubleBuilder>(TypeKind::kFloat, groups, [this](auto* builder, uint32_t group) {
      const auto value = ResultOf(states_[group], wanted_);
      return value ? builder->Append(*value) : builder->AppendNull();
    });
  }

 private:
  PairResult wanted_;
};

Result<CallTypes> PairTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  for (const SqlType& type : arguments) {
    if (!type.is_numeric() && !IsUnknown(type)) return NotNumeric(name, type);
  }
  return CallTypes{{TypeKind::kFloat, TypeKind::kFloat}, TypeKind::kFloat};
}

template <PairResult kWanted>
std::unique_ptr<Aggregator> MakePair(const CallTypes&, ConstantSpan) {
  return std::make_unique<PairAggregator>(kWanted);
}

}  // namespace

void RegisterPairs(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, auto make, std::string description) {
    AggregateFunction function;
    function.name = name;
    function.types = PairTypes;
    function.make = make;
    function.doc = {"Aggregate", name + "(y, x) → FLOAT", std::move(description), "Pairs with a NULL are ignored",
                    name + "(price, volume)", ""};
    registry->Add(std::move(function));
  };
  add("CORR", MakePair<PairResult::kCorrelation>, "Correlation of y and x; NULL when one of them never changes.");
  add("COVAR_POP", MakePair<PairResult::kCovariance>, "Covariance of a whole population.");
  add("COVAR_SAMP", MakePair<PairResult::kSampleCovariance>, "Covariance of a sample.");
  add("REGR_SLOPE", MakePair<PairResult::kSlope>, "Slope of the line fitted to y over x.");
  add("REGR_INTERCEPT", MakePair<PairResult::kIntercept>, "Value of the fitted line at x = 0.");
  add("REGR_R2", MakePair<PairResult::kFit>, "Share of the variance of y that the fitted line explains.");
}

}  // namespace velo
