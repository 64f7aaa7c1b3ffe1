#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "studio/doors/chat_turn.h"

namespace velo::doors {

/// Carries out a turn; conversation::RunTurn, or a scripted one in tests.
using TurnRunner =
    std::function<Status(const conversation::TurnRequest& request, const services::OperationRegistry& operations,
                         services::CallContext& context, conversation::TurnSink* sink)>;

/// POST /api/chat and its resume and stop (API 2.14). The user's message is stored before the first byte; a turn runs
/// on when its listener goes; turns of one thread are one after the other.
class ChatDoor {
 public:
  ChatDoor(DoorContext context, TurnRunner runner);
  /// Asks running turns to stop and waits for them.
  ~ChatDoor();

  /// Any path under /api/chat.
  server::Reply Handle(const server::Request& request);

 private:
  struct Posted;
  server::Reply Post(const server::Request& request);
  server::Reply Resume(const server::Request& request, const std::string& thread_or_stream, bool by_stream);
  server::Reply Stop(const server::Request& request, const std::string& thread_id);
  Result<Posted> Read(const server::Request& request);
  Status StoreUserMessage(Posted* posted);
  Result<std::shared_ptr<ChatTurn>> Claim(const Posted& posted);
  void Run(std::shared_ptr<ChatTurn> turn, const Posted& posted);
  void ForgetOldTurns();

  static constexpr size_t kParallelTurns = 5;
  DoorContext context_;
  TurnRunner runner_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ChatTurn>> turns_;  ///< Newest turn of each thread.
  std::vector<std::pair<std::shared_ptr<ChatTurn>, std::thread>> running_;
};

}  // namespace velo::doors
