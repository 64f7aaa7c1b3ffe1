#pragma once

#include <cstdint>
#include <string>

namespace velo::language {

/// "5-minute", "hourly" is "1-hour": a length as an adjective, in its largest exact unit.
std::string LengthAdjective(int64_t milliseconds);
/// "5 minutes", "1 hour".
std::string LengthWords(int64_t milliseconds);
/// "5m", "90s": short form, as in API changes.
std::string LengthShort(int64_t milliseconds);

}  // namespace velo::language
