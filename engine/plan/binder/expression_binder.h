#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/bound_expression.h"
#include "engine/plan/binder/aggregate_stage.h"
#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/over_stage.h"
#include "engine/plan/binder/query_binder.h"
#include "engine/plan/binder/scope.h"
#include "engine/sql/words.h"

namespace velo::plan {

using sql::LowerCase;
using sql::UpperCase;

/// Where an expression stands; decides which names it sees and whether it may aggregate (dialect 4.2).
enum class Clause : uint8_t { kSelect, kWhere, kGroupBy, kHaving, kOrderBy, kOn, kWindow, kCondition };

/// A SELECT item that later expressions may use by name.
struct Alias {
  std::string name;
  SourceSpan span;
  BoundExpressionPtr expression;  ///< Null until its item is bound.
  const sql::Expression* source = nullptr;
};

/// A subquery of an expression. Its value is a column that some node below the reader of the expression must add.
struct PlacedSubquery {
  int place = -1;
  bool above_grouping = false;  ///< `place` is one of the AggregateStage, else of the Scope.
  /// Without inputs[0] and output. Expressions over the outer row refer to places, those over the subquery's plan to
  /// kInnerColumns + position.
  std::shared_ptr<SubqueryNode> node;
  bool built = false;
};

/// What SET_HEADER or REMOVE_HEADER does to the headers of a result row.
struct HeaderChange {
  BoundExpressionPtr name;   ///< STRING.
  BoundExpressionPtr value;  ///< STRING; NULL takes the header away.
};

/// What the expressions of one SELECT can see.
struct Environment {
  Scope* scope = nullptr;
  const sql::SelectCore* core = nullptr;  ///< Where fixes put clauses; null outside of a SELECT.
  std::vector<Alias> aliases;
  /// Set while binding above a grouping: plain columns then become keys or last values.
  AggregateStage* stage = nullptr;
  OverStage* overs = nullptr;  ///< Collects OVER calls; null where there can be none.
  /// The query has a time window whose bounds may be named.
  bool windowed = false;
  int64_t session_gap_ms = 0;  ///< For SESSION_DURATION().
  /// Place of the window's bounds when there is no grouping; -1 else.
  int window_start_column = -1;
  int window_end_column = -1;
  /// Subqueries met so far, inner ones first; null where none can be evaluated.
  std::vector<PlacedSubquery>* subqueries = nullptr;
  /// Takes what SET_HEADER and REMOVE_HEADER do, in order; null where rows do not become records.
  std::vector<HeaderChange>* header_changes = nullptr;
  /// The array of UNNEST(...) in a SELECT item; its elements are a column of the scope.
  BoundExpressionPtr unnested;
};

/// Name of that column.
inline constexpr std::string_view kUnnestedColumn = "_unnested";

/// Binds expressions of one SELECT. Never returns null: what is wrong is reported once and replaced by an untyped NULL
/// so that the rest is still checked.
class ExpressionBinder {
 public:
  ExpressionBinder(BindingContext* context, Environment* environment) : context_(context), env_(environment) {}

  /// `whole_element`: the expression is a whole SELECT item or list element, where "x" is always a name (dialect 1.5).
  BoundExpressionPtr Bind(const sql::Expression& expression, Clause clause, bool whole_element = false);
  /// Binds over the input of the grouping (GROUP BY items, aggregate arguments).
  BoundExpressionPtr BindOverInput(const sql::Expression& expression, Clause clause, bool whole_element = false);
  /// Binds a condition; anything but BOOLEAN is E2301.
  BoundExpressionPtr BindBoolean(const sql::Expression& expression, Clause clause, std::string_view clause_name);
  /// Makes the last value of an input column available above the grouping (dialect 4.2).
  BoundExpressionPtr LastValue(const BoundExpressionPtr& input_column, SourceSpan span, bool warn);
  /// Whether an aggregate in a subquery belongs to a query around it: all columns it reads are of that one.
  bool BelongsToOuterQuery(const sql::Call& aggregate) const;
  /// The value of a USING column in `*`.
  BoundExpressionPtr BindMerged(const ColumnMatch& match, SourceSpan span) { return MergedColumn(match, span); }

 private:
  using Bound = BoundExpressionPtr;

  Bound BindNode(const sql::Expression& expression);
  /// The key of the grouping that the expression is, above it; else null.
  Bound GroupKey(const sql::Expression& expression) const;
  Bound BindLiteral(const sql::Literal& literal);
  Bound BindUnary(const sql::Unary& unary);
  Bound BindBinary(const sql::Binary& binary);
  Bound BindIsTest(const sql::IsTest& test);
  Bound BindBetween(const sql::Between& between);
  Bound BindInList(const sql::InList& in);
  Bound BindRowIn(const sql::InList& in, const sql::RowValue& row);
  Bound BindRowEquality(const sql::Binary& binary);
  Bound BindLike(const sql::Like& like);
  Bound BindCase(const sql::Case& node);
  Bound BindConstructor(const sql::Expression& expression);
  Bound BindStringOperand(const sql::Expression& expression);

  // expression_cast.cc
  Bound BindCast(const sql::Cast& cast);

  // expression_columns.cc
  Bound BindColumn(const sql::ColumnReference& reference, bool whole_element);
  Bound TryAlias(const sql::ColumnReference& reference, bool* poisoned);
  Bound TryWindowBound(const sql::ColumnReference& reference);
  /// An aggregate's argument may name an earlier item that does not aggregate itself.
  Bound ExpandAliasOverInput(const sql::ColumnReference& reference);
  Bound UseMatch(const ColumnMatch& match, const sql::ColumnReference& reference);
  /// The first value of a column that a FULL JOIN ... USING merges.
  Bound MergedColumn(const ColumnMatch& match, SourceSpan span);
  bool IsOfOuterQuery(const sql::ColumnReference& reference) const;
  Bound UseOuter(const sql::ColumnReference& reference, const std::vector<std::string_view>& parts);
  /// A path whose first part names a relation of an enclosing query; null when there is none.
  Bound UseOuterRelation(const sql::ColumnReference& reference);
  Bound ReportMissing(const ColumnMatch& match, const sql::ColumnReference& reference);
  void ReportAmbiguous(const ColumnMatch& match, const sql::ColumnReference& reference);
  void ReportUnknownQualifier(const sql::ColumnReference& reference);
  void ReportUnknownColumn(const ColumnMatch& match, const sql::ColumnReference& reference);
  bool ReportMissingAlias(const sql::ColumnReference& reference);
  void OfferGroupBy(const std::string& column, Diagnostic* found);
  Bound WindowBoundColumn(bool start, SourceSpan span, std::string text);

  // expression_paths.cc
  Bound Field(Bound base, std::string_view name, SourceSpan span);
  Bound BindAccess(const sql::Access& access);
  Bound SomeMatch(std::string_view op, std::vector<Bound> arguments, bool negated, SourceSpan span);
  Bound BindSomeComparison(const sql::Binary& binary, Bound left, Bound right);
  Bound BindQuantifiedArray(const sql::Quantified& node, Bound operand);

  // expression_calls.cc
  Bound BindCall(const sql::Call& call);
  Bound BindLazyCall(const sql::Call& call, std::string_view name, bool* handled);
  Bound BindWindowCall(const sql::Call& call, std::string_view name, bool* handled);
  Bound BindScalar(const sql::Call& call, const ScalarFunction& function);
  Bound BindUnnest(const sql::Call& call);
  Bound UnknownFunction(const sql::Call& call);
  std::vector<Bound> BindArguments(const sql::Call& call);

  // expression_over.cc
  Bound BindOver(const sql::Call& call, std::string_view name);
  bool CheckOver(const sql::Call& call, std::string_view name, const sql::Over& over);
  const sql::Over* OverBody(const sql::Call& call);
  bool CollectOverArguments(const sql::Call& call, const sql::Over& over, OverCall* out,
                            std::vector<Bound>* order_keys);
  Bound TypeWindowFunction(const sql::Call& call, std::string_view name, OverCall* out);
  bool BindOverWindow(const sql::Over& over, OverWindow* out);
  bool BindRangeBounds(const sql::Over& over, OverWindow* out);
  bool DeriveBuffer(const sql::Call& call, std::string_view name, const sql::Over& over, OverCall* bound,
                    OverWindow* out);

  // expression_aggregates.cc
  Bound BindAggregate(const sql::Call& call, const AggregateFunction& function);
  /// Types the arguments of `bound` and casts them; `order_keys` become the last ones. Null when all is well, else
  /// what stands for the call.
  Bound TypeAggregate(const sql::Call& call, std::vector<Bound> order_keys, AggregateCall* bound);
  bool AggregateMayStandHere(const sql::Call& call, std::string_view name);
  void OfferHaving(const sql::Call& call, Diagnostic* found);
  /// `order_keys` takes the keys of ORDER BY inside the call.
  bool CollectAggregateArguments(const sql::Call& call, AggregateCall* out, std::vector<Bound>* order_keys);
  void BindWithinGroup(const sql::Call& call, const sql::OrderItem& item, std::vector<Bound>* arguments);
  bool BindOrderKeys(const std::vector<sql::OrderItem>& items, AggregateCall* out, std::vector<Bound>* order_keys);
  /// FIRST and LAST go by event time where records have one.
  bool OrdersByEventTime() const;
  Bound EventTimeColumn(SourceSpan span);

  // expression_special_calls.cc
  /// Calls that are more than a function of their arguments: headers and origin of the record, names of the job,
  /// DATE_ADD by months, STRUCT(value AS name).
  Bound BindSpecialCall(const sql::Call& call, std::string_view name, bool* handled);
  Bound BindRecordOrigin(const sql::Call& call, std::string_view name, std::string_view column);
  Bound BindHeaderChange(const sql::Call& call, std::string_view name);
  Bound BindNamedStruct(const sql::Call& call);
  Bound SystemColumn(std::string_view name, SourceSpan span);

  // expression_intervals.cc: months of an INTERVAL beside a point in time go by the calendar
  /// A length of time taken apart; a part that is not there is null.
  struct IntervalParts {
    Bound months;  ///< INTEGER.
    Bound rest;    ///< INTERVAL.
  };
  IntervalParts BindInterval(const sql::Expression& expression);
  IntervalParts Multiplied(IntervalParts parts, const Bound& factor, SourceSpan span);
  Bound ShiftTime(const Bound& time, const IntervalParts& parts, bool minus, const std::string& text, SourceSpan span);
  /// time + INTERVAL or time - INTERVAL; null where no months are named.
  Bound BindCalendarSum(const sql::Binary& binary);
  Bound BindCalendarShift(const sql::Call& call, std::string_view name);
  Bound Combined(std::string_view op, Bound left, Bound right, SourceSpan span);
  static Bound Whole(int64_t value, SourceSpan span);

  // expression_queries.cc
  Bound BindScalarQuery(const sql::ScalarQuery& node);
  Bound BindInQuery(const sql::InQuery& node);
  Bound BindExists(const sql::Exists& node);
  Bound BindQuantified(const sql::Quantified& node);
  struct Subquery;
  bool BindSubquery(const sql::Query& query, SubqueryNode::Form form, Subquery* out);
  Bound InnerColumn(const Subquery& subquery, size_t column) const;
  Bound BindMembership(std::vector<Bound> operands, Subquery subquery, SourceSpan span);
  Bound BindComparison(Bound comparison, SubqueryNode::Form form, Subquery subquery, SourceSpan span);
  Bound Place(Subquery subquery, std::shared_ptr<SubqueryNode> node, const Bound& value, SqlType type, SourceSpan span);
  Bound OfOuterRow(const Subquery& subquery, const Bound& expression) const;
  /// What a subquery reads of the rows of this query: a column, or an aggregate over its groups.
  Bound AddParameter(const sql::Expression& expression);

  // Building blocks.
  Bound Poison(SourceSpan span);
  /// The expression with its SQL as text, where it has none.
  static Bound WithText(const Bound& bound, const sql::Expression& source);
  /// Stands for a value that cannot be computed in this version, with its type known.
  Bound Placeholder(SqlType type, SourceSpan span);
  Bound Report(const Status& status, SourceSpan span, std::string_view default_code = "E2301",
               std::vector<Fix> fixes = {});
  Bound Operator(std::string_view name, std::vector<Bound> arguments, SourceSpan span, std::vector<Fix> fixes = {});
  Bound CaseOf(std::vector<Bound> parts, SourceSpan span);
  /// Casts for arithmetic on two texts.
  std::vector<Fix> CastFixes(const sql::Binary& binary, const BoundExpression& left, const BoundExpression& right);
  Bound Negated(Bound operand, bool negated, SourceSpan span);
  /// Any binary operator of two bound operands; matches of regular expressions are calls.
  Bound Comparison(sql::BinaryOperator op, Bound left, Bound right, SourceSpan span, std::vector<Fix> fixes = {});
  /// Whether a property of the query has that value: 'sql.error_mode', 'sql.division_by_zero' (dialect 3.4, 4.18).
  bool PropertyIs(std::string_view key, std::string_view value) const;
  Diagnostics& diagnostics() { return *context_->diagnostics; }
  bool input_level() const { return env_->stage == nullptr || inside_aggregate_ > 0; }

  BindingContext* context_;
  Environment* env_;
  Clause clause_ = Clause::kSelect;
  int inside_aggregate_ = 0;
  bool expanding_alias_ = false;
  bool inside_over_ = false;
  int inside_choice_ = 0;  ///< In how many branches of CASE, IF and the like, which not every row takes.
  /// What the subquery being bound reads of the rows of this query; null outside of subqueries.
  std::vector<Bound>* parameters_ = nullptr;
};

/// True when the expression calls an aggregate that belongs to the query it stands in.
bool ContainsAggregate(const sql::Expression& expression, const FunctionRegistry& functions);
/// Calls `visit` for the expression and everything below it, subqueries left out. `visit` returns false to stay out of
/// a subtree.
void VisitExpressions(const sql::Expression& expression, const std::function<bool(const sql::Expression&)>& visit);
/// Whether the condition can only be tested once a subquery is evaluated or the outer row is known.
bool NeedsSubquery(const BoundExpression& expression, const Environment& environment);
/// Whether the expression is a length of time in which months, quarters or years stand.
bool NamesMonths(const sql::Expression& expression);
/// = != < <= > >=
bool IsOrderOrEquality(sql::BinaryOperator op);
/// Whether the expression is a path with [*] or .* in it, which leads to an array of matches.
bool IsWildcardPath(const sql::Expression& expression);
/// SQL text of an expression, for messages and facts.
std::string ExpressionText(const sql::Expression& expression);
/// "columns of trades: symbol, price, ..." (at most twelve names).
std::string ColumnsHint(const ScopeRelation& relation);
/// Resolves a type as written. Reports E2302-style problems and returns ANY for unknown names.
SqlType ResolveType(const sql::TypeName& type, Diagnostics* diagnostics);

}  // namespace velo::plan
