#include "connectors/file/file_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>

#include "connectors/file/file_paths.h"
#include "engine/formats/file_kind.h"
#include "engine/formats/record_writer.h"

namespace velo {
namespace {

using formats::WriteFormat;

struct FileSinkOptions {
  formats::WriteOptions write;
  int64_t max_bytes = 0;    ///< 0: no rotation by size.
  int64_t max_records = 0;  ///< 0: no rotation by rows.
  int64_t interval_ms = 0;  ///< 0: no rotation by time.
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lower;
}

std::string OptionOf(const PropertyMap& properties, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    for (const auto& [key, value] : properties) {
      std::string normal = Lower(key);
      for (char& letter : normal) letter = letter == '.' ? '_' : letter;
      if (normal.starts_with("file_")) normal.erase(0, 5);
      if (normal == name) return value;
    }
  }
  return "";
}

Status BadValue(std::string_view key, std::string_view value, std::string_view wanted) {
  return Status::User("E3010", fmt::format("'{}' is no value for '{}'", value, key), fmt::format("give {}", wanted));
}

Result<bool> BooleanOf(std::string_view key, const std::string& value, bool otherwise) {
  if (value.empty()) return otherwise;
  const std::string lower = Lower(value);
  for (std::string_view word : {"true", "yes", "on", "1"}) {
    if (lower == word) return true;
  }
  for (std::string_view word : {"false", "no", "off", "0"}) {
    if (lower == word) return false;
  }
  return BadValue(key, value, "true or false");
}

/// A count, or a size such as 64KB.
Result<int64_t> SizeOf(std::string_view key, const std::string& value, int64_t otherwise) {
  if (value.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  std::string unit = Lower(std::string_view(end, static_cast<size_t>(value.data() + value.size() - end)));
  std::erase(unit, ' ');
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"", 1}, {"b", 1}, {"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}};
  for (const auto& [name, factor] : kUnits) {
    if (error == std::errc() && number >= 0 && unit == name) return number * factor;
  }
  return BadValue(key, value, "a number or a size such as 64KB");
}

/// Milliseconds, or a duration such as 5s or 10 minutes.
Result<int64_t> MillisOf(std::string_view key, const std::string& value) {
  if (value.empty()) return int64_t{0};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  std::string unit = Lower(std::string_view(end, static_cast<size_t>(value.data() + value.size() - end)));
  std::erase(unit, ' ');
  if (unit.size() > 2 && unit.ends_with('s')) unit.pop_back();
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"", 1},          {"ms", 1},           {"s", 1000},       {"sec", 1000},
      {"second", 1000}, {"m", 60'000},       {"min", 60'000},   {"minute", 60'000},
      {"h", 3'600'000}, {"hour", 3'600'000}, {"d", 86'400'000}, {"day", 86'400'000}};
  for (const auto& [name, factor] : kUnits) {
    if (error == std::errc() && number > 0 && unit == name) return number * factor;
  }
  return BadValue(key, value, "milliseconds or a duration such as 5m");
}

/// Limits of all kinds hold side by side; "rotation" names the only one that does.
Status ParseRotation(const PropertyMap& properties, FileSinkOptions* options) {
  VELO_ASSIGN_OR_RETURN(options->max_bytes,
                        SizeOf("max_file_size_bytes", OptionOf(properties, {"max_file_size_bytes"}), 0));
  VELO_ASSIGN_OR_RETURN(options->max_records,
                        SizeOf("max_records_per_file", OptionOf(properties, {"max_records_per_file"}), 0));
  VELO_ASSIGN_OR_RETURN(options->interval_ms,
                        MillisOf("rotation_interval_ms", OptionOf(properties, {"rotation_interval_ms"})));
  const std::string by = Lower(OptionOf(properties, {"rotation"}));
  if (by.empty()) return Status::OK();
  const std::tuple<std::string_view, int64_t*, std::string_view> kinds[] = {
      {"size", &options->max_bytes, "max_file_size_bytes"},
      {"records", &options->max_records, "max_records_per_file"},
      {"time", &options->interval_ms, "rotation_interval_ms"}};
  bool known = false;
  for (const auto& [name, limit, key] : kinds) {
    known |= by == name;
    if (by == name && *limit == 0) {
      return Status::User("E3010", fmt::format("'rotation' = '{}' needs '{}'", name, key), "give that limit too");
    }
    if (by != name) *limit = 0;
  }
  return known ? Status::OK() : BadValue("rotation", by, "size, time or records");
}

Result<WriteFormat> FormatOf(const PropertyMap& properties, std::string path) {
  const std::string name = Lower(OptionOf(properties, {"format", "value_format"}));
  formats::TakeCompressionSuffix(&path);
  const std::string extension = Lower(std::filesystem::path(path).extension().string());
  if (name == "csv" || name == "csv_no_header" || (name.empty() && extension == ".csv")) return WriteFormat::kCsv;
  if (name == "tsv" || (name.empty() && extension == ".tsv")) return WriteFormat::kCsv;
  if (name == "json_array") return WriteFormat::kJsonArray;
  if (name == "parquet" || (name.empty() && extension == ".parquet")) return WriteFormat::kParquet;
  for (std::string_view lines : {"", "json", "jsonl", "jsonlines", "json_lines", "ndjson"}) {
    if (name == lines) return WriteFormat::kJsonLines;
  }
  return BadValue("format", name, "csv, json, jsonl, json_array or parquet");
}

Result<formats::Compression> CompressionOf(const PropertyMap& properties, std::string path) {
  const std::string name = Lower(OptionOf(properties, {"compression"}));
  const formats::Compression by_suffix = formats::TakeCompressionSuffix(&path);
  if (name.empty()) return by_suffix;
  if (name == "none") return formats::Compression::kNone;
  if (name == "gzip" || name == "gz") return formats::Compression::kGzip;
  if (name == "zstd" || name == "zst") return formats::Compression::kZstd;
  if (name == "snappy") return formats::Compression::kSnappy;
  return BadValue("compression", name, "none, gzip, zstd or snappy");
}

Result<FileSinkOptions> ParseOptions(const PropertyMap& properties, const std::string& path) {
  FileSinkOptions options;
  VELO_ASSIGN_OR_RETURN(options.write.format, FormatOf(properties, path));
  VELO_ASSIGN_OR_RETURN(options.write.compression, CompressionOf(properties, path));
  const std::string format = Lower(OptionOf(properties, {"format"}));
  const bool tabs = format == "tsv" || (format.empty() && path.ends_with(".tsv"));
  const std::string delimiter = OptionOf(properties, {"delimiter", "csv_delimiter"});
  if (delimiter == "\\t" || Lower(delimiter) == "tab" || (delimiter.empty() && tabs))
    options.write.delimiter = '\t';
  else if (delimiter.size() == 1)
    options.write.delimiter = delimiter[0];
  else if (!delimiter.empty())
    return BadValue("delimiter", delimiter, "one character");
  VELO_ASSIGN_OR_RETURN(options.write.header,
                        BooleanOf("has_headers", OptionOf(properties, {"has_headers", "header", "csv_has_header"}),
                                  format != "csv_no_header"));
  VELO_ASSIGN_OR_RETURN(options.write.append,
                        BooleanOf("append", OptionOf(properties, {"append", "append_if_exists"}), false));
  VELO_ASSIGN_OR_RETURN(
      options.write.buffer_bytes,
      SizeOf("buffer_size", OptionOf(properties, {"buffer_size", "buffer_size_bytes"}), options.write.buffer_bytes));
  VELO_RETURN_IF_ERROR(ParseRotation(properties, &options));
  return options;
}

/// {timestamp}, {date}, {job} and strftime letters filled in. All times are UTC.
std::string ExpandPath(const std::string& path, const SinkTarget& target) {
  const std::time_t seconds = target.now / 1'000'000;
  std::tm time{};
  gmtime_r(&seconds, &time);
  auto print = [&time](const char* pattern) {
    char text[64];
    return std::string(text, std::strftime(text, sizeof(text), pattern, &time));
  };
  std::string expanded;
  for (size_t at = 0; at < path.size();) {
    const std::string_view rest = std::string_view(path).substr(at);
    if (rest.starts_with("{timestamp}")) {
      expanded += print("%Y%m%dT%H%M%S");
      at += 11;
    } else if (rest.starts_with("{date}")) {
      expanded += print("%Y-%m-%d");
      at += 6;
    } else if (rest.starts_with("{job}")) {
      expanded += target.name;
      at += 5;
    } else if (rest[0] == '%' && rest.size() > 1 && std::string_view("YmdHMSjy").find(rest[1]) != std::string::npos) {
      const char pattern[] = {'%', rest[1], '\0'};
      expanded += print(pattern);
      at += 2;
    } else {
      expanded.push_back(path[at++]);
    }
  }
  return expanded;
}

Status CheckWritable(const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::weakly_canonical(path, error).string();
  bool refused = std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error);
  for (std::string_view root : {"/proc/", "/sys/", "/dev/"}) refused |= real.starts_with(root);
  if (!refused) return Status::OK();
  return Status::User("FORBIDDEN", fmt::format("{} may not be written: it is no regular file.", path),
                      "Name a file in a folder of yours.")
      .WithDetail("reason", "path");
}

/// "1024 /out/totals.csv": so many bytes of the file are there. The path may have been made of the time of day.
struct FilePosition {
  int64_t bytes = 0;
  std::string path;

  static Result<FilePosition> Parse(std::string_view text) {
    FilePosition position;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position.bytes);
    const auto digits = static_cast<size_t>(end - text.data());
    if (error == std::errc() && position.bytes >= 0 && digits + 1 < text.size() && *end == ' ') {
      position.path = text.substr(digits + 1);
      return position;
    }
    return Status::World("STATE_DAMAGED", fmt::format("'{}' is no position in a file", text),
                         "start again with an empty checkpoint folder");
  }
};

/// Only plain text can go on in the middle.
Status CheckCanGoOn(const FileSinkOptions& options, const std::string& path) {
  const WriteFormat format = options.write.format;
  const bool lines = format == WriteFormat::kCsv || format == WriteFormat::kJsonLines;
  const bool rotates = options.max_bytes > 0 || options.max_records > 0 || options.interval_ms > 0;
  if (lines && options.write.compression == formats::Compression::kNone && !rotates) return Status::OK();
  return Status::User("UNSUPPORTED", fmt::format("{} cannot be taken up again after a restart", path),
                      "with checkpoints, write csv or jsonl into one file without compression, or into a topic");
}

class FileSink : public Sink {
 public:
  FileSink(std::string path, Schema schema, FileSinkOptions options, std::function<Timestamp()> now)
      : path_(std::move(path)), schema_(std::move(schema)), options_(options), now_(std::move(now)) {}

  Status Open() {
    const std::string path = part_ == 0 ? path_ : PartPath();
    VELO_ASSIGN_OR_RETURN(writer_, formats::OpenRecordWriter(path, schema_, options_.write));
    rows_in_file_ = 0;
    opened_ = now_();
    return Status::OK();
  }

  Status Write(const SinkRows& rows) override {
    VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> kept, WithoutDeletes(rows));
    for (int64_t row = 0; row < kept->num_rows();) {
      VELO_RETURN_IF_ERROR(RotateWhenFull());
      int64_t count = kept->num_rows() - row;
      if (options_.max_records > 0) count = std::min(count, options_.max_records - rows_in_file_);
      // Small portions, so that a file does not outgrow its limit by a whole batch.
      if (options_.max_bytes > 0) count = std::min<int64_t>(count, 256);
      VELO_RETURN_IF_ERROR(writer_->Write(*kept->Slice(row, count)));
      rows_in_file_ += count;
      row += count;
    }
    return Status::OK();
  }

  Status Flush() override { return writer_->Flush(); }
  Status Close() override {
    closed_ = true;
    return writer_->Close();
  }

  /// What is counted is on the disk: the checkpoint that says so will be there too.
  Result<std::string> Position() const override {
    if (!closed_) VELO_RETURN_IF_ERROR(writer_->Flush());
    const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const off_t bytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    const bool synced = bytes >= 0 && fdatasync(file) == 0;
    const int error = errno;
    if (file >= 0) close(file);
    if (synced) return fmt::format("{} {}", bytes, path_);
    return Status::World("IO_ERROR", fmt::format("cannot write {}: {}", path_, std::generic_category().message(error)),
                         "check the disk", true);
  }
  std::string where() const override { return path_; }

 private:
  static Result<std::shared_ptr<arrow::RecordBatch>> WithoutDeletes(const SinkRows& rows) {
    const auto deleted = [](RowKind kind) { return kind == RowKind::kDelete; };
    if (std::none_of(rows.kinds.begin(), rows.kinds.end(), deleted)) return rows.columns;
    std::vector<std::shared_ptr<arrow::RecordBatch>> runs;
    for (int64_t row = 0; row < rows.columns->num_rows();) {
      int64_t end = row;
      while (end < rows.columns->num_rows() && !deleted(rows.kinds[end])) ++end;
      if (end > row) runs.push_back(rows.columns->Slice(row, end - row));
      row = end + 1;
    }
    if (runs.empty()) return rows.columns->Slice(0, 0);
    auto joined = arrow::ConcatenateRecordBatches(runs);
    if (!joined.ok()) return Status::Bug(joined.status().ToString());
    return *joined;
  }

  Status RotateWhenFull() {
    const bool full =
        (options_.max_records > 0 && rows_in_file_ >= options_.max_records) ||
        (options_.max_bytes > 0 && rows_in_file_ > 0 && writer_->bytes_written() >= options_.max_bytes) ||
        (options_.interval_ms > 0 && rows_in_file_ > 0 && now_() - opened_ >= options_.interval_ms * kMicrosPerMilli);
    if (!full) return Status::OK();
    VELO_RETURN_IF_ERROR(writer_->Close());
    ++part_;
    return Open();
  }

  /// "out.csv.gz" becomes "out_1.csv.gz".
  std::string PartPath() const {
    const std::filesystem::path path(path_);
    std::string name = path.filename().string();
    const size_t dot = name.find('.', 1);
    name.insert(dot == std::string::npos ? name.size() : dot, fmt::format("_{}", part_));
    return (path.parent_path() / name).string();
  }

  const std::string path_;
  const Schema schema_;
  const FileSinkOptions options_;
  const std::function<Timestamp()> now_;
  std::unique_ptr<formats::RecordWriter> writer_;
  int64_t rows_in_file_ = 0;
  Timestamp opened_ = 0;  ///< The file at hand.
  int part_ = 0;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<Sink>> OpenFileSink(const SinkTarget& target, std::function<Timestamp()> now) {
  if (!now) {
    now = [] {
      const auto since = std::chrono::system_clock::now().time_since_epoch();
      return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    };
  }
  std::string uri = target.uri;
  PropertyMap properties = target.properties;
  if (const size_t question = uri.find('?'); question != std::string::npos) {
    std::string_view rest = std::string_view(uri).substr(question + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos) properties.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    uri.resize(question);
  }
  VELO_ASSIGN_OR_RETURN(std::string path, PathOfFileUri(ExpandPath(uri, target)));
  VELO_RETURN_IF_ERROR(CheckWritable(path));
  VELO_ASSIGN_OR_RETURN(FileSinkOptions options, ParseOptions(properties, path));
  if (target.writer != 0) VELO_RETURN_IF_ERROR(CheckCanGoOn(options, path));
  if (!target.position.empty()) {
    VELO_ASSIGN_OR_RETURN(FilePosition position, FilePosition::Parse(target.position));
    path = std::move(position.path);
    options.write.append = true;
  }
  auto sink = std::make_unique<FileSink>(std::move(path), target.columns, options, std::move(now));
  VELO_RETURN_IF_ERROR(sink->Open());
  return std::unique_ptr<Sink>(std::move(sink));
}

Status CutFileBack(const SinkTarget& target) {
  VELO_ASSIGN_OR_RETURN(const FilePosition position, FilePosition::Parse(target.position));
  std::error_code error;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(position.path, error));
  if (error || size < position.bytes) {
    return Status::World("CONFLICT",
                         fmt::format("{} is gone or shorter than when the checkpoint was made", position.path),
                         "start again with an empty checkpoint folder");
  }
  std::filesystem::resize_file(position.path, static_cast<uintmax_t>(position.bytes), error);
  if (!error) return Status::OK();
  return Status::World("READ_ONLY", fmt::format("{} cannot be cut: {}", position.path, error.message()),
                       "choose a file you may write");
}

}  // namespace velo
