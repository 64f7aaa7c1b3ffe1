#pragma once

#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "services/json.h"

namespace velo::services {

/// Parses text from outside: VALIDATION_ERROR for what is not JSON or nests deeper than 64 levels.
Result<Json> ParseOutsideJson(std::string_view text);
/// One line of JSON; bytes that are not UTF-8 are replaced.
std::string DumpJson(const Json& json);

}  // namespace velo::services
