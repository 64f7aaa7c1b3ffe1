#include "engine/formats/columnar_format.h"

#include <arrow/array/util.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"

namespace velo::formats {
namespace {

constexpr int64_t kParquetBatchRows = 32768;

Status Damaged(const std::string& path, std::string_view what, const std::string& reason) {
  return Status::User("UNSUPPORTED", fmt::format("{} cannot be read as {}: {}.", path, what, reason),
                      "The file may be damaged or cut off; get it again.");
}

Result<Schema> FromArrowSchema(const arrow::Schema& file, std::vector<std::string>* warnings) {
  Schema schema;
  for (const auto& field : file.fields()) {
    Result<SqlType> type = SqlType::FromArrow(*field->type());
    if (!type.ok()) {
      warnings->push_back(fmt::format("The column '{}' is left out: there is no type for {}.", field->name(),
                                      field->type()->ToString()));
      continue;
    }
    schema.columns.push_back({field->name(), *type, field->nullable()});
  }
  return schema;
}

/// Brings the columns of a file into the types of the source; what the file lacks becomes NULL.
Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& rows, const Schema& wanted) {
  arrow::ArrayVector arrays;
  for (const Column& column : wanted.columns) {
    const auto type = column.type.ToArrow();
    std::shared_ptr<arrow::Array> array = rows.GetColumnByName(column.name);
    if (array == nullptr) {
      VELO_ASSIGN_OR_RETURN_ARROW(array, arrow::MakeArrayOfNull(type, rows.num_rows()));
    } else if (!array->type()->Equals(*type)) {
      VELO_ASSIGN_OR_RETURN(const SqlType from, SqlType::FromArrow(*array->type()));
      VELO_ASSIGN_OR_RETURN(array, CastValues(*array, from, column.type, /*try_cast=*/false));
    }
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(wanted.ToArrow(), rows.num_rows(), std::move(arrays));
}

/// Gives out batches of a columnar reader in portions, and counts.
class ColumnarReader : public RecordReader {
 public:
  ColumnarReader(std::string path, std::string what, PieceOptions options,
                 std::shared_ptr<arrow::RecordBatchReader> rows, std::shared_ptr<void> keep_alive, int64_t first_record,
                 int64_t bytes)
      : path_(std::move(path)),
        what_(std::move(what)),
        options_(std::move(options)),
        keep_alive_(std::move(keep_alive)),
        reader_(std::move(rows)),
        first_record_(first_record),
        bytes_(bytes) {}

  Result<DecodedRows> Read(int64_t max_rows) override {
    DecodedRows decoded;
    while (batch_ == nullptr || at_ >= batch_->num_rows()) {
      VELO_ASSIGN_OR_RETURN(bool more, NextBatch());
      if (!more) return decoded;
    }
    const auto slice = batch_->Slice(at_, max_rows);
    decoded.first_record = first_record_ + passed_;
    at_ += slice->num_rows();
    passed_ += slice->num_rows();
    VELO_ASSIGN_OR_RETURN(decoded.rows, Conform(*slice, options_.columns));
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

  int64_t bytes_read() const override { return batch_ == nullptr && passed_ > 0 ? bytes_ : 0; }

 private:
  Result<bool> NextBatch() {
    at_ = 0;
    const arrow::Status status = reader_->ReadNext(&batch_);
    if (!status.ok()) return Damaged(path_, what_, status.message());
    return batch_ != nullptr;
  }

  const std::string path_, what_;
  const PieceOptions options_;
  std::shared_ptr<void> keep_alive_;  ///< What the reader reads from.
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  const int64_t first_record_;
  const int64_t bytes_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t at_ = 0;
  int64_t passed_ = 0;
};

InferredSchema ExactSchema(Schema schema, std::vector<std::string> warnings) {
  InferredSchema inferred;
  inferred.exact = true;
  inferred.widened_from.resize(schema.columns.size());
  inferred.presence.resize(schema.columns.size(), 1);
  inferred.schema = std::move(schema);
  inferred.warnings = std::move(warnings);
  return inferred;
}

/// Parquet throws; this is where its exceptions end.
template <typename Function>
auto WithoutExceptions(const std::string& path, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const parquet::ParquetException& error) {
    return Damaged(path, "Parquet", error.what());
  }
}

Status NotCompressed(const InputFile& file) {
  if (file.compression == Compression::kNone) return Status::OK();
  return Status::User("UNSUPPORTED",
                      fmt::format("{} is compressed as a whole, which columnar files cannot be.", file.path),
                      "Decompress it first; its columns are compressed already.");
}

Result<std::shared_ptr<parquet::arrow::FileReader>> OpenParquet(const InputFile& file) {
  VELO_RETURN_IF_ERROR(NotCompressed(file));
  VELO_ASSIGN_OR_RETURN_ARROW(auto input, arrow::io::ReadableFile::Open(file.path));
  parquet::arrow::FileReaderBuilder builder;
  arrow::Status status = builder.Open(input);
  if (!status.ok()) return Damaged(file.path, "Parquet", status.message());
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kParquetBatchRows);
  properties.set_use_threads(false);
  properties.set_pre_buffer(false);
  builder.properties(properties);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  status = builder.Build(&reader);
  if (!status.ok()) return Damaged(file.path, "Parquet", status.message());
  return std::shared_ptr<parquet::arrow::FileReader>(std::move(reader));
}

/// Compares one predicate with the smallest and largest value of a column. Unknown comparisons keep the group.
template <typename Value>
bool CanMatch(ColumnPredicate::Op op, const Value& wanted, const Value& low, const Value& high) {
  switch (op) {
    case ColumnPredicate::Op::kEqual:
      return !(wanted < low) && !(high < wanted);
    case ColumnPredicate::Op::kLess:
      return low < wanted;
    case ColumnPredicate::Op::kLessEqual:
      return !(wanted < low);
    case ColumnPredicate::Op::kGreater:
      return wanted < high;
    case ColumnPredicate::Op::kGreaterEqual:
      return !(high < wanted);
  }
  return true;
}

bool GroupCanMatch(const ColumnPredicate& predicate, const parquet::Statistics& statistics) {
  if (!statistics.HasMinMax() || predicate.value == nullptr || !predicate.value->is_valid) return true;
  const arrow::Scalar& value = *predicate.value;
  switch (statistics.physical_type()) {
    case parquet::Type::INT32: {
      const auto& typed = static_cast<const parquet::Int32Statistics&>(statistics);
      if (value.type->id() != arrow::Type::INT64 || statistics.descr()->logical_type()->is_decimal()) return true;
      return CanMatch<int64_t>(predicate.op, static_cast<const arrow::Int64Scalar&>(value).value, typed.min(),
                               typed.max());
    }
    case parquet::Type::INT64: {
      const auto& typed = static_cast<const parquet::Int64Statistics&>(statistics);
      if (value.type->id() != arrow::Type::INT64 || statistics.descr()->logical_type()->is_decimal() ||
          statistics.descr()->logical_type()->is_timestamp()) {
        return true;
      }
      return CanMatch<int64_t>(predicate.op, static_cast<const arrow::Int64Scalar&>(value).value, typed.min(),
                               typed.max());
    }
    case parquet::Type::DOUBLE: {
      const auto& typed = static_cast<const parquet::DoubleStatistics&>(statistics);
      if (value.type->id() != arrow::Type::DOUBLE) return true;
      return CanMatch<double>(predicate.op, static_cast<const arrow::DoubleScalar&>(value).value, typed.min(),
                              typed.max());
    }
    case parquet::Type::BYTE_ARRAY: {
      const auto& typed = static_cast<const parquet::ByteArrayStatistics&>(statistics);
      if (value.type->id() != arrow::Type::STRING || !statistics.descr()->logical_type()->is_string()) return true;
      const auto& text = static_cast<const arrow::StringScalar&>(value);
      auto view = [](const parquet::ByteArray& bytes) {
        return std::string_view(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
      };
      return CanMatch<std::string_view>(predicate.op, text.view(), view(typed.min()), view(typed.max()));
    }
    default:
      return true;
  }
}

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

/// The lowest value in milliseconds that the statistics of a chunk of an INTEGER or TIMESTAMP column tell.
int64_t LowestMillis(const parquet::Statistics* statistics, int64_t rows) {
  if (statistics == nullptr) return kBeginOfTime;
  if (!statistics->HasMinMax()) {
    return statistics->HasNullCount() && statistics->null_count() == rows ? kEndOfTime : kBeginOfTime;
  }
  const parquet::LogicalType& type = *statistics->descr()->logical_type();
  const bool is_plain =
      type.is_none() || (type.is_int() && static_cast<const parquet::IntLogicalType&>(type).is_signed());
  if (statistics->physical_type() == parquet::Type::INT32 && is_plain) {
    return static_cast<const parquet::Int32Statistics&>(*statistics).min();
  }
  if (statistics->physical_type() != parquet::Type::INT64) return kBeginOfTime;
  const int64_t lowest = static_cast<const parquet::Int64Statistics&>(*statistics).min();
  if (is_plain) return lowest;
  if (!type.is_timestamp()) return kBeginOfTime;
  switch (static_cast<const parquet::TimestampLogicalType&>(type).time_unit()) {
    case parquet::LogicalType::TimeUnit::MILLIS:
      return lowest;
    case parquet::LogicalType::TimeUnit::MICROS:
      return FloorDivide(lowest, 1000);
    case parquet::LogicalType::TimeUnit::NANOS:
      return FloorDivide(lowest, 1'000'000);
    default:
      return kBeginOfTime;
  }
}

class ParquetFormat : public Format {
 public:
  std::string_view name() const override { return "parquet"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    return WithoutExceptions(file.path, [&]() -> Result<InferredSchema> {
      VELO_ASSIGN_OR_RETURN(auto reader, OpenParquet(file));
      std::shared_ptr<arrow::Schema> schema;
      VELO_RETURN_IF_ARROW_ERROR(reader->GetSchema(&schema));
      std::vector<std::string> warnings;
      VELO_ASSIGN_OR_RETURN(Schema columns, FromArrowSchema(*schema, &warnings));
      InferredSchema inferred = ExactSchema(std::move(columns), std::move(warnings));
      const auto metadata = reader->parquet_reader()->metadata();
      inferred.details = {{"rows", std::to_string(metadata->num_rows())},
                          {"row_groups", std::to_string(metadata->num_row_groups())}};
      return inferred;
    });
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    return WithoutExceptions(piece.file.path, [&]() -> Result<std::unique_ptr<RecordReader>> {
      VELO_ASSIGN_OR_RETURN(auto reader, OpenParquet(piece.file));
      const auto metadata = reader->parquet_reader()->metadata();
      const std::vector<int> groups = GroupsOf(piece, *metadata, options.predicates);
      int64_t first_record = 0;
      for (int group = 0; group < static_cast<int>(piece.begin); ++group) {
        first_record += metadata->RowGroup(group)->num_rows();
      }
      VELO_ASSIGN_OR_RETURN(std::vector<int> leaves, WantedLeaves(*reader, options.columns));
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::RecordBatchReader> rows,
                                  reader->GetRecordBatchReader(groups, leaves));
      return std::unique_ptr<RecordReader>(std::make_unique<ColumnarReader>(
          piece.file.path, "Parquet", options, std::move(rows), reader, first_record, piece.file.size));
    });
  }

  Result<std::vector<TimedRecords>> LowestTimes(const FilePiece& piece, const PieceOptions& options,
                                                const std::string& column) const override {
    return WithoutExceptions(piece.file.path, [&]() -> Result<std::vector<TimedRecords>> {
      VELO_ASSIGN_OR_RETURN(auto reader, OpenParquet(piece.file));
      const auto metadata = reader->parquet_reader()->metadata();
      const int leaf = metadata->schema()->ColumnIndex(column);
      std::vector<TimedRecords> times;
      for (int group : GroupsOf(piece, *metadata, options.predicates)) {
        const auto chunks = metadata->RowGroup(group);
        // Without the column all its values are NULL.
        const int64_t lowest =
            leaf < 0 ? kEndOfTime : LowestMillis(chunks->ColumnChunk(leaf)->statistics().get(), chunks->num_rows());
        times.push_back({chunks->num_rows(), lowest});
      }
      return times;
    });
  }

  Result<std::vector<FilePiece>> Split(const InputFile& file, int count) const override {
    return WithoutExceptions(file.path, [&]() -> Result<std::vector<FilePiece>> {
      VELO_ASSIGN_OR_RETURN(auto reader, OpenParquet(file));
      const int groups = reader->parquet_reader()->metadata()->num_row_groups();
      const int pieces = std::clamp(count, 1, std::max(1, groups));
      std::vector<FilePiece> split;
      for (int i = 0; i < pieces; ++i) {
        split.push_back({file, static_cast<int64_t>(groups) * i / pieces,
                         static_cast<int64_t>(groups) * (i + 1) / pieces, file.size / pieces});
      }
      return split;
    });
  }

 private:
  static std::vector<int> GroupsOf(const FilePiece& piece, const parquet::FileMetaData& metadata,
                                   const std::vector<ColumnPredicate>& predicates) {
    const int end =
        piece.end < 0 ? metadata.num_row_groups() : std::min(metadata.num_row_groups(), static_cast<int>(piece.end));
    std::vector<int> groups;
    for (int group = static_cast<int>(piece.begin); group < end; ++group) {
      if (MayMatch(metadata, group, predicates)) groups.push_back(group);
    }
    return groups;
  }

  static bool MayMatch(const parquet::FileMetaData& metadata, int group,
                       const std::vector<ColumnPredicate>& predicates) {
    if (predicates.empty()) return true;
    const auto chunks = metadata.RowGroup(group);
    for (const ColumnPredicate& predicate : predicates) {
      const int leaf = metadata.schema()->ColumnIndex(predicate.column);
      if (leaf < 0) continue;
      const auto statistics = chunks->ColumnChunk(leaf)->statistics();
      if (statistics != nullptr && !GroupCanMatch(predicate, *statistics)) return false;
    }
    return true;
  }

  /// Leaves of the wanted columns; of a file without any of them the first leaf, to count its rows by.
  static Result<std::vector<int>> WantedLeaves(parquet::arrow::FileReader& reader, const Schema& columns) {
    const parquet::SchemaDescriptor& schema = *reader.parquet_reader()->metadata()->schema();
    std::vector<int> leaves;
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      const std::string& root = schema.GetColumnRoot(leaf)->name();
      if (columns.Find(root) >= 0) leaves.push_back(leaf);
    }
    if (leaves.empty() && schema.num_columns() > 0) leaves.push_back(0);
    return leaves;
  }
};

/// Arrow's two file forms behind one interface.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrow(const InputFile& file);

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

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrow(const InputFile& file) {
  VELO_RETURN_IF_ERROR(NotCompressed(file));
  VELO_ASSIGN_OR_RETURN_ARROW(auto input, arrow::io::ReadableFile::Open(file.path));
  arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> opened =
      arrow::ipc::RecordBatchFileReader::Open(input);
  if (opened.ok()) return std::shared_ptr<arrow::RecordBatchReader>(std::make_shared<ArrowFileBatches>(*opened));
  VELO_RETURN_IF_ARROW_ERROR(input->Seek(0));
  auto stream = arrow::ipc::RecordBatchStreamReader::Open(input);
  if (!stream.ok()) return Damaged(file.path, "Arrow", stream.status().message());
  return std::shared_ptr<arrow::RecordBatchReader>(*stream);
}

class ArrowFormat : public Format {
 public:
  std::string_view name() const override { return "arrow"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    VELO_ASSIGN_OR_RETURN(auto reader, OpenArrow(file));
    std::vector<std::string> warnings;
    VELO_ASSIGN_OR_RETURN(Schema columns, FromArrowSchema(*reader->schema(), &warnings));
    return ExactSchema(std::move(columns), std::move(warnings));
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    VELO_ASSIGN_OR_RETURN(auto reader, OpenArrow(piece.file));
    return std::unique_ptr<RecordReader>(std::make_unique<ColumnarReader>(
        piece.file.path, "Arrow", options, std::move(reader), nullptr, 0, piece.file.size));
  }

  Result<std::vector<FilePiece>> Split(const InputFile& file, int) const override {
    return std::vector<FilePiece>{{file, 0, -1}};
  }
};

}  // namespace

std::unique_ptr<Format> MakeParquetFormat() { return std::make_unique<ParquetFormat>(); }
std::unique_ptr<Format> MakeArrowFormat() { return std::make_unique<ArrowFormat>(); }

}  // namespace velo::formats
