#include <arrow/scalar.h>

#include <algorithm>
#include <utility>

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/parameters.h"
#include "engine/plan/prune_columns.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {

using Form = SubqueryNode::Form;

/// A subquery once it is bound, before it is decided how it is evaluated.
struct ExpressionBinder::Subquery {
  const sql::Query* query = nullptr;
  BoundQuery bound;
  std::vector<Bound> parameters;  ///< What its parameters stand for, over places of the query around it.
};

namespace {

constexpr size_t kLongestText = 60;

std::string ShortText(const sql::Query& query) {
  sql::ScalarQuery node(query.span);
  node.query = sql::Clone(query);
  std::string text = ExpressionText(node);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kLongestText) return text;
  size_t end = kLongestText;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

/// A stream whose rows never end; tables are meant to be read in subqueries.
bool ReadsStream(const PlanNode& plan) {
  if (plan.kind == PlanKind::kScan) {
    const auto& scan = static_cast<const ScanNode&>(plan);
    return !scan.bounded && scan.relation->kind != RelationKind::kTable;
  }
  return std::any_of(plan.inputs.begin(), plan.inputs.end(),
                     [](const PlanNodePtr& input) { return ReadsStream(*input); });
}

/// Values of the type are found by hash: equal values have equal bytes.
bool IsHashable(const SqlType& type) { return !type.is_nested() && type.kind() != TypeKind::kAny; }

/// An expression over inner columns as one over the subquery's plan.
BoundExpressionPtr OverPlan(const BoundExpressionPtr& expression) {
  return ReplaceColumns(expression, [](const BoundExpressionPtr& column) {
    return MakeColumn(column->column - kInnerColumns, column->type, column->text, column->span);
  });
}

/// The columns of a subquery's plan that the node above it reads, in the order of first use.
class InnerColumns {
 public:
  explicit InnerColumns(PlanNodePtr plan) : plan_(std::move(plan)) {}

  int Add(const BoundExpressionPtr& expression) {
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (SameBound(*expressions_[i], *expression)) return static_cast<int>(i);
    }
    expressions_.push_back(expression);
    return static_cast<int>(expressions_.size()) - 1;
  }
  int AddColumn(int position) {
    const Column& column = plan_->output.columns[position];
    return Add(MakeColumn(position, column.type, column.name));
  }
  /// The expression with its inner columns at their new places.
  BoundExpressionPtr Use(const BoundExpressionPtr& expression) {
    return ReplaceColumns(expression, [this](const BoundExpressionPtr& column) {
      if (column->column < kInnerColumns) return column;
      return MakeColumn(kInnerColumns + AddColumn(column->column - kInnerColumns), column->type, column->text,
                        column->span);
    });
  }
  /// A projection to the columns in use that computes nothing else.
  PlanNodePtr Build(SourceSpan span) const {
    auto project = std::make_shared<ProjectNode>();
    project->inputs = {plan_};
    project->bounded = plan_->bounded;
    project->span = span;
    for (const BoundExpressionPtr& expression : expressions_) {
      const bool plain = expression->kind == BoundKind::kColumn;
      std::string name = plain ? plan_->output.columns[expression->column].name : expression->text;
      project->output.columns.push_back({std::move(name), expression->type, true});
      project->expressions.push_back(expression);
    }
    return PruneColumns(project);
  }

 private:
  PlanNodePtr plan_;
  std::vector<BoundExpressionPtr> expressions_;
};

/// One input for several tables: the number of the table, then the columns of all of them side by side.
PlanNodePtr UnionOfTables(const std::vector<PlanNodePtr>& tables, SourceSpan span) {
  auto all = std::make_shared<UnionNode>();
  all->span = span;
  all->bounded = true;
  all->output.columns.push_back({"_table", TypeKind::kInteger, false});
  for (const PlanNodePtr& table : tables) {
    for (const Column& column : table->output.columns) all->output.columns.push_back({column.name, column.type, true});
    all->bounded = all->bounded && table->bounded;
  }
  size_t first = 1;
  for (size_t t = 0; t < tables.size(); ++t) {
    auto arm = std::make_shared<ProjectNode>();
    arm->inputs = {tables[t]};
    arm->output = all->output;
    arm->bounded = tables[t]->bounded;
    arm->span = span;
    arm->expressions.push_back(
        MakeLiteral(std::make_shared<arrow::Int64Scalar>(static_cast<int64_t>(t)), TypeKind::kInteger));
    const size_t width = tables[t]->output.columns.size();
    for (size_t c = 1; c < all->output.columns.size(); ++c) {
      const SqlType& type = all->output.columns[c].type;
      const bool own = c >= first && c < first + width;
      arm->expressions.push_back(own ? MakeColumn(static_cast<int>(c - first), type, all->output.columns[c].name)
                                     : MakeLiteral(arrow::MakeNullScalar(type.ToArrow()), type));
    }
    first += width;
    all->inputs.push_back(std::move(arm));
  }
  return all;
}

}  // namespace

bool ExpressionBinder::BindSubquery(const sql::Query& query, Form form, Subquery* out) {
  const size_t errors = diagnostics().error_count();
  out->query = &query;
  std::vector<Bound>* const outer_parameters = std::exchange(parameters_, &out->parameters);
  ExpressionBinder* const outer_reader = env_->scope->reader();
  env_->scope->set_reader(this);
  QueryNeeds needs;
  needs.feeds_query = true;
  needs.subquery = form;
  needs.parameters = &out->parameters;
  ++context_->table_depth;
  out->bound = BindQueryTree(context_, query, env_->scope, needs);
  --context_->table_depth;
  env_->scope->set_reader(outer_reader);
  parameters_ = outer_parameters;
  if (diagnostics().error_count() > errors) return false;
  if (env_->subqueries == nullptr) {
    diagnostics().Error("E3090", query.span, "a subquery cannot stand here").hint =
        "compute it in a query in FROM, or in WITH";
    return false;
  }
  if (ReadsStream(*out->bound.plan)) {
    diagnostics().Warning("W2401", query.span, "this subquery reads a stream; its newest row per key is used").hint =
        "read a table (CREATE TABLE ... AS) or a bounded source instead";
  }
  return out->bound.schema_known;
}

BoundExpressionPtr ExpressionBinder::AddParameter(const sql::Expression& expression) {
  Bound value = BindNode(expression);
  if (value->kind == BoundKind::kLiteral) return value;
  size_t index = 0;
  while (index < parameters_->size() && !SameBound(*(*parameters_)[index], *value)) ++index;
  if (index == parameters_->size()) parameters_->push_back(value);
  return MakeParameter(static_cast<int>(index), value->type, ExpressionText(expression), expression.span);
}

BoundExpressionPtr ExpressionBinder::InnerColumn(const Subquery& subquery, size_t column) const {
  const Column& inner = subquery.bound.visible.columns[column];
  return MakeColumn(kInnerColumns + static_cast<int>(column), inner.type, inner.name, subquery.query->span);
}

/// Puts what the parameters stand for in their place.
BoundExpressionPtr ExpressionBinder::OfOuterRow(const Subquery& subquery, const Bound& expression) const {
  return ReplaceColumns(expression, [&subquery](const Bound& column) {
    return IsParameter(*column) ? subquery.parameters[ParameterIndex(*column)] : column;
  });
}

/// Completes the node: its second input with just the columns it reads, its keys, and a place for its result. `value`
/// (may be null) is what it reads of each row.
BoundExpressionPtr ExpressionBinder::Place(Subquery subquery, std::shared_ptr<SubqueryNode> node, const Bound& value,
                                           SqlType type, SourceSpan span) {
  const Correlation& correlation = subquery.bound.correlation;
  const SourceSpan query_span = subquery.query->span;
  InnerColumns inner(subquery.bound.plan);
  if (value != nullptr) node->values = {inner.Add(OverPlan(value))};
  if (node->comparison != nullptr) node->comparison = inner.Use(node->comparison);
  for (int key : correlation.inner_keys) node->inner_keys.push_back(inner.AddColumn(key));
  if (correlation.residual != nullptr) node->residual = OfOuterRow(subquery, inner.Use(correlation.residual));
  for (const Bound& key : correlation.outer_keys) node->outer_keys.push_back(OfOuterRow(subquery, key));
  if (correlation.empty_value != nullptr) node->empty_value = OfOuterRow(subquery, correlation.empty_value);
  PlanNodePtr plan = inner.Build(query_span);
  const bool per_record = HasParameters(*plan);
  if (per_record) {
    node->parameters = subquery.parameters;
    std::vector<PlanNodePtr> tables;
    node->per_record = CutOffTables(plan, &node->tables, &tables);
    plan = tables.size() == 1 ? tables[0] : UnionOfTables(tables, query_span);
  }
  if (per_record || (node->outer_keys.empty() && node->residual != nullptr)) {
    diagnostics()
        .Warning("W2402", query_span, "this subquery is evaluated again for every row of the outer query")
        .hint = "compare columns of both queries with = in its WHERE, so that rows are found by key";
  }
  node->inputs = {nullptr, std::move(plan)};
  node->span = query_span;
  node->text = ShortText(*subquery.query);
  std::vector<PlacedSubquery>& placed = *env_->subqueries;
  const bool above_grouping = !input_level();
  const std::string name = fmt::format("_subquery_{}", placed.size() + 1);
  const int place = above_grouping ? env_->stage->AddPlace() : env_->scope->Use(-1, {name, type, true});
  placed.push_back({place, above_grouping, node});
  // A truth value is called by the whole condition, which the caller knows.
  return MakeColumn(place, std::move(type), node->form == Form::kScalar ? node->text : "", span);
}

BoundExpressionPtr ExpressionBinder::BindScalarQuery(const sql::ScalarQuery& node) {
  Subquery subquery;
  const bool usable = BindSubquery(*node.query, Form::kScalar, &subquery);
  const Schema& schema = subquery.bound.visible;
  if (!usable) return Placeholder(TypeKind::kAny, node.span);
  if (schema.columns.size() != 1) {
    diagnostics().Error(
        "E2402", node.span,
        fmt::format("a subquery used as a value must return one column, not {}", schema.columns.size()));
    return Poison(node.span);
  }
  SqlType type = schema.columns[0].type;
  if (type.kind() == TypeKind::kAny) return Placeholder(TypeKind::kAny, node.span);
  const Bound value = InnerColumn(subquery, 0);
  return Place(std::move(subquery), std::make_shared<SubqueryNode>(), value, std::move(type), node.span);
}

BoundExpressionPtr ExpressionBinder::BindExists(const sql::Exists& node) {
  Subquery subquery;
  if (!BindSubquery(*node.query, Form::kExists, &subquery)) return Placeholder(TypeKind::kBoolean, node.span);
  auto made = std::make_shared<SubqueryNode>();
  made->form = Form::kExists;
  Bound exists = Place(std::move(subquery), std::move(made), nullptr, TypeKind::kBoolean, node.span);
  return Negated(std::move(exists), node.negated, node.span);
}

BoundExpressionPtr ExpressionBinder::BindInQuery(const sql::InQuery& node) {
  std::vector<Bound> operands;
  if (node.operand->kind == sql::ExpressionKind::kRow) {
    for (const sql::ExpressionPtr& item : static_cast<const sql::RowValue&>(*node.operand).items) {
      operands.push_back(BindNode(*item));
    }
  } else {
    operands.push_back(BindNode(*node.operand));
  }
  Subquery subquery;
  const bool usable = BindSubquery(*node.query, Form::kIn, &subquery);
  const size_t width = operands.size();
  const size_t given = subquery.bound.visible.columns.size();
  if (usable && given != width) {
    diagnostics().Error(
        "E2402", node.query->span,
        fmt::format("the subquery of IN must return {} column{}, not {}", width, width == 1 ? "" : "s", given));
    return Poison(node.span);
  }
  if (!usable) return Placeholder(TypeKind::kBoolean, node.span);
  return Negated(BindMembership(std::move(operands), std::move(subquery), node.span), node.negated, node.span);
}

/// `operands` IN the subquery: by hash where the values can be, else by comparing with each row.
BoundExpressionPtr ExpressionBinder::BindMembership(std::vector<Bound> operands, Subquery subquery, SourceSpan span) {
  std::vector<Bound> equalities;
  bool hashable = operands.size() == 1;
  for (size_t i = 0; i < operands.size(); ++i) {
    Bound equal = Operator("=", {operands[i], InnerColumn(subquery, i)}, span);
    if (equal->kind == BoundKind::kLiteral) return Placeholder(TypeKind::kBoolean, span);
    hashable = hashable && equal->argument_types[0] == equal->argument_types[1] && IsHashable(equal->argument_types[0]);
    equalities.push_back(std::move(equal));
  }
  const bool fixed_plan = subquery.bound.correlation.taken_apart || !HasParameters(*subquery.bound.plan);
  if (!hashable || !fixed_plan || subquery.bound.correlation.residual != nullptr) {
    Bound all;
    for (const Bound& equal : equalities) all = all == nullptr ? equal : Operator("AND", {all, equal}, span);
    return BindComparison(std::move(all), Form::kAny, std::move(subquery), span);
  }
  auto made = std::make_shared<SubqueryNode>();
  made->form = Form::kIn;
  made->operands = {equalities[0]->arguments[0]};
  return Place(std::move(subquery), std::move(made), equalities[0]->arguments[1], TypeKind::kBoolean, span);
}

BoundExpressionPtr ExpressionBinder::BindComparison(Bound comparison, Form form, Subquery subquery, SourceSpan span) {
  if (comparison->type.kind() != TypeKind::kBoolean || comparison->kind == BoundKind::kLiteral) {
    return Placeholder(TypeKind::kBoolean, span);
  }
  auto made = std::make_shared<SubqueryNode>();
  made->form = form;
  made->comparison = std::move(comparison);
  return Place(std::move(subquery), std::move(made), nullptr, TypeKind::kBoolean, span);
}

BoundExpressionPtr ExpressionBinder::BindQuantified(const sql::Quantified& node) {
  using Op = sql::BinaryOperator;
  Bound operand = BindNode(*node.operand);
  if (node.query == nullptr) return BindQuantifiedArray(node, std::move(operand));
  Subquery subquery;
  const bool usable = BindSubquery(*node.query, node.all ? Form::kAll : Form::kAny, &subquery);
  const size_t given = subquery.bound.visible.columns.size();
  if (usable && given != 1) {
    diagnostics().Error("E2402", node.query->span,
                        fmt::format("the subquery of ANY and ALL must return one column, not {}", given));
    return Poison(node.span);
  }
  if (!usable) return Placeholder(TypeKind::kBoolean, node.span);
  const bool is_in = node.op == Op::kEqual && !node.all;
  const bool is_not_in = node.op == Op::kNotEqual && node.all;
  if (is_in || is_not_in) {
    return Negated(BindMembership({std::move(operand)}, std::move(subquery), node.span), is_not_in, node.span);
  }
  Bound comparison = Comparison(node.op, std::move(operand), InnerColumn(subquery, 0), node.span);
  return BindComparison(std::move(comparison), node.all ? Form::kAll : Form::kAny, std::move(subquery), node.span);
}

}  // namespace velo::plan
