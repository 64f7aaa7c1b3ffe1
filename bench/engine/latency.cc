#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "bench/engine/measure.h"

// How long a row takes from the append to its topic until a running query has given it out, at two rates.
namespace velo::bench {
namespace {

constexpr int kTicksPerSecond = 200;

// Collects now - sent of every row.
class Stopwatch : public ResultReceiver {
 public:
  explicit Stopwatch(int column) : column_(column) {}
  void OnRows(const Batch& batch) override {
    const Timestamp now = SystemClock().Now();
    const auto& sent = static_cast<const arrow::Int64Array&>(*batch.columns->column(column_));
    std::lock_guard lock(mutex_);
    for (int64_t i = 0; i < sent.length(); ++i) micros_.push_back(now - sent.Value(i));
  }
  void OnFinished(const Status&) override {}
  std::vector<int64_t> Sorted() {
    std::lock_guard lock(mutex_);
    std::sort(micros_.begin(), micros_.end());
    return micros_;
  }

 private:
  const int column_;
  std::mutex mutex_;
  std::vector<int64_t> micros_;
};

std::shared_ptr<arrow::RecordBatch> Stamped(const std::shared_ptr<arrow::RecordBatch>& rows, Timestamp now) {
  arrow::Int64Builder sent;
  for (int64_t i = 0; i < rows->num_rows(); ++i) VELO_CHECK(sent.Append(now).ok());
  return *rows->SetColumn(5, rows->schema()->field(5), *sent.Finish());
}

void MeasureRate(Engine* engine, const std::string& topic, int rate, int seconds) {
  TopicStore* topics = engine->topics();
  VELO_CHECK(topics->Create(topic, TradeColumns(), {}, "ts", {"symbol"}).ok());
  const auto query = Prepare(fmt::format("SELECT symbol, price, sent FROM {} WHERE quantity >= 0 EMIT CHANGES", topic),
                             &engine->catalog());
  RunOptions options;
  options.live = true;
  auto receiver = std::make_shared<Stopwatch>(2);
  auto job = engine->Start(query, options, receiver);
  VELO_CHECK(job.ok());
  const double processor = ProcessorSeconds();
  const int64_t per_tick = rate / kTicksPerSecond;
  auto next = std::chrono::steady_clock::now();
  for (int tick = 0; tick < seconds * kTicksPerSecond; ++tick) {
    const auto rows = MakeTrades(tick * per_tick, per_tick, 1000);
    next += std::chrono::microseconds(1'000'000 / kTicksPerSecond);
    std::this_thread::sleep_until(next);
    TopicAppend append;
    append.columns = Stamped(rows, SystemClock().Now());
    VELO_CHECK(topics->Append(topic, 0, append).ok());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  (*job)->Cancel();
  VELO_CHECK((*job)->WaitFor(10'000));
  const std::vector<int64_t> micros = receiver->Sorted();
  VELO_CHECK(!micros.empty());
  const auto at = [&](double share) {
    return static_cast<double>(micros[static_cast<size_t>(share * (micros.size() - 1))]) / 1000;
  };
  Report(fmt::format("topic to receiver, {} rows/s", rate),
         {{"rows", static_cast<double>(micros.size())},
          {"p50_ms", at(0.5)},
          {"p99_ms", at(0.99)},
          {"max_ms", at(1)},
          {"processor_share", (ProcessorSeconds() - processor) / seconds}});
}

}  // namespace

void MeasureLatency(int seconds) {
  ScratchFolder folder;
  EngineOptions options;
  ConnectorRegistry connectors;
  options.data_dir = folder.path();
  options.connectors = &connectors;
  auto engine = Engine::Open(options);
  VELO_CHECK(engine.ok());
  MeasureRate(engine->get(), "slow", 1'000, seconds);
  MeasureRate(engine->get(), "fast", 50'000, seconds);
}

}  // namespace velo::bench
