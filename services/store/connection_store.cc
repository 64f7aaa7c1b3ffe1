#include "services/store/connection_store.h"

#include <algorithm>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "services/describe.h"
#include "services/store/database.h"

namespace velo::services {
namespace {

Status NoSource(const std::string& id) {
  return Status::User("SOURCE_NOT_FOUND", fmt::format("There is no source '{}'.", id), "Connect to it first.");
}

constexpr const char* kColumns =
    "SELECT id, alias, uri, type, format, options, thread_id, is_default, status, last_error, created_at, version "
    "FROM connections ";

Connection ReadConnection(SQLite::Statement& row) {
  Connection connection;
  connection.id = row.getColumn(0).getString();
  connection.alias = row.getColumn(1).getString();
  connection.uri = row.getColumn(2).getString();
  connection.type = row.getColumn(3).getString();
  connection.format = row.getColumn(4).getString();
  Json options = Json::parse(row.getColumn(5).getString(), nullptr, false);
  if (!FromJson(options, {}, &connection.options).ok()) connection.options.clear();
  connection.thread_id = row.getColumn(6).getString();
  connection.is_default = row.getColumn(7).getInt() != 0;
  connection.status = row.getColumn(8).getString();
  connection.last_error = row.getColumn(9).getString();
  connection.connected_at = row.getColumn(10).getInt64();
  connection.version = row.getColumn(11).getInt64();
  return connection;
}

}  // namespace

PropertyMap Connection::EngineProperties() const {
  PropertyMap properties = options;
  auto has = [&](const char* key) {
    return std::any_of(properties.begin(), properties.end(), [&](const auto& option) { return option.first == key; });
  };
  if (!format.empty() && !has("format")) properties.emplace_back("format", format);
  if (type == "file_mmap" && !has("use_mmap")) properties.emplace_back("use_mmap", "true");
  return properties;
}

Result<std::vector<Connection>> ConnectionStore::List(const std::string& thread_id) {
  std::vector<Connection> connections;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(
        db, std::string(kColumns) + "WHERE ?1 = '' OR thread_id = '' OR thread_id = ?1 ORDER BY sequence");
    query.bind(1, thread_id);
    while (query.executeStep()) connections.push_back(ReadConnection(query));
    return Status::OK();
  }));
  return connections;
}

Result<Connection> ConnectionStore::Get(const std::string& id) {
  Connection found;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, std::string(kColumns) + "WHERE id = ?");
    query.bind(1, id);
    if (!query.executeStep()) return NoSource(id);
    found = ReadConnection(query);
    return Status::OK();
  }));
  return found;
}

Status ConnectionStore::Save(const Connection& connection) {
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement write(
        db,
        "INSERT INTO connections (id, alias, uri, type, format, options, thread_id, is_default, status, last_error, "
        "created_at, updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12) "
        "ON CONFLICT (id) DO UPDATE SET alias = ?2, format = ?5, options = ?6, is_default = ?8, status = ?9, "
        "last_error = ?10, version = ?12");
    write.bind(1, connection.id);
    write.bind(2, connection.alias);
    write.bind(3, connection.uri);
    write.bind(4, connection.type);
    write.bind(5, connection.format);
    write.bind(6, ToJson(connection.options).dump());
    write.bind(7, connection.thread_id);
    write.bind(8, connection.is_default ? 1 : 0);
    write.bind(9, connection.status);
    write.bind(10, connection.last_error);
    write.bind(11, connection.connected_at);
    write.bind(12, connection.version);
    write.exec();
    return Status::OK();
  });
}

Status ConnectionStore::Delete(const std::string& id) {
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement remove(db, "DELETE FROM connections WHERE id = ?");
    remove.bind(1, id);
    return remove.exec() == 0 ? NoSource(id) : Status::OK();
  });
}

}  // namespace velo::services
