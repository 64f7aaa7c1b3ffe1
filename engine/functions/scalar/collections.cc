#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/operators/comparison.h"
#include "engine/functions/scalar/json_path.h"
#include "engine/functions/type_rules.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
using ArrayPtr = std::shared_ptr<arrow::Array>;
constexpr const char* kNulls = "NULL in, NULL out";

// Gives every row an entry of `items` by index; -1 gives NULL.
Result<arrow::Datum> Pick(const arrow::Array& items, const std::vector<int64_t>& rows) {
  arrow::Int64Builder indices;
  VELO_RETURN_IF_ARROW_ERROR(indices.Reserve(static_cast<int64_t>(rows.size())));
  for (const int64_t row : rows) row < 0 ? indices.UnsafeAppendNull() : indices.UnsafeAppend(row);
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr index_array, indices.Finish());
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr picked, arrow::compute::Take(items, *index_array));
  return arrow::Datum(std::move(picked));
}

// The element of an array; index 0 is the first, negative ones count from the end.
Result<arrow::Datum> ElementOf(const KernelContext& context, Arguments arguments, int64_t base) {
  const ColumnReader column(arguments[0]);
  const Values<int64_t> index(arguments[1]);
  const auto& list = static_cast<const arrow::ListArray&>(column.array());
  std::vector<int64_t> rows(static_cast<size_t>(context.rows), -1);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (column.IsNull(row) || index.IsNull(row)) continue;
    const int64_t at = column.Index(row);
    const int64_t length = list.value_length(at);
    const int64_t wanted = index[row] < 0 ? index[row] + length : index[row] - base;
    if (wanted >= 0 && wanted < length) rows[static_cast<size_t>(row)] = list.value_offset(at) + wanted;
  }
  return Pick(*list.values(), rows);
}

Result<arrow::Datum> EntryOf(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const ColumnReader key(arguments[1]);
  const auto& map = static_cast<const arrow::MapArray&>(column.array());
  std::vector<int64_t> rows(static_cast<size_t>(context.rows), -1);
  for (int64_t row = 0; row < context.rows; ++row) {
    if (column.IsNull(row) || key.IsNull(row)) continue;
    const int64_t at = column.Index(row);
    for (int64_t i = map.value_offset(at); i < map.value_offset(at + 1); ++i) {
      // The last entry of a key wins.
      if (map.keys()->RangeEquals(key.array(), i, i + 1, key.Index(row))) rows[static_cast<size_t>(row)] = i;
    }
  }
  return Pick(*map.items(), rows);
}

Result<arrow::Datum> FieldOf(const arrow::Datum& structure, const SqlType& type, std::string_view name) {
  const ColumnReader column(structure);
  const auto& fields = static_cast<const arrow::StructArray&>(column.array());
  for (size_t i = 0; i < type.children().size(); ++i) {
    if (type.children()[i].name != name) continue;
    VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr field, fields.GetFlattenedField(static_cast<int>(i)));
    if (!column.constant()) return arrow::Datum(std::move(field));
    VELO_ASSIGN_OR_RETURN_ARROW(auto scalar, field->GetScalar(0));
    return arrow::Datum(std::move(scalar));
  }
  return Status::Bug("a field of a structure is missing");
}

// A step into JSON text: a number is an index, a text the name of a member.
Result<arrow::Datum> JsonStepInto(const KernelContext& context, Arguments arguments) {
  const Values<std::string_view> json(arguments[0]);
  const ColumnReader key(arguments[1]);
  const bool index = context.arguments[1].kind() == TypeKind::kInteger;
  return MapText(context, {&json, &key}, [&](int64_t row, std::string* out) {
    JsonStep step;
    if (index) {
      step.kind = JsonStep::Kind::kElement;
      step.index = static_cast<const arrow::Int64Array&>(key.array()).Value(key.Index(row));
    } else {
      step.name = static_cast<const arrow::StringArray&>(key.array()).GetString(key.Index(row));
    }
    const auto match = FindJson(json[row], {step});
    if (!match || match->shape == JsonMatch::Shape::kNull) return false;
    out->append(match->text);
    return true;
  });
}

Result<arrow::Datum> Access(const KernelContext& context, Arguments arguments) {
  switch (context.arguments[0].kind()) {
    case TypeKind::kArray:
      return ElementOf(context, arguments, 0);
    case TypeKind::kMap:
      return EntryOf(context, arguments);
    case TypeKind::kStruct: {
      const Values<std::string_view> name(arguments[1]);
      return FieldOf(arguments[0], context.arguments[0], name[0]);
    }
    default:
      return JsonStepInto(context, arguments);
  }
}

Result<CallTypes> AccessTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const SqlType& base = arguments[0];
  const SqlType& key = arguments[1];
  switch (base.kind()) {
    case TypeKind::kArray:
      if (!key.is_numeric() && !IsUnknown(key)) return CannotApply("[]", arguments);
      return CallTypes{{base, TypeKind::kInteger}, base.children()[0].type};
    case TypeKind::kMap:
      return CallTypes{{base, base.children()[0].type}, base.children()[1].type};
    case TypeKind::kStruct: {
      const std::string* field = constants.size() > 1 ? constants[1] : nullptr;
      for (const StructField& child : base.children()) {
        if (field != nullptr && child.name == *field) return CallTypes{{base, TypeKind::kString}, child.type};
      }
      return Status::User("E2102", "no field '" + (field == nullptr ? "?" : *field) + "' in " + base.ToString());
    }
    case TypeKind::kAny:
    case TypeKind::kNull:
    case TypeKind::kString:
    case TypeKind::kJson: {
      const SqlType step = key.is_numeric() ? SqlType(TypeKind::kInteger) : SqlType(TypeKind::kString);
      // What a step into a value of unknown type gives is not known either.
      const SqlType result = base.kind() == TypeKind::kAny ? SqlType(TypeKind::kAny) : SqlType(TypeKind::kString);
      return CallTypes{{base.kind() == TypeKind::kNull ? SqlType(TypeKind::kString) : base, step}, result};
    }
    default:
      return CannotApply(name == "." ? "." : "[]", arguments);
  }
}

Result<CallTypes> ArrayTypes(std::string_view, TypeSpan arguments, ConstantSpan) {
  SqlType common(TypeKind::kNull);
  for (const SqlType& type : arguments) common = CommonType(common, type);
  if (IsUnknown(common)) common = TypeKind::kString;
  return CallTypes{std::vector<SqlType>(arguments.size(), common), SqlType::Array(common)};
}

// Columns laid out one value of each row after the other: row 0 of all, row 1 of all ...
Result<ArrayPtr> Interleave(Arguments arguments, size_t first, size_t step, int64_t rows, const SqlType& type) {
  VELO_ASSIGN_OR_RETURN_ARROW(auto builder, arrow::MakeBuilder(type.ToArrow()));
  std::vector<std::unique_ptr<ColumnReader>> columns;
  for (size_t i = first; i < arguments.size(); i += step)
    columns.push_back(std::make_unique<ColumnReader>(arguments[i]));
  VELO_RETURN_IF_ARROW_ERROR(builder->Reserve(rows * static_cast<int64_t>(columns.size())));
  for (int64_t row = 0; row < rows; ++row) {
    for (const auto& column : columns) {
      VELO_RETURN_IF_ARROW_ERROR(
          builder->AppendArraySlice(arrow::ArraySpan(*column->array().data()), column->Index(row), 1));
    }
  }
  VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, builder->Finish());
  return array;
}

Result<std::shared_ptr<arrow::Buffer>> EvenOffsets(int64_t rows, int64_t step) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> offsets,
                              arrow::AllocateBuffer((rows + 1) * static_cast<int64_t>(sizeof(int32_t))));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  for (int64_t row = 0; row <= rows; ++row) out[row] = static_cast<int32_t>(row * step);
  return offsets;
}

Result<arrow::Datum> MakeArrayValue(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(ArrayPtr items, Interleave(arguments, 0, 1, context.rows, context.result.children()[0].type));
  VELO_ASSIGN_OR_RETURN(auto offsets, EvenOffsets(context.rows, static_cast<int64_t>(arguments.size())));
  return arrow::Datum(arrow::MakeArray(
      arrow::ArrayData::Make(context.result.ToArrow(), context.rows, {nullptr, offsets}, {items->data()}, 0)));
}

Result<CallTypes> MapTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  if (arguments.size() % 2 != 0) return WrongArgumentCount(name, arguments.size());
  SqlType value(TypeKind::kNull);
  for (size_t i = 1; i < arguments.size(); i += 2) value = CommonType(value, arguments[i]);
  if (IsUnknown(value)) value = TypeKind::kString;
  CallTypes types{{}, SqlType::Map(TypeKind::kString, value)};
  for (size_t i = 0; i < arguments.size(); ++i)
    types.arguments.push_back(i % 2 == 0 ? SqlType(TypeKind::kString) : value);
  return types;
}

Result<arrow::Datum> MakeMapValue(const KernelContext& context, Arguments arguments) {
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (ColumnReader(arguments[i]).has_nulls()) {
      return Status::User("E4002", "a key of a MAP is NULL", "Guard the key: COALESCE(key, '').");
    }
  }
  const auto& children = context.result.children();
  VELO_ASSIGN_OR_RETURN(ArrayPtr keys, Interleave(arguments, 0, 2, context.rows, children[0].type));
  VELO_ASSIGN_OR_RETURN(ArrayPtr values, Interleave(arguments, 1, 2, context.rows, children[1].type));
  VELO_ASSIGN_OR_RETURN(auto offsets, EvenOffsets(context.rows, static_cast<int64_t>(arguments.size() / 2)));
  const auto type = context.result.ToArrow();
  const auto entries =
      arrow::ArrayData::Make(type->field(0)->type(), keys->length(), {nullptr}, {keys->data(), values->data()}, 0);
  return arrow::Datum(arrow::MakeArray(arrow::ArrayData::Make(type, context.rows, {nullptr, offsets}, {entries}, 0)));
}

// STRUCT('name', value, ...): names are constants. Otherwise members are called field1, field2 ...
Result<CallTypes> StructTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  bool named = arguments.size() % 2 == 0;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    named = named && i < constants.size() && constants[i] != nullptr && arguments[i].kind() == TypeKind::kString;
  }
  CallTypes types;
  std::vector<StructField> fields;
  for (size_t i = 0; i < arguments.size(); ++i) {
    SqlType type = arguments[i].kind() == TypeKind::kNull ? SqlType(TypeKind::kString) : arguments[i];
    if (!named) fields.push_back({"field" + std::to_string(i + 1), type});
    if (named && i % 2 == 1) fields.push_back({*constants[i - 1], type});
    types.arguments.push_back(std::move(type));
  }
  types.result = SqlType::Struct(std::move(fields));
  return types;
}

Result<arrow::Datum> MakeStructValue(const KernelContext& context, Arguments arguments) {
  const size_t fields = context.result.children().size();
  const size_t step = arguments.size() / fields;
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (size_t i = 0; i < fields; ++i) {
    const arrow::Datum& value = arguments[i * step + step - 1];
    if (value.is_array()) {
      children.push_back(value.array());
    } else {
      VELO_ASSIGN_OR_RETURN_ARROW(ArrayPtr array, arrow::MakeArrayFromScalar(*value.scalar(), context.rows));
      children.push_back(array->data());
    }
  }
  return arrow::Datum(arrow::MakeArray(
      arrow::ArrayData::Make(context.result.ToArrow(), context.rows, {nullptr}, std::move(children), 0)));
}

bool IsCollection(const SqlType& type) { return type.kind() == TypeKind::kArray || type.kind() == TypeKind::kMap; }

// JSON text is accepted wherever a collection is.
Result<SqlType> CollectionArgument(std::string_view name, size_t position, const SqlType& given) {
  if (IsCollection(given)) return given;
  if (IsTextLike(given)) return SqlType::Array(TypeKind::kString);
  return WrongArgumentType(name, position, given, "an ARRAY");
}

// Text may hold an array or an object, so it stays text.
Result<CallTypes> CardinalityTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (IsTextLike(arguments[0])) return CallTypes{{TypeKind::kString}, TypeKind::kInteger};
  VELO_ASSIGN_OR_RETURN(SqlType type, CollectionArgument(name, 0, arguments[0]));
  return CallTypes{{std::move(type)}, TypeKind::kInteger};
}

Result<arrow::Datum> Cardinality(const KernelContext& context, Arguments arguments) {
  if (context.arguments[0].kind() == TypeKind::kString) {
    const Values<std::string_view> json(arguments[0]);
    return MapFixed<int64_t>(context, {&json}, [&](int64_t row) -> std::optional<int64_t> {
      const auto match = FindJson(json[row], {});
      const bool nested =
          match && (match->shape == JsonMatch::Shape::kArray || match->shape == JsonMatch::Shape::kObject);
      return nested ? std::optional<int64_t>(match->size) : std::nullopt;
    });
  }
  const ColumnReader column(arguments[0]);
  const auto& list = static_cast<const arrow::ListArray&>(column.array());
  return MapFixed<int64_t>(context, {&column},
                           [&](int64_t row) -> int64_t { return list.value_length(column.Index(row)); });
}

// (array, value); (value, array) when the types make it clear.
Result<CallTypes> SearchTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  const size_t list = arguments[0].kind() != TypeKind::kArray && arguments[1].kind() == TypeKind::kArray ? 1 : 0;
  VELO_ASSIGN_OR_RETURN(SqlType given, CollectionArgument(name, list, arguments[list]));
  // JSON text is read as an array of what is looked for.
  if (IsTextLike(arguments[list]) && !IsUnknown(arguments[1 - list])) given = SqlType::Array(arguments[1 - list]);
  if (given.kind() != TypeKind::kArray) return WrongArgumentType(name, list, given, "an ARRAY");
  bool mixed = false;
  const SqlType common = CommonType(given.children()[0].type, arguments[1 - list], &mixed);
  if (mixed) return CannotApply(name, arguments);
  CallTypes types{{common, common}, name == "ARRAY_CONTAINS" ? TypeKind::kBoolean : TypeKind::kInteger};
  types.arguments[list] = SqlType::Array(common);
  return types;
}

// 1-based place of the value in the array of a row, 0 when absent.
int64_t PlaceOf(const ColumnReader& lists, const ColumnReader& values, int64_t row) {
  const auto& list = static_cast<const arrow::ListArray&>(lists.array());
  const int64_t at = lists.Index(row), value = values.Index(row);
  const int32_t from = list.value_offset(at);
  for (int32_t i = from; i < list.value_offset(at + 1); ++i) {
    if (list.values()->IsValid(i) && list.values()->RangeEquals(values.array(), i, i + 1, value)) return i - from + 1;
  }
  return 0;
}

Result<arrow::Datum> Contains(const KernelContext& context, Arguments arguments) {
  const size_t list = context.arguments[0].kind() == TypeKind::kArray ? 0 : 1;
  const ColumnReader lists(arguments[list]);
  const ColumnReader values(arguments[1 - list]);
  return MapBoolean(context, {&lists, &values}, [&](int64_t row) { return PlaceOf(lists, values, row) > 0; });
}

Result<arrow::Datum> Position(const KernelContext& context, Arguments arguments) {
  const size_t list = context.arguments[0].kind() == TypeKind::kArray ? 0 : 1;
  const ColumnReader lists(arguments[list]);
  const ColumnReader values(arguments[1 - list]);
  return MapFixed<int64_t>(context, {&lists, &values}, [&](int64_t row) { return PlaceOf(lists, values, row); });
}

Result<CallTypes> ElementAtTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  return AccessTypes(name, arguments, constants);
}

Result<arrow::Datum> ElementAt(const KernelContext& context, Arguments arguments) {
  if (context.arguments[0].kind() == TypeKind::kArray) return ElementOf(context, arguments, 1);
  return Access(context, arguments);
}

Result<CallTypes> EntryTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const bool keys = name == "MAP_KEYS";
  if (arguments[0].kind() == TypeKind::kStruct) {
    SqlType common(TypeKind::kNull);
    for (const StructField& field : arguments[0].children()) common = CommonType(common, field.type);
    return CallTypes{{arguments[0]}, SqlType::Array(keys || IsUnknown(common) ? SqlType(TypeKind::kString) : common)};
  }
  const SqlType map =
      arguments[0].kind() == TypeKind::kMap ? arguments[0] : SqlType::Map(TypeKind::kString, TypeKind::kString);
  if (arguments[0].kind() != TypeKind::kMap && !IsTextLike(arguments[0])) {
    return WrongArgumentType(name, 0, arguments[0], "a MAP");
  }
  return CallTypes{{map}, SqlType::Array(map.children()[keys ? 0 : 1].type)};
}

// Names or values of the fields of a structure, which are the same for every row.
template <bool kKeys>
Result<arrow::Datum> FieldEntries(const KernelContext& context, const arrow::Datum& structure, const SqlType& type) {
  const SqlType item = context.result.children()[0].type;
  std::vector<arrow::Datum> columns;
  for (const StructField& field : type.children()) {
    if constexpr (kKeys) {
      columns.emplace_back(field.name);
    } else {
      VELO_ASSIGN_OR_RETURN(const arrow::Datum value, FieldOf(structure, type, field.name));
      VELO_ASSIGN_OR_RETURN(arrow::Datum cast, CastDatum(value, field.type, item, /*try_cast=*/true));
      columns.push_back(std::move(cast));
    }
  }
  VELO_ASSIGN_OR_RETURN(const arrow::Datum lists, MakeArrayValue(context, columns));
  const ColumnReader structures(structure);
  if (!structures.has_nulls()) return lists;
  VELO_ASSIGN_OR_RETURN(auto validity, CombinedValidity({&structures}, context.rows));
  auto data = lists.array()->Copy();
  data->buffers[0] = std::move(validity);
  data->null_count = arrow::kUnknownNullCount;
  return arrow::Datum(arrow::MakeArray(std::move(data)));
}

Result<CallTypes> ContainsKeyTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  SqlType map = arguments[0];
  if (IsTextLike(map)) map = SqlType::Map(TypeKind::kString, TypeKind::kString);
  if (map.kind() != TypeKind::kMap) return WrongArgumentType(name, 0, map, "a MAP");
  const SqlType key = map.children()[0].type;
  return CallTypes{{std::move(map), key}, TypeKind::kBoolean};
}

Result<arrow::Datum> ContainsKey(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const ColumnReader key(arguments[1]);
  const auto& map = static_cast<const arrow::MapArray&>(column.array());
  return MapBoolean(context, {&column, &key}, [&](int64_t row) {
    const int64_t at = column.Index(row);
    for (int64_t i = map.value_offset(at); i < map.value_offset(at + 1); ++i) {
      if (map.keys()->RangeEquals(key.array(), i, i + 1, key.Index(row))) return true;
    }
    return false;
  });
}

template <bool kKeys>
Result<arrow::Datum> Entries(const KernelContext& context, Arguments arguments) {
  if (context.arguments[0].kind() == TypeKind::kStruct) {
    return FieldEntries<kKeys>(context, arguments[0], context.arguments[0]);
  }
  const ColumnReader column(arguments[0]);
  const auto& map = static_cast<const arrow::MapArray&>(column.array());
  // A map and a list share offsets and validity; only the items differ.
  const auto data = map.data()->Copy();
  data->type = context.result.ToArrow();
  data->child_data = {(kKeys ? map.keys() : map.items())->data()};
  const ArrayPtr list = arrow::MakeArray(data);
  if (!column.constant()) return arrow::Datum(list);
  VELO_ASSIGN_OR_RETURN_ARROW(auto scalar, list->GetScalar(0));
  return arrow::Datum(std::move(scalar));
}

Result<CallTypes> JoinTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  VELO_RETURN_IF_ERROR(CollectionArgument(name, 0, arguments[0]).status());
  return CallTypes{{SqlType::Array(TypeKind::kString), TypeKind::kString}, TypeKind::kString};
}

Result<arrow::Datum> Join(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  const Values<std::string_view> separator(arguments[1]);
  const auto& list = static_cast<const arrow::ListArray&>(column.array());
  const auto& items = static_cast<const arrow::StringArray&>(*list.values());
  return MapText(context, {&column, &separator}, [&](int64_t row, std::string* out) {
    const int64_t at = column.Index(row);
    bool first = true;
    for (int64_t i = list.value_offset(at); i < list.value_offset(at + 1); ++i) {
      if (items.IsNull(i)) continue;
      if (!first) out->append(separator[row]);
      out->append(items.GetView(i));
      first = false;
    }
    return true;
  });
}

ScalarFunction AccessOperator(std::string name) {
  ScalarFunction function;
  function.name = std::move(name);
  function.types = AccessTypes;
  function.kernel = Access;
  function.doc.category = "Operator";
  return function;
}

}  // namespace

void RegisterCollections(FunctionRegistry* registry) {
  const std::string category = "Arrays and maps";
  registry->Add(AccessOperator("[]"));
  registry->Add(AccessOperator("."));
  registry->Add(ScalarFunction{.name = "ARRAY",
                               .types = ArrayTypes,
                               .kernel = MakeArrayValue,
                               .null_in_null_out = false,
                               .doc = {category, "ARRAY(value, ...) → ARRAY", "An array of the values.",
                                       "Elements may be NULL", "ARRAY(1, 2)", "[1,2]"}});
  registry->Add(ScalarFunction{.name = "MAP",
                               .types = MapTypes,
                               .kernel = MakeMapValue,
                               .null_in_null_out = false,
                               .doc = {category, "MAP(key, value, ...) → MAP", "A map of keys to values.",
                                       "A NULL key is an error", "MAP('a', 1, 'b', 2)", "{\"a\":1,\"b\":2}"}});
  registry->Add(
      ScalarFunction{.name = "STRUCT",
                     .aliases = {"NAMED_STRUCT", "ROW"},
                     .types = StructTypes,
                     .kernel = MakeStructValue,
                     .null_in_null_out = false,
                     .doc = {category, "STRUCT('name', value, ...) → STRUCT", "A structure with named fields.",
                             "Fields may be NULL", "STRUCT('a', 1, 'b', 'x')", "{\"a\":1,\"b\":\"x\"}"}});
  registry->Add(ScalarFunction{.name = "ARRAY_LENGTH",
                               .aliases = {"CARDINALITY", "ARRAY_SIZE", "SIZE"},
                               .types = CardinalityTypes,
                               .kernel = Cardinality,
                               .doc = {category, "ARRAY_LENGTH(array) → INTEGER", "Number of elements, also of a MAP.",
                                       kNulls, "ARRAY_LENGTH(ARRAY[1, 2, 3])", "3"}});
  registry->Add(ScalarFunction{
      .name = "ARRAY_CONTAINS",
      .types = SearchTypes,
      .kernel = Contains,
      .doc = {category, "ARRAY_CONTAINS(array, value) → BOOLEAN", "Whether the value is one of the elements.", kNulls,
              "ARRAY_CONTAINS(ARRAY['a', 'b'], 'b')", "true"}});
  registry->Add(ScalarFunction{
      .name = "ARRAY_POSITION",
      .types = SearchTypes,
      .kernel = Position,
      .doc = {category, "ARRAY_POSITION(array, value) → INTEGER", "1-based place of the value, 0 when absent.", kNulls,
              "ARRAY_POSITION(ARRAY['a', 'b'], 'b')", "2"}});
  registry->Add(ScalarFunction{.name = "ELEMENT_AT",
                               .types = ElementAtTypes,
                               .kernel = ElementAt,
                               .doc = {category, "ELEMENT_AT(array, n) | ELEMENT_AT(map, key) → element",
                                       "The n-th element, 1-based, negative from the end; or the value of a key.",
                                       "NULL when there is none", "ELEMENT_AT(ARRAY[7, 8], 1)", "7"}});
  registry->Add(ScalarFunction{
      .name = "MAP_KEYS",
      .types = EntryTypes,
      .kernel = Entries<true>,
      .doc = {category, "MAP_KEYS(map) → ARRAY", "The keys in order.", kNulls, "MAP_KEYS(MAP('a', 1))", "[\"a\"]"}});
  registry->Add(ScalarFunction{
      .name = "MAP_VALUES",
      .types = EntryTypes,
      .kernel = Entries<false>,
      .doc = {category, "MAP_VALUES(map) → ARRAY", "The values in order.", kNulls, "MAP_VALUES(MAP('a', 1))", "[1]"}});
  registry->Add(ScalarFunction{.name = "MAP_CONTAINS_KEY",
                               .types = ContainsKeyTypes,
                               .kernel = ContainsKey,
                               .doc = {category, "MAP_CONTAINS_KEY(map, key) → BOOLEAN", "Whether the map has the key.",
                                       kNulls, "MAP_CONTAINS_KEY(MAP('a', 1), 'a')", "true"}});
  registry->Add(ScalarFunction{
      .name = "ARRAY_JOIN",
      .aliases = {"ARRAY_TO_STRING"},
      .types = JoinTypes,
      .kernel = Join,
      .doc = {category, "ARRAY_JOIN(array, separator) → STRING", "The elements as text with a separator between them.",
              "NULL elements are left out", "ARRAY_JOIN(ARRAY[1, 2], '-')", "1-2"}});
}

}  // namespace velo
