#include "cli/row_printer.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>
#include <thread>
#include <vector>

#include "engine/types/arrow_status.h"
#include "engine/types/value_text.h"

namespace velo::cli {
namespace {

std::string_view KindMark(const Batch& batch, int64_t row) {
  if (batch.kinds.empty()) return "+";
  switch (batch.kinds[row]) {
    case RowKind::kInsert:
      return "+";
    case RowKind::kUpdateBefore:
      return "-U";
    case RowKind::kUpdateAfter:
      return "U";
    case RowKind::kDelete:
      return "-";
  }
  return "+";
}

/// Counts what a terminal shows: one place per code point is right for all but wide scripts.
size_t DisplayWidth(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool IsNumeric(const SqlType& type) { return type.is_numeric(); }

/// Aligned columns. A finite result is measured whole (up to a limit); a stream takes its widths from the first rows.
class TablePrinter : public RowPrinter {
 public:
  TablePrinter(const PrintFormat& format, Schema schema, std::FILE* out)
      : format_(format), schema_(std::move(schema)), out_(out) {}

  Status Print(const Batch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::vector<std::string> cells;
      if (format_.changelog) cells.emplace_back(KindMark(batch, row));
      for (size_t i = 0; i < schema_.columns.size(); ++i) {
        std::string text;
        AppendText(*batch.columns->column(static_cast<int>(i)), row, &text);
        std::replace(text.begin(), text.end(), '\n', ' ');
        cells.push_back(std::move(text));
      }
      rows_.push_back(std::move(cells));
    }
    if (format_.streaming || rows_.size() >= kMeasuredRows) Flush();
    return Status::OK();
  }

  Status Finish() override {
    Flush();
    return Status::OK();
  }

 private:
  static constexpr size_t kMeasuredRows = 10'000;

  void Flush() {
    if (widths_.empty()) {
      Measure();
      PrintHeader();
    }
    for (const std::vector<std::string>& cells : rows_) PrintLine(cells, false);
    rows_.clear();
    std::fflush(out_);
  }

  void Measure() {
    if (format_.changelog) widths_.push_back(2);
    for (const Column& column : schema_.columns) widths_.push_back(DisplayWidth(column.name));
    for (const auto& cells : rows_) {
      for (size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(cells[i]));
    }
  }

  void PrintHeader() {
    std::vector<std::string> names;
    if (format_.changelog) names.emplace_back("");
    for (const Column& column : schema_.columns) names.push_back(column.name);
    PrintLine(names, true);
  }

  void PrintLine(const std::vector<std::string>& cells, bool header) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const size_t column = format_.changelog ? i - 1 : i;
      const bool right = (!format_.changelog || i > 0) && IsNumeric(schema_.columns[column].type);
      const size_t width = DisplayWidth(cells[i]);
      const std::string padding(widths_[i] > width ? widths_[i] - width : 0, ' ');
      const bool last = i + 1 == cells.size();
      line += right ? padding + cells[i] : cells[i] + (last ? "" : padding);
      if (!last) line += "  ";
    }
    (void)header;
    std::fprintf(out_, "%s\n", line.c_str());
  }

  PrintFormat format_;
  Schema schema_;
  std::FILE* out_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
};

class JsonPrinter : public RowPrinter {
 public:
  JsonPrinter(const PrintFormat& format, Schema schema, bool lines, std::FILE* out)
      : format_(format), schema_(std::move(schema)), lines_(lines), out_(out) {}

  Status Print(const Batch& batch) override {
    Begin();
    std::vector<int> shown(schema_.columns.size());
    for (size_t i = 0; i < shown.size(); ++i) shown[i] = static_cast<int>(i);
    VELO_ASSIGN_OR_RETURN_ARROW(const auto visible, batch.columns->SelectColumns(shown));
    std::string text;
    for (int64_t row = 0; row < visible->num_rows(); ++row) {
      text.clear();
      if (!lines_) text += rows_++ == 0 ? "\n  " : ",\n  ";
      if (format_.changelog) text += fmt::format("{{\"op\":\"{}\",\"row\":", KindMark(batch, row));
      AppendJsonRow(*visible, row, JsonStyle::kExact, &text);
      if (format_.changelog) text += "}";
      if (lines_) text += "\n";
      std::fwrite(text.data(), 1, text.size(), out_);
    }
    if (format_.streaming) std::fflush(out_);
    return Status::OK();
  }

  Status Finish() override {
    Begin();
    if (!lines_) std::fputs(rows_ == 0 ? "]}\n" : "\n]}\n", out_);
    std::fflush(out_);
    return Status::OK();
  }

 private:
  void Begin() {
    if (begun_ || lines_) return;
    begun_ = true;
    std::string text = "{\"columns\":[";
    for (size_t i = 0; i < schema_.columns.size(); ++i) {
      if (i > 0) text += ",";
      text += "{\"name\":";
      AppendJsonString(schema_.columns[i].name, &text);
      text += ",\"type\":";
      AppendJsonString(schema_.columns[i].type.ToString(), &text);
      text += "}";
    }
    text += "],\"rows\":[";
    std::fputs(text.c_str(), out_);
  }

  PrintFormat format_;
  Schema schema_;
  bool lines_;
  std::FILE* out_;
  bool begun_ = false;
  int64_t rows_ = 0;
};

/// CSV and Markdown: a header, then one line per row.
class DelimitedPrinter : public RowPrinter {
 public:
  DelimitedPrinter(const PrintFormat& format, Schema schema, bool markdown, std::FILE* out)
      : format_(format), schema_(std::move(schema)), markdown_(markdown), out_(out) {}

  Status Print(const Batch& batch) override {
    Begin();
    const int64_t rows = batch.num_rows();
    // A large result is put into words by several threads, a share of the rows each, while this one writes.
    const auto policy = rows > kShareRows ? std::launch::async | std::launch::deferred : std::launch::deferred;
    for (int64_t begin = 0; begin < rows; begin += kShareRows) {
      const int64_t end = std::min(rows, begin + kShareRows);
      if (shares_.size() == most_shares_) WriteFirst();
      shares_.push_back(std::async(policy, [this, batch, begin, end] { return Words(batch, begin, end); }));
    }
    if (format_.streaming) {
      WriteAll();
      std::fflush(out_);
    }
    return Status::OK();
  }

  Status Finish() override {
    Begin();
    WriteAll();
    std::fflush(out_);
    return Status::OK();
  }

 private:
  void Begin() {
    if (begun_) return;
    begun_ = true;
    std::vector<std::string> names;
    if (format_.changelog) names.emplace_back("op");
    for (const Column& column : schema_.columns) names.push_back(column.name);
    std::string text;
    BeginLine(&text);
    for (size_t i = 0; i < names.size(); ++i) AppendCell(names[i], i + 1 == names.size(), &text);
    if (markdown_) {
      text += "|";
      for (size_t i = 0; i < names.size(); ++i) text += "---|";
      text += "\n";
    }
    std::fwrite(text.data(), 1, text.size(), out_);
  }

  void WriteFirst() {
    const std::string words = shares_.front().get();
    shares_.pop_front();
    std::fwrite(words.data(), 1, words.size(), out_);
  }

  void WriteAll() {
    while (!shares_.empty()) WriteFirst();
  }

  /// The lines of some of the rows.
  std::string Words(const Batch& batch, int64_t begin, int64_t end) const {
    std::vector<const arrow::Array*> columns;
    std::vector<bool> is_bare;
    for (size_t i = 0; i < schema_.columns.size(); ++i) {
      columns.push_back(batch.columns->column(static_cast<int>(i)).get());
      is_bare.push_back(!markdown_ && IsBare(columns.back()->type_id()));
    }
    constexpr size_t kUsualCell = 16;
    std::string text, cell;
    text.reserve(static_cast<size_t>(end - begin) * columns.size() * kUsualCell);
    for (int64_t row = begin; row < end; ++row) {
      BeginLine(&text);
      if (format_.changelog) AppendCell(KindMark(batch, row), columns.empty(), &text);
      for (size_t i = 0; i < columns.size(); ++i) {
        const bool last = i + 1 == columns.size();
        if (is_bare[i]) {
          if (columns[i]->IsValid(row)) AppendText(*columns[i], row, &text);
          text += last ? '\n' : ',';
          continue;
        }
        cell.clear();
        if (columns[i]->IsValid(row)) AppendText(*columns[i], row, &cell);
        AppendCell(cell, last, &text);
      }
    }
    return text;
  }

  /// Whether the texts of such values never need quotes.
  static bool IsBare(arrow::Type::type type) {
    return type == arrow::Type::INT64 || type == arrow::Type::DOUBLE || type == arrow::Type::TIMESTAMP ||
           type == arrow::Type::DATE32 || type == arrow::Type::BOOL || type == arrow::Type::DECIMAL128;
  }

  void BeginLine(std::string* text) const {
    if (markdown_) *text += "| ";
  }

  void AppendCell(std::string_view cell, bool last, std::string* text) const {
    if (markdown_) {
      AppendMarkdown(cell, text);
      *text += last ? " |\n" : " | ";
    } else {
      AppendCsv(cell, text);
      *text += last ? "\n" : ",";
    }
  }

  static void AppendCsv(std::string_view cell, std::string* text) {
    const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
    if (std::none_of(cell.begin(), cell.end(), is_special)) {
      *text += cell;
      return;
    }
    *text += '"';
    for (const char c : cell) {
      if (c == '"') *text += '"';
      *text += c;
    }
    *text += '"';
  }

  static void AppendMarkdown(std::string_view cell, std::string* text) {
    for (const char c : cell) {
      if (c == '|') *text += '\\';
      *text += c == '\n' ? ' ' : c;
    }
  }

  static constexpr int64_t kShareRows = 4096;

  PrintFormat format_;
  Schema schema_;
  bool markdown_;
  std::FILE* out_;
  bool begun_ = false;
  /// Shares of the rows that are not written yet, in their order: one per thread, and one that waits to be written.
  std::deque<std::future<std::string>> shares_;
  const size_t most_shares_ = std::clamp(std::thread::hardware_concurrency(), 1U, 8U) + 1;
};

/// The stdio stream as an Arrow output, for IPC.
class FileSink : public arrow::io::OutputStream {
 public:
  explicit FileSink(std::FILE* file) : file_(file) {}
  arrow::Status Close() override {
    closed_ = true;
    return std::fflush(file_) == 0 ? arrow::Status::OK() : arrow::Status::IOError("cannot write the output");
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Write(const void* data, int64_t size) override {
    position_ += size;
    const auto written = static_cast<int64_t>(std::fwrite(data, 1, static_cast<size_t>(size), file_));
    return written == size ? arrow::Status::OK() : arrow::Status::IOError("cannot write the output");
  }

 private:
  std::FILE* file_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class ArrowPrinter : public RowPrinter {
 public:
  ArrowPrinter(Schema schema, std::FILE* out) : schema_(std::move(schema)), sink_(out) {}

  Status Print(const Batch& batch) override {
    VELO_RETURN_IF_ERROR(Begin());
    std::vector<int> shown(schema_.columns.size());
    for (size_t i = 0; i < shown.size(); ++i) shown[i] = static_cast<int>(i);
    VELO_ASSIGN_OR_RETURN_ARROW(const auto visible, batch.columns->SelectColumns(shown));
    const auto typed = arrow::RecordBatch::Make(schema_.ToArrow(), visible->num_rows(), visible->columns());
    VELO_RETURN_IF_ARROW_ERROR(writer_->WriteRecordBatch(*typed));
    return Status::OK();
  }

  Status Finish() override {
    VELO_RETURN_IF_ERROR(Begin());
    VELO_RETURN_IF_ARROW_ERROR(writer_->Close());
    VELO_RETURN_IF_ARROW_ERROR(sink_.Close());
    return Status::OK();
  }

 private:
  Status Begin() {
    if (writer_) return Status::OK();
    VELO_ASSIGN_OR_RETURN_ARROW(writer_, arrow::ipc::MakeStreamWriter(&sink_, schema_.ToArrow()));
    return Status::OK();
  }

  Schema schema_;
  FileSink sink_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<RowPrinter>> MakeRowPrinter(const PrintFormat& format, const Schema& schema, std::FILE* out) {
  std::unique_ptr<RowPrinter> printer;
  if (format.name == "table")
    printer = std::make_unique<TablePrinter>(format, schema, out);
  else if (format.name == "json" && format.streaming)
    printer = std::make_unique<JsonPrinter>(format, schema, true, out);
  else if (format.name == "json")
    printer = std::make_unique<JsonPrinter>(format, schema, false, out);
  else if (format.name == "jsonl")
    printer = std::make_unique<JsonPrinter>(format, schema, true, out);
  else if (format.name == "csv")
    printer = std::make_unique<DelimitedPrinter>(format, schema, false, out);
  else if (format.name == "markdown")
    printer = std::make_unique<DelimitedPrinter>(format, schema, true, out);
  else if (format.name == "arrow")
    printer = std::make_unique<ArrowPrinter>(schema, out);
  if (printer) return printer;
  return Status::User("VALIDATION_ERROR", fmt::format("There is no output format '{}'.", format.name),
                      "Use table, json, jsonl, csv, markdown or arrow.");
}

}  // namespace velo::cli
