#include "studio/doors/stream_door.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/executions/execution_registry.h"
#include "services/json_text.h"

namespace velo::doors {
namespace {

using services::Execution;
using services::Json;

class SessionSink : public services::ViewerSink {
 public:
  explicit SessionSink(std::shared_ptr<server::WebSocketSession> session) : session_(std::move(session)) {}
  void Send(std::string message) override { session_->Send(std::move(message)); }
  size_t queued_bytes() const override { return session_->queued_bytes(); }
  void Close(int code, const std::string& reason) override { session_->Close(code, reason); }

 private:
  std::shared_ptr<server::WebSocketSession> session_;
};

class StreamHandler : public server::WebSocketHandler {
 public:
  StreamHandler(std::shared_ptr<Execution> execution, services::ViewerOptions options)
      : execution_(std::move(execution)), options_(options) {}

  void OnOpen(std::shared_ptr<server::WebSocketSession> session) override {
    session_ = std::move(session);
    Result<int64_t> viewer = execution_->Attach(std::make_shared<SessionSink>(session_), options_);
    if (!viewer.ok()) {
      session_->Close(4429, viewer.status().error().message);
      return;
    }
    viewer_ = *viewer;
  }

  void OnText(const std::string& text) override {
    Result<Json> message = services::ParseOutsideJson(text);
    std::string action = message.ok() && message->is_object() ? message->value("action", "") : "";
    if (action == "ack") {
      execution_->Acknowledge(viewer_, Number(*message, "batch_number"));
    } else if (action == "pause" || action == "resume") {
      execution_->SetPaused(viewer_, action == "pause");
    } else if (action == "cancel") {
      execution_->Cancel();
    } else if (action == "set") {
      execution_->SetRowRate(viewer_, Number(*message, "max_rows_per_second"));
    } else if (action == "ping") {
      Json id = message->contains("id") ? (*message)["id"] : Json(nullptr);
      session_->Send(services::DumpJson({{"type", "pong"}, {"id", id}}));
    } else {
      session_->Close(4400, "bad message");
    }
  }

  void OnClose() override {
    if (viewer_ != 0) execution_->Detach(viewer_);
  }

 private:
  static int64_t Number(const Json& message, const char* field) {
    auto found = message.find(field);
    return found != message.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
  }

  std::shared_ptr<Execution> execution_;
  services::ViewerOptions options_;
  std::shared_ptr<server::WebSocketSession> session_;
  int64_t viewer_ = 0;
};

int64_t QueryNumber(const server::Request& request, std::string_view name, int64_t otherwise) {
  std::string_view text = request.Query(name);
  int64_t number = otherwise;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

}  // namespace

server::WebSocketReply StreamDoor::Open(const server::Request& request) {
  server::WebSocketReply reply;
  constexpr std::string_view kPrefix = "/api/stream/";
  std::string id = request.path.substr(std::min(kPrefix.size(), request.path.size()));
  Result<std::shared_ptr<Execution>> execution = context_.workspace->executions().Find(id);
  if (!request.path.starts_with(kPrefix) || !execution.ok()) {
    Status missing =
        Status::User("NOT_FOUND", fmt::format("There is no execution {}.", id.substr(0, 64)), "Run the query again.");
    reply.refusal = ErrorResponse(missing, request);
    return reply;
  }
  services::ViewerOptions options;
  options.acknowledged = request.Query("ack") == "1";
  options.after = QueryNumber(request, "after", -1);
  options.max_rows_per_second = QueryNumber(request, "max_rows_per_second", 0);
  reply.handler = std::make_unique<StreamHandler>(execution.TakeValue(), options);
  return reply;
}

}  // namespace velo::doors
