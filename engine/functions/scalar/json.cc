#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/scalar/json_path.h"
#include "engine/functions/type_rules.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;
using TextColumn = Values<std::string_view>;
using Steps = std::optional<std::vector<JsonStep>>;

// The path of each row; a constant one is parsed once.
class PathColumn {
 public:
  explicit PathColumn(const arrow::Datum& argument) : text_(argument) {
    if (text_.constant() && !text_.IsNull(0)) constant_ = ParseJsonPath(text_[0]);
  }
  const ColumnReader& reader() const { return text_; }
  Steps At(int64_t row) const { return text_.constant() ? constant_ : ParseJsonPath(text_[row]); }

 private:
  TextColumn text_;
  Steps constant_;
};

std::optional<JsonMatch> Find(std::string_view text, const Steps& path) {
  return path ? FindJson(text, *path) : std::nullopt;
}

// Nested values come as their JSON text.
template <TypeKind kResult, size_t kRequired, size_t kMost>
Result<CallTypes> JsonTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, kRequired, kMost));
  return CallTypes{std::vector<SqlType>(arguments.size(), TypeKind::kString), kResult};
}

enum class Wanted : uint8_t { kAnything, kStructure };

template <Wanted kWanted>
Result<arrow::Datum> Extract(const KernelContext& context, Arguments arguments) {
  const TextColumn json(arguments[0]);
  const PathColumn path(arguments[1]);
  return MapText(context, {&json, &path.reader()}, [&](int64_t row, std::string* out) {
    const auto match = Find(json[row], path.At(row));
    if (!match || match->shape == JsonMatch::Shape::kNull) return false;
    const bool structure = match->shape == JsonMatch::Shape::kArray || match->shape == JsonMatch::Shape::kObject;
    if (kWanted == Wanted::kStructure && !structure) return false;
    out->append(match->text);
    return true;
  });
}

Result<arrow::Datum> Exists(const KernelContext& context, Arguments arguments) {
  const TextColumn json(arguments[0]);
  const PathColumn path(arguments[1]);
  return MapBoolean(context, {&json, &path.reader()},
                    [&](int64_t row) { return Find(json[row], path.At(row)).has_value(); });
}

Result<arrow::Datum> ArrayLength(const KernelContext& context, Arguments arguments) {
  const TextColumn json(arguments[0]);
  const PathColumn path(arguments.size() > 1 ? arguments[1] : arrow::Datum("$"));
  return MapFixed<int64_t>(context, {&json, &path.reader()}, [&](int64_t row) -> std::optional<int64_t> {
    const auto match = Find(json[row], path.At(row));
    if (!match || match->shape != JsonMatch::Shape::kArray) return std::nullopt;
    return match->size;
  });
}

Result<arrow::Datum> Keys(const KernelContext& context, Arguments arguments) {
  const TextColumn json(arguments[0]);
  const PathColumn path(arguments.size() > 1 ? arguments[1] : arrow::Datum("$"));
  VELO_ASSIGN_OR_RETURN_ARROW(auto made, arrow::MakeBuilder(context.result.ToArrow()));
  auto* lists = static_cast<arrow::ListBuilder*>(made.get());
  auto* names = static_cast<arrow::StringBuilder*>(lists->value_builder());
  for (int64_t row = 0; row < context.rows; ++row) {
    const bool missing = json.IsNull(row) || path.reader().IsNull(row);
    const Steps steps = missing ? std::nullopt : path.At(row);
    const auto keys = steps ? JsonKeys(json[row], *steps) : std::nullopt;
    VELO_RETURN_IF_ARROW_ERROR(keys ? lists->Append() : lists->AppendNull());
    if (keys) VELO_RETURN_IF_ARROW_ERROR(names->AppendValues(*keys));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, lists->Finish());
  return arrow::Datum(std::move(array));
}

Result<CallTypes> KeysTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_ASSIGN_OR_RETURN(CallTypes types, (JsonTypes<TypeKind::kString, 1, 2>(name, arguments, constants)));
  types.result = SqlType::Array(TypeKind::kString);
  return types;
}

Result<arrow::Datum> IsJson(const KernelContext& context, Arguments arguments) {
  const TextColumn json(arguments[0]);
  return MapBoolean(context, {&json}, [&](int64_t row) { return IsValidJson(json[row]); });
}

// A JSON column is written as it is, everything else as a JSON value.
void AppendValue(const ColumnReader& column, const SqlType& type, int64_t row, std::string* out) {
  if (type.kind() == TypeKind::kJson && !column.IsNull(row)) {
    out->append(static_cast<const arrow::StringArray&>(column.array()).GetView(column.Index(row)));
  } else if (column.IsNull(row)) {
    out->append("null");
  } else {
    AppendJson(column.array(), column.Index(row), JsonStyle::kDialect, out);
  }
}

Result<CallTypes> BuildTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  if (name == "JSON_OBJECT" && arguments.size() % 2 != 0) return WrongArgumentCount(name, arguments.size());
  if (name == "TO_JSON") VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  CallTypes types{{arguments.begin(), arguments.end()}, TypeKind::kJson};
  for (size_t i = 0; i < types.arguments.size(); ++i) {
    const bool key = name == "JSON_OBJECT" && i % 2 == 0;
    if (key || types.arguments[i].kind() == TypeKind::kNull) types.arguments[i] = TypeKind::kString;
  }
  return types;
}

Result<arrow::Datum> BuildJson(const KernelContext& context, Arguments arguments, bool object) {
  std::vector<std::unique_ptr<ColumnReader>> columns;
  for (const arrow::Datum& argument : arguments) columns.push_back(std::make_unique<ColumnReader>(argument));
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    out->push_back(object ? '{' : '[');
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool value = object && i % 2 == 1;
      if (object && i % 2 == 0 && columns[i]->IsNull(row)) return false;
      if (i > 0) out->push_back(value ? ':' : ',');
      AppendValue(*columns[i], context.arguments[i], row, out);
    }
    out->push_back(object ? '}' : ']');
    return true;
  });
}

Result<arrow::Datum> JsonObject(const KernelContext& context, Arguments arguments) {
  return BuildJson(context, arguments, true);
}
Result<arrow::Datum> JsonArray(const KernelContext& context, Arguments arguments) {
  return BuildJson(context, arguments, false);
}
Result<arrow::Datum> ToJson(const KernelContext& context, Arguments arguments) {
  const ColumnReader column(arguments[0]);
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    AppendValue(column, context.arguments[0], row, out);
    return true;
  });
}

}  // namespace

void RegisterJson(FunctionRegistry* registry) {
  const std::string category = "JSON";
  const std::string nowhere = "NULL for invalid JSON and where the path leads nowhere";
  registry->Add(ScalarFunction{.name = "JSON_VALUE",
                               .aliases = {"JSON_EXTRACT_SCALAR", "EXTRACT_JSON", "GET_JSON_OBJECT"},
                               .types = JsonTypes<TypeKind::kString, 2, 2>,
                               .kernel = Extract<Wanted::kAnything>,
                               .untyped_text = true,
                               .doc = {category, "JSON_VALUE(json, path) → STRING",
                                       "What the path finds, as text; read as a number where one is needed.", nowhere,
                                       "JSON_VALUE('{\"a\":{\"b\":7}}', '$.a.b')", "7"}});
  registry->Add(ScalarFunction{.name = "JSON_EXTRACT",
                               .types = JsonTypes<TypeKind::kString, 2, 2>,
                               .kernel = Extract<Wanted::kAnything>,
                               .untyped_text = true,
                               .doc = {category, "JSON_EXTRACT(json, path) → STRING", "What the path finds, as text.",
                                       nowhere, "JSON_EXTRACT('{\"a\":[1,2]}', '$.a')", "[1,2]"}});
  registry->Add(ScalarFunction{
      .name = "JSON_QUERY",
      .types = JsonTypes<TypeKind::kJson, 2, 2>,
      .kernel = Extract<Wanted::kStructure>,
      .doc = {category, "JSON_QUERY(json, path) → JSON", "The object or array that the path finds.",
              "NULL for scalars and where the path leads nowhere", "JSON_QUERY('{\"a\":[1,2]}', 'a')", "[1,2]"}});
  registry->Add(
      ScalarFunction{.name = "JSON_EXISTS",
                     .types = JsonTypes<TypeKind::kBoolean, 2, 2>,
                     .kernel = Exists,
                     .doc = {category, "JSON_EXISTS(json, path) → BOOLEAN", "Whether the path leads somewhere.",
                             "NULL json gives NULL", "JSON_EXISTS('{\"a\":1}', '$.b')", "false"}});
  registry->Add(
      ScalarFunction{.name = "JSON_ARRAY_LENGTH",
                     .types = JsonTypes<TypeKind::kInteger, 1, 2>,
                     .kernel = ArrayLength,
                     .doc = {category, "JSON_ARRAY_LENGTH(json[, path]) → INTEGER", "Number of elements of an array.",
                             "NULL for everything else", "JSON_ARRAY_LENGTH('[1,2,3]')", "3"}});
  registry->Add(
      ScalarFunction{.name = "JSON_KEYS",
                     .types = KeysTypes,
                     .kernel = Keys,
                     .doc = {category, "JSON_KEYS(json[, path]) → ARRAY<STRING>", "Names of the members of an object.",
                             "NULL for everything else", "JSON_KEYS('{\"a\":1,\"b\":2}')", "[\"a\",\"b\"]"}});
  registry->Add(ScalarFunction{
      .name = "JSON_OBJECT",
      .types = BuildTypes,
      .kernel = JsonObject,
      .null_in_null_out = false,
      .doc = {category, "JSON_OBJECT(key, value, ...) → JSON", "A JSON object.", "NULL values are kept as null",
              "JSON_OBJECT('a', 1, 'b', NULL)", "{\"a\":1,\"b\":null}"}});
  registry->Add(ScalarFunction{.name = "JSON_ARRAY",
                               .types = BuildTypes,
                               .kernel = JsonArray,
                               .null_in_null_out = false,
                               .doc = {category, "JSON_ARRAY(value, ...) → JSON", "A JSON array.",
                                       "NULL values are kept as null", "JSON_ARRAY(1, 'x', TRUE)", "[1,\"x\",true]"}});
  registry->Add(ScalarFunction{.name = "TO_JSON",
                               .types = BuildTypes,
                               .kernel = ToJson,
                               .null_in_null_out = false,
                               .doc = {category, "TO_JSON(value) → JSON", "The value as JSON text.", "NULL gives null",
                                       "TO_JSON(ARRAY[1, 2])", "[1,2]"}});
  registry->Add(ScalarFunction{.name = "IS_JSON",
                               .aliases = {"JSON_VALID"},
                               .types = JsonTypes<TypeKind::kBoolean, 1, 1>,
                               .kernel = IsJson,
                               .doc = {category, "IS_JSON(text) → BOOLEAN", "Whether the text is JSON.",
                                       "NULL in, NULL out", "IS_JSON('{}')", "true"}});
}

}  // namespace velo
