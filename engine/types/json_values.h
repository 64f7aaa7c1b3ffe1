#pragma once

#include <string_view>

#include "engine/types/sql_type.h"

namespace arrow {
class ArrayBuilder;
}

namespace velo {

/// Parses JSON text and appends it as a value of `type` to a builder of the matching arrow type. Missing fields and
/// values of another shape become NULL. Returns false, and appends nothing, when the text is not JSON or its outermost
/// value has another shape than `type`.
Result<bool> AppendJsonTextAs(std::string_view text, const SqlType& type, arrow::ArrayBuilder* builder);

}  // namespace velo
