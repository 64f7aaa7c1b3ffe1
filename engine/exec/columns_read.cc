#include "engine/exec/columns_read.h"

namespace velo::exec {

namespace {

void Mark(const BoundExpressionPtr& expression, std::vector<bool>* read) {
  if (expression == nullptr) return;
  std::vector<int> columns;
  CollectColumns(*expression, &columns);
  for (int column : columns) (*read)[static_cast<size_t>(column)] = true;
}

}  // namespace

std::vector<bool> ColumnsRead(const PlanNode& node, const std::vector<bool>& read_of_output) {
  if (node.inputs.size() != 1) return {};
  std::vector<bool> read(node.inputs[0]->output.columns.size(), false);
  switch (node.kind) {
    case PlanKind::kFilter:
      if (read_of_output.empty()) return {};
      read = read_of_output;
      Mark(static_cast<const FilterNode&>(node).predicate, &read);
      return read;
    case PlanKind::kProject:
      for (const BoundExpressionPtr& expression : static_cast<const ProjectNode&>(node).expressions) {
        Mark(expression, &read);
      }
      return read;
    case PlanKind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateNode&>(node);
      for (const BoundExpressionPtr& key : aggregate.keys) Mark(key, &read);
      for (const AggregateCall& call : aggregate.aggregates) {
        for (const BoundExpressionPtr& argument : call.arguments) Mark(argument, &read);
        Mark(call.filter, &read);
      }
      // Windows, and the watermarks that drive them, need the time.
      if (aggregate.window.has_value() && node.inputs[0]->event_time >= 0) {
        read[static_cast<size_t>(node.inputs[0]->event_time)] = true;
      }
      return read;
    }
    default:
      return {};
  }
}

}  // namespace velo::exec
