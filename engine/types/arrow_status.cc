#include "engine/types/arrow_status.h"

#include <utility>

namespace velo {

Status FromArrow(const arrow::Status& status, std::string code) {
  if (status.ok()) return Status::OK();
  if (!code.empty()) return Status::User(std::move(code), status.message());
  if (status.IsIOError()) return Status::World("IO_ERROR", status.message());
  if (status.IsOutOfMemory()) return Status::World("OUT_OF_MEMORY", status.message(), "Give the process more memory.");
  return Status::Bug(status.ToString());
}

}  // namespace velo
