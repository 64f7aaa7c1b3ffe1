#include "engine/plan/parameters.h"

#include <algorithm>

#include "engine/plan/rewrite.h"

namespace velo::plan {
namespace {

constexpr int kFirstParameter = -2;

bool NodeHasParameters(const PlanNode& node) {
  bool found = false;
  ForEachExpression(node, [&found](const BoundExpressionPtr& expression) { found |= HasParameters(*expression); });
  return found;
}

}  // namespace

BoundExpressionPtr MakeParameter(int index, SqlType type, std::string text, SourceSpan span) {
  return MakeColumn(kFirstParameter - index, std::move(type), std::move(text), span);
}

bool IsParameter(const BoundExpression& expression) {
  return expression.kind == BoundKind::kColumn && expression.column <= kFirstParameter;
}

int ParameterIndex(const BoundExpression& parameter) { return kFirstParameter - parameter.column; }

bool HasParameters(const BoundExpression& expression) {
  return IsParameter(expression) ||
         std::any_of(expression.arguments.begin(), expression.arguments.end(),
                     [](const BoundExpressionPtr& argument) { return HasParameters(*argument); });
}

bool HasParameters(const PlanNode& plan) {
  return NodeHasParameters(plan) || std::any_of(plan.inputs.begin(), plan.inputs.end(),
                                                [](const PlanNodePtr& input) { return HasParameters(*input); });
}

PlanNodePtr CutOffTables(const PlanNodePtr& plan, std::vector<PlanNodePtr>* leaves, std::vector<PlanNodePtr>* tables) {
  if (!HasParameters(*plan)) {
    auto leaf = std::make_shared<ValuesNode>();
    leaf->output = plan->output;
    leaf->event_time = plan->event_time;
    leaf->bounded = true;
    leaf->span = plan->span;
    leaves->push_back(leaf);
    tables->push_back(plan);
    return leaf;
  }
  std::shared_ptr<PlanNode> copy = CloneNode(*plan);
  copy->bounded = true;
  for (PlanNodePtr& input : copy->inputs) input = CutOffTables(input, leaves, tables);
  return copy;
}

PlanNodePtr BindParameters(const PlanNodePtr& plan, const std::vector<BoundExpressionPtr>& literals) {
  if (!HasParameters(*plan)) return plan;
  std::shared_ptr<PlanNode> copy = CloneNode(*plan);
  ForEachExpression(copy.get(), [&literals](BoundExpressionPtr* expression) {
    *expression = ReplaceColumns(*expression, [&literals](const BoundExpressionPtr& column) {
      return IsParameter(*column) ? literals[static_cast<size_t>(ParameterIndex(*column))] : column;
    });
  });
  for (PlanNodePtr& input : copy->inputs) input = BindParameters(input, literals);
  return copy;
}

}  // namespace velo::plan
