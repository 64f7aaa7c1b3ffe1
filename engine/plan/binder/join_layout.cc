#include <arrow/scalar.h>

#include <algorithm>
#include <charconv>

#include "engine/plan/binder/aggregate_stage.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/binder/join_binder.h"
#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/subquery_placement.h"
#include "engine/plan/nodes/unnest_node.h"

namespace velo::plan {
namespace {

std::vector<BoundExpressionPtr> Remapped(const std::vector<BoundExpressionPtr>& expressions,
                                         const std::vector<int>& mapping) {
  std::vector<BoundExpressionPtr> remapped;
  for (const BoundExpressionPtr& expression : expressions) remapped.push_back(RemapColumns(expression, mapping));
  return remapped;
}

/// Whether both plans read the records of one relation.
bool ReadSameRelation(const PlanNode& left, const PlanNode& right) {
  const auto scan = [](const PlanNode* node) {
    while (node->kind == PlanKind::kFilter) node = node->inputs[0].get();
    return node->kind == PlanKind::kScan ? static_cast<const ScanNode*>(node) : nullptr;
  };
  const ScanNode* a = scan(&left);
  const ScanNode* b = scan(&right);
  return a != nullptr && b != nullptr && a->relation->name == b->relation->name;
}

int64_t CountProperty(const std::string& text) {
  int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

/// Moves the hidden time to the end, where joins expect it.
PlanNodePtr TimeLast(PlanNodePtr plan, std::vector<int>* mapping) {
  const auto width = static_cast<int>(plan->output.columns.size());
  if (plan->event_time < 0 || plan->event_time == width - 1) return plan;
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {plan};
  project->bounded = plan->bounded;
  project->span = plan->span;
  std::vector<int> moved(static_cast<size_t>(width), -1);
  const auto add = [&](int column) {
    const Column& from = plan->output.columns[static_cast<size_t>(column)];
    moved[static_cast<size_t>(column)] = static_cast<int>(project->expressions.size());
    project->expressions.push_back(MakeColumn(column, from.type, from.name));
    project->output.columns.push_back(from);
  };
  for (int column = 0; column < width; ++column) {
    if (column != plan->event_time) add(column);
  }
  add(plan->event_time);
  project->event_time = width - 1;
  for (int& position : *mapping) {
    if (position >= 0) position = moved[static_cast<size_t>(position)];
  }
  return project;
}

}  // namespace

InputPlan JoinBinder::BuildRelation(int relation) {
  const SourceSpan span = RelationOf(relation).span;
  InputPlan input;
  if (RelationOf(relation).unnested != nullptr) {
    auto one_row = std::make_shared<ValuesNode>();
    one_row->bounded = true;
    one_row->rows.emplace_back();
    input.plan = one_row;
    input.mapping.assign(env_->scope->columns().size(), -1);
    input = AddUnnest(std::move(input), RelationOf(relation).unnested, false, *env_->scope, relation, span);
  } else {
    input = layout_->BuildSide(relation, times_[relation]);
  }
  input.plan = AddFilter(input.plan, Remapped(relation_filters_[relation], input.mapping), *context_->functions, span);
  return input;
}

InputPlan AddUnnest(InputPlan input, const BoundExpressionPtr& array, bool keeps_empty, const Scope& scope,
                    int relation, SourceSpan span) {
  auto unnest = std::make_shared<UnnestNode>();
  unnest->inputs = {input.plan};
  unnest->bounded = input.plan->bounded;
  unnest->span = span;
  unnest->array = RemapColumns(array, input.mapping);
  unnest->keeps_empty = keeps_empty;
  const std::vector<Column>& before = input.plan->output.columns;
  const int time = input.plan->event_time;
  for (size_t i = 0; i < before.size(); ++i) {
    if (static_cast<int>(i) != time) unnest->output.columns.push_back(before[i]);
  }
  const int columns = static_cast<int>(unnest->output.columns.size());
  const SqlType item = array->type.kind() == TypeKind::kArray ? array->type.children()[0].type : TypeKind::kAny;
  unnest->output.columns.push_back({"value", item, true});
  unnest->output.columns.push_back({"ordinality", TypeKind::kInteger, keeps_empty});
  if (time >= 0) {
    unnest->event_time = columns + 2;
    unnest->output.columns.push_back(before[time]);
    for (int& position : input.mapping) {
      position = position == time ? unnest->event_time : position > time ? position - 1 : position;
    }
  }
  const Schema* shape = relation >= 0 ? &scope.relations()[relation].schema : nullptr;
  for (size_t place = 0; place < scope.columns().size(); ++place) {
    const ScopeColumn& used = scope.columns()[place];
    if (used.relation != relation) continue;
    if (shape != nullptr) {
      input.mapping[place] = columns + shape->Find(used.column.name);
    } else if (used.column.name == kUnnestedColumn) {
      input.mapping[place] = columns;
    }
  }
  input.plan = unnest;
  return input;
}

InputPlan JoinBinder::BuildUnnest(size_t at, InputPlan left) {
  const JoinStep& step = steps_[at];
  const bool keeps_empty = step.kind == sql::JoinKind::kLeft;
  const bool filtered = !step.conditions.empty() && !std::all_of(step.conditions.begin(), step.conditions.end(),
                                                                 [](const auto& c) { return IsTrueLiteral(*c); });
  const bool fits = IsInner(step.kind) || (keeps_empty && !filtered);
  if (!fits) {
    context_->RefuseToRun("E3090", fmt::format("A {} with UNNEST{} cannot be run in this version.",
                                               JoinWords(step.kind), filtered ? " and a condition" : ""));
  }
  InputPlan input = AddUnnest(std::move(left), RelationOf(step.relation).unnested, keeps_empty, *env_->scope,
                              step.relation, step.span);
  std::vector<BoundExpressionPtr> conditions;
  for (const BoundExpressionPtr& condition : step.conditions) {
    if (!IsTrueLiteral(*condition)) conditions.push_back(condition);
  }
  input.plan = AddFilter(input.plan, Remapped(conditions, input.mapping), *context_->functions, step.span);
  return input;
}

/// Subqueries in ON of an outer join: each is evaluated for the rows of the side it reads, before they are joined.
void JoinBinder::AddSubqueries(size_t at, InputPlan* left, InputPlan* right) {
  for (const BoundExpressionPtr& condition : steps_[at].conditions) {
    std::vector<int> read;
    CollectColumns(*condition, &read);
    for (PlacedSubquery& subquery : *env_->subqueries) {
      if (subquery.built || std::find(read.begin(), read.end(), subquery.place) == read.end()) continue;
      std::vector<int> places;
      CollectOuterPlaces(subquery, *env_->subqueries, &places);
      const bool of_right = !places.empty() && env_->scope->columns()[places[0]].relation == steps_[at].relation;
      InputPlan* side = of_right ? right : left;
      side->plan = TimeLast(AddSubquery(&subquery, env_->subqueries, side->plan, &side->mapping), &side->mapping);
    }
  }
}

InputPlan JoinBinder::BuildStep(size_t at, InputPlan left) {
  const JoinStep& step = steps_[at];
  const Settled& settled = settled_[at];
  InputPlan right = BuildRelation(step.relation);
  if (env_->subqueries != nullptr) AddSubqueries(at, &left, &right);
  auto join = std::make_shared<JoinNode>();
  join->span = step.span;
  join->join = step.kind;
  join->method = settled.method;
  join->self = ReadSameRelation(*left.plan, *right.plan);
  join->description = fmt::format("{} {}", JoinWords(step.kind), RelationOf(step.relation).display_name());
  if (settled.swapped) {
    std::swap(left, right);
    if (step.kind == sql::JoinKind::kRight) join->join = sql::JoinKind::kLeft;
  }
  join->inputs = {left.plan, right.plan};
  const bool lookup = settled.method == JoinMethod::kLookup;
  join->bounded = left.plan->bounded && (lookup || right.plan->bounded);
  InputPlan joined;
  joined.mapping.assign(left.mapping.size(), -1);
  const int left_columns = PayloadColumns(*left.plan);
  const int right_columns = PayloadColumns(*right.plan);
  for (int i = 0; i < left_columns; ++i) join->output.columns.push_back(left.plan->output.columns[i]);
  for (int i = 0; i < right_columns; ++i) join->output.columns.push_back(right.plan->output.columns[i]);
  const bool left_may_lack = join->join == sql::JoinKind::kRight || join->join == sql::JoinKind::kFull;
  const bool right_may_lack = join->join == sql::JoinKind::kLeft || join->join == sql::JoinKind::kFull;
  for (int i = 0; i < left_columns + right_columns; ++i) {
    if (i < left_columns ? left_may_lack : right_may_lack) join->output.columns[i].nullable = true;
  }
  for (size_t place = 0; place < joined.mapping.size(); ++place) {
    if (left.mapping[place] >= 0) joined.mapping[place] = left.mapping[place];
    if (right.mapping[place] >= 0) joined.mapping[place] = left_columns + right.mapping[place];
  }
  SetKeysAndBound(settled, left, right, join.get());
  if (!settled.conditions.residual.empty()) {
    join->residual = JoinConjuncts(Remapped(settled.conditions.residual, joined.mapping), *context_->functions);
  }
  if (join->join == sql::JoinKind::kCross && (!join->left_keys.empty() || join->residual != nullptr)) {
    join->join = sql::JoinKind::kInner;
  }
  SetOptions(at, right, join.get());
  if (join->join == sql::JoinKind::kLeftSemi) {
    join->output.columns.resize(left_columns);
    for (int& position : joined.mapping) position = position < left_columns ? position : -1;
  }
  if (left.plan->event_time >= 0 || right.plan->event_time >= 0) {
    join->event_time = static_cast<int>(join->output.columns.size());
    join->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  }
  joined.plan = join;
  joined.plan = AddFilter(joined.plan, Remapped(settled.above, joined.mapping), *context_->functions, step.span);
  return joined;
}

void JoinBinder::SetKeysAndBound(const Settled& settled, const InputPlan& left, const InputPlan& right,
                                 JoinNode* join) {
  for (auto [left_key, right_key] : settled.conditions.keys) {
    if (settled.swapped) std::swap(left_key, right_key);
    join->left_keys.push_back(RemapColumns(left_key, left.mapping));
    join->right_keys.push_back(RemapColumns(right_key, right.mapping));
  }
  if (!settled.limits.IsComplete()) return;
  const auto time_of = [this](const BoundExpressionPtr& named, const InputPlan& side) {
    const bool carried = side.plan->event_time >= 0;
    if (named == nullptr || (carried &&
                             !std::any_of(side.plan->inputs.begin(), side.plan->inputs.end(),
                                          [](auto& i) { return i->kind == PlanKind::kJoin; }) &&
                             side.plan->kind != PlanKind::kJoin)) {
      return MakeColumn(side.plan->event_time, TypeKind::kInteger, std::string(kEventTimeColumn));
    }
    return RemapColumns(layout_->ExplicitTime(named).expression, side.mapping);
  };
  join->bound = JoinTimeBound{*settled.limits.lower, *settled.limits.upper, time_of(settled.limits.left_time, left),
                              time_of(settled.limits.right_time, right)};
}

void JoinBinder::SetOptions(size_t at, const InputPlan& table, JoinNode* join) {
  const JoinStep& step = steps_[at];
  if (join->method == JoinMethod::kInterval) {
    int64_t retention = kUnboundedRetentionMs;
    if (join->bound.has_value()) {
      retention = 2 * std::max(std::abs(join->bound->lower_ms), std::abs(join->bound->upper_ms));
    }
    retention = DurationOf(at, "join.retention", retention);
    if (step.within.has_value() && step.within->grace.has_value()) {
      retention += step.within->grace->TotalMilliseconds();
    }
    const bool watched = !Property(at, "watermark.strategy").empty();
    join->retention_ms = join->bounded && !watched ? -1 : retention;
    join->max_rows_per_key = CountProperty(Property(at, "join.max_records"));
    join->max_rows = CountProperty(Property(at, "join.max_records_total"));
    return;
  }
  SetTableKey(at, table, join);
  join->table_wait_ms = DurationOf(at, "table.wait.timeout", join->table_wait_ms);
  join->fallback = LowerCase(Property(at, "fallback.strategy"));
  join->fallback.erase(std::remove(join->fallback.begin(), join->fallback.end(), '_'), join->fallback.end());
  if (join->fallback != "usedefaults") return;
  for (int i = 0; i < PayloadColumns(*table.plan); ++i) {
    const Column& column = table.plan->output.columns[i];
    const std::string text = Property(at, "fallback.defaults." + column.name);
    BoundExpressionPtr value;
    if (!text.empty()) {
      const auto literal = MakeLiteral(std::make_shared<arrow::StringScalar>(text), TypeKind::kString, text);
      Result<BoundExpressionPtr> cast = MakeCast(literal, column.type, true, text);
      if (cast.ok()) value = FoldConstants(*cast);
    }
    join->fallback_values.push_back(std::move(value));
  }
}

std::vector<std::string> JoinBinder::TableKey(int index) const {
  const ScopeRelation& relation = RelationOf(index);
  if (relation.relation == nullptr || layout_->IsBounded(index) || !IsTable(index)) return {};
  std::vector<std::string> key = relation.relation->key_columns;
  const std::string field = PropertyValue(relation.properties, "key.field");
  if (!field.empty()) key = {field};
  const bool known =
      std::all_of(key.begin(), key.end(), [&](const std::string& name) { return relation.schema.Find(name) >= 0; });
  return known ? key : std::vector<std::string>();
}

void JoinBinder::UseTableKeys() {
  for (size_t r = 0; r < env_->scope->relations().size(); ++r) {
    const auto relation = static_cast<int>(r);
    const Schema schema = RelationOf(relation).schema;
    for (const std::string& name : TableKey(relation)) env_->scope->Use(relation, schema.columns[schema.Find(name)]);
  }
}

void JoinBinder::SetTableKey(size_t at, const InputPlan& table, JoinNode* join) {
  if (settled_[at].swapped && at > 0) return;
  const int relation = settled_[at].swapped ? 0 : steps_[at].relation;
  for (const std::string& name : TableKey(relation)) {
    join->table_key.push_back(table.mapping[env_->scope->FindUsed(relation, name)]);
  }
}

/// Gives the rows the time that the query names where it is not what the join gives them.
InputPlan JoinBinder::WithTime(InputPlan input, const RelationTime& time) {
  const int joined = env_->scope->FindUsed(-1, kEventTimeColumn);
  if (joined >= 0) input.mapping[joined] = input.plan->event_time;
  if (time.expression == nullptr) return input;
  if (time.expression->kind == BoundKind::kColumn && time.expression->column == joined) return input;
  const auto timed =
      std::count_if(times_.begin(), times_.end(), [](const RelationTime& each) { return each.expression != nullptr; });
  const auto same = [&](const RelationTime& each) {
    return each.expression != nullptr && SameBound(*each.expression, *time.expression);
  };
  if (timed == 1 && std::any_of(times_.begin(), times_.end(), same)) return input;
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {input.plan};
  project->bounded = input.plan->bounded;
  project->span = input.plan->span;
  for (int i = 0; i < PayloadColumns(*input.plan); ++i) {
    const Column& column = input.plan->output.columns[i];
    project->expressions.push_back(MakeColumn(i, column.type, column.name));
    project->output.columns.push_back(column);
  }
  project->event_time = static_cast<int>(project->expressions.size());
  project->expressions.push_back(RemapColumns(time.expression, input.mapping));
  project->output.columns.push_back({std::string(kEventTimeColumn), TypeKind::kInteger, true});
  input.plan = project;
  return input;
}

InputPlan JoinBinder::Build(std::vector<BoundExpressionPtr>* where, const RelationTime& time) {
  settled_.resize(steps_.size());
  relation_filters_.resize(env_->scope->relations().size());
  if (!steps_.empty()) PlaceWhere(where);
  for (size_t at = steps_.size(); at-- > 0;) PlaceOn(at);
  for (size_t at = 0; at < steps_.size(); ++at) {
    if (!IsUnnest(at)) Settle(at);
  }
  SettleTimes(time);
  UseTableKeys();
  InputPlan input = BuildRelation(0);
  for (size_t at = 0; at < steps_.size(); ++at) {
    input = IsUnnest(at) ? BuildUnnest(at, std::move(input)) : BuildStep(at, std::move(input));
    if (IsUnnest(at)) {
      input.plan =
          AddFilter(input.plan, Remapped(settled_[at].above, input.mapping), *context_->functions, steps_[at].span);
    }
  }
  return WithTime(std::move(input), time);
}

}  // namespace velo::plan
