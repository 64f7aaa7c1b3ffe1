#include "tests/fuzz/read_file.h"

#include <unistd.h>

#include "engine/types/value_text.h"
#include "tests/fuzz/check.h"

namespace velo::fuzz {

namespace {

// One file for the whole run, in memory where the machine has such a place.
const std::string& FilePath() {
  static const std::string path =
      fmt::format("{}/velo_fuzz_{}", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", getpid());
  static const int at_exit = std::atexit([] { unlink(FilePath().c_str()); });
  (void)at_exit;
  return path;
}

struct Rows {
  std::vector<std::string> texts;
  int64_t bad = 0;
};

// Reads to the end, or until `limit` rows are there.
Status ReadRows(formats::RecordReader& reader, int64_t rows_at_once, size_t limit, Rows* rows) {
  while (rows->texts.size() < limit) {
    VELO_ASSIGN_OR_RETURN(const formats::DecodedRows read, reader.Read(rows_at_once));
    if (read.rows == nullptr) break;
    for (int64_t row = 0; row < read.rows->num_rows(); ++row) {
      AppendJsonRow(*read.rows, row, JsonStyle::kExact, &rows->texts.emplace_back());
    }
  }
  rows->bad += reader.bad_count();
  return Status::OK();
}

}  // namespace

void CheckFile(std::string_view bytes, const formats::Format& format, formats::Encoding encoding) {
  FILE* out = std::fopen(FilePath().c_str(), "wb");
  Check(out != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size(), "the input can be written");
  std::fclose(out);
  formats::InputFile file;
  file.path = FilePath();
  file.size = static_cast<int64_t>(bytes.size());
  file.encoding = encoding;
  const Result<formats::InferredSchema> inferred = format.Infer(file);
  if (!inferred.ok()) return;
  const formats::FilePiece piece{file};
  const formats::PieceOptions options{inferred->schema};
  const auto open = [&] { return format.OpenPiece(piece, options); };
  auto whole = open();
  if (!whole.ok()) return;
  Rows at_once, one_by_one, in_parts;
  const bool readable = ReadRows(**whole, 4096, SIZE_MAX, &at_once).ok();
  auto slow = open();
  Check(slow.ok(), "what opens once opens again");
  Check(ReadRows(**slow, 1, SIZE_MAX, &one_by_one).ok() == readable, "the batch size decides nothing");
  if (!readable) return;
  Check(at_once.texts == one_by_one.texts && at_once.bad == one_by_one.bad, "rows do not depend on the batch size",
        fmt::format("{} + {} bad, {} + {} bad", at_once.texts.size(), at_once.bad, one_by_one.texts.size(),
                    one_by_one.bad));
  auto first = open(), second = open();
  Check(first.ok() && second.ok(), "what opens once opens again");
  Check(ReadRows(**first, 1, at_once.texts.size() / 2, &in_parts).ok(), "half of it can be read");
  Check((*second)->Seek((*first)->position()).ok(), "a position of the same file is accepted");
  Check(ReadRows(**second, 4096, SIZE_MAX, &in_parts).ok(), "the rest can be read");
  Check(at_once.texts == in_parts.texts, "reading goes on where it stopped",
        fmt::format("{} rows at once, {} in parts", at_once.texts.size(), in_parts.texts.size()));
}

}  // namespace velo::fuzz
