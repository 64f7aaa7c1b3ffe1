#include "engine/plan/properties/known_properties.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/plan/properties/property_tables_internal.h"
#include "engine/sql/parser.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

template <typename Visit>
void EachWord(std::string_view words, Visit&& visit) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (end > 0) visit(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

std::string WithDots(std::string_view key) {
  std::string normal(key);
  std::replace(normal.begin(), normal.end(), '_', '.');
  return normal;
}

/// Choices are compared without case, "_", "-" and ".".
std::string Squeezed(std::string_view text) {
  std::string squeezed = sql::LowerCase(text);
  std::erase_if(squeezed, [](char c) { return c == '_' || c == '-' || c == '.'; });
  return squeezed;
}

const std::map<std::string, const KnownProperty*, std::less<>>& ByName() {
  static const auto index = [] {
    std::map<std::string, const KnownProperty*, std::less<>> names;
    for (const KnownProperty& property : KnownProperties()) {
      names.emplace(WithDots(property.name), &property);
      EachWord(property.aliases, [&](std::string_view alias) { names.emplace(WithDots(alias), &property); });
    }
    return names;
  }();
  return index;
}

bool IsInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsSize(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  std::string unit = sql::LowerCase(text.substr(digits));
  std::erase(unit, ' ');
  static constexpr std::string_view kUnits[] = {"", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib"};
  return digits > 0 && std::find(std::begin(kUnits), std::end(kUnits), unit) != std::end(kUnits);
}

bool IsBoolean(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
  return std::find(std::begin(kWords), std::end(kWords), sql::LowerCase(text)) != std::end(kWords);
}

}  // namespace

std::span<const KnownProperty> KnownProperties() {
  static const std::vector<KnownProperty> all = [] {
    std::vector<KnownProperty> properties;
    for (const auto& table : {ConnectorProperties(), JobProperties()}) {
      properties.insert(properties.end(), table.begin(), table.end());
    }
    return properties;
  }();
  return all;
}

const KnownProperty* FindProperty(std::string_view key) {
  const std::string wanted = WithDots(key);
  const auto at = ByName().find(wanted);
  if (at != ByName().end()) return at->second;
  for (size_t dot = wanted.rfind('.'); dot != std::string::npos && dot > 0; dot = wanted.rfind('.', dot - 1)) {
    const auto pattern = ByName().find(wanted.substr(0, dot) + ".*");
    if (pattern != ByName().end()) return pattern->second;
  }
  return nullptr;
}

std::vector<std::string> PropertyNames() {
  std::vector<std::string> names;
  for (const KnownProperty& property : KnownProperties()) {
    if (!property.name.ends_with("*")) names.emplace_back(property.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view PropertyGroupName(PropertyGroup group) {
  static constexpr std::string_view kNames[] = {"Kafka sources",
                                                "Kafka sinks and topics",
                                                "Security",
                                                "Formats and schemas",
                                                "File sources",
                                                "File sinks",
                                                "S3",
                                                "Databases",
                                                "Time",
                                                "Joins",
                                                "Tables",
                                                "Batches",
                                                "Failures",
                                                "Observability",
                                                "Jobs"};
  return kNames[static_cast<size_t>(group)];
}

std::string_view PropertyTypeName(PropertyType type) {
  static constexpr std::string_view kNames[] = {"text",     "integer", "number", "true or false",
                                                "duration", "size",    "list",   "one of"};
  return kNames[static_cast<size_t>(type)];
}

bool FitsProperty(const KnownProperty& property, std::string_view value, std::string* wanted) {
  // Variables are filled in when the statement is deployed.
  if (value.find("${") != std::string_view::npos) return true;
  sql::Duration duration;
  switch (property.type) {
    case PropertyType::kText:
    case PropertyType::kList:
      return true;
    case PropertyType::kInteger:
      *wanted = "a whole number";
      return IsInteger(value);
    case PropertyType::kNumber:
      *wanted = "a number";
      return IsNumber(value);
    case PropertyType::kBoolean:
      *wanted = "true or false";
      return IsBoolean(value);
    case PropertyType::kDuration:
      *wanted = "a duration such as 5s or 7 days";
      return sql::LowerCase(value) == "none" || sql::LowerCase(value) == "never" ||
             sql::ParseDuration(value, &duration);
    case PropertyType::kSize:
      *wanted = "a number or a size such as 64KB";
      return IsSize(value);
    case PropertyType::kChoice:
      break;
  }
  bool fits = false;
  *wanted = "one of ";
  EachWord(property.choices, [&](std::string_view choice) {
    fits |= Squeezed(choice) == Squeezed(value);
    *wanted += (wanted->ends_with("of ") ? "" : ", ") + std::string(choice);
  });
  return fits;
}

}  // namespace velo::plan
