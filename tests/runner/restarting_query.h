#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/io/source.h"
#include "engine/plan/prepared_query.h"
#include "engine/types/batch.h"

namespace velo::testing {

/// Opens what a scan reads.
using OpenScan = std::function<Result<std::unique_ptr<Source>>(const ScanNode& scan)>;

/// Runs a query to its end in the calling thread, one row at a time; after every `rows_between` rows everything is
/// saved, thrown away, built again and loaded. Returns the result rows in the order they came (hidden columns
/// included).
Result<std::vector<Batch>> RunWithRestarts(const std::shared_ptr<const PreparedQuery>& query, const OpenScan& open,
                                           int64_t rows_between, Clock* clock);

}  // namespace velo::testing
