#pragma once

#include <vector>

#include "engine/exec/lane.h"
#include "engine/runtime/engine.h"

namespace velo {

/// Says in plain words why a query that has given no rows has given none. `statuses`: one per lane.
Diagnosis ExplainSilence(const JobMetrics& metrics, bool has_ended, const std::vector<exec::LaneStatus>& statuses,
                         const std::vector<BadRecord>& bad_records, const std::vector<std::string>& sources);

}  // namespace velo
