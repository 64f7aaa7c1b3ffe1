#include <algorithm>

#include "engine/plan/binder/from_binder.h"

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

}  // namespace

PropertyMap RelationProperties(const BindingContext& context, const std::string& name, const std::string& alias,
                               const sql::Properties& attached) {
  PropertyMap map;
  auto each = [&context](auto&& visit) {
    for (const sql::Properties* list : context.properties) {
      for (const sql::Property& property : *list) visit(property);
    }
  };
  each([&](const sql::Property& property) {
    if (!HasScopePrefix(property.key)) Set(&map, property.key, property.value);
  });
  std::string rest;
  for (std::string_view prefix : {"kafka", "file", "s3", "source"}) {
    each([&](const sql::Property& property) {
      if (StripPrefix(property.key, prefix, &rest)) Set(&map, rest, property.value);
    });
  }
  for (const sql::Property& property : attached) {
    const bool named = StripPrefix(property.key, name, &rest) || StripPrefix(property.key, alias, &rest);
    Set(&map, named ? rest : property.key, property.value);
  }
  for (const std::string& prefix : {name + "_source", alias, name}) {
    each([&](const sql::Property& property) {
      if (StripPrefix(property.key, prefix, &rest)) Set(&map, rest, property.value);
    });
  }
  return map;
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
