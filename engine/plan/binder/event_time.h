#pragma once

#include <string_view>

#include "engine/expr/bound_expression.h"
#include "engine/plan/binder/binding_context.h"

namespace velo::plan {

/// Turns a time value into INTEGER milliseconds (dialect 4.3). `format` is the event.time.format in force, empty for
/// the default reading. Null when a value of this type cannot be a time.
BoundExpressionPtr ToEventTime(const BoundExpressionPtr& value, std::string_view format,
                               const FunctionRegistry& functions);

}  // namespace velo::plan
