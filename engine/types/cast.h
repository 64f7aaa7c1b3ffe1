#pragma once

#include <memory>

#include "engine/types/sql_type.h"

namespace arrow {
class Array;
}

namespace velo {

/// Whether the matrix of dialect 3.6 has a cast between the two types.
bool CanCast(const SqlType& from, const SqlType& to);

/// Casts a whole column. `input` may have any arrow type that FromArrow maps to `from`. With `try_cast` a value that
/// does not fit becomes NULL, else E4002 names it. REQUIRES: CanCast(from, to).
Result<std::shared_ptr<arrow::Array>> CastValues(const arrow::Array& input, const SqlType& from, const SqlType& to,
                                                 bool try_cast);

}  // namespace velo
