#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <numeric>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
using ArrayPtr = std::shared_ptr<arrow::Array>;
constexpr const char* kNulls = "NULL in, NULL out";

// An ARRAY argument: which elements belong to which row.
class Lists : public ColumnReader {
 public:
  explicit Lists(const arrow::Datum& datum)
      : ColumnReader(datum), lists_(static_cast<const arrow::ListArray*>(array_.get())) {}
  int64_t Begin(int64_t row) const { return lists_->value_offset(Index(row)); }
  int64_t End(int64_t row) const { return lists_->value_offset(Index(row) + 1); }
  int64_t Length(int64_t row) const { return End(row) - Begin(row); }
  const ArrayPtr& items() const { return lists_->values(); }

 private:
  const arrow::ListArray* lists_;
};

Result<ArrayPtr> TakeItems(const arrow::Array& items, const std::vector<int64_t>& places) {
  arrow::Int64Builder indices;
  VELO_RETURN_IF_ARROW_ERROR(indices.Reserve(static_cast<int64_t>(places.size())));
  for (const int64_t place : places) place < 0 ? indices.UnsafeAppendNull() : indices.UnsafeAppend(place);
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr index_array, indices.Finish());
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr taken, arrow::compute::Take(items, *index_array));
  return taken;
}

// New arrays made of elements of `items`: `fill(row, &places)` appends the places of a row's elements. Rows that are
// NULL in one of `columns` give NULL.
template <typename Fill>
Result<arrow::Datum> Rearranged(const KernelContext& context, const arrow::Array& items,
                                std::initializer_list<const ColumnReader*> columns, Fill fill) {
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity(columns, context.rows));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> offsets,
                              arrow::AllocateBuffer((context.rows + 1) * static_cast<int64_t>(sizeof(int32_t))));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  std::vector<int64_t> places;
  out[0] = 0;
  for (int64_t row = 0; row < context.rows; ++row) {
    if (validity == nullptr || arrow::bit_util::GetBit(validity->data(), row)) fill(row, &places);
    if (places.size() > INT32_MAX) return Status::User("E4004", "the arrays have too many elements together");
    out[row + 1] = static_cast<int32_t>(places.size());
  }
  VELO_ASSIGN_OR_RETURN(ArrayPtr taken, TakeItems(items, places));
  const int64_t nulls = validity == nullptr ? 0 : arrow::kUnknownNullCount;
  return arrow::Datum(arrow::MakeArray(arrow::ArrayData::Make(
      context.result.ToArrow(), context.rows, {std::move(validity), std::move(offsets)}, {taken->data()}, nulls)));
}

// One element per row: `choose(row)` gives its place, or -1 for NULL.
template <typename Choose>
Result<arrow::Datum> Chosen(const KernelContext& context, const Lists& lists, Choose choose) {
  std::vector<int64_t> places(static_cast<size_t>(context.rows), -1);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (!lists.IsNull(row)) places[static_cast<size_t>(row)] = choose(row);
  }
  VELO_ASSIGN_OR_RETURN(ArrayPtr taken, TakeItems(*lists.items(), places));
  return arrow::Datum(std::move(taken));
}

// JSON text is accepted wherever an array is.
Result<SqlType> ArrayArgument(std::string_view name, size_t position, const SqlType& given, TypeKind item_of_text) {
  if (given.kind() == TypeKind::kArray) return given;
  if (IsTextLike(given)) return SqlType::Array(item_of_text);
  return WrongArgumentType(name, position, given, "an ARRAY");
}

Result<CallTypes> SameArrayTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_ASSIGN_OR_RETURN(SqlType type, ArrayArgument(name, 0, arguments[0], TypeKind::kString));
  if (name == "ARRAY_SORT" && type.children()[0].type.is_nested()) {
    return WrongArgumentType(name, 0, type, "an ARRAY of values with an order");
  }
  return CallTypes{{type}, type};
}

Result<arrow::Datum> Reverse(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  return Rearranged(context, *lists.items(), {&lists}, [&](int64_t row, std::vector<int64_t>* places) {
    for (int64_t i = lists.End(row) - 1; i >= lists.Begin(row); --i) places->push_back(i);
  });
}

// A number per element that is equal exactly for equal elements of the same array.
Result<std::vector<int64_t>> ElementCodes(const Lists& lists, int64_t rows) {
  const arrow::Array& items = *lists.items();
  std::vector<int64_t> codes(static_cast<size_t>(items.length()));
  auto encoded = arrow::compute::DictionaryEncode(
      arrow::Datum(lists.items()),
      arrow::compute::DictionaryEncodeOptions(arrow::compute::DictionaryEncodeOptions::NullEncodingBehavior::ENCODE));
  if (encoded.ok()) {
    const auto array = encoded->make_array();
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
    for (int64_t i = 0; i < items.length(); ++i) codes[static_cast<size_t>(i)] = dictionary.GetValueIndex(i);
    return codes;
  }
  // Nested elements cannot be hashed: the code is the place of the first equal element.
  const int64_t last = lists.constant() ? std::min<int64_t>(rows, 1) : rows;
  for (int64_t row = 0; row < last; ++row) {
    if (lists.IsNull(row)) continue;
    for (int64_t i = lists.Begin(row); i < lists.End(row); ++i) {
      int64_t first = lists.Begin(row);
      while (first < i && !items.RangeEquals(items, i, i + 1, first)) ++first;
      codes[static_cast<size_t>(i)] = first;
    }
  }
  return codes;
}

Result<arrow::Datum> Distinct(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  VELO_ASSIGN_OR_RETURN(const std::vector<int64_t> codes, ElementCodes(lists, context.rows));
  // seen[code] is the last row that had the element, plus one.
  std::vector<int64_t> seen(codes.size() + 1, 0);
  return Rearranged(context, *lists.items(), {&lists}, [&](int64_t row, std::vector<int64_t>* places) {
    for (int64_t i = lists.Begin(row); i < lists.End(row); ++i) {
      int64_t& last = seen[static_cast<size_t>(codes[static_cast<size_t>(i)])];
      if (last == row + 1) continue;
      last = row + 1;
      places->push_back(i);
    }
  });
}

// Rank of every element among all elements, NULL last.
Result<std::vector<int64_t>> ElementRanks(const arrow::Array& items) {
  VELO_RETURN_IF_ERROR(InitialiseArrow());
  VELO_ASSIGN_OR_RETURN_ARROW(
      const ArrayPtr order,
      arrow::compute::SortIndices(items, arrow::compute::ArraySortOptions(arrow::compute::SortOrder::Ascending,
                                                                          arrow::compute::NullPlacement::AtEnd)));
  const auto& places = static_cast<const arrow::UInt64Array&>(*order);
  std::vector<int64_t> ranks(static_cast<size_t>(items.length()));
  for (int64_t i = 0; i < places.length(); ++i) ranks[static_cast<size_t>(places.Value(i))] = i;
  return ranks;
}

Result<arrow::Datum> Sort(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  VELO_ASSIGN_OR_RETURN(const std::vector<int64_t> ranks, ElementRanks(*lists.items()));
  return Rearranged(context, *lists.items(), {&lists}, [&](int64_t row, std::vector<int64_t>* places) {
    const auto from = static_cast<ptrdiff_t>(places->size());
    for (int64_t i = lists.Begin(row); i < lists.End(row); ++i) places->push_back(i);
    std::sort(places->begin() + from, places->end(),
              [&](int64_t a, int64_t b) { return ranks[static_cast<size_t>(a)] < ranks[static_cast<size_t>(b)]; });
  });
}

Result<CallTypes> ConcatTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  SqlType common(TypeKind::kNull);
  for (size_t i = 0; i < arguments.size(); ++i) {
    VELO_ASSIGN_OR_RETURN(const SqlType type, ArrayArgument(name, i, arguments[i], TypeKind::kNull));
    common = CommonType(common, type.children()[0].type);
  }
  if (IsUnknown(common)) common = TypeKind::kString;
  return CallTypes{std::vector<SqlType>(arguments.size(), SqlType::Array(common)), SqlType::Array(common)};
}

Result<arrow::Datum> Concat(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN_ARROW(auto made, arrow::MakeBuilder(context.result.ToArrow()));
  auto* builder = static_cast<arrow::ListBuilder*>(made.get());
  std::vector<Lists> lists;
  for (const arrow::Datum& argument : arguments) lists.emplace_back(argument);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (std::any_of(lists.begin(), lists.end(), [row](const Lists& each) { return each.IsNull(row); })) {
      VELO_RETURN_IF_ARROW_ERROR(builder->AppendNull());
      continue;
    }
    VELO_RETURN_IF_ARROW_ERROR(builder->Append());
    for (const Lists& each : lists) {
      VELO_RETURN_IF_ARROW_ERROR(builder->value_builder()->AppendArraySlice(arrow::ArraySpan(*each.items()->data()),
                                                                            each.Begin(row), each.Length(row)));
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, builder->Finish());
  return arrow::Datum(std::move(array));
}

Result<CallTypes> SliceTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 3));
  VELO_ASSIGN_OR_RETURN(const SqlType type, ArrayArgument(name, 0, arguments[0], TypeKind::kString));
  CallTypes types{{type}, type};
  for (size_t i = 1; i < arguments.size(); ++i) {
    VELO_ASSIGN_OR_RETURN(SqlType number, FitArgument(name, i, arguments[i], TypeKind::kInteger));
    types.arguments.push_back(std::move(number));
  }
  return types;
}

Result<arrow::Datum> Slice(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  const Values<int64_t> start(arguments[1]);
  const Values<int64_t> length(arguments.size() > 2 ? arguments[2] : arrow::Datum(int64_t{INT64_MAX}));
  return Rearranged(context, *lists.items(), {&lists, &start, &length}, [&](int64_t row, std::vector<int64_t>* places) {
    const int64_t size = lists.Length(row);
    // As in SUBSTRING: 1-based, 0 acts as 1, negative from the end.
    int64_t first = start[row] > 0 ? start[row] - 1 : 0;
    if (start[row] < 0) first = std::max<int64_t>(size + start[row], 0);
    first = std::min(first, size);
    const int64_t count = std::clamp<int64_t>(length[row], 0, size - first);
    for (int64_t i = 0; i < count; ++i) places->push_back(lists.Begin(row) + first + i);
  });
}

Result<CallTypes> ExtremeTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_ASSIGN_OR_RETURN(const SqlType type, ArrayArgument(name, 0, arguments[0], TypeKind::kFloat));
  const SqlType item = type.children()[0].type;
  if (item.is_nested()) return WrongArgumentType(name, 0, type, "an ARRAY of values with an order");
  return CallTypes{{type}, item};
}

template <bool kLargest>
Result<arrow::Datum> Extreme(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  const arrow::Array& items = *lists.items();
  VELO_ASSIGN_OR_RETURN(const std::vector<int64_t> ranks, ElementRanks(items));
  return Chosen(context, lists, [&](int64_t row) {
    int64_t best = -1;
    for (int64_t i = lists.Begin(row); i < lists.End(row); ++i) {
      if (items.IsNull(i)) continue;
      const bool better = best < 0 || (ranks[static_cast<size_t>(i)] > ranks[static_cast<size_t>(best)]) == kLargest;
      if (better) best = i;
    }
    return best;
  });
}

Result<CallTypes> SumTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_ASSIGN_OR_RETURN(SqlType type, ArrayArgument(name, 0, arguments[0], TypeKind::kFloat));
  SqlType item = type.children()[0].type;
  if (IsUnknown(item)) item = TypeKind::kFloat;
  if (!item.is_numeric()) return NotNumeric(name, type);
  return CallTypes{{SqlType::Array(item)}, item};
}

template <typename T, typename Add>
Result<arrow::Datum> SumOf(const KernelContext& context, const Lists& lists, Add add) {
  const arrow::Array& items = *lists.items();
  const T* values = items.data()->GetValues<T>(1);
  bool fits = true;
  auto result = MapFixed<T>(context, {&lists}, [&](int64_t row) -> std::optional<T> {
    std::optional<T> sum;
    for (int64_t i = lists.Begin(row); i < lists.End(row); ++i) {
      if (items.IsNull(i)) continue;
      T next = values[i];
      if (sum) fits = add(*sum, values[i], &next) && fits;
      sum = next;
    }
    return sum;
  });
  if (!fits) return Status::User("E4004", "the sum of an array does not fit into " + context.result.ToString());
  return result;
}

Result<arrow::Datum> Sum(const KernelContext& context, Arguments arguments) {
  const Lists lists(arguments[0]);
  switch (context.result.kind()) {
    case TypeKind::kInteger:
      return SumOf<int64_t>(context, lists,
                            [](int64_t a, int64_t b, int64_t* out) { return !__builtin_add_overflow(a, b, out); });
    case TypeKind::kDecimal:
      return SumOf<Int128>(context, lists, [](Int128 a, Int128 b, Int128* out) {
        *out = a + b;
        return FitsPrecision(*out, 38);
      });
    default:
      return SumOf<double>(context, lists, [](double a, double b, double* out) {
        *out = a + b;
        return true;
      });
  }
}

}  // namespace

void RegisterArrayFunctions(FunctionRegistry* registry) {
  const std::string category = "Arrays and maps";
  const auto add = [&](std::string name, TypeRule types, ScalarKernel kernel, std::string signature,
                       std::string description, std::string nulls, std::string example, std::string result) {
    ScalarFunction function;
    function.name = std::move(name);
    function.types = types;
    function.kernel = kernel;
    function.doc = {category,         std::move(signature), std::move(description),
                    std::move(nulls), std::move(example),   std::move(result)};
    registry->Add(std::move(function));
  };
  add("ARRAY_DISTINCT", SameArrayTypes, Distinct, "ARRAY_DISTINCT(array) → ARRAY",
      "The elements without repetitions, at their first place.", kNulls, "ARRAY_DISTINCT(ARRAY[2, 1, 2])", "[2,1]");
  add("ARRAY_SORT", SameArrayTypes, Sort, "ARRAY_SORT(array) → ARRAY", "The elements from small to large.",
      "NULL elements come last", "ARRAY_SORT(ARRAY[3, 1, 2])", "[1,2,3]");
  add("ARRAY_REVERSE", SameArrayTypes, Reverse, "ARRAY_REVERSE(array) → ARRAY", "The elements from last to first.",
      kNulls, "ARRAY_REVERSE(ARRAY[1, 2, 3])", "[3,2,1]");
  add("ARRAY_CONCAT", ConcatTypes, Concat, "ARRAY_CONCAT(array, ...) → ARRAY", "The arrays one after the other.",
      kNulls, "ARRAY_CONCAT(ARRAY[1], ARRAY[2, 3])", "[1,2,3]");
  add("ARRAY_SLICE", SliceTypes, Slice, "ARRAY_SLICE(array, position[, length]) → ARRAY",
      "Elements from a 1-based position, from the end when negative.", kNulls, "ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, 2)",
      "[2,3]");
  add("ARRAY_MIN", ExtremeTypes, Extreme<false>, "ARRAY_MIN(array) → element", "The smallest element.",
      "NULL elements are ignored", "ARRAY_MIN(ARRAY[3, 1, 2])", "1");
  add("ARRAY_MAX", ExtremeTypes, Extreme<true>, "ARRAY_MAX(array) → element", "The largest element.",
      "NULL elements are ignored", "ARRAY_MAX(ARRAY[3, 1, 2])", "3");
  add("ARRAY_SUM", SumTypes, Sum, "ARRAY_SUM(array) → type of the elements", "The sum of the elements.",
      "NULL elements are ignored", "ARRAY_SUM(ARRAY[3, 1, 2])", "6");
}

}  // namespace velo
