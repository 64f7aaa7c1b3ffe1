#pragma once

#include <string>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/join_binder.h"
#include "engine/plan/binder/query_binder.h"
#include "engine/plan/binder/scope.h"

namespace velo::plan {

/// Binds FROM: fills the scope first, and builds the plan once it is known which columns are read.
class FromBinder {
 public:
  FromBinder(BindingContext* context, Environment* environment)
      : context_(context), env_(environment), layout_(context, environment), joins_(context, environment, &layout_) {}

  /// `needs` is passed on to derived tables.
  void Bind(const std::vector<sql::TableReference>& from, QueryNeeds needs);
  /// Sets the expression that gives a row its event time, over scope places; replaces the relations' own. `in_window`:
  /// the WINDOW clause names it.
  void set_time(BoundExpressionPtr time, std::string name, bool in_window) {
    time_ = {std::move(time), std::move(name), in_window};
  }
  /// The default event time of the input over scope places; null (after reporting E4201) when there is none.
  BoundExpressionPtr DefaultTime(SourceSpan span, std::string* name);
  /// Whether rows of the input carry a time of their own; else only the clock tells when they came.
  bool HasTime() const;
  /// An event time that the query names; null when its type cannot be a time.
  BoundExpressionPtr ExplicitTime(const BoundExpressionPtr& value) const {
    return layout_.ExplicitTime(value).expression;
  }
  bool bounded() const;
  /// Conditions of ON to be tested with WHERE, because they need subqueries.
  const std::vector<BoundExpressionPtr>& deferred_conditions() const { return deferred_; }
  /// `where` (may be null) is over scope places. What of it stands below a join is taken out.
  InputPlan Build(BoundExpressionPtr* where);

 private:
  void BindTable(const sql::TableReference& table, QueryNeeds needs);
  void BindNamed(const sql::TableReference& table);
  bool BindInlined(const sql::TableReference& table, QueryNeeds needs);
  /// `outer`: what the query sees beside its own FROM; the enclosing query's names for a subquery written in place.
  void BindDerived(const sql::Query& query, const std::vector<sql::Identifier>& column_names, std::string name,
                   const Scope* outer, const sql::TableReference& table, QueryNeeds needs);
  void BindTableFunction(const sql::TableReference& table);
  void BindUnnest(const sql::TableReference& table, const sql::Call& call);
  void BindComma();
  void BindJoin(const sql::Join& join, QueryNeeds needs);
  void DeferSubqueries(JoinStep* step);
  bool IsEvaluatedBelow(const BoundExpression& condition, int right) const;
  void BindUsing(const sql::Join& join, JoinStep* step);
  void MarkNullable(const JoinStep& step);
  void ReportUnknown(const sql::TableReference& table, const PropertyMap& properties);
  bool ReadsStream(const sql::Query& query, int depth) const;
  bool ReadsStream(const sql::TableReference& table, int depth) const;

  BindingContext* context_;
  Environment* env_;
  RelationLayout layout_;
  JoinBinder joins_;
  RelationTime time_;
  std::vector<BoundExpressionPtr> deferred_;
  bool joins_relations_ = false;
};

enum class PropertyRole : uint8_t { kSource, kSink };
/// Properties of one relation or sink in the precedence of dialect 7.1, without its prefix; each key once. `lists` are
/// the WITH lists of the statement, outermost first.
PropertyMap ResolveProperties(const std::vector<const sql::Properties*>& lists, const std::string& name,
                              const std::string& alias, const sql::Properties& attached, PropertyRole role);
/// The same for a relation of FROM.
PropertyMap RelationProperties(const BindingContext& context, const std::string& name, const std::string& alias,
                               const sql::Properties& attached);
/// What the catalog knows a relation by: the file its properties name ('type' = 'file_source', 'path'), the topic, else
/// its own name.
std::string AddressOf(const std::string& name, const PropertyMap& properties);
/// The properties that the reader of an address understands; what only concerns the statement is left out.
PropertyMap ReaderProperties(const std::string& address, const PropertyMap& properties);
/// Value of `key` ("." and "_" are the same), or empty.
std::string PropertyValue(const PropertyMap& properties, std::string_view key);

}  // namespace velo::plan
