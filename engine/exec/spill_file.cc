#include "engine/exec/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace velo::exec {

namespace {

Status Failed(std::string_view what) {
  return Status::World("SPILL_FAILED", fmt::format("{}: {}", what, std::strerror(errno)),
                       "Make room in the folder for temporary files (TMPDIR), or raise the memory limit.");
}

}  // namespace

Result<std::shared_ptr<SpillFile>> SpillFile::Open() {
  const char* folder = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/velo-spill-XXXXXX", folder == nullptr || *folder == '\0' ? "/tmp" : folder);
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return Failed("no temporary file can be made");
  unlink(path.c_str());
  return std::shared_ptr<SpillFile>(new SpillFile(file));
}

SpillFile::~SpillFile() { close(file_); }

Result<int64_t> SpillFile::Append(std::string_view bytes) {
  int64_t offset = 0;
  {
    std::lock_guard lock(mutex_);
    offset = end_;
    end_ += static_cast<int64_t>(bytes.size());
  }
  int64_t at = offset;
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Failed("the state of the query cannot be written to a temporary file");
    bytes.remove_prefix(static_cast<size_t>(written));
    at += written;
  }
  return offset;
}

Result<std::string> SpillFile::Read(int64_t offset, int64_t size) const {
  std::string bytes(static_cast<size_t>(size), '\0');
  int64_t at = 0;
  while (at < size) {
    const ssize_t got = pread(file_, bytes.data() + at, static_cast<size_t>(size - at), offset + at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failed("the state of the query cannot be read back from its temporary file");
    at += got;
  }
  return bytes;
}

}  // namespace velo::exec
