#pragma once

#include <string>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/query_binder.h"
#include "engine/plan/binder/scope.h"

namespace velo::plan {

/// The rows a SELECT reads, laid out: `mapping[place in scope]` is the position in `plan->output`.
struct InputPlan {
  PlanNodePtr plan;
  std::vector<int> mapping;
};

/// Binds FROM: fills the scope first, and builds the plan once it is known which columns are read.
class FromBinder {
 public:
  FromBinder(BindingContext* context, Environment* environment) : context_(context), env_(environment) {}

  /// `needs` is passed on to derived tables.
  void Bind(const std::vector<sql::TableReference>& from, QueryNeeds needs);
  /// Sets the expression that gives a row its event time, over scope places; replaces the relation's own. `in_window`:
  /// the WINDOW clause names it.
  void set_time(BoundExpressionPtr time, std::string name, bool in_window) {
    time_ = std::move(time);
    time_name_ = std::move(name);
    time_in_window_ = in_window;
  }
  /// The default event time of the input over scope places; null (after reporting E4201) when there is none.
  BoundExpressionPtr DefaultTime(SourceSpan span, std::string* name);
  bool bounded() const;
  InputPlan Build();

 private:
  void BindTable(const sql::TableReference& table, QueryNeeds needs);
  void BindNamed(const sql::TableReference& table, QueryNeeds needs);
  bool BindInlined(const sql::TableReference& table, QueryNeeds needs);
  void BindDerived(const sql::Query& query, const std::vector<sql::Identifier>& column_names, std::string name,
                   const sql::TableReference& table, QueryNeeds needs);
  void BindTableFunction(const sql::TableReference& table);
  void BindJoin(const sql::Join& join, QueryNeeds needs);
  void CheckJoin(const sql::Join& join, int right);
  void ReportUnknown(const sql::TableReference& table, const PropertyMap& properties);
  PlanNodePtr BuildScan(int relation, std::vector<int>* mapping);
  PlanNodePtr BuildDerived(int relation, std::vector<int>* mapping);

  BindingContext* context_;
  Environment* env_;
  BoundExpressionPtr time_;
  std::string time_name_;
  bool time_in_window_ = false;
};

/// Properties of one relation in the precedence of dialect 7.1, without its prefix; each key once.
PropertyMap RelationProperties(const BindingContext& context, const std::string& name, const std::string& alias,
                               const sql::Properties& attached);
/// Value of `key` ("." and "_" are the same), or empty.
std::string PropertyValue(const PropertyMap& properties, std::string_view key);

}  // namespace velo::plan
