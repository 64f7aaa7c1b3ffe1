#include "bench/engine/measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace velo::bench {

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t ResidentBytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void Report(std::string_view name, std::initializer_list<std::pair<const char*, double>> figures) {
  std::string line = fmt::format("{{\"measure\": \"{}\"", name);
  for (const auto& [key, value] : figures) line += fmt::format(", \"{}\": {:.6g}", key, value);
  std::printf("%s}\n", line.c_str());
  std::fflush(stdout);
}

Schema TradeColumns() {
  Schema schema;
  schema.columns = {{"symbol", TypeKind::kString}, {"account", TypeKind::kInteger}, {"quantity", TypeKind::kInteger},
                    {"price", TypeKind::kFloat},   {"ts", TypeKind::kInteger},      {"sent", TypeKind::kInteger}};
  return schema;
}

std::shared_ptr<arrow::RecordBatch> MakeTrades(int64_t first, int64_t rows, int64_t accounts) {
  std::mt19937_64 random(static_cast<uint64_t>(first) + 42);
  arrow::StringBuilder symbols;
  arrow::Int64Builder account_ids, quantities, times, sent;
  arrow::DoubleBuilder prices;
  for (int64_t i = first; i < first + rows; ++i) {
    const uint64_t draw = random();
    const bool added = symbols.Append(fmt::format("SYM{}", draw % 50)).ok() &&
                       account_ids.Append(static_cast<int64_t>(draw >> 8) % accounts).ok() &&
                       quantities.Append(static_cast<int64_t>(draw % 1000)).ok() &&
                       prices.Append(static_cast<double>(draw % 10000) / 100).ok() && times.Append(i).ok() &&
                       sent.Append(0).ok();
    VELO_CHECK(added);
  }
  return arrow::RecordBatch::Make(TradeColumns().ToArrow(), rows,
                                  arrow::ArrayVector{*symbols.Finish(), *account_ids.Finish(), *quantities.Finish(),
                                                     *prices.Finish(), *times.Finish(), *sent.Finish()});
}

Schema SymbolColumns() {
  Schema schema;
  schema.columns = {{"symbol", TypeKind::kString}, {"sector", TypeKind::kString}, {"lot", TypeKind::kInteger}};
  return schema;
}

std::shared_ptr<arrow::RecordBatch> MakeSymbols() {
  constexpr const char* kSectors[] = {"tech", "energy", "health", "retail"};
  arrow::StringBuilder symbols, sectors;
  arrow::Int64Builder lots;
  for (int i = 0; i < 50; ++i) {
    const bool added = symbols.Append(fmt::format("SYM{}", i)).ok() && sectors.Append(kSectors[i % 4]).ok() &&
                       lots.Append(1 + i % 7).ok();
    VELO_CHECK(added);
  }
  return arrow::RecordBatch::Make(SymbolColumns().ToArrow(), 50,
                                  arrow::ArrayVector{*symbols.Finish(), *sectors.Finish(), *lots.Finish()});
}

std::shared_ptr<const PreparedQuery> Prepare(std::string_view sql, Catalog* catalog) {
  Diagnostics diagnostics;
  const ScriptReport report = AnalyseScript(sql, catalog, BuiltinFunctions(), &diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    if (diagnostic.severity == Severity::kError)
      std::fprintf(stderr, "%s: %s\n", std::string(sql).c_str(), diagnostic.message.c_str());
  }
  VELO_CHECK(!diagnostics.has_errors());
  return report.statements[0].prepared;
}

Spent RunOnRows(Engine* engine, const std::shared_ptr<const PreparedQuery>& query, const Engine::Inputs& inputs,
                int lanes) {
  RunOptions options;
  options.lanes = lanes;
  auto receiver = std::make_shared<Discard>();
  const double wall = WallSeconds(), processor = ProcessorSeconds();
  auto job = engine->StartOnRows(query, inputs, options, receiver);
  VELO_CHECK(job.ok() && (*job)->WaitFor(600'000) && (*job)->result().ok());
  return {WallSeconds() - wall, ProcessorSeconds() - processor, receiver->rows};
}

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "velo_bench_XXXXXX").string();
  VELO_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace velo::bench
