#pragma once

#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/script_session.h"
#include "engine/types/value_text.h"

// What the tests of checkpoints share: made-up events, topics of them, and the whole content of a topic as text.
namespace velo {

inline Schema EventColumns() {
  return Schema{{{"k", TypeKind::kString}, {"t", TypeKind::kInteger}, {"v", TypeKind::kInteger}}};
}

/// 2100: retention takes nothing away.
constexpr int64_t kFirstTime = 4'102'444'800'000;

/// Rows `first` ... of an endless stream: the same for the same number. Times ascend: what is late depends on the
/// borders of batches, which differ from run to run.
inline std::shared_ptr<arrow::RecordBatch> EventRows(int64_t first, int64_t count) {
  arrow::StringBuilder keys;
  arrow::Int64Builder times, values;
  for (int64_t i = first; i < first + count; ++i) {
    const uint64_t mixed = static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15ULL >> 33;
    const bool added = (mixed % 13 == 0 ? keys.AppendNull() : keys.Append(std::string(1, 'a' + mixed % 5))).ok() &&
                       times.Append(kFirstTime + i * 10).ok() && values.Append(static_cast<int64_t>(mixed % 101)).ok();
    if (!added) return nullptr;
  }
  return arrow::RecordBatch::Make(EventColumns().ToArrow(), count, {*keys.Finish(), *times.Finish(), *values.Finish()});
}

inline int64_t EndOf(Engine& engine, const std::string& topic) {
  int64_t messages = 0;
  const auto info = engine.topics()->Describe(topic);
  if (!info.ok()) return 0;
  for (const TopicPartitionInfo& partition : info->partitions) messages += partition.high_offset;
  return messages;
}

inline void AppendEvents(Engine& engine, int64_t count) {
  TopicAppend append;
  append.columns = EventRows(EndOf(engine, "events"), count);
  VELO_CHECK(engine.topics()->Append("events", 0, append).ok());
}

/// All messages of one partition, with their keys and offsets, as JSON.
inline std::vector<std::string> ContentOf(Engine& engine, const std::string& topic) {
  std::vector<std::string> lines;
  const auto info = engine.topics()->Describe(topic);
  if (!info.ok()) return lines;
  ReadOptions read;
  for (const Column& column : info->schema.columns) read.columns.push_back(column.name);
  read.columns.insert(read.columns.end(), {"_key", "_offset", "_partition"});
  auto source = engine.topics()->OpenSource(topic);
  auto readers = (*source)->OpenReaders(read);
  for (const auto& reader : *readers) {
    for (auto outcome = reader->Read(); outcome.ok() && outcome->state == ReadOutcome::State::kRows;
         outcome = reader->Read()) {
      for (int64_t row = 0; row < outcome->batch.num_rows(); ++row) {
        AppendJsonRow(*outcome->batch.columns, row, JsonStyle::kExact, &lines.emplace_back());
      }
    }
  }
  return lines;
}

/// Empty when both are the same; else the first difference.
inline std::string Difference(const std::vector<std::string>& found, const std::vector<std::string>& wanted) {
  for (size_t i = 0; i < std::max(found.size(), wanted.size()); ++i) {
    const std::string one = i < found.size() ? found[i] : "(end)", other = i < wanted.size() ? wanted[i] : "(end)";
    if (one != other) return fmt::format("message {}: {} instead of {}", i, one, other);
  }
  return "";
}

inline std::unique_ptr<Engine> OpenEngine(const std::string& directory) {
  EngineOptions options;
  options.data_dir = directory;
  options.workers = 2;
  auto engine = Engine::Open(options);
  VELO_CHECK(engine.ok());
  const Status made = (*engine)->topics()->Create("events", EventColumns(), {}, "t", {});
  VELO_CHECK(made.ok());
  return engine.TakeValue();
}

/// Waits until `holds`, at most ten seconds.
inline bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 5'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return holds();
}

/// Prints nothing, stops when told to.
class SilentObserver : public ScriptObserver {
 public:
  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo&, const Schema&) override { return nullptr; }
  void OnNotice(const std::string& text) override { notices.push_back(text); }
  void OnStatement(const StatementOutcome& outcome) override { messages.push_back(outcome.message); }
  bool WantsMore() override { return !wants_more || wants_more(); }

  std::function<bool()> wants_more;
  std::vector<std::string> notices, messages;
};

}  // namespace velo
