#pragma once

#include <nlohmann/json_fwd.hpp>

namespace velo::services {

/// JSON that keeps the order of its fields. Only doors, describe.h and operation files look inside.
using Json = nlohmann::ordered_json;

}  // namespace velo::services
