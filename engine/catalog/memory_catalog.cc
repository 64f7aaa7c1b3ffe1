#include <algorithm>

#include "engine/catalog/catalog.h"

namespace velo {

void MemoryCatalog::Put(Relation relation) {
  auto shared = std::make_shared<const Relation>(std::move(relation));
  for (RelationPtr& known : relations_) {
    if (known->name == shared->name) {
      known = std::move(shared);
      return;
    }
  }
  relations_.push_back(std::move(shared));
}

bool MemoryCatalog::Remove(std::string_view name) {
  return std::erase_if(relations_, [name](const RelationPtr& known) { return known->name == name; }) > 0;
}

Result<RelationPtr> MemoryCatalog::Find(std::string_view name, const PropertyMap& properties) {
  for (const RelationPtr& relation : relations_) {
    if (relation->name == name) return relation;
  }
  if (base_ != nullptr) return base_->Find(name, properties);
  return RelationPtr(nullptr);
}

std::vector<std::string> MemoryCatalog::Names() {
  std::vector<std::string> names;
  if (base_ != nullptr) names = base_->Names();
  for (const RelationPtr& relation : relations_) names.push_back(relation->name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace velo
