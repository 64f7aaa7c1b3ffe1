#include "bench/engine/measure.h"

#include <algorithm>

// Fifty small jobs beside one job over the same rows, and what a million groups weigh.
namespace velo::bench {
namespace {

constexpr int kJobs = 50;
constexpr const char* kQuery =
    "SELECT symbol, COUNT(*) AS n, SUM(quantity) AS q, AVG(price) AS p FROM trades GROUP BY symbol WINDOW TUMBLING(ts, "
    "1m)";

// Processor seconds of running every input as a job of its own, all at once.
double RunTogether(Engine* engine, const std::shared_ptr<const PreparedQuery>& query,
                   const std::vector<std::shared_ptr<arrow::RecordBatch>>& inputs) {
  const double before = ProcessorSeconds();
  std::vector<std::shared_ptr<Job>> jobs;
  for (const auto& rows : inputs) {
    auto job = engine->StartOnRows(query, {{"trades", rows}}, {}, std::make_shared<Discard>());
    VELO_CHECK(job.ok());
    jobs.push_back(*job);
  }
  for (const auto& job : jobs) VELO_CHECK(job->WaitFor(600'000) && job->result().ok());
  return ProcessorSeconds() - before;
}

MemoryCatalog Trades() {
  Relation trades;
  trades.name = "trades";
  trades.bounded = true;
  trades.schema = TradeColumns();
  MemoryCatalog catalog;
  catalog.Put(std::move(trades));
  return catalog;
}

}  // namespace

void MeasureJobs(int64_t rows) {
  MemoryCatalog catalog = Trades();
  auto engine = Engine::Open({});
  VELO_CHECK(engine.ok());
  const auto query = Prepare(kQuery, &catalog);
  const auto all = MakeTrades(0, rows, 1'000'000);
  std::vector<std::shared_ptr<arrow::RecordBatch>> parts;
  for (int64_t i = 0; i < kJobs; ++i) parts.push_back(all->Slice(i * (rows / kJobs), rows / kJobs));
  // The first run of each finds its memory cold.
  double one = RunTogether(engine->get(), query, {all}), many = RunTogether(engine->get(), query, parts);
  for (int i = 0; i < 3; ++i) {
    one = std::min(one, RunTogether(engine->get(), query, {all}));
    many = std::min(many, RunTogether(engine->get(), query, parts));
  }
  Report("fifty jobs beside one, each the best of four", {{"rows", static_cast<double>(rows)},
                                                          {"one_job_processor_seconds", one},
                                                          {"fifty_jobs_processor_seconds", many},
                                                          {"ratio", many / one}});
}

void MeasureFootprint() {
  MemoryCatalog catalog = Trades();
  auto engine = Engine::Open({});
  VELO_CHECK(engine.ok());
  const auto query =
      Prepare("SELECT account, COUNT(*) AS n, SUM(quantity) AS q FROM trades GROUP BY account", &catalog);
  constexpr int64_t kRows = 8'000'000, kKeys = 1'000'000;
  const auto rows = MakeTrades(0, kRows, kKeys);
  // The job is held open by its receiver's rows: what it keeps is asked for just before its end.
  class Weigh : public Discard {
   public:
    void OnRows(const Batch& batch) override {
      if (peak == 0) peak = ResidentBytes();
      Discard::OnRows(batch);
    }
    int64_t peak = 0;
  };
  const int64_t before = ResidentBytes();
  auto receiver = std::make_shared<Weigh>();
  RunOptions options;
  options.coalesce_changes = true;
  options.lanes = 1;
  auto job = (*engine)->StartOnRows(query, {{"trades", rows}}, options, receiver);
  VELO_CHECK(job.ok() && (*job)->WaitFor(600'000) && (*job)->result().ok());
  Report("a million groups", {{"state_bytes", static_cast<double>((*job)->metrics().state_bytes)},
                              {"resident_bytes", static_cast<double>(ResidentBytes() - before)}});
}

}  // namespace velo::bench
