#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/status.h"
#include "services/call_context.h"

namespace velo::services {

/// Checks If-Match (or `expected_version` of the body) against the version a write would replace. PRECONDITION_REQUIRED
/// when a caller from outside sends neither, VERSION_CONFLICT when somebody else was faster.
Status CheckVersion(const CallContext& context, std::optional<int64_t> expected_version, int64_t current);

}  // namespace velo::services
