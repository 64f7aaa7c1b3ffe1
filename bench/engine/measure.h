#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"

// What the programs of this folder share: rows to run on, the time they take, and one line of JSON per figure.
namespace velo::bench {

/// Processor time of this process so far, user and system, in seconds: holds on a busy machine too.
double ProcessorSeconds();
/// Time that only goes forward, in seconds.
double WallSeconds();
/// Memory of this process that is in RAM now, in bytes.
int64_t ResidentBytes();

/// Prints {"measure": name, key: value, ...} on one line.
void Report(std::string_view name, std::initializer_list<std::pair<const char*, double>> figures);

/// Counts rows and forgets them.
class Discard : public ResultReceiver {
 public:
  void OnRows(const Batch& batch) override { rows += batch.num_rows(); }
  void OnFinished(const Status&) override {}
  int64_t rows = 0;
};

/// Seconds of one run.
struct Spent {
  double wall = 0;
  double processor = 0;
  int64_t rows_out = 0;
};

/// Columns of the made rows: symbol STRING (50 of them), account INTEGER, quantity INTEGER, price FLOAT, ts INTEGER
/// (milliseconds, one per row), sent INTEGER (microseconds; 0).
Schema TradeColumns();
/// The same rows for the same arguments; `ts` and `account` go on from `first`. `accounts`: how many different ones.
std::shared_ptr<arrow::RecordBatch> MakeTrades(int64_t first, int64_t rows, int64_t accounts);
/// One row per symbol: symbol STRING, sector STRING, lot INTEGER.
Schema SymbolColumns();
std::shared_ptr<arrow::RecordBatch> MakeSymbols();

/// Ends the program with the diagnostics when the text is wrong: the texts of this folder are fixed.
std::shared_ptr<const PreparedQuery> Prepare(std::string_view sql, Catalog* catalog);
/// Runs a query over rows in memory to its end.
Spent RunOnRows(Engine* engine, const std::shared_ptr<const PreparedQuery>& query, const Engine::Inputs& inputs,
                int lanes);

/// A folder for the topics of one measurement; removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The parts of the program, each in the file of its name.
void MeasureInMemory(int64_t rows);
void MeasureTopics(int64_t rows);
void MeasureLatency(int seconds);
void MeasureJobs(int64_t rows);
void MeasureFootprint();
void MeasureCompletion();

}  // namespace velo::bench
