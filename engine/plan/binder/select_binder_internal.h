#pragma once

#include <string>
#include <vector>

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/binder/query_binder.h"

namespace velo::plan {

/// One column of the result while it is being made.
struct OutputItem {
  std::string name;
  BoundExpressionPtr expression;  ///< Over the places of the input or of the grouping.
  bool nullable = true;
  bool primary_key = false;
  bool sets_event_time = false;  ///< AS _event_time: taken out of the payload.
  SourceSpan span;
};

/// Binds one SELECT clause by clause and then builds its plan (dialect 4.2).
class SelectBinder {
 public:
  SelectBinder(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs)
      : context_(context),
        query_(query),
        core_(*query.body.select),
        needs_(needs),
        scope_(outer),
        from_(context, &environment_),
        binder_(context, &environment_) {
    environment_.scope = &scope_;
    environment_.core = &core_;
    environment_.subqueries = &subqueries_;
    if (!needs.feeds_query && !needs.subquery.has_value()) environment_.header_changes = &header_changes_;
  }

  BoundQuery Bind();

 private:
  bool RejectWithoutFrom();
  bool Aggregates() const;
  bool Aggregates(const sql::Expression& expression) const;
  void CollectAliases();
  void BindWindowAndTime();
  bool NamesJoinedTime(const sql::Expression& time) const;
  bool SetsEventTime() const;
  void FindOvers();
  void PrepareOvers();
  void BindExplicitTime(const sql::WindowClause& window);
  // select_group.cc
  void BindGroupBy();
  void BindGroupItem(const sql::Expression& item);
  const sql::Expression* OrdinalItem(const sql::Literal& literal, std::string_view clause);
  // select_items.cc
  void BindItems();
  void BindItem(const sql::SelectItem& item, size_t ordinal);
  void ExpandStar(const sql::SelectItem& item);
  void AddStarColumn(int relation, const Column& column, const std::string& name, SourceSpan span, bool* ungrouped);
  void AddMergedColumn(const MergedColumn& merged, SourceSpan span, bool* ungrouped);
  void AddItem(OutputItem item, bool replaces);
  void MakeNamesUnique();
  bool Nullable(const BoundExpression& expression) const;
  // select_plan.cc
  PlanNodePtr BuildBelowProject(std::vector<int>* mapping);
  int AddNewestTime();
  PlanNodePtr BuildWindowRows(const PlanNodePtr& input, std::vector<int>* mapping);
  PlanNodePtr BuildAggregate(const PlanNodePtr& input, const std::vector<int>& input_mapping,
                             const std::vector<int>& layout, int newest_time);
  std::shared_ptr<ProjectNode> BuildProject(const PlanNodePtr& input, const std::vector<int>& mapping,
                                            BoundQuery* result);
  int AddHidden(ProjectNode* project, std::string name, BoundExpressionPtr expression, SqlType type, bool nullable);
  void AddWindowBounds(ProjectNode* project, const std::vector<int>& mapping, BoundQuery* result);
  void AddKey(ProjectNode* project, const std::vector<int>& mapping, BoundQuery* result);
  void AddEventTime(ProjectNode* project, const PlanNodePtr& input, const std::vector<int>& mapping,
                    BoundQuery* result);
  std::vector<SortKey> BuildSortKeys(ProjectNode* project, const std::vector<int>& mapping);
  void BindOrderBy();
  bool FinalForReaders() const;
  // select_headers.cc
  void PrepareHeaders();
  void AddHeaders(ProjectNode* project, const std::vector<int>& mapping);
  // select_subqueries.cc: subqueries inside of this query's expressions
  std::vector<BoundExpressionPtr> TakeLaterConditions();
  PlanNodePtr AddWhere(PlanNodePtr input, const std::vector<BoundExpressionPtr>& later, std::vector<int>* mapping);
  PlanNodePtr AddSubqueriesOf(const BoundExpression& reader, bool above_grouping, PlanNodePtr input,
                              std::vector<int>* mapping);
  PlanNodePtr AddSubqueries(bool above_grouping, PlanNodePtr input, std::vector<int>* mapping);
  int WorkOf(const BoundExpression& conjunct) const;
  // select_correlation.cc: this query as a subquery of an expression
  void PrepareSubquery();
  bool CanBeTakenApart() const;
  bool ReadsOuterRowAboveWhere() const;
  bool IsPlainAggregate() const;
  void GroupByCorrelation();
  BoundExpressionPtr ValueOfNoRows();
  void AddCorrelation(ProjectNode* project, const std::vector<int>& mapping, BoundQuery* result);

  BindingContext* context_;
  const sql::Query& query_;
  const sql::SelectCore& core_;
  QueryNeeds needs_;
  Scope scope_;
  Environment environment_;
  FromBinder from_;
  ExpressionBinder binder_;
  AggregateStage stage_;
  OverStage overs_;
  bool has_over_ = false;         ///< Some item calls a function OVER a row window,
  bool over_needs_time_ = false;  ///< and forgets rows by time.
  bool aggregated_ = false;
  bool schema_known_ = true;
  std::optional<WindowSpec> window_;
  BoundExpressionPtr time_;
  std::string time_name_;
  BoundExpressionPtr where_, having_;
  std::vector<OutputItem> items_;
  std::vector<PlacedSubquery> subqueries_;
  std::vector<HeaderChange> header_changes_;
  BoundExpressionPtr headers_;  ///< Of the records that the rows are made of, over places; null: there are none.
  // As a subquery of an expression.
  struct CorrelationKey {
    BoundExpressionPtr outer;  ///< Over parameters.
    BoundExpressionPtr inner;  ///< Over the input; above a grouping it is a key of the grouping as well.
    int key_place = -1;        ///< In the AggregateStage.
  };
  bool from_reads_outer_row_ = false;
  bool taken_apart_ = false;
  bool ignores_duplicates_ = false;
  bool ignores_limit_ = false;
  std::vector<CorrelationKey> correlation_keys_;
  std::vector<BoundExpressionPtr> residual_;  ///< Over places of the input and parameters.
  std::vector<BoundExpressionPtr> order_by_;
  std::vector<std::string> fields_;
};

}  // namespace velo::plan
