#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace velo::state {

/// A folder of checkpoints: numbered files of which each is there as a whole or not at all, also after a loss of power
/// (docs/formats/checkpoints.md). The newest few are kept, so that a file that the disk has damaged costs some seconds
/// of work and not everything. One process at a time; not thread safe.
class CheckpointFolder {
 public:
  /// Makes the folder when it is not there. Errors: DATA_FOLDER_BUSY, READ_ONLY.
  static Result<std::unique_ptr<CheckpointFolder>> Open(const std::string& directory);
  ~CheckpointFolder();
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  struct Found {
    int64_t number = 0;  ///< 0: the folder holds no checkpoint.
    std::string bytes;
    std::vector<std::string> damaged;  ///< What is wrong with newer ones, one sentence each.
  };
  /// The newest checkpoint that is whole. STATE_DAMAGED when there are some and none is.
  Result<Found> ReadNewest();
  /// Writes the next checkpoint and drops the oldest beyond kKept. When it fails the ones before are untouched.
  Status Write(std::string_view bytes);
  int64_t last_number() const { return last_number_; }

  static constexpr size_t kKept = 3;

 private:
  CheckpointFolder(std::string directory, int lock) : directory_(std::move(directory)), lock_(lock) {}
  std::string PathOf(int64_t number) const;
  std::vector<int64_t> Numbers() const;  ///< Of the files there are, ascending.
  Result<std::string> Read(int64_t number) const;
  Status WriteFile(const std::string& path, std::string_view head, std::string_view bytes, std::string_view end) const;

  const std::string directory_;
  const int lock_;
  int64_t last_number_ = 0;
  std::vector<int64_t> damaged_;  ///< Found by ReadNewest.
};

}  // namespace velo::state
