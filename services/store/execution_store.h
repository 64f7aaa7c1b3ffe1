#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"

namespace velo::services {

class Database;

/// What is left of an execution whose rows are gone: after an hour, or from an earlier run of the program.
struct PastExecution {
  std::string id, thread_id, sql, state, document_json;
  int64_t created_at = 0;  ///< Microseconds.
  int64_t finished_at = 0;
};

/// Keeps what is left; an execution kept before stays as it is.
Status SaveExecution(Database* database, const PastExecution& past);
/// NOT_FOUND when it was never kept.
Result<PastExecution> LoadExecution(Database* database, const std::string& id);

}  // namespace velo::services
