#include "engine/formats/byte_window.h"

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "engine/formats/transcoder.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

constexpr size_t kReadAtLeast = 256 << 10;

Status OpenError(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return Status::User("SOURCE_NOT_FOUND", fmt::format("There is no file {}.", path));
  }
  if (error == EACCES || error == EPERM) {
    return Status::User("FORBIDDEN", fmt::format("{} may not be read.", path), "Check the permissions of the file.")
        .WithDetail("reason", "path");
  }
  return Status::World("CONNECTION_ERROR", fmt::format("{} cannot be opened: {}.", path, std::strerror(error)), "",
                       true)
      .WithDetail("phase", "connect");
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Result<FileDescriptor> OpenForReading(const std::string& path) {
  const int number = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0) return OpenError(path, errno);
  return FileDescriptor(number);
}

/// Bytes one after the other; 0 at the end.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual Result<size_t> Read(char* to, size_t count) = 0;
  virtual int64_t file_bytes_read() const = 0;
};

class PlainStream : public ByteStream {
 public:
  PlainStream(FileDescriptor file, std::string path, int64_t begin, int64_t end)
      : file_(std::move(file)), path_(std::move(path)), begin_(begin), at_(begin), end_(end) {}

  Result<size_t> Read(char* to, size_t count) override {
    if (end_ >= 0) count = std::min<size_t>(count, std::max<int64_t>(0, end_ - at_));
    while (true) {
      const ssize_t got = pread(file_.number(), to, count, at_);
      if (got >= 0) {
        at_ += got;
        return static_cast<size_t>(got);
      }
      if (errno == EINTR) continue;
      return Status::World("CONNECTION_ERROR", fmt::format("Reading {} failed: {}.", path_, std::strerror(errno)), "",
                           true);
    }
  }

  int64_t file_bytes_read() const override { return at_ - begin_; }

 private:
  FileDescriptor file_;
  std::string path_;
  int64_t begin_, at_, end_;
};

class DecompressingStream : public ByteStream {
 public:
  static Result<std::unique_ptr<ByteStream>> Open(const InputFile& file) {
    static constexpr std::pair<Compression, arrow::Compression::type> kCodecs[] = {
        {Compression::kGzip, arrow::Compression::GZIP},
        {Compression::kZstd, arrow::Compression::ZSTD},
        {Compression::kBzip2, arrow::Compression::BZ2},
        {Compression::kLz4, arrow::Compression::LZ4_FRAME}};
    auto stream = std::make_unique<DecompressingStream>();
    stream->path_ = file.path;
    for (const auto& [ours, theirs] : kCodecs) {
      if (ours != file.compression || !arrow::util::Codec::IsAvailable(theirs)) continue;
      VELO_ASSIGN_OR_RETURN_ARROW(stream->codec_, arrow::util::Codec::Create(theirs));
    }
    if (stream->codec_ == nullptr) {
      return Status::User(
          "UNSUPPORTED",
          fmt::format("{} is compressed with {}, which cannot be read.", file.path, CompressionName(file.compression)),
          "Compress it with gzip or zstd, or not at all.");
    }
    VELO_ASSIGN_OR_RETURN_ARROW(stream->file_, arrow::io::ReadableFile::Open(file.path));
    VELO_ASSIGN_OR_RETURN_ARROW(stream->content_,
                                arrow::io::CompressedInputStream::Make(stream->codec_.get(), stream->file_));
    return std::unique_ptr<ByteStream>(std::move(stream));
  }

  Result<size_t> Read(char* to, size_t count) override {
    arrow::Result<int64_t> got = content_->Read(static_cast<int64_t>(count), to);
    if (got.ok()) return static_cast<size_t>(*got);
    return Status::User("UNSUPPORTED", fmt::format("The compressed file {} is damaged or cut off.", path_),
                        "Rows before the damage were read; get the file again for the rest.");
  }

  int64_t file_bytes_read() const override {
    arrow::Result<int64_t> at = file_->Tell();
    return at.ok() ? *at : 0;
  }

 private:
  std::string path_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::ReadableFile> file_;
  std::shared_ptr<arrow::io::CompressedInputStream> content_;
};

class TranscodingStream : public ByteStream {
 public:
  TranscodingStream(std::unique_ptr<ByteStream> input, Encoding encoding)
      : input_(std::move(input)), transcoder_(encoding) {}

  Result<size_t> Read(char* to, size_t count) override {
    while (at_ >= text_.size()) {
      text_.clear();
      at_ = 0;
      char raw[16384];
      VELO_ASSIGN_OR_RETURN(size_t got, input_->Read(raw, sizeof(raw)));
      if (got == 0) {
        transcoder_.Finish(&text_);
        if (text_.empty()) return size_t{0};
      }
      transcoder_.Append({raw, got}, &text_);
    }
    const size_t copied = std::min(count, text_.size() - at_);
    std::memcpy(to, text_.data() + at_, copied);
    at_ += copied;
    return copied;
  }

  int64_t file_bytes_read() const override { return input_->file_bytes_read(); }

 private:
  std::unique_ptr<ByteStream> input_;
  Transcoder transcoder_;
  std::string text_;
  size_t at_ = 0;
};

class BufferedWindow : public ByteWindow {
 public:
  BufferedWindow(std::unique_ptr<ByteStream> stream, int64_t begin) : stream_(std::move(stream)), position_(begin) {}

  Result<std::string_view> Fill(size_t wanted) override {
    if (filled_ - start_ < wanted && !at_end_) {
      // What is left moves to the front, so that the buffer does not grow with the file.
      if (filled_ > start_) std::memmove(buffer_.data(), buffer_.data() + start_, filled_ - start_);
      filled_ -= start_;
      start_ = 0;
      if (buffer_.size() < wanted + kPadding) buffer_.resize(std::max(wanted, kReadAtLeast) + kPadding);
      while (filled_ < wanted && !at_end_) {
        VELO_ASSIGN_OR_RETURN(size_t got, stream_->Read(buffer_.data() + filled_, buffer_.size() - kPadding - filled_));
        filled_ += got;
        at_end_ = got == 0;
      }
    }
    return std::string_view(buffer_.data() + start_, filled_ - start_);
  }

  void Advance(size_t count) override {
    start_ += count;
    position_ += static_cast<int64_t>(count);
  }
  int64_t position() const override { return position_; }
  int64_t file_bytes_read() const override { return stream_->file_bytes_read(); }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  size_t start_ = 0, filled_ = 0;
  bool at_end_ = false;
  int64_t position_;
};

/// A file mapped into memory. Only for files that nobody cuts short meanwhile, which is why it must be asked for.
class MappedWindow : public ByteWindow {
 public:
  static Result<std::unique_ptr<ByteWindow>> Open(const InputFile& file, int64_t begin, int64_t end) {
    VELO_ASSIGN_OR_RETURN(FileDescriptor descriptor, OpenForReading(file.path));
    void* base = mmap(nullptr, file.size, PROT_READ, MAP_PRIVATE, descriptor.number(), 0);
    if (base == MAP_FAILED) return OpenError(file.path, errno);
    madvise(base, file.size, MADV_SEQUENTIAL);
    auto window = std::make_unique<MappedWindow>();
    window->base_ = static_cast<char*>(base);
    window->size_ = static_cast<size_t>(file.size);
    window->begin_ = window->at_ = static_cast<size_t>(begin);
    window->end_ = end < 0 ? window->size_ : static_cast<size_t>(end);
    return std::unique_ptr<ByteWindow>(std::move(window));
  }
  ~MappedWindow() override { munmap(base_, size_); }

  Result<std::string_view> Fill(size_t wanted) override {
    const size_t view_end = std::min(end_, at_ + std::max(wanted, kReadAtLeast));
    if (view_end + kPadding <= size_) return std::string_view(base_ + at_, view_end - at_);
    // Behind the last page of the file nothing may be read, so its end is copied.
    tail_.assign(base_ + at_, view_end - at_);
    tail_.append(kPadding, '\0');
    return std::string_view(tail_.data(), view_end - at_);
  }

  void Advance(size_t count) override { at_ += count; }
  int64_t position() const override { return static_cast<int64_t>(at_); }
  int64_t file_bytes_read() const override { return static_cast<int64_t>(at_ - begin_); }

 private:
  char* base_ = nullptr;
  size_t size_ = 0, begin_ = 0, at_ = 0, end_ = 0;
  std::string tail_;
};

class MemoryStream : public ByteStream {
 public:
  explicit MemoryStream(std::string_view bytes) : bytes_(bytes) {}
  Result<size_t> Read(char* to, size_t count) override {
    const size_t copied = bytes_.copy(to, count, at_);
    at_ += copied;
    return copied;
  }
  int64_t file_bytes_read() const override { return static_cast<int64_t>(at_); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace

std::string_view CompressionName(Compression compression) {
  static constexpr std::string_view kNames[] = {"none", "gz", "zst", "bz2", "lz4", "snappy"};
  return kNames[static_cast<int>(compression)];
}

std::string_view EncodingName(Encoding encoding) {
  static constexpr std::string_view kNames[] = {"utf-8", "utf-16le", "utf-16be", "latin-1"};
  return kNames[static_cast<int>(encoding)];
}

Result<std::unique_ptr<ByteWindow>> OpenByteWindow(const InputFile& file, int64_t begin, int64_t end) {
  VELO_CHECK(file.seekable() || (begin == 0 && end < 0));
  if (file.seekable() && file.use_mmap && file.size > 0) return MappedWindow::Open(file, begin, end);
  std::unique_ptr<ByteStream> stream;
  if (file.compression == Compression::kNone) {
    VELO_ASSIGN_OR_RETURN(FileDescriptor descriptor, OpenForReading(file.path));
    posix_fadvise(descriptor.number(), begin, 0, POSIX_FADV_SEQUENTIAL);
    stream = std::make_unique<PlainStream>(std::move(descriptor), file.path, begin, end);
  } else {
    VELO_ASSIGN_OR_RETURN(stream, DecompressingStream::Open(file));
  }
  if (file.encoding != Encoding::kUtf8) {
    stream = std::make_unique<TranscodingStream>(std::move(stream), file.encoding);
  }
  return std::unique_ptr<ByteWindow>(std::make_unique<BufferedWindow>(std::move(stream), begin));
}

Result<int64_t> CountLineEnds(const InputFile& file, int64_t offset) {
  VELO_ASSIGN_OR_RETURN(auto window, OpenByteWindow(file, 0, offset));
  int64_t count = 0;
  while (true) {
    VELO_ASSIGN_OR_RETURN(std::string_view text, window->Fill(kReadAtLeast));
    if (text.empty()) return count;
    count += std::count(text.begin(), text.end(), '\n');
    window->Advance(text.size());
  }
}

std::unique_ptr<ByteWindow> MakeMemoryWindow(std::string_view bytes) {
  return std::make_unique<BufferedWindow>(std::make_unique<MemoryStream>(bytes), 0);
}

}  // namespace velo::formats
