#include "engine/formats/json_format.h"

#include <arrow/record_batch.h>

#include "engine/formats/json_columns.h"
#include "engine/formats/json_guess.h"
#include "engine/formats/json_records.h"

namespace velo::formats {
namespace {

constexpr int64_t kSampleBytes = 4 << 20;
constexpr int64_t kFarSampleBytes = 128 << 10;
constexpr size_t kLookBytes = 256 << 10;

Result<JsonLayout> ReadLayout(const InputFile& file) {
  VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file));
  VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(kLookBytes));
  return SniffJsonLayout(text);
}

class JsonReader : public RecordReader {
 public:
  JsonReader(std::unique_ptr<ByteWindow> window, JsonLayout layout, const PieceOptions& options)
      : records_(std::move(window), layout), decoder_(options.columns), number_lines_(options.number_lines) {}

  Result<DecodedRows> Read(int64_t max_rows) override {
    DecodedRows decoded;
    decoded.first_record = passed_;
    bool gap = false;
    std::vector<int64_t> numbers;
    JsonRecords::Record record;
    for (int64_t rows = 0; rows < max_rows && !decoder_.full(); ++passed_) {
      VELO_ASSIGN_OR_RETURN(const std::string* reason, Take(&record));
      if (record.kind == JsonRecords::Kind::kEnd) break;
      if (reason->empty()) {
        ++rows;
        if (gap) numbers.push_back(passed_);
        if (number_lines_) decoded.lines.push_back(record.line);
        continue;
      }
      AddBad(record.line, record.offset, record.text, *reason);
      if (std::exchange(gap, true)) continue;
      for (int64_t row = 0; row < rows; ++row) numbers.push_back(decoded.first_record + row);
    }
    if (decoder_.rows() == 0) return DecodedRows{};
    VELO_ASSIGN_OR_RETURN(decoded.rows, decoder_.Finish());
    if (gap) decoded.record_numbers = std::move(numbers);
    return decoded;
  }

  PiecePosition position() const override { return {passed_, records_.offset(), records_.lines()}; }
  Status Seek(const PiecePosition& position) override {
    passed_ = position.records;
    return records_.SkipTo(position.offset, position.lines);
  }
  int64_t bytes_read() const override { return records_.file_bytes_read(); }

 private:
  /// Takes the next record. Returns why it is bad; empty when it became a row or there is none.
  Result<const std::string*> Take(JsonRecords::Record* record) {
    if (const std::string_view lines = records_.Lines(); !lines.empty()) {
      size_t length;
      const std::string& reason = decoder_.AppendLine(lines, &length);
      *record = records_.PassLine(length);
      return &reason;
    }
    static const std::string kNone, kTooLong = "the record is longer than 64 MiB",
                                    kCutOff = "the file ends in the middle of the record";
    VELO_ASSIGN_OR_RETURN(*record, records_.Next());
    switch (record->kind) {
      case JsonRecords::Kind::kEnd:
        return &kNone;
      case JsonRecords::Kind::kTooLong:
        return &kTooLong;
      case JsonRecords::Kind::kCutOff:
        return &kCutOff;
      default:
        return &decoder_.Append(record->text);
    }
  }

  JsonRecords records_;
  JsonDecoder decoder_;
  const bool number_lines_;
  int64_t passed_ = 0;
};

/// What the sampled records said.
struct Sample {
  explicit Sample(bool detect_decimals) : guess(detect_decimals) {}
  JsonTypeGuess guess;
  int64_t records = 0;
  int64_t bad = 0;
  std::string first_reason;
};

class JsonFormat : public Format {
 public:
  explicit JsonFormat(JsonOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "json"; }

  Result<InferredSchema> Infer(const InputFile& file) const override {
    VELO_ASSIGN_OR_RETURN(const JsonLayout layout, ReadLayout(file));
    Sample sample(options_.detect_decimals);
    VELO_RETURN_IF_ERROR(AddSample(file, layout, 0, kSampleBytes, &sample));
    if (file.seekable() && layout == JsonLayout::kLines && file.size > kSampleBytes) {
      for (int eighth = 1; eighth <= 8; ++eighth) {
        const int64_t begin = std::min(file.size / 8 * eighth, file.size - kFarSampleBytes);
        VELO_RETURN_IF_ERROR(AddSample(file, layout, begin, kFarSampleBytes, &sample));
      }
    }
    if (sample.guess.objects() == 0 && sample.records > 0) {
      return Status::User("UNSUPPORTED", fmt::format("{} holds no JSON objects: {}.", file.path, sample.first_reason),
                          "Rows are made of objects: one per line, in one array, or one after the other.")
          .WithDetail("feature", "format");
    }
    return Conclude(sample, layout);
  }

  Result<std::unique_ptr<RecordReader>> OpenPiece(const FilePiece& piece, const PieceOptions& options) const override {
    VELO_ASSIGN_OR_RETURN(const JsonLayout layout, ReadLayout(piece.file));
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(piece.file, piece.begin, piece.end));
    return std::unique_ptr<RecordReader>(std::make_unique<JsonReader>(std::move(window), layout, options));
  }

  Result<std::vector<FilePiece>> Split(const InputFile& file, int count) const override {
    std::vector<FilePiece> pieces{{file, 0, -1}};
    VELO_ASSIGN_OR_RETURN(const JsonLayout layout, ReadLayout(file));
    if (!file.seekable() || layout != JsonLayout::kLines) return pieces;
    for (int i = 1; i < count; ++i) {
      // Inside a JSON text no line end stands as it is, so every line end is the end of a record.
      VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file, file.size / count * i, -1));
      VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(kLookBytes));
      const size_t line_end = text.find('\n');
      if (line_end == std::string_view::npos) continue;
      const int64_t border = window->position() + static_cast<int64_t>(line_end) + 1;
      if (border <= pieces.back().begin || border >= file.size) continue;
      pieces.back().end = border;
      pieces.back().bytes = border - pieces.back().begin;
      pieces.push_back({file, border, -1, file.size - border});
    }
    return pieces;
  }

 private:
  /// Adds the records of [begin, begin + bytes) to the sample; in the middle of a file from the first whole line on.
  static Status AddSample(const InputFile& file, JsonLayout layout, int64_t begin, int64_t bytes, Sample* sample) {
    VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file, begin, -1));
    if (begin > 0) {
      VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(kLookBytes));
      const size_t line_end = text.find('\n');
      if (line_end == std::string_view::npos) return Status::OK();
      window->Advance(line_end + 1);
    }
    JsonRecords records(std::move(window), layout);
    JsonGuesser guesser(&sample->guess);
    while (records.offset() < begin + bytes) {
      VELO_ASSIGN_OR_RETURN(JsonRecords::Record record, records.Next());
      if (record.kind == JsonRecords::Kind::kEnd) break;
      ++sample->records;
      std::string reason = "the record cannot be read";
      if (record.kind == JsonRecords::Kind::kRecord) reason = guesser.Add(record.text);
      if (reason.empty()) continue;
      if (sample->bad++ == 0) sample->first_reason = reason;
    }
    return Status::OK();
  }

  InferredSchema Conclude(const Sample& sample, JsonLayout layout) const {
    InferredSchema inferred;
    for (const auto& [name, guess] : sample.guess.fields()) {
      Column column{name, guess->type(), true};
      std::string widened = guess->widened_from();
      for (const Column& declared : options_.columns) {
        if (declared.name != name || declared.type.kind() == TypeKind::kAny) continue;
        column.type = declared.type;
        widened.clear();
      }
      if (!widened.empty() && column.type.kind() == TypeKind::kString) {
        inferred.warnings.push_back(
            fmt::format("'{}' is {} in most records but not in all, so it is read as String.", name, widened));
      }
      inferred.schema.columns.push_back(std::move(column));
      inferred.widened_from.push_back(std::move(widened));
      inferred.presence.push_back(static_cast<double>(guess->seen()) /
                                  static_cast<double>(std::max<int64_t>(1, sample.guess.objects())));
    }
    if (sample.bad > 0) {
      inferred.warnings.push_back(fmt::format("{} of {} sampled records cannot be read ({}); they become bad records.",
                                              sample.bad, sample.records, sample.first_reason));
    }
    inferred.details = {{"layout", layout == JsonLayout::kLines ? "lines" : "array or objects"}};
    return inferred;
  }

  JsonOptions options_;
};

}  // namespace

std::unique_ptr<Format> MakeJsonFormat(JsonOptions options) { return std::make_unique<JsonFormat>(std::move(options)); }

}  // namespace velo::formats
