#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include "engine/base/status.h"

namespace velo {

/// Turns an Arrow failure into ours: IO errors and out-of-memory are the world's, the rest is a bug unless `code` says
/// otherwise.
Status FromArrow(const arrow::Status& status, std::string code = "");

}  // namespace velo

#define VELO_RETURN_IF_ARROW_ERROR(expression)                                  \
  do {                                                                          \
    ::arrow::Status velo_arrow_status_ = (expression);                          \
    if (!velo_arrow_status_.ok()) return ::velo::FromArrow(velo_arrow_status_); \
  } while (false)
#define VELO_ASSIGN_OR_RETURN_ARROW_INNER(result, target, expression) \
  auto result = (expression);                                         \
  if (!result.ok()) return ::velo::FromArrow(result.status());        \
  target = std::move(result).ValueUnsafe()
#define VELO_ASSIGN_OR_RETURN_ARROW(target, expression) \
  VELO_ASSIGN_OR_RETURN_ARROW_INNER(VELO_CONCAT(velo_arrow_result_, __LINE__), target, expression)
