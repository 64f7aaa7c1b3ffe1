// velo_group_by_bench [ROWS]: rows per second of GROUP BY over rows in memory, with one and two lanes.

#include <cstdio>
#include <random>

#include "engine/plan/prepared_query.h"
#include "engine/runtime/engine.h"

namespace velo {
namespace {

class Discard : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override { rows += batch.num_rows(); }
  void OnFinished(const Status&) override {}
  int64_t rows = 0;
};

struct Case {
  const char* sql;
  bool coalesce;
};

constexpr Case kCases[] = {
    {"SELECT symbol, COUNT(*) AS n, SUM(qty) AS q, AVG(price) AS p FROM trades GROUP BY symbol EMIT FINAL", false},
    {"SELECT account, COUNT(*) AS n, SUM(qty) AS q FROM trades GROUP BY account EMIT FINAL", false},
    {"SELECT symbol, account % 10 AS a, SUM(qty) AS q FROM trades GROUP BY symbol, account % 10 EMIT FINAL", false},
    {"SELECT symbol, SUM(qty) AS q FROM trades GROUP BY symbol WINDOW TUMBLING(ts, 1m)", false},
    {"SELECT symbol, SUM(qty) AS q FROM trades GROUP BY symbol WINDOW SLIDING(ts, 5m, 1m)", false},
    {"SELECT symbol, SUM(qty) AS q FROM trades WHERE price > 50 GROUP BY symbol EMIT FINAL", false},
    {"SELECT symbol, SUM(qty) AS q FROM trades GROUP BY symbol EMIT CHANGES", false},
};

std::shared_ptr<arrow::RecordBatch> MakeRows(const Schema& schema, int64_t rows) {
  std::mt19937_64 random(42);
  arrow::StringBuilder symbols;
  arrow::Int64Builder accounts, quantities, times;
  arrow::DoubleBuilder prices;
  for (int64_t i = 0; i < rows; ++i) {
    const uint64_t draw = random();
    const bool added = symbols.Append("SYM" + std::to_string(draw % 50)).ok() &&
                       accounts.Append(static_cast<int64_t>(draw >> 8) % 1'000'000).ok() &&
                       quantities.Append(static_cast<int64_t>(draw % 1000)).ok() &&
                       prices.Append(static_cast<double>(draw % 10000) / 100).ok() && times.Append(i).ok();
    VELO_CHECK(added);
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), rows,
                                  arrow::ArrayVector{*symbols.Finish(), *accounts.Finish(), *quantities.Finish(),
                                                     *prices.Finish(), *times.Finish()});
}

void Measure(Engine* engine, Catalog* catalog, const Engine::Inputs& inputs, const Case& one, int lanes) {
  Diagnostics diagnostics;
  const ScriptReport report = AnalyseScript(one.sql, catalog, BuiltinFunctions(), &diagnostics);
  VELO_CHECK(!diagnostics.has_errors());
  RunOptions options;
  options.lanes = lanes;
  options.coalesce_changes = one.coalesce;
  auto receiver = std::make_shared<Discard>();
  const Timestamp before = SystemClock().Now();
  auto job = engine->StartOnRows(report.statements[0].prepared, inputs, options, receiver);
  VELO_CHECK(job.ok() && (*job)->WaitFor(600'000) && (*job)->result().ok());
  const double seconds = static_cast<double>(SystemClock().Now() - before) / 1e6;
  const auto rows = static_cast<double>(inputs[0].second->num_rows());
  fmt::print("{:>8.2f} M rows/s  {} lane{}  {:>9} rows out  {}\n", rows / seconds / 1e6, lanes, lanes == 1 ? " " : "s",
             receiver->rows, one.sql);
}

int Main(int64_t rows) {
  MemoryCatalog catalog;
  Relation trades;
  trades.name = "trades";
  trades.bounded = true;
  trades.schema.columns = {{"symbol", TypeKind::kString}, {"account", TypeKind::kInteger},
                           {"qty", TypeKind::kInteger}, {"price", TypeKind::kFloat}, {"ts", TypeKind::kInteger}};
  const Engine::Inputs inputs{{"trades", MakeRows(trades.schema, rows)}};
  catalog.Put(std::move(trades));
  auto engine = Engine::Open({});
  VELO_CHECK(engine.ok());
  for (const Case& one : kCases) {
    for (int lanes : {1, 2}) Measure(engine->get(), &catalog, inputs, one, lanes);
  }
  return 0;
}

}  // namespace
}  // namespace velo

int main(int argc, char** argv) { return velo::Main(argc > 1 ? std::atoll(argv[1]) : 10'000'000); }
