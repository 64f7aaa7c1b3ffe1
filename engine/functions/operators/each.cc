#include <arrow/compute/api_vector.h>
#include <arrow/util/bitmap_ops.h>

#include <array>
#include <utility>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

// Operators over every element of an array: "EACH <" compares each element with a value and gives an array of truth
// values; "ANY TRUE", "ALL TRUE" and "SOME MATCH" make one truth value of it. Quantified comparisons (x < ANY(array))
// and predicates on wildcard paths (dialect 2.7) are made of these two.

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr std::string_view kPrefix = "EACH ";
constexpr std::array<std::string_view, 16> kLifted = {
    "=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "REGEXP", "IN", "BETWEEN", "IS NULL", "NOT", "[]", "[*]", "[:]"};

// The types of the operator for single elements, with arrays in the place of its first argument and its result.
Result<CallTypes> EachTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  const std::string_view single = name.substr(kPrefix.size());
  if (arguments[0].kind() != TypeKind::kArray) return CannotApply(single, arguments);
  std::vector<SqlType> types(arguments.begin(), arguments.end());
  types[0] = arguments[0].children()[0].type;
  const ScalarFunction* function = BuiltinFunctions().FindScalar(single);
  VELO_ASSIGN_OR_RETURN(CallTypes lifted, function->types(single, types, constants));
  lifted.arguments[0] = SqlType::Array(lifted.arguments[0]);
  lifted.result = SqlType::Array(lifted.result);
  return lifted;
}

// Row of the list that each element belongs to.
std::vector<int64_t> ParentsOf(const arrow::ListArray& lists, int64_t first) {
  std::vector<int64_t> parents;
  parents.reserve(static_cast<size_t>(lists.value_offset(lists.length()) - first));
  for (int64_t row = 0; row < lists.length(); ++row) {
    parents.insert(parents.end(), static_cast<size_t>(lists.value_length(row)), row);
  }
  return parents;
}

// The same lists around other elements, which are those from `first` on.
Result<arrow::Datum> Rewrap(const arrow::ListArray& lists, int64_t first, ArrayPtr elements) {
  const int64_t rows = lists.length();
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> offsets,
                              arrow::AllocateBuffer((rows + 1) * static_cast<int64_t>(sizeof(int32_t))));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  for (int64_t row = 0; row <= rows; ++row) out[row] = static_cast<int32_t>(lists.value_offset(row) - first);
  std::shared_ptr<arrow::Buffer> validity;
  if (lists.null_count() > 0) {
    VELO_ASSIGN_OR_RETURN_ARROW(validity, arrow::internal::CopyBitmap(arrow::default_memory_pool(),
                                                                      lists.null_bitmap_data(), lists.offset(), rows));
  }
  const auto arrow_type = arrow::list(elements->type());
  ArrayPtr result = std::make_shared<arrow::ListArray>(arrow_type, rows, std::move(offsets), std::move(elements),
                                                       std::move(validity));
  return arrow::Datum(std::move(result));
}

Result<arrow::Datum> ApplyToElements(const ScalarFunction& function, const KernelContext& context,
                                     std::vector<arrow::Datum> arguments, int64_t elements) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const bool is_null = arguments[i].is_scalar() && !arguments[i].scalar()->is_valid;
    if (!function.null_in_null_out || !is_null) continue;
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr nulls,
                                arrow::MakeArrayOfNull(context.result.children()[0].type.ToArrow(), elements));
    return arrow::Datum(std::move(nulls));
  }
  std::vector<SqlType> types(context.arguments.begin(), context.arguments.end());
  types[0] = types[0].children()[0].type;
  KernelContext inner = context;
  inner.result = context.result.children()[0].type;
  inner.arguments = types;
  inner.rows = elements;
  VELO_ASSIGN_OR_RETURN(arrow::Datum result, function.kernel(inner, arguments));
  if (result.is_array()) return result;
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, arrow::MakeArrayFromScalar(*result.scalar(), elements));
  return arrow::Datum(std::move(array));
}

template <size_t kIndex>
Result<arrow::Datum> EachKernel(const KernelContext& context, Arguments arguments) {
  static const ScalarFunction* const function = BuiltinFunctions().FindScalar(kLifted[kIndex]);
  ArrayPtr column;
  if (arguments[0].is_scalar()) {
    VELO_ASSIGN_OR_RETURN_ARROW(column, arrow::MakeArrayFromScalar(*arguments[0].scalar(), context.rows));
  } else {
    column = arguments[0].make_array();
  }
  const auto& lists = static_cast<const arrow::ListArray&>(*column);
  const int64_t first = lists.value_offset(0);
  const std::vector<int64_t> parents = ParentsOf(lists, first);
  const auto elements = static_cast<int64_t>(parents.size());
  const arrow::Int64Array rows(elements, arrow::Buffer::Wrap(parents));
  std::vector<arrow::Datum> flat{arrow::Datum(lists.values()->Slice(first, elements))};
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].is_scalar()) {
      flat.push_back(arguments[i]);
      continue;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr repeated, arrow::compute::Take(*arguments[i].make_array(), rows));
    flat.emplace_back(std::move(repeated));
  }
  VELO_ASSIGN_OR_RETURN(const arrow::Datum result, ApplyToElements(*function, context, std::move(flat), elements));
  return Rewrap(lists, first, result.make_array());
}

constexpr std::string_view kPairs = "PAIRS ";
constexpr std::array<std::string_view, 6> kComparisons = {"=", "!=", "<", "<=", ">", ">="};

// "PAIRS <" compares every element of one array with every element of another.
Result<CallTypes> PairTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const std::string_view single = name.substr(kPairs.size());
  if (arguments[0].kind() != TypeKind::kArray || arguments[1].kind() != TypeKind::kArray) {
    return CannotApply(single, arguments);
  }
  const std::vector<SqlType> elements = {arguments[0].children()[0].type, arguments[1].children()[0].type};
  VELO_ASSIGN_OR_RETURN(CallTypes types, BuiltinFunctions().FindScalar(single)->types(single, elements, {}));
  for (SqlType& type : types.arguments) type = SqlType::Array(type);
  types.result = SqlType::Array(types.result);
  return types;
}

template <size_t kIndex>
Result<arrow::Datum> PairKernel(const KernelContext& context, Arguments arguments) {
  static const ScalarFunction* const function = BuiltinFunctions().FindScalar(kComparisons[kIndex]);
  const ColumnReader left(arguments[0]), right(arguments[1]);
  const auto& lefts = static_cast<const arrow::ListArray&>(left.array());
  const auto& rights = static_cast<const arrow::ListArray&>(right.array());
  arrow::Int64Builder left_places, right_places;
  std::vector<int32_t> offsets{0};
  for (int64_t row = 0; row < context.rows; ++row) {
    const int64_t a = left.Index(row), b = right.Index(row);
    if (!left.IsNull(row) && !right.IsNull(row)) {
      for (int64_t i = lefts.value_offset(a); i < lefts.value_offset(a + 1); ++i) {
        for (int64_t j = rights.value_offset(b); j < rights.value_offset(b + 1); ++j) {
          VELO_RETURN_IF_ARROW_ERROR(left_places.Append(i));
          VELO_RETURN_IF_ARROW_ERROR(right_places.Append(j));
        }
      }
    }
    offsets.push_back(static_cast<int32_t>(left_places.length()));
  }
  const int64_t pairs = left_places.length();
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr left_at, left_places.Finish());
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr right_at, right_places.Finish());
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr left_values, arrow::compute::Take(*lefts.values(), *left_at));
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr right_values, arrow::compute::Take(*rights.values(), *right_at));
  const std::vector<SqlType> types = {context.arguments[0].children()[0].type, context.arguments[1].children()[0].type};
  KernelContext inner = context;
  inner.result = context.result.children()[0].type;
  inner.arguments = types;
  inner.rows = pairs;
  const std::vector<arrow::Datum> values = {arrow::Datum(left_values), arrow::Datum(right_values)};
  VELO_ASSIGN_OR_RETURN(const arrow::Datum truths, function->kernel(inner, values));
  const ArrayPtr elements = truths.make_array();
  ArrayPtr lists = std::make_shared<arrow::ListArray>(arrow::list(elements->type()), context.rows,
                                                      arrow::Buffer::FromVector(std::move(offsets)), elements);
  return arrow::Datum(std::move(lists));
}

enum class Fold : uint8_t { kAny, kAll, kSomeMatch };

// One truth value for each array of them, by the rules of OR (or AND) over its elements.
template <Fold kFold>
Result<arrow::Datum> FoldKernel(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const auto& lists = static_cast<const arrow::ListArray&>(column.array());
  const auto& elements = static_cast<const arrow::BooleanArray&>(*lists.values());
  constexpr bool kDecides = kFold != Fold::kAll;
  return MapBoolean(context, {&column}, [&](int64_t row) -> std::optional<bool> {
    const int64_t at = column.Index(row);
    const int64_t end = lists.value_offset(at + 1);
    bool unknown = kFold == Fold::kSomeMatch && lists.value_length(at) == 0;
    for (int64_t i = lists.value_offset(at); i < end; ++i) {
      if (elements.IsNull(i)) {
        unknown = true;
      } else if (elements.Value(i) == kDecides) {
        return kDecides;
      }
    }
    if (unknown) return std::nullopt;
    return !kDecides;
  });
}

Result<CallTypes> FoldTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  return CallTypes{{SqlType::Array(TypeKind::kBoolean)}, TypeKind::kBoolean};
}

ScalarFunction MakeOperator(std::string name, TypeRule types, ScalarKernel kernel) {
  ScalarFunction function;
  function.name = std::move(name);
  function.types = types;
  function.kernel = kernel;
  function.null_in_null_out = false;
  function.doc.category = "Operator";
  return function;
}

template <size_t... kIndexes>
void RegisterLifted(FunctionRegistry* registry, std::index_sequence<kIndexes...>) {
  (registry->Add(MakeOperator(std::string(kPrefix) + std::string(kLifted[kIndexes]), EachTypes, EachKernel<kIndexes>)),
   ...);
}

template <size_t... kIndexes>
void RegisterComparedPairs(FunctionRegistry* registry, std::index_sequence<kIndexes...>) {
  (registry->Add(
       MakeOperator(std::string(kPairs) + std::string(kComparisons[kIndexes]), PairTypes, PairKernel<kIndexes>)),
   ...);
}

}  // namespace

void RegisterEach(FunctionRegistry* registry) {
  RegisterLifted(registry, std::make_index_sequence<kLifted.size()>());
  RegisterComparedPairs(registry, std::make_index_sequence<kComparisons.size()>());
  registry->Add(MakeOperator("ANY TRUE", FoldTypes, FoldKernel<Fold::kAny>));
  registry->Add(MakeOperator("ALL TRUE", FoldTypes, FoldKernel<Fold::kAll>));
  registry->Add(MakeOperator("SOME MATCH", FoldTypes, FoldKernel<Fold::kSomeMatch>));
}

}  // namespace velo
