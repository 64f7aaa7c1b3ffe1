#include "services/store/execution_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "services/store/database.h"

namespace velo::services {

Status ExecutionStore::Put(const PastExecution& execution) {
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement write(db,
                            "INSERT OR IGNORE INTO executions (id, thread_id, sql, state, document, created_at, "
                            "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
    write.bind(1, execution.id);
    write.bind(2, execution.thread_id);
    write.bind(3, execution.sql);
    write.bind(4, execution.state);
    write.bind(5, execution.document_json);
    write.bind(6, execution.created_at);
    write.bind(7, execution.finished_at);
    write.exec();
    return Status::OK();
  });
}

Result<PastExecution> ExecutionStore::Get(const std::string& id) {
  PastExecution past;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(
        db, "SELECT id, thread_id, sql, state, document, created_at, updated_at FROM executions WHERE id = ?");
    query.bind(1, id);
    if (!query.executeStep()) {
      return Status::User("NOT_FOUND", fmt::format("There is no execution {}.", id), "Results are kept for an hour.");
    }
    past = {query.getColumn(0).getString(), query.getColumn(1).getString(), query.getColumn(2).getString(),
            query.getColumn(3).getString(), query.getColumn(4).getString(), query.getColumn(5).getInt64(),
            query.getColumn(6).getInt64()};
    return Status::OK();
  }));
  return past;
}

}  // namespace velo::services
