#include <algorithm>

#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/select_binder_internal.h"
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

/// Puts the subqueries that `reader` reads, and that are not there yet, on top of `input`.
PlanNodePtr SelectBinder::AddSubqueriesOf(const BoundExpression& reader, bool above_grouping, PlanNodePtr input,
                                          std::vector<int>* mapping) {
  std::vector<int> places;
  CollectColumns(reader, &places);
  for (PlacedSubquery& subquery : subqueries_) {
    if (subquery.built || subquery.above_grouping != above_grouping) continue;
    if (std::find(places.begin(), places.end(), subquery.place) == places.end()) continue;
    input = AddSubquery(&subquery, input, mapping);
  }
  return input;
}

PlanNodePtr SelectBinder::AddSubqueries(bool above_grouping, PlanNodePtr input, std::vector<int>* mapping) {
  for (PlacedSubquery& subquery : subqueries_) {
    if (subquery.built || subquery.above_grouping != above_grouping) continue;
    input = AddSubquery(&subquery, input, mapping);
  }
  return input;
}

PlanNodePtr SelectBinder::AddSubquery(PlacedSubquery* subquery, PlanNodePtr input, std::vector<int>* mapping) {
  subquery->built = true;
  // Its operands may hold other subqueries.
  ForEachExpression(static_cast<const PlanNode&>(*subquery->node), [&](const BoundExpressionPtr& expression) {
    input = AddSubqueriesOf(*expression, subquery->above_grouping, input, mapping);
  });
  auto node = std::make_shared<SubqueryNode>(*subquery->node);
  const auto width = static_cast<int>(input->output.columns.size());
  ForEachExpression(node.get(), [&](BoundExpressionPtr* expression) {
    *expression = ReplaceColumns(*expression, [&](const BoundExpressionPtr& column) {
      if (IsParameter(*column)) return column;
      const int position = column->column < kInnerColumns ? (*mapping)[static_cast<size_t>(column->column)]
                                                          : width + column->column - kInnerColumns;
      return MakeColumn(position, column->type, column->text, column->span);
    });
  });
  node->inputs[0] = input;
  node->output = input->output;
  node->bounded = input->bounded;
  node->event_time = input->event_time;
  const bool scalar = node->form == SubqueryNode::Form::kScalar;
  const PlanNode& inner = node->per_record != nullptr ? *node->per_record : *node->inputs[1];
  const SqlType type = scalar ? inner.output.columns[node->values[0]].type : SqlType(TypeKind::kBoolean);
  node->output.columns.push_back({fmt::format("_subquery_{}", subquery - subqueries_.data() + 1), type, true});
  (*mapping)[static_cast<size_t>(subquery->place)] = width;
  return node;
}

}  // namespace velo::plan
