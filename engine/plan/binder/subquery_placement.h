#pragma once

#include <vector>

#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {

/// Puts a subquery of an expression on top of `input`: one more column, whose place then is in `mapping`. `all` are the
/// subqueries of the query, as the operands of one may read others.
PlanNodePtr AddSubquery(PlacedSubquery* subquery, std::vector<PlacedSubquery>* all, PlanNodePtr input,
                        std::vector<int>* mapping);

/// The same for the subqueries that `reader` reads and that are not there yet.
PlanNodePtr AddSubqueriesOf(const BoundExpression& reader, bool above_grouping, std::vector<PlacedSubquery>* all,
                            PlanNodePtr input, std::vector<int>* mapping);

/// Adds the places of the outer row that a subquery reads, those of the subqueries in its operands included.
void CollectOuterPlaces(const PlacedSubquery& subquery, const std::vector<PlacedSubquery>& all,
                        std::vector<int>* places);

/// Whether a subquery reads rows of a query further out than the one it stands in.
bool ReadsFurtherOut(const PlacedSubquery& subquery);

}  // namespace velo::plan
