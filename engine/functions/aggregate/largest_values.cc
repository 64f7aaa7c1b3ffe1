#include <algorithm>
#include <cmath>

#include "engine/functions/aggregate/group_state.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

constexpr int64_t kMostValues = 10'000;

// TOPK and TOPKDISTINCT: the n largest values of each group from large to small. T is what the column holds; texts are
// kept as strings.
template <typename T>
class LargestValues : public Aggregator {
 public:
  LargestValues(SqlType result, size_t limit, bool distinct)
      : result_(std::move(result)), limit_(limit), distinct_(distinct) {}
  void Resize(int64_t groups) override {
    if (static_cast<size_t>(groups) > groups_.size()) groups_.resize(static_cast<size_t>(groups));
  }
  Status Update(ArgumentSpan arguments, const uint32_t* groups, const uint8_t* selected, int64_t rows) override {
    using View = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;
    const Values<View> values{arrow::Datum(arguments[0])};
    ForEachValue(*arguments[0], groups, selected, rows, [&](uint32_t group, int64_t row) {
      std::vector<T>& kept = groups_[group];
      if (kept.size() == limit_ && !Before(View(values[row]), View(kept.back()))) return;
      Insert(&kept, T(values[row]));
    });
    return Status::OK();
  }
  Status Merge(const Aggregator& other, std::span<const uint32_t> group_map) override {
    MergeGroups(groups_, static_cast<const LargestValues&>(other).groups_, group_map,
                [&](std::vector<T>& mine, const std::vector<T>& theirs) {
                  for (const T& value : theirs) Insert(&mine, value);
                });
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Finalise(std::span<const uint32_t> groups) override {
    return BuildColumn<arrow::ListBuilder>(result_, groups, [this](arrow::ListBuilder* lists, uint32_t group) {
      if (groups_[group].empty()) return lists->AppendNull();
      arrow::Status status = lists->Append();
      for (const T& value : groups_[group]) status &= AppendTo(lists->value_builder(), value);
      return status;
    });
  }
  void Reset(std::span<const uint32_t> groups) override {
    for (const uint32_t group : groups) groups_[group] = std::vector<T>();
  }
  int64_t MemoryBytes() const override {
    int64_t bytes = static_cast<int64_t>(groups_.capacity() * sizeof(std::vector<T>));
    for (const std::vector<T>& kept : groups_) {
      bytes += static_cast<int64_t>(kept.capacity() * sizeof(T));
      if constexpr (std::is_same_v<T, std::string>) {
        for (const std::string& text : kept) bytes += static_cast<int64_t>(text.size());
      }
    }
    return bytes;
  }
  void Save(std::string* out) const override {
    SaveNumbers(std::vector<uint64_t>{groups_.size()}, out);
    for (const std::vector<T>& kept : groups_) {
      if constexpr (std::is_same_v<T, std::string>) {
        SaveTexts(kept, out);
      } else {
        SaveNumbers(kept, out);
      }
    }
  }
  Status Load(std::string_view* in) override {
    std::vector<uint64_t> size;
    VELO_RETURN_IF_ERROR(LoadNumbers(in, &size));
    if (size.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
    groups_.assign(size[0], {});
    for (std::vector<T>& kept : groups_) {
      if constexpr (std::is_same_v<T, std::string>) {
        VELO_RETURN_IF_ERROR(LoadTexts(in, &kept));
      } else {
        VELO_RETURN_IF_ERROR(LoadNumbers(in, &kept));
      }
    }
    return Status::OK();
  }

 private:
  // Larger values come first; NaN is above all numbers.
  template <typename V>
  static bool Before(const V& a, const V& b) {
    if constexpr (std::is_same_v<V, double>) return a > b || (std::isnan(a) && !std::isnan(b));
    return a > b;
  }

  void Insert(std::vector<T>* kept, const T& value) {
    const auto place =
        std::upper_bound(kept->begin(), kept->end(), value, [](const T& a, const T& b) { return Before<T>(a, b); });
    if (distinct_ && place != kept->begin() && !Before<T>(*(place - 1), value)) return;
    kept->insert(place, value);
    if (kept->size() > limit_) kept->pop_back();
  }

  static arrow::Status AppendTo(arrow::ArrayBuilder* builder, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(value);
    } else if constexpr (std::is_same_v<T, Int128>) {
      return static_cast<arrow::Decimal128Builder*>(builder)->Append(ToArrowDecimal(value));
    } else if constexpr (std::is_same_v<T, double>) {
      return static_cast<arrow::DoubleBuilder*>(builder)->Append(value);
    } else if constexpr (std::is_same_v<T, int32_t>) {
      return static_cast<arrow::Date32Builder*>(builder)->Append(value);
    } else {
      switch (builder->type()->id()) {
        case arrow::Type::TIMESTAMP:
          return static_cast<arrow::TimestampBuilder*>(builder)->Append(value);
        case arrow::Type::TIME64:
          return static_cast<arrow::Time64Builder*>(builder)->Append(value);
        case arrow::Type::DURATION:
          return static_cast<arrow::DurationBuilder*>(builder)->Append(value);
        default:
          return static_cast<arrow::Int64Builder*>(builder)->Append(value);
      }
    }
  }

  SqlType result_;
  size_t limit_;
  bool distinct_;
  std::vector<std::vector<T>> groups_;
};

std::optional<int64_t> LimitOf(ConstantSpan constants) {
  if (constants.size() < 2 || constants[1] == nullptr) return std::nullopt;
  const auto limit = ParseInteger(*constants[1]);
  return limit && *limit >= 1 && *limit <= kMostValues ? limit : std::nullopt;
}

Result<CallTypes> LargestTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const SqlType value = IsUnknown(arguments[0]) ? SqlType(TypeKind::kString) : arguments[0];
  if (value.is_nested() || value.kind() == TypeKind::kBoolean) {
    return WrongArgumentType(name, 0, value, "a value with an order");
  }
  if (!LimitOf(constants)) {
    return Status::User("E2301", std::string(name) + " needs a constant number of values from 1 to 10000",
                        std::string(name) + "(price, 3) gives the three largest prices.");
  }
  return CallTypes{{value, TypeKind::kInteger}, SqlType::Array(value)};
}

template <bool kDistinct>
std::unique_ptr<Aggregator> MakeLargest(const CallTypes& types, ConstantSpan constants) {
  const auto limit = static_cast<size_t>(LimitOf(constants).value_or(1));
  switch (types.arguments[0].kind()) {
    case TypeKind::kFloat:
      return std::make_unique<LargestValues<double>>(types.result, limit, kDistinct);
    case TypeKind::kDecimal:
      return std::make_unique<LargestValues<Int128>>(types.result, limit, kDistinct);
    case TypeKind::kDate:
      return std::make_unique<LargestValues<int32_t>>(types.result, limit, kDistinct);
    case TypeKind::kInteger:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
      return std::make_unique<LargestValues<int64_t>>(types.result, limit, kDistinct);
    default:
      return std::make_unique<LargestValues<std::string>>(types.result, limit, kDistinct);
  }
}

}  // namespace

void RegisterLargestValues(FunctionRegistry* registry) {
  AggregateFunction top;
  top.types = LargestTypes;
  top.name = "TOPK";
  top.make = MakeLargest<false>;
  top.doc = {"Aggregate",
             "TOPK(x, n) → ARRAY",
             "The n largest values from large to small.",
             "NULL values are ignored",
             "TOPK(price, 3)",
             ""};
  registry->Add(top);
  top.name = "TOPKDISTINCT";
  top.make = MakeLargest<true>;
  top.doc = {"Aggregate",
             "TOPKDISTINCT(x, n) → ARRAY",
             "The n largest different values from large to small.",
             "NULL values are ignored",
             "TOPKDISTINCT(price, 3)",
             ""};
  registry->Add(std::move(top));
}

}  // namespace velo
