#include <algorithm>

#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/select_binder_internal.h"
#include "engine/plan/binder/subquery_placement.h"
#include "engine/plan/parameters.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {

bool NeedsSubquery(const BoundExpression& expression, const Environment& environment) {
  if (HasParameters(expression)) return true;
  if (environment.subqueries == nullptr) return false;
  std::vector<int> places;
  CollectColumns(expression, &places);
  return std::any_of(environment.subqueries->begin(), environment.subqueries->end(), [&](const PlacedSubquery& each) {
    return !each.above_grouping && std::find(places.begin(), places.end(), each.place) != places.end();
  });
}

/// How much has to be done before a condition can be tested: nothing, evaluate a subquery, know the outer row.
int SelectBinder::WorkOf(const BoundExpression& conjunct) const {
  if (HasParameters(conjunct)) return 2;
  std::vector<int> places;
  CollectColumns(conjunct, &places);
  int work = 0;
  for (const PlacedSubquery& subquery : subqueries_) {
    if (subquery.above_grouping || std::find(places.begin(), places.end(), subquery.place) == places.end()) continue;
    work = std::max(work, 1);
    ForEachExpression(static_cast<const PlanNode&>(*subquery.node), [&work](const BoundExpressionPtr& expression) {
      if (HasParameters(*expression)) work = 2;
    });
  }
  return work;
}

/// Takes out of WHERE what cannot be tested on the rows of FROM as they come, least work first.
std::vector<BoundExpressionPtr> SelectBinder::TakeLaterConditions() {
  std::vector<BoundExpressionPtr> conjuncts, later;
  if (where_ != nullptr) SplitConjuncts(where_, &conjuncts);
  const auto plain = std::stable_partition(
      conjuncts.begin(), conjuncts.end(),
      [this](const BoundExpressionPtr& conjunct) { return !NeedsSubquery(*conjunct, environment_); });
  later.assign(plain, conjuncts.end());
  if (!later.empty()) {
    conjuncts.erase(plain, conjuncts.end());
    where_ = JoinConjuncts(conjuncts, *context_->functions);
  }
  std::stable_sort(later.begin(), later.end(), [this](const BoundExpressionPtr& a, const BoundExpressionPtr& b) {
    return WorkOf(*a) < WorkOf(*b);
  });
  return later;
}

/// WHERE: conditions without subqueries first, so that as few rows as possible meet one.
PlanNodePtr SelectBinder::AddWhere(PlanNodePtr input, const std::vector<BoundExpressionPtr>& later,
                                   std::vector<int>* mapping) {
  const FunctionRegistry& functions = *context_->functions;
  PlanNodePtr node = std::move(input);
  if (where_ != nullptr) node = AddFilter(node, {RemapColumns(where_, *mapping)}, functions, core_.where_span);
  for (const BoundExpressionPtr& condition : later) {
    node = AddSubqueriesOf(*condition, false, node, mapping);
    node = AddFilter(node, {RemapColumns(condition, *mapping)}, functions, condition->span);
  }
  return node;
}

PlanNodePtr SelectBinder::AddSubqueriesOf(const BoundExpression& reader, bool above_grouping, PlanNodePtr input,
                                          std::vector<int>* mapping) {
  return plan::AddSubqueriesOf(reader, above_grouping, &subqueries_, std::move(input), mapping);
}

PlanNodePtr SelectBinder::AddSubqueries(bool above_grouping, PlanNodePtr input, std::vector<int>* mapping) {
  for (PlacedSubquery& subquery : subqueries_) {
    if (subquery.built || subquery.above_grouping != above_grouping) continue;
    input = AddSubquery(&subquery, &subqueries_, input, mapping);
  }
  return input;
}

}  // namespace velo::plan
