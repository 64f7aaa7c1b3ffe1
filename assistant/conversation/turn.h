#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace velo::services {
struct CallContext;
class OperationRegistry;
}  // namespace velo::services

namespace velo::conversation {

/// Takes the parts of one assistant turn as they come, in the order of the AI SDK UI message stream (API 2.14.1). JSON
/// arguments are texts of complete JSON values. One turn, one thread at a time.
class TurnSink {
 public:
  virtual ~TurnSink() = default;
  virtual void StepStarted() = 0;
  virtual void StepFinished() = 0;
  virtual void Reasoning(const std::string& text) = 0;
  /// A piece of the answer's text (Markdown without HTML).
  virtual void Text(const std::string& delta) = 0;
  virtual void ToolStarted(const std::string& call_id, const std::string& tool, const std::string& input_json) = 0;
  virtual void ToolFinished(const std::string& call_id, const std::string& output_json) = 0;
  virtual void ToolFailed(const std::string& call_id, const Status& status) = 0;
  /// A new artifact version: the whole envelope of API 4.1.
  virtual void Artifact(const std::string& artifact_id, const std::string& envelope_json) = 0;
  /// "data-<kind>" parts: assumptions, followups, question, diagnostic, evidence, suggestions, thread, context.
  virtual void Data(const std::string& kind, const std::string& id, const std::string& json, bool transient) = 0;
  /// True once the person pressed stop: the turn should end soon.
  virtual bool stopped() const = 0;
};

struct TurnRequest {
  std::string thread_id;
  std::string message_id;  ///< Of the user message.
  std::string text;        ///< Joined text parts.
  std::string about;       ///< "art_3@2" or empty.
  /// A button: run this tool without planning.
  std::string action_tool, action_arguments_json, action_artifact;
};

/// Plans and runs one assistant turn: words -> tools -> artifacts and text. Everything it changes goes through the
/// operation registry. Returns an error only when the turn could not be carried out at all; failures of single tools
/// are told in the turn itself.
Status RunTurn(const TurnRequest& request, const services::OperationRegistry& operations,
               services::CallContext& context, TurnSink* sink);

}  // namespace velo::conversation
