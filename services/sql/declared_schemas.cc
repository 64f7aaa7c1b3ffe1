#include "services/sql/declared_schemas.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/near_names.h"

namespace velo::services {
namespace {

struct NamedType {
  std::string_view name;
  TypeKind kind;
};

constexpr NamedType kTypes[] = {
    {"STRING", TypeKind::kString},       {"VARCHAR", TypeKind::kString},     {"TEXT", TypeKind::kString},
    {"UUID", TypeKind::kString},         {"INTEGER", TypeKind::kInteger},    {"INT", TypeKind::kInteger},
    {"BIGINT", TypeKind::kInteger},      {"FLOAT", TypeKind::kFloat},        {"DOUBLE", TypeKind::kFloat},
    {"DECIMAL", TypeKind::kDecimal},     {"BOOLEAN", TypeKind::kBoolean},    {"BOOL", TypeKind::kBoolean},
    {"TIMESTAMP", TypeKind::kTimestamp}, {"DATETIME", TypeKind::kTimestamp}, {"DATE", TypeKind::kDate},
    {"TIME", TypeKind::kTime},           {"BYTES", TypeKind::kBytes},        {"JSON", TypeKind::kJson},
};

Result<SqlType> ParseType(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  int precision = 38, scale = 4;
  size_t paren = text.find('(');
  if (paren != std::string::npos) {
    std::sscanf(text.c_str() + paren, "(%d,%d)", &precision, &scale);
    text.resize(paren);
  }
  std::vector<std::string> names;
  for (const NamedType& type : kTypes) {
    names.emplace_back(type.name);
    if (type.name != text) continue;
    bool fits = precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision;
    if (type.kind == TypeKind::kDecimal && fits) return SqlType::Decimal(precision, scale);
    return SqlType(type.kind);
  }
  std::vector<std::string> near = NearNames(text, names);
  return Status::User("VALIDATION_ERROR", fmt::format("There is no type '{}'.", text.substr(0, 60)),
                      near.empty() ? "" : fmt::format("Did you mean {}?", near.front()));
}

std::string TextAt(const Json& json, const char* field) {
  auto found = json.find(field);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<Relation> DeclaredRelation(const std::string& name, const Json& schema) {
  Relation relation;
  relation.name = name;
  const Json* list = nullptr;
  if (schema.is_object() && schema.contains("columns")) list = &schema["columns"];
  if (schema.is_object() && list == nullptr && schema.contains("fields")) list = &schema["fields"];
  if (schema.is_array()) list = &schema;
  if (list == nullptr || !list->is_array()) {
    return Status::User("VALIDATION_ERROR", fmt::format("The schema of '{}' has no columns.", name),
                        "Send {\"columns\":[{\"name\":\"price\",\"type\":\"Float\"}]}.");
  }
  for (const Json& item : *list) {
    std::string column, type;
    if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
      column = item[0].get<std::string>();
      type = item[1].get<std::string>();
    } else if (item.is_object()) {
      column = TextAt(item, "name");
      type = TextAt(item, "sql_type").empty() ? TextAt(item, "type") : TextAt(item, "sql_type");
    }
    if (column.empty()) {
      return Status::User("VALIDATION_ERROR", fmt::format("A column of '{}' has no name.", name), "");
    }
    VELO_ASSIGN_OR_RETURN(SqlType parsed, ParseType(type));
    relation.schema.columns.push_back({column, parsed, true});
  }
  return relation;
}

}  // namespace velo::services
