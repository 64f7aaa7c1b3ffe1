#include "engine/plan/prepare.h"

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/changes.h"
#include "engine/sql/printer.h"

namespace velo {
namespace plan {

std::shared_ptr<PreparedQuery> Prepare(BindingContext* context, const sql::Query& query, BoundQuery* bound) {
  const size_t errors = context->diagnostics->error_count();
  BoundQuery local;
  BoundQuery& result = bound == nullptr ? local : *bound;
  result = BindQueryTree(context, query, nullptr, {});
  if (context->diagnostics->error_count() > errors) return nullptr;
  auto prepared = std::make_shared<PreparedQuery>();
  prepared->plan = ResolveChanges(result.plan);
  prepared->output = result.visible;
  prepared->key = result.key;
  prepared->updates = result.updates;
  const PlanNode& top = *prepared->plan;
  if (!prepared->updates && top.changes == Changes::kUpsert && !top.change_key.empty()) {
    // Rows of a changing derived table that keep their key go on replacing one another.
    prepared->updates = true;
    prepared->key = top.change_key;
  }
  prepared->bounded = result.bounded;
  prepared->windowed = result.windowed;
  prepared->emit_changes = result.emit_changes;
  prepared->sources = context->sources;
  for (const sql::Sink& sink : query.into) prepared->sinks.push_back(sink.name);
  prepared->sql = sql::Print(query);
  prepared->not_runnable_reason = context->not_runnable_reason;
  prepared->not_runnable_code = context->not_runnable_code;
  return prepared;
}

}  // namespace plan

std::shared_ptr<const PreparedQuery> BindQuery(const sql::Query& query, Catalog* catalog,
                                               const FunctionRegistry& functions, Diagnostics* diagnostics) {
  plan::BindingContext context;
  context.catalog = catalog;
  context.functions = &functions;
  context.diagnostics = diagnostics;
  return plan::Prepare(&context, query, nullptr);
}

BoundExpressionPtr BindCondition(const sql::Expression& expression, const Schema& schema,
                                 const FunctionRegistry& functions, Diagnostics* diagnostics) {
  plan::BindingContext context;
  context.functions = &functions;
  context.diagnostics = diagnostics;
  plan::Scope scope;
  plan::ScopeRelation relation;
  auto shape = std::make_shared<Relation>();
  shape->schema = schema;
  relation.schema = schema;
  relation.relation = std::move(shape);
  scope.relations().push_back(std::move(relation));
  plan::Environment environment;
  environment.scope = &scope;
  plan::ExpressionBinder binder(&context, &environment);
  const size_t errors = diagnostics->error_count();
  BoundExpressionPtr bound = binder.BindBoolean(expression, plan::Clause::kCondition, "this place");
  if (diagnostics->error_count() > errors) return nullptr;
  if (!context.not_runnable_reason.empty()) {
    diagnostics->Error(context.not_runnable_code, expression.span, context.not_runnable_reason);
    return nullptr;
  }
  // Places in the scope become positions in the schema; system columns follow it in the order they are met.
  std::vector<int> mapping;
  for (const plan::ScopeColumn& column : scope.columns()) mapping.push_back(schema.Find(column.column.name));
  for (int position : mapping) {
    if (position >= 0) continue;
    diagnostics->Error("E2102", expression.span, "this condition can only use the columns of the relation");
    return nullptr;
  }
  return RemapColumns(bound, mapping);
}

}  // namespace velo
