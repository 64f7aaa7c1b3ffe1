#include "services/store/database.h"

#include <array>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

namespace velo::services {
namespace {

// Forward only: the store's user_version is the number of migrations it has seen.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE threads (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL, custom TEXT NOT NULL, context TEXT NOT NULL,
  context_version INTEGER NOT NULL, head_message_id TEXT NOT NULL, deleted_at INTEGER, version INTEGER NOT NULL,
  last_message_at INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE, parent_id TEXT NOT NULL, role TEXT NOT NULL,
  format TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, UNIQUE (thread_id, id)) STRICT;
CREATE TABLE artifacts (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE, message_id TEXT NOT NULL, call_id TEXT NOT NULL,
  type TEXT NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL, kept INTEGER NOT NULL,
  current_version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX artifacts_of_thread ON artifacts (thread_id, sequence);
CREATE TABLE artifact_versions (
  artifact_id TEXT NOT NULL REFERENCES artifacts(id) ON DELETE CASCADE, version INTEGER NOT NULL, data TEXT NOT NULL,
  author TEXT NOT NULL, message TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (artifact_id, version)) STRICT;
CREATE TABLE connections (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, uri TEXT NOT NULL, type TEXT NOT NULL,
  format TEXT NOT NULL, options TEXT NOT NULL, alias TEXT NOT NULL, status TEXT NOT NULL, last_error TEXT NOT NULL,
  thread_id TEXT NOT NULL, is_default INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE executions (
  id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, sql TEXT NOT NULL, state TEXT NOT NULL, document TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE settings (
  id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL, version INTEGER NOT NULL) STRICT;
)sql",
};

Status FromSqlite(const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_FULL:
      return Status::World("READ_ONLY", fmt::format("The data folder cannot be written ({}).", error.what()),
                           "Free some space or choose another folder with --data-dir.");
    default:
      return Status::Bug(fmt::format("store: {}", error.what()));
  }
}

Result<int> LockFolder(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  std::string path = data_dir + "/studio.lock";
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return Status::World("READ_ONLY", fmt::format("The data folder {} cannot be written.", data_dir),
                         "Check its permissions or choose another folder with --data-dir.");
  }
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return Status::World("DATA_FOLDER_BUSY", fmt::format("Another velo process uses the data folder {}.", data_dir),
                         "Stop it, or choose another folder with --data-dir.");
  }
  return file;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& data_dir) {
  std::unique_ptr<Database> database(new Database());
  std::string path = ":memory:";
  if (!data_dir.empty()) {
    VELO_ASSIGN_OR_RETURN(database->lock_file_, LockFolder(data_dir));
    path = data_dir + "/studio.db";
  }
  try {
    database->sqlite_ = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database->sqlite_->setBusyTimeout(2000);
    database->sqlite_->exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  } catch (const SQLite::Exception& error) {
    return FromSqlite(error);
  }
  VELO_RETURN_IF_ERROR(database->Migrate());
  return database;
}

Database::~Database() {
  sqlite_.reset();
  if (lock_file_ >= 0) ::close(lock_file_);
}

Status Database::Migrate() {
  return Run([](SQLite::Database& db) {
    int version = db.execAndGet("PRAGMA user_version").getInt();
    if (version > static_cast<int>(kMigrations.size())) {
      return Status::World("STORE_TOO_NEW", "The data folder was written by a newer velo.",
                           "Use the newer program, or choose another folder with --data-dir.");
    }
    for (size_t next = static_cast<size_t>(version); next < kMigrations.size(); ++next) db.exec(kMigrations[next]);
    db.exec(fmt::format("PRAGMA user_version = {}", kMigrations.size()));
    return Status::OK();
  });
}

Status Database::Run(const std::function<Status(SQLite::Database&)>& work) {
  std::lock_guard lock(mutex_);
  try {
    SQLite::Transaction transaction(*sqlite_);
    VELO_RETURN_IF_ERROR(work(*sqlite_));
    transaction.commit();
    return Status::OK();
  } catch (const SQLite::Exception& error) {
    return FromSqlite(error);
  }
}

}  // namespace velo::services
