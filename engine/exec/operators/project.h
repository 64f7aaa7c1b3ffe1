#pragma once

#include <memory>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

/// Computes the output columns of each row. `counts_input`: rows come straight from a source, so a row whose
/// expressions fail counts as bad instead of ending the query.
std::unique_ptr<Operator> MakeProject(std::shared_ptr<const ProjectNode> node, bool counts_input, LaneContext* context);

}  // namespace velo::exec
