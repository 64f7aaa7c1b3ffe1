#pragma once

#include <string>

#include "engine/base/status.h"

namespace arrow {
class RecordBatch;
}

namespace velo::testing {

Status WriteParquet(const arrow::RecordBatch& rows, const std::string& path);

}  // namespace velo::testing
