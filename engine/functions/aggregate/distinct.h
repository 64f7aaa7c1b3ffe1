#pragma once

#include <memory>
#include <vector>

#include "engine/functions/function.h"

namespace velo {

/// Wraps an aggregate so that every distinct combination of argument values of a group reaches it once, at its first
/// occurrence; rows with a NULL argument are left out. `arguments` are the types of CallTypes.
std::unique_ptr<Aggregator> MakeDistinct(std::unique_ptr<Aggregator> inner, const std::vector<SqlType>& arguments);

}  // namespace velo
