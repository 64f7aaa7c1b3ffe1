#include "connectors/file/file_source.h"

#include <arrow/record_batch.h>

#include <charconv>
#include <deque>
#include <thread>

#include "engine/io/constant_columns.h"
#include "engine/io/leaving_reader.h"
#include "engine/types/arrow_status.h"

namespace velo {
namespace {

using formats::DecodedRows;
using formats::FilePiece;
using formats::InputFile;
using formats::RecordReader;

/// Below this size one reader is enough, and the rows come in the order of the files.
constexpr int64_t kParallelBytes = 32LL << 20;
constexpr int kMaxReaders = 8;
// However large the input and small the wish: every partition costs a reader.
constexpr int64_t kMaxChosenReaders = 4096;
/// The end of larger files is reached by cutting them, not by reading them whole.
constexpr int64_t kPeekWholeBytes = 4LL << 20;
constexpr int kPeekPieces = 64;

int64_t PieceBytes(const FilePiece& piece) { return piece.bytes < 0 ? piece.file.size : piece.bytes; }

/// Reads pieces of files one after the other.
class PieceChain {
 public:
  PieceChain(std::shared_ptr<const FileSet> files, std::vector<FilePiece> pieces, formats::PieceOptions options)
      : files_(std::move(files)), pieces_(std::move(pieces)), options_(std::move(options)) {}

  struct Rows {
    DecodedRows decoded;
    const InputFile* file = nullptr;  ///< Null at the end of the chain.
    int64_t lines_before = 0;
  };

  Result<Rows> Read(int64_t max_rows) {
    while (at_ < pieces_.size()) {
      VELO_RETURN_IF_ERROR(OpenReader());
      Result<DecodedRows> decoded = reader_->Read(max_rows);
      VELO_RETURN_IF_ERROR(CollectBad());
      if (!decoded.ok()) return decoded.status();
      if (decoded->rows != nullptr) {
        VELO_RETURN_IF_ERROR(KnowLinesBefore(options_.number_lines));
        return Rows{decoded.TakeValue(), &pieces_[at_].file, lines_before_};
      }
      bytes_done_ += PieceBytes(pieces_[at_]);
      reader_.reset();
      ++at_;
    }
    return Rows{};
  }

  /// REQUIRES: nothing was read yet.
  void LeaveOutRows() { options_.leaves_out_rows = true; }

  /// "<piece>:<records>:<offset>:<lines>"
  std::string Position() const {
    const formats::PiecePosition position = reader_ ? reader_->position() : formats::PiecePosition{};
    return fmt::format("{}:{}:{}:{}", at_, position.records, position.offset, position.lines);
  }

  Status Seek(const std::string& text) {
    int64_t parts[4] = {};
    const char* from = text.data();
    const char* end = from + text.size();
    for (int i = 0; i < 4; ++i) {
      auto [to, error] = std::from_chars(from, end, parts[i]);
      const bool last = i == 3;
      if (error != std::errc() || parts[i] < 0 || (last ? to != end : (to == end || *to != ':'))) {
        return Status::User("VALIDATION_ERROR", fmt::format("'{}' is no position in files.", text));
      }
      from = to + 1;
    }
    reader_.reset();
    at_ = static_cast<size_t>(parts[0]);
    if (at_ >= pieces_.size() || parts[1] == 0) return Status::OK();
    VELO_RETURN_IF_ERROR(OpenReader());
    return reader_->Seek({parts[1], parts[2], parts[3]});
  }

  /// Reads what the files tell beforehand of the times in `column`.
  void FindTimes(const std::string& column) {
    int64_t lowest = kEndOfTime;
    for (size_t piece = pieces_.size(); piece-- > 0;) {
      const auto found = files_->format->LowestTimes(pieces_[piece], options_, column);
      // What is wrong with a file is told when it is read.
      const std::vector<formats::TimedRecords> runs = found.ok() ? *found : formats::TimesNotKnown();
      int64_t end = 0;
      for (const formats::TimedRecords& run : runs) end += run.records;
      for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        lowest = std::min(lowest, run->lowest_ms);
        times_.push_front({piece, end, lowest});
        end -= run->records;
      }
    }
  }

  /// Lowest time among the records still to come; kBeginOfTime where the files do not tell.
  int64_t LowestTime() const {
    const int64_t records = reader_ ? reader_->position().records : 0;
    const auto first = std::partition_point(times_.begin(), times_.end(), [&](const Stretch& stretch) {
      return stretch.piece < at_ || (stretch.piece == at_ && stretch.end <= records);
    });
    return first == times_.end() ? kEndOfTime : first->lowest;
  }

  int64_t bytes_done() const { return bytes_done_ + (reader_ ? reader_->bytes_read() : 0); }
  int64_t bytes_total() const {
    int64_t total = 0;
    for (const FilePiece& piece : pieces_) total += PieceBytes(piece);
    return total;
  }
  int64_t bad_count() const { return bad_count_; }
  std::vector<BadRecord> TakeBad() {
    std::vector<BadRecord> taken(std::make_move_iterator(bad_.begin()), std::make_move_iterator(bad_.end()));
    bad_.clear();
    return taken;
  }
  std::string name() const { return pieces_[std::min(at_, pieces_.size() - 1)].file.path; }

 private:
  static constexpr size_t kMaxBad = 1000;

  /// Neighbouring records of a piece.
  struct Stretch {
    size_t piece = 0;
    int64_t end = 0;     ///< Of its records, counted from the start of the piece.
    int64_t lowest = 0;  ///< Among its records and all that come after.
  };

  Status OpenReader() {
    if (reader_ != nullptr) return Status::OK();
    lines_before_known_ = false;
    lines_before_ = 0;
    VELO_ASSIGN_OR_RETURN(reader_, files_->format->OpenPiece(pieces_[at_], options_));
    return Status::OK();
  }

  /// Line numbers count from the beginning of the file, which a piece in its middle has not read.
  Status KnowLinesBefore(bool wanted) {
    const FilePiece& piece = pieces_[at_];
    if (lines_before_known_ || !wanted || piece.begin == 0 || files_->inferred.exact) return Status::OK();
    VELO_ASSIGN_OR_RETURN(lines_before_, formats::CountLineEnds(piece.file, piece.begin));
    lines_before_known_ = true;
    return Status::OK();
  }

  Status CollectBad() {
    std::vector<BadRecord> fresh = reader_->TakeBad();
    if (fresh.empty()) return Status::OK();
    VELO_RETURN_IF_ERROR(KnowLinesBefore(true));
    for (BadRecord& bad : fresh) {
      bad.where = pieces_[at_].file.path;
      bad.line += lines_before_;
    }
    if (files_->options.fail_on_bad_record) {
      const BadRecord& first = fresh.front();
      return Status::User("EXECUTION_ERROR",
                          fmt::format("{} line {} cannot be read: {}.", first.where, first.line, first.reason),
                          "Set on_error = skip to go on without such records.");
    }
    bad_count_ += static_cast<int64_t>(fresh.size());
    bad_.insert(bad_.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
    while (bad_.size() > kMaxBad) bad_.pop_front();
    return Status::OK();
  }

  std::shared_ptr<const FileSet> files_;
  std::vector<FilePiece> pieces_;
  formats::PieceOptions options_;
  size_t at_ = 0;
  std::unique_ptr<RecordReader> reader_;
  bool lines_before_known_ = false;
  int64_t lines_before_ = 0;
  int64_t bytes_done_ = 0;
  int64_t bad_count_ = 0;
  std::deque<BadRecord> bad_;
  std::deque<Stretch> times_;  ///< Of all pieces, in order.
};

class FileReader : public LeavingReader {
 public:
  FileReader(std::shared_ptr<const FileSet> files, std::vector<FilePiece> pieces, const ReadOptions& options)
      : wanted_(options.columns),
        time_column_(options.time_column),
        batch_rows_(options.batch_rows),
        max_records_(files->options.max_records),
        chain_(files, std::move(pieces), PayloadOptions(*files, options)) {
    if (!time_column_.empty()) chain_.FindTimes(time_column_);
  }

  Result<ReadOutcome> Read() override {
    int64_t max_rows = batch_rows_;
    if (max_records_ >= 0) max_rows = std::min(max_rows, max_records_ - rows_);
    if (max_rows <= 0) return ReadOutcome{ReadOutcome::State::kEnd, {}};
    left_out_ = 0;
    VELO_ASSIGN_OR_RETURN(PieceChain::Rows rows, chain_.Read(max_rows));
    if (rows.file == nullptr) return ReadOutcome{ReadOutcome::State::kEnd, {}};
    left_out_ = rows.decoded.left_out;
    rows_ += rows.decoded.rows->num_rows() + left_out_;
    VELO_ASSIGN_OR_RETURN(auto columns, Arrange(rows));
    return ReadOutcome{ReadOutcome::State::kRows, Batch{std::move(columns), {}}};
  }

  void LeaveOutRows() override {
    // A limit is one of records read.
    if (max_records_ < 0) chain_.LeaveOutRows();
  }
  int64_t left_out() const override { return left_out_; }

  std::string Position() const override { return chain_.Position(); }
  Status Seek(const std::string& position) override { return chain_.Seek(position); }
  ReadProgress Progress() const override {
    return {.rows = rows_,
            .bad_records = chain_.bad_count(),
            .bytes_done = chain_.bytes_done(),
            .bytes_total = chain_.bytes_total()};
  }
  int64_t LowestTime() const override { return time_column_.empty() ? kBeginOfTime : chain_.LowestTime(); }
  std::vector<BadRecord> TakeBadRecords() override { return chain_.TakeBad(); }
  std::string name() const override { return chain_.name(); }

 private:
  static formats::PieceOptions PayloadOptions(const FileSet& files, const ReadOptions& options) {
    formats::PieceOptions piece;
    for (const std::string& name : options.columns) {
      const int place = files.schema.Find(name);
      if (place >= 0) piece.columns.columns.push_back(files.schema.columns[place]);
    }
    piece.dictionary_columns = options.dictionary_columns;
    // Records can be numbered only when none of them are skipped.
    const bool numbered = piece.columns.columns.size() != options.columns.size();
    if (!numbered) piece.predicates = options.predicates;
    return piece;
  }

  /// Puts payload and system columns into the order that was asked for.
  Result<std::shared_ptr<arrow::RecordBatch>> Arrange(const PieceChain::Rows& rows) const {
    const auto& payload = rows.decoded.rows;
    if (payload->num_columns() == static_cast<int>(wanted_.size())) return payload;
    const SystemValues values{
        .origin = rows.file->path, .first_offset = rows.decoded.first_record, .arrival = rows.file->modified_at};
    arrow::ArrayVector arrays;
    arrow::FieldVector fields;
    for (const std::string& name : wanted_) {
      std::shared_ptr<arrow::Array> column = payload->GetColumnByName(name);
      if (column == nullptr) {
        VELO_ASSIGN_OR_RETURN(column, MakeSystemColumn(name, values, payload->num_rows()));
        if (IsOffset(name) && !rows.decoded.record_numbers.empty()) {
          VELO_ASSIGN_OR_RETURN(column, NumbersColumn(rows.decoded.record_numbers));
        }
      }
      fields.push_back(arrow::field(name, column->type()));
      arrays.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), payload->num_rows(), std::move(arrays));
  }

  static bool IsOffset(std::string_view name) {
    return name.size() == kOffsetColumn.size() && std::tolower(static_cast<unsigned char>(name[1])) == 'o';
  }

  static Result<std::shared_ptr<arrow::Array>> NumbersColumn(const std::vector<int64_t>& numbers) {
    arrow::Int64Builder builder;
    VELO_RETURN_IF_ARROW_ERROR(builder.AppendValues(numbers));
    VELO_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
    return array;
  }

  const std::vector<std::string> wanted_;
  const std::string time_column_;
  const int64_t batch_rows_;
  const int64_t max_records_;
  PieceChain chain_;
  int64_t rows_ = 0;
  int64_t left_out_ = 0;
};

class FileSource : public Source {
 public:
  explicit FileSource(std::shared_ptr<const FileSet> files) : files_(std::move(files)) {}

  const Schema& schema() const override { return files_->schema; }
  bool bounded() const override { return true; }

  Result<std::vector<std::unique_ptr<PartitionReader>>> OpenReaders(const ReadOptions& options) override {
    bool whole_files = files_->options.max_records >= 0;
    for (const std::string& name : options.columns) {
      if (files_->schema.Find(name) >= 0) continue;
      if (SystemColumnType(name) == nullptr) {
        return Status::User("E2102", fmt::format("{} has no column '{}'.", files_->files.front().path, name));
      }
      // Record numbers are known only when a file is read from its start.
      whole_files = true;
    }
    VELO_ASSIGN_OR_RETURN(auto chains, PlanChains(whole_files, options.partition_bytes));
    std::vector<std::unique_ptr<PartitionReader>> readers;
    for (auto& chain : chains) readers.push_back(std::make_unique<FileReader>(files_, std::move(chain), options));
    return readers;
  }

 private:
  /// Deals the files, large ones in pieces, out to readers in runs of about equal size.
  Result<std::vector<std::vector<FilePiece>>> PlanChains(bool whole_files, int64_t partition_bytes) const {
    const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const bool one_reader = files_->total_bytes < kParallelBytes || files_->options.max_records >= 0;
    int readers = one_reader ? 1 : std::min(kMaxReaders, 2 * cores);
    if (!one_reader && partition_bytes > 0) {
      readers =
          static_cast<int>(std::clamp<int64_t>(files_->total_bytes / partition_bytes, readers, kMaxChosenReaders));
    }
    const int64_t share = files_->total_bytes / readers + 1;
    std::vector<std::vector<FilePiece>> chains(1);
    int64_t bytes = 0;
    for (const InputFile& file : files_->files) {
      if (file.size == 0) continue;
      std::vector<FilePiece> pieces{{file, 0, -1}};
      const int count = static_cast<int>(std::min<int64_t>(readers, (file.size + share - 1) / share));
      if (!whole_files && count > 1) {
        VELO_ASSIGN_OR_RETURN(pieces, files_->format->Split(file, count));
      }
      for (FilePiece& piece : pieces) {
        const bool full = bytes >= share && static_cast<int>(chains.size()) < readers;
        if (!chains.back().empty() && (full || (readers > 1 && pieces.size() > 1))) {
          chains.emplace_back();
          bytes = 0;
        }
        bytes += PieceBytes(piece);
        chains.back().push_back(std::move(piece));
      }
    }
    return chains;
  }

  std::shared_ptr<const FileSet> files_;
};

/// Collects rows with their places until there are enough.
class PreviewRows {
 public:
  PreviewRows(int64_t limit, bool from_end) : limit_(limit), from_end_(from_end) {}

  bool full() const { return !from_end_ && static_cast<int64_t>(rows_.size()) >= limit_; }
  int64_t count() const { return static_cast<int64_t>(rows_.size()); }

  void Add(const PieceChain::Rows& batch) {
    const DecodedRows& decoded = batch.decoded;
    for (int64_t row = 0; row < decoded.rows->num_rows() && !full(); ++row) {
      MessageMeta meta;
      meta.file = batch.file->path;
      meta.timestamp = batch.file->modified_at;
      meta.offset = decoded.record_numbers.empty() ? decoded.first_record + row : decoded.record_numbers[row];
      meta.line = decoded.lines.empty() ? meta.offset + 1 : decoded.lines[row] + batch.lines_before;
      rows_.emplace_back(decoded.rows->Slice(row, 1), std::move(meta));
      if (from_end_ && count() > limit_) rows_.pop_front();
    }
  }

  Result<Preview> Finish(const Schema& schema) {
    Preview preview;
    arrow::RecordBatchVector parts;
    for (auto& [row, meta] : rows_) {
      parts.push_back(row);
      preview.meta.push_back(std::move(meta));
    }
    if (parts.empty()) {
      VELO_ASSIGN_OR_RETURN_ARROW(preview.rows, arrow::RecordBatch::MakeEmpty(schema.ToArrow()));
    } else {
      VELO_ASSIGN_OR_RETURN_ARROW(preview.rows, arrow::ConcatenateRecordBatches(parts));
    }
    return preview;
  }

 private:
  const int64_t limit_;
  const bool from_end_;
  std::deque<std::pair<std::shared_ptr<arrow::RecordBatch>, MessageMeta>> rows_;
};

/// The pieces to read for a preview. From the end: the last file with rows, or only its last part when it is large.
Result<std::vector<FilePiece>> PeekPieces(const FileSet& files, bool from_end, bool whole) {
  std::vector<FilePiece> pieces;
  for (const InputFile& file : files.files) {
    if (file.size > 0) pieces.push_back({file, 0, -1});
  }
  if (!from_end || pieces.empty()) return pieces;
  const InputFile last = pieces.back().file;
  if (whole || last.size < kPeekWholeBytes) return pieces;
  VELO_ASSIGN_OR_RETURN(std::vector<FilePiece> parts, files.format->Split(last, kPeekPieces));
  return std::vector<FilePiece>{parts.back()};
}

}  // namespace

std::unique_ptr<Source> MakeFileSource(std::shared_ptr<const FileSet> files) {
  return std::make_unique<FileSource>(std::move(files));
}

Result<Preview> PeekFiles(const FileSet& files, const PreviewRequest& request) {
  formats::PieceOptions options;
  options.columns = files.schema;
  options.number_lines = true;
  const auto shared = std::make_shared<const FileSet>(files);
  for (bool whole : {false, true}) {
    VELO_ASSIGN_OR_RETURN(std::vector<FilePiece> pieces, PeekPieces(files, request.from_end, whole));
    PieceChain chain(shared, std::move(pieces), options);
    PreviewRows rows(request.limit, request.from_end);
    int64_t to_skip = request.from_end ? 0 : request.start_offset.value_or(0);
    while (!rows.full()) {
      VELO_ASSIGN_OR_RETURN(PieceChain::Rows batch,
                            chain.Read(to_skip > 0 ? to_skip : std::max<int64_t>(request.limit, 1000)));
      if (batch.file == nullptr) break;
      if (to_skip > 0) {
        to_skip -= batch.decoded.rows->num_rows();
        continue;
      }
      rows.Add(batch);
    }
    if (request.from_end && !whole && rows.count() < request.limit) continue;
    VELO_ASSIGN_OR_RETURN(Preview preview, rows.Finish(files.schema));
    preview.bad = chain.TakeBad();
    return preview;
  }
  return Status::Bug("a preview ended without rows");
}

}  // namespace velo
