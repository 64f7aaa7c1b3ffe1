#pragma once

#include <memory>
#include <string>

#include "services/json.h"

namespace velo::doors {

/// The parts of one assistant message as they grow (UIMessage of the AI SDK), for the store. Not thread safe.
class UiMessage {
 public:
  UiMessage();
  ~UiMessage();
  void AddStep();
  void AppendText(const std::string& delta);
  void EndText();
  void AddReasoning(const std::string& text);
  void StartTool(const std::string& call_id, const std::string& tool, services::Json input);
  void FinishTool(const std::string& call_id, services::Json output);
  void FailTool(const std::string& call_id, const std::string& error_text);
  /// A part with a known id is replaced.
  void PutData(const std::string& kind, const std::string& id, services::Json data);
  /// {"role":"assistant","parts":[…],"metadata":…} as one line.
  std::string Content(const services::Json& metadata) const;

 private:
  services::Json* FindTool(const std::string& call_id);

  std::unique_ptr<services::Json> parts_;
  bool in_text_ = false;
};

}  // namespace velo::doors
