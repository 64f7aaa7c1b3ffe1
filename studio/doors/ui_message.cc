#include "studio/doors/ui_message.h"

#include <nlohmann/json.hpp>

#include "services/json_text.h"

namespace velo::doors {

using services::Json;

UiMessage::UiMessage() : parts_(std::make_unique<Json>(Json::array())) {}
UiMessage::~UiMessage() = default;

void UiMessage::AddStep() {
  EndText();
  parts_->push_back({{"type", "step-start"}});
}

void UiMessage::AppendText(const std::string& delta) {
  if (!in_text_) parts_->push_back({{"type", "text"}, {"text", ""}, {"state", "done"}});
  in_text_ = true;
  Json& part = parts_->back();
  part["text"] = part["text"].get<std::string>() + delta;
}

void UiMessage::EndText() { in_text_ = false; }

void UiMessage::AddReasoning(const std::string& text) {
  EndText();
  parts_->push_back({{"type", "reasoning"}, {"text", text}, {"state", "done"}});
}

void UiMessage::StartTool(const std::string& call_id, const std::string& tool, Json input) {
  EndText();
  parts_->push_back(
      {{"type", "tool-" + tool}, {"toolCallId", call_id}, {"state", "input-available"}, {"input", std::move(input)}});
}

Json* UiMessage::FindTool(const std::string& call_id) {
  for (Json& part : *parts_) {
    if (part.contains("toolCallId") && part["toolCallId"] == call_id) return &part;
  }
  return nullptr;
}

void UiMessage::FinishTool(const std::string& call_id, Json output) {
  if (Json* part = FindTool(call_id)) {
    (*part)["state"] = "output-available";
    (*part)["output"] = std::move(output);
  }
}

void UiMessage::FailTool(const std::string& call_id, const std::string& error_text) {
  if (Json* part = FindTool(call_id)) {
    (*part)["state"] = "output-error";
    (*part)["errorText"] = error_text;
  }
}

void UiMessage::PutData(const std::string& kind, const std::string& id, Json data) {
  EndText();
  std::string type = "data-" + kind;
  for (Json& part : *parts_) {
    if (part["type"] == type && part.contains("id") && part["id"] == id) {
      part["data"] = std::move(data);
      return;
    }
  }
  parts_->push_back({{"type", type}, {"id", id}, {"data", std::move(data)}});
}

std::string UiMessage::Content(const Json& metadata) const {
  return services::DumpJson({{"role", "assistant"}, {"parts", *parts_}, {"metadata", metadata}});
}

}  // namespace velo::doors
