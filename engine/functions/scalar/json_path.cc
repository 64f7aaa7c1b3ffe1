#include "engine/functions/scalar/json_path.h"

#include <nlohmann/json.hpp>

#include "engine/functions/scalar/json_scan.h"
#include "engine/types/decimal.h"

namespace velo {
namespace {

using Json = nlohmann::ordered_json;

std::string Compact(const Json& value) {
  return value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

const Json* Step(const Json& value, const JsonStep& step) {
  if (value.is_object() && step.kind == JsonStep::Kind::kMember) {
    const auto found = value.find(step.name);
    return found == value.end() ? nullptr : &*found;
  }
  if (value.is_array()) {
    int64_t index = step.index;
    if (step.kind == JsonStep::Kind::kMember) {
      const auto number = ParseInteger(step.name);
      if (!number) return nullptr;
      index = *number;
    }
    const auto size = static_cast<int64_t>(value.size());
    if (index < 0) index += size;
    return index >= 0 && index < size ? &value[static_cast<size_t>(index)] : nullptr;
  }
  return nullptr;
}

void Collect(const Json& value, const std::vector<JsonStep>& path, size_t at, std::vector<const Json*>* found) {
  if (at == path.size()) {
    found->push_back(&value);
    return;
  }
  if (path[at].kind == JsonStep::Kind::kAll) {
    if (!value.is_structured()) return;
    for (const Json& child : value) Collect(child, path, at + 1, found);
    return;
  }
  if (const Json* child = Step(value, path[at])) Collect(*child, path, at + 1, found);
}

// Keeps the parsed text alive and points into it.
struct Found {
  Json root;
  Json gathered;  // The array of all matches of a path with "all" steps.
  const Json* value = nullptr;
};

Found Follow(std::string_view text, const std::vector<JsonStep>& path) {
  Found result;
  result.root = Parse(text);
  if (result.root.is_discarded()) return result;
  std::vector<const Json*> matches;
  Collect(result.root, path, 0, &matches);
  const bool many =
      std::any_of(path.begin(), path.end(), [](const JsonStep& step) { return step.kind == JsonStep::Kind::kAll; });
  if (many && !matches.empty()) {
    result.gathered = Json::array();
    for (const Json* match : matches) result.gathered.push_back(*match);
    result.value = nullptr;
  } else if (!matches.empty()) {
    result.value = matches[0];
  }
  return result;
}

const Json* ValueOf(const Found& found) {
  if (found.value != nullptr) return found.value;
  return found.gathered.is_array() ? &found.gathered : nullptr;
}

}  // namespace

std::optional<std::vector<JsonStep>> ParseJsonPath(std::string_view path) {
  std::vector<JsonStep> steps;
  size_t at = path.starts_with("$") ? 1 : 0;
  bool need_name = at == 0 && !path.starts_with("[") && !path.starts_with(".");
  while (at < path.size() || need_name) {
    if (!need_name && path[at] == '[') {
      const size_t quote = at + 1 < path.size() && (path[at + 1] == '\'' || path[at + 1] == '"') ? at + 1 : 0;
      if (quote != 0) {
        const size_t end = path.find(path[quote], quote + 1);
        if (end == std::string_view::npos || end + 1 >= path.size() || path[end + 1] != ']') return std::nullopt;
        steps.push_back({JsonStep::Kind::kMember, std::string(path.substr(quote + 1, end - quote - 1)), 0});
        at = end + 2;
        continue;
      }
      const size_t end = path.find(']', at);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view inner = TrimText(path.substr(at + 1, end - at - 1));
      const auto index = ParseInteger(inner);
      if (inner == "*") {
        steps.push_back({JsonStep::Kind::kAll, "", 0});
      } else if (index) {
        steps.push_back({JsonStep::Kind::kElement, "", *index});
      } else {
        return std::nullopt;
      }
      at = end + 1;
      continue;
    }
    if (!need_name) {
      if (path[at] != '.') return std::nullopt;
      ++at;
    }
    need_name = false;
    if (at < path.size() && path[at] == '"') {
      const size_t end = path.find('"', at + 1);
      if (end == std::string_view::npos) return std::nullopt;
      steps.push_back({JsonStep::Kind::kMember, std::string(path.substr(at + 1, end - at - 1)), 0});
      at = end + 1;
      continue;
    }
    size_t end = path.find_first_of(".[", at);
    if (end == std::string_view::npos) end = path.size();
    if (end == at) return std::nullopt;
    const std::string_view name = path.substr(at, end - at);
    if (name == "*") {
      steps.push_back({JsonStep::Kind::kAll, "", 0});
    } else {
      steps.push_back({JsonStep::Kind::kMember, std::string(name), 0});
    }
    at = end;
  }
  return steps;
}

std::optional<JsonMatch> FindJson(std::string_view text, const std::vector<JsonStep>& path) {
  const bool many =
      std::any_of(path.begin(), path.end(), [](const JsonStep& step) { return step.kind == JsonStep::Kind::kAll; });
  if (!many) return ScanJson(text, path);
  const Found found = Follow(text, path);
  const Json* value = ValueOf(found);
  if (value == nullptr) return std::nullopt;
  JsonMatch match;
  match.text = value->is_string() ? value->get<std::string>() : Compact(*value);
  match.size = value->is_structured() ? static_cast<int64_t>(value->size()) : 0;
  if (value->is_boolean()) match.shape = JsonMatch::Shape::kBoolean;
  if (value->is_number()) match.shape = JsonMatch::Shape::kNumber;
  if (value->is_string()) match.shape = JsonMatch::Shape::kString;
  if (value->is_array()) match.shape = JsonMatch::Shape::kArray;
  if (value->is_object()) match.shape = JsonMatch::Shape::kObject;
  return match;
}

std::optional<std::vector<std::string>> JsonKeys(std::string_view text, const std::vector<JsonStep>& path) {
  const Found found = Follow(text, path);
  const Json* value = ValueOf(found);
  if (value == nullptr || !value->is_object()) return std::nullopt;
  std::vector<std::string> keys;
  for (const auto& [key, child] : value->items()) keys.push_back(key);
  return keys;
}

std::optional<std::vector<std::string>> JsonElements(std::string_view text, const std::vector<JsonStep>& path) {
  const Found found = Follow(text, path);
  const Json* value = ValueOf(found);
  if (value == nullptr || !value->is_structured()) return std::nullopt;
  std::vector<std::string> elements;
  for (const Json& child : *value) {
    elements.push_back(child.is_string() ? child.get<std::string>() : Compact(child));
  }
  return elements;
}

bool IsValidJson(std::string_view text) { return Json::accept(text); }

}  // namespace velo
