#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/functions/aggregate/group_state.h"
#include "engine/functions/aggregate/quantiles.h"
#include "engine/functions/families.h"

namespace velo {
namespace {

// Values kept as they are before they are merged; groups with fewer values are exact.
constexpr size_t kBufferedValues = 512;
// Bounds the number of centroids; 200 keeps ranks within about 0.5% in the middle and far closer at the ends.
constexpr double kCompression = 200;

struct Centroid {
  double mean = 0;
  double weight = 0;
};

// A merging t-digest with the scale function k1 (Dunning and Ertl, "Computing extremely accurate quantiles using
// t-digests", 2019).
class Digest {
 public:
  void Add(double value) {
    buffer_.push_back(value);
    if (buffer_.size() >= kBufferedValues) Compress();
  }
  void Merge(const Digest& other) {
    if (!other.centroids_.empty()) {
      pending_.insert(pending_.end(), other.centroids_.begin(), other.centroids_.end());
      lowest_ = std::min(lowest_, other.lowest_);
      highest_ = std::max(highest_, other.highest_);
      Compress();
    }
    for (const double value : other.buffer_) Add(value);
  }
  bool empty() const { return buffer_.empty() && centroids_.empty(); }

  double Quantile(double fraction) {
    if (centroids_.empty()) return ExactQuantile(fraction);
    if (!buffer_.empty()) Compress();
    double total = 0;
    for (const Centroid& centroid : centroids_) total += centroid.weight;
    const double wanted = fraction * total;
    // A centroid stands for the weight around its middle; between two middles the value is interpolated.
    double middle = 0, mean = lowest_, before = 0;
    for (const Centroid& centroid : centroids_) {
      const double next = before + centroid.weight / 2;
      if (wanted < next) return mean + (centroid.mean - mean) * (wanted - middle) / std::max(next - middle, 1e-300);
      middle = next;
      mean = centroid.mean;
      before += centroid.weight;
    }
    return mean + (highest_ - mean) * (wanted - middle) / std::max(total - middle, 1e-300);
  }

  int64_t MemoryBytes() const {
    return static_cast<int64_t>(sizeof(Digest) + buffer_.capacity() * sizeof(double) +
                                centroids_.capacity() * sizeof(Centroid));
  }
  void Save(std::string* out) const {
    SaveNumbers(buffer_, out);
    SaveNumbers(centroids_, out);
    SaveNumbers(std::vector<double>{lowest_, highest_}, out);
  }
  Status Load(std::string_view* in) {
    std::vector<double> ends;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &buffer_));
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &centroids_));
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &ends));
    if (ends.size() != 2) return Status::Bug("an aggregate snapshot is not what it should be");
    lowest_ = ends[0];
    highest_ = ends[1];
    return Status::OK();
  }

 private:
  double ExactQuantile(double fraction) {
    std::sort(buffer_.begin(), buffer_.end());
    const double place = fraction * static_cast<double>(buffer_.size() - 1);
    const auto rank = static_cast<size_t>(place);
    if (rank + 1 >= buffer_.size()) return buffer_.back();
    return buffer_[rank] + (place - static_cast<double>(rank)) * (buffer_[rank + 1] - buffer_[rank]);
  }

  // The largest share up to which a centroid that starts at `share` may reach.
  static double ShareLimit(double share) {
    const double k = kCompression / (2 * std::numbers::pi) * std::asin(2 * share - 1) + 1;
    const double angle = std::min(2 * std::numbers::pi * k / kCompression, std::numbers::pi / 2);
    return (std::sin(angle) + 1) / 2;
  }

  void Compress() {
    for (const double value : buffer_) {
      lowest_ = std::min(lowest_, value);
      highest_ = std::max(highest_, value);
      pending_.push_back({value, 1});
    }
    buffer_.clear();
    pending_.insert(pending_.end(), centroids_.begin(), centroids_.end());
    std::sort(pending_.begin(), pending_.end(), [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; });
    double total = 0;
    for (const Centroid& centroid : pending_) total += centroid.weight;
    centroids_.clear();
    double done = 0;
    double limit = total * ShareLimit(0);
    Centroid current = pending_[0];
    for (size_t i = 1; i < pending_.size(); ++i) {
      const Centroid& next = pending_[i];
      if (done + current.weight + next.weight <= limit) {
        current.weight += next.weight;
        current.mean += (next.mean - current.mean) * next.weight / current.weight;
        continue;
      }
      done += current.weight;
      centroids_.push_back(current);
      limit = total * ShareLimit(done / total);
      current = next;
    }
    centroids_.push_back(current);
    pending_.clear();
  }

  std::vector<double> buffer_;
  std::vector<Centroid> centroids_;
  std::vector<Centroid> pending_;  // Only used while compressing.
  double lowest_ = INFINITY;
  double highest_ = -INFINITY;
};

class ApproximateQuantileAggregator : public Aggregator {
 public:
  ApproximateQuantileAggregator(size_t argument, double fraction) : argument_(argument), fraction_(fraction) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > digests_.size()) digests_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    const Values<double> values{arrow::Datum(arguments[argument_])};
    ForEachValue(*arguments[argument_], groups, selected, rows, [&](uint32_t group, int64_t row) {
      // NaN has no place among the numbers.
      if (!std::isnan(values[row])) digests_[group].Add(values[row]);
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(digests_, static_cast<const ApproximateQuantileAggregator&>(other).digests_, group_map,
                [](Digest& mine, const Digest& theirs) { mine.Merge(theirs); });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::DoubleBuilder>(TypeKind::kFloat, groups, [this](auto* builder, uint32_t group) {
      Digest& digest = digests_[group];
      return digest.empty() ? builder->AppendNull() : builder->Append(digest.Quantile(fraction_));
    });
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) digests_[group] = Digest{};
  }
  int64_t MemoryBytes() const override {
    int64_t bytes = 0;
    for (const Digest& digest : digests_) bytes += digest.MemoryBytes();
    return bytes;
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{digests_.size()}, out);
    for (const Digest& digest : digests_) digest.Save(out);
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    digests_.assign(size[0], {});
    for (Digest& digest : digests_) VELO_RETURN_IF_ERROR(digest.Load(in));
    return Status::OK();
  }

 private:
  size_t argument_;
  double fraction_;
  std::vector<Digest> digests_;
};

std::unique_ptr<Aggregator> MakeApproximate(const CallTypes&, std::span<const std::string* const> constants) {
  return std::make_unique<ApproximateQuantileAggregator>(PercentileValueArgument(constants),
                                                         PercentileFraction(constants));
}

}  // namespace

void RegisterApproximateQuantile(FunctionRegistry* registry) {
  AggregateFunction quantile;
  quantile.name = "APPROX_PERCENTILE";
  quantile.aliases = {"APPROX_QUANTILE"};
  quantile.types = PercentileTypes;
  quantile.make = MakeApproximate;
  quantile.doc = {"Aggregate",
                  "APPROX_PERCENTILE(x, p) → FLOAT",
                  "The p-quantile within about 1% of the rank, in bounded memory; exact below 512 values.",
                  "NULL values are ignored",
                  "APPROX_PERCENTILE(latency, 0.95)",
                  ""};
  registry->Add(std::move(quantile));
}

}  // namespace velo
