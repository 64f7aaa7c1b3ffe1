#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "services/threads/thread_context.h"

namespace velo::services {

class Database;

struct ThreadRow {
  std::string id, title;
  std::string status = "regular";  ///< "regular", "archived" or "deleted".
  std::string custom_json = "{}";
  std::string head_message_id;
  int64_t version = 1, context_version = 0;
  int64_t message_count = 0, artifact_count = 0;
  int64_t created_at = 0, last_message_at = 0;  ///< Microseconds.
};

struct MessageRow {
  std::string id, thread_id, parent_id;
  std::string role;  ///< "user" or "assistant".
  std::string format = "ai-sdk/v6";
  std::string content_json;    ///< UIMessage without id.
  std::string state = "done";  ///< "streaming", "done" or "failed".
  int64_t created_at = 0;
};

struct ThreadFilter {
  std::string status = "regular";
  std::string text;  ///< In title or messages; empty: all.
  int64_t limit = 50, offset = 0;
};

/// Threads, their messages and their context in SQLite. Thread safe; every write is durable when the call returns.
class ThreadStore {
 public:
  explicit ThreadStore(Database* database) : database_(database) {}

  Result<std::vector<ThreadRow>> List(const ThreadFilter& filter, int64_t* total);
  /// THREAD_NOT_FOUND for unknown and deleted threads.
  Result<ThreadRow> Get(const std::string& id);
  /// Returns the thread, making it first when there is none with this id. `created` (may be null) says which.
  Result<ThreadRow> Ensure(const std::string& id, const std::string& title, bool* created = nullptr);
  Result<ThreadRow> Update(const std::string& id, const std::optional<std::string>& title,
                           const std::optional<std::string>& status, const std::optional<std::string>& custom_json);
  Status Delete(const std::string& id, bool purge);

  /// Inserts or replaces by id and makes it the head of the thread when it is new.
  Status PutMessage(const MessageRow& message);
  Result<std::vector<MessageRow>> Messages(const std::string& thread_id, int64_t limit, int64_t offset,
                                           int64_t* total = nullptr);
  Result<MessageRow> GetMessage(const std::string& thread_id, const std::string& message_id);
  /// Deletes a message and all that follow from it.
  Status DeleteMessage(const std::string& thread_id, const std::string& message_id);
  /// Messages left in state "streaming" by a process that ended are marked failed.
  Status FailInterruptedMessages();

  /// An empty context for an empty or unknown id.
  Result<ThreadContext> Context(const std::string& thread_id);
  /// Changes the context under the store's lock and bumps its version. Nothing happens for an empty id.
  Status UpdateContext(const std::string& thread_id, const std::function<void(ThreadContext&)>& change);

 private:
  Database* database_;
};

}  // namespace velo::services
