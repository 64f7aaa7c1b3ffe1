#include "studio/doors/chat_door.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/ids.h"
#include "services/json_text.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_title.h"

namespace velo::doors {
namespace {

using services::Json;

constexpr size_t kPromptBytes = 16 << 10;
constexpr int64_t kKeepStreamMicros = 300'000'000;

std::string TextAt(const Json& json, const char* field) {
  auto found = json.is_object() ? json.find(field) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

server::Response StreamHead(const ChatTurn& turn) {
  server::Response head;
  head.Set("Content-Type", "text/event-stream; charset=utf-8");
  head.Set("Cache-Control", "no-cache");
  head.Set("X-Accel-Buffering", "no");
  head.Set("x-vercel-ai-ui-message-stream", "v1");
  head.Set("x-resumable-stream-id", turn.identity().stream_id);
  return head;
}

server::Reply Listening(std::shared_ptr<ChatTurn> turn) {
  server::Response head = StreamHead(*turn);
  return {std::move(head), [turn](std::shared_ptr<server::SseStream> stream) { turn->Listen(std::move(stream)); }};
}

/// The newest user message of a request: `message`, or the last one of `messages`.
const Json* UserMessage(const Json& body) {
  if (body.contains("message") && body["message"].is_object()) return &body["message"];
  if (!body.contains("messages") || !body["messages"].is_array()) return nullptr;
  const Json* newest = nullptr;
  for (const Json& message : body["messages"]) {
    if (TextAt(message, "role") == "user") newest = &message;
  }
  return newest;
}

void ReadAction(const Json& message, conversation::TurnRequest* turn) {
  if (!message.contains("parts") || !message["parts"].is_array()) return;
  for (const Json& part : message["parts"]) {
    if (TextAt(part, "type") != "data-action" || !part.contains("data")) continue;
    turn->action_tool = TextAt(part["data"], "tool");
    turn->action_artifact = TextAt(part["data"], "artifact");
    turn->action_arguments_json = part["data"].contains("args") ? part["data"]["args"].dump() : "{}";
  }
}

std::string ReadAbout(const Json& body) {
  if (!body.contains("about")) return "";
  if (body["about"].is_string()) return body["about"].get<std::string>();
  std::string id = TextAt(body["about"], "artifact_id");
  bool versioned =
      body["about"].is_object() && body["about"].contains("version") && body["about"]["version"].is_number();
  return versioned ? id + "@" + body["about"]["version"].dump() : id;
}

}  // namespace

struct ChatDoor::Posted {
  conversation::TurnRequest turn;
  std::string message_json;  ///< UIMessage without id; empty when nothing new was said.
  std::string parent_id, request_id;
  bool regenerate = false, version5 = false;
};

ChatDoor::ChatDoor(DoorContext context, TurnRunner runner) : context_(context), runner_(std::move(runner)) {}

ChatDoor::~ChatDoor() {
  std::vector<std::pair<std::shared_ptr<ChatTurn>, std::thread>> running;
  {
    std::lock_guard lock(mutex_);
    running.swap(running_);
  }
  for (auto& [turn, thread] : running) turn->Stop();
  for (auto& [turn, thread] : running) thread.join();
}

server::Reply ChatDoor::Handle(const server::Request& request) {
  constexpr std::string_view kPrefix = "/api/chat";
  std::string_view rest = std::string_view(request.path).substr(kPrefix.size());
  auto wrong_method = [&](const char* allowed) {
    server::Response response =
        ErrorResponse(Status::User("METHOD_NOT_ALLOWED", fmt::format("{} is not possible here.", request.method),
                                   fmt::format("Use {}.", allowed)),
                      request);
    response.Set("Allow", allowed);
    return response;
  };
  if (rest.empty()) return request.method == "POST" ? Post(request) : wrong_method("POST");
  if (rest.starts_with("/resume/")) {
    if (request.method != "GET") return wrong_method("GET");
    return Resume(request, std::string(rest.substr(8)), true);
  }
  size_t slash = rest.find('/', 1);
  std::string thread_id(rest.substr(1, slash == std::string_view::npos ? slash : slash - 1));
  std::string_view verb = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (verb == "stream") return request.method == "GET" ? Resume(request, thread_id, false) : wrong_method("GET");
  if (verb == "stop") return request.method == "POST" ? Stop(request, thread_id) : wrong_method("POST");
  return ErrorResponse(Status::User("NOT_FOUND", "There is nothing at this address.", ""), request);
}

Result<ChatDoor::Posted> ChatDoor::Read(const server::Request& request) {
  VELO_RETURN_IF_ERROR(CheckContentType(request));
  VELO_ASSIGN_OR_RETURN(Json body, services::ParseOutsideJson(request.body));
  if (!body.is_object()) return Status::User("VALIDATION_ERROR", "The body must be a JSON object.", "");
  Posted posted;
  posted.request_id = request.request_id;
  posted.version5 = request.Header("x-velo-chat-protocol") == "5";
  posted.turn.thread_id = TextAt(body, "id");
  if (posted.turn.thread_id.empty()) posted.turn.thread_id = TextAt(body, "thread_id");
  if (!services::IsValidId(posted.turn.thread_id)) {
    return Status::User("VALIDATION_ERROR", "'id' must name a thread.", "Send {\"id\":\"thr_…\",\"message\":{…}}.");
  }
  posted.parent_id = TextAt(body, "parent_id");
  posted.regenerate = TextAt(body, "trigger") == "regenerate-message";
  posted.turn.about = ReadAbout(body);
  if (posted.regenerate) return posted;
  const Json* message = UserMessage(body);
  if (message == nullptr) {
    return Status::User("VALIDATION_ERROR", "There is no user message.", "Send 'message' or 'messages'.");
  }
  posted.turn.message_id = TextAt(*message, "id");
  if (!services::IsValidId(posted.turn.message_id)) {
    posted.turn.message_id = services::NewId("msg", context_.workspace->clock().Now());
  }
  Json stored = *message;
  stored.erase("id");
  stored["role"] = "user";
  if (!stored.contains("parts") || !stored["parts"].is_array()) {
    return Status::User("VALIDATION_ERROR", "The message has no parts.", "Send parts: [{\"type\":\"text\",…}].");
  }
  posted.message_json = services::DumpJson(stored);
  posted.turn.text = services::TextOfMessage(posted.message_json);
  ReadAction(stored, &posted.turn);
  if (posted.turn.text.size() > kPromptBytes) {
    return Status::User("PAYLOAD_TOO_LARGE", "The message is longer than 16 KiB.", "Say it in fewer words.")
        .WithDetail("limit_bytes", std::to_string(kPromptBytes));
  }
  bool nothing = posted.turn.text.find_first_not_of(" \t\r\n") == std::string::npos && posted.turn.action_tool.empty();
  if (nothing) return Status::User("VALIDATION_ERROR", "The message is empty.", "Say what you want to know.");
  return posted;
}

Status ChatDoor::StoreUserMessage(Posted* posted) {
  services::ThreadStore& threads = context_.workspace->threads();
  VELO_ASSIGN_OR_RETURN(services::ThreadRow thread, threads.Ensure(posted->turn.thread_id, ""));
  if (posted->regenerate) {
    VELO_ASSIGN_OR_RETURN(std::vector<services::MessageRow> messages, threads.Messages(thread.id, 10'000, 0));
    auto said = std::find_if(messages.rbegin(), messages.rend(), [](const auto& row) { return row.role == "user"; });
    if (said == messages.rend()) return Status::User("VALIDATION_ERROR", "There is nothing to answer again.", "");
    for (const services::MessageRow& row : messages) {
      if (row.parent_id == said->id) VELO_RETURN_IF_ERROR(threads.DeleteMessage(thread.id, row.id));
    }
    posted->turn.message_id = said->id;
    posted->turn.text = services::TextOfMessage(said->content_json);
    ReadAction(Json::parse(said->content_json, nullptr, false), &posted->turn);
    return Status::OK();
  }
  Result<services::MessageRow> known = threads.GetMessage(thread.id, posted->turn.message_id);
  services::MessageRow row;
  row.parent_id = posted->parent_id.empty() ? thread.head_message_id : posted->parent_id;
  if (known.ok()) {
    if (known->role != "user") return Status::User("CONFLICT", "This message is not the user's.", "");
    row.parent_id = known->parent_id;
    VELO_RETURN_IF_ERROR(threads.DeleteMessage(thread.id, known->id));  // An edit replaces all that followed.
  }
  row.id = posted->turn.message_id;
  row.thread_id = thread.id;
  row.role = "user";
  row.content_json = posted->message_json;
  VELO_RETURN_IF_ERROR(threads.PutMessage(row));
  if (!thread.title.empty() || posted->turn.text.empty()) return Status::OK();
  return threads.Update(thread.id, services::TitleOfMessage(posted->message_json), std::nullopt, std::nullopt).status();
}

Result<std::shared_ptr<ChatTurn>> ChatDoor::Claim(const Posted& posted) {
  std::lock_guard lock(mutex_);
  ForgetOldTurns();
  auto known = turns_.find(posted.turn.thread_id);
  if (known != turns_.end() && !known->second->ended()) {
    return Status::User("CONFLICT", "The last message of this thread is still being answered.",
                        "Wait, or stop it first.")
        .WithDetail("stream_id", known->second->identity().stream_id);
  }
  if (running_.size() >= kParallelTurns) {
    return Status::World("OVERLOADED", "Too many conversations are being answered.", "Try again in a moment.", true);
  }
  Timestamp now = context_.workspace->clock().Now();
  ChatTurn::Identity identity;
  identity.thread_id = posted.turn.thread_id;
  identity.stream_id = services::NewId("strm", now);
  identity.message_id = services::NewId("msg", now);
  identity.parent_id = posted.turn.message_id;
  identity.version5 = posted.version5;
  auto turn = std::make_shared<ChatTurn>(context_.workspace, std::move(identity));
  turns_[posted.turn.thread_id] = turn;
  return turn;
}

void ChatDoor::ForgetOldTurns() {
  Timestamp now = context_.workspace->clock().Now();
  std::erase_if(turns_, [&](const auto& entry) {
    return entry.second->ended() && now - entry.second->ended_at() > kKeepStreamMicros;
  });
  for (auto& [turn, thread] : running_) {
    if (turn->ended()) thread.join();
  }
  std::erase_if(running_, [](const auto& entry) { return !entry.second.joinable(); });
}

server::Reply ChatDoor::Post(const server::Request& request) {
  Result<Posted> read = Read(request);
  if (!read.ok()) return ErrorResponse(read.status(), request);
  Posted posted = read.TakeValue();
  Result<std::shared_ptr<ChatTurn>> claimed = Claim(posted);
  if (!claimed.ok()) return ErrorResponse(claimed.status(), request);
  std::shared_ptr<ChatTurn> turn = *claimed;
  Status stored = StoreUserMessage(&posted);
  if (stored.ok() && posted.regenerate) {
    // Only now is it known which message is answered again: the claim is renewed with it as the parent.
    std::lock_guard lock(mutex_);
    ChatTurn::Identity identity = turn->identity();
    identity.parent_id = posted.turn.message_id;
    turn = turns_[posted.turn.thread_id] = std::make_shared<ChatTurn>(context_.workspace, std::move(identity));
  }
  if (stored.ok()) stored = turn->Begin();
  if (!stored.ok()) {
    std::lock_guard lock(mutex_);
    turns_.erase(posted.turn.thread_id);
    return ErrorResponse(stored, request);
  }
  {
    std::lock_guard lock(mutex_);
    running_.emplace_back(turn, std::thread([this, turn, posted] { Run(turn, posted); }));
  }
  return Listening(turn);
}

void ChatDoor::Run(std::shared_ptr<ChatTurn> turn, const Posted& posted) {
  services::CallContext context;
  context.workspace = context_.workspace;
  context.via = posted.turn.action_tool.empty() ? services::Via::kChat : services::Via::kButton;
  context.thread_id = posted.turn.thread_id;
  context.message_id = turn->identity().message_id;
  context.artifact_id = posted.turn.about.substr(0, posted.turn.about.find('@'));
  context.request_id = posted.request_id;
  context.stopped = [turn] { return turn->stopped(); };
  turn->End(runner_(posted.turn, context_.workspace->operations(), context, turn.get()));
}

server::Reply ChatDoor::Resume(const server::Request&, const std::string& thread_or_stream, bool by_stream) {
  std::lock_guard lock(mutex_);
  for (auto& [thread_id, turn] : turns_) {
    bool meant = by_stream ? turn->identity().stream_id == thread_or_stream : thread_id == thread_or_stream;
    // A thread resumes its running turn; a stream by its id also shortly after it ended.
    if (meant && (by_stream || !turn->ended())) return Listening(turn);
  }
  server::Response nothing;
  nothing.status = 204;
  return nothing;
}

server::Reply ChatDoor::Stop(const server::Request& request, const std::string& thread_id) {
  Status type = CheckContentType(request);
  if (!type.ok()) return ErrorResponse(type, request);
  std::lock_guard lock(mutex_);
  auto known = turns_.find(thread_id);
  bool running = known != turns_.end() && !known->second->ended();
  if (running) known->second->Stop();
  Json answer = {{"stopped", running},
                 {"message_id", running ? Json(known->second->identity().message_id) : Json(nullptr)}};
  return server::Response::Json(200, services::DumpJson(answer));
}

}  // namespace velo::doors
