#include <algorithm>
#include <charconv>

#include "engine/plan/binder/event_time.h"
#include "engine/plan/binder/predicates.h"
#include "engine/plan/binder/select_binder_internal.h"
#include "engine/plan/binder/state_limits.h"
#include "engine/plan/parameters.h"

namespace velo::plan {
namespace {

void CopyShape(const PlanNodePtr& input, PlanNode* node) {
  node->inputs = {input};
  node->output = input->output;
  node->bounded = input->bounded;
  node->event_time = input->event_time;
}

}  // namespace

bool SelectBinder::FinalForReaders() const {
  if (!from_.bounded() || window_.has_value()) return false;
  // Sorting happens at the end of bounded input, and so does everything that reads a whole result.
  if (!query_.order_by.empty()) return true;
  if (query_.emit == sql::EmitMode::kChanges) return false;
  return needs_.feeds_query || query_.limit.has_value() || core_.distinct || has_over_;
}

PlanNodePtr SelectBinder::BuildBelowProject(std::vector<int>* mapping) {
  const bool reads_event_time = scope_.relations().size() == 1 && scope_.FindUsed(0, kEventTimeColumn) >= 0;
  if (time_ == nullptr && reads_event_time && scope_.relations()[0].plan == nullptr) {
    time_ = from_.DefaultTime(core_.span, &time_name_);
  }
  const int newest_time = AddNewestTime();
  const bool in_window = core_.window.has_value() && core_.window->time != nullptr;
  if (time_ != nullptr) from_.set_time(time_, time_name_, in_window);
  const std::vector<BoundExpressionPtr> later = TakeLaterConditions();
  InputPlan input = from_.Build(&where_);
  PlanNodePtr node = input.plan;
  node = AddWhere(node, later, &input.mapping);
  if (environment_.unnested != nullptr) {
    input.plan = node;
    input = AddUnnest(std::move(input), environment_.unnested, false, scope_, -1, core_.span);
    node = input.plan;
  }
  if (aggregated_) {
    node = AddSubqueries(false, node, &input.mapping);
    *mapping = stage_.Layout(window_.has_value());
    node = BuildAggregate(node, input.mapping, *mapping, newest_time);
  } else {
    if (window_.has_value()) node = BuildWindowRows(node, &input.mapping);
    *mapping = std::move(input.mapping);
  }
  if (having_ != nullptr) {
    node = AddSubqueriesOf(*having_, aggregated_, node, mapping);
    auto filter = std::make_shared<FilterNode>();
    CopyShape(node, filter.get());
    filter->is_having = aggregated_;
    filter->predicate = RemapColumns(having_, *mapping);
    filter->span = core_.having_span;
    node = filter;
  }
  node = AddSubqueries(aggregated_, node, mapping);
  if (overs_.empty()) return node;
  return overs_.Build(node, RowWindowLimit(*context_, scope_, "row_window.max_partitions", 0), mapping);
}

/// Grouped rows take the time of the newest record of their group. Returns the place of that time, or -1.
int SelectBinder::AddNewestTime() {
  if (!aggregated_ || !(needs_.event_time || over_needs_time_) || window_.has_value() || time_ == nullptr) return -1;
  const AggregateFunction* newest = context_->functions->FindAggregate("MAX");
  if (newest == nullptr) return -1;
  AggregateCall call;
  call.function = newest;
  call.types = {{TypeKind::kInteger}, TypeKind::kInteger};
  call.arguments = {time_};
  call.constants = {""};
  call.constant_given = {false};
  call.text = "MAX(_event_time)";
  return stage_.AddCall(std::move(call), true);
}

PlanNodePtr SelectBinder::BuildWindowRows(const PlanNodePtr& input, std::vector<int>* mapping) {
  auto rows = std::make_shared<WindowRowsNode>();
  CopyShape(input, rows.get());
  rows->window = *window_;
  rows->emit_changes = ResolveEmitChanges(query_, true);
  rows->span = core_.window_span;
  const int start = static_cast<int>(rows->output.columns.size());
  rows->output.columns.push_back({std::string(kWindowStartColumn), TypeKind::kInteger, false});
  rows->output.columns.push_back({std::string(kWindowEndColumn), TypeKind::kInteger, false});
  (*mapping)[environment_.window_start_column] = start;
  (*mapping)[environment_.window_end_column] = start + 1;
  return rows;
}

PlanNodePtr SelectBinder::BuildAggregate(const PlanNodePtr& input, const std::vector<int>& input_mapping,
                                         const std::vector<int>& layout, int newest_time) {
  auto aggregate = std::make_shared<AggregateNode>();
  aggregate->inputs = {input};
  aggregate->bounded = input->bounded;
  aggregate->span = core_.group_by_span.valid() ? core_.group_by_span : core_.span;
  aggregate->window = window_;
  aggregate->emit_changes = ResolveEmitChanges(query_, window_.has_value()) && !FinalForReaders();
  BindGroupLimits(*context_, aggregate.get());
  for (const AggregateStage::Key& key : stage_.keys()) {
    aggregate->keys.push_back(RemapColumns(key.bound, input_mapping));
    const bool nullable = key.bound->kind != BoundKind::kColumn || IsParameter(*key.bound) ||
                          scope_.columns()[key.bound->column].column.nullable;
    aggregate->output.columns.push_back({key.name, key.bound->type, nullable});
  }
  for (size_t i = 0; i < stage_.calls().size(); ++i) {
    AggregateCall call = stage_.calls()[i];
    for (BoundExpressionPtr& argument : call.arguments) argument = RemapColumns(argument, input_mapping);
    if (call.filter != nullptr) call.filter = RemapColumns(call.filter, input_mapping);
    aggregate->output.columns.push_back({call.text, call.types.result, stage_.call_nullable(i)});
    aggregate->aggregates.push_back(std::move(call));
  }
  if (window_.has_value()) {
    aggregate->output.columns.push_back({std::string(kWindowStartColumn), TypeKind::kInteger, false});
    aggregate->output.columns.push_back({std::string(kWindowEndColumn), TypeKind::kInteger, false});
    aggregate->event_time = layout[stage_.window_end_place()];
  } else if (newest_time >= 0) {
    aggregate->event_time = layout[newest_time];
  }
  return aggregate;
}

std::shared_ptr<ProjectNode> SelectBinder::BuildProject(const PlanNodePtr& input, const std::vector<int>& mapping,
                                                        BoundQuery* result) {
  auto project = std::make_shared<ProjectNode>();
  project->inputs = {input};
  project->bounded = input->bounded;
  project->span = core_.span;
  for (const OutputItem& item : items_) {
    if (item.sets_event_time) continue;
    BoundExpressionPtr expression = RemapColumns(item.expression, mapping);
    project->output.columns.push_back({item.name, expression->type, item.nullable});
    project->expressions.push_back(std::move(expression));
  }
  result->visible = project->output;
  AddWindowBounds(project.get(), mapping, result);
  AddKey(project.get(), mapping, result);
  AddEventTime(project.get(), input, mapping, result);
  AddHeaders(project.get(), mapping);
  return project;
}

int SelectBinder::AddHidden(ProjectNode* project, std::string name, BoundExpressionPtr expression, SqlType type,
                            bool nullable) {
  for (int suffix = 2; project->output.Find(name) >= 0; ++suffix) name += "_" + std::to_string(suffix);
  project->output.columns.push_back({std::move(name), std::move(type), nullable});
  project->expressions.push_back(std::move(expression));
  return static_cast<int>(project->expressions.size()) - 1;
}

void SelectBinder::AddWindowBounds(ProjectNode* project, const std::vector<int>& mapping, BoundQuery*) {
  if (!window_.has_value()) return;
  const int places[] = {aggregated_ ? stage_.window_start_place() : environment_.window_start_column,
                        aggregated_ ? stage_.window_end_place() : environment_.window_end_column};
  const std::string_view names[] = {kWindowStartColumn, kWindowEndColumn};
  for (int i : {0, 1}) {
    const int known = project->output.Find(names[i]);
    const bool same = known >= 0 && project->expressions[known]->kind == BoundKind::kColumn &&
                      project->expressions[known]->column == mapping[places[i]];
    if (!same) {
      AddHidden(project, std::string(names[i]),
                MakeColumn(mapping[places[i]], TypeKind::kInteger, std::string(names[i])), TypeKind::kInteger, false);
    }
  }
}

void SelectBinder::AddKey(ProjectNode* project, const std::vector<int>& mapping, BoundQuery* result) {
  const size_t visible = result->visible.columns.size();
  auto find_column = [&](int column) {
    for (size_t i = 0; i < project->expressions.size(); ++i) {
      const BoundExpression& expression = *project->expressions[i];
      if (expression.kind == BoundKind::kColumn && expression.column == column) return static_cast<int>(i);
    }
    return -1;
  };
  size_t position = 0;
  for (const OutputItem& item : items_) {
    if (item.sets_event_time) continue;
    if (item.primary_key) {
      result->key.push_back(static_cast<int>(position));
      result->key_columns.push_back(result->visible.columns[position].name);
    }
    ++position;
  }
  const bool declared = !result->key.empty();
  if (aggregated_ && !declared) {
    for (size_t k = 0; k < stage_.keys().size(); ++k) {
      int at = find_column(mapping[k]);
      if (at >= 0 && at < static_cast<int>(visible)) result->key_columns.push_back(result->visible.columns[at].name);
      if (at < 0) {
        const AggregateStage::Key& key = stage_.keys()[k];
        at = AddHidden(project, "_key_" + std::to_string(k + 1), MakeColumn(mapping[k], key.bound->type, key.name),
                       key.bound->type, true);
      }
      result->key.push_back(at);
    }
  }
  if (aggregated_ && window_.has_value()) {
    const int at = find_column(mapping[stage_.window_start_place()]);
    if (at >= 0) result->key.push_back(at);
  }
  result->updates = aggregated_;
}

void SelectBinder::AddEventTime(ProjectNode* project, const PlanNodePtr& input, const std::vector<int>& mapping,
                                BoundQuery* result) {
  for (const OutputItem& item : items_) {
    if (!item.sets_event_time) continue;
    BoundExpressionPtr time = ToEventTime(item.expression, "", *context_->functions);
    if (time == nullptr) {
      context_->diagnostics->Error("E4201", item.span,
                                   fmt::format("{} is {} and cannot be the event time", item.expression->text,
                                               item.expression->type.ToString()));
      return;
    }
    project->event_time =
        AddHidden(project, std::string(kEventTimeColumn), RemapColumns(time, mapping), TypeKind::kInteger, true);
    return;
  }
  if (window_.has_value() && aggregated_) {
    const int end_column = mapping[stage_.window_end_place()];
    for (size_t i = 0; i < project->expressions.size(); ++i) {
      const BoundExpression& expression = *project->expressions[i];
      if (expression.kind == BoundKind::kColumn && expression.column == end_column)
        project->event_time = static_cast<int>(i);
    }
  } else if (needs_.event_time && input->event_time >= 0) {
    project->event_time =
        AddHidden(project, std::string(kEventTimeColumn),
                  MakeColumn(input->event_time, TypeKind::kInteger, "_event_time"), TypeKind::kInteger, true);
  }
  (void)result;
}

void SelectBinder::BindOrderBy() {
  for (const sql::OrderItem& item : query_.order_by) {
    const sql::Expression* source = item.expression.get();
    BoundExpressionPtr bound;
    if (source->kind == sql::ExpressionKind::kLiteral &&
        static_cast<const sql::Literal*>(source)->type == sql::Literal::Type::kInteger) {
      const auto& literal = static_cast<const sql::Literal&>(*source);
      size_t ordinal = 0;
      std::from_chars(literal.text.data(), literal.text.data() + literal.text.size(), ordinal);
      if (ordinal >= 1 && ordinal <= items_.size()) {
        bound = items_[ordinal - 1].expression;
      } else {
        OrdinalItem(literal, "ORDER BY");
      }
    } else if (source->kind == sql::ExpressionKind::kColumn) {
      // The name of a result column, also where it was not given by AS.
      const auto& reference = static_cast<const sql::ColumnReference&>(*source);
      for (const OutputItem& output : items_) {
        if (reference.parts.size() == 1 && output.name == reference.parts[0].text) bound = output.expression;
      }
    }
    if (bound == nullptr && source->kind != sql::ExpressionKind::kLiteral) {
      bound = binder_.Bind(*source, Clause::kOrderBy, true);
    }
    order_by_.push_back(std::move(bound));
  }
}

std::vector<SortKey> SelectBinder::BuildSortKeys(ProjectNode* project, const std::vector<int>& mapping) {
  std::vector<SortKey> keys;
  for (size_t i = 0; i < order_by_.size(); ++i) {
    if (order_by_[i] == nullptr) continue;
    const BoundExpressionPtr expression = RemapColumns(order_by_[i], mapping);
    int position = -1;
    for (size_t column = 0; column < project->expressions.size() && position < 0; ++column) {
      if (SameBound(*project->expressions[column], *expression)) position = static_cast<int>(column);
    }
    if (position < 0) {
      position = AddHidden(project, "_sort_" + std::to_string(i + 1), expression, expression->type, true);
    }
    SortKey key;
    const sql::OrderItem& item = query_.order_by[i];
    key.expression = MakeColumn(position, expression->type, ExpressionText(*item.expression), item.expression->span);
    key.descending = item.descending;
    key.nulls_first = item.nulls_first.value_or(item.descending);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace velo::plan
