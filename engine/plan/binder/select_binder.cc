#include <algorithm>

#include "engine/plan/binder/event_time.h"
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
  from_.Bind(core_.from, {.event_time = needs_.event_time || window_reads_time, .feeds_query = true});
  aggregated_ = Aggregates();
  CollectAliases();
  if (core_.where != nullptr) where_ = binder_.BindBoolean(*core_.where, Clause::kWhere, "WHERE");
  BindWindowAndTime();
  if (aggregated_) {
    environment_.stage = &stage_;
    BindGroupBy();
  }
  BindItems();
  if (core_.having != nullptr) having_ = binder_.BindBoolean(*core_.having, Clause::kHaving, "HAVING");
  BindOrderBy();

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
  result.plan = project;
  if (core_.distinct) {
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
    result.plan = distinct;
  }
  AddSortAndLimit(context_, query_, std::move(sort), &result);
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

bool SelectBinder::Aggregates() const {
  if (!core_.group_by.empty()) return true;
  const FunctionRegistry& functions = *context_->functions;
  for (const sql::SelectItem& item : core_.items) {
    if (ContainsAggregate(*item.expression, functions)) return true;
  }
  if (core_.having != nullptr && ContainsAggregate(*core_.having, functions)) return true;
  return std::any_of(query_.order_by.begin(), query_.order_by.end(),
                     [&](const sql::OrderItem& item) { return ContainsAggregate(*item.expression, functions); });
}

void SelectBinder::CollectAliases() {
  for (const sql::SelectItem& item : core_.items) {
    if (item.alias.empty()) continue;
    environment_.aliases.push_back({item.alias.text, item.alias.span, nullptr, item.expression.get()});
  }
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
  std::string format;
  if (!scope_.relations().empty()) {
    const ScopeRelation& relation = scope_.relations()[0];
    const bool same_column = relation.relation != nullptr && value->text == relation.relation->event_time_column;
    if (same_column) format = relation.relation->event_time_format;
    const std::string property = PropertyValue(relation.properties, "event.time.format");
    if (!property.empty() && value->text == PropertyValue(relation.properties, "event.time.field")) format = property;
  }
  time_ = ToEventTime(value, format, *context_->functions);
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

void SelectBinder::BindWindowAndTime() {
  const bool unwatched = from_.bounded() && context_->FindProperty("watermark.strategy") == nullptr;
  if (core_.window.has_value()) {
    window_ = BindWindow(*context_, *core_.window, unwatched);
    environment_.windowed = true;
    environment_.session_gap_ms = window_->type == WindowType::kSession ? window_->size_ms : 0;
    if (core_.window->time != nullptr) {
      BindExplicitTime(*core_.window);
    } else {
      time_ = from_.DefaultTime(core_.window->span, &time_name_);
    }
    if (!aggregated_) {
      environment_.window_start_column = scope_.Use(-1, {std::string(kWindowStartColumn), TypeKind::kInteger, false});
      environment_.window_end_column = scope_.Use(-1, {std::string(kWindowEndColumn), TypeKind::kInteger, false});
    }
  } else if (needs_.event_time && !scope_.relations().empty() && !SetsEventTime()) {
    time_ = from_.DefaultTime(core_.span, &time_name_);
  }
}

}  // namespace velo::plan
