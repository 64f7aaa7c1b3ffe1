#include "studio/doors/chat_turn.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/json_text.h"
#include "services/store/thread_store.h"

namespace velo::doors {
namespace {

using services::Json;

constexpr size_t kInlinePayload = 32 << 10, kKeptBytes = 8 << 20;

Json Parse(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(nullptr) : json;
}

std::string ErrorText(const Status& status) {
  Json error = services::ErrorJson(status, "")["error"];
  return error["code"].get<std::string>() + ": " + error["message"].get<std::string>();
}

}  // namespace

ChatTurn::ChatTurn(services::Workspace* workspace, Identity identity)
    : workspace_(workspace), identity_(std::move(identity)), started_at_(workspace->clock().Now()) {}

void ChatTurn::Listen(std::shared_ptr<server::SseStream> stream) {
  std::lock_guard lock(mutex_);
  stream->Send(frames_);
  if (ended_) {
    stream->Finish();
  } else {
    listeners_.push_back(std::move(stream));
  }
}

void ChatTurn::SendFrame(const std::string& frame) {
  std::lock_guard lock(mutex_);
  if (frames_.size() + frame.size() <= kKeptBytes) frames_ += frame;
  std::erase_if(listeners_, [&](const auto& listener) { return !listener->Send(frame); });
}

void ChatTurn::Send(const Json& chunk) { SendFrame("data: " + services::DumpJson(chunk) + "\n\n"); }

Json ChatTurn::Metadata() const {
  return {{"threadId", identity_.thread_id}, {"engine", "builtin"}, {"createdAt", FormatInstant(started_at_)}};
}

Status ChatTurn::Store(const char* state) {
  services::MessageRow row;
  row.id = identity_.message_id;
  row.thread_id = identity_.thread_id;
  row.parent_id = identity_.parent_id;
  row.role = "assistant";
  row.state = state;
  row.content_json = message_.Content(Metadata());
  return workspace_->threads().PutMessage(row);
}

Status ChatTurn::Begin() {
  VELO_RETURN_IF_ERROR(Store("streaming"));
  Send({{"type", "start"}, {"messageId", identity_.message_id}, {"messageMetadata", Metadata()}});
  return Status::OK();
}

void ChatTurn::End(const Status& status) {
  EndText();
  Status stored = Store(status.ok() ? "done" : "failed");
  Status told = status.ok() ? stored : status;
  if (!told.ok()) {
    Json error = services::ErrorJson(told, "")["error"];
    Send({{"type", "data-diagnostic"}, {"id", "d1"}, {"data", error}});
    Send({{"type", "error"}, {"errorText", ErrorText(told)}});
  } else if (stopped_) {
    Send({{"type", "abort"}});
  } else {
    Json finish = {{"type", "finish"}};
    if (!identity_.version5) finish["finishReason"] = "stop";
    Send(finish);
  }
  // The turn is over before the last frame is out: whoever reads that frame may post the next message at once.
  constexpr const char* kLast = "data: [DONE]\n\n";
  std::lock_guard lock(mutex_);
  ended_ = true;
  ended_at_ = workspace_->clock().Now();
  frames_ += kLast;
  for (auto& listener : listeners_) {
    listener->Send(kLast);
    listener->Finish();
  }
  listeners_.clear();
}

void ChatTurn::StepStarted() {
  EndText();
  message_.AddStep();
  Send({{"type", "start-step"}});
}

void ChatTurn::StepFinished() {
  EndText();
  Send({{"type", "finish-step"}});
  // What cannot be stored now is tried again at the end, where the failure is told.
  Status stored = Store("streaming");
  if (!stored.ok()) return;
}

void ChatTurn::EndText() {
  if (!in_text_) return;
  in_text_ = false;
  message_.EndText();
  Send({{"type", "text-end"}, {"id", text_id_}});
}

void ChatTurn::Reasoning(const std::string& text) {
  EndText();
  message_.AddReasoning(text);
  std::string id = fmt::format("r{}", ++blocks_);
  Send({{"type", "reasoning-start"}, {"id", id}});
  Send({{"type", "reasoning-delta"}, {"id", id}, {"delta", text}});
  Send({{"type", "reasoning-end"}, {"id", id}});
}

void ChatTurn::Text(const std::string& delta) {
  if (delta.empty()) return;
  if (!in_text_) {
    in_text_ = true;
    text_id_ = fmt::format("t{}", ++blocks_);
    Send({{"type", "text-start"}, {"id", text_id_}});
  }
  message_.AppendText(delta);
  Send({{"type", "text-delta"}, {"id", text_id_}, {"delta", delta}});
}

void ChatTurn::ToolStarted(const std::string& call_id, const std::string& tool, const std::string& input_json) {
  EndText();
  Json input = Parse(input_json);
  message_.StartTool(call_id, tool, input);
  Send({{"type", "tool-input-start"}, {"toolCallId", call_id}, {"toolName", tool}});
  Send({{"type", "tool-input-available"}, {"toolCallId", call_id}, {"toolName", tool}, {"input", input}});
}

void ChatTurn::ToolFinished(const std::string& call_id, const std::string& output_json) {
  EndText();
  Json output = Parse(output_json);
  message_.FinishTool(call_id, output);
  Send({{"type", "tool-output-available"}, {"toolCallId", call_id}, {"output", output}});
}

void ChatTurn::ToolFailed(const std::string& call_id, const Status& status) {
  EndText();
  message_.FailTool(call_id, ErrorText(status));
  Send({{"type", "tool-output-error"}, {"toolCallId", call_id}, {"errorText", ErrorText(status)}});
}

void ChatTurn::Artifact(const std::string& artifact_id, const std::string& envelope_json) {
  EndText();
  Json envelope = Parse(envelope_json);
  Json data = Json::object();
  for (const char* field : {"id", "type", "version", "title", "state"}) {
    if (envelope.contains(field)) data[field] = envelope[field];
  }
  data["summary"] = envelope.contains("title") ? envelope["title"] : Json("");
  if (envelope.contains("data") && services::DumpJson(envelope["data"]).size() <= kInlinePayload) {
    data["data"] = envelope["data"];
  }
  message_.PutData("artifact", artifact_id, data);
  Send({{"type", "data-artifact"}, {"id", artifact_id}, {"data", data}});
}

void ChatTurn::Data(const std::string& kind, const std::string& id, const std::string& json, bool transient) {
  EndText();
  Json data = Parse(json);
  Json chunk = {{"type", "data-" + kind}};
  if (!id.empty()) chunk["id"] = id;
  chunk["data"] = data;
  if (transient) {
    chunk["transient"] = true;
  } else {
    message_.PutData(kind, id, data);
  }
  Send(chunk);
}

}  // namespace velo::doors
