#pragma once

#include "services/executions/execution.h"
#include "services/json.h"

namespace velo::services {

/// {"in":…,"used":…,"filtered":…,"late":…,"bad":…,"in_flight":…}
Json AccountingJson(const JobMetrics& metrics);
/// [{"code":"W4301","message":…,"times":…}]
Json WarningsJson(const std::vector<RuntimeWarning>& warnings);
/// Where rows went, step by step, and the newest records that could not be used:
/// {"operators":[…],"bad_records":[…],"late_records":[…],"warnings":[…]}
Json EvidenceJson(const JobMetrics& metrics, const ExecutionEvidence& evidence);
/// The "metrics" message of a stream.
Json MetricsMessage(const ExecutionFacts& facts, Timestamp now);
/// The "error" message of a stream.
Json ErrorMessage(const Status& status, const std::string& sql);
/// Milliseconds that the watermark is behind the clock; null before there is one.
Json LagOf(const JobMetrics& metrics, Timestamp now);
Json InstantOrNull(Timestamp at);

}  // namespace velo::services
