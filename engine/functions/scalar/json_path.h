#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace velo {

/// One step of a path: a member by name, an element by index (negative from the end), or all of them.
struct JsonStep {
  enum class Kind : uint8_t { kMember, kElement, kAll } kind = Kind::kMember;
  std::string name;
  int64_t index = 0;
};

/// Parses "$.a.b[0]", "a['x y'].*", ".n" ...; the leading $ is optional. Nothing when it is no path.
std::optional<std::vector<JsonStep>> ParseJsonPath(std::string_view path);

/// What a path found.
struct JsonMatch {
  enum class Shape : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject } shape = Shape::kNull;
  std::string text;  ///< The string itself, or the compact JSON text of everything else.
  int64_t size = 0;  ///< Number of elements or members of an array or object.
};

/// Follows a path in JSON text. A path with "all" steps gives an array of all matches. Nothing for invalid JSON and
/// where the path leads nowhere.
std::optional<JsonMatch> FindJson(std::string_view text, const std::vector<JsonStep>& path);
/// Names of the members of an object in order; nothing when it is none.
std::optional<std::vector<std::string>> JsonKeys(std::string_view text, const std::vector<JsonStep>& path);
/// Compact JSON of the values of an object or array in order; nothing when it is neither.
std::optional<std::vector<std::string>> JsonElements(std::string_view text, const std::vector<JsonStep>& path);
bool IsValidJson(std::string_view text);

}  // namespace velo
