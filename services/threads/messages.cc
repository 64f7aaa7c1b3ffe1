#include <fmt/format.h>

#include "services/ids.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ListParams {
  std::string id, format = "ai-sdk/v6", cursor;
  int64_t limit = 100;
  static std::vector<FieldRule> Rules() { return {{"limit", "", false, 1, 500}}; }
};
BOOST_DESCRIBE_STRUCT(ListParams, (), (id, format, cursor, limit))

struct MessageView {
  std::string id;
  std::optional<std::string> parent_id;
  std::string format;
  Json content;
  std::string state, created_at;
};
BOOST_DESCRIBE_STRUCT(MessageView, (), (id, parent_id, format, content, state, created_at))

struct ListAnswer {
  std::vector<MessageView> messages;
  std::optional<std::string> head_id, next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (messages, head_id, next_cursor, total))

MessageView View(const MessageRow& row) {
  return {row.id,     row.parent_id.empty() ? std::nullopt : std::optional(row.parent_id),
          row.format, Json::parse(row.content_json, nullptr, false),
          row.state,  FormatInstant(row.created_at)};
}

Result<Outcome<ListAnswer>> ListMessages(const ListParams& params, CallContext& context) {
  ThreadStore& threads = context.workspace->threads();
  VELO_ASSIGN_OR_RETURN(size_t first, ReadCursor(params.cursor));
  VELO_ASSIGN_OR_RETURN(ThreadRow thread, threads.Get(params.id));
  Outcome<ListAnswer> outcome;
  VELO_ASSIGN_OR_RETURN(std::vector<MessageRow> rows,
                        threads.Messages(params.id, params.limit, static_cast<int64_t>(first), &outcome.answer.total));
  for (const MessageRow& row : rows) outcome.answer.messages.push_back(View(row));
  if (!thread.head_message_id.empty()) outcome.answer.head_id = thread.head_message_id;
  if (static_cast<int64_t>(first + rows.size()) < outcome.answer.total) {
    outcome.answer.next_cursor = std::to_string(first + rows.size());
  }
  return outcome;
}

struct PutParams {
  std::string thread, id, parent_id, format;
  Json content;
  static std::vector<FieldRule> Rules() {
    return {{"id", "", true, {}, {}, {}, {}, 64}, {"format", "", true}, {"content", "UIMessage without id", true}};
  }
};
BOOST_DESCRIBE_STRUCT(PutParams, (), (thread, id, parent_id, format, content))

Result<Outcome<MessageView>> PutMessage(const PutParams& params, CallContext& context) {
  ThreadStore& threads = context.workspace->threads();
  if (!IsValidId(params.id)) return Status::User("VALIDATION_ERROR", "'id' is not an id.", "");
  if (!params.content.is_object() || !params.content.contains("role") || !params.content["role"].is_string()) {
    return Status::User("VALIDATION_ERROR", "'content' has no role.", "Send {\"role\":\"user\",\"parts\":[…]}.");
  }
  Result<MessageRow> known = threads.GetMessage(params.thread, params.id);
  if (known.ok() && known->role == "assistant") {
    return Status::User("CONFLICT", "Answers of the assistant are kept as they were given.", "");
  }
  MessageRow row;
  row.id = params.id;
  row.thread_id = params.thread;
  row.parent_id = params.parent_id;
  row.format = params.format;
  row.role = params.content["role"].get<std::string>();
  row.content_json = params.content.dump(-1, ' ', false, Json::error_handler_t::replace);
  VELO_RETURN_IF_ERROR(threads.PutMessage(row));
  VELO_ASSIGN_OR_RETURN(MessageRow stored, threads.GetMessage(params.thread, params.id));
  Outcome<MessageView> outcome;
  outcome.answer = View(stored);
  return outcome;
}

struct DeleteParams {
  std::string thread, id;
};
BOOST_DESCRIBE_STRUCT(DeleteParams, (), (thread, id))

struct DeleteAnswer {
  std::string id;
  bool deleted = true;
};
BOOST_DESCRIBE_STRUCT(DeleteAnswer, (), (id, deleted))

Result<Outcome<DeleteAnswer>> DeleteMessage(const DeleteParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(MessageRow row, context.workspace->threads().GetMessage(params.thread, params.id));
  if (row.state == "streaming")
    return Status::User("CONFLICT", "This answer is still being written.", "Stop it first.");
  VELO_RETURN_IF_ERROR(context.workspace->threads().DeleteMessage(params.thread, params.id));
  Outcome<DeleteAnswer> outcome;
  outcome.answer.id = params.id;
  return outcome;
}

}  // namespace

void RegisterMessages(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_messages",
                .title = "List messages",
                .description = "Messages, oldest first.",
                .method = "GET",
                .path = "/api/threads/{id}/messages"},
               ListMessages);
  AddOperation(registry,
               {.name = "put_message",
                .title = "Store a message",
                .description = "Stores a message by id.",
                .effect = Effect::kSession,
                .method = "POST",
                .path = "/api/threads/{thread}/messages",
                .scope = "write"},
               PutMessage);
  AddOperation(registry,
               {.name = "delete_message",
                .title = "Delete a message",
                .description = "Deletes a message and what follows from it.",
                .effect = Effect::kSession,
                .method = "DELETE",
                .path = "/api/threads/{thread}/messages/{id}",
                .scope = "write"},
               DeleteMessage);
}

}  // namespace velo::services
