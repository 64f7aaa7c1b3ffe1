// A script that is broken off anywhere goes on as if nothing had happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "engine/runtime/checkpoint_fixture.h"

namespace velo {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CheckpointTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "velo_checkpoint_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    engine_ = OpenEngine(directory_ + "/data");
    const Schema steps{{{"k", TypeKind::kString}, {"n", TypeKind::kInteger}}};
    for (const char* topic : {"broken_steps", "whole_steps"}) {
      ASSERT_TRUE(engine_->topics()->Create(topic, steps, {}, "", {}).ok());
    }
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  SessionOptions Options(const std::string& folder = "checkpoints") const {
    SessionOptions options;
    options.run.live = true;
    options.checkpoints = {directory_ + "/" + folder, 3};
    return options;
  }
  /// Runs to the end of what is there, or until `wants_more` says no.
  Status Run(const std::string& script, const SessionOptions& options, std::function<bool()> wants_more = {}) {
    ScriptSession session(engine_.get(), nullptr, options);
    observer_ = {};
    observer_.wants_more = std::move(wants_more);
    return session.Execute(script, &observer_);
  }
  void Restart() {
    engine_.reset();
    engine_ = OpenEngine(directory_ + "/data");
  }

  void BreakOff(const std::string& sql);

  std::string directory_;
  std::unique_ptr<Engine> engine_;
  SilentObserver observer_;
};

/// {out} is the topic for the result.
std::string Into(std::string script, const std::string& topic) {
  for (size_t at; (at = script.find("{out}")) != std::string::npos;) script.replace(at, 5, topic);
  return script;
}

// Sessions that are destroyed in the middle of their work leave what a crash leaves: output behind the last checkpoint.
void CheckpointTest::BreakOff(const std::string& sql) {
  std::mt19937 random(11);
  constexpr int64_t kEvents = 3'000;
  const std::string script = Into(sql, "broken");
  for (int64_t made = 0; made < kEvents;) {
    SessionOptions options = Options();
    options.leave_running = true;
    {
      ScriptSession session(engine_.get(), nullptr, options);
      const Status status = session.Execute(script, &observer_);
      ASSERT_TRUE(status.ok()) << status.ToString();
      for (size_t chunks = 1 + random() % 6; chunks > 0 && made < kEvents; --chunks) {
        const int64_t count = std::min<int64_t>(kEvents - made, 1 + static_cast<int64_t>(random() % 120));
        AppendEvents(*engine_, count);
        made += count;
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 9));
      }
    }
    if (random() % 3 == 0) Restart();
  }
  SessionOptions whole = Options("whole");
  whole.leave_running = true;
  SessionOptions last = Options();
  last.leave_running = true;
  ScriptSession whole_session(engine_.get(), nullptr, whole), last_session(engine_.get(), nullptr, last);
  ASSERT_TRUE(last_session.Execute(script, &observer_).ok());
  ASSERT_TRUE(whole_session.Execute(Into(sql, "whole"), &observer_).ok());
  const auto expected_end = [&] { return EndOf(*engine_, "whole"); };
  int64_t before = -1;
  ASSERT_TRUE(Eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return expected_end() > 0 && expected_end() == EndOf(*engine_, "broken") &&
           std::exchange(before, expected_end()) == expected_end();
  })) << EndOf(*engine_, "broken")
      << " for " << expected_end();
  EXPECT_EQ(Difference(ContentOf(*engine_, "broken"), ContentOf(*engine_, "whole")), "");
}

TEST_P(CheckpointTest, BreakingOffChangesNothing) { BreakOff(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Queries, CheckpointTest,
    ::testing::Values(
        "CREATE STREAM r AS SELECT k, v FROM events WHERE v > 30 INTO 'topic://{out}'",
        "CREATE STREAM r AS SELECT k, COUNT(*) AS n, SUM(v) AS s, _window_start AS w FROM events GROUP BY k WINDOW "
        "TUMBLING(t, 300ms) INTO 'topic://{out}'",
        "CREATE STREAM r AS SELECT k, MAX(v) AS s, _window_start AS w FROM events GROUP BY k WINDOW SLIDING(t, 300ms, "
        "100ms) INTO 'topic://{out}'",
        "CREATE STREAM r AS SELECT k, SUM(v) AS s, _window_start AS w, _window_end AS x FROM events GROUP BY k WINDOW "
        "SESSION(t, 60ms) INTO 'topic://{out}'",
        "CREATE STREAM r AS SELECT k, COUNT(DISTINCT v) AS n, AVG(v) AS a FROM events GROUP BY k EMIT CHANGES INTO "
        "'topic://{out}'",
        "CREATE STREAM r AS SELECT k, t, SUM(v) OVER w AS s, LAG(v) OVER w AS l, MAX(v) OVER (ROWS WINDOW BUFFER 20 "
        "ROWS PARTITION BY k ORDER BY t) AS m FROM events WINDOW w AS (PARTITION BY k) INTO 'topic://{out}'",
        "CREATE STREAM r AS SELECT DISTINCT k, v FROM events INTO 'topic://{out}'",
        // What one statement writes and another reads, and what time of day decides, fit together all the same.
        "CREATE STREAM r AS SELECT k, SUM(n) AS n FROM topic://{out}_steps GROUP BY k EMIT CHANGES INTO "
        "'topic://{out}'; INSERT INTO 'topic://{out}_steps' SELECT k, COUNT(*) AS n FROM events GROUP BY k WINDOW "
        "TUMBLING(t, 100ms)"));

using CheckpointedScript = CheckpointTest;

TEST_F(CheckpointedScript, StoppedInGoodOrderItTakesNothingBack) {
  AppendEvents(*engine_, 500);
  const std::string script = "CREATE STREAM r AS SELECT k, v FROM events INTO 'topic://out'";
  ASSERT_TRUE(Run(script, Options(), [&] { return EndOf(*engine_, "out") < 500; }).ok());
  const int64_t end = EndOf(*engine_, "out");
  AppendEvents(*engine_, 100);
  ASSERT_TRUE(Run(script, Options(), [&] {
                EXPECT_GE(EndOf(*engine_, "out"), end);
                return EndOf(*engine_, "out") < 600;
              }).ok());
  EXPECT_THAT(observer_.notices, Contains(HasSubstr("goes on from the checkpoint of")));
  EXPECT_EQ(EndOf(*engine_, "out"), 600);
}

TEST_F(CheckpointedScript, WhatIsCompleteIsNotDoneAgain) {
  AppendEvents(*engine_, 50);
  SessionOptions options = Options();
  options.run.live = false;
  const std::string script =
      "INSERT INTO 'topic://facts' VALUES (1, 'x'), (2, 'y');"
      "CREATE STREAM r AS SELECT k, SUM(v) AS s FROM events GROUP BY k EMIT FINAL INTO 'topic://sums'";
  for (int round = 0; round < 3; ++round) {
    const Status status = Run(script, options);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(EndOf(*engine_, "facts"), 2);
    EXPECT_EQ(EndOf(*engine_, "sums"), 6);
    if (round == 0) continue;
    EXPECT_THAT(observer_.messages, Contains(HasSubstr("complete before the restart")));
  }
}

TEST_F(CheckpointedScript, StatementsShareAPlace) {
  const Schema columns{{{"k", TypeKind::kString}, {"v", TypeKind::kInteger}}};
  for (const char* topic : {"broken", "whole"}) {
    ASSERT_TRUE(engine_->topics()->Create(topic, columns, {}, "", {}).ok());
  }
  BreakOff(
      "INSERT INTO {out} VALUES ('first', 1), ('second', 2); INSERT INTO {out} SELECT k, v FROM events WHERE v > 90; "
      "INSERT INTO {out} SELECT k, COUNT(*) AS v FROM events WHERE v < 0 GROUP BY k WINDOW TUMBLING(t, 1s)");
}

TEST_F(CheckpointedScript, AChangedScriptIsRefused) {
  AppendEvents(*engine_, 50);
  const auto script = [](const char* view, const char* filter) {
    return fmt::format(
        "CREATE VIEW large AS SELECT k, v FROM events WHERE v > {}; CREATE STREAM r AS SELECT k, v FROM large WHERE v "
        "< {} INTO 'topic://out'",
        view, filter);
  };
  int ticks = 0;
  const auto briefly = [&ticks] { return ++ticks < 3; };
  ASSERT_TRUE(Run(script("5", "90"), Options(), briefly).ok());
  for (const auto& [view, filter] : {std::pair("5", "91"), std::pair("6", "90")}) {
    const Status refused = Run(script(view, filter), Options());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "STATE_INCOMPATIBLE");
    EXPECT_THAT(refused.error().hint, HasSubstr("empty checkpoint folder"));
  }
  ticks = 0;
  // Another layout and a further statement are no change.
  EXPECT_TRUE(
      Run(script("5", "90  -- below\n") + ";\nINSERT INTO 'topic://facts' VALUES (1)", Options(), briefly).ok());
}

TEST_F(CheckpointedScript, OthersOutputIsNeverTakenBack) {
  AppendEvents(*engine_, 50);
  const std::string script = "CREATE STREAM r AS SELECT k, t, v FROM events INTO 'topic://out'";
  ASSERT_TRUE(Run(script, Options(), [&] { return EndOf(*engine_, "out") < 50; }).ok());
  TopicAppend foreign;
  foreign.columns = EventRows(0, 1);
  ASSERT_TRUE(engine_->topics()->Append("out", 0, foreign).ok());
  const Status refused = Run(script, Options());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "CONFLICT");
  EXPECT_EQ(EndOf(*engine_, "out"), 51);
  ASSERT_TRUE(engine_->topics()->Delete("out").ok());
  EXPECT_FALSE(Run(script, Options()).ok());
}

TEST_F(CheckpointedScript, ADamagedCheckpointCostsNothingButTime) {
  const std::string script = "CREATE STREAM r AS SELECT k, v FROM events INTO 'topic://out'";
  int64_t wanted = 100;
  for (int round = 0; round < 3; ++round, wanted += 100) {
    AppendEvents(*engine_, 100);
    ASSERT_TRUE(Run(script, Options(), [&] { return EndOf(*engine_, "out") < wanted; }).ok());
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/checkpoints")) {
      if (entry.path().extension() == ".checkpoint") files.push_back(entry.path().string());
    }
    std::fstream(*std::max_element(files.begin(), files.end()), std::ios::in | std::ios::out).seekp(70) << "damage";
    if (round == 0) continue;
    EXPECT_THAT(observer_.notices, Contains(HasSubstr("checksum")));
  }
  const Status status = Run(script, Options(), [&] { return EndOf(*engine_, "out") < 300; });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(ContentOf(*engine_, "out"), SizeIs(300));
}

TEST_F(CheckpointedScript, WhatCannotBeKeptIsRefused) {
  for (const char* script :
       {"CREATE STREAM a AS SELECT k, v FROM events; CREATE STREAM b AS SELECT k FROM a INTO 'topic://out'",
        "CREATE STREAM a AS SELECT k, v FROM events INTO 'topic://out'; SELECT k FROM a",
        "DELETE FROM events WHERE v = 1"}) {
    const Status refused = Run(script, Options(std::to_string(script[9])), [] { return true; });
    ASSERT_FALSE(refused.ok()) << script;
    EXPECT_EQ(refused.error().code, "UNSUPPORTED") << refused.ToString();
  }
}

TEST(Checkpoints, ReadBackWhatTheyWrote) {
  Checkpoint checkpoint;
  checkpoint.writer = 17;
  checkpoint.taken_at = 5;
  StatementCheckpoint statement{"a", "SELECT", "plan", false, {{"topic://x", "0,1"}, {"topic://y", "2,3"}}, nullptr};
  statement.state = std::make_shared<const std::string>("state\0bytes", 11);
  checkpoint.statements = {statement, {"b", "INSERT", "", true, {}, nullptr}};
  const std::string bytes = EncodeCheckpoint(checkpoint);
  const auto back = DecodeCheckpoint(bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(EncodeCheckpoint(*back), bytes);
  EXPECT_EQ(*back->statements[0].state, *statement.state);
  EXPECT_EQ(back->statements[0].places[1].position, "2,3");
  EXPECT_TRUE(back->statements[1].done);
  EXPECT_EQ(back->statements[1].state, nullptr);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeCheckpoint(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeCheckpoint(bytes + "x").ok());
  std::string other = bytes;
  other[0] = 99;
  EXPECT_EQ(DecodeCheckpoint(other).status().error().code, "STATE_INCOMPATIBLE");
}

}  // namespace
}  // namespace velo
