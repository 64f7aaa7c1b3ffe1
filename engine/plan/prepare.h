#pragma once

#include <memory>

#include "engine/plan/binder/query_binder.h"
#include "engine/plan/prepared_query.h"

namespace velo::plan {

/// Binds `query` in `context` and puts the outcome into a PreparedQuery; null when there are errors. `bound` (may be
/// null) takes the facts for reports.
std::shared_ptr<PreparedQuery> Prepare(BindingContext* context, const sql::Query& query, BoundQuery* bound,
                                       QueryNeeds needs = {});

}  // namespace velo::plan
