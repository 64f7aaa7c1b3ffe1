#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/base/clock.h"
#include "engine/catalog/catalog.h"
#include "engine/io/connector.h"
#include "engine/topics/topic_store.h"

namespace velo {

/// Finds embedded topics by bare name and everything a connector can open by URI. What was inferred for a URI is kept
/// for 60 seconds, so that a query typed letter by letter does not read its files again and again. Thread safe.
class EngineCatalog : public Catalog {
 public:
  /// `topics` may be null. Nothing is owned.
  EngineCatalog(TopicStore* topics, ConnectorRegistry* connectors, const Clock* clock)
      : topics_(topics), connectors_(connectors), clock_(clock) {}

  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override;
  std::vector<std::string> Names() override;

 private:
  struct Known {
    RelationPtr relation;
    Timestamp at = 0;
  };
  Result<RelationPtr> FindTopic(std::string_view name, const PropertyMap& properties);
  Result<RelationPtr> FindUri(std::string_view uri, const PropertyMap& properties);

  TopicStore* const topics_;
  ConnectorRegistry* const connectors_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  ///< URI and properties to relation.
};

}  // namespace velo
