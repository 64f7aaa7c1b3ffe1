#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/scalar/json_path.h"

namespace velo {

/// Follows a path without "all" steps through JSON text in one pass, without building a tree: numbers keep the digits
/// they are written with. Nothing for invalid JSON (the whole text is checked) and where the path leads nowhere.
std::optional<JsonMatch> ScanJson(std::string_view text, const std::vector<JsonStep>& path);

}  // namespace velo
