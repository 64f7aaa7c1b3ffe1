// kill -9 at random moments, half of them while a checkpoint is written: nothing lost, nothing twice, nothing out of
// order. VELO_KILL_TEST_KILLS=500 makes it that many, over as many more events.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "engine/runtime/checkpoint_fixture.h"

namespace velo {
namespace {

constexpr int64_t kEventsPerKill = 7'000;
constexpr const char* kFolderVariable = "VELO_KILL_TEST_FOLDER";
constexpr const char* kKillsVariable = "VELO_KILL_TEST_KILLS";

int Kills() {
  const char* wanted = std::getenv(kKillsVariable);
  return wanted != nullptr ? std::atoi(wanted) : 20;
}
int64_t Events() { return kEventsPerKill * Kills(); }

// A filter, a window, and a query over what the window gives.
constexpr const char* kScript =
    "CREATE STREAM kept AS SELECT k, t, v FROM events WHERE v > 20 INTO 'topic://kept';"
    "CREATE STREAM sums AS SELECT k, COUNT(*) AS n, SUM(v) AS s FROM events GROUP BY k WINDOW "
    "TUMBLING(t, 1s) INTO 'topic://sums';"
    "CREATE STREAM running AS SELECT k, n, SUM(n) OVER (PARTITION BY k) AS so_far FROM topic://sums INTO "
    "'topic://running'";

/// The topic of the second statement must be there before the third is understood.
std::unique_ptr<Engine> OpenWithTopics(const std::string& directory) {
  auto engine = OpenEngine(directory);
  const Schema sums{{{"k", TypeKind::kString}, {"n", TypeKind::kInteger}, {"s", TypeKind::kInteger}}};
  VELO_CHECK(engine->topics()->Create("sums", sums, {}, "", {}).ok());
  return engine;
}

/// Appends what is missing of the events at a walk, and runs the script until everything has come through.
void RunToTheEnd(const std::string& folder) {
  const auto engine = OpenWithTopics(folder + "/data");
  std::atomic<bool> complete{false};
  std::thread appender([&] {
    while (EndOf(*engine, "events") < Events()) {
      const int64_t left = Events() - EndOf(*engine, "events");
      AppendEvents(*engine, std::min<int64_t>(left, 40));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    complete = true;
  });
  SessionOptions options;
  options.run.live = true;
  options.checkpoints = {folder + "/checkpoints", 5};
  ScriptSession session(engine.get(), nullptr, options);
  SilentObserver observer;
  int64_t before = -1;
  int quiet = 0;
  observer.wants_more = [&] {
    const int64_t now = EndOf(*engine, "kept") + EndOf(*engine, "sums") + EndOf(*engine, "running");
    quiet = complete && now == before ? quiet + 1 : 0;
    before = now;
    return quiet < 10;
  };
  const Status status = session.Execute(kScript, &observer);
  appender.join();
  ASSERT_TRUE(status.ok()) << status.ToString();
}

/// This program again, as the process to be killed. Returns its number.
pid_t StartChild(const std::string& folder) {
  setenv(kFolderVariable, folder.c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    const int silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(silence, STDOUT_FILENO);
    execl("/proc/self/exe", "velo_runtime_test", "--gtest_filter=KillNine.*", static_cast<char*>(nullptr));
    _exit(127);
  }
  return child;
}

/// In the process to be killed, this runs in place of the tests.
class Child : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* folder = std::getenv(kFolderVariable);
    if (folder == nullptr) return;
    RunToTheEnd(folder);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
};

const ::testing::Environment* const kChild = ::testing::AddGlobalTestEnvironment(new Child);

/// The file of a checkpoint that is being written, or was when the writer died. Empty: none.
std::filesystem::path Unfinished(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/checkpoints", error)) {
    if (entry.path().extension() == ".unfinished") return entry.path();
  }
  return {};
}

/// Some time after the start; every other time just when a checkpoint is being written, or right after.
void WaitForAMoment(const std::string& folder, int number, std::mt19937* random) {
  if (number % 2 == 0) {
    usleep(80'000 + (*random)() % 250'000);
    return;
  }
  constexpr int kLooks = 20'000;
  for (int look = 0; look < kLooks && Unfinished(folder).empty(); ++look) usleep(50);
  usleep((*random)() % 3 == 0 ? (*random)() % 3'000 : 0);
}

TEST(KillNine, LosesNothingAndDoesNothingTwice) {
  std::string pattern = (std::filesystem::temp_directory_path() / "velo_kill_XXXXXX").string();
  const std::string folder = mkdtemp(pattern.data());
  std::mt19937 random(2026);
  int killed = 0, within = 0, status = 0;
  for (bool over = false; !over;) {
    const pid_t child = StartChild(folder);
    ASSERT_GT(child, 0);
    const bool kills = killed < Kills();
    if (kills) {
      WaitForAMoment(folder, killed++, &random);
      kill(child, SIGKILL);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (const std::filesystem::path left = Unfinished(folder); !left.empty()) {
      ++within;
      std::filesystem::remove(left);
    }
    over = WIFEXITED(status);
  }
  unsetenv(kFolderVariable);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_GE(killed, Kills() / 2);
  EXPECT_GE(within, 1);
  RecordProperty("kills_while_a_checkpoint_was_written", within);
  const auto broken = OpenEngine(folder + "/data");
  EXPECT_EQ(EndOf(*broken, "events"), Events());
  // The same events in one go.
  const auto whole = OpenWithTopics(folder + "/whole");
  AppendEvents(*whole, Events());
  SessionOptions options;
  options.run.live = true;
  ScriptSession session(whole.get(), nullptr, options);
  SilentObserver observer;
  observer.wants_more = [&] {
    for (const char* topic : {"kept", "sums", "running"}) {
      if (EndOf(*whole, topic) < EndOf(*broken, topic)) return true;
    }
    return false;
  };
  std::atomic<bool> late{false};
  const auto started = std::chrono::steady_clock::now();
  const auto wants_more = observer.wants_more;
  observer.wants_more = [&] {
    late = std::chrono::steady_clock::now() - started > std::chrono::seconds(20 + Kills());
    return wants_more() && !late;
  };
  ASSERT_TRUE(session.Execute(kScript, &observer).ok());
  EXPECT_FALSE(late);
  for (const char* topic : {"kept", "sums", "running"}) {
    EXPECT_GT(EndOf(*broken, topic), 0) << topic;
    EXPECT_EQ(Difference(ContentOf(*broken, topic), ContentOf(*whole, topic)), "") << topic;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace velo
