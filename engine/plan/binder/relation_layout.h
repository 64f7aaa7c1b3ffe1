#pragma once

#include <string>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {

/// The rows a SELECT reads, laid out: `mapping[place in scope]` is the position in `plan->output`, -1 where the place
/// is not part of it.
struct InputPlan {
  PlanNodePtr plan;
  std::vector<int> mapping;
};

/// What gives the rows of one relation their event time. `expression` is over scope places and gives INTEGER ms.
struct RelationTime {
  BoundExpressionPtr expression;  ///< Null: the rows carry no time.
  std::string name;               ///< "timestamp", "message time".
  bool in_window = false;         ///< The WINDOW clause names it.
};

/// Whether a stream is read as the table of its newest rows by key, because the query is a subquery of an expression.
bool IsReadAsTable(const BindingContext& context, const ScopeRelation& relation);

/// Lays out single relations of FROM: a scan of exactly the columns in use, or the plan of a derived table.
class RelationLayout {
 public:
  RelationLayout(BindingContext* context, Environment* environment) : context_(context), env_(environment) {}

  /// The event time of a relation (dialect 4.3). Without expression, after reporting E4201, when there is none.
  RelationTime DefaultTime(int relation, SourceSpan span);
  /// A time column or expression that the query names. Without expression when its type cannot be a time.
  RelationTime ExplicitTime(const BoundExpressionPtr& value) const;
  /// Whether its event time is more than the moment of arrival.
  bool HasDeclaredTime(int relation) const;
  bool IsBounded(int relation) const;
  /// With `time` the rows carry it in a hidden column.
  InputPlan Build(int relation, const RelationTime& time);
  /// Same for a side of a join: the hidden time, where there is one, is the last column, and what else reads
  /// _event_time has a column of its own.
  InputPlan BuildSide(int relation, const RelationTime& time);

 private:
  PlanNodePtr BuildScan(int relation, const RelationTime& time, std::vector<int>* mapping);
  PlanNodePtr BuildDerived(int relation, const RelationTime& time, std::vector<int>* mapping);

  BindingContext* context_;
  Environment* env_;
};

}  // namespace velo::plan
