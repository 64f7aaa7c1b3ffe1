#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/query_binder.h"

namespace velo::plan {

Schema ExpressionBinder::BindSubquery(const sql::Query& query) {
  BoundQuery bound = BindQueryTree(context_, query, env_->scope, {.feeds_query = true});
  if (!bound.bounded) {
    diagnostics().Warning("W2401", query.span, "this subquery reads a stream; its newest row per key is used").hint =
        "read a table (CREATE TABLE ... AS) or a bounded source instead";
  }
  context_->RefuseToRun("E3090", "Subqueries in expressions are checked but cannot be run in this version.");
  return bound.schema_known ? bound.visible : Schema{};
}

BoundExpressionPtr ExpressionBinder::BindScalarQuery(const sql::ScalarQuery& node) {
  const size_t errors = diagnostics().error_count();
  const Schema schema = BindSubquery(*node.query);
  if (diagnostics().error_count() > errors || schema.columns.empty()) return Placeholder(TypeKind::kAny, node.span);
  if (schema.columns.size() != 1) {
    diagnostics().Error(
        "E2402", node.span,
        fmt::format("a subquery used as a value must return one column, not {}", schema.columns.size()));
    return Poison(node.span);
  }
  return Placeholder(schema.columns[0].type, node.span);
}

BoundExpressionPtr ExpressionBinder::BindInQuery(const sql::InQuery& node) {
  const bool row = node.operand->kind == sql::ExpressionKind::kRow;
  size_t width = 1;
  if (row) {
    const auto& items = static_cast<const sql::RowValue&>(*node.operand).items;
    width = items.size();
    for (const sql::ExpressionPtr& item : items) BindNode(*item);
  } else {
    BindNode(*node.operand);
  }
  const Schema schema = BindSubquery(*node.query);
  if (!schema.columns.empty() && schema.columns.size() != width) {
    diagnostics().Error("E2402", node.query->span,
                        fmt::format("the subquery of IN must return {} column{}, not {}", width, width == 1 ? "" : "s",
                                    schema.columns.size()));
  }
  return Placeholder(TypeKind::kBoolean, node.span);
}

BoundExpressionPtr ExpressionBinder::BindExists(const sql::Exists& node) {
  BindSubquery(*node.query);
  return Placeholder(TypeKind::kBoolean, node.span);
}

BoundExpressionPtr ExpressionBinder::BindQuantified(const sql::Quantified& node) {
  Bound operand = BindNode(*node.operand);
  if (node.query != nullptr) {
    const Schema schema = BindSubquery(*node.query);
    if (!schema.columns.empty() && schema.columns.size() != 1) {
      diagnostics().Error(
          "E2402", node.query->span,
          fmt::format("the subquery of ANY and ALL must return one column, not {}", schema.columns.size()));
    }
  } else {
    BindNode(*node.array);
    context_->RefuseToRun("E3090", "ANY and ALL are checked but cannot be run in this version.");
  }
  return Placeholder(TypeKind::kBoolean, node.span);
}

}  // namespace velo::plan
