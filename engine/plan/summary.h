#pragma once

#include <string>

#include "engine/plan/binder/query_binder.h"
#include "engine/plan/prepared_query.h"

namespace velo::plan {

/// "Groups trades by symbol in 5-minute tumbling windows and emits every change."
std::string Summarise(const sql::Query& query, const BoundQuery& bound, const std::vector<std::string>& sources);
/// "Groups by symbol with 5-minute tumbling windows."
std::string SummariseShortly(const BoundQuery& bound);

}  // namespace velo::plan
