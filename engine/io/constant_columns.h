#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace arrow {
class Array;
}

namespace velo {

/// What the system columns of a run of neighbouring records say, for sources that keep no messages.
struct SystemValues {
  std::string origin;        ///< `_topic`: file path or name of the source.
  int32_t partition = 0;     ///< `_partition`
  int64_t first_offset = 0;  ///< `_offset` of the first record; the others count on.
  Timestamp arrival = 0;     ///< `_timestamp` and `_event_time`.
};

/// Makes a system column of `rows` rows; `_key` is NULL and `_headers` is empty. Error E2102 when `name` is no system
/// column that a source can give. Case is ignored.
Result<std::shared_ptr<arrow::Array>> MakeSystemColumn(std::string_view name, const SystemValues& values, int64_t rows);

}  // namespace velo
