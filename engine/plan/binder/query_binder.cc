#include "engine/plan/binder/query_binder.h"

#include <algorithm>
#include <charconv>

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/state_limits.h"

namespace velo::plan {
namespace {

/// Takes the WITH lists and common tables of a query into scope for as long as it is being bound.
class QueryScope {
 public:
  QueryScope(BindingContext* context, const sql::Query& query)
      : context_(context), common_tables_(context->common_tables.size()) {
    context_->properties.push_back(&query.properties);
    std::swap(context_->attached, outer_attached_);
    if (query.body.select != nullptr) {
      for (const sql::TableReference& table : query.body.select->from) Attach(table);
    }
    ++context_->depth;
  }
  ~QueryScope() {
    --context_->depth;
    context_->properties.pop_back();
    std::swap(context_->attached, outer_attached_);
    context_->common_tables.resize(common_tables_);
  }
  QueryScope(const QueryScope&) = delete;
  QueryScope& operator=(const QueryScope&) = delete;

 private:
  void Attach(const sql::TableReference& table) {
    context_->attached.push_back(&table.properties);
    for (const sql::Join& join : table.joins) Attach(*join.right);
  }

  BindingContext* context_;
  size_t common_tables_;
  std::vector<const sql::Properties*> outer_attached_;
};

BoundQuery Nothing() {
  BoundQuery nothing;
  auto values = std::make_shared<ValuesNode>();
  values->bounded = true;
  nothing.plan = values;
  nothing.bounded = true;
  nothing.schema_known = false;
  return nothing;
}

/// Casts the columns of an arm to the types and names of the union.
PlanNodePtr Align(const BoundQuery& arm, const Schema& target) {
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {arm.plan};
  project->bounded = arm.bounded;
  project->span = arm.plan->span;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    const Column& column = arm.visible.columns[i];
    BoundExpressionPtr expression = MakeColumn(static_cast<int>(i), column.type, column.name);
    if (column.type.kind() != TypeKind::kAny && target.columns[i].type.kind() != TypeKind::kAny) {
      Result<BoundExpressionPtr> cast = MakeCast(expression, target.columns[i].type, false, column.name);
      if (cast.ok()) expression = *cast;
    }
    project->expressions.push_back(std::move(expression));
    project->output.columns.push_back(target.columns[i]);
  }
  if (arm.plan->event_time >= 0) {
    project->event_time = static_cast<int>(project->expressions.size());
    project->expressions.push_back(MakeColumn(arm.plan->event_time, TypeKind::kInteger, "_event_time"));
    project->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  }
  return project;
}

class UnionBinder {
 public:
  UnionBinder(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs)
      : context_(context), query_(query), outer_(outer), needs_(needs) {}

  BoundQuery Bind() {
    for (size_t i = 0; i < query_.body.operators.size(); ++i) {
      const sql::SetOperator op = query_.body.operators[i];
      if (op == sql::SetOperator::kIntersect || op == sql::SetOperator::kExcept) {
        const std::string name = op == sql::SetOperator::kIntersect ? "INTERSECT" : "EXCEPT";
        context_->diagnostics->Error("E2011", query_.body.arms[i + 1]->span, name + " is not supported").hint =
            "use a join, or IN (SELECT ...)";
      }
    }
    needs_.feeds_query = true;
    needs_.headers = false;
    needs_.subquery.reset();
    for (const auto& arm : query_.body.arms) arms_.push_back(BindQueryTree(context_, *arm, outer_, needs_));
    const bool fits = MergeSchemas();
    BoundQuery result = fits ? Build() : Nothing();
    return result;
  }

 private:
  bool MergeSchemas() {
    for (const BoundQuery& arm : arms_) {
      if (!arm.schema_known) return false;
    }
    schema_ = arms_[0].visible;
    for (size_t a = 1; a < arms_.size(); ++a) {
      const Schema& arm = arms_[a].visible;
      if (arm.columns.size() != schema_.columns.size()) {
        context_->diagnostics
            ->Error("E2503", query_.body.arms[a]->span,
                    fmt::format("this arm of the UNION has {} columns, the first has {}", arm.columns.size(),
                                schema_.columns.size()))
            .hint = "select as many columns in every arm";
        return false;
      }
      for (size_t i = 0; i < schema_.columns.size(); ++i) {
        bool mixed = false;
        Column& column = schema_.columns[i];
        const SqlType other = arm.columns[i].type;
        const SqlType common = CommonType(column.type, other, &mixed);
        if (mixed) {
          context_->diagnostics
              ->Warning("W2504", query_.body.arms[a]->span,
                        fmt::format("column '{}' is {} in one arm and {} in another, so it becomes text", column.name,
                                    column.type.ToString(), other.ToString()))
              .hint = "cast it to one type in every arm";
        }
        column.type = common;
        column.nullable = column.nullable || arm.columns[i].nullable;
      }
    }
    return true;
  }

  BoundQuery Build() {
    BoundQuery result;
    auto all = std::make_shared<UnionNode>();
    result.bounded = true;
    bool has_time = needs_.event_time;
    for (const BoundQuery& arm : arms_) {
      all->inputs.push_back(Align(arm, schema_));
      result.bounded = result.bounded && arm.bounded;
      has_time = has_time && arm.plan->event_time >= 0;
    }
    all->output = schema_;
    all->bounded = result.bounded;
    all->span = query_.span;
    if (has_time) {
      all->event_time = static_cast<int>(schema_.columns.size());
      all->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
    } else {
      for (PlanNodePtr& input : all->inputs) DropTime(&input);
    }
    result.plan = all;
    result.visible = schema_;
    result.fields = schema_.Names();
    const bool distinct = std::find(query_.body.operators.begin(), query_.body.operators.end(),
                                    sql::SetOperator::kUnion) != query_.body.operators.end();
    if (distinct) {
      auto unique = std::make_shared<DistinctNode>();
      unique->inputs = {result.plan};
      unique->output = all->output;
      unique->bounded = result.bounded;
      unique->event_time = all->event_time;
      unique->max_entries = DistinctEntries(*context_, unique->max_entries);
      unique->span = query_.span;
      for (size_t i = 0; i < schema_.columns.size(); ++i) unique->columns.push_back(static_cast<int>(i));
      result.plan = unique;
    }
    return result;
  }

  /// All arms of a union have one layout; time stays only when every arm has it.
  void DropTime(PlanNodePtr* input) {
    if ((*input)->event_time < 0) return;
    auto trimmed = std::make_shared<ProjectNode>(static_cast<const ProjectNode&>(**input));
    trimmed->expressions.pop_back();
    trimmed->output.columns.pop_back();
    trimmed->event_time = -1;
    *input = trimmed;
  }

  BindingContext* context_;
  const sql::Query& query_;
  const Scope* outer_;
  QueryNeeds needs_;
  std::vector<BoundQuery> arms_;
  Schema schema_;
};

/// Sort keys of a union name result columns or count them.
std::vector<SortKey> UnionSortKeys(BindingContext* context, const sql::Query& query, const BoundQuery& bound) {
  std::vector<SortKey> keys;
  for (const sql::OrderItem& item : query.order_by) {
    int position = -1;
    if (item.expression->kind == sql::ExpressionKind::kColumn) {
      position = bound.visible.Find(static_cast<const sql::ColumnReference&>(*item.expression).parts.back().text);
    } else if (item.expression->kind == sql::ExpressionKind::kLiteral) {
      const std::string& text = static_cast<const sql::Literal&>(*item.expression).text;
      std::from_chars(text.data(), text.data() + text.size(), position);
      --position;
    }
    if (position < 0 || position >= static_cast<int>(bound.visible.columns.size())) {
      if (!bound.schema_known) continue;
      Diagnostic& found = context->diagnostics->Error("E2102", item.expression->span,
                                                      "ORDER BY of a UNION names a column of its result");
      for (const Column& column : bound.visible.columns)
        found.hint += (found.hint.empty() ? "columns: " : ", ") + column.name;
      continue;
    }
    const Column& column = bound.visible.columns[position];
    keys.push_back({MakeColumn(position, column.type, column.name, item.expression->span), item.descending,
                    item.nulls_first.value_or(item.descending)});
  }
  return keys;
}

}  // namespace

BoundQuery BindQueryTree(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs) {
  if (context->depth >= kMaxQueryDepth) {
    context->diagnostics->Error("E3090", query.span, fmt::format("queries may be nested {} deep", kMaxQueryDepth));
    return Nothing();
  }
  QueryScope scope(context, query);
  for (const sql::CommonTable& common : query.common_tables) context->common_tables.push_back(&common);
  if (query.body.select != nullptr) return BindSelect(context, query, outer, needs);
  if (query.body.arms.empty()) return Nothing();
  BoundQuery bound = UnionBinder(context, query, outer, needs).Bind();
  bound.emit_changes = ResolveEmitChanges(query, false);
  AddSortAndLimit(context, query, UnionSortKeys(context, query, bound), &bound);
  return bound;
}

void AddSortAndLimit(BindingContext* context, const sql::Query& query, std::vector<SortKey> keys, BoundQuery* bound) {
  const int64_t limit = query.limit.value_or(-1);
  if (query.limit.has_value() && limit < 0) {
    context->diagnostics->Error("E2502", query.limit_span, "LIMIT cannot be negative");
    return;
  }
  if (query.offset.value_or(0) > 0 && !bound->bounded) {
    context->diagnostics->Error("E3090", query.limit_span, "OFFSET needs a source that ends").hint =
        "leave OFFSET out, or read files";
    return;
  }
  const PlanNodePtr input = bound->plan;
  auto shape = [&](PlanNode* node) {
    node->inputs = {input};
    node->output = input->output;
    node->bounded = bound->bounded;
    node->event_time = input->event_time;
  };
  if (!keys.empty()) {
    auto sort = std::make_shared<SortNode>();
    shape(sort.get());
    sort->span = query.order_by_span;
    sort->keys = std::move(keys);
    sort->limit = limit;
    sort->offset = query.offset.value_or(0);
    if (bound->bounded) {
      sort->scope = SortNode::Scope::kWhole;
    } else if (bound->windowed && !bound->emit_changes) {
      sort->scope = SortNode::Scope::kPerWindow;
    } else if (limit >= 0) {
      sort->scope = SortNode::Scope::kContinuous;
      sort->row_key = bound->key;
      bound->updates = true;
    } else {
      sort->scope = SortNode::Scope::kPerBatch;
      context->diagnostics
          ->Warning("W2501", query.order_by_span,
                    "the stream has no end, so ORDER BY only sorts the rows that arrive together")
          .hint = "add LIMIT n to keep the n best rows, or a WINDOW to sort each window";
    }
    bound->plan = sort;
    return;
  }
  if (!query.limit.has_value()) return;
  auto node = std::make_shared<LimitNode>();
  shape(node.get());
  node->span = query.limit_span;
  node->limit = limit;
  node->offset = query.offset.value_or(0);
  node->per_window = bound->windowed;
  node->bounded = true;
  bound->plan = node;
  if (!bound->windowed) bound->bounded = true;
}

}  // namespace velo::plan
