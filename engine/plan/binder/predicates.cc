#include "engine/plan/binder/predicates.h"

#include <arrow/scalar.h>

#include <algorithm>

namespace velo::plan {
namespace {

/// Notes the parts `column op constant` in the scan below.
void PushIntoScan(const PlanNodePtr& input, const std::vector<BoundExpressionPtr>& conditions) {
  if (input->kind != PlanKind::kScan) return;
  auto* scan = const_cast<ScanNode*>(static_cast<const ScanNode*>(input.get()));
  std::vector<BoundExpressionPtr> parts;
  for (const BoundExpressionPtr& condition : conditions) SplitConjuncts(condition, &parts);
  for (const BoundExpressionPtr& part : parts) {
    if (part->kind != BoundKind::kCall || part->arguments.size() != 2 || !IsComparison(part->function->name)) continue;
    const bool column_left = part->arguments[0]->kind == BoundKind::kColumn;
    const BoundExpression& column = *part->arguments[column_left ? 0 : 1];
    const BoundExpression& value = *part->arguments[column_left ? 1 : 0];
    if (column.kind != BoundKind::kColumn || value.kind != BoundKind::kLiteral) continue;
    if (column.column >= static_cast<int>(scan->columns.size()) || value.type.kind() == TypeKind::kNull) continue;
    const std::string_view op = column_left ? std::string_view(part->function->name) : Mirrored(part->function->name);
    scan->pushed.push_back({scan->columns[column.column], std::string(op), value.literal});
  }
}

/// Text of one side of an AND. The halves of a BETWEEN have no text of their own.
std::string ConjunctText(const BoundExpression& part) {
  if (part.kind != BoundKind::kCall) return part.text;
  if (part.text.empty() && part.arguments.size() == 2) {
    return fmt::format("{} {} {}", part.arguments[0]->text, part.function->name, part.arguments[1]->text);
  }
  const bool weak = part.function->name == "OR" && !part.text.starts_with("(");
  return weak ? "(" + part.text + ")" : part.text;
}

}  // namespace

void SplitConjuncts(const BoundExpressionPtr& condition, std::vector<BoundExpressionPtr>* parts) {
  if (condition->kind == BoundKind::kCall && condition->function->name == "AND") {
    for (const BoundExpressionPtr& part : condition->arguments) SplitConjuncts(part, parts);
    return;
  }
  parts->push_back(condition);
}

BoundExpressionPtr JoinConjuncts(const std::vector<BoundExpressionPtr>& parts, const FunctionRegistry& functions) {
  if (parts.empty()) return nullptr;
  BoundExpressionPtr all = parts[0];
  if (all->text.empty()) {
    auto named = std::make_shared<BoundExpression>(*all);
    named->text = ConjunctText(*all);
    all = named;
  }
  const ScalarFunction* conjunction = functions.FindScalar("AND");
  for (size_t i = 1; i < parts.size(); ++i) {
    std::string text = (i == 1 ? ConjunctText(*all) : all->text) + " AND " + ConjunctText(*parts[i]);
    const SourceSpan span = SourceSpan::Cover(all->span, parts[i]->span);
    // Both are conditions, so AND takes them.
    Result<BoundExpressionPtr> call = MakeCall(*conjunction, {all, parts[i]}, std::move(text), span);
    VELO_CHECK(call.ok());
    all = *call;
  }
  return all;
}

bool IsComparison(std::string_view name) {
  return name == "=" || name == "<" || name == "<=" || name == ">" || name == ">=";
}

std::string_view Mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

bool IsDeterministic(const BoundExpression& expression) {
  if (expression.kind == BoundKind::kCall && !expression.function->deterministic) return false;
  return std::all_of(expression.arguments.begin(), expression.arguments.end(),
                     [](const BoundExpressionPtr& argument) { return IsDeterministic(*argument); });
}

bool IsTrueLiteral(const BoundExpression& expression) {
  if (expression.kind != BoundKind::kLiteral || expression.literal == nullptr || !expression.literal->is_valid) {
    return false;
  }
  return expression.literal->type->id() == arrow::Type::BOOL &&
         static_cast<const arrow::BooleanScalar&>(*expression.literal).value;
}

PlanNodePtr AddFilter(const PlanNodePtr& input, const std::vector<BoundExpressionPtr>& conditions,
                      const FunctionRegistry& functions, SourceSpan span) {
  if (conditions.empty()) return input;
  auto filter = std::make_shared<FilterNode>();
  filter->inputs = {input};
  filter->output = input->output;
  filter->bounded = input->bounded;
  filter->event_time = input->event_time;
  filter->predicate = JoinConjuncts(conditions, functions);
  filter->span = span;
  PushIntoScan(input, conditions);
  return filter;
}

}  // namespace velo::plan
