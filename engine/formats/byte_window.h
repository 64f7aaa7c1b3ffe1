#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace velo::formats {

enum class Compression : uint8_t { kNone, kGzip, kZstd, kBzip2, kLz4, kSnappy };
enum class Encoding : uint8_t { kUtf8, kUtf16LittleEndian, kUtf16BigEndian, kLatin1 };

std::string_view CompressionName(Compression compression);
std::string_view EncodingName(Encoding encoding);

/// A file that was found and may be read.
struct InputFile {
  std::string path;
  int64_t size = 0;
  Timestamp modified_at = 0;
  Compression compression = Compression::kNone;
  Encoding encoding = Encoding::kUtf8;
  bool use_mmap = false;

  /// Whether byte N of the content is byte N of the file, so that reading can start anywhere.
  bool seekable() const { return compression == Compression::kNone && encoding == Encoding::kUtf8; }
};

/// A view of a file's content (decompressed, as UTF-8) that moves forwards. Constant memory unless more is asked for at
/// once. Not thread safe.
class ByteWindow {
 public:
  /// Bytes that may be read behind the view that Fill returns.
  static constexpr size_t kPadding = 64;

  virtual ~ByteWindow() = default;
  /// Returns the bytes from position() on: at least `wanted`, or all that are left when those are fewer. The view is
  /// valid until the next call, and kPadding bytes behind it can be read (their values mean nothing).
  virtual Result<std::string_view> Fill(size_t wanted) = 0;
  /// Moves forwards. REQUIRES: count <= size of the last view.
  virtual void Advance(size_t count) = 0;
  /// Offset in the content.
  virtual int64_t position() const = 0;
  /// Bytes of the file itself that were used up so far, for progress.
  virtual int64_t file_bytes_read() const = 0;
};

/// Opens [begin, end) of the content; `end` < 0 means to its end. Other than the whole content can be had of seekable
/// files only. Errors: SOURCE_NOT_FOUND, FORBIDDEN, CONNECTION_ERROR; damaged compressed data shows in Fill as
/// UNSUPPORTED.
Result<std::unique_ptr<ByteWindow>> OpenByteWindow(const InputFile& file, int64_t begin = 0, int64_t end = -1);

/// Counts the line ends in [0, offset) of a seekable file.
Result<int64_t> CountLineEnds(const InputFile& file, int64_t offset);

/// A window over bytes in memory, which must outlive it.
std::unique_ptr<ByteWindow> MakeMemoryWindow(std::string_view bytes);

}  // namespace velo::formats
