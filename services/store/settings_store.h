#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"

namespace velo::services {

class Database;

/// One JSON document of settings with its version. Thread safe.
class SettingsStore {
 public:
  explicit SettingsStore(Database* database) : database_(database) {}

  struct Row {
    std::string document_json = "{}";
    int64_t version = 1;
  };
  Result<Row> Get();
  Result<Row> Put(const std::string& document_json);

 private:
  Database* database_;
};

}  // namespace velo::services
