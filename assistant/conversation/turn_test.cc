// Whole turns against the real operations, on a file written by the test.
#include "assistant/conversation/turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "assistant/conversation/tool_sentences.h"
#include "connectors/register_all.h"
#include "engine/runtime/engine.h"
#include "services/operation.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::conversation {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Keeps what a turn sent.
class Recorder : public TurnSink {
 public:
  void StepStarted() override {}
  void StepFinished() override {}
  void Reasoning(const std::string&) override {}
  void Text(const std::string& delta) override { text += delta; }
  void ToolStarted(const std::string&, const std::string& tool, const std::string&) override { tools.push_back(tool); }
  void ToolFinished(const std::string&, const std::string&) override {}
  void ToolFailed(const std::string&, const Status& status) override { failures.push_back(status.error().code); }
  void Artifact(const std::string&, const std::string& envelope) override {
    artifacts.push_back(json::parse(envelope));
  }
  void Data(const std::string& kind, const std::string&, const std::string& text, bool) override {
    data[kind] = json::parse(text);
  }
  bool stopped() const override { return stop; }

  std::string Sql() const {
    std::string out;
    for (char c : artifacts.empty() ? std::string() : artifacts.back()["data"].value("sql", "")) {
      bool blank = c == '\n' || c == ' ';
      if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
    }
    return out;
  }

  bool stop = false;
  std::string text;
  std::vector<std::string> tools, failures;
  std::vector<json> artifacts;
  std::map<std::string, json> data;
};

class TurnTest : public testing::Test {
 protected:
  TurnTest() {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("velo-turn-{}", ::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "trades.csv") << "symbol,price,qty,ts\n"
                                             "AAPL,10,2,2026-02-16T10:00:00Z\n"
                                             "AAPL,20,2,2026-02-16T10:01:00Z\n"
                                             "MSFT,7,1,2026-02-16T10:06:00Z\n";
    RegisterAllConnectors(&connectors_);
    EngineOptions options;
    options.connectors = &connectors_;
    engine_ = Engine::Open(options).TakeValue();
    services::WorkspaceOptions workspace;
    workspace.engine = engine_.get();
    workspace_ = services::Workspace::Open(workspace).TakeValue();
    EXPECT_TRUE(workspace_->threads().Ensure("thr_1", "").ok());
  }
  ~TurnTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Recorder Say(const std::string& words, bool stop = false) {
    TurnRequest request;
    request.text = words;
    return Run(std::move(request), stop);
  }

  Recorder Run(TurnRequest request, bool stop = false) {
    request.thread_id = "thr_1";
    request.message_id = fmt::format("msg_{}", ++messages_);
    services::CallContext context;
    context.workspace = workspace_.get();
    context.message_id = request.message_id + "a";
    Recorder recorder;
    recorder.stop = stop;
    Status status = RunTurn(request, workspace_->operations(), context, &recorder);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return recorder;
  }

  std::string Path(const char* name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  ConnectorRegistry connectors_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<services::Workspace> workspace_;
  int messages_ = 0;
};

TEST_F(TurnTest, FromAFileToResultsAndEdits) {
  Recorder turn = Say(fmt::format("I have CSV trade data at {}, show me the schema", Path("trades.csv")));
  EXPECT_THAT(turn.tools, ElementsAre("connect_source", "inspect_source"));
  ASSERT_EQ(turn.artifacts.size(), 1u) << "the schema is shown once";
  EXPECT_EQ(turn.artifacts[0]["type"], "schema-viewer");
  EXPECT_THAT(turn.text, HasSubstr("symbol, price, qty and ts"));

  turn = Say("preview the first 10 rows");
  EXPECT_THAT(turn.tools, ElementsAre("peek_source"));
  EXPECT_THAT(turn.text, HasSubstr("The first 3 rows"));

  turn = Say("calculate VWAP per symbol");
  std::string from = "file://" + Path("trades.csv");
  EXPECT_EQ(
      turn.Sql(),
      fmt::format("SELECT symbol, SUM(price * qty) / SUM(qty) AS vwap FROM {} GROUP BY symbol EMIT CHANGES", from));

  turn = Say("run it");
  EXPECT_THAT(turn.tools, ElementsAre("execute_query"));
  ASSERT_EQ(turn.artifacts.size(), 1u);
  EXPECT_EQ(turn.artifacts[0]["type"], "query-results");
  EXPECT_EQ(turn.artifacts[0]["data"]["preview_rows"].size(), 2u);
  EXPECT_EQ(turn.artifacts[0]["data"]["preview_rows"][0]["vwap"], 15.0);

  turn = Say("only MSFT");
  EXPECT_THAT(turn.Sql(), HasSubstr("WHERE symbol = 'MSFT'"));
  EXPECT_EQ(turn.artifacts[0]["version"], 2);

  turn = Say("undo");
  EXPECT_THAT(turn.Sql(), testing::Not(HasSubstr("WHERE")));
  EXPECT_EQ(turn.artifacts[0]["version"], 3);
  EXPECT_EQ(turn.text, "Back to version 1.");
}

TEST_F(TurnTest, MissingFileIsToldWithNearPaths) {
  Recorder turn = Say("open " + Path("trade.csv"));
  EXPECT_THAT(turn.failures, ElementsAre("SOURCE_NOT_FOUND"));
  EXPECT_THAT(turn.tools, ElementsAre("connect_source")) << "nothing to inspect";
  EXPECT_TRUE(turn.artifacts.empty());
  EXPECT_THAT(turn.text, HasSubstr("trades.csv"));
  EXPECT_THAT(turn.data["followups"]["items"][0]["prompt"].get<std::string>(), HasSubstr("trades.csv"));
  EXPECT_EQ(turn.data["diagnostic"]["code"], "SOURCE_NOT_FOUND");
}

TEST_F(TurnTest, ShortReplyPicksAnOptionOfTheQuestion) {
  Say("open " + Path("trades.csv"));
  Recorder turn = Say("average price per colour");
  ASSERT_TRUE(turn.data.contains("question"));
  EXPECT_TRUE(turn.tools.empty());
  std::string label = turn.data["question"]["options"][0]["label"];
  turn = Say(label);
  EXPECT_THAT(turn.Sql(), HasSubstr("AVG(price) AS avg_price"));
  EXPECT_THAT(turn.Sql(), HasSubstr("GROUP BY " + label));
}

TEST_F(TurnTest, PastedSqlIsCheckedAndFixed) {
  Say("open " + Path("trades.csv"));
  Recorder turn = Say(fmt::format("SELECT symbl FROM file://{}", Path("trades.csv")));
  EXPECT_THAT(turn.tools, ElementsAre("validate_sql"));
  EXPECT_THAT(turn.text, HasSubstr("symbl"));
  EXPECT_EQ(turn.data["followups"]["items"][0]["prompt"], "fix it");
  turn = Say("fix it");
  EXPECT_THAT(turn.Sql(), HasSubstr("SELECT symbol FROM"));
}

TEST_F(TurnTest, ButtonRunsItsToolWithoutPlanning) {
  TurnRequest request;
  request.action_tool = "connect_source";
  request.action_arguments_json = json{{"uri", "file://" + Path("trades.csv")}}.dump();
  Recorder turn = Run(std::move(request));
  EXPECT_THAT(turn.tools, ElementsAre("connect_source"));
  EXPECT_TRUE(turn.failures.empty());
}

TEST_F(TurnTest, StoppedTurnCallsNothing) {
  Recorder turn = Say("open " + Path("trades.csv"), true);
  EXPECT_TRUE(turn.tools.empty());
}

TEST_F(TurnTest, NonsenseGetsExamples) {
  Recorder turn = Say("flurble the garbonzo");
  EXPECT_TRUE(turn.tools.empty());
  EXPECT_THAT(turn.text, HasSubstr("did not understand"));
  EXPECT_FALSE(turn.data["followups"]["items"].empty());
}

TEST(ToolSentences, CountsAreReadable) {
  EXPECT_EQ(SentenceFor("list_topics", "{}", R"({"topics":[],"total":9})"), "There are 9 topics.");
  EXPECT_EQ(SentenceFor("list_topics", "{}", R"({"topics":[{"name":"trades","total_messages":1200000}],"total":1})"),
            "The topic trades holds 1,200,000 messages.");
  EXPECT_EQ(SentenceFor("peek_messages", R"({"from_end":true})", R"({"topic":"trades","total_returned":1})"),
            "The last 1 message of trades.");
  EXPECT_EQ(SentenceFor("unknown_tool", "{}", "not json"), "");
}

TEST(ToolSentences, FailureNamesTheCure) {
  EXPECT_EQ(SentenceForFailure(Status::User("X", "There is no topic 'trdes'", "did you mean 'trades'?")),
            "There is no topic 'trdes'. Did you mean 'trades'?");
  EXPECT_EQ(CuresFor(Status::User("X", "m").WithDetail("near", R"(["/d/a.csv"])"), "open /d/b.csv")[0].prompt,
            "open /d/a.csv");
}

}  // namespace
}  // namespace velo::conversation
