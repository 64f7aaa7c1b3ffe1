#include "studio/doors/chat_door.h"

#include <condition_variable>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/runtime/engine.h"
#include "services/json_text.h"
#include "services/store/thread_store.h"

namespace velo::doors {
namespace {

using services::Json;

class Recorder : public server::SseStream {
 public:
  bool Send(std::string bytes) override {
    std::lock_guard lock(mutex_);
    text_ += bytes;
    return true;
  }
  void Finish() override {
    {
      std::lock_guard lock(mutex_);
      finished_ = true;
    }
    changed_.notify_all();
  }
  bool open() const override { return true; }
  /// The whole stream, once it has ended.
  std::string Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_; });
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool finished_ = false;
};

std::vector<std::string> TypesOf(const std::string& text) {
  std::vector<std::string> types;
  size_t at = 0;
  while ((at = text.find("data: ", at)) != std::string::npos) {
    size_t end = text.find("\n\n", at);
    std::string frame = text.substr(at + 6, end - at - 6);
    types.push_back(frame == "[DONE]" ? frame : Json::parse(frame)["type"].get<std::string>());
    at = end;
  }
  return types;
}

class ChatDoorTest : public testing::Test {
 protected:
  ChatDoorTest() {
    EngineOptions options;
    options.connectors = &connectors_;
    engine_ = Engine::Open(options).TakeValue();
    services::WorkspaceOptions workspace;
    workspace.engine = engine_.get();
    workspace_ = services::Workspace::Open(workspace).TakeValue();
  }

  server::Request Post(const std::string& body, const std::string& path = "/api/chat") {
    server::Request request;
    request.method = "POST";
    request.path = request.target = path;
    request.headers = {{"content-type", "application/json"}};
    request.body = body;
    return request;
  }

  std::string Say(ChatDoor& door, const std::string& body) {
    server::Reply reply = door.Handle(Post(body));
    EXPECT_TRUE(reply.stream) << reply.response.body;
    if (!reply.stream) return "";
    auto recorder = std::make_shared<Recorder>();
    reply.stream(recorder);
    return recorder->Wait();
  }

  ConnectorRegistry connectors_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<services::Workspace> workspace_;
};

const char* kHello =
    R"({"id":"thr_1","message":{"id":"msg_u","role":"user","parts":[{"type":"text","text":"Hello"}]}})";

TEST_F(ChatDoorTest, FramesATurnAndStoresBothMessages) {
  ChatDoor door({workspace_.get()}, [](const auto& request, const auto&, auto&, conversation::TurnSink* sink) {
    EXPECT_EQ(request.text, "Hello");
    sink->StepStarted();
    sink->Reasoning("a greeting");
    sink->ToolStarted("call_1", "list_topics", "{}");
    sink->ToolFinished("call_1", R"({"ok":true})");
    sink->Artifact("art_1", R"({"id":"art_1","type":"topic-list","version":1,"title":"T","state":"ready","data":{}})");
    sink->StepFinished();
    sink->Text("Hi ");
    sink->Text("there");
    sink->Data("thread", "", R"({"title":"x"})", true);
    return Status::OK();
  });
  EXPECT_EQ(TypesOf(Say(door, kHello)),
            (std::vector<std::string>{"start", "start-step", "reasoning-start", "reasoning-delta", "reasoning-end",
                                      "tool-input-start", "tool-input-available", "tool-output-available",
                                      "data-artifact", "finish-step", "text-start", "text-delta", "text-delta",
                                      "text-end", "data-thread", "finish", "[DONE]"}));
  auto messages = workspace_->threads().Messages("thr_1", 10, 0);
  ASSERT_EQ(messages->size(), 2u);
  EXPECT_EQ((*messages)[0].id, "msg_u");
  EXPECT_EQ((*messages)[1].parent_id, "msg_u");
  EXPECT_EQ((*messages)[1].state, "done");
  Json parts = Json::parse((*messages)[1].content_json)["parts"];
  ASSERT_EQ(parts.size(), 5u);  // The transient part is not kept.
  EXPECT_EQ(parts[2]["type"], "tool-list_topics");
  EXPECT_EQ(parts[2]["state"], "output-available");
  EXPECT_EQ(parts[4]["text"], "Hi there");
}

TEST_F(ChatDoorTest, TellsAFailureInTheStream) {
  ChatDoor door({workspace_.get()}, [](const auto&, const auto&, auto&, conversation::TurnSink* sink) {
    sink->Text("One moment");
    return Status::World("CONNECTION_ERROR", "The disk is gone.");
  });
  std::string text = Say(door, kHello);
  EXPECT_EQ(TypesOf(text), (std::vector<std::string>{"start", "text-start", "text-delta", "text-end", "data-diagnostic",
                                                     "error", "[DONE]"}));
  EXPECT_NE(text.find(R"("errorText":"CONNECTION_ERROR: The disk is gone.")"), std::string::npos);
  EXPECT_EQ(workspace_->threads().Messages("thr_1", 10, 0)->back().state, "failed");
}

/// Lets a test hold a turn until it is told to stop.
class Gate {
 public:
  void Enter() {
    {
      std::lock_guard lock(mutex_);
      entered_ = true;
    }
    changed_.notify_all();
  }
  void AwaitEntry() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;
};

TEST_F(ChatDoorTest, RunsOneTurnPerThreadAndStopsIt) {
  Gate gate;
  ChatDoor door({workspace_.get()}, [&](const auto&, const auto&, auto&, conversation::TurnSink* sink) {
    gate.Enter();
    while (!sink->stopped()) std::this_thread::yield();
    return Status::OK();
  });
  server::Reply first = door.Handle(Post(kHello));
  ASSERT_TRUE(first.stream);
  gate.AwaitEntry();
  server::Reply second = door.Handle(Post(kHello));
  EXPECT_FALSE(second.stream);
  EXPECT_EQ(second.response.status, 409);
  EXPECT_NE(second.response.body.find("stream_id"), std::string::npos);

  server::Request resume;
  resume.method = "GET";
  resume.path = "/api/chat/thr_1/stream";
  server::Reply resumed = door.Handle(resume);
  ASSERT_TRUE(resumed.stream);

  server::Reply stopped = door.Handle(Post("{}", "/api/chat/thr_1/stop"));
  EXPECT_NE(stopped.response.body.find("\"stopped\":true"), std::string::npos);
  auto recorder = std::make_shared<Recorder>();
  resumed.stream(recorder);
  EXPECT_EQ(TypesOf(recorder->Wait()), (std::vector<std::string>{"start", "abort", "[DONE]"}));
}

TEST_F(ChatDoorTest, RunsOnWithoutListeners) {
  ChatDoor door({workspace_.get()}, [](const auto&, const auto&, auto&, conversation::TurnSink* sink) {
    sink->Text("done anyway");
    return Status::OK();
  });
  server::Reply reply = door.Handle(Post(kHello));
  ASSERT_TRUE(reply.stream);
  auto recorder = std::make_shared<Recorder>();
  reply.stream(recorder);
  recorder->Wait();
  EXPECT_EQ(workspace_->threads().Messages("thr_1", 10, 0)->back().state, "done");
}

TEST_F(ChatDoorTest, ReadsButtonsAndWhatTheyAreAbout) {
  conversation::TurnRequest seen;
  ChatDoor door({workspace_.get()}, [&](const auto& request, const auto&, auto& context, auto*) {
    seen = request;
    EXPECT_EQ(context.artifact_id, "art_3");
    return Status::OK();
  });
  Say(door, R"({"id":"thr_1","about":{"artifact_id":"art_3","version":2},"message":{"role":"user","parts":[
      {"type":"data-action","data":{"tool":"execute_query","args":{"sql":"SELECT 1"},"artifact":"art_3@2"}}]}})");
  EXPECT_EQ(seen.action_tool, "execute_query");
  EXPECT_EQ(seen.action_arguments_json, R"({"sql":"SELECT 1"})");
  EXPECT_EQ(seen.about, "art_3@2");
}

TEST_F(ChatDoorTest, LeavesOutWhatOldParsersRefuse) {
  ChatDoor door({workspace_.get()}, [](const auto&, const auto&, auto&, auto*) { return Status::OK(); });
  server::Request request = Post(kHello);
  request.headers.emplace_back("x-velo-chat-protocol", "5");
  server::Reply reply = door.Handle(request);
  ASSERT_TRUE(reply.stream);
  auto recorder = std::make_shared<Recorder>();
  reply.stream(recorder);
  EXPECT_EQ(recorder->Wait().find("finishReason"), std::string::npos);
}

}  // namespace
}  // namespace velo::doors
