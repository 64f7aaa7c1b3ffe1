#pragma once

#include <memory>
#include <string_view>

#include "engine/base/status.h"

namespace re2 {
class RE2;
}

namespace velo {

/// Returns the compiled pattern, from a small cache of the calling thread. Flags: "i" ignores case, "s" lets . match line
/// ends, "m" lets ^ and $ match at line ends, "g" is left to the caller. E2310 for a pattern that does not compile.
Result<std::shared_ptr<const re2::RE2>> CompilePattern(std::string_view pattern, std::string_view flags = "");

}  // namespace velo
