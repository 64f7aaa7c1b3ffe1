#include "engine/exec/state_codec.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

#include "engine/types/arrow_status.h"

namespace velo::exec {

namespace {

Status Damaged() {
  return Status::World("STATE_DAMAGED", "the saved state of the query ends too early",
                       "start the query from the beginning of its input");
}

}  // namespace

void PutInteger(int64_t value, std::string* out) { out->append(reinterpret_cast<const char*>(&value), sizeof(value)); }

void PutText(std::string_view text, std::string* out) {
  PutInteger(static_cast<int64_t>(text.size()), out);
  *out += text;
}

void PutIntegers(std::span<const uint32_t> values, std::string* out) {
  PutText({reinterpret_cast<const char*>(values.data()), values.size_bytes()}, out);
}

Status PutBatch(const arrow::RecordBatch& batch, std::string* out) {
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::io::BufferOutputStream> stream,
                              arrow::io::BufferOutputStream::Create());
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer,
                              arrow::ipc::MakeStreamWriter(stream, batch.schema()));
  VELO_RETURN_IF_ARROW_ERROR(writer->WriteRecordBatch(batch));
  VELO_RETURN_IF_ARROW_ERROR(writer->Close());
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> buffer, stream->Finish());
  PutText(std::string_view(*buffer), out);
  return Status::OK();
}

Status PutArrays(const std::vector<std::shared_ptr<arrow::Array>>& arrays, int64_t rows, std::string* out) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < arrays.size(); ++i) fields.push_back(arrow::field(std::to_string(i), arrays[i]->type()));
  return PutBatch(*arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, arrays), out);
}

Result<int64_t> TakeInteger(std::string_view* in) {
  int64_t value = 0;
  if (in->size() < sizeof(value)) return Damaged();
  std::memcpy(&value, in->data(), sizeof(value));
  in->remove_prefix(sizeof(value));
  return value;
}

Result<std::string_view> TakeText(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t size, TakeInteger(in));
  if (size < 0 || static_cast<uint64_t>(size) > in->size()) return Damaged();
  const std::string_view text = in->substr(0, static_cast<size_t>(size));
  in->remove_prefix(static_cast<size_t>(size));
  return text;
}

Result<std::vector<uint32_t>> TakeIntegers(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const std::string_view text, TakeText(in));
  std::vector<uint32_t> values(text.size() / sizeof(uint32_t));
  if (!values.empty()) std::memcpy(values.data(), text.data(), values.size() * sizeof(uint32_t));
  return values;
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeBatch(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const std::string_view text, TakeText(in));
  // The batch must not depend on the caller's bytes.
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(text)));
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader,
                              arrow::ipc::RecordBatchStreamReader::Open(source));
  std::shared_ptr<arrow::RecordBatch> batch;
  VELO_RETURN_IF_ARROW_ERROR(reader->ReadNext(&batch));
  if (batch == nullptr) return Damaged();
  return batch;
}

Status PutBatches(std::span<const Batch> batches, std::string* out) {
  PutInteger(static_cast<int64_t>(batches.size()), out);
  for (const Batch& batch : batches) {
    VELO_RETURN_IF_ERROR(PutBatch(*batch.columns, out));
    PutText({reinterpret_cast<const char*>(batch.kinds.data()), batch.kinds.size()}, out);
  }
  return Status::OK();
}

Result<std::vector<Batch>> TakeBatches(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t count, TakeInteger(in));
  std::vector<Batch> batches;
  for (int64_t i = 0; i < count; ++i) {
    Batch batch;
    VELO_ASSIGN_OR_RETURN(batch.columns, TakeBatch(in));
    VELO_ASSIGN_OR_RETURN(const std::string_view kinds, TakeText(in));
    for (char kind : kinds) batch.kinds.push_back(static_cast<RowKind>(kind));
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace velo::exec
