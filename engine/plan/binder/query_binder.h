#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/scope.h"
#include "engine/plan/nodes/subquery_node.h"

namespace velo::plan {

/// What the place of a query asks of its plan.
struct QueryNeeds {
  bool event_time = false;   ///< The rows must carry their event time for a window further up.
  bool feeds_query = false;  ///< A derived table: what reads it wants results, not every change on the way to them.
  bool headers = false;      ///< The rows become records: they keep the headers of those they are made of.
  /// Set for subqueries of expressions: what they are used for, and the parameters met so far (parameters.h).
  std::optional<SubqueryNode::Form> subquery;
  const std::vector<BoundExpressionPtr>* parameters = nullptr;
};

/// How a subquery depends on the outer row, taken out of its plan. Expressions are over parameters, and over columns of
/// the plan at kInnerColumns + position.
struct Correlation {
  bool taken_apart = false;                    ///< False: the parameters are still in the plan, if there are any.
  std::vector<BoundExpressionPtr> outer_keys;  ///< Over parameters only.
  std::vector<int> inner_keys;                 ///< Positions in the plan's output.
  BoundExpressionPtr residual;                 ///< May be null.
  BoundExpressionPtr empty_value;              ///< Value of an aggregate over no rows; null: NULL.
};

/// Columns from here on belong to the subquery, the others to the outer query.
inline constexpr int kInnerColumns = 1 << 24;

/// A bound query and the facts that reports, keys and outer queries need.
struct BoundQuery {
  PlanNodePtr plan;
  Schema visible;            ///< The first columns of plan->output.
  bool schema_known = true;  ///< False for * over a relation whose columns are not known.
  std::vector<int> key;      ///< Positions in plan->output.
  bool updates = false;
  bool bounded = false;
  bool windowed = false;
  bool emit_changes = true;
  std::vector<std::string> fields;
  std::vector<std::string> group_by;
  std::vector<std::string> key_columns;
  std::optional<WindowSpec> window;
  Correlation correlation;
};

/// Binds a query with everything below it. `outer` (may be null) is the scope of an enclosing query.
BoundQuery BindQueryTree(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs);

/// Binds the SELECT of `query` (whose body is a single select).
BoundQuery BindSelect(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs);

/// Whether rows leave as they change; FINAL by default for windows (dialect 4.7).
bool ResolveEmitChanges(const sql::Query& query, bool windowed);

/// Puts ORDER BY and LIMIT on top of `bound`. Sort keys refer to plan->output.
void AddSortAndLimit(BindingContext* context, const sql::Query& query, std::vector<SortKey> keys, BoundQuery* bound);

}  // namespace velo::plan
