#include <array>

#include "engine/base/near_names.h"
#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

struct TypeWord {
  std::string_view word;
  TypeKind kind;
};

constexpr std::array kTypeWords = {
    TypeWord{"INTEGER", TypeKind::kInteger},
    TypeWord{"INT", TypeKind::kInteger},
    TypeWord{"BIGINT", TypeKind::kInteger},
    TypeWord{"SMALLINT", TypeKind::kInteger},
    TypeWord{"TINYINT", TypeKind::kInteger},
    TypeWord{"LONG", TypeKind::kInteger},
    TypeWord{"INT8", TypeKind::kInteger},
    TypeWord{"INT16", TypeKind::kInteger},
    TypeWord{"INT32", TypeKind::kInteger},
    TypeWord{"INT64", TypeKind::kInteger},
    TypeWord{"SIGNED", TypeKind::kInteger},
    TypeWord{"FLOAT", TypeKind::kFloat},
    TypeWord{"DOUBLE", TypeKind::kFloat},
    TypeWord{"DOUBLE PRECISION", TypeKind::kFloat},
    TypeWord{"REAL", TypeKind::kFloat},
    TypeWord{"FLOAT32", TypeKind::kFloat},
    TypeWord{"FLOAT64", TypeKind::kFloat},
    TypeWord{"DECIMAL", TypeKind::kDecimal},
    TypeWord{"NUMERIC", TypeKind::kDecimal},
    TypeWord{"DEC", TypeKind::kDecimal},
    TypeWord{"NUMBER", TypeKind::kDecimal},
    TypeWord{"MONEY", TypeKind::kDecimal},
    TypeWord{"STRING", TypeKind::kString},
    TypeWord{"VARCHAR", TypeKind::kString},
    TypeWord{"CHAR", TypeKind::kString},
    TypeWord{"CHARACTER VARYING", TypeKind::kString},
    TypeWord{"CHARACTER", TypeKind::kString},
    TypeWord{"TEXT", TypeKind::kString},
    TypeWord{"UUID", TypeKind::kString},
    TypeWord{"ENUM", TypeKind::kString},
    TypeWord{"BOOLEAN", TypeKind::kBoolean},
    TypeWord{"BOOL", TypeKind::kBoolean},
    TypeWord{"DATE", TypeKind::kDate},
    TypeWord{"TIME", TypeKind::kTime},
    TypeWord{"TIMESTAMP", TypeKind::kTimestamp},
    TypeWord{"DATETIME", TypeKind::kTimestamp},
    TypeWord{"TIMESTAMPTZ", TypeKind::kTimestamp},
    TypeWord{"TIMESTAMP_LTZ", TypeKind::kTimestamp},
    TypeWord{"TIMESTAMP WITH TIME ZONE", TypeKind::kTimestamp},
    TypeWord{"TIMESTAMP WITHOUT TIME ZONE", TypeKind::kTimestamp},
    TypeWord{"INTERVAL", TypeKind::kInterval},
    TypeWord{"DURATION", TypeKind::kInterval},
    TypeWord{"BYTES", TypeKind::kBytes},
    TypeWord{"BINARY", TypeKind::kBytes},
    TypeWord{"VARBINARY", TypeKind::kBytes},
    TypeWord{"BLOB", TypeKind::kBytes},
    TypeWord{"BYTEA", TypeKind::kBytes},
    TypeWord{"JSON", TypeKind::kJson},
    TypeWord{"JSONB", TypeKind::kJson},
    TypeWord{"VARIANT", TypeKind::kJson},
};

SqlType ResolveNested(const sql::TypeName& type, Diagnostics* diagnostics, bool* known) {
  *known = true;
  auto child = [&](size_t i) {
    return i < type.children.size() ? ResolveType(type.children[i].second, diagnostics) : SqlType(TypeKind::kString);
  };
  if (type.name == "ARRAY" || type.name == "LIST") return SqlType::Array(child(0));
  if (type.name == "MAP") return SqlType::Map(child(0), child(1));
  if (type.name == "STRUCT" || type.name == "ROW" || type.name == "RECORD") {
    std::vector<StructField> fields;
    for (const auto& [name, field] : type.children) fields.push_back({name, ResolveType(field, diagnostics)});
    return SqlType::Struct(std::move(fields));
  }
  *known = false;
  return {};
}

}  // namespace

SqlType ResolveType(const sql::TypeName& type, Diagnostics* diagnostics) {
  const std::string name = UpperCase(type.name);
  if (name == "SCALED_INTEGER" || name == "SCALEDINTEGER") {
    return SqlType::Decimal(38, type.arguments.empty() ? 4 : static_cast<int>(type.arguments[0]));
  }
  bool known = false;
  SqlType nested = ResolveNested(type, diagnostics, &known);
  if (known) return nested;
  for (const TypeWord& word : kTypeWords) {
    if (word.word != name) continue;
    if (word.kind != TypeKind::kDecimal) return word.kind;
    const int64_t precision = type.arguments.empty() ? 38 : type.arguments[0];
    const int64_t scale = type.arguments.size() > 1 ? type.arguments[1] : (type.arguments.empty() ? 6 : 0);
    if (precision < 1 || precision > 38 || scale < 0 || scale > 18 || scale > precision) {
      diagnostics->Error("E2302", type.span, "DECIMAL takes up to 38 digits, of which at most 18 after the point");
      return SqlType::Decimal(38, 6);
    }
    return SqlType::Decimal(static_cast<int>(precision), static_cast<int>(scale));
  }
  Diagnostic& found = diagnostics->Error("E2302", type.span, fmt::format("unknown type {}", type.name));
  std::vector<std::string> words;
  for (const TypeWord& word : kTypeWords) words.emplace_back(word.word);
  const std::vector<std::string> near = NearNames(name, words);
  if (near.empty()) {
    found.hint = "types: INTEGER, FLOAT, DECIMAL(p,s), STRING, BOOLEAN, DATE, TIMESTAMP, INTERVAL, BYTES, JSON";
  } else {
    found.hint = fmt::format("did you mean {}?", near[0]);
    found.fixes.push_back({"Change to " + near[0], {{type.span, near[0]}}});
  }
  return TypeKind::kAny;
}

}  // namespace velo::plan
