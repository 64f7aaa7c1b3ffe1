#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace velo::exec {

/// A nameless file in the folder for temporary files ($TMPDIR, else /tmp) that takes what does not fit into memory. It
/// is gone with the object, also when the process dies. Thread safe.
class SpillFile {
 public:
  /// SPILL_FAILED when no file can be made.
  static Result<std::shared_ptr<SpillFile>> Open();
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// Returns where the bytes begin. SPILL_FAILED when the disk is full.
  Result<int64_t> Append(std::string_view bytes);
  Result<std::string> Read(int64_t offset, int64_t size) const;

 private:
  explicit SpillFile(int file) : file_(file) {}

  const int file_;
  std::mutex mutex_;
  int64_t end_ = 0;
};

/// A stretch of a file.
struct SpilledPiece {
  std::shared_ptr<SpillFile> file;
  int64_t offset = 0;
  int64_t size = 0;
};

}  // namespace velo::exec
