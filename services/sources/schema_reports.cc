#include "services/sources/schema_reports.h"

namespace velo::services {

std::shared_ptr<const SchemaReport> SchemaReports::Find(const std::string& uri, const PropertyMap& properties) {
  std::string key = uri;
  for (const auto& [name, value] : properties) key += '\n' + name + '=' + value;
  Timestamp now = engine_->clock().Now();
  {
    std::lock_guard lock(mutex_);
    auto known = entries_.find(key);
    if (known != entries_.end() && now - known->second.read_at < kFreshMicros) return known->second.report;
  }
  Connector* connector = engine_->connectors().Find(UriScheme(uri));
  std::shared_ptr<const SchemaReport> report;
  if (connector != nullptr) {
    Result<SchemaReport> read = connector->Describe(uri, properties, kSamples);
    if (read.ok()) report = std::make_shared<SchemaReport>(read.TakeValue());
  }
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.read_at >= kFreshMicros; });
  entries_[key] = {report, now};
  return report;
}

}  // namespace velo::services
