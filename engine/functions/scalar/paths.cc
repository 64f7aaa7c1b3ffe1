#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/scalar/json_path.h"
#include "engine/functions/type_rules.h"

// Steps of paths into nested values (dialect 2.7) that lead to several values: [*] and .* to all of them, [a:b] to a
// stretch of an array. "FLATTEN" joins what a second wildcard finds in each match of the first.

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

// Arrays of single values out of one list of values and where each row ends in it.
class ListMaker {
 public:
  explicit ListMaker(int64_t rows) {
    ends_.reserve(static_cast<size_t>(rows) + 1);
    ends_.push_back(0);
  }
  void Add(int64_t value) { values_.push_back(value); }
  void EndRow(bool valid) {
    valid_.push_back(valid);
    ends_.push_back(static_cast<int32_t>(values_.size()));
  }
  // The values are positions in `items`.
  Result<arrow::Datum> TakeFrom(const arrow::Array& items) const {
    const arrow::Int64Array positions(static_cast<int64_t>(values_.size()), arrow::Buffer::Wrap(values_));
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr taken, arrow::compute::Take(items, positions));
    return Wrap(std::move(taken));
  }
  Result<arrow::Datum> Wrap(ArrayPtr items) const {
    const auto rows = static_cast<int64_t>(valid_.size());
    VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> validity, arrow::AllocateBitmap(rows));
    int64_t nulls = 0;
    for (int64_t row = 0; row < rows; ++row) {
      const bool valid = valid_[static_cast<size_t>(row)];
      arrow::bit_util::SetBitTo(validity->mutable_data(), row, valid);
      nulls += valid ? 0 : 1;
    }
    auto offsets = arrow::Buffer::FromVector(ends_);
    const auto type = arrow::list(items->type());
    ArrayPtr lists = std::make_shared<arrow::ListArray>(type, rows, std::move(offsets), std::move(items),
                                                        std::move(validity), nulls);
    return arrow::Datum(std::move(lists));
  }

 private:
  std::vector<int64_t> values_;
  std::vector<int32_t> ends_;
  std::vector<bool> valid_;
};

Result<arrow::Datum> MapValues(const KernelContext& context, const arrow::Datum& maps) {
  const ColumnReader column(maps);
  const auto& map = static_cast<const arrow::MapArray&>(column.array());
  ListMaker lists(context.rows);
  for (int64_t row = 0; row < context.rows; ++row) {
    const int64_t at = column.Index(row);
    if (!column.IsNull(row)) {
      for (int64_t i = map.value_offset(at); i < map.value_offset(at + 1); ++i) lists.Add(i);
    }
    lists.EndRow(!column.IsNull(row));
  }
  return lists.TakeFrom(*map.items());
}

Result<arrow::Datum> FieldsOf(const KernelContext& context, const arrow::Datum& structures) {
  const ColumnReader column(structures);
  const auto& structure = static_cast<const arrow::StructArray&>(column.array());
  const SqlType& item = context.result.children()[0].type;
  const auto& fields = context.arguments[0].children();
  arrow::ArrayVector columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr field, structure.GetFlattenedField(static_cast<int>(i)));
    VELO_ASSIGN_OR_RETURN(const arrow::Datum cast,
                          CastDatum(arrow::Datum(std::move(field)), fields[i].type, item, /*try_cast=*/true));
    columns.push_back(cast.make_array());
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr all, arrow::Concatenate(columns));
  ListMaker lists(context.rows);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (!column.IsNull(row)) {
      for (size_t i = 0; i < fields.size(); ++i) {
        lists.Add(static_cast<int64_t>(i) * structure.length() + column.Index(row));
      }
    }
    lists.EndRow(!column.IsNull(row));
  }
  return lists.TakeFrom(*all);
}

// Elements of a JSON array or members of an object as text; texts without their quotes.
Result<arrow::Datum> JsonValues(const KernelContext& context, const arrow::Datum& texts) {
  const Values<std::string_view> json(texts);
  arrow::StringBuilder items;
  ListMaker lists(context.rows);
  int64_t count = 0;
  for (int64_t row = 0; row < context.rows; ++row) {
    const auto found = json.IsNull(row) ? std::nullopt : JsonElements(json[row], {});
    for (const std::string& element : found.value_or(std::vector<std::string>())) {
      const arrow::Status added = element == "null" ? items.AppendNull() : items.Append(element);
      VELO_RETURN_IF_ARROW_ERROR(added);
      lists.Add(count++);
    }
    lists.EndRow(found.has_value());
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr all, items.Finish());
  return lists.Wrap(std::move(all));
}

Result<arrow::Datum> AllValues(const KernelContext& context, Arguments arguments) {
  switch (context.arguments[0].kind()) {
    case TypeKind::kArray:
      return arguments[0];
    case TypeKind::kMap:
      return MapValues(context, arguments[0]);
    case TypeKind::kStruct:
      return FieldsOf(context, arguments[0]);
    default:
      return JsonValues(context, arguments[0]);
  }
}

Result<CallTypes> AllValuesTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const SqlType& base = arguments[0];
  switch (base.kind()) {
    case TypeKind::kArray:
      return CallTypes{{base}, base};
    case TypeKind::kMap:
      return CallTypes{{base}, SqlType::Array(base.children()[1].type)};
    case TypeKind::kStruct: {
      SqlType common(TypeKind::kNull);
      for (const StructField& field : base.children()) common = CommonType(common, field.type);
      return CallTypes{{base}, SqlType::Array(common)};
    }
    case TypeKind::kString:
    case TypeKind::kJson:
      return CallTypes{{base}, SqlType::Array(TypeKind::kString)};
    case TypeKind::kNull:
      return CallTypes{{TypeKind::kString}, SqlType::Array(TypeKind::kString)};
    default:
      return CannotApply("[*]", arguments);
  }
}

// array[from:to]: from the element `from` up to, not including, the element `to`; both count from 0, or from the end
// when negative, and are moved to the nearest end of the array.
Result<arrow::Datum> Stretch(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const Values<int64_t> from(arguments[1]);
  const Values<int64_t> to(arguments[2]);
  const auto& list = static_cast<const arrow::ListArray&>(column.array());
  ListMaker lists(context.rows);
  for (int64_t row = 0; row < context.rows; ++row) {
    const bool valid = !column.IsNull(row) && !from.IsNull(row) && !to.IsNull(row);
    if (valid) {
      const int64_t at = column.Index(row);
      const int64_t length = list.value_length(at);
      const auto place = [length](int64_t bound) {
        return std::clamp<int64_t>(bound < 0 ? bound + length : bound, 0, length);
      };
      for (int64_t i = place(from[row]); i < place(to[row]); ++i) lists.Add(list.value_offset(at) + i);
    }
    lists.EndRow(valid);
  }
  return lists.TakeFrom(*list.values());
}

Result<CallTypes> StretchTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 3, 3));
  if (arguments[0].kind() != TypeKind::kArray) return CannotApply("[:]", arguments.subspan(0, 1));
  for (size_t i : {1, 2}) {
    if (!arguments[i].is_numeric() && !IsUnknown(arguments[i])) return CannotApply("[:]", arguments);
  }
  return CallTypes{{arguments[0], TypeKind::kInteger, TypeKind::kInteger}, arguments[0]};
}

Result<arrow::Datum> Flatten(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const auto& outer = static_cast<const arrow::ListArray&>(column.array());
  const auto& inner = static_cast<const arrow::ListArray&>(*outer.values());
  ListMaker lists(context.rows);
  for (int64_t row = 0; row < context.rows; ++row) {
    const int64_t at = column.Index(row);
    if (!column.IsNull(row)) {
      for (int64_t i = outer.value_offset(at); i < outer.value_offset(at + 1); ++i) {
        if (inner.IsNull(i)) continue;
        for (int64_t k = inner.value_offset(i); k < inner.value_offset(i + 1); ++k) lists.Add(k);
      }
    }
    lists.EndRow(!column.IsNull(row));
  }
  return lists.TakeFrom(*inner.values());
}

Result<CallTypes> FlattenTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const bool nested =
      arguments[0].kind() == TypeKind::kArray && arguments[0].children()[0].type.kind() == TypeKind::kArray;
  if (!nested) return CannotApply(name, arguments);
  return CallTypes{{arguments[0]}, arguments[0].children()[0].type};
}

}  // namespace

void RegisterPaths(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, TypeRule types, ScalarKernel kernel) {
    ScalarFunction function;
    function.name = std::move(name);
    function.types = types;
    function.kernel = kernel;
    function.doc.category = "Operator";
    registry->Add(std::move(function));
  };
  add("[*]", AllValuesTypes, AllValues);
  add("[:]", StretchTypes, Stretch);
  add("FLATTEN PATH", FlattenTypes, Flatten);
}

}  // namespace velo
