#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <nlohmann/json.hpp>

#include "engine/base/status.h"
#include "services/json.h"

// Structs described with Boost.Describe <-> JSON and JSON Schema. Included by operation files only.
namespace velo::services {

/// What a parameter struct says of a field beyond its type: `static std::vector<FieldRule> Rules()`.
struct FieldRule {
  std::string name;
  std::string doc;
  bool required = false;
  std::optional<int64_t> min, max;  ///< Of integers.
  std::vector<std::string> values;  ///< Of strings with few meanings.
  std::vector<std::string> also;    ///< Further spellings taken on input.
  size_t max_length = 256 * 1024;   ///< Of strings, in bytes.
};

/// Any JSON value, kept as text.
struct JsonText {
  std::string text = "null";
};

/// Place in a list that a `cursor` parameter stands for; CURSOR_EXPIRED for what is none.
Result<size_t> ReadCursor(const std::string& cursor);

/// How a struct is read.
struct ReadContext {
  std::string path;      ///< "options.mode"; empty at the top.
  bool textual = false;  ///< Numbers and booleans may be text.
};

/// Errors of reading, all VALIDATION_ERROR (describe.cc).
Status WrongType(const ReadContext& at, const char* wanted, const Json& got);
Status MissingField(const std::string& path);
Status UnknownField(const std::string& path, const std::string& name, const std::vector<std::string>& known);
Status CheckRule(const FieldRule& rule, const std::string& path, const Json& value);
bool ReadBool(const Json& json, bool textual, bool* out);
bool ReadInteger(const Json& json, bool textual, int64_t* out);
bool ReadDouble(const Json& json, bool textual, double* out);
/// "kFileMmap" -> "file_mmap"
std::string EnumText(const char* name);
/// "default_" -> "default": fields that are words of C++.
std::string FieldName(const char* member);
/// Adds doc, bounds and values of a rule to the schema of a field.
void ApplyRule(const FieldRule& rule, Json* schema);

namespace describe_internal {

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
using Pairs = std::vector<std::pair<std::string, std::string>>;

template <typename T>
concept HasRules = requires {
  T::Rules();
};
template <typename T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <typename T>
std::vector<FieldRule> RulesOf() {
  if constexpr (HasRules<T>) {
    return T::Rules();
  } else {
    return {};
  }
}

inline const FieldRule* FindRule(const std::vector<FieldRule>& rules, const std::string& name) {
  for (const FieldRule& rule : rules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace describe_internal

template <typename T>
Json ToJson(const T& value) {
  if constexpr (std::is_same_v<T, Json>) {
    return value;
  } else if constexpr (std::is_same_v<T, JsonText>) {
    return Json::parse(value.text, nullptr, false);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return Json(value);
  } else if constexpr (std::is_enum_v<T>) {
    return Json(EnumText(boost::describe::enum_to_string(value, "")));
  } else if constexpr (describe_internal::IsOptional<T>::value) {
    return value.has_value() ? ToJson(*value) : Json(nullptr);
  } else if constexpr (std::is_same_v<T, describe_internal::Pairs>) {
    Json object = Json::object();
    for (const auto& [key, text] : value) object[key] = text;
    return object;
  } else if constexpr (describe_internal::IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& item : value) array.push_back(ToJson(static_cast<const typename T::value_type&>(item)));
    return array;
  } else if constexpr (describe_internal::IsMap<T>::value) {
    Json object = Json::object();
    for (const auto& [key, item] : value) object[key] = ToJson(item);
    return object;
  } else {
    Json object = Json::object();
    boost::mp11::mp_for_each<describe_internal::Members<T>>(
        [&](auto member) { object[FieldName(member.name)] = ToJson(value.*member.pointer); });
    return object;
  }
}

template <typename T>
Status FromJson(const Json& json, const ReadContext& at, T* out);

namespace describe_internal {

template <typename T>
Status ReadMembers(const Json& json, const ReadContext& at, T* out) {
  if (!json.is_object()) return WrongType(at, "an object", json);
  const std::vector<FieldRule> rules = RulesOf<T>();
  std::vector<std::string> known;
  std::vector<const Json*> used;
  Status status;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const std::string name = FieldName(member.name);
    known.push_back(name);
    if (!status.ok()) return;
    const FieldRule* rule = FindRule(rules, name);
    std::string path = at.path.empty() ? name : at.path + "." + name;
    auto found = json.find(name);
    for (size_t i = 0; rule != nullptr && found == json.end() && i < rule->also.size(); ++i) {
      found = json.find(rule->also[i]);
    }
    if (found != json.end()) used.push_back(&*found);
    if (found == json.end() || found->is_null()) {
      if (rule != nullptr && rule->required) status = MissingField(path);
      return;
    }
    status = FromJson(*found, ReadContext{path, at.textual}, &(out->*member.pointer));
    if (status.ok() && rule != nullptr) status = CheckRule(*rule, path, ToJson(out->*member.pointer));
  });
  VELO_RETURN_IF_ERROR(status);
  for (auto item = json.begin(); item != json.end(); ++item) {
    if (std::find(used.begin(), used.end(), &*item) == used.end()) return UnknownField(at.path, item.key(), known);
  }
  return Status::OK();
}

template <typename E>
Status ReadEnum(const Json& json, const ReadContext& at, E* out) {
  std::string known;
  bool found = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto entry) {
    std::string text = EnumText(entry.name);
    known += known.empty() ? text : ", " + text;
    if (json.is_string() && json.template get_ref<const std::string&>() == text) {
      *out = entry.value;
      found = true;
    }
  });
  return found ? Status::OK() : WrongType(at, ("one of " + known).c_str(), json);
}

}  // namespace describe_internal

/// Reads a value; unknown fields, missing required ones and wrong types are VALIDATION_ERRORs that name the place.
template <typename T>
Status FromJson(const Json& json, const ReadContext& at, T* out) {
  if constexpr (std::is_same_v<T, Json>) {
    *out = json;
  } else if constexpr (std::is_same_v<T, JsonText>) {
    out->text = json.dump();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!ReadBool(json, at.textual, out)) return WrongType(at, "true or false", json);
  } else if constexpr (std::is_integral_v<T>) {
    int64_t number = 0;
    if (!ReadInteger(json, at.textual, &number)) return WrongType(at, "a whole number", json);
    *out = static_cast<T>(number);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!ReadDouble(json, at.textual, out)) return WrongType(at, "a number", json);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return WrongType(at, "text", json);
    *out = json.get<std::string>();
  } else if constexpr (std::is_enum_v<T>) {
    return describe_internal::ReadEnum(json, at, out);
  } else if constexpr (describe_internal::IsOptional<T>::value) {
    return FromJson(json, at, &out->emplace());
  } else if constexpr (std::is_same_v<T, describe_internal::Pairs>) {
    if (!json.is_object()) return WrongType(at, "an object", json);
    for (auto item = json.begin(); item != json.end(); ++item) {
      out->emplace_back(item.key(), item->is_string() ? item->get<std::string>() : item->dump());
    }
  } else if constexpr (describe_internal::IsVector<T>::value) {
    if (!json.is_array()) return WrongType(at, "a list", json);
    for (size_t i = 0; i < json.size(); ++i) {
      VELO_RETURN_IF_ERROR(
          FromJson(json[i], ReadContext{at.path + "[" + std::to_string(i) + "]", at.textual}, &out->emplace_back()));
    }
  } else if constexpr (describe_internal::IsMap<T>::value) {
    if (!json.is_object()) return WrongType(at, "an object", json);
    for (auto item = json.begin(); item != json.end(); ++item) {
      VELO_RETURN_IF_ERROR(FromJson(*item, ReadContext{at.path + "." + item.key(), at.textual}, &(*out)[item.key()]));
    }
  } else {
    return describe_internal::ReadMembers(json, at, out);
  }
  return Status::OK();
}

/// JSON Schema (draft 2020-12) of a type. `input`: unknown fields are refused and required ones are listed.
template <typename T>
Json SchemaOf(bool input) {
  if constexpr (std::is_same_v<T, Json> || std::is_same_v<T, JsonText>) {
    return Json::object();
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<T>) {
    return {{"type", "integer"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_enum_v<T>) {
    Json values = Json::array();
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
        [&](auto entry) { values.push_back(EnumText(entry.name)); });
    return {{"type", "string"}, {"enum", values}};
  } else if constexpr (describe_internal::IsOptional<T>::value) {
    Json schema = SchemaOf<typename T::value_type>(input);
    if (!input && schema.contains("type")) schema["type"] = Json::array({schema["type"], "null"});
    return schema;
  } else if constexpr (std::is_same_v<T, describe_internal::Pairs>) {
    return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
  } else if constexpr (describe_internal::IsVector<T>::value) {
    return {{"type", "array"}, {"items", SchemaOf<typename T::value_type>(input)}};
  } else if constexpr (describe_internal::IsMap<T>::value) {
    return {{"type", "object"}, {"additionalProperties", SchemaOf<typename T::mapped_type>(input)}};
  } else {
    // A struct that holds itself (the fields of a field) is described once. Aligned, because mold 1.10 makes a program
    // that does not start when its thread-local block begins just before a page.
    alignas(std::max_align_t) static thread_local bool inside = false;
    if (inside) return {{"type", "object"}};
    inside = true;
    const std::vector<FieldRule> rules = describe_internal::RulesOf<T>();
    const T defaults{};
    Json properties = Json::object();
    Json required = Json::array();
    boost::mp11::mp_for_each<describe_internal::Members<T>>([&](auto member) {
      using Field = std::remove_cvref_t<decltype(defaults.*member.pointer)>;
      Json schema = SchemaOf<Field>(input);
      const std::string name = FieldName(member.name);
      const FieldRule* rule = describe_internal::FindRule(rules, name);
      if (rule != nullptr) ApplyRule(*rule, &schema);
      if (rule != nullptr && rule->required) {
        required.push_back(name);
      } else if constexpr (std::is_arithmetic_v<Field> || std::is_enum_v<Field>) {
        if (input) schema["default"] = ToJson(defaults.*member.pointer);
      }
      properties[name] = std::move(schema);
    });
    inside = false;
    Json object = {{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) object["required"] = std::move(required);
    if (input) object["additionalProperties"] = false;
    return object;
  }
}

}  // namespace velo::services
