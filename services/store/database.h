#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/status.h"

namespace SQLite {
class Database;
}

namespace velo::services {

/// The Studio's SQLite file with its numbered migrations: one writer, WAL, foreign keys, STRICT tables. Everything that
/// touches SQLite goes through Run, which is where its exceptions end.
class Database {
 public:
  /// Opens `<data_dir>/studio.db` and takes the folder's lock; in memory when `data_dir` is empty. Errors:
  /// DATA_FOLDER_BUSY, READ_ONLY, STORE_TOO_NEW.
  static Result<std::unique_ptr<Database>> Open(const std::string& data_dir);
  ~Database();

  /// Runs `work` in one transaction under the store's lock. An error of `work` rolls back.
  Status Run(const std::function<Status(SQLite::Database&)>& work);

 private:
  Database() = default;
  Status Migrate();

  std::mutex mutex_;
  std::unique_ptr<SQLite::Database> sqlite_;
  int lock_file_ = -1;
};

}  // namespace velo::services
