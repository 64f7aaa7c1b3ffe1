#include <fmt/format.h>

#include "services/executions/execution_registry.h"
#include "services/executions/thread_sessions.h"
#include "services/guarded_write.h"
#include "services/ids.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_context.h"
#include "services/threads/thread_title.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ThreadView {
  std::string id;
  std::optional<std::string> title;
  std::string status;
  int64_t version = 1, context_version = 0;
  std::optional<std::string> head_message_id, running_stream;
  int64_t message_count = 0, artifact_count = 0;
  std::string created_at, last_message_at;
  std::optional<std::string> app_id;
  Json pipeline_ids = Json::array();
  int64_t unread_suggestions = 0;
  Json custom = Json::object();
  bool shared = false;
};
BOOST_DESCRIBE_STRUCT(ThreadView, (),
                      (id, title, status, version, context_version, head_message_id, running_stream, message_count,
                       artifact_count, created_at, last_message_at, app_id, pipeline_ids, unread_suggestions, custom,
                       shared))

ThreadView View(const ThreadRow& row) {
  ThreadView view;
  view.id = row.id;
  if (!row.title.empty()) view.title = row.title;
  view.status = row.status;
  view.version = row.version;
  view.context_version = row.context_version;
  if (!row.head_message_id.empty()) view.head_message_id = row.head_message_id;
  view.message_count = row.message_count;
  view.artifact_count = row.artifact_count;
  view.created_at = FormatInstant(row.created_at);
  view.last_message_at = FormatInstant(row.last_message_at);
  view.custom = Json::parse(row.custom_json, nullptr, false);
  return view;
}

struct ThreadAnswer {
  ThreadView thread;
};
BOOST_DESCRIBE_STRUCT(ThreadAnswer, (), (thread))

Outcome<ThreadAnswer> Answer(const ThreadRow& row) {
  Outcome<ThreadAnswer> outcome;
  outcome.answer.thread = View(row);
  outcome.version = row.version;
  outcome.summary = row.title;
  return outcome;
}

struct ListParams {
  std::string status = "regular", q, sort = "-last_message_at", cursor;
  int64_t limit = 50;
  static std::vector<FieldRule> Rules() {
    return {{"status", "", false, {}, {}, {"regular", "archived", "deleted"}},
            {"q", "in titles and messages", false, {}, {}, {}, {}, 256},
            {"sort", "", false, {}, {}, {"-last_message_at"}},
            {"limit", "", false, 1, 500},
            {"cursor", "", false, {}, {}, {}, {"after"}}};
  }
};
BOOST_DESCRIBE_STRUCT(ListParams, (), (status, q, sort, cursor, limit))

struct ListAnswer {
  std::vector<ThreadView> threads;
  std::optional<std::string> next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (threads, next_cursor, total))

Result<Outcome<ListAnswer>> ListThreads(const ListParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(size_t first, ReadCursor(params.cursor));
  Outcome<ListAnswer> outcome;
  ThreadFilter filter{params.status, params.q, params.limit, static_cast<int64_t>(first)};
  VELO_ASSIGN_OR_RETURN(std::vector<ThreadRow> rows, context.workspace->threads().List(filter, &outcome.answer.total));
  for (const ThreadRow& row : rows) outcome.answer.threads.push_back(View(row));
  if (static_cast<int64_t>(first + rows.size()) < outcome.answer.total) {
    outcome.answer.next_cursor = std::to_string(first + rows.size());
  }
  return outcome;
}

struct CreateParams {
  std::string id, title;
  static std::vector<FieldRule> Rules() {
    return {{"id", "chosen by the client: thr_…", false, {}, {}, {}, {}, 64},
            {"title", "", false, {}, {}, {}, {}, 200}};
  }
};
BOOST_DESCRIBE_STRUCT(CreateParams, (), (id, title))

Result<Outcome<ThreadAnswer>> CreateThread(const CreateParams& params, CallContext& context) {
  std::string id = params.id.empty() ? NewId("thr", context.workspace->clock().Now()) : params.id;
  if (!IsValidId(id)) {
    return Status::User("VALIDATION_ERROR", "'id' may hold letters, digits, _ and -, at most 64.", "");
  }
  bool created = false;
  VELO_ASSIGN_OR_RETURN(ThreadRow row, context.workspace->threads().Ensure(id, params.title, &created));
  Outcome<ThreadAnswer> outcome = Answer(row);
  outcome.http_status = created ? 201 : 200;
  return outcome;
}

struct ThreadParams {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(ThreadParams, (), (id))

Result<Outcome<ThreadAnswer>> GetThread(const ThreadParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(ThreadRow row, context.workspace->threads().Get(params.id));
  return Answer(row);
}

struct PatchParams {
  std::string id;
  std::optional<std::string> title, status;
  std::optional<Json> custom;
  std::optional<int64_t> expected_version;
  static std::vector<FieldRule> Rules() {
    return {{"title", "", false, {}, {}, {}, {}, 200}, {"status", "", false, {}, {}, {"regular", "archived"}}};
  }
};
BOOST_DESCRIBE_STRUCT(PatchParams, (), (id, title, status, custom, expected_version))

Result<Outcome<ThreadAnswer>> PatchThread(const PatchParams& params, CallContext& context) {
  ThreadStore& threads = context.workspace->threads();
  VELO_ASSIGN_OR_RETURN(ThreadRow before, threads.Get(params.id));
  // Titles are set by people and by the assistant at once: a missing If-Match means "whatever is there".
  if (!context.if_match.empty() || params.expected_version) {
    VELO_RETURN_IF_ERROR(CheckVersion(context, params.expected_version, before.version));
  }
  std::optional<std::string> custom;
  if (params.custom) custom = params.custom->dump();
  VELO_ASSIGN_OR_RETURN(ThreadRow row, threads.Update(params.id, params.title, params.status, custom));
  return Answer(row);
}

struct DeleteParams {
  std::string id;
  bool purge = false;
};
BOOST_DESCRIBE_STRUCT(DeleteParams, (), (id, purge))

struct DeleteAnswer {
  std::string id;
  bool deleted = true;
};
BOOST_DESCRIBE_STRUCT(DeleteAnswer, (), (id, deleted))

Result<Outcome<DeleteAnswer>> DeleteThread(const DeleteParams& params, CallContext& context) {
  VELO_RETURN_IF_ERROR(context.workspace->threads().Delete(params.id, params.purge));
  context.workspace->executions().CancelThread(params.id);
  context.workspace->sessions().Close(params.id);
  Outcome<DeleteAnswer> outcome;
  outcome.answer.id = params.id;
  return outcome;
}

struct TitleAnswer {
  std::string title;
};
BOOST_DESCRIBE_STRUCT(TitleAnswer, (), (title))

Result<Outcome<TitleAnswer>> NameThread(const ThreadParams& params, CallContext& context) {
  ThreadStore& threads = context.workspace->threads();
  VELO_ASSIGN_OR_RETURN(ThreadRow row, threads.Get(params.id));
  Outcome<TitleAnswer> outcome;
  outcome.answer.title = row.title;
  if (row.title.empty()) {
    VELO_ASSIGN_OR_RETURN(std::vector<MessageRow> messages, threads.Messages(params.id, 1, 0));
    outcome.answer.title = messages.empty() ? "" : TitleOfMessage(messages.front().content_json);
    VELO_ASSIGN_OR_RETURN(row, threads.Update(params.id, outcome.answer.title, std::nullopt, std::nullopt));
  }
  return outcome;
}

Result<Outcome<ThreadContext>> GetContext(const ThreadParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(ThreadRow row, context.workspace->threads().Get(params.id));
  Outcome<ThreadContext> outcome;
  VELO_ASSIGN_OR_RETURN(outcome.answer, context.workspace->threads().Context(row.id));
  outcome.version = outcome.answer.version;
  return outcome;
}

struct PatchContextParams {
  std::string id;
  std::optional<std::map<std::string, std::string>> preferences;
  std::optional<ContextFocus> focus;
};
BOOST_DESCRIBE_STRUCT(PatchContextParams, (), (id, preferences, focus))

Result<Outcome<ThreadContext>> PatchContext(const PatchContextParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(ThreadRow row, context.workspace->threads().Get(params.id));
  VELO_RETURN_IF_ERROR(context.workspace->threads().UpdateContext(row.id, [&](ThreadContext& thread) {
    if (params.preferences) {
      for (const auto& [key, value] : *params.preferences) thread.preferences[key] = value;
    }
    if (params.focus) {
      ContextFocus& focus = thread.focus;
      if (!params.focus->artifact_id.empty()) focus.artifact_id = params.focus->artifact_id;
      if (!params.focus->artifact_type.empty()) focus.artifact_type = params.focus->artifact_type;
      if (!params.focus->sql.empty()) focus.sql = params.focus->sql;
      if (!params.focus->source.empty()) focus.source = params.focus->source;
    }
  }));
  return GetContext({params.id}, context);
}

}  // namespace

void RegisterThreads(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_threads",
                .title = "List threads",
                .description = "Conversations, newest first.",
                .method = "GET",
                .path = "/api/threads"},
               ListThreads);
  AddOperation(registry,
               {.name = "create_thread",
                .title = "New thread",
                .description = "Starts a conversation.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/threads",
                .scope = "write"},
               CreateThread);
  AddOperation(registry,
               {.name = "get_thread",
                .title = "Show a thread",
                .description = "One conversation.",
                .method = "GET",
                .path = "/api/threads/{id}"},
               GetThread);
  AddOperation(registry,
               {.name = "update_thread",
                .title = "Change a thread",
                .description = "Renames or archives a conversation.",
                .effect = Effect::kSession,
                .method = "PATCH",
                .path = "/api/threads/{id}",
                .scope = "write"},
               PatchThread);
  AddOperation(registry,
               {.name = "delete_thread",
                .title = "Delete a thread",
                .description = "Deletes a conversation and stops its queries.",
                .effect = Effect::kSession,
                .method = "DELETE",
                .path = "/api/threads/{id}",
                .scope = "write"},
               DeleteThread);
  AddOperation(registry,
               {.name = "name_thread",
                .title = "Name a thread",
                .description = "Gives a conversation a title from its first message.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/threads/{id}/title",
                .scope = "write"},
               NameThread);
  AddOperation(registry,
               {.name = "thread_context",
                .title = "Show the context of a thread",
                .description = "What the conversation knows.",
                .method = "GET",
                .path = "/api/threads/{id}/context"},
               GetContext);
  AddOperation(registry,
               {.name = "update_thread_context",
                .title = "Change the context of a thread",
                .description = "Sets preferences and what 'it' means.",
                .effect = Effect::kSession,
                .method = "PATCH",
                .path = "/api/threads/{id}/context",
                .scope = "write"},
               PatchContext);
}

}  // namespace velo::services
