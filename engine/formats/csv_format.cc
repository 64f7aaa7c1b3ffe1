#include "engine/formats/csv_format.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>

#include <numeric>

#include "engine/formats/csv_columns.h"
#include "engine/formats/csv_types.h"
#include "engine/formats/utf8.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// Fits the second-level cache together with its index.
constexpr size_t kBlockBytes = 512 << 10;
constexpr size_t kSampleBytes = 256 << 10;
constexpr size_t kFarSampleBytes = 64 << 10;
/// Rows after a border between pieces that must look right before it is trusted.
constexpr size_t kProvingBytes = 64 << 10;

Result<CsvLayout> ReadLayout(const InputFile& file, const CsvOptions& options) {
  VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file));
  size_t wanted = kSampleBytes;
  while (true) {
    VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(wanted));
    const bool complete = text.size() < wanted;
    if (!complete) text = text.substr(0, wanted);
    CsvLayout layout = SniffCsvLayout(text, complete, options);
    // A first row longer than the sample: look further.
    if (!layout.names.empty() || complete || wanted >= kMaxRecordBytes) return layout;
    wanted *= 4;
  }
}

class CsvReader : public RecordReader {
 public:
  CsvReader(std::unique_ptr<ByteWindow> window, CsvLayout layout, const FilePiece& piece, PieceOptions options)
      : window_(std::move(window)),
        layout_(std::move(layout)),
        options_(std::move(options)),
        width_(static_cast<uint32_t>(layout_.names.size())),
        ends_inside_file_(piece.end >= 0 && piece.end < piece.file.size),
        lines_(piece.begin == 0 ? layout_.data_line : 0) {
    for (const Column& column : options_.columns.columns) {
      auto found = std::find(layout_.names.begin(), layout_.names.end(), column.name);
      places_.push_back(found == layout_.names.end() ? -1 : static_cast<int>(found - layout_.names.begin()));
    }
  }

  /// Moves to the first record. Call once.
  Status SkipTo(int64_t offset) {
    while (window_->position() < offset) {
      VELO_ASSIGN_OR_RETURN(std::string_view text, window_->Fill(kBlockBytes));
      if (text.empty()) return Status::OK();
      window_->Advance(std::min<size_t>(text.size(), static_cast<size_t>(offset - window_->position())));
    }
    return Status::OK();
  }

  Result<DecodedRows> Read(int64_t max_rows) override {
    while (true) {
      if (next_row_ == rows_.size()) {
        VELO_ASSIGN_OR_RETURN(bool more, LoadBlock());
        if (!more) return DecodedRows{};
      }
      DecodedRows decoded;
      decoded.first_record = records_;
      SelectRows(max_rows);
      VELO_RETURN_IF_ERROR(Decode(&decoded));
      if (decoded.rows->num_rows() > 0) return decoded;
    }
  }

  PiecePosition position() const override {
    const int64_t in_block = next_row_ < rows_.size() ? static_cast<int64_t>(rows_.row_begin(next_row_)) : consumed_;
    return {records_, window_->position() + in_block, lines_ + LinesBefore(in_block)};
  }

  Status Seek(const PiecePosition& position) override {
    records_ = position.records;
    lines_ = position.lines;
    return SkipTo(position.offset);
  }

  int64_t bytes_read() const override { return window_->file_bytes_read(); }

 private:
  int64_t LinesBefore(int64_t offset_in_block) const {
    return std::count(text_.begin(), text_.begin() + offset_in_block, '\n');
  }

  Result<bool> LoadBlock() {
    if (consumed_ > 0) lines_ += rows_.line_count();
    window_->Advance(static_cast<size_t>(consumed_));
    consumed_ = 0;
    next_row_ = 0;
    for (size_t wanted = kBlockBytes;; wanted *= 2) {
      VELO_ASSIGN_OR_RETURN(text_, window_->Fill(wanted));
      const bool at_end = text_.size() < wanted;
      if (!at_end) text_ = text_.substr(0, wanted);
      if (text_.empty()) {
        rows_.Index(text_, layout_.dialect, true);
        return false;
      }
      consumed_ = static_cast<int64_t>(rows_.Index(text_, layout_.dialect, at_end));
      if (rows_.size() > 0) break;
      if (at_end || wanted >= kMaxRecordBytes) {
        VELO_RETURN_IF_ERROR(RejectFirstLine(at_end));
        window_->Advance(static_cast<size_t>(std::exchange(consumed_, 0)));
        wanted = kBlockBytes / 2;
      }
    }
    valid_utf8_ = IsValidUtf8(text_);
    return true;
  }

  /// A quote that is never closed would swallow the rest of the file: only its own line is given up.
  Status RejectFirstLine(bool at_end) {
    if (ends_inside_file_ && at_end) {
      return Status::User("UNSUPPORTED", "A quoted cell with line ends lies where the file was to be read in parallel.",
                          "Set multiline = true.");
    }
    const size_t line_end = text_.find('\n');
    const std::string_view line = text_.substr(0, line_end);
    AddBad(lines_ + 1, window_->position(), line,
           at_end ? "a quote is opened and never closed" : "the line is longer than 64 MiB");
    consumed_ = static_cast<int64_t>(line_end == std::string_view::npos ? text_.size() : line_end + 1);
    ++records_;
    ++lines_;
    return Status::OK();
  }

  void Reject(size_t row, std::string reason) {
    const auto offset = static_cast<int64_t>(rows_.row_begin(row));
    AddBad(lines_ + LinesBefore(offset) + 1, window_->position() + offset, rows_.row_text(row), std::move(reason));
  }

  /// Picks the rows of the right width, up to `max_rows`, into selected_ with their record numbers.
  void SelectRows(int64_t max_rows) {
    selected_.clear();
    record_numbers_.clear();
    all_records_selected_ = true;
    for (; next_row_ < rows_.size() && static_cast<int64_t>(selected_.size()) < max_rows; ++next_row_) {
      const uint32_t cells = rows_.cells(next_row_);
      if (cells != width_ || layout_.dialect.comment != '\0' || !valid_utf8_ || width_ == 1) [[unlikely]] {
        if (rows_.blank(next_row_) || IsComment(next_row_)) continue;
        if (!CheckRow(next_row_)) {
          all_records_selected_ = false;
          ++records_;
          continue;
        }
      }
      selected_.push_back(static_cast<uint32_t>(next_row_));
      record_numbers_.push_back(records_++);
    }
  }

  bool IsComment(size_t row) const {
    return layout_.dialect.comment != '\0' && rows_.row_text(row).starts_with(layout_.dialect.comment);
  }

  bool CheckRow(size_t row) {
    const uint32_t cells = rows_.cells(row);
    const std::string_view text = rows_.row_text(row);
    if (!valid_utf8_ && !IsValidUtf8(text)) {
      Reject(row, "it holds bytes that are not UTF-8; set encoding = latin-1 if the file is in that");
      return false;
    }
    bool fits = cells == width_;
    if (cells > width_) {
      // Delimiters at the end of a row hold nothing that could get lost.
      fits = true;
      for (uint32_t column = width_; column < cells; ++column) fits = fits && rows_.cell(row, column).empty();
    }
    if (!fits) Reject(row, fmt::format("it has {} cells instead of {}", cells, width_));
    return fits;
  }

  Status Decode(DecodedRows* decoded) {
    arrow::ArrayVector arrays;
    std::vector<std::string> reasons;  // Per selected row; empty as long as all fit.
    for (size_t i = 0; i < places_.size(); ++i) {
      const Column& column = options_.columns.columns[i];
      if (places_[i] < 0) {
        VELO_ASSIGN_OR_RETURN_ARROW(
            auto nulls, arrow::MakeArrayOfNull(column.type.ToArrow(), static_cast<int64_t>(selected_.size())));
        arrays.push_back(std::move(nulls));
        continue;
      }
      std::vector<CellMisfit> misfits;
      VELO_ASSIGN_OR_RETURN(auto array, ConvertCsvColumn(rows_, selected_, static_cast<uint32_t>(places_[i]),
                                                         layout_.dialect, column.type, &misfits));
      arrays.push_back(std::move(array));
      for (const CellMisfit& misfit : misfits) {
        reasons.resize(selected_.size());
        if (!reasons[misfit.row].empty()) continue;
        reasons[misfit.row] = fmt::format("'{}' in column '{}' is no {}", misfit.value.substr(0, 80), column.name,
                                          column.type.DisplayName());
      }
    }
    decoded->rows =
        arrow::RecordBatch::Make(options_.columns.ToArrow(), static_cast<int64_t>(selected_.size()), std::move(arrays));
    if (!reasons.empty()) VELO_RETURN_IF_ERROR(DropMisfits(reasons, decoded));
    if (!all_records_selected_) decoded->record_numbers = record_numbers_;
    if (options_.number_lines) NumberLines(decoded);
    return Status::OK();
  }

  Status DropMisfits(const std::vector<std::string>& reasons, DecodedRows* decoded) {
    arrow::BooleanBuilder keep;
    VELO_RETURN_IF_ARROW_ERROR(keep.Reserve(static_cast<int64_t>(reasons.size())));
    size_t kept = 0;
    for (size_t i = 0; i < reasons.size(); ++i) {
      keep.UnsafeAppend(reasons[i].empty());
      if (!reasons[i].empty()) {
        Reject(selected_[i], reasons[i]);
        continue;
      }
      selected_[kept] = selected_[i];
      record_numbers_[kept++] = record_numbers_[i];
    }
    selected_.resize(kept);
    record_numbers_.resize(kept);
    all_records_selected_ = false;
    VELO_ASSIGN_OR_RETURN_ARROW(auto mask, keep.Finish());
    VELO_ASSIGN_OR_RETURN_ARROW(arrow::Datum filtered, arrow::compute::Filter(decoded->rows, mask));
    decoded->rows = filtered.record_batch();
    return Status::OK();
  }

  void NumberLines(DecodedRows* decoded) const {
    int64_t offset = 0, line = lines_ + 1;
    for (uint32_t row : selected_) {
      const auto begin = static_cast<int64_t>(rows_.row_begin(row));
      line += std::count(text_.begin() + offset, text_.begin() + begin, '\n');
      offset = begin;
      decoded->lines.push_back(line);
    }
  }

  std::unique_ptr<ByteWindow> window_;
  const CsvLayout layout_;
  const PieceOptions options_;
  const uint32_t width_;
  const bool ends_inside_file_;
  std::vector<int> places_;  ///< Per wanted column: its position in the file, or -1.

  CsvRows rows_;
  std::string_view text_;
  int64_t consumed_ = 0;
  size_t next_row_ = 0;
  bool valid_utf8_ = true;
  int64_t records_ = 0;
  int64_t lines_;  ///< Before the block.
  std::vector<uint32_t> selected_;
  std::vector<int64_t> record_numbers_;
  bool all_records_selected_ = true;
};

/// Sample of the values of a file, one guess per column.
class TypeSampler {
 public:
  TypeSampler(const CsvLayout& layout, bool quoted_as_string)
      : layout_(layout), quoted_as_string_(quoted_as_string), guesses_(layout.names.size()) {}

  /// `tentative`: the text was cut out of the middle, so it is ignored when most rows look wrong.
  void Add(std::string_view text, bool complete, bool tentative) {
    CsvRows rows;
    rows.Index(text, layout_.dialect, complete);
    int64_t ragged = 0, good = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows.blank(row)) continue;
      (rows.cells(row) == guesses_.size() ? good : ragged) += 1;
    }
    if (tentative && (ragged * 2 > good || rows.ended_in_quotes())) return;
    rows_ += good + ragged;
    ragged_ += ragged;
    std::string buffer;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows.cells(row) != guesses_.size() || rows.blank(row)) continue;
      if (layout_.dialect.comment != '\0' && rows.row_text(row).starts_with(layout_.dialect.comment)) continue;
      for (size_t column = 0; column < guesses_.size(); ++column) {
        const std::string_view cell = rows.cell(row, static_cast<uint32_t>(column));
        const std::string_view value = CsvCellValue(cell, layout_.dialect, &buffer);
        const auto& nulls = layout_.dialect.null_values;
        if (value.empty() || std::find(nulls.begin(), nulls.end(), value) != nulls.end()) {
          guesses_[column].AddNull();
        } else if (quoted_as_string_ && cell.front() == layout_.dialect.quote) {
          guesses_[column].AddText();
        } else {
          guesses_[column].Add(value);
        }
      }
    }
  }

  const CellTypeGuess& guess(size_t column) const { return guesses_[column]; }
  int64_t rows() const { return rows_; }
  int64_t ragged() const { return ragged_; }

 private:
  const CsvLayout& layout_;
  const bool quoted_as_string_;
  std::vector<CellTypeGuess> guesses_;
  int64_t rows_ = 0, ragged_ = 0;
};

std::string DelimiterName(char delimiter) { return delimiter == '\t' ? "tab" : std::string(1, delimiter); }

class CsvFormat : public Format {
 public:
  explicit CsvFormat(CsvOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "csv"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    VELO_ASSIGN_OR_RETURN(CsvLayout layout, ReadLayout(file, options_));
    TypeSampler sampler(layout, options_.quoted_as_string);
    VELO_RETURN_IF_ERROR(SampleStart(file, layout, &sampler));
    if (file.seekable()) VELO_RETURN_IF_ERROR(SampleFarPlaces(file, &sampler));
    return Conclude(layout, sampler);
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    VELO_ASSIGN_OR_RETURN(CsvLayout layout, ReadLayout(piece.file, options_));
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(piece.file, piece.begin, piece.end));
    const auto data_begin = static_cast<int64_t>(layout.data_begin);
    auto reader = std::make_unique<CsvReader>(std::move(window), std::move(layout), piece, options);
    VELO_RETURN_IF_ERROR(reader->SkipTo(data_begin));
    return std::unique_ptr<RecordReader>(std::move(reader));
  }

  Result<std::vector<FilePiece>> Split(const InputFile& file, int count) const override {
    std::vector<FilePiece> pieces{{file, 0, -1}};
    if (!file.seekable() || count < 2) return pieces;
    VELO_ASSIGN_OR_RETURN(CsvLayout layout, ReadLayout(file, options_));
    for (int i = 1; i < count; ++i) {
      const int64_t target = std::max<int64_t>(file.size / count * i, static_cast<int64_t>(layout.data_begin));
      VELO_ASSIGN_OR_RETURN(int64_t border, FindBorder(file, layout, target));
      if (border <= pieces.back().begin || border >= file.size) continue;
      pieces.back().end = border;
      pieces.back().bytes = border - pieces.back().begin;
      pieces.push_back({file, border, -1, file.size - border});
    }
    return pieces;
  }

 private:
  static Status SampleStart(const InputFile& file, const CsvLayout& layout, TypeSampler* sampler) {
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file));
    const size_t wanted = layout.data_begin + kSampleBytes;
    VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(wanted));
    const bool complete = text.size() < wanted;
    if (!complete) text = text.substr(0, wanted);
    sampler->Add(text.substr(std::min(layout.data_begin, text.size())), complete, false);
    return Status::OK();
  }

  /// Looks at a few places in the middle and at the end, as files often change their habits on the way.
  static Status SampleFarPlaces(const InputFile& file, TypeSampler* sampler) {
    if (file.size < static_cast<int64_t>(kSampleBytes + 8 * kFarSampleBytes)) {
      if (file.size > static_cast<int64_t>(kSampleBytes)) {
        return SampleAt(file, kSampleBytes, file.size, sampler);
      }
      return Status::OK();
    }
    for (int eighth = 1; eighth <= 8; ++eighth) {
      const int64_t begin = eighth == 8 ? file.size - static_cast<int64_t>(kFarSampleBytes) : file.size / 8 * eighth;
      VELO_RETURN_IF_ERROR(SampleAt(file, begin, begin + static_cast<int64_t>(kFarSampleBytes), sampler));
    }
    return Status::OK();
  }

  static Status SampleAt(const InputFile& file, int64_t begin, int64_t end, TypeSampler* sampler) {
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file, begin, end));
    VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(static_cast<size_t>(end - begin)));
    const size_t line_end = text.find('\n');
    if (line_end != std::string_view::npos) sampler->Add(text.substr(line_end + 1), end >= file.size, true);
    return Status::OK();
  }

  InferredSchema Conclude(const CsvLayout& layout, const TypeSampler& sampler) const {
    InferredSchema inferred;
    for (size_t i = 0; i < layout.names.size(); ++i) {
      const CellTypeGuess& guess = sampler.guess(i);
      Column column{layout.names[i], guess.type(), true};
      std::string widened(guess.widened_from());
      for (const Column& declared : options_.columns) {
        if (declared.name != column.name || declared.type.kind() == TypeKind::kAny) continue;
        column.type = declared.type;
        widened.clear();
      }
      if (!widened.empty() && column.type.kind() == TypeKind::kString) {
        inferred.warnings.push_back(fmt::format(
            "{} of {} values of '{}' are no {} ('{}'), so it is read as String; null_values can name those that mean "
            "nothing.",
            guess.misfits(), guess.values(), column.name, widened, fmt::join(guess.misfit_examples(), "', '")));
      }
      inferred.schema.columns.push_back(std::move(column));
      inferred.widened_from.push_back(std::move(widened));
      inferred.presence.push_back(1);
    }
    if (sampler.ragged() > 0) {
      inferred.warnings.push_back(fmt::format("{} of {} sampled rows do not have {} cells; they become bad records.",
                                              sampler.ragged(), sampler.rows(), layout.names.size()));
    }
    inferred.details = {{"delimiter", DelimiterName(layout.dialect.delimiter)},
                        {"header", layout.dialect.has_header ? "true" : "false"}};
    return inferred;
  }

  /// Finds the first line end after `target` that is surely the end of a row: the rows behind it must have the right
  /// width and well-formed quotes. Returns the file's size when there is none.
  Result<int64_t> FindBorder(const InputFile& file, const CsvLayout& layout, int64_t target) const {
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file, target, -1));
    VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(2 * kProvingBytes));
    size_t line_end = text.find('\n');
    for (int tries = 0; line_end != std::string_view::npos && tries < 100; ++tries) {
      if (!options_.multiline || RowsLookRight(text.substr(line_end + 1, kProvingBytes), layout)) {
        return target + static_cast<int64_t>(line_end) + 1;
      }
      line_end = text.find('\n', line_end + 1);
    }
    return file.size;
  }

  static bool RowsLookRight(std::string_view text, const CsvLayout& layout) {
    CsvRows rows;
    rows.Index(text, layout.dialect, false);
    size_t good = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows.cells(row) == layout.names.size()) ++good;
    }
    return good > 0 && good == rows.size();
  }

  CsvOptions options_;
};

}  // namespace

std::unique_ptr<Format> MakeCsvFormat(CsvOptions options) { return std::make_unique<CsvFormat>(std::move(options)); }

}  // namespace velo::formats
