#pragma once

#include <mutex>
#include <string>

#include "studio/doors/door.h"

namespace velo::doors {

/// POST /api/uploads: puts a file into the data folder, piece by piece, so that it can be read like any other.
/// The first piece (`?name=trades.csv&total=…`) makes an upload, those after it name it (`?file_id=…&offset=…`). A
/// piece that does not begin where the last one ended is CONFLICT with `received`: the client goes on from there. The
/// answer to the last one has the `path` and `uri` of the file. Thread safe.
class UploadDoor {
 public:
  static constexpr int64_t kMaxBytes = int64_t{2} << 30;

  explicit UploadDoor(DoorContext context) : context_(context) {}
  server::Response Handle(const server::Request& request);

 private:
  Result<services::Json> Take(const server::Request& request);

  const DoorContext context_;
  std::mutex mutex_;  ///< One piece at a time: they are small.
};

/// The last part of a path with nothing but letters, digits, '.', '_' and '-'; empty when nothing is left.
std::string SafeFileName(std::string_view name);

}  // namespace velo::doors
