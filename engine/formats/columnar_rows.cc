#include "engine/formats/columnar_rows.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"

namespace velo::formats {
namespace {

class ColumnarReader : public RecordReader {
 public:
  explicit ColumnarReader(ColumnarPiece piece) : piece_(std::move(piece)) {}

  Result<DecodedRows> Read(int64_t max_rows) override {
    DecodedRows decoded;
    while (batch_ == nullptr || at_ >= batch_->num_rows()) {
      VELO_ASSIGN_OR_RETURN(bool more, NextBatch());
      if (!more) return decoded;
    }
    const auto slice = batch_->Slice(at_, max_rows);
    decoded.first_record = piece_.first_record + passed_;
    at_ += slice->num_rows();
    passed_ += slice->num_rows();
    VELO_ASSIGN_OR_RETURN(decoded.rows, Conform(*slice, piece_.options));
    return decoded;
  }

  PiecePosition position() const override { return {passed_, 0, 0}; }

  Status Seek(const PiecePosition& position) override {
    while (passed_ < position.records) {
      if (batch_ == nullptr || at_ >= batch_->num_rows()) {
        VELO_ASSIGN_OR_RETURN(bool more, NextBatch());
        if (!more) return Status::OK();
      }
      const int64_t skipped = std::min(position.records - passed_, batch_->num_rows() - at_);
      at_ += skipped;
      passed_ += skipped;
    }
    return Status::OK();
  }

  int64_t bytes_read() const override { return batch_ == nullptr && passed_ > 0 ? piece_.bytes : 0; }

 private:
  Result<bool> NextBatch() {
    at_ = 0;
    const arrow::Status status = piece_.rows->ReadNext(&batch_);
    if (!status.ok()) return DamagedColumns(piece_.path, piece_.what, status.message());
    return batch_ != nullptr;
  }

  const ColumnarPiece piece_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0;
  int64_t passed_ = 0;
};

}  // namespace

Status DamagedColumns(const std::string& path, std::string_view what, const std::string& reason) {
  return Status::User("UNSUPPORTED", fmt::format("{} cannot be read as {}: {}.", path, what, reason),
                      "The file may be damaged or cut off; get it again.");
}

Status CheckNotCompressed(const InputFile& file) {
  if (file.compression == Compression::kNone) return Status::OK();
  return Status::User("UNSUPPORTED",
                      fmt::format("{} is compressed as a whole, which columnar files cannot be.", file.path),
                      "Decompress it first; its columns are compressed already.");
}

Result<InferredSchema> InferColumns(const arrow::Schema& file) {
  InferredSchema inferred;
  inferred.exact = true;
  for (const auto& field : file.fields()) {
    Result<SqlType> type = SqlType::FromArrow(*field->type());
    if (!type.ok()) {
      inferred.warnings.push_back(fmt::format("The column '{}' is left out: there is no type for {}.", field->name(),
                                              field->type()->ToString()));
      continue;
    }
    inferred.schema.columns.push_back({field->name(), *type, field->nullable()});
  }
  inferred.widened_from.resize(inferred.schema.columns.size());
  inferred.presence.resize(inferred.schema.columns.size(), 1);
  return inferred;
}

Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& rows, const PieceOptions& options) {
  static const std::shared_ptr<arrow::DataType> codes = arrow::dictionary(arrow::int32(), arrow::utf8());
  const std::vector<std::string>& may_be_codes = options.dictionary_columns;
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (const Column& column : options.columns.columns) {
    const auto type = column.type.ToArrow();
    std::shared_ptr<arrow::Array> array = rows.GetColumnByName(column.name);
    if (array == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(array, arrow::MakeArrayOfNull(type, rows.num_rows()));
    } else if (array->type()->Equals(*codes) &&
               std::find(may_be_codes.begin(), may_be_codes.end(), column.name) != may_be_codes.end()) {
      // The reader of these rows knows what to do with them.
    } else if (!array->type()->Equals(*type)) {
      VELO_ASSIGN_OR_RETURN(const SqlType from, SqlType::FromArrow(*array->type()));
      VELO_ASSIGN_OR_RETURN(array, CastValues(*array, from, column.type, /*try_cast=*/false));
    }
    fields.push_back(arrow::field(column.name, array->type(), column.nullable));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(), std::move(arrays));
}

std::unique_ptr<RecordReader> MakeColumnarReader(ColumnarPiece piece) {
  return std::make_unique<ColumnarReader>(std::move(piece));
}

}  // namespace velo::formats
