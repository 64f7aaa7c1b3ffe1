#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "assistant/conversation/turn.h"
#include "studio/doors/door.h"
#include "studio/doors/ui_message.h"

namespace velo::doors {

/// One assistant turn on its way to any number of listeners: turns the parts into chunks of the AI SDK UI message
/// stream v1 (API 2.14.1), keeps them for those who come back, and stores the message after every step. The turn itself
/// runs in one thread; listeners come and go in others.
class ChatTurn : public conversation::TurnSink {
 public:
  struct Identity {
    std::string thread_id, stream_id, message_id, parent_id;
    bool version5 = false;  ///< The client's parser is that of SDK 5.
  };
  ChatTurn(services::Workspace* workspace, Identity identity);

  const Identity& identity() const { return identity_; }
  /// Sends what there is so far, then what comes.
  void Listen(std::shared_ptr<server::SseStream> stream);
  void Stop() { stopped_ = true; }
  bool ended() const { return ended_; }
  Timestamp ended_at() const { return ended_at_; }

  /// First chunk; stores the message as streaming.
  Status Begin();
  /// Last chunks, by how the turn went; stores the message for good.
  void End(const Status& status);

  void StepStarted() override;
  void StepFinished() override;
  void Reasoning(const std::string& text) override;
  void Text(const std::string& delta) override;
  void ToolStarted(const std::string& call_id, const std::string& tool, const std::string& input_json) override;
  void ToolFinished(const std::string& call_id, const std::string& output_json) override;
  void ToolFailed(const std::string& call_id, const Status& status) override;
  void Artifact(const std::string& artifact_id, const std::string& envelope_json) override;
  void Data(const std::string& kind, const std::string& id, const std::string& json, bool transient) override;
  bool stopped() const override { return stopped_; }

 private:
  void Send(const services::Json& chunk);
  void SendFrame(const std::string& frame);
  void EndText();
  Status Store(const char* state);
  services::Json Metadata() const;

  services::Workspace* workspace_;
  const Identity identity_;
  const Timestamp started_at_;
  std::atomic<bool> stopped_ = false, ended_ = false;
  std::atomic<Timestamp> ended_at_ = 0;
  UiMessage message_;
  int blocks_ = 0;
  bool in_text_ = false;
  std::string text_id_;

  std::mutex mutex_;
  std::string frames_;
  std::vector<std::shared_ptr<server::SseStream>> listeners_;
};

}  // namespace velo::doors
