#include <nlohmann/json.hpp>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"
#include "engine/types/cast.h"

namespace velo {
namespace {

using Json = nlohmann::ordered_json;

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// The type of a decoded value: numbers with a fraction are FLOAT, elements of an array share a type.
SqlType TypeOf(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return TypeKind::kBoolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX ? TypeKind::kFloat : TypeKind::kInteger;
    case Json::value_t::number_float:
      return TypeKind::kFloat;
    case Json::value_t::array: {
      SqlType item(TypeKind::kNull);
      bool mixed = false;
      for (const Json& child : value) item = CommonType(item, TypeOf(child), &mixed);
      if (mixed || item.kind() == TypeKind::kNull) item = TypeKind::kString;
      return SqlType::Array(item);
    }
    case Json::value_t::object: {
      std::vector<StructField> fields;
      for (const auto& [name, child] : value.items()) {
        const SqlType type = TypeOf(child);
        fields.push_back({name, type.kind() == TypeKind::kNull ? SqlType(TypeKind::kString) : type});
      }
      return fields.empty() ? SqlType(TypeKind::kJson) : SqlType::Struct(std::move(fields));
    }
    case Json::value_t::string:
      return TypeKind::kString;
    default:
      return TypeKind::kNull;
  }
}

// The shape of a constant is known beforehand; of everything else only that it is JSON.
Result<CallTypes> DecodeTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  if (arguments[0].is_nested()) return CallTypes{{arguments[0]}, arguments[0]};
  CallTypes types{{TypeKind::kString}, TypeKind::kJson};
  if (!constants.empty() && constants[0] != nullptr) {
    const Json value = Parse(*constants[0]);
    if (!value.is_discarded() && !value.is_null()) types.result = TypeOf(value);
  }
  return types;
}

Result<arrow::Datum> Decode(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  if (context.arguments[0].is_nested()) return arguments[0];
  const Values<std::string_view> text(arguments[0]);
  const bool plain_text = context.result.kind() == TypeKind::kString;
  if (plain_text || context.result.kind() == TypeKind::kJson) {
    return MapText(context, {&text}, [&](int64_t row, std::string* out) {
      const Json value = Parse(text[row]);
      if (value.is_discarded() || value.is_null()) return false;
      *out = plain_text && value.is_string() ? value.get<std::string>()
                                             : value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
      return true;
    });
  }
  return CastDatum(arguments[0], TypeKind::kString, context.result, /*try_cast=*/true);
}

}  // namespace

void RegisterJsonDecode(FunctionRegistry* registry) {
  registry->Add(
      ScalarFunction{.name = "PARSE_JSON",
                     .aliases = {"FROM_JSON"},
                     .types = DecodeTypes,
                     .kernel = Decode,
                     .doc = {"JSON", "PARSE_JSON(text) → STRUCT, ARRAY or scalar of a constant; JSON of a column",
                             "The decoded value, ready for paths.", "NULL for invalid JSON",
                             "PARSE_JSON('{\"a\":[1,2]}').a", "[1,2]"}});
}

}  // namespace velo
