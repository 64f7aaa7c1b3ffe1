#include <algorithm>

#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/select_binder_internal.h"
#include "engine/plan/binder/state_limits.h"
#include "engine/plan/binder/window_binder.h"
#include "engine/sql/words.h"

namespace velo::plan {

BoundQuery BindSelect(BindingContext* context, const sql::Query& query, const Scope* outer, QueryNeeds needs) {
  return SelectBinder(context, query, outer, needs).Bind();
}

bool ResolveEmitChanges(const sql::Query& query, bool windowed) {
  if (query.emit == sql::EmitMode::kDefault) return !windowed;
  return query.emit == sql::EmitMode::kChanges;
}

BoundQuery SelectBinder::Bind() {
  if (core_.from.empty() && RejectWithoutFrom()) {
    auto values = std::make_shared<ValuesNode>();
    values->bounded = true;
    BoundQuery nothing;
    nothing.plan = values;
    nothing.bounded = true;
    return nothing;
  }
  const bool window_reads_time = core_.window.has_value() && core_.window->time == nullptr;
  FindOvers();
  from_.Bind(core_.from,
             {.event_time = needs_.event_time || window_reads_time || over_needs_time_, .feeds_query = true});
  from_reads_outer_row_ = needs_.parameters != nullptr && !needs_.parameters->empty();
  aggregated_ = Aggregates();
  CollectAliases();
  if (core_.where != nullptr) where_ = binder_.BindBoolean(*core_.where, Clause::kWhere, "WHERE");
  if (!from_.deferred_conditions().empty()) {
    std::vector<BoundExpressionPtr> conditions = from_.deferred_conditions();
    if (where_ != nullptr) conditions.insert(conditions.begin(), where_);
    where_ = JoinConjuncts(conditions, *context_->functions);
  }
  BindWindowAndTime();
  if (aggregated_) {
    environment_.stage = &stage_;
    BindGroupBy();
  }
  PrepareOvers();
  BindItems();
  if (core_.having != nullptr) {
    having_ = binder_.BindBoolean(*core_.having, Clause::kHaving, "HAVING");
    if (overs_.Reads(*having_)) {
      context_->diagnostics->Error("E2110", core_.having->span, "HAVING comes before the row windows (OVER)").hint =
          "compute them in a subquery in FROM and filter there";
    }
  }
  BindOrderBy();
  PrepareHeaders();
  if (needs_.subquery.has_value()) PrepareSubquery();

  BoundQuery result;
  result.schema_known = schema_known_;
  result.bounded = from_.bounded();
  result.windowed = window_.has_value();
  result.window = window_;
  result.emit_changes = ResolveEmitChanges(query_, result.windowed) && !(aggregated_ && FinalForReaders());
  result.fields = fields_;
  for (const AggregateStage::Key& key : stage_.keys()) result.group_by.push_back(key.name);
  if (query_.emit == sql::EmitMode::kFinal && !window_.has_value() && !result.bounded) {
    context_->diagnostics
        ->Warning("W2203", query_.emit_span.valid() ? query_.emit_span : core_.span,
                  "EMIT FINAL without a window shows nothing until the query is stopped")
        .hint = "add a WINDOW clause, or use EMIT CHANGES";
  }
  std::vector<int> mapping;
  const PlanNodePtr below = BuildBelowProject(&mapping);
  std::shared_ptr<ProjectNode> project = BuildProject(below, mapping, &result);
  std::vector<SortKey> sort = BuildSortKeys(project.get(), mapping);
  AddCorrelation(project.get(), mapping, &result);
  result.plan = project;
  if (core_.distinct && !ignores_duplicates_) {
    auto distinct = std::make_shared<DistinctNode>();
    distinct->inputs = {result.plan};
    distinct->output = result.plan->output;
    distinct->bounded = result.bounded;
    distinct->event_time = result.plan->event_time;
    distinct->max_entries = DistinctEntries(*context_, distinct->max_entries);
    distinct->span = core_.span;
    for (size_t i = 0; i < result.visible.columns.size(); ++i) distinct->columns.push_back(static_cast<int>(i));
    const int start = result.plan->output.Find(kWindowStartColumn);
    if (start >= static_cast<int>(result.visible.columns.size())) distinct->columns.push_back(start);
    for (int key : result.correlation.inner_keys) distinct->columns.push_back(key);
    result.plan = distinct;
  }
  if (!ignores_limit_) AddSortAndLimit(context_, query_, std::move(sort), &result);
  return result;
}

bool SelectBinder::RejectWithoutFrom() {
  SourceSpan at;
  std::string what;
  for (const sql::SelectItem& item : core_.items) {
    if (item.expression->kind == sql::ExpressionKind::kStar && !at.valid()) {
      at = item.expression->span;
      what = "*";
    }
  }
  if (!at.valid() && core_.where != nullptr) at = core_.where_span, what = "WHERE";
  if (!at.valid() && !core_.group_by.empty()) at = core_.group_by_span, what = "GROUP BY";
  if (!at.valid() && core_.window.has_value()) at = core_.window_span, what = "WINDOW";
  if (!at.valid()) return false;
  context_->diagnostics->Error("E2107", at, fmt::format("{} needs a FROM clause", what)).hint =
      "add FROM and the name of a stream";
  return true;
}

/// Whether the expression aggregates rows of this query, not of one around it.
bool SelectBinder::Aggregates(const sql::Expression& expression) const {
  bool found = false;
  VisitExpressions(expression, [&](const sql::Expression& node) {
    if (node.kind != sql::ExpressionKind::kCall) return !found;
    const auto& call = static_cast<const sql::Call&>(node);
    const bool aggregate = call.over == nullptr && context_->functions->FindAggregate(call.name.text) != nullptr;
    found = found || (aggregate && !binder_.BelongsToOuterQuery(call));
    return !found;
  });
  return found;
}

bool SelectBinder::Aggregates() const {
  if (!core_.group_by.empty()) return true;
  for (const sql::SelectItem& item : core_.items) {
    if (Aggregates(*item.expression)) return true;
  }
  if (core_.having != nullptr && Aggregates(*core_.having)) return true;
  for (const sql::NamedWindow& named : core_.named_windows) {
    for (const sql::ExpressionPtr& key : named.body->partition_by) {
      if (Aggregates(*key)) return true;
    }
    for (const sql::OrderItem& item : named.body->order_by) {
      if (Aggregates(*item.expression)) return true;
    }
  }
  return std::any_of(query_.order_by.begin(), query_.order_by.end(),
                     [&](const sql::OrderItem& item) { return Aggregates(*item.expression); });
}

void SelectBinder::CollectAliases() {
  for (const sql::SelectItem& item : core_.items) {
    if (item.alias.empty()) continue;
    environment_.aliases.push_back({item.alias.text, item.alias.span, nullptr, item.expression.get()});
  }
}

void SelectBinder::FindOvers() {
  const auto note = [this](const sql::Over& over) {
    has_over_ = true;
    over_needs_time_ |= over.expire_after.has_value() || (over.buffer_rows.has_value() && !over.expire_never);
  };
  const auto look = [&](const sql::Expression& expression) {
    VisitExpressions(expression, [&](const sql::Expression& node) {
      if (node.kind == sql::ExpressionKind::kCall) {
        const auto& call = static_cast<const sql::Call&>(node);
        if (call.over != nullptr) note(*call.over);
      }
      return true;
    });
  };
  for (const sql::SelectItem& item : core_.items) look(*item.expression);
  for (const sql::OrderItem& item : query_.order_by) look(*item.expression);
  if (!has_over_) return;
  for (const sql::NamedWindow& named : core_.named_windows) note(*named.body);
}

/// Says what the row windows of this SELECT look at, once it is known how its rows come.
void SelectBinder::PrepareOvers() {
  environment_.overs = &overs_;
  overs_.add_place = [this](const OverCall& call) {
    if (aggregated_) return stage_.AddPlace();
    const std::string name = fmt::format("_over_{}", scope_.columns().size());
    return scope_.Use(-1, {name, call.call.types.result, true});
  };
  const bool windowed = window_.has_value();
  if (aggregated_) {
    overs_.final_rows = !ResolveEmitChanges(query_, windowed) || FinalForReaders();
  } else if (windowed) {
    overs_.final_rows = !ResolveEmitChanges(query_, true);
  } else if (scope_.relations().size() == 1 && scope_.relations()[0].plan != nullptr) {
    overs_.final_rows = GivesFinalRows(*scope_.relations()[0].plan);
  }
  overs_.reads_window_bound = [this](const BoundExpression& expression) {
    std::vector<int> columns;
    CollectColumns(expression, &columns);
    return std::any_of(columns.begin(), columns.end(), [this](int column) {
      if (aggregated_) return column == stage_.window_start_place() || column == stage_.window_end_place();
      const ScopeColumn& place = scope_.columns()[column];
      if (place.relation < 0)
        return column == environment_.window_start_column || column == environment_.window_end_column;
      const PlanNodePtr& plan = scope_.relations()[place.relation].plan;
      return plan != nullptr && IsWindowBound(*plan, plan->output.Find(place.column.name));
    });
  };
}

void SelectBinder::BindExplicitTime(const sql::WindowClause& window) {
  const SourceSpan span = window.time->span;
  const size_t errors = context_->diagnostics->error_count();
  if (window.time->kind == sql::ExpressionKind::kColumn) {
    // A missing time column is a window problem that lists what could be used (dialect 4.6).
    const auto& reference = static_cast<const sql::ColumnReference&>(*window.time);
    std::vector<std::string_view> parts;
    for (const sql::Identifier& part : reference.parts) parts.push_back(part.text);
    if (ResolveColumn(scope_, parts).kind == ColumnMatch::Kind::kNone && !scope_.relations().empty()) {
      Diagnostic& found = context_->diagnostics->Error(
          "E4201", span, fmt::format("the time column '{}' does not exist", ExpressionText(*window.time)));
      found.hint = "available fields: ";
      for (const std::string& name : scope_.VisibleNames()) {
        found.hint += (found.hint.ends_with(": ") ? "" : ", ") + name;
      }
      return;
    }
  }
  const BoundExpressionPtr value = binder_.Bind(*window.time, Clause::kWindow);
  if (context_->diagnostics->error_count() > errors) return;
  time_ = from_.ExplicitTime(value);
  time_name_ = value->text;
  if (time_ == nullptr) {
    context_->diagnostics
        ->Error("E4201", span,
                fmt::format("{} is {} and cannot be the time of a window", value->text, value->type.ToString()))
        .hint = "use a TIMESTAMP or DATE column, epoch milliseconds, or text that holds a time";
  }
}

/// Whether an item gives the rows a time of their own, so that the one of the input is not needed.
bool SelectBinder::SetsEventTime() const {
  return std::any_of(core_.items.begin(), core_.items.end(), [](const sql::SelectItem& item) {
    return UpperCase(item.alias.text) == UpperCase(kEventTimeColumn);
  });
}

/// Above a join, a bare _event_time is the time of the joined row, not that of one side.
bool SelectBinder::NamesJoinedTime(const sql::Expression& time) const {
  if (scope_.relations().size() < 2 || time.kind != sql::ExpressionKind::kColumn) return false;
  const auto& reference = static_cast<const sql::ColumnReference&>(time);
  return reference.parts.size() == 1 && UpperCase(reference.parts[0].text) == UpperCase(kEventTimeColumn);
}

void SelectBinder::BindWindowAndTime() {
  const bool unwatched = from_.bounded() && context_->FindProperty("watermark.strategy") == nullptr;
  if (core_.window.has_value()) {
    window_ = BindWindow(*context_, *core_.window, unwatched);
    environment_.windowed = true;
    environment_.session_gap_ms = window_->type == WindowType::kSession ? window_->size_ms : 0;
    if (core_.window->time != nullptr && !NamesJoinedTime(*core_.window->time)) {
      BindExplicitTime(*core_.window);
    } else {
      time_ = from_.DefaultTime(core_.window->span, &time_name_);
    }
    if (!aggregated_) {
      environment_.window_start_column = scope_.Use(-1, {std::string(kWindowStartColumn), TypeKind::kInteger, false});
      environment_.window_end_column = scope_.Use(-1, {std::string(kWindowEndColumn), TypeKind::kInteger, false});
    }
  } else if (((needs_.event_time && !SetsEventTime()) || (over_needs_time_ && from_.HasTime())) &&
             !scope_.relations().empty()) {
    time_ = from_.DefaultTime(core_.span, &time_name_);
  }
}

}  // namespace velo::plan
