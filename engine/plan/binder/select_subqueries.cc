#include <algorithm>

#include "engine/plan/binder/select_binder_internal.h"
#include "engine/plan/parameters.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {
namespace {

/// All conditions as one, as written where it can be said.
BoundExpressionPtr Conjunction(std::vector<BoundExpressionPtr> conjuncts, const FunctionRegistry& functions) {
  BoundExpressionPtr all = conjuncts[0];
  std::string text = all->text;
  for (size_t i = 1; i < conjuncts.size(); ++i) {
    text = text.empty() || conjuncts[i]->text.empty() ? "" : text + " AND " + conjuncts[i]->text;
    all = *MakeCall(*functions.FindScalar("AND"), {all, conjuncts[i]}, text, conjuncts[i]->span);
  }
  return all;
}

}  // namespace

BoundExpressionPtr WithTexts(const BoundExpressionPtr& condition, const sql::Expression& source) {
  auto named = std::make_shared<BoundExpression>(*condition);
  named->text = ExpressionText(source);
  if (source.kind != sql::ExpressionKind::kBinary) return named;
  const auto& binary = static_cast<const sql::Binary&>(source);
  const bool both = condition->kind == BoundKind::kCall && condition->function->name == "AND" &&
                    binary.op == sql::BinaryOperator::kAnd && named->arguments.size() == 2;
  if (!both) return named;
  named->arguments = {WithTexts(named->arguments[0], *binary.left), WithTexts(named->arguments[1], *binary.right)};
  return named;
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

/// WHERE: conditions without subqueries first, so that as few rows as possible meet one and scans can skip blocks.
PlanNodePtr SelectBinder::AddWhere(PlanNodePtr input, std::vector<int>* mapping) {
  if (where_ == nullptr) return input;
  std::vector<BoundExpressionPtr> conjuncts;
  CollectConjuncts(where_, &conjuncts);
  std::stable_sort(conjuncts.begin(), conjuncts.end(), [this](const BoundExpressionPtr& a, const BoundExpressionPtr& b) {
    return WorkOf(*a) < WorkOf(*b);
  });
  const auto later = std::find_if(conjuncts.begin(), conjuncts.end(),
                                  [this](const BoundExpressionPtr& conjunct) { return WorkOf(*conjunct) > 0; });
  PlanNodePtr node = std::move(input);
  if (later == conjuncts.end()) {
    node = AddFilter(node, {where_}, *mapping);
  } else if (later != conjuncts.begin()) {
    node = AddFilter(node, {conjuncts.begin(), later}, *mapping);
  }
  for (auto conjunct = later; conjunct != conjuncts.end(); ++conjunct) {
    node = AddSubqueriesOf(**conjunct, false, node, mapping);
    node = AddFilter(node, {*conjunct}, *mapping);
  }
  return node;
}

PlanNodePtr SelectBinder::AddFilter(const PlanNodePtr& input, std::vector<BoundExpressionPtr> conjuncts,
                                    const std::vector<int>& mapping) {
  auto filter = std::make_shared<FilterNode>();
  CopyShape(input, filter.get());
  filter->predicate = RemapColumns(Conjunction(std::move(conjuncts), *context_->functions), mapping);
  filter->span = core_.where_span;
  PushDownFilter(input, *filter->predicate);
  return filter;
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
