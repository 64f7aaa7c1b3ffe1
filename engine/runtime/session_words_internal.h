#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/sql/ast/statement.h"

namespace velo {

/// How messages about statements name things.
inline std::string_view WordOf(sql::RelationWord word) {
  static constexpr std::string_view kWords[] = {"stream", "table", "view"};
  return kWords[static_cast<size_t>(word)];
}

inline std::string Lists(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace velo
