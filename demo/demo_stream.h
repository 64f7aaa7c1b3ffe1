#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "demo/demo_world.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/topics/topic_store.h"

namespace velo {

enum class DemoMode : uint8_t {
  kOn,      ///< A quarter of an hour of history, then about 200 messages a second.
  kFrozen,  ///< The same messages every time, with a fixed seed and fixed times, and nothing afterwards.
};

struct DemoOptions {
  DemoMode mode = DemoMode::kOn;
  uint64_t seed = 42;
  Clock* clock = nullptr;  ///< Null: the machine's.
};

/// Fills the demo topics of a store. In mode kOn a thread of its own appends ten times a second until Stop or
/// destruction.
class DemoStream {
 public:
  /// First instant of the frozen demo: 2026-02-16T10:15:00Z; it lasts kHistorySeconds.
  static constexpr Timestamp kFrozenStart = 1'771'236'900'000'000;
  static constexpr int64_t kHistorySeconds = 900;

  /// Makes the topics, where need be anew, and their history. `store` must outlive the stream.
  static Result<std::unique_ptr<DemoStream>> Start(TopicStore* store, const DemoOptions& options);
  ~DemoStream();
  void Stop();

 private:
  DemoStream(TopicStore* store, const DemoOptions& options, Timestamp from);
  Status AppendCollected();
  Status FillHistory(Timestamp from, Timestamp to);
  void Run();

  TopicStore* const store_;
  const DemoOptions options_;
  demo::DemoWorld world_;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace velo
