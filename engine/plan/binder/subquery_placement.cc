#include "engine/plan/binder/subquery_placement.h"

#include <algorithm>

#include "engine/plan/parameters.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {

PlanNodePtr AddSubqueriesOf(const BoundExpression& reader, bool above_grouping, std::vector<PlacedSubquery>* all,
                            PlanNodePtr input, std::vector<int>* mapping) {
  std::vector<int> places;
  CollectColumns(reader, &places);
  for (PlacedSubquery& subquery : *all) {
    if (subquery.built || subquery.above_grouping != above_grouping) continue;
    if (std::find(places.begin(), places.end(), subquery.place) == places.end()) continue;
    input = AddSubquery(&subquery, all, input, mapping);
  }
  return input;
}

PlanNodePtr AddSubquery(PlacedSubquery* subquery, std::vector<PlacedSubquery>* all, PlanNodePtr input,
                        std::vector<int>* mapping) {
  subquery->built = true;
  // Its operands may hold other subqueries.
  ForEachExpression(static_cast<const PlanNode&>(*subquery->node), [&](const BoundExpressionPtr& expression) {
    input = AddSubqueriesOf(*expression, subquery->above_grouping, all, input, mapping);
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
  node->output.columns.push_back({fmt::format("_subquery_{}", subquery - all->data() + 1), type, true});
  (*mapping)[static_cast<size_t>(subquery->place)] = width;
  return node;
}

void CollectOuterPlaces(const PlacedSubquery& subquery, const std::vector<PlacedSubquery>& all,
                        std::vector<int>* places) {
  ForEachExpression(static_cast<const PlanNode&>(*subquery.node), [&](const BoundExpressionPtr& expression) {
    std::vector<int> read;
    CollectColumns(*expression, &read);
    for (int place : read) {
      if (place < 0 || place >= kInnerColumns) continue;
      const auto inner =
          std::find_if(all.begin(), all.end(), [place](const PlacedSubquery& each) { return each.place == place; });
      if (inner == all.end()) {
        places->push_back(place);
      } else {
        CollectOuterPlaces(*inner, all, places);
      }
    }
  });
}

bool ReadsFurtherOut(const PlacedSubquery& subquery) {
  bool reads = false;
  ForEachExpression(static_cast<const PlanNode&>(*subquery.node),
                    [&reads](const BoundExpressionPtr& expression) { reads |= HasParameters(*expression); });
  return reads;
}

}  // namespace velo::plan
