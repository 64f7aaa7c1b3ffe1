#include "engine/editor/completion.h"

#include <algorithm>

#include "bench/engine/measure.h"

// How long the editor waits for proposals, at every place of a text of 500 lines.
namespace velo::bench {

void MeasureCompletion() {
  Relation trades;
  trades.name = "trades";
  trades.schema = TradeColumns();
  MemoryCatalog catalog;
  catalog.Put(std::move(trades));
  std::string text;
  for (int i = 0; i < 72; ++i) {
    text += fmt::format(
        "CREATE STREAM out_{} AS\nSELECT symbol, COUNT(*) AS n, AVG(price) AS mean\nFROM trades\nWHERE price > {}\n"
        "GROUP BY symbol\nWINDOW TUMBLING(INTERVAL '1' MINUTE)\nEMIT CHANGES;\n",
        i, i);
  }
  std::vector<double> millis;
  for (size_t offset = 0; offset < text.size(); offset += 97) {
    const double before = WallSeconds();
    const auto found = editor::Complete({text, static_cast<int32_t>(offset), &catalog, &BuiltinFunctions()});
    millis.push_back((WallSeconds() - before) * 1000);
  }
  std::sort(millis.begin(), millis.end());
  Report("completion in 504 lines", {{"places", static_cast<double>(millis.size())},
                                     {"p50_ms", millis[millis.size() / 2]},
                                     {"p99_ms", millis[millis.size() * 99 / 100]}});
}

}  // namespace velo::bench
