#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace velo::services {

class Database;

struct ArtifactRow {
  std::string id, thread_id, message_id, call_id, type, title;
  std::string state = "ready";
  bool kept = false;
  int64_t version = 1;  ///< Of this row's data.
  int64_t current_version = 1;
  std::string data_json;
  std::string author = "assistant";  ///< "assistant", "user" or "system".
  std::string message;               ///< Why this version was made.
  int64_t created_at = 0;            ///< Microseconds; of this version.
};

/// Artifacts with all their versions. Thread safe.
class ArtifactStore {
 public:
  explicit ArtifactStore(Database* database) : database_(database) {}

  /// Adds an artifact when `row.id` is empty or unknown, else appends a version. Gives the row back as stored.
  Result<ArtifactRow> Put(ArtifactRow row);
  /// `version` 0: the current one. NOT_FOUND.
  Result<ArtifactRow> Get(const std::string& id, int64_t version = 0);
  /// Newest version of every artifact of a thread, oldest artifact first; `type` may be empty.
  Result<std::vector<ArtifactRow>> List(const std::string& thread_id, const std::string& type);
  /// All versions without their data, oldest first.
  Result<std::vector<ArtifactRow>> Versions(const std::string& id);
  Status SetKept(const std::string& id, bool kept);

 private:
  Database* database_;
};

}  // namespace velo::services
