// STDDEV and VARIANCE over frames, from sums and sums of squares in doubled precision: with 106 bits the difference of
// the two keeps its digits even where the mean is a million times the deviation.
#include <cmath>

#include "engine/exec/operators/over_sliding.h"

namespace velo::exec {

namespace {

class MomentRule {
 public:
  struct Total {
    DoubleTotal sum, squares;
    int64_t count = 0;
    int64_t specials = 0;  ///< NaN and infinities: no deviation is known.
  };
  MomentRule(const LogColumn* log, bool sample, bool root)
      : log_(log), sample_(sample), root_(root), results_(arrow::float64()) {}

  Status Prepare(int64_t rows) {
    values_ = log_->values<double>();
    valid_ = log_->valid();
    return results_.Prepare(rows);
  }
  void Add(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    ++total->count;
    const double value = values_[id];
    const double square = value * value;
    if (!std::isfinite(square)) {
      ++total->specials;
      return;
    }
    total->sum.Add(value);
    total->squares.Add(square);
    total->squares.Add(std::fma(value, value, -square));
  }
  void Remove(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    --total->count;
    const double value = values_[id];
    const double square = value * value;
    if (!std::isfinite(square)) {
      --total->specials;
      return;
    }
    total->sum.Remove(value);
    total->squares.Remove(square);
    total->squares.Add(-std::fma(value, value, -square));
  }
  bool Drifted(const Total& total) const { return total.squares.Drifted(); }
  void Give(const Total& total, int64_t row) {
    const int64_t divisor = sample_ ? total.count - 1 : total.count;
    if (divisor < 1) return results_.SetNull(row);
    if (total.specials > 0) return results_.Set(row, std::numeric_limits<double>::quiet_NaN());
    const double variance = SquaredDistances(total) / static_cast<double>(divisor);
    results_.Set(row, root_ ? std::sqrt(variance) : variance);
  }
  Result<std::shared_ptr<arrow::Array>> Finish() { return results_.Finish(); }

 private:
  // squares - sum * sum / count, all in pairs of doubles.
  static double SquaredDistances(const Total& total) {
    const auto count = static_cast<double>(total.count);
    const double high = total.sum.high * total.sum.high;
    const double low = std::fma(total.sum.high, total.sum.high, -high) + 2 * total.sum.high * total.sum.low;
    const double quotient = high / count;
    const double rest = (std::fma(-quotient, count, high) + low) / count;
    DoubleTotal difference = total.squares;
    difference.Add(-quotient);
    difference.Add(-rest);
    // Equal values have no distance; what is left then is the last bit of the squares.
    constexpr double kLastBit = 0x1p-96;
    return difference.high <= total.squares.high * kLastBit ? 0 : difference.high;
  }

  const LogColumn* log_;
  bool sample_, root_;
  FixedResults<double> results_;
  const double* values_ = nullptr;
  const uint8_t* valid_ = nullptr;
};

}  // namespace

std::unique_ptr<OverFunction> MakeOverMoment(const OverNode&, const OverCall& call, OverArguments* arguments,
                                             OverFacts* facts) {
  const std::string& name = call.call.function->name;
  const bool sample = name == "STDDEV" || name == "VARIANCE";
  const bool root = name == "STDDEV" || name == "STDDEV_POP";
  if (!sample && !root && name != "VAR_POP") return nullptr;
  facts->wants_frames = true;
  const LogColumn* log = arguments->Add(call.call.arguments[0], call.call.filter);
  return std::make_unique<SlidingFunction<MomentRule>>(MomentRule(log, sample, root));
}

}  // namespace velo::exec
