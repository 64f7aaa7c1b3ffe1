#include <bit>
#include <cmath>
#include <unordered_set>

#include "engine/functions/aggregate/value_codec.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

// 4096 registers give a standard error of 1.04 / sqrt(4096) = 1.6% (Flajolet et al. 2007).
constexpr int kRegisterBits = 12;
constexpr size_t kRegisters = size_t{1} << kRegisterBits;
constexpr size_t kExactLimit = 256;

uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  // FNV leaves the upper bits of short texts alike; the finaliser of splitmix64 spreads them.
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9ull;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111ebull;
  return hash ^ hash >> 31;
}

// Up to 256 hashes are kept as they are; beyond that only the registers.
struct Sketch {
  std::unordered_set<uint64_t> exact;
  std::vector<uint8_t> registers;

  void Add(uint64_t hash) {
    if (registers.empty()) {
      exact.insert(hash);
      if (exact.size() < kExactLimit) return;
      registers.assign(kRegisters, 0);
      for (const uint64_t known : exact) Register(known);
      exact.clear();
      return;
    }
    Register(hash);
  }
  void Register(uint64_t hash) {
    const size_t index = hash >> (64 - kRegisterBits);
    const auto rank = static_cast<uint8_t>(std::countl_zero(hash << kRegisterBits | uint64_t{1} << (kRegisterBits - 1)) + 1);
    registers[index] = std::max(registers[index], rank);
  }
  void Merge(const Sketch& other) {
    for (const uint64_t hash : other.exact) Add(hash);
    if (other.registers.empty()) return;
    if (registers.empty()) registers.assign(kRegisters, 0);
    for (const uint64_t hash : exact) Register(hash);
    exact.clear();
    for (size_t i = 0; i < kRegisters; ++i) registers[i] = std::max(registers[i], other.registers[i]);
  }
  int64_t Count() const {
    if (registers.empty()) return static_cast<int64_t>(exact.size());
    double sum = 0;
    int64_t zeros = 0;
    for (const uint8_t rank : registers) {
      sum += std::ldexp(1.0, -rank);
      zeros += rank == 0;
    }
    const auto size = static_cast<double>(kRegisters);
    const double raw = 0.7213 / (1 + 1.079 / size) * size * size / sum;
    if (raw <= 2.5 * size && zeros > 0) return std::llround(size * std::log(size / static_cast<double>(zeros)));
    return std::llround(raw);
  }
};

class ApproximateCountAggregator : public Aggregator {
 public:
  explicit ApproximateCountAggregator(const SqlType& type) : codec_(type) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > sketches_.size()) sketches_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    std::string value;
    ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t row) {
      value.clear();
      codec_.Encode(*arguments[0], row, &value);
      sketches_[group].Add(HashBytes(value));
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(sketches_, static_cast<const ApproximateCountAggregator&>(other).sketches_, group_map,
                [](Sketch& mine, const Sketch& theirs) { mine.Merge(theirs); });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::Int64Builder>(TypeKind::kInteger, groups, [this](auto* builder, uint32_t group) {
      return builder->Append(sketches_[group].Count());
    });
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) sketches_[group] = Sketch{};
  }
  int64_t MemoryBytes() const override {
    int64_t bytes = static_cast<int64_t>(sketches_.capacity() * sizeof(Sketch));
    for (const Sketch& sketch : sketches_) {
      bytes += static_cast<int64_t>(sketch.registers.size() + sketch.exact.size() * 24);
    }
    return bytes;
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{sketches_.size()}, out);
    for (const Sketch& sketch : sketches_) {
      SaveNumbers(std::vector<uint64_t>(sketch.exact.begin(), sketch.exact.end()), out);
      SaveNumbers(sketch.registers, out);
    }
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size, hashes;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    sketches_.clear();
    sketches_.resize(size[0]);
    for (Sketch& sketch : sketches_) {
      VELO_RETURN_IF_ERROR(LoadNumbers(in, &hashes));
      VELO_RETURN_IF_ERROR(LoadNumbers(in, &sketch.registers));
      sketch.exact.insert(hashes.begin(), hashes.end());
    }
    return Status::OK();
  }

 private:
  ValueCodec codec_;
  std::vector<Sketch> sketches_;
};

Result<CallTypes> AnyToInteger(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  return CallTypes{{arguments[0]}, TypeKind::kInteger};
}

std::unique_ptr<Aggregator> MakeApproximateCount(const CallTypes& types, ConstantSpan) {
  return std::make_unique<ApproximateCountAggregator>(types.arguments[0]);
}

}  // namespace

void RegisterApproximateCount(FunctionRegistry* registry) {
  AggregateFunction function;
  function.name = "APPROX_COUNT_DISTINCT";
  function.types = AnyToInteger;
  function.make = MakeApproximateCount;
  function.doc = {"Aggregate", "APPROX_COUNT_DISTINCT(x) → INTEGER",
                  "Number of distinct values within about 2%; exact below 256.", "NULL values are not counted",
                  "APPROX_COUNT_DISTINCT(user_id)", ""};
  registry->Add(std::move(function));
}

}  // namespace velo
