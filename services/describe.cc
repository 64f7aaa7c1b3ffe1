#include "services/describe.h"

#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "engine/base/near_names.h"

namespace velo::services {
namespace {

Status Invalid(const std::string& path, std::string message, std::string hint) {
  Status status = Status::User("VALIDATION_ERROR", std::move(message), std::move(hint));
  return path.empty() ? status : status.WithDetail("field", path);
}

std::string Shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

}  // namespace

Status WrongType(const ReadContext& at, const char* wanted, const Json& got) {
  std::string name = at.path.empty() ? "the request" : "'" + at.path + "'";
  return Invalid(at.path, fmt::format("{} must be {}, not {}.", name, wanted, Shown(got)), "");
}

Status MissingField(const std::string& path) {
  return Invalid(path, fmt::format("'{}' is missing.", path), fmt::format("Send '{}'.", path));
}

Status UnknownField(const std::string& path, const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::string> near = NearNames(name, known);
  std::string hint = near.empty() ? fmt::format("Known fields: {}.", fmt::join(known, ", "))
                                  : fmt::format("Did you mean '{}'?", near.front());
  std::string place = path.empty() ? name : path + "." + name;
  Status status = Invalid("", fmt::format("There is no field '{}'.", place), hint).WithDetail("unknown_fields", place);
  return near.empty() ? status : status.WithDetail("closest", near.front());
}

Status CheckRule(const FieldRule& rule, const std::string& path, const Json& value) {
  if (value.is_number_integer()) {
    int64_t number = value.get<int64_t>();
    if ((rule.min && number < *rule.min) || (rule.max && number > *rule.max)) {
      std::string range = rule.min && rule.max ? fmt::format("between {} and {}", *rule.min, *rule.max)
                          : rule.min           ? fmt::format("at least {}", *rule.min)
                                               : fmt::format("at most {}", *rule.max);
      return Invalid(path, fmt::format("'{}' must be {}, not {}.", path, range, number), "");
    }
  }
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (rule.required && text.empty()) return Invalid(path, fmt::format("'{}' is empty.", path), "");
    if (text.size() > rule.max_length) {
      return Status::User("PAYLOAD_TOO_LARGE", fmt::format("'{}' is longer than {} KiB.", path, rule.max_length / 1024))
          .WithDetail("limit_bytes", std::to_string(rule.max_length));
    }
    if (!rule.values.empty() && std::find(rule.values.begin(), rule.values.end(), text) == rule.values.end()) {
      std::vector<std::string> near = NearNames(text, rule.values);
      return Invalid(path, fmt::format("'{}' cannot be '{}'.", path, text.substr(0, 60)),
                     near.empty() ? fmt::format("One of: {}.", fmt::join(rule.values, ", "))
                                  : fmt::format("Did you mean '{}'?", near.front()));
    }
  }
  return Status::OK();
}

bool ReadBool(const Json& json, bool textual, bool* out) {
  if (json.is_boolean()) {
    *out = json.get<bool>();
    return true;
  }
  if (!textual || !json.is_string()) return false;
  const std::string& text = json.get_ref<const std::string&>();
  *out = text == "true" || text == "1" || text.empty();
  return *out || text == "false" || text == "0";
}

bool ReadInteger(const Json& json, bool textual, int64_t* out) {
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) return false;
  if (json.is_number_integer()) {
    *out = json.get<int64_t>();
    return true;
  }
  if (!textual || !json.is_string()) return false;
  const std::string& text = json.get_ref<const std::string&>();
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool ReadDouble(const Json& json, bool textual, double* out) {
  if (json.is_number()) {
    *out = json.get<double>();
    return true;
  }
  if (!textual || !json.is_string()) return false;
  const std::string& text = json.get_ref<const std::string&>();
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string EnumText(const char* name) {
  std::string text;
  for (const char* c = name[0] == 'k' ? name + 1 : name; *c != '\0'; ++c) {
    if (std::isupper(static_cast<unsigned char>(*c)) && !text.empty()) text += '_';
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  return text;
}

std::string FieldName(const char* member) {
  std::string name = member;
  if (name.ends_with('_')) name.pop_back();
  return name;
}

void ApplyRule(const FieldRule& rule, Json* schema) {
  if (!rule.doc.empty()) (*schema)["description"] = rule.doc;
  if (rule.min) (*schema)["minimum"] = *rule.min;
  if (rule.max) (*schema)["maximum"] = *rule.max;
  if (!rule.values.empty()) (*schema)["enum"] = rule.values;
}

}  // namespace velo::services
