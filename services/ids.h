#pragma once

#include <string>
#include <string_view>

#include "engine/base/clock.h"

namespace velo::services {

/// Makes "<prefix>_<13 lower-case base-32 characters>", ordered by time (API 1.2). Thread safe.
std::string NewId(std::string_view prefix, Timestamp now);
/// True for at most 64 characters of [A-Za-z0-9_-].
bool IsValidId(std::string_view id);
/// Random text of `bytes` random bytes as lower-case hexadecimal, from the system's generator.
std::string RandomToken(int bytes);

}  // namespace velo::services
