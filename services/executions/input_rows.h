#pragma once

#include <memory>

#include "engine/base/status.h"
#include "engine/types/schema.h"
#include "services/json.h"

namespace arrow {
class RecordBatch;
}

namespace velo::services {

/// Makes a batch out of a list of row objects. Missing fields are NULL; VALIDATION_ERROR names the row and field that
/// does not fit.
Result<std::shared_ptr<arrow::RecordBatch>> BatchFromJson(const Json& rows, const Schema& schema);

}  // namespace velo::services
