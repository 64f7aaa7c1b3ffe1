#pragma once

#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// Decides for every node how its rows may be taken back (PlanNode::changes, change_key) and puts a NormaliseNode
/// wherever an operator must see the row that an update replaces. Runs once, over a whole bound plan; columns stay
/// where they are.
///
/// | node | its rows |
/// |---|---|
/// | aggregate | EMIT CHANGES, or FINAL windows that take late rows: upsert by keys and window start; else append |
/// | filter, sort per batch, limit, subquery | as the (left) input |
/// | project | as the input; where the key is not among its columns, the input is normalised |
/// | union | append, when all inputs are; else every input is normalised, because keys of different inputs may be equal |
/// | DISTINCT | retract above changing input, else append |
/// | top-N | upsert by its row key; without one retract |
/// | interval join, window of rows | append: every change of an input is a row of its own |
/// | lookup join | as the left input; a left row that meets several rows of the table needs normalisation first |
/// | join of tables | retract; its inputs are normalised |
/// | row windows (OVER) | upsert, when the input is: every change is a row, and its result replaces the last one |
///
/// Aggregates, DISTINCT, table joins and unions normalise their upsert inputs. At the root nobody needs old rows:
/// there a projection may lose the key, and PreparedQuery::key says what identifies a row.
PlanNodePtr ResolveChanges(const PlanNodePtr& plan);

}  // namespace velo::plan
