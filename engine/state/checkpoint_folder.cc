#include "engine/state/checkpoint_folder.h"

// The library Arrow carries has no symbols to link with.
#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/state/key_encoding.h"

namespace velo::state {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "VELOCKP1";
constexpr size_t kHeadBytes = 24;  // Magic, number, length.
constexpr size_t kEndBytes = 8;    // Checksum.
constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::string_view kUnfinished = ".unfinished";

std::string ReasonOf(int error) { return std::generic_category().message(error); }

Status WriteFailed(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return Status::World("DISK_FULL", fmt::format("there is no room on the disk for the checkpoint {}", path),
                         "free some space; the checkpoints before are kept", true);
  }
  return Status::World("IO_ERROR", fmt::format("the checkpoint {} cannot be written: {}", path, ReasonOf(error)),
                       "check the disk; the checkpoints before are kept", true);
}

/// Closes what it holds.
class FileHandle {
 public:
  explicit FileHandle(int handle) : handle_(handle) {}
  ~FileHandle() {
    if (handle_ >= 0) close(handle_);
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return handle_; }
  /// Returns whether it went well; some file systems report late.
  bool Close() { return close(std::exchange(handle_, -1)) == 0; }

 private:
  int handle_;
};

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool SyncFolder(const std::string& directory) {
  const FileHandle folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && fsync(folder.get()) == 0;
}

std::string HeadOf(int64_t number, size_t length) {
  std::string head(kMagic);
  AppendUint64(static_cast<uint64_t>(number), &head);
  AppendUint64(length, &head);
  return head;
}

/// Over the head as well, so that a file under another number or cut short is found out like any other damage.
std::string ChecksumOf(std::string head, std::string_view bytes) {
  AppendUint64(XXH3_64bits(bytes.data(), bytes.size()), &head);
  std::string checksum;
  AppendUint64(XXH3_64bits(head.data(), head.size()), &checksum);
  return checksum;
}

}  // namespace

Result<std::unique_ptr<CheckpointFolder>> CheckpointFolder::Open(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const std::string lock_path = directory + "/lock";
  const int lock = error ? -1 : open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    const std::string reason = error ? error.message() : ReasonOf(errno);
    return Status::World("READ_ONLY", fmt::format("the checkpoint folder {} cannot be written: {}", directory, reason),
                         "choose a folder you may write to");
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    close(lock);
    return Status::World("DATA_FOLDER_BUSY", fmt::format("another process uses the checkpoint folder {}", directory),
                         "stop the other process, or choose another folder");
  }
  std::unique_ptr<CheckpointFolder> folder(new CheckpointFolder(directory, lock));
  const std::vector<int64_t> numbers = folder->Numbers();
  if (!numbers.empty()) folder->last_number_ = numbers.back();
  return folder;
}

CheckpointFolder::~CheckpointFolder() { close(lock_); }

std::string CheckpointFolder::PathOf(int64_t number) const {
  return fmt::format("{}/{:012}{}", directory_, number, kSuffix);
}

std::vector<int64_t> CheckpointFolder::Numbers() const {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    int64_t number = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (wrong == std::errc() && number > 0 && std::string_view(end) == kSuffix) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<std::string> CheckpointFolder::Read(int64_t number) const {
  const std::string path = PathOf(number);
  const auto damaged = [&path](std::string_view what) {
    return Status::World("STATE_DAMAGED", fmt::format("the checkpoint {} {}", path, what));
  };
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return damaged("cannot be read: " + ReasonOf(errno));
  const off_t size = lseek(file.get(), 0, SEEK_END);
  if (size < static_cast<off_t>(kHeadBytes + kEndBytes)) return damaged("is cut short");
  std::string bytes(static_cast<size_t>(size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count = pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return damaged("cannot be read: " + (count < 0 ? ReasonOf(errno) : "it became shorter"));
    at += static_cast<size_t>(count);
  }
  const size_t length = bytes.size() - kHeadBytes - kEndBytes;
  if (!bytes.starts_with(kMagic)) return damaged("is not one of this version of velo, or is damaged at its start");
  const std::string head = HeadOf(number, length);
  const std::string_view payload = std::string_view(bytes).substr(kHeadBytes, length);
  if (!bytes.starts_with(head) || !bytes.ends_with(ChecksumOf(head, payload))) {
    return damaged("is damaged: its checksum does not fit");
  }
  bytes.resize(kHeadBytes + length);
  bytes.erase(0, kHeadBytes);
  return bytes;
}

Result<CheckpointFolder::Found> CheckpointFolder::ReadNewest() {
  Found found;
  const std::vector<int64_t> numbers = Numbers();
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    Result<std::string> bytes = Read(*number);
    if (bytes.ok()) {
      found.number = *number;
      found.bytes = bytes.TakeValue();
      return found;
    }
    found.damaged.push_back(bytes.status().error().message);
    damaged_.push_back(*number);
  }
  if (numbers.empty()) return found;
  return Status::World("STATE_DAMAGED",
                       fmt::format("none of the {} checkpoints in {} can be used: {}", numbers.size(), directory_,
                                   found.damaged.front()),
                       "start from the beginning with an empty checkpoint folder and an empty place to write to");
}

Status CheckpointFolder::WriteFile(const std::string& path, std::string_view head, std::string_view bytes,
                                   std::string_view end) const {
  const std::string unfinished = path + std::string(kUnfinished);
  FileHandle file(open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return WriteFailed(path, errno);
  bool done = WriteAll(file.get(), head) && WriteAll(file.get(), bytes) && WriteAll(file.get(), end);
  done = done && fsync(file.get()) == 0 && file.Close() && rename(unfinished.c_str(), path.c_str()) == 0;
  if (!done) {
    const int error = errno;
    unlink(unfinished.c_str());
    return WriteFailed(path, error);
  }
  return SyncFolder(directory_) ? Status::OK() : WriteFailed(path, errno);
}

Status CheckpointFolder::Write(std::string_view bytes) {
  // A number is used once, so that one that is left half written never takes the place of a good one.
  const int64_t number = ++last_number_;
  const std::string head = HeadOf(number, bytes.size());
  VELO_RETURN_IF_ERROR(WriteFile(PathOf(number), head, bytes, ChecksumOf(head, bytes)));
  std::vector<int64_t> numbers = Numbers();
  // Damaged ones go now that there is a newer one, and do not take the place of good ones.
  for (const int64_t damaged : damaged_) {
    unlink(PathOf(damaged).c_str());
    std::erase(numbers, damaged);
  }
  damaged_.clear();
  numbers.resize(numbers.size() - std::min(numbers.size(), kKept));
  for (const int64_t old : numbers) unlink(PathOf(old).c_str());
  return Status::OK();
}

}  // namespace velo::state
