#include "engine/formats/record_writer.h"

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <filesystem>

#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"
#include "engine/types/value_text.h"

namespace velo::formats {
namespace {

Result<arrow::Compression::type> CodecOf(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return arrow::Compression::UNCOMPRESSED;
    case Compression::kGzip:
      return arrow::Compression::GZIP;
    case Compression::kZstd:
      return arrow::Compression::ZSTD;
    case Compression::kSnappy:
      return arrow::Compression::SNAPPY;
    default:
      return Status::User("E3010", fmt::format("files cannot be written with {}", CompressionName(compression)),
                          "use none, gzip, zstd, or snappy for Parquet");
  }
}

/// A file, with the compressing stream before it when there is one.
class OutputFile {
 public:
  static Result<std::unique_ptr<OutputFile>> Open(const std::string& path, const WriteOptions& options) {
    auto output = std::make_unique<OutputFile>();
    auto opened = arrow::io::FileOutputStream::Open(path, options.append);
    if (!opened.ok()) {
      return Status::World("READ_ONLY", fmt::format("Cannot write {}.", path), "Check the folder and its permissions.");
    }
    output->file_ = *opened;
    output->stream_ = output->file_;
    const bool inside = options.format == WriteFormat::kParquet;
    if (options.compression != Compression::kNone && !inside) {
      VELO_ASSIGN_OR_RETURN(const arrow::Compression::type type, CodecOf(options.compression));
      VELO_ASSIGN_OR_RETURN_ARROW(output->codec_, arrow::util::Codec::Create(type));
      VELO_ASSIGN_OR_RETURN_ARROW(output->stream_,
                                  arrow::io::CompressedOutputStream::Make(output->codec_.get(), output->file_));
    }
    return output;
  }

  const std::shared_ptr<arrow::io::OutputStream>& stream() { return stream_; }
  Status Flush() {
    VELO_RETURN_IF_ARROW_ERROR(stream_->Flush());
    return Status::OK();
  }
  Status Close() {
    VELO_RETURN_IF_ARROW_ERROR(stream_->Close());
    if (!file_->closed()) VELO_RETURN_IF_ARROW_ERROR(file_->Close());
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

/// How the values of a column stand in JSON.
enum class CellStyle : uint8_t { kBare, kNumber, kQuoted, kNested };

CellStyle StyleOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
      return CellStyle::kBare;
    case TypeKind::kFloat:
      return CellStyle::kNumber;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct:
    case TypeKind::kJson:
      return CellStyle::kNested;
    default:
      return CellStyle::kQuoted;
  }
}

/// Text forms of a whole column.
Result<std::shared_ptr<arrow::Array>> TextCells(const std::shared_ptr<arrow::Array>& column, const SqlType& type) {
  if (column->type_id() == arrow::Type::STRING) return column;
  if (CanCast(type, TypeKind::kString)) return CastValues(*column, type, TypeKind::kString, /*try_cast=*/false);
  arrow::StringBuilder builder;
  std::string text;
  for (int64_t row = 0; row < column->length(); ++row) {
    text.clear();
    if (column->IsValid(row)) AppendText(*column, row, &text);
    VELO_RETURN_IF_ARROW_ERROR(column->IsValid(row) ? builder.Append(text) : builder.AppendNull());
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> cells, builder.Finish());
  return cells;
}

class TextWriter : public RecordWriter {
 public:
  TextWriter(std::unique_ptr<OutputFile> output, Schema schema, WriteOptions options)
      : output_(std::move(output)), schema_(std::move(schema)), options_(options) {}

  Status Write(const arrow::RecordBatch& rows) override {
    std::vector<std::shared_ptr<arrow::Array>> cells;
    for (size_t c = 0; c < schema_.columns.size(); ++c) {
      VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column,
                            TextCells(rows.column(static_cast<int>(c)), schema_.columns[c].type));
      cells.push_back(std::move(column));
    }
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      AppendRow(cells, row);
      if (static_cast<int64_t>(buffer_.size()) >= options_.buffer_bytes) VELO_RETURN_IF_ERROR(Drain());
    }
    return Status::OK();
  }

  Status Flush() override {
    VELO_RETURN_IF_ERROR(Drain());
    return output_->Flush();
  }

  Status Close() override {
    AppendEnd();
    VELO_RETURN_IF_ERROR(Drain());
    return output_->Close();
  }

  int64_t bytes_written() const override { return written_ + static_cast<int64_t>(buffer_.size()); }

 protected:
  using Cells = std::vector<std::shared_ptr<arrow::Array>>;
  virtual void AppendRow(const Cells& cells, int64_t row) = 0;
  virtual void AppendEnd() {}

  std::string buffer_;
  const std::unique_ptr<OutputFile> output_;
  const Schema schema_;
  const WriteOptions options_;

 private:
  Status Drain() {
    if (buffer_.empty()) return Status::OK();
    const arrow::Status written = output_->stream()->Write(buffer_.data(), static_cast<int64_t>(buffer_.size()));
    if (!written.ok()) return Status::World("READ_ONLY", fmt::format("Writing failed: {}.", written.message()));
    written_ += static_cast<int64_t>(buffer_.size());
    buffer_.clear();
    return Status::OK();
  }

  int64_t written_ = 0;
};

class CsvWriter : public TextWriter {
 public:
  CsvWriter(std::unique_ptr<OutputFile> output, Schema schema, WriteOptions options, bool header)
      : TextWriter(std::move(output), std::move(schema), options) {
    if (!header) return;
    for (size_t c = 0; c < schema_.columns.size(); ++c) {
      if (c > 0) buffer_.push_back(options_.delimiter);
      AppendCell(schema_.columns[c].name);
    }
    buffer_.push_back('\n');
  }

 private:
  void AppendRow(const Cells& cells, int64_t row) override {
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) buffer_.push_back(options_.delimiter);
      const auto& column = static_cast<const arrow::StringArray&>(*cells[c]);
      if (column.IsNull(row)) continue;
      const std::string_view text = column.GetView(row);
      // Only so can an empty text be told from NULL.
      if (text.empty())
        buffer_ += "\"\"";
      else
        AppendCell(text);
    }
    buffer_.push_back('\n');
  }

  void AppendCell(std::string_view text) {
    const bool plain = text.find_first_of("\"\r\n") == std::string_view::npos &&
                       text.find(options_.delimiter) == std::string_view::npos;
    if (plain) {
      buffer_ += text;
      return;
    }
    buffer_.push_back('"');
    for (char letter : text) {
      if (letter == '"') buffer_.push_back('"');
      buffer_.push_back(letter);
    }
    buffer_.push_back('"');
  }
};

class JsonWriter : public TextWriter {
 public:
  JsonWriter(std::unique_ptr<OutputFile> output, Schema schema, WriteOptions options)
      : TextWriter(std::move(output), std::move(schema), options), array_(options.format == WriteFormat::kJsonArray) {
    for (const Column& column : schema_.columns) {
      std::string label = labels_.empty() ? "{" : ",";
      AppendJsonString(column.name, &label);
      labels_.push_back(label + ":");
      styles_.push_back(StyleOf(column.type));
    }
  }

 private:
  void AppendRow(const Cells& cells, int64_t row) override {
    if (array_) buffer_ += std::exchange(first_, false) ? "[" : ",\n ";
    if (cells.empty()) buffer_.push_back('{');
    for (size_t c = 0; c < cells.size(); ++c) {
      buffer_ += labels_[c];
      AppendValue(static_cast<const arrow::StringArray&>(*cells[c]), row, styles_[c]);
    }
    buffer_.push_back('}');
    if (!array_) buffer_.push_back('\n');
  }

  void AppendValue(const arrow::StringArray& column, int64_t row, CellStyle style) {
    const std::string_view text = column.IsNull(row) ? "null" : column.GetView(row);
    if (column.IsNull(row) || style == CellStyle::kBare) {
      buffer_ += text;
    } else if (style == CellStyle::kQuoted) {
      AppendJsonString(text, &buffer_);
    } else if (style == CellStyle::kNumber) {
      // Infinity and NaN have no number in JSON.
      const bool finite = text.back() >= '0' && text.back() <= '9';
      buffer_ += finite ? text : "null";
    } else {
      buffer_ += text.empty() ? "null" : text;
    }
  }

  void AppendEnd() override {
    if (array_) buffer_ += first_ ? "[]\n" : "]\n";
  }

  const bool array_;
  bool first_ = true;
  std::vector<std::string> labels_;
  std::vector<CellStyle> styles_;
};

class ParquetWriter : public RecordWriter {
 public:
  ParquetWriter(std::unique_ptr<OutputFile> output, std::unique_ptr<parquet::arrow::FileWriter> writer,
                std::shared_ptr<arrow::Schema> schema)
      : output_(std::move(output)), writer_(std::move(writer)), schema_(std::move(schema)) {}

  Status Write(const arrow::RecordBatch& rows) override {
    // Plans may say more about nullability than the file does; the values are the same.
    const auto named = arrow::RecordBatch::Make(schema_, rows.num_rows(), rows.columns());
    VELO_RETURN_IF_ARROW_ERROR(writer_->WriteRecordBatch(*named));
    return Status::OK();
  }
  Status Flush() override { return Status::OK(); }
  Status Close() override {
    VELO_RETURN_IF_ARROW_ERROR(writer_->Close());
    return output_->Close();
  }
  int64_t bytes_written() const override { return output_->stream()->Tell().ValueOr(0); }

 private:
  const std::unique_ptr<OutputFile> output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::shared_ptr<arrow::Schema> schema_;
};

Result<std::unique_ptr<RecordWriter>> OpenParquet(std::unique_ptr<OutputFile> output, const Schema& schema,
                                                  const WriteOptions& options) {
  VELO_ASSIGN_OR_RETURN(const arrow::Compression::type codec, CodecOf(options.compression));
  const auto properties = parquet::WriterProperties::Builder().compression(codec)->build();
  const std::shared_ptr<arrow::Schema> columns = schema.ToArrow();
  VELO_ASSIGN_OR_RETURN_ARROW(
      std::unique_ptr<parquet::arrow::FileWriter> writer,
      parquet::arrow::FileWriter::Open(*columns, arrow::default_memory_pool(), output->stream(), properties));
  return std::unique_ptr<RecordWriter>(std::make_unique<ParquetWriter>(std::move(output), std::move(writer), columns));
}

}  // namespace

Result<std::unique_ptr<RecordWriter>> OpenRecordWriter(const std::string& path, const Schema& schema,
                                                       const WriteOptions& options) {
  const bool parquet = options.format == WriteFormat::kParquet;
  if (options.append && (parquet || options.format == WriteFormat::kJsonArray)) {
    return Status::User("E3010", fmt::format("{} files cannot be appended to", parquet ? "Parquet" : "JSON array"),
                        "write csv or jsonl, or leave 'append' out");
  }
  if (!parquet && options.compression == Compression::kSnappy) {
    return Status::User("E3010", "snappy is a compression of Parquet files", "use gzip or zstd for text");
  }
  std::error_code ignored;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  const bool continues =
      options.append && std::filesystem::exists(path, ignored) && std::filesystem::file_size(path, ignored) > 0;
  VELO_ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> output, OutputFile::Open(path, options));
  if (parquet) return OpenParquet(std::move(output), schema, options);
  if (options.format == WriteFormat::kCsv) {
    return std::unique_ptr<RecordWriter>(
        std::make_unique<CsvWriter>(std::move(output), schema, options, options.header && !continues));
  }
  return std::unique_ptr<RecordWriter>(std::make_unique<JsonWriter>(std::move(output), schema, options));
}

}  // namespace velo::formats
