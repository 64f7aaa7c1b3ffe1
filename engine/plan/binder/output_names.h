#pragma once

#include <string>

#include "engine/sql/ast/query.h"

namespace velo::plan {

/// Name of the output column of a SELECT item (dialect 4.1); `ordinal` is 1-based.
std::string OutputName(const sql::SelectItem& item, size_t ordinal);

}  // namespace velo::plan
