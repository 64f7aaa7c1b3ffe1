#pragma once

#include <vector>

#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

struct PrunedPlan {
  PlanNodePtr plan;
  std::vector<int> mapping;  ///< New position of each output column of the plan given; -1: not there any more.
};

/// The plan without what nobody reads: columns of projections, aggregates and scans below, subqueries. Of the output,
/// `needed` columns stay (and those the node itself refers to), so derived tables compute only what is asked of them.
PrunedPlan PruneColumns(const PlanNodePtr& plan, const std::vector<int>& needed);
/// The same with the whole output needed.
PlanNodePtr PruneColumns(const PlanNodePtr& plan);

}  // namespace velo::plan
