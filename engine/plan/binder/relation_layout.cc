#include "engine/plan/binder/relation_layout.h"

#include <algorithm>

#include "engine/plan/binder/event_time.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/binder/watermark_binder.h"
#include "engine/plan/prune_columns.h"
#include "engine/sql/parser.h"

namespace velo::plan {
namespace {

std::string TimeField(const ScopeRelation& relation) {
  const std::string field = PropertyValue(relation.properties, "event.time.field");
  return field.empty() ? relation.relation->event_time_column : field;
}

/// A table that goes on changing gives updates and deletes of rows told apart by its key, which is read for that.
void AddChangeKey(ScanNode* scan) {
  const Relation& relation = *scan->relation;
  if (relation.kind != RelationKind::kTable || relation.bounded || relation.key_columns.empty()) return;
  for (const std::string& name : relation.key_columns) {
    auto at = std::find(scan->columns.begin(), scan->columns.end(), name);
    if (at == scan->columns.end()) {
      const int position = relation.schema.Find(name);
      if (position < 0) return;
      scan->columns.push_back(name);
      scan->output.columns.push_back(relation.schema.columns[static_cast<size_t>(position)]);
      at = scan->columns.end() - 1;
    }
    scan->change_key.push_back(static_cast<int>(at - scan->columns.begin()));
  }
  scan->changes = Changes::kUpsert;
}

}  // namespace

bool RelationLayout::IsBounded(int index) const {
  const ScopeRelation& relation = env_->scope->relations()[index];
  return relation.plan != nullptr ? relation.plan->bounded : relation.relation->bounded;
}

bool RelationLayout::HasDeclaredTime(int index) const {
  const ScopeRelation& relation = env_->scope->relations()[index];
  return relation.plan != nullptr ? relation.plan->event_time >= 0 : !TimeField(relation).empty();
}

RelationTime RelationLayout::DefaultTime(int index, SourceSpan span) {
  Scope& scope = *env_->scope;
  const ScopeRelation& relation = scope.relations()[index];
  if (relation.plan != nullptr) {
    if (relation.plan->event_time < 0) {
      context_->diagnostics->Error("E4201", span, "the rows of this subquery carry no time").hint =
          ColumnsHint(relation) + "; name one: WINDOW TUMBLING(column, INTERVAL '5' MINUTE)";
      return {};
    }
    const SqlType type = relation.plan->output.columns[relation.plan->event_time].type;
    return {MakeColumn(scope.Use(index, {std::string(kEventTimeColumn), type, true}, true), type, "_event_time"),
            "event time"};
  }
  const std::string field = TimeField(relation);
  std::string format = PropertyValue(relation.properties, "event.time.format");
  if (format.empty()) format = relation.relation->event_time_format;
  if (field.empty()) {
    const int place = scope.Use(index, {std::string(kTimestampColumn), TypeKind::kInteger, false}, true);
    return {MakeColumn(place, TypeKind::kInteger, "_timestamp"), "message time"};
  }
  // Other relations of a join may have a column of that name.
  Scope alone;
  alone.relations().push_back(relation);
  const ColumnMatch match = ResolveColumn(alone, {std::string_view(field)});
  if (match.kind != ColumnMatch::Kind::kColumn) {
    context_->diagnostics->Error("E4201", span, fmt::format("the time column '{}' does not exist", field)).hint =
        "available fields: " + ColumnsHint(relation);
    return {};
  }
  if (match.assumed) scope.Assume(index, match.column.name);
  const int place = scope.Use(index, match.column, match.system);
  BoundExpressionPtr time = ToEventTime(MakeColumn(place, match.column.type, field), format, *context_->functions);
  if (time == nullptr) {
    context_->diagnostics
        ->Error("E4201", span, fmt::format("'{}' is {} and cannot be a time", field, match.column.type.ToString()))
        .hint = ColumnsHint(scope.relations()[index]);
  }
  return {std::move(time), field};
}

RelationTime RelationLayout::ExplicitTime(const BoundExpressionPtr& value) const {
  std::string format;
  if (value->kind == BoundKind::kColumn) {
    const ScopeColumn& used = env_->scope->columns()[value->column];
    if (used.relation >= 0 && env_->scope->relations()[used.relation].relation != nullptr) {
      const ScopeRelation& relation = env_->scope->relations()[used.relation];
      const std::string& column = used.column.name;
      if (column == relation.relation->event_time_column) format = relation.relation->event_time_format;
      const std::string property = PropertyValue(relation.properties, "event.time.format");
      if (!property.empty() && column == PropertyValue(relation.properties, "event.time.field")) format = property;
    }
  }
  return {ToEventTime(value, format, *context_->functions), value->text};
}

bool IsReadAsTable(const BindingContext& context, const ScopeRelation& relation) {
  if (context.table_depth == 0 || relation.relation == nullptr || relation.relation->bounded) return false;
  const std::vector<std::string>& keys = relation.relation->key_columns;
  return !keys.empty() &&
         std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return relation.schema.Find(key) >= 0; });
}

namespace {

/// The last row of each key: a grouping that takes the last value of every other column.
PlanNodePtr NewestRows(const PlanNodePtr& scan, const ScopeRelation& relation, const BindingContext& context,
                       std::vector<int>* mapping) {
  auto newest = std::make_shared<AggregateNode>();
  newest->inputs = {scan};
  newest->span = relation.span;
  const AggregateFunction* last = context.functions->FindAggregate("LAST_VALUE");
  std::vector<int> moved(scan->output.columns.size(), -1);
  for (const std::string& name : relation.relation->key_columns) {
    const int position = scan->output.Find(name);
    moved[position] = static_cast<int>(newest->keys.size());
    newest->keys.push_back(MakeColumn(position, scan->output.columns[position].type, name));
    newest->output.columns.push_back(scan->output.columns[position]);
  }
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i] >= 0) continue;
    const Column& column = scan->output.columns[i];
    AggregateCall call;
    call.function = last;
    call.types = {{column.type}, column.type};
    call.arguments = {MakeColumn(static_cast<int>(i), column.type, column.name)};
    call.constants = {""};
    call.constant_given = {false};
    call.text = column.name;
    moved[i] = static_cast<int>(newest->output.columns.size());
    newest->output.columns.push_back({column.name, column.type, true});
    newest->aggregates.push_back(std::move(call));
  }
  if (scan->event_time >= 0) newest->event_time = moved[scan->event_time];
  for (int& position : *mapping) position = position < 0 ? -1 : moved[position];
  return newest;
}

}  // namespace

PlanNodePtr RelationLayout::BuildScan(int index, const RelationTime& time, std::vector<int>* mapping) {
  const ScopeRelation& relation = env_->scope->relations()[index];
  auto scan = std::make_shared<ScanNode>();
  scan->relation = relation.relation;
  scan->properties = relation.properties;
  scan->bounded = relation.relation->bounded;
  scan->span = relation.span;
  const auto& used = env_->scope->columns();
  for (size_t place = 0; place < used.size(); ++place) {
    if (used[place].relation != index || (used[place].system && used[place].column.name == kEventTimeColumn)) continue;
    (*mapping)[place] = static_cast<int>(scan->columns.size());
    scan->columns.push_back(used[place].column.name);
    scan->output.columns.push_back(used[place].column);
  }
  // A join keeps the rows of a live table by its key itself.
  if (env_->scope->relations().size() == 1) AddChangeKey(scan.get());
  if (time.expression != nullptr) {
    BindWatermark(*context_, time.in_window, scan.get());
    scan->event_time = static_cast<int>(scan->columns.size());
    scan->event_time_expression = RemapColumns(time.expression, *mapping);
    scan->event_time_name = time.name;
    scan->follows_wall_clock = time.in_window && IsArrivalTime(*time.expression);
    scan->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
    const int place = env_->scope->FindUsed(index, kEventTimeColumn);
    if (place >= 0) (*mapping)[place] = scan->event_time;
  }
  if (!relation.schema_known) context_->inferred.emplace_back(relation.name, relation.schema);
  return scan;
}

PlanNodePtr RelationLayout::BuildDerived(int index, const RelationTime& time, std::vector<int>* mapping) {
  const ScopeRelation& relation = env_->scope->relations()[index];
  const auto& used = env_->scope->columns();
  // What the query does not read is not computed.
  std::vector<int> needed;
  for (size_t place = 0; place < used.size(); ++place) {
    if (used[place].relation != index) continue;
    const std::string& name = used[place].column.name;
    (*mapping)[place] =
        used[place].system && name == kEventTimeColumn ? relation.plan->event_time : relation.plan->output.Find(name);
    needed.push_back((*mapping)[place]);
  }
  const PrunedPlan pruned = PruneColumns(relation.plan, needed);
  for (int& position : *mapping) position = position < 0 ? -1 : pruned.mapping[static_cast<size_t>(position)];
  const PlanNodePtr& plan = pruned.plan;
  const bool own_time = time.expression != nullptr && time.expression->kind == BoundKind::kColumn &&
                        (*mapping)[time.expression->column] == plan->event_time;
  if (time.expression == nullptr || own_time) return plan;
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {plan};
  project->bounded = plan->bounded;
  project->span = relation.span;
  const std::vector<int> source = *mapping;
  for (size_t i = 0; i < plan->output.columns.size(); ++i) {
    const Column& column = plan->output.columns[i];
    if (column.name == kEventTimeColumn) continue;
    for (size_t place = 0; place < source.size(); ++place) {
      if (source[place] == static_cast<int>(i)) (*mapping)[place] = static_cast<int>(project->expressions.size());
    }
    project->expressions.push_back(MakeColumn(static_cast<int>(i), column.type, column.name));
    project->output.columns.push_back(column);
  }
  project->event_time = static_cast<int>(project->expressions.size());
  project->expressions.push_back(RemapColumns(time.expression, source));
  project->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  return project;
}

InputPlan RelationLayout::Build(int index, const RelationTime& time) {
  InputPlan input;
  input.mapping.assign(env_->scope->columns().size(), -1);
  const ScopeRelation& relation = env_->scope->relations()[index];
  if (relation.plan != nullptr) {
    input.plan = BuildDerived(index, time, &input.mapping);
    return input;
  }
  input.plan = BuildScan(index, time, &input.mapping);
  if (IsReadAsTable(*context_, relation)) input.plan = NewestRows(input.plan, relation, *context_, &input.mapping);
  return input;
}

InputPlan RelationLayout::BuildSide(int index, const RelationTime& time) {
  InputPlan input = Build(index, time);
  const PlanNode& plan = *input.plan;
  const int last = static_cast<int>(plan.output.columns.size()) - 1;
  const int event_time = time.expression != nullptr ? plan.event_time : -1;
  const bool shared =
      event_time >= 0 && std::find(input.mapping.begin(), input.mapping.end(), event_time) != input.mapping.end();
  std::vector<int> read(input.mapping);
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  read.erase(std::remove(read.begin(), read.end(), -1), read.end());
  const bool all_read = static_cast<int>(read.size()) + (event_time >= 0 && !shared ? 1 : 0) == last + 1;
  const bool time_fits = event_time < 0 ? plan.event_time < 0 : event_time == last && !shared;
  if (all_read && time_fits) return input;
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {input.plan};
  project->bounded = plan.bounded;
  project->span = plan.span;
  std::vector<int> moved(plan.output.columns.size(), -1);
  for (size_t place = 0; place < input.mapping.size(); ++place) {
    int& position = input.mapping[place];
    if (position < 0) continue;
    if (moved[position] < 0) {
      moved[position] = static_cast<int>(project->expressions.size());
      const Column& column = plan.output.columns[position];
      project->expressions.push_back(MakeColumn(position, column.type, column.name));
      project->output.columns.push_back(column);
    }
    position = moved[position];
  }
  if (event_time >= 0) {
    project->event_time = static_cast<int>(project->expressions.size());
    project->expressions.push_back(MakeColumn(event_time, TypeKind::kInteger, std::string(kEventTimeColumn)));
    project->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  }
  input.plan = project;
  return input;
}

}  // namespace velo::plan
