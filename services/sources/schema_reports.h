#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/io/schema_report.h"
#include "engine/runtime/engine.h"

namespace velo::services {

/// Schema reports of sources (roles, event time candidates, ranges), each read at most once a minute. Thread safe.
class SchemaReports {
 public:
  explicit SchemaReports(Engine* engine) : engine_(engine) {}
  /// Null when the source cannot be read now.
  std::shared_ptr<const SchemaReport> Find(const std::string& uri, const PropertyMap& properties);

 private:
  struct Entry {
    std::shared_ptr<const SchemaReport> report;
    Timestamp read_at = 0;
  };
  static constexpr Timestamp kFreshMicros = 60'000'000;
  static constexpr int64_t kSamples = 200;

  Engine* engine_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace velo::services
