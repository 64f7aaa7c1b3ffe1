#include "bench/engine/measure.h"

// Rates over records that are in memory already: what the engine itself costs, with one lane and with two.
namespace velo::bench {
namespace {

struct Case {
  const char* name;
  const char* sql;
};

// The first six are the kinds of query for which rates of the original engine were published.
constexpr Case kCases[] = {
    {"rows window",
     "SELECT symbol, AVG(price) OVER (ROWS WINDOW BUFFER 100 ROWS PARTITION BY symbol EXPIRE AFTER NEVER) AS mean FROM "
     "trades"},
    {"filter", "SELECT symbol, price, quantity FROM trades WHERE price > 50 AND quantity > 100"},
    {"tumbling window",
     "SELECT symbol, SUM(quantity) AS q, AVG(price) AS p FROM trades GROUP BY symbol WINDOW TUMBLING(ts, 1m)"},
    {"group by",
     "SELECT symbol, COUNT(*) AS n, SUM(quantity) AS q, AVG(price) AS p FROM trades GROUP BY symbol EMIT FINAL"},
    {"stream-table join",
     "SELECT t.symbol, s.sector, t.quantity * s.lot AS lots FROM trades t JOIN symbols s ON t.symbol = s.symbol"},
    {"interval join",
     "SELECT a.ts, b.ts AS other FROM trades a JOIN others b WITHIN 1s ON a.account = b.account WITH "
     "('event.time.field' = 'ts')"},
    {"group by many", "SELECT account, COUNT(*) AS n, SUM(quantity) AS q FROM trades GROUP BY account EMIT FINAL"},
    {"group by two keys",
     "SELECT symbol, account % 10 AS a, SUM(quantity) AS q FROM trades GROUP BY symbol, account % 10 EMIT FINAL"},
    {"sliding window", "SELECT symbol, SUM(quantity) AS q FROM trades GROUP BY symbol WINDOW SLIDING(ts, 5m, 1m)"},
    {"every change", "SELECT symbol, SUM(quantity) AS q FROM trades GROUP BY symbol EMIT CHANGES"},
};

void Put(MemoryCatalog* catalog, const char* name, Schema schema) {
  Relation relation;
  relation.name = name;
  relation.bounded = true;
  relation.schema = std::move(schema);
  catalog->Put(std::move(relation));
}

}  // namespace

void MeasureInMemory(int64_t rows) {
  MemoryCatalog catalog;
  Put(&catalog, "trades", TradeColumns());
  Put(&catalog, "others", TradeColumns());
  Put(&catalog, "symbols", SymbolColumns());
  const auto trades = MakeTrades(0, rows, 1'000'000);
  const Engine::Inputs inputs{
      {"trades", trades}, {"others", MakeTrades(1, rows, 1'000'000)}, {"symbols", MakeSymbols()}};
  auto engine = Engine::Open({});
  VELO_CHECK(engine.ok());
  for (const Case& one : kCases) {
    const auto query = Prepare(one.sql, &catalog);
    const bool two_inputs = std::string_view(one.name) == "interval join";
    for (int lanes : {1, 2}) {
      const Spent spent = RunOnRows(engine->get(), query, inputs, lanes);
      const auto read = static_cast<double>(two_inputs ? 2 * rows : rows);
      Report(one.name, {{"lanes", lanes},
                        {"rows", read},
                        {"rows_per_second", read / spent.wall},
                        {"rows_per_processor_second", read / spent.processor},
                        {"rows_out", static_cast<double>(spent.rows_out)}});
    }
  }
}

}  // namespace velo::bench
