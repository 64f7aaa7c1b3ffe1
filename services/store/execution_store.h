#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"

namespace velo::services {

class Database;

/// What is left of an execution whose rows are gone: after an hour, or from an earlier run of the program.
struct PastExecution {
  std::string id, thread_id, sql, state, document_json;
  int64_t created_at = 0, finished_at = 0;  ///< Microseconds.
};

/// Frozen previews of executions in SQLite. Thread safe.
class ExecutionStore {
 public:
  explicit ExecutionStore(Database* database) : database_(database) {}

  /// Keeps the first one of an id.
  Status Put(const PastExecution& execution);
  /// NOT_FOUND.
  Result<PastExecution> Get(const std::string& id);

 private:
  Database* database_;
};

}  // namespace velo::services
