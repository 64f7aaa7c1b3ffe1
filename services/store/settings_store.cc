#include "services/store/settings_store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "services/store/database.h"

namespace velo::services {

Result<SettingsStore::Row> SettingsStore::Get() {
  Row row;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, "SELECT document, version FROM settings WHERE id = 1");
    if (query.executeStep()) row = {query.getColumn(0).getString(), query.getColumn(1).getInt64()};
    return Status::OK();
  }));
  return row;
}

Result<SettingsStore::Row> SettingsStore::Put(const std::string& document_json) {
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement write(db,
                            "INSERT INTO settings (id, document, version) VALUES (1, ?, 2) "
                            "ON CONFLICT (id) DO UPDATE SET document = excluded.document, version = version + 1");
    write.bind(1, document_json);
    write.exec();
    return Status::OK();
  }));
  return Get();
}

}  // namespace velo::services
