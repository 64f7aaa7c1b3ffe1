#pragma once

#include <string>
#include <vector>

#include "engine/plan/nodes/plan_node.h"
#include "engine/types/batch.h"

namespace velo::exec {

/// Text columns of the left-most scan below `top` that nobody looks into before they leave `top`, so that the scan may
/// give them out as dictionary<int32, utf8>. `top` is an aggregate, which can group by such a column when it is the
/// only key, or the last of a chain of filters and projections. Lookup joins in between can look rows up by such a
/// column when it is the only key, and row windows in order of arrival can be partitioned by it. Empty when anything
/// else stands between `top` and the scan.
std::vector<std::string> DictionaryColumns(const PlanNode& top);

/// The same for a plan over complete inputs that one lane runs. `coalesce_changes`: as PipelineSettings has it.
std::vector<std::string> DictionaryColumnsOfPlan(const PlanNode& plan, bool coalesce_changes);

/// The same for the columns of a lookup join between `top` and its scan: those that it may give out as codes.
std::vector<bool> DictionaryColumnsOf(const PlanNode& top, const PlanNode& join);

/// The batch with texts in place of codes.
Result<Batch> DecodeDictionaries(const Batch& batch);

}  // namespace velo::exec
