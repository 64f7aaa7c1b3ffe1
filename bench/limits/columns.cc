// velo_limit_columns FILE COLUMN...: seconds to decode columns of a Parquet file with Arrow in two threads and do
// nothing with them.

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 2;

std::unique_ptr<parquet::arrow::FileReader> Open(const char* path) {
  auto file = arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ);
  if (!file.ok()) return nullptr;
  parquet::arrow::FileReaderBuilder builder;
  if (!builder.Open(*file).ok()) return nullptr;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  return builder.Build(&reader).ok() ? std::move(reader) : nullptr;
}

// Decodes every row group that no other thread has taken.
int64_t Decode(const char* path, const std::vector<std::string>& names, std::atomic<int>* next) {
  auto reader = Open(path);
  if (reader == nullptr) std::exit(1);
  const auto* schema = reader->parquet_reader()->metadata()->schema();
  std::vector<int> columns;
  for (const std::string& name : names) columns.push_back(schema->ColumnIndex(name));
  int64_t rows = 0;
  for (int group = (*next)++; group < reader->num_row_groups(); group = (*next)++) {
    auto batches = reader->GetRecordBatchReader({group}, columns);
    if (!batches.ok()) std::exit(1);
    std::shared_ptr<arrow::RecordBatch> batch;
    while ((*batches)->ReadNext(&batch).ok() && batch != nullptr) rows += batch->num_rows();
  }
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::vector<std::string> names(argv + 2, argv + argc);
  const auto started = std::chrono::steady_clock::now();
  std::atomic<int> next{0};
  std::atomic<int64_t> rows{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { rows += Decode(argv[1], names, &next); });
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("{\"rows\": %lld, \"seconds\": %.6f}\n", static_cast<long long>(rows.load()), seconds);
  return 0;
}
