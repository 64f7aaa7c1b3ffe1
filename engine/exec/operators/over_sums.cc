// COUNT, SUM and AVG over frames: exact for integers and decimals, in doubled precision for FLOAT.
#include <cmath>

#include "engine/exec/operators/arrival_functions.h"
#include "engine/exec/operators/over_sliding.h"
#include "engine/types/decimal.h"

namespace velo::exec {

namespace {

// Rules read their argument from a log, or, where that is null, from where Bind says.
class CountRule {
 public:
  using Total = int64_t;
  using Value = uint8_t;
  static constexpr bool kReadsValues = false;
  /// `log` null and nothing bound: COUNT(*).
  explicit CountRule(const LogColumn* log) : log_(log), results_(arrow::int64()) {}

  Status Prepare(int64_t rows) {
    if (log_ != nullptr) valid_ = log_->valid();
    return results_.Prepare(rows);
  }
  void Bind(const Value*, const uint8_t* valid) { valid_ = valid; }
  void Add(Total* total, uint32_t id) const { *total += valid_ == nullptr ? 1 : valid_[id]; }
  void Remove(Total* total, uint32_t id) const { *total -= valid_ == nullptr ? 1 : valid_[id]; }
  bool Drifted(const Total&) const { return false; }
  void Give(const Total& total, int64_t row) { results_.Set(row, total); }
  Result<std::shared_ptr<arrow::Array>> Finish() { return results_.Finish(); }

 private:
  const LogColumn* log_;
  FixedResults<int64_t> results_;
  const uint8_t* valid_ = nullptr;
};

Status Overflow(const SqlType& type) {
  return Status::User("E4004", "the sum does not fit into " + type.ToString(),
                      "CAST the argument to FLOAT or to a DECIMAL with fewer decimals.");
}

// Whole numbers: INTEGER and INTERVAL (Value int64_t), DECIMAL (Value Int128). Out is the type of the result's values.
template <typename ValueType, typename Out>
class WholeSumRule {
 public:
  using Value = ValueType;
  static constexpr bool kReadsValues = true;
  struct Total {
    Int128 sum = 0;
    int64_t count = 0;
  };
  WholeSumRule(const LogColumn* log, const CallTypes& types, bool mean)
      : log_(log), argument_(types.arguments[0]), type_(types.result), mean_(mean), results_(types.result.ToArrow()) {}

  Status Prepare(int64_t rows) {
    if (log_ != nullptr) Bind(log_->values<Value>(), log_->valid());
    return results_.Prepare(rows);
  }
  void Bind(const Value* values, const uint8_t* valid) {
    values_ = values;
    valid_ = valid;
  }
  void Add(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    overflow_ |= __builtin_add_overflow(total->sum, Int128{values_[id]}, &total->sum);
    ++total->count;
  }
  void Remove(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    overflow_ |= __builtin_sub_overflow(total->sum, Int128{values_[id]}, &total->sum);
    --total->count;
  }
  bool Drifted(const Total&) const { return false; }
  void Give(const Total& total, int64_t row) {
    if (total.count == 0) return results_.SetNull(row);
    if constexpr (std::is_same_v<Out, double>) {
      results_.Set(row, static_cast<double>(total.sum) / static_cast<double>(total.count));
    } else if constexpr (std::is_same_v<Out, int64_t>) {
      const Int128 value = mean_ ? total.sum / total.count : total.sum;
      overflow_ |= value != static_cast<int64_t>(value);
      results_.Set(row, static_cast<int64_t>(value));
    } else {
      Int128 value = total.sum;
      if (mean_) {
        const auto scaled = Rescale(value, argument_.scale(), type_.scale());
        overflow_ |= !scaled;
        value = DivideRounded(scaled.value_or(0), total.count);
      }
      overflow_ |= !FitsPrecision(value, 38);
      results_.Set(row, value);
    }
  }
  Result<std::shared_ptr<arrow::Array>> Finish() {
    if (overflow_) return Overflow(type_);
    return results_.Finish();
  }

 private:
  const LogColumn* log_;
  SqlType argument_, type_;
  bool mean_;
  FixedResults<Out> results_;
  const Value* values_ = nullptr;
  const uint8_t* valid_ = nullptr;
  mutable bool overflow_ = false;
};

class FloatSumRule {
 public:
  using Value = double;
  static constexpr bool kReadsValues = true;
  struct Total {
    DoubleTotal sum;
    int64_t count = 0;
    int32_t nans = 0, rises = 0, falls = 0;  ///< NaN, infinity and -infinity are counted, not added.
  };
  FloatSumRule(const LogColumn* log, bool mean) : log_(log), mean_(mean), results_(arrow::float64()) {}

  Status Prepare(int64_t rows) {
    if (log_ != nullptr) Bind(log_->values<double>(), log_->valid());
    return results_.Prepare(rows);
  }
  void Bind(const double* values, const uint8_t* valid) {
    values_ = values;
    valid_ = valid;
  }
  void Add(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    ++total->count;
    const double value = values_[id];
    if (std::isfinite(value)) {
      total->sum.Add(value);
    } else {
      CountSpecial(total, value, 1);
    }
  }
  void Remove(Total* total, uint32_t id) const {
    if (valid_[id] == 0) return;
    --total->count;
    const double value = values_[id];
    if (std::isfinite(value)) {
      total->sum.Remove(value);
    } else {
      CountSpecial(total, value, -1);
    }
  }
  // Both at once where both are numbers: where one is not, the sum is not either.
  void Replace(Total* total, uint32_t entering, uint32_t leaving) const {
    if ((valid_[entering] & valid_[leaving]) != 0) {
      DoubleTotal sum = total->sum;
      sum.Replace(values_[entering], values_[leaving]);
      if (std::isfinite(sum.high)) {
        total->sum = sum;
        return;
      }
    }
    Add(total, entering);
    Remove(total, leaving);
  }
  // A sum that overflowed once stays infinite whatever leaves.
  bool Drifted(const Total& total) const { return total.sum.Drifted() || !std::isfinite(total.sum.high); }
  void Give(const Total& total, int64_t row) {
    if (total.count == 0) return results_.SetNull(row);
    const bool is_plain = (total.nans | total.rises | total.falls) == 0;
    const double sum = is_plain ? total.sum.high : SumOfSpecials(total);
    results_.Set(row, mean_ ? sum / static_cast<double>(total.count) : sum);
  }
  Result<std::shared_ptr<arrow::Array>> Finish() { return results_.Finish(); }

 private:
  static double SumOfSpecials(const Total& total) {
    if (total.nans > 0 || (total.rises > 0 && total.falls > 0)) return std::numeric_limits<double>::quiet_NaN();
    return total.rises > 0 ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  }
  static void CountSpecial(Total* total, double value, int32_t by) {
    if (std::isnan(value)) {
      total->nans += by;
    } else {
      (value > 0 ? total->rises : total->falls) += by;
    }
  }

  const LogColumn* log_;
  bool mean_;
  FixedResults<double> results_;
  const double* values_ = nullptr;
  const uint8_t* valid_ = nullptr;
};

template <typename Rule>
std::unique_ptr<OverFunction> Sliding(Rule rule) {
  return std::make_unique<SlidingFunction<Rule>>(std::move(rule));
}

template <typename Rule>
std::unique_ptr<ArrivalFunction> Arriving(Rule rule, const OverNode& node) {
  return std::make_unique<ArrivalSlide<Rule>>(std::move(rule), MostRowsOfFrame(node));
}

bool CountsRows(const OverCall& call) {
  const AggregateFunction& function = *call.call.function;
  return function.counts_true || (function.counts_rows && call.call.arguments.size() <= 1);
}

}  // namespace

std::unique_ptr<OverFunction> MakeOverSum(const OverNode&, const OverCall& call, OverArguments* arguments,
                                          OverFacts* facts) {
  const std::string& name = call.call.function->name;
  const auto& inputs = call.call.arguments;
  if (CountsRows(call)) {
    facts->wants_frames = true;
    if (inputs.empty()) {
      const bool filtered = call.call.filter != nullptr;
      return Sliding(CountRule(filtered ? arguments->Add(call.call.filter, nullptr, true) : nullptr));
    }
    return Sliding(CountRule(arguments->Add(inputs[0], call.call.filter, call.call.function->counts_true)));
  }
  if (name != "SUM" && name != "AVG") return nullptr;
  facts->wants_frames = true;
  const bool mean = name == "AVG";
  const CallTypes& types = call.call.types;
  const LogColumn* log = arguments->Add(inputs[0], call.call.filter);
  switch (types.arguments[0].kind()) {
    case TypeKind::kFloat:
      return Sliding(FloatSumRule(log, mean));
    case TypeKind::kDecimal:
      return Sliding(WholeSumRule<Int128, Int128>(log, types, mean));
    default:
      if (types.result.kind() == TypeKind::kFloat) return Sliding(WholeSumRule<int64_t, double>(log, types, mean));
      return Sliding(WholeSumRule<int64_t, int64_t>(log, types, mean));
  }
}

std::unique_ptr<ArrivalFunction> MakeArrivalSum(const OverNode& node, const OverCall& call) {
  const std::string& name = call.call.function->name;
  if (call.call.distinct) return nullptr;
  if (CountsRows(call)) return Arriving(CountRule(nullptr), node);
  if (name != "SUM" && name != "AVG") return nullptr;
  const bool mean = name == "AVG";
  const CallTypes& types = call.call.types;
  switch (types.arguments[0].kind()) {
    case TypeKind::kFloat:
      return Arriving(FloatSumRule(nullptr, mean), node);
    case TypeKind::kDecimal:
      return Arriving(WholeSumRule<Int128, Int128>(nullptr, types, mean), node);
    default:
      if (types.result.kind() == TypeKind::kFloat) {
        return Arriving(WholeSumRule<int64_t, double>(nullptr, types, mean), node);
      }
      return Arriving(WholeSumRule<int64_t, int64_t>(nullptr, types, mean), node);
  }
}

}  // namespace velo::exec
