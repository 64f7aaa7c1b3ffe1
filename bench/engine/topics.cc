#include "bench/engine/measure.h"
#include "engine/runtime/script_session.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <fmt/format.h>

// Embedded topic -> query -> embedded topic: everything a statement on a laptop does, the log of the output included.
namespace velo::bench {
namespace {

constexpr int64_t kAppendRows = 8192;

class Quiet : public ScriptObserver {
 public:
  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo&, const Schema&) override { return nullptr; }
};

/// Runs a statement to its end, with checkpoints every so many milliseconds (0: without).
void Run(Engine* engine, const std::string& name, const std::string& sql, int64_t rows, int64_t interval_ms) {
  // The store is still busy with putting away what came before, which is not this statement's doing.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const ScratchFolder folder;
  SessionOptions options;
  if (interval_ms > 0) options.checkpoints = {folder.path(), interval_ms};
  ScriptSession session(engine, nullptr, options);
  Quiet observer;
  const double wall = WallSeconds(), processor = ProcessorSeconds();
  const Status status = session.Execute(sql, &observer);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  VELO_CHECK(status.ok());
  const auto read = static_cast<double>(rows);
  const double seconds = WallSeconds() - wall, processor_seconds = ProcessorSeconds() - processor;
  const CheckpointFigures checkpoints = session.checkpoint_figures();
  if (interval_ms == 0) {
    Report(
        name,
        {{"rows", read}, {"rows_per_second", read / seconds}, {"rows_per_processor_second", read / processor_seconds}});
    return;
  }
  const auto each = static_cast<double>(std::max<int64_t>(1, checkpoints.taken)) * 1e3;
  Report(fmt::format("{}, checkpoints every {} ms", name, interval_ms),
         {{"rows", read},
          {"rows_per_second", read / seconds},
          {"rows_per_processor_second", read / processor_seconds},
          {"checkpoints", static_cast<double>(checkpoints.taken)},
          {"checkpoint_bytes", static_cast<double>(checkpoints.largest_bytes)},
          {"milliseconds_per_checkpoint", static_cast<double>(checkpoints.total_micros) / each},
          {"milliseconds_stopped_per_checkpoint", static_cast<double>(checkpoints.total_stop_micros) / each}});
}

}  // namespace

void MeasureTopics(int64_t rows) {
  ScratchFolder folder;
  EngineOptions options;
  ConnectorRegistry connectors;
  options.data_dir = folder.path();
  options.connectors = &connectors;
  auto engine = Engine::Open(options);
  VELO_CHECK(engine.ok());
  TopicStore* topics = (*engine)->topics();
  TopicOptions kept;
  kept.retention_bytes = int64_t{16} << 30;
  VELO_CHECK(topics->Create("trades", TradeColumns(), kept, "ts", {"symbol"}).ok());
  const double started = WallSeconds();
  for (int64_t first = 0; first < rows; first += kAppendRows) {
    TopicAppend append;
    append.columns = MakeTrades(first, std::min(kAppendRows, rows - first), 1'000'000);
    VELO_CHECK(topics->Append("trades", 0, append).ok());
  }
  Report("append to a topic", {{"rows", static_cast<double>(rows)},
                               {"rows_per_second", static_cast<double>(rows) / (WallSeconds() - started)}});
  for (const int64_t interval_ms : {0, 1000, 100}) {
    // Each into a topic of its own, so that they do the same.
    Run(engine->get(), "E1 topic, filter, topic",
        fmt::format("CREATE STREAM busy AS SELECT symbol, price, quantity FROM trades WHERE price > 50 INTO "
                    "'topic://busy_{}'",
                    interval_ms),
        rows, interval_ms);
    Run(engine->get(), "E2 topic, tumbling, topic",
        fmt::format("CREATE STREAM minutes AS SELECT symbol, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS "
                    "mean FROM trades GROUP BY symbol WINDOW TUMBLING(ts, 1m) INTO 'topic://minutes_{}'",
                    interval_ms),
        rows, interval_ms);
  }
  for (const int64_t interval_ms : {0, 1000}) {
    Run(engine->get(), "topic, a million groups, topic",
        fmt::format("CREATE STREAM accounts AS SELECT account, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS "
                    "mean FROM trades GROUP BY account WINDOW TUMBLING(ts, 30d) INTO 'topic://accounts_{}'",
                    interval_ms),
        rows, interval_ms);
  }
}

}  // namespace velo::bench
