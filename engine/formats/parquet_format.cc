#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <mutex>

#include "engine/formats/columnar_format.h"
#include "engine/formats/columnar_rows.h"
#include "engine/formats/parquet_scan.h"
#include "engine/formats/parquet_statistics.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

constexpr int64_t kParquetBatchRows = 32768;

/// Whether all data pages of a text column hold codes of a dictionary; a page that does not would have to be given one.
bool IsDictionaryColumn(const parquet::FileMetaData& metadata, const std::vector<int>& groups, int leaf) {
  const parquet::ColumnDescriptor& column = *metadata.schema()->Column(leaf);
  if (!column.logical_type()->is_string() || column.max_repetition_level() > 0) return false;
  for (const int group : groups) {
    const auto chunk = metadata.RowGroup(group)->ColumnChunk(leaf);
    if (!chunk->has_dictionary_page()) return false;
    for (const parquet::PageEncodingStats& pages : chunk->encoding_stats()) {
      const bool holds_data =
          pages.page_type == parquet::PageType::DATA_PAGE || pages.page_type == parquet::PageType::DATA_PAGE_V2;
      const bool holds_codes =
          pages.encoding == parquet::Encoding::PLAIN_DICTIONARY || pages.encoding == parquet::Encoding::RLE_DICTIONARY;
      if (holds_data && !holds_codes) return false;
    }
  }
  return true;
}

using ParquetReader = std::shared_ptr<parquet::arrow::FileReader>;
using ParquetMetadata = std::shared_ptr<parquet::FileMetaData>;

/// `metadata`: what is known of the file, null for nothing. `dictionary_leaves` are read as codes.
Result<ParquetReader> OpenParquet(const InputFile& file, const ParquetMetadata& metadata = nullptr,
                                  const std::vector<int>& dictionary_leaves = {}) {
  VELO_RETURN_IF_ERROR(CheckNotCompressed(file));
  VELO_ASSIGN_OR_RETURN_ARROW(auto input, arrow::io::ReadableFile::Open(file.path));
  parquet::arrow::FileReaderBuilder builder;
  arrow::Status status = builder.Open(input, parquet::default_reader_properties(), metadata);
  if (!status.ok()) return DamagedParquet(file.path, status.message());
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kParquetBatchRows);
  properties.set_use_threads(false);
  properties.set_pre_buffer(false);
  for (const int leaf : dictionary_leaves) properties.set_read_dictionary(leaf, true);
  builder.properties(properties);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  status = builder.Build(&reader);
  if (!status.ok()) return DamagedParquet(file.path, status.message());
  return ParquetReader(std::move(reader));
}

class ParquetFormat : public Format {
 public:
  std::string_view name() const override { return "parquet"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    return WithoutExceptions(file.path, [&]() -> Result<InferredSchema> {
      VELO_ASSIGN_OR_RETURN(const KnownFile known, Know(file));
      VELO_ASSIGN_OR_RETURN(InferredSchema inferred, InferColumns(*known.schema));
      inferred.details = {{"rows", std::to_string(known.metadata->num_rows())},
                          {"row_groups", std::to_string(known.metadata->num_row_groups())}};
      return inferred;
    });
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    return WithoutExceptions(piece.file.path, [&]() -> Result<std::unique_ptr<RecordReader>> {
      VELO_ASSIGN_OR_RETURN(const KnownFile file, Know(piece.file));
      const ParquetMetadata& metadata = file.metadata;
      const std::vector<int> groups = GroupsOf(piece, *metadata, options.predicates);
      int64_t first_record = 0;
      for (int group = 0; group < static_cast<int>(piece.begin); ++group) {
        first_record += metadata->RowGroup(group)->num_rows();
      }
      // What is not read by ourselves.
      ParquetReader reader;
      const auto open_others =
          [&](const std::vector<int>& leaves) -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
        std::vector<int> dictionary_leaves;
        for (const std::string& name : options.dictionary_columns) {
          const int leaf = metadata->schema()->ColumnIndex(name);
          if (leaf >= 0 && IsDictionaryColumn(*metadata, groups, leaf)) dictionary_leaves.push_back(leaf);
        }
        VELO_ASSIGN_OR_RETURN(reader, OpenParquet(piece.file, metadata, dictionary_leaves));
        VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::RecordBatchReader> rows,
                                    reader->GetRecordBatchReader(groups, leaves));
        // The rows are read out of the reader.
        return std::shared_ptr<arrow::RecordBatchReader>(rows.get(), [rows, reader](arrow::RecordBatchReader*) {});
      };
      VELO_ASSIGN_OR_RETURN(std::unique_ptr<RecordReader> scan,
                            MakeParquetScan({.bytes = file.bytes,
                                             .metadata = metadata,
                                             .schema = file.schema,
                                             .groups = groups,
                                             .first_record = first_record,
                                             .size = piece.bytes < 0 ? piece.file.size : piece.bytes,
                                             .options = options,
                                             .open_others = open_others}));
      if (scan != nullptr) return scan;
      VELO_ASSIGN_OR_RETURN(auto rows, open_others(WantedLeaves(*metadata, options.columns)));
      return MakeColumnarReader({.path = piece.file.path,
                                 .what = "Parquet",
                                 .options = options,
                                 .rows = std::move(rows),
                                 .first_record = first_record,
                                 .bytes = piece.file.size});
    });
  }

  Result<std::vector<TimedRecords>> LowestTimes(const FilePiece& piece, const PieceOptions& options,
                                                const std::string& column) const override {
    return WithoutExceptions(piece.file.path, [&]() -> Result<std::vector<TimedRecords>> {
      VELO_ASSIGN_OR_RETURN(const ParquetMetadata metadata, MetadataOf(piece.file));
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
      VELO_ASSIGN_OR_RETURN(const ParquetMetadata metadata, MetadataOf(file));
      const int groups = metadata->num_row_groups();
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
  static std::vector<int> WantedLeaves(const parquet::FileMetaData& metadata, const Schema& columns) {
    const parquet::SchemaDescriptor& schema = *metadata.schema();
    std::vector<int> leaves;
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      const std::string& root = schema.GetColumnRoot(leaf)->name();
      if (columns.Find(root) >= 0) leaves.push_back(leaf);
    }
    if (leaves.empty() && schema.num_columns() > 0) leaves.push_back(0);
    return leaves;
  }

  /// A file that is open, and what its end says.
  struct KnownFile {
    InputFile file;
    std::shared_ptr<const ParquetBytes> bytes;
    ParquetMetadata metadata;
    std::shared_ptr<arrow::Schema> schema;
  };

  /// The file asked for last is kept, as its pieces are opened one by one.
  Result<KnownFile> Know(const InputFile& file) const {
    std::lock_guard lock(mutex_);
    const auto same = [&](const InputFile& other) {
      return other.path == file.path && other.size == file.size && other.modified_at == file.modified_at;
    };
    if (known_.metadata == nullptr || !same(known_.file)) {
      VELO_ASSIGN_OR_RETURN(const ParquetReader reader, OpenParquet(file));
      KnownFile known{.file = file};
      known.metadata = reader->parquet_reader()->metadata();
      VELO_RETURN_IF_ARROW_ERROR(reader->GetSchema(&known.schema));
      VELO_ASSIGN_OR_RETURN(known.bytes, ParquetBytes::Open(file.path));
      known_ = std::move(known);
    }
    return known_;
  }

  Result<ParquetMetadata> MetadataOf(const InputFile& file) const {
    VELO_ASSIGN_OR_RETURN(const KnownFile known, Know(file));
    return known.metadata;
  }

  mutable std::mutex mutex_;
  mutable KnownFile known_;
};

}  // namespace

std::unique_ptr<Format> MakeParquetFormat() { return std::make_unique<ParquetFormat>(); }

}  // namespace velo::formats
