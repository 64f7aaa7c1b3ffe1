#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>

#include "engine/formats/columnar_format.h"
#include "engine/formats/columnar_rows.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// Reads the batches of an Arrow file in order.
class ArrowFileBatches : public arrow::RecordBatchReader {
 public:
  explicit ArrowFileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_ >= file_->num_record_batches()) return arrow::Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

/// Arrow's two file forms behind one interface.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrow(const InputFile& file) {
  VELO_RETURN_IF_ERROR(CheckNotCompressed(file));
  VELO_ASSIGN_OR_RETURN_ARROW(auto input, arrow::io::ReadableFile::Open(file.path));
  arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> opened =
      arrow::ipc::RecordBatchFileReader::Open(input);
  if (opened.ok()) return std::shared_ptr<arrow::RecordBatchReader>(std::make_shared<ArrowFileBatches>(*opened));
  VELO_RETURN_IF_ARROW_ERROR(input->Seek(0));
  auto stream = arrow::ipc::RecordBatchStreamReader::Open(input);
  if (!stream.ok()) return DamagedColumns(file.path, "Arrow", stream.status().message());
  return std::shared_ptr<arrow::RecordBatchReader>(*stream);
}

class ArrowFormat : public Format {
 public:
  std::string_view name() const override { return "arrow"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    VELO_ASSIGN_OR_RETURN(auto reader, OpenArrow(file));
    return InferColumns(*reader->schema());
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    VELO_ASSIGN_OR_RETURN(auto reader, OpenArrow(piece.file));
    return MakeColumnarReader({.path = piece.file.path,
                               .what = "Arrow",
                               .options = options,
                               .rows = std::move(reader),
                               .bytes = piece.file.size});
  }

  Result<std::vector<FilePiece>> Split(const InputFile& file, int) const override {
    return std::vector<FilePiece>{{file, 0, -1}};
  }
};

}  // namespace

std::unique_ptr<Format> MakeArrowFormat() { return std::make_unique<ArrowFormat>(); }

}  // namespace velo::formats
