#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/formats/byte_window.h"
#include "engine/io/schema_report.h"
#include "engine/io/source.h"
#include "engine/types/schema.h"

namespace velo::formats {

/// Longest record that a text reader takes in; longer ones become bad records.
inline constexpr size_t kMaxRecordBytes = 64 << 20;

/// Some records of a file, decoded.
struct DecodedRows {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Null at the end of the piece.
  /// 0-based number of the record within the piece, one per row; empty when they count on from `first_record`.
  std::vector<int64_t> record_numbers;
  int64_t first_record = 0;
  /// 1-based line of each row within the piece; only when PieceOptions::number_lines.
  std::vector<int64_t> lines;
  /// Records passed that fail a predicate and are not among the rows; only with PieceOptions::leaves_out_rows.
  int64_t left_out = 0;
};

/// Where a reader stands, so that another one can go on.
struct PiecePosition {
  int64_t records = 0;  ///< Records passed, bad ones included.
  int64_t offset = 0;   ///< Byte offset in the content, where that makes sense.
  int64_t lines = 0;    ///< Lines passed.
};

/// A run of records of one file that is read in order: the whole file, or a part of it that begins and ends at borders
/// of records.
struct FilePiece {
  InputFile file;
  int64_t begin = 0;
  int64_t end = -1;    ///< -1: the end of the file. Bytes for text, row groups for Parquet.
  int64_t bytes = -1;  ///< About how much of the file it is; -1: all.
};

struct PieceOptions {
  /// Wanted columns with the types of the source; a column that the file does not have is all NULL.
  Schema columns;
  std::vector<ColumnPredicate> predicates;
  /// Rows that fail a predicate need not be given out, but are counted.
  bool leaves_out_rows = false;
  bool number_lines = false;
  /// Text columns that may come as dictionary<int32, utf8>.
  std::vector<std::string> dictionary_columns;
};

/// Decodes one FilePiece. Used by one thread.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Returns at most `max_rows` rows, at least one unless the piece is at its end or rows were left out.
  virtual Result<DecodedRows> Read(int64_t max_rows) = 0;
  /// Just after the last row given out.
  virtual PiecePosition position() const = 0;
  /// REQUIRES: nothing was read yet.
  virtual Status Seek(const PiecePosition& position) = 0;
  virtual int64_t bytes_read() const = 0;
  int64_t bad_count() const { return bad_count_; }
  /// Line numbers are those within the piece.
  std::vector<BadRecord> TakeBad() { return std::move(bad_); }

 protected:
  /// Counts a bad record and keeps it, unless very many are waiting already. `raw` is cut to 4 KiB.
  void AddBad(int64_t line, int64_t byte_offset, std::string_view raw, std::string reason);

 private:
  std::vector<BadRecord> bad_;
  int64_t bad_count_ = 0;
};

/// What looking at a file told about its rows.
struct InferredSchema {
  Schema schema;
  bool exact = false;
  /// Parallel to the columns: the display name of the narrower type that most values have; empty mostly.
  std::vector<std::string> widened_from;
  /// Parallel to the columns: share of records that have the field; 1 for formats with fixed columns.
  std::vector<double> presence;
  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, std::string>> details;  ///< delimiter, header ...
};

/// Neighbouring records of a piece with the lowest time among them.
struct TimedRecords {
  int64_t records = 0;
  int64_t lowest_ms = kBeginOfTime;  ///< kEndOfTime when none of them has a time; kBeginOfTime when it is not known.
};

inline std::vector<TimedRecords> TimesNotKnown() { return {{INT64_MAX, kBeginOfTime}}; }

/// How to read one kind of file. Thread safe.
class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  /// Looks at the beginning and, where that is cheap, at other places of the file.
  virtual Result<InferredSchema> Infer(const InputFile& file) const = 0;
  virtual Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece,
                                                          const PieceOptions& options) const = 0;
  /// What the file says beforehand of the times in `column`: INTEGER milliseconds or TIMESTAMP, wanted by `options`.
  /// The records that a reader of the piece with these options gives out, in order.
  virtual Result<std::vector<TimedRecords>> LowestTimes(const FilePiece& piece, const PieceOptions& options,
                                                        const std::string& column) const {
    (void)piece, (void)options, (void)column;
    return TimesNotKnown();
  }
  /// Cuts a file into at most `count` pieces of similar size, in order. One piece when it cannot be cut.
  virtual Result<std::vector<FilePiece>> Split(const InputFile& file, int count) const = 0;
};

}  // namespace velo::formats
