#include "tests/runner/write_parquet.h"

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>

#include "engine/types/arrow_status.h"

namespace velo::testing {

Status WriteParquet(const arrow::RecordBatch& rows, const std::string& path) {
  VELO_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::io::FileOutputStream> file,
                              arrow::io::FileOutputStream::Open(path));
  const auto table = arrow::Table::Make(rows.schema(), rows.columns(), rows.num_rows());
  VELO_RETURN_IF_ARROW_ERROR(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file));
  VELO_RETURN_IF_ARROW_ERROR(file->Close());
  return Status::OK();
}

}  // namespace velo::testing
