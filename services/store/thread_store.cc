#include "services/store/thread_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "engine/base/clock.h"
#include "services/describe.h"
#include "services/store/database.h"

namespace velo::services {
namespace {

constexpr const char* kThreadColumns =
    "SELECT id, title, status, custom, head_message_id, version, context_version, created_at, last_message_at, "
    "(SELECT COUNT(*) FROM messages m WHERE m.thread_id = threads.id), "
    "(SELECT COUNT(*) FROM artifacts a WHERE a.thread_id = threads.id) FROM threads ";

ThreadRow ReadThread(SQLite::Statement& row) {
  ThreadRow thread;
  thread.id = row.getColumn(0).getString();
  thread.title = row.getColumn(1).getString();
  thread.status = row.getColumn(2).getString();
  thread.custom_json = row.getColumn(3).getString();
  thread.head_message_id = row.getColumn(4).getString();
  thread.version = row.getColumn(5).getInt64();
  thread.context_version = row.getColumn(6).getInt64();
  thread.created_at = row.getColumn(7).getInt64();
  thread.last_message_at = row.getColumn(8).getInt64();
  thread.message_count = row.getColumn(9).getInt64();
  thread.artifact_count = row.getColumn(10).getInt64();
  return thread;
}

MessageRow ReadMessage(SQLite::Statement& row) {
  MessageRow message;
  message.id = row.getColumn(0).getString();
  message.thread_id = row.getColumn(1).getString();
  message.parent_id = row.getColumn(2).getString();
  message.role = row.getColumn(3).getString();
  message.format = row.getColumn(4).getString();
  message.content_json = row.getColumn(5).getString();
  message.state = row.getColumn(6).getString();
  message.created_at = row.getColumn(7).getInt64();
  return message;
}

constexpr const char* kMessageColumns =
    "SELECT id, thread_id, parent_id, role, format, content, state, created_at FROM messages ";

Status NoThread(const std::string& id) {
  return Status::User("THREAD_NOT_FOUND", fmt::format("There is no thread {}.", id), "It may have been deleted.");
}

Status FindThread(SQLite::Database& db, const std::string& id, ThreadRow* out) {
  SQLite::Statement query(db, std::string(kThreadColumns) + "WHERE id = ? AND status <> 'deleted'");
  query.bind(1, id);
  if (!query.executeStep()) return NoThread(id);
  *out = ReadThread(query);
  return Status::OK();
}

ThreadContext ParseContext(const std::string& text) {
  ThreadContext context;
  Json json = Json::parse(text, nullptr, false);
  // A context of an older shape that no longer reads is started afresh: it only carries conveniences.
  if (json.is_discarded() || !FromJson(json, {}, &context).ok()) context = ThreadContext();
  return context;
}

std::string LikePattern(const std::string& text) {
  std::string pattern = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

Result<std::vector<ThreadRow>> ThreadStore::List(const ThreadFilter& filter, int64_t* total) {
  std::vector<ThreadRow> threads;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    const std::string where =
        "WHERE status = ?1 AND (?2 = '%%' OR title LIKE ?2 ESCAPE '\\' OR EXISTS (SELECT 1 FROM messages m "
        "WHERE m.thread_id = threads.id AND m.content LIKE ?2 ESCAPE '\\'))";
    SQLite::Statement count(db, "SELECT COUNT(*) FROM threads " + where);
    count.bind(1, filter.status);
    count.bind(2, LikePattern(filter.text));
    count.executeStep();
    *total = count.getColumn(0).getInt64();
    SQLite::Statement query(db, kThreadColumns + where + " ORDER BY last_message_at DESC, id DESC LIMIT ?3 OFFSET ?4");
    query.bind(1, filter.status);
    query.bind(2, LikePattern(filter.text));
    query.bind(3, filter.limit);
    query.bind(4, filter.offset);
    while (query.executeStep()) threads.push_back(ReadThread(query));
    return Status::OK();
  }));
  return threads;
}

Result<ThreadRow> ThreadStore::Get(const std::string& id) {
  ThreadRow thread;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) { return FindThread(db, id, &thread); }));
  return thread;
}

Result<ThreadRow> ThreadStore::Ensure(const std::string& id, const std::string& title, bool* created) {
  ThreadRow thread;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    bool fresh = !FindThread(db, id, &thread).ok();
    if (created != nullptr) *created = fresh;
    if (!fresh) return Status::OK();
    Timestamp now = SystemClock().Now();
    SQLite::Statement insert(db,
                             "INSERT INTO threads (id, title, status, custom, context, context_version, "
                             "head_message_id, version, last_message_at, created_at, updated_at) "
                             "VALUES (?, ?, 'regular', '{}', '{}', 0, '', 1, ?3, ?3, ?3)");
    insert.bind(1, id);
    insert.bind(2, title);
    insert.bind(3, now);
    try {
      insert.exec();
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() == SQLITE_CONSTRAINT) return NoThread(id);  // It is there, but deleted.
      throw;
    }
    return FindThread(db, id, &thread);
  }));
  return thread;
}

Result<ThreadRow> ThreadStore::Update(const std::string& id, const std::optional<std::string>& title,
                                      const std::optional<std::string>& status,
                                      const std::optional<std::string>& custom_json) {
  ThreadRow thread;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    VELO_RETURN_IF_ERROR(FindThread(db, id, &thread));
    SQLite::Statement update(
        db, "UPDATE threads SET title = ?, status = ?, custom = ?, version = version + 1, updated_at = ? WHERE id = ?");
    update.bind(1, title.value_or(thread.title));
    update.bind(2, status.value_or(thread.status));
    update.bind(3, custom_json.value_or(thread.custom_json));
    update.bind(4, SystemClock().Now());
    update.bind(5, id);
    update.exec();
    return FindThread(db, id, &thread);
  }));
  return thread;
}

Status ThreadStore::Delete(const std::string& id, bool purge) {
  return database_->Run([&](SQLite::Database& db) {
    ThreadRow thread;
    VELO_RETURN_IF_ERROR(FindThread(db, id, &thread));
    SQLite::Statement remove(db, purge ? "DELETE FROM threads WHERE id = ?1"
                                       : "UPDATE threads SET status = 'deleted', deleted_at = ?2 WHERE id = ?1");
    remove.bind(1, id);
    if (!purge) remove.bind(2, SystemClock().Now());
    remove.exec();
    return Status::OK();
  });
}

Status ThreadStore::PutMessage(const MessageRow& message) {
  return database_->Run([&](SQLite::Database& db) {
    ThreadRow thread;
    VELO_RETURN_IF_ERROR(FindThread(db, message.thread_id, &thread));
    Timestamp now = SystemClock().Now();
    SQLite::Statement known(db, "SELECT 1 FROM messages WHERE thread_id = ? AND id = ?");
    known.bind(1, message.thread_id);
    known.bind(2, message.id);
    bool replace = known.executeStep();
    SQLite::Statement write(
        db, replace ? "UPDATE messages SET content = ?1, state = ?2, updated_at = ?3 WHERE thread_id = ?4 AND id = ?5"
                    : "INSERT INTO messages (content, state, updated_at, thread_id, id, parent_id, role, format, "
                      "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?3)");
    write.bind(1, message.content_json);
    write.bind(2, message.state);
    write.bind(3, now);
    write.bind(4, message.thread_id);
    write.bind(5, message.id);
    if (!replace) {
      write.bind(6, message.parent_id);
      write.bind(7, message.role);
      write.bind(8, message.format);
    }
    write.exec();
    if (replace) return Status::OK();
    SQLite::Statement head(db, "UPDATE threads SET head_message_id = ?, last_message_at = ? WHERE id = ?");
    head.bind(1, message.id);
    head.bind(2, now);
    head.bind(3, message.thread_id);
    head.exec();
    return Status::OK();
  });
}

Result<std::vector<MessageRow>> ThreadStore::Messages(const std::string& thread_id, int64_t limit, int64_t offset,
                                                      int64_t* total) {
  std::vector<MessageRow> messages;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    ThreadRow thread;
    VELO_RETURN_IF_ERROR(FindThread(db, thread_id, &thread));
    if (total != nullptr) *total = thread.message_count;
    SQLite::Statement query(db,
                            std::string(kMessageColumns) + "WHERE thread_id = ? ORDER BY sequence LIMIT ? OFFSET ?");
    query.bind(1, thread_id);
    query.bind(2, limit);
    query.bind(3, offset);
    while (query.executeStep()) messages.push_back(ReadMessage(query));
    return Status::OK();
  }));
  return messages;
}

Result<MessageRow> ThreadStore::GetMessage(const std::string& thread_id, const std::string& message_id) {
  MessageRow message;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, std::string(kMessageColumns) + "WHERE thread_id = ? AND id = ?");
    query.bind(1, thread_id);
    query.bind(2, message_id);
    if (!query.executeStep()) {
      return Status::User("NOT_FOUND", fmt::format("There is no message {} in this thread.", message_id));
    }
    message = ReadMessage(query);
    return Status::OK();
  }));
  return message;
}

Status ThreadStore::DeleteMessage(const std::string& thread_id, const std::string& message_id) {
  VELO_ASSIGN_OR_RETURN(MessageRow message, GetMessage(thread_id, message_id));
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement remove(
        db,
        "WITH RECURSIVE gone(id) AS (SELECT ?2 UNION SELECT m.id FROM messages m JOIN gone ON m.parent_id = gone.id "
        "WHERE m.thread_id = ?1) DELETE FROM messages WHERE thread_id = ?1 AND id IN gone");
    remove.bind(1, thread_id);
    remove.bind(2, message_id);
    remove.exec();
    SQLite::Statement head(db, "UPDATE threads SET head_message_id = ?, version = version + 1 WHERE id = ?");
    head.bind(1, message.parent_id);
    head.bind(2, thread_id);
    head.exec();
    return Status::OK();
  });
}

Status ThreadStore::FailInterruptedMessages() {
  return database_->Run([](SQLite::Database& db) {
    db.exec("UPDATE messages SET state = 'failed' WHERE state = 'streaming'");
    return Status::OK();
  });
}

Result<ThreadContext> ThreadStore::Context(const std::string& thread_id) {
  ThreadContext context;
  if (thread_id.empty()) return context;
  VELO_RETURN_IF_ERROR(database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, "SELECT context FROM threads WHERE id = ?");
    query.bind(1, thread_id);
    if (query.executeStep()) context = ParseContext(query.getColumn(0).getString());
    return Status::OK();
  }));
  return context;
}

Status ThreadStore::UpdateContext(const std::string& thread_id, const std::function<void(ThreadContext&)>& change) {
  if (thread_id.empty()) return Status::OK();
  return database_->Run([&](SQLite::Database& db) {
    SQLite::Statement query(db, "SELECT context FROM threads WHERE id = ?");
    query.bind(1, thread_id);
    if (!query.executeStep()) return NoThread(thread_id);
    ThreadContext context = ParseContext(query.getColumn(0).getString());
    change(context);
    ++context.version;
    constexpr size_t kHistory = 50;
    if (context.history.size() > kHistory) {
      context.history.erase(context.history.begin(), context.history.end() - kHistory);
    }
    SQLite::Statement update(db, "UPDATE threads SET context = ?, context_version = ? WHERE id = ?");
    update.bind(1, ToJson(context).dump(-1, ' ', false, Json::error_handler_t::replace));
    update.bind(2, context.version);
    update.bind(3, thread_id);
    update.exec();
    return Status::OK();
  });
}

}  // namespace velo::services
