#pragma once

#include <functional>
#include <string_view>

#include "engine/formats/record_reader.h"

namespace velo::fuzz {

/// Reads the bytes as a file of the format and checks that the answer does not depend on how it is read: at once, row
/// by row, or in two goes with Seek between them. Damaged input may be refused, never more than that.
void CheckFile(std::string_view bytes, const formats::Format& format, formats::Encoding encoding);

}  // namespace velo::fuzz
