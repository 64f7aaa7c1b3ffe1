#include "engine/runtime/engine_catalog.h"

namespace velo {

namespace {

constexpr int64_t kKeepMicros = 60'000'000;
constexpr size_t kKnownRelations = 256;

std::string CacheKey(std::string_view uri, const PropertyMap& properties) {
  std::string key(uri);
  for (const auto& [name, value] : properties) key.append(1, '\0').append(name).append(1, '\0').append(value);
  return key;
}

std::string PropertyOf(const PropertyMap& properties, std::string_view name) {
  for (const auto& [key, value] : properties) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

Result<RelationPtr> EngineCatalog::Find(std::string_view name, const PropertyMap& properties) {
  if (UriScheme(name).empty()) return FindTopic(name, properties);
  return FindUri(name, properties);
}

Result<RelationPtr> EngineCatalog::FindTopic(std::string_view name, const PropertyMap& properties) {
  if (topics_ == nullptr) return RelationPtr(nullptr);
  const Result<TopicInfo> info = topics_->Describe(name);
  if (!info.ok()) {
    if (info.status().error().code == "TOPIC_NOT_FOUND") return RelationPtr(nullptr);
    return info.status();
  }
  auto relation = std::make_shared<Relation>();
  relation->name = name;
  relation->uri = "topic://" + std::string(name);
  relation->schema = info->schema;
  relation->event_time_column = info->event_time_column;
  relation->key_columns = info->key_columns;
  relation->properties = properties;
  return RelationPtr(std::move(relation));
}

Result<RelationPtr> EngineCatalog::FindUri(std::string_view uri, const PropertyMap& properties) {
  Connector* connector = connectors_->Find(UriScheme(uri));
  if (connector == nullptr) {
    std::string known;
    for (const std::string& scheme : connectors_->Schemes()) known += (known.empty() ? "" : ", ") + scheme + "://";
    return Status::User("E3004", fmt::format("'{}://' is not a kind of source this build can read", UriScheme(uri)),
                        known.empty() ? "" : "it reads " + known);
  }
  const std::string key = CacheKey(uri, properties);
  {
    std::lock_guard lock(mutex_);
    const auto at = known_.find(key);
    if (at != known_.end() && clock_->Now() - at->second.at < kKeepMicros) return at->second.relation;
  }
  VELO_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, connector->OpenSource(std::string(uri), properties));
  auto relation = std::make_shared<Relation>();
  relation->name = uri;
  relation->uri = uri;
  relation->schema = source->schema();
  relation->bounded = source->bounded();
  relation->event_time_column = PropertyOf(properties, "event.time.field");
  relation->event_time_format = PropertyOf(properties, "event.time.format");
  relation->properties = properties;
  std::lock_guard lock(mutex_);
  if (known_.size() >= kKnownRelations) known_.clear();
  known_[key] = {relation, clock_->Now()};
  return RelationPtr(std::move(relation));
}

std::vector<std::string> EngineCatalog::Names() {
  std::vector<std::string> names;
  if (topics_ == nullptr) return names;
  for (const TopicInfo& topic : topics_->List()) names.push_back(topic.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace velo
