#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace velo::demo {

/// Random numbers that are the same on every machine for a seed (splitmix64), unlike the distributions of the standard
/// library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// In [0, count).
  int Below(int count) { return static_cast<int>(Uniform() * count); }
  bool Chance(double probability) { return Uniform() < probability; }
  double Normal() {
    double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(6.283185307179586 * Uniform());
  }
  double Normal(double mean, double deviation) { return mean + deviation * Normal(); }
  /// `median` times e to the power of a normal number.
  double LogNormal(double median, double sigma) { return median * std::exp(sigma * Normal()); }
  double Exponential(double mean) { return -mean * std::log(1 - Uniform()); }
  /// Index by weight. REQUIRES: a positive sum.
  template <typename Weights>
  int Weighted(const Weights& weights) {
    double sum = 0;
    for (double weight : weights) sum += weight;
    double left = Uniform() * sum;
    int index = 0;
    for (double weight : weights) {
      if ((left -= weight) < 0) return index;
      ++index;
    }
    return index - 1;
  }

 private:
  uint64_t state_;
};

}  // namespace velo::demo
