#include "services/store/artifact_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "engine/base/clock.h"
#include "services/ids.h"
#include "services/store/database.h"

namespace velo::services {
namespace {

constexpr const char* kColumns =
    "SELECT a.id, a.thread_id, a.message_id, a.call_id, a.type, a.title, a.state, a.kept, a.current_version, "
    "v.version, "
    "v.data, v.author, v.message, v.created_at FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id ";

ArtifactRow ReadRow(SQLite::Statement& row) {
  ArtifactRow artifact;
  artifact.id = row.getColumn(0).getString();
  artifact.thread_id = row.getColumn(1).getString();
  artifact.message_id = row.getColumn(2).getString();
  artifact.call_id = row.getColumn(3).getString();
  artifact.type = row.getColumn(4).getString();
  artifact.title = row.getColumn(5).getString();
  artifact.state = row.getColumn(6).getString();
  artifact.kept = row.getColumn(7).getInt() != 0;
  artifact.current_version = row.getColumn(8).getInt64();
  artifact.version = row.getColumn(9).getInt64();
  artifact.data_json = row.getColumn(10).getString();
  artifact.author = row.getColumn(11).getString();
  artifact.message = row.getColumn(12).getString();
  artifact.created_at = row.getColumn(13).getInt64();
  return artifact;
}

Status WriteHead(SQLite::Database& db, const ArtifactRow& row, bool known) {
  SQLite::Statement write(
      db, known ? "UPDATE artifacts SET title = ?2, state = ?3, current_version = ?4, updated_at = ?5, kept = ?6 "
                  "WHERE id = ?1"
                : "INSERT INTO artifacts (id, title, state, current_version, updated_at, kept, thread_id, message_id, "
                  "call_id, type, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?5)");
  write.bind(1, row.id);
  write.bind(2, row.title);
  write.bind(3, row.state);
  write.bind(4, row.version);
  write.bind(5, row.created_at);
  write.bind(6, row.kept ? 1 : 0);
  if (!known) {
    write.bind(7, row.thread_id);
    write.bind(8, row.message_id);
    write.bind(9, row.call_id);
    write.bind(10, row.type);
  }
  write.exec();
  return Status::OK();
}

}  // namespace

Result<ArtifactRow> ArtifactStore::Put(ArtifactRow row) {
  row.created_at = SystemClock().Now();
  if (row.id.empty()) row.id = NewId("art", row.created_at);
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, std::string(kColumns) + "WHERE a.id = ? AND v.version = a.current_version");
    query.bind(1, row.id);
    bool known = query.executeStep();
    if (known) {
      ArtifactRow before = ReadRow(query);
      row.version = before.current_version + 1;
      row.thread_id = before.thread_id;
      row.type = before.type;
      row.kept = row.kept || before.kept;
      if (row.title.empty()) row.title = before.title;
      if (row.message_id.empty()) row.message_id = before.message_id;
      if (row.call_id.empty()) row.call_id = before.call_id;
    } else {
      row.version = 1;
    }
    query.reset();
    row.current_version = row.version;
    VELO_RETURN_IF_ERROR(WriteHead(db, row, known));
    SQLite::Statement version(db,
                              "INSERT INTO artifact_versions (artifact_id, version, data, author, message, created_at) "
                              "VALUES (?, ?, ?, ?, ?, ?)");
    version.bind(1, row.id);
    version.bind(2, row.version);
    version.bind(3, row.data_json);
    version.bind(4, row.author);
    version.bind(5, row.message);
    version.bind(6, row.created_at);
    version.exec();
    return Status::OK();
  }));
  return row;
}

Result<ArtifactRow> ArtifactStore::Get(const std::string& id, int64_t version) {
  ArtifactRow row;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(
        db, std::string(kColumns) + "WHERE a.id = ?1 AND v.version = IIF(?2 = 0, a.current_version, ?2)");
    query.bind(1, id);
    query.bind(2, version);
    if (!query.executeStep()) {
      return Status::User("NOT_FOUND", version == 0 ? fmt::format("There is no artifact {}.", id)
                                                    : fmt::format("There is no version {} of {}.", version, id));
    }
    row = ReadRow(query);
    return Status::OK();
  }));
  return row;
}

Result<std::vector<ArtifactRow>> ArtifactStore::List(const std::string& thread_id, const std::string& type) {
  std::vector<ArtifactRow> rows;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, std::string(kColumns) +
                                    "WHERE a.thread_id = ?1 AND v.version = a.current_version AND "
                                    "(?2 = '' OR a.type = ?2) ORDER BY a.sequence");
    query.bind(1, thread_id);
    query.bind(2, type);
    while (query.executeStep()) rows.push_back(ReadRow(query));
    return Status::OK();
  }));
  return rows;
}

Result<std::vector<ArtifactRow>> ArtifactStore::Versions(const std::string& id) {
  std::vector<ArtifactRow> rows;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, std::string(kColumns) + "WHERE a.id = ? ORDER BY v.version");
    query.bind(1, id);
    while (query.executeStep()) {
      rows.push_back(ReadRow(query));
      rows.back().data_json.clear();
    }
    return Status::OK();
  }));
  return rows;
}

Status ArtifactStore::SetKept(const std::string& id, bool kept) {
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement update(db, "UPDATE artifacts SET kept = ? WHERE id = ?");
    update.bind(1, kept ? 1 : 0);
    update.bind(2, id);
    update.exec();
    return Status::OK();
  });
}

}  // namespace velo::services
