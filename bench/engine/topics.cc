#include "bench/engine/measure.h"
#include "engine/runtime/script_session.h"

// Embedded topic -> query -> embedded topic: everything a statement on a laptop does, the log of the output included.
namespace velo::bench {
namespace {

constexpr int64_t kAppendRows = 8192;

class Quiet : public ScriptObserver {
 public:
  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo&, const Schema&) override { return nullptr; }
};

void Run(Engine* engine, const char* name, const char* sql, int64_t rows) {
  ScriptSession session(engine, nullptr, {});
  Quiet observer;
  const double wall = WallSeconds(), processor = ProcessorSeconds();
  const Status status = session.Execute(sql, &observer);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  VELO_CHECK(status.ok());
  const auto read = static_cast<double>(rows);
  Report(name, {{"rows", read},
                {"rows_per_second", read / (WallSeconds() - wall)},
                {"rows_per_processor_second", read / (ProcessorSeconds() - processor)}});
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
  Run(engine->get(), "E1 topic, filter, topic",
      "CREATE STREAM busy AS SELECT symbol, price, quantity FROM trades WHERE price > 50 INTO 'topic://busy'", rows);
  Run(engine->get(), "E2 topic, tumbling, topic",
      "CREATE STREAM minutes AS SELECT symbol, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS mean FROM trades "
      "GROUP BY symbol WINDOW TUMBLING(ts, 1m) INTO 'topic://minutes'",
      rows);
}

}  // namespace velo::bench
