#include "engine/plan/step_name.h"

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/subquery_node.h"

namespace velo::plan {

namespace {

std::string GroupingName(const AggregateNode& node) {
  std::string keys;
  for (size_t key = 0; key < node.keys.size(); ++key) {
    keys += (key == 0 ? "GROUP BY " : ", ") + node.output.columns[key].name;
  }
  if (!node.window.has_value()) return keys.empty() ? "aggregates over all rows" : keys;
  return keys.empty() ? "WINDOW" : keys + " WINDOW";
}

std::string SortName(const SortNode& node) {
  std::string keys;
  for (const SortKey& key : node.keys) {
    keys += (keys.empty() ? "ORDER BY " : ", ") + key.expression->text + (key.descending ? " DESC" : "");
  }
  return node.limit < 0 ? keys : fmt::format("{} LIMIT {}", keys, node.limit);
}

}  // namespace

std::string StepName(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan:
      return "FROM " + static_cast<const ScanNode&>(node).relation->name;
    case PlanKind::kValues:
      return "VALUES";
    case PlanKind::kFilter: {
      const auto& filter = static_cast<const FilterNode&>(node);
      return (filter.is_having ? "HAVING " : "WHERE ") + filter.predicate->text;
    }
    case PlanKind::kProject:
      return "SELECT";
    case PlanKind::kAggregate:
      return GroupingName(static_cast<const AggregateNode&>(node));
    case PlanKind::kWindowRows:
      return "WINDOW";
    case PlanKind::kDistinct:
      return "DISTINCT";
    case PlanKind::kSort:
      return SortName(static_cast<const SortNode&>(node));
    case PlanKind::kLimit:
      return fmt::format("LIMIT {}", static_cast<const LimitNode&>(node).limit);
    case PlanKind::kUnion:
      return "UNION";
    case PlanKind::kJoin:
      return static_cast<const JoinNode&>(node).description;
    case PlanKind::kOver:
      return "OVER";
    case PlanKind::kSubquery:
      return static_cast<const SubqueryNode&>(node).text;
    case PlanKind::kUnnest:
      return "UNNEST";
    case PlanKind::kNormalise:
      return "changes of the rows below";
  }
  return "";
}

}  // namespace velo::plan
