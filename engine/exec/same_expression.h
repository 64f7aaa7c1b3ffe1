#pragma once

#include "engine/expr/bound_expression.h"

namespace velo::exec {

/// Whether two expressions over the same rows compute the same in the same way.
bool IsSameExpression(const BoundExpression& a, const BoundExpression& b);

}  // namespace velo::exec
