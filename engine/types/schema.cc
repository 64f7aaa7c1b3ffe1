#include "engine/types/schema.h"

#include <arrow/type.h>

#include <array>

namespace velo {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerAscii(a[i]) != LowerAscii(b[i])) return false;
  }
  return true;
}

}  // namespace

int Schema::Find(std::string_view name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int Schema::FindIgnoringCase(std::string_view name) const {
  int found = -1;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!EqualIgnoringCase(columns[i].name, name)) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

std::vector<std::string> Schema::Names() const {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::shared_ptr<arrow::Schema> Schema::ToArrow() const {
  arrow::FieldVector fields;
  fields.reserve(columns.size());
  for (const Column& column : columns)
    fields.push_back(arrow::field(column.name, column.type.ToArrow(), column.nullable));
  return arrow::schema(std::move(fields));
}

const SqlType* SystemColumnType(std::string_view name) {
  static const std::array<std::pair<std::string_view, SqlType>, 9> kTypes = {{
      {kTimestampColumn, TypeKind::kInteger},
      {kEventTimeColumn, TypeKind::kInteger},
      {kOffsetColumn, TypeKind::kInteger},
      {kPartitionColumn, TypeKind::kInteger},
      {kKeyColumn, TypeKind::kString},
      {kTopicColumn, TypeKind::kString},
      {kHeadersColumn, SqlType::Array(SqlType::Struct({{"key", TypeKind::kString}, {"value", TypeKind::kString}}))},
      {kWindowStartColumn, TypeKind::kInteger},
      {kWindowEndColumn, TypeKind::kInteger},
  }};
  for (const auto& [column, type] : kTypes) {
    if (EqualIgnoringCase(column, name)) return &type;
  }
  return nullptr;
}

}  // namespace velo
