#include <algorithm>

#include "engine/plan/binder/from_binder.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/plan/properties/property_checks.h"

namespace velo::plan {
namespace {

void Set(PropertyMap* map, std::string key, const std::string& value) {
  for (auto& [known, old] : *map) {
    if (known == key) {
      old = value;
      return;
    }
  }
  map->emplace_back(std::move(key), value);
}

bool StripPrefix(std::string_view key, std::string_view prefix, std::string* rest) {
  if (prefix.empty() || key.size() <= prefix.size() + 1 || !key.starts_with(prefix) || key[prefix.size()] != '.') {
    return false;
  }
  *rest = std::string(key.substr(prefix.size() + 1));
  return true;
}

bool HasScopePrefix(std::string_view key) {
  for (std::string_view prefix : {"source.", "sink.", "kafka.", "file.", "s3."}) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

/// "a=1&b=2" after the "?" of an address; percent escapes stay, they are rare in options.
void AddUriParameters(const std::string& name, PropertyMap* map) {
  const size_t question = name.find('?');
  if (name.find("://") == std::string::npos || question == std::string::npos) return;
  std::string_view rest = std::string_view(name).substr(question + 1);
  // A "?" of a glob is followed by no "name=".
  if (rest.find('=') == std::string_view::npos || rest.find('/') < rest.find('=')) return;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos)
      Set(map, std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
  }
}

}  // namespace

PropertyMap ResolveProperties(const std::vector<const sql::Properties*>& lists, const std::string& name,
                              const std::string& alias, const sql::Properties& attached, PropertyRole role) {
  PropertyMap map;
  auto each = [&lists](auto&& visit) {
    for (const sql::Properties* list : lists) {
      for (const sql::Property& property : *list) visit(property);
    }
  };
  each([&](const sql::Property& property) {
    // Keys with a dot that nobody knows belong to a relation of that name.
    const bool of_other = property.key.find('.') != std::string::npos && FindProperty(property.key) == nullptr;
    if (!HasScopePrefix(property.key) && !of_other) Set(&map, property.key, property.value);
  });
  const bool source = role == PropertyRole::kSource;
  std::string rest, inner;
  for (std::string_view prefix : {"kafka", "file", "s3", source ? "source" : "sink"}) {
    each([&](const sql::Property& property) {
      if (!StripPrefix(property.key, prefix, &rest)) return;
      // sink.kafka.acks loses both of its prefixes.
      for (std::string_view second : {"kafka", "file", "s3"}) {
        if (StripPrefix(rest, second, &inner)) rest = inner;
      }
      Set(&map, rest, property.value);
    });
  }
  AddUriParameters(name, &map);
  for (const sql::Property& property : attached) {
    const bool named =
        StripPrefix(property.key, name, &rest) || StripPrefix(property.key, source ? "source" : "sink", &rest);
    Set(&map, named ? rest : property.key, property.value);
  }
  for (const std::string& prefix : {name + (source ? "_source" : "_sink"), alias, name}) {
    each([&](const sql::Property& property) {
      if (StripPrefix(property.key, prefix, &rest)) Set(&map, rest, property.value);
    });
  }
  for (auto& [key, value] : map) {
    if (value.find("${") == std::string::npos) continue;
    // What must be set and is not has been reported by the checks of the statement.
    if (Result<std::string> filled = SubstituteVariables(value, nullptr); filled.ok()) value = filled.TakeValue();
  }
  return map;
}

PropertyMap RelationProperties(const BindingContext& context, const std::string& name, const std::string& alias,
                               const sql::Properties& attached) {
  return ResolveProperties(context.properties, name, alias, attached, PropertyRole::kSource);
}

std::string AddressOf(const std::string& name, const PropertyMap& properties) {
  if (name.find("://") != std::string::npos) return name;
  const std::string type = PropertyValue(properties, "type");
  const std::string path = PropertyValue(properties, "path");
  const bool file = type.starts_with("file") || (type.empty() && !path.empty());
  if (file && !path.empty()) return path.find("://") != std::string::npos ? path : "file://" + path;
  const std::string topic = PropertyValue(properties, "topic");
  if (!topic.empty() && (type.empty() || type.starts_with("kafka"))) return topic;
  return name;
}

PropertyMap ReaderProperties(const std::string& address, const PropertyMap& properties) {
  if (!address.starts_with("file://")) return properties;
  static constexpr std::string_view kRead[] = {"format",         "has_headers",
                                               "delimiter",      "quote",
                                               "escape",         "comment",
                                               "null_values",    "skip_lines",
                                               "columns",        "multiline",
                                               "encoding",       "compression",
                                               "recursive",      "use_mmap",
                                               "max_records",    "json.decimal.detect",
                                               "error.handling", "csv.quoted_as_string"};
  PropertyMap read;
  for (const auto& [key, value] : properties) {
    const KnownProperty* known = FindProperty(key);
    if (known == nullptr) {
      // What nobody knows is for the connector to refuse.
      if (key.find('.') == std::string::npos) Set(&read, key, value);
    } else if (known->group == PropertyGroup::kTime) {
      Set(&read, key, value);
    } else if (known->name == "type") {
      if (value == "file_source_mmap") Set(&read, "use_mmap", "true");
    } else if (std::find(std::begin(kRead), std::end(kRead), known->name) != std::end(kRead)) {
      Set(&read, std::string(known->name), value);
    }
  }
  return read;
}

std::string PropertyValue(const PropertyMap& properties, std::string_view key) {
  auto same = [](std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
             return x == y || (x == '_' && y == '.') || (x == '.' && y == '_');
           });
  };
  for (const auto& [known, value] : properties) {
    if (same(known, key)) return value;
  }
  return "";
}

}  // namespace velo::plan
