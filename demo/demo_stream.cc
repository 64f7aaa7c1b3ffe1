#include "demo/demo_stream.h"

#include <chrono>

namespace velo {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kHistoryStepSeconds = 60;
constexpr std::chrono::milliseconds kAppendEvery{100};
constexpr int kAppendsPerRetention = 300;

TopicOptions OptionsFor(DemoMode mode, const demo::DemoTopic& topic) {
  TopicOptions options;
  options.partitions = topic.partitions;
  // The frozen messages are of a fixed day, so they must not grow too old.
  if (mode == DemoMode::kFrozen) options.retention_ms = -1;
  return options;
}

/// Makes the topic ready and answers the arrival time of its newest message, 0 when it is empty.
Result<Timestamp> PrepareTopic(TopicStore* store, const demo::DemoTopic& topic, DemoMode mode) {
  const TopicOptions options = OptionsFor(mode, topic);
  if (Result<TopicInfo> present = store->Describe(topic.name); present.ok()) {
    const bool same = present->schema == topic.schema && present->options.partitions == options.partitions &&
                      present->options.retention_ms == options.retention_ms;
    if (same && mode == DemoMode::kOn) {
      Timestamp latest = 0;
      for (const TopicPartitionInfo& partition : present->partitions) {
        latest = std::max(latest, partition.latest_timestamp);
      }
      return latest;
    }
    VELO_RETURN_IF_ERROR(store->Delete(topic.name));
  }
  VELO_RETURN_IF_ERROR(store->Create(topic.name, topic.schema, options, "timestamp", {topic.key_column}));
  return 0;
}

}  // namespace

DemoStream::DemoStream(TopicStore* store, const DemoOptions& options, Timestamp from)
    : store_(store), options_(options), world_(options.seed, from) {}

DemoStream::~DemoStream() { Stop(); }

Result<std::unique_ptr<DemoStream>> DemoStream::Start(TopicStore* store, const DemoOptions& given) {
  DemoOptions options = given;
  if (options.clock == nullptr) options.clock = &SystemClock();
  const bool frozen = options.mode == DemoMode::kFrozen;
  const Timestamp to = frozen ? kFrozenStart + kHistorySeconds * kMicrosPerSecond : options.clock->Now();
  Timestamp from = to - kHistorySeconds * kMicrosPerSecond;
  for (const demo::DemoTopic& topic : demo::DemoTopics()) {
    VELO_ASSIGN_OR_RETURN(Timestamp latest, PrepareTopic(store, topic, options.mode));
    from = std::max(from, std::min(latest + 1, to));
  }
  // After a restart every number is drawn anew; the start decides, so that no two runs repeat each other's messages.
  if (!frozen) options.seed ^= static_cast<uint64_t>(from);
  std::unique_ptr<DemoStream> stream(new DemoStream(store, options, from));
  VELO_RETURN_IF_ERROR(stream->FillHistory(from, to));
  if (!frozen) stream->thread_ = std::thread([raw = stream.get()] { raw->Run(); });
  return stream;
}

Status DemoStream::FillHistory(Timestamp from, Timestamp to) {
  for (Timestamp at = from; at < to;) {
    at = std::min(to, at + kHistoryStepSeconds * kMicrosPerSecond);
    world_.AdvanceTo(at);
    VELO_RETURN_IF_ERROR(AppendCollected());
  }
  return Status::OK();
}

Status DemoStream::AppendCollected() {
  for (demo::TopicRows& rows : world_.rows()) {
    if (rows.empty()) continue;
    VELO_ASSIGN_OR_RETURN(auto parts, rows.Take());
    for (const auto& [partition, part] : parts) {
      Result<int64_t> offset = store_->Append(rows.topic().name, partition, part);
      if (!offset.ok()) return offset.status();
    }
  }
  return Status::OK();
}

void DemoStream::Run() {
  int appends = 0;
  Timestamp done = options_.clock->Now();
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_for(lock, kAppendEvery, [this] { return stopping_; })) {
    const Timestamp now = options_.clock->Now();
    // A topic that someone deleted, or a full disk, ends the demo but nothing else.
    if (!FillHistory(done, now).ok()) return;
    done = std::max(done, now);
    if (++appends % kAppendsPerRetention == 0 && !store_->ApplyRetention().ok()) return;
  }
}

void DemoStream::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace velo
