#include "engine/plan/binder/over_stage.h"

#include <algorithm>
#include <charconv>

#include "engine/plan/binder/aggregate_stage.h"
#include "engine/plan/binder/from_binder.h"

namespace velo::plan {
namespace {

bool SameList(const std::vector<BoundExpressionPtr>& a, const std::vector<BoundExpressionPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const BoundExpressionPtr& x, const BoundExpressionPtr& y) { return SameBound(*x, *y); });
}

bool SameOptional(const BoundExpressionPtr& a, const BoundExpressionPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return SameBound(*a, *b);
}

bool SameWindow(const OverWindow& a, const OverWindow& b) {
  const auto same_key = [](const SortKey& x, const SortKey& y) {
    return x.descending == y.descending && x.nulls_first == y.nulls_first && SameBound(*x.expression, *y.expression);
  };
  return SameList(a.partition_by, b.partition_by) &&
         std::equal(a.order_by.begin(), a.order_by.end(), b.order_by.begin(), b.order_by.end(), same_key) &&
         a.frame == b.frame && a.buffer_rows == b.buffer_rows && a.buffer_ms == b.buffer_ms &&
         a.expire_ms == b.expire_ms && a.emit_on_full == b.emit_on_full && a.per_emission == b.per_emission;
}

bool SameCall(const OverCall& a, const OverCall& b) {
  return a.window == b.window && a.call.function == b.call.function && a.call.distinct == b.call.distinct &&
         a.offset == b.offset && a.ignore_nulls == b.ignore_nulls && SameOptional(a.otherwise, b.otherwise) &&
         SameOptional(a.call.filter, b.call.filter) && SameList(a.call.arguments, b.call.arguments);
}

}  // namespace

int OverStage::LevelOf(const OverWindow& window, const OverCall& call) const {
  std::vector<int> columns;
  for (const BoundExpressionPtr& key : window.partition_by) CollectColumns(*key, &columns);
  for (const SortKey& key : window.order_by) CollectColumns(*key.expression, &columns);
  for (const BoundExpressionPtr& argument : call.call.arguments) CollectColumns(*argument, &columns);
  if (call.call.filter != nullptr) CollectColumns(*call.call.filter, &columns);
  if (call.otherwise != nullptr) CollectColumns(*call.otherwise, &columns);
  int level = 0;
  for (int column : columns) {
    const auto known = levels_.find(column);
    if (known != levels_.end()) level = std::max(level, known->second + 1);
  }
  return level;
}

int OverStage::Add(OverWindow window, OverCall call) {
  const int level = LevelOf(window, call);
  auto pending = std::find_if(windows_.begin(), windows_.end(), [&](const Pending& known) {
    return known.level == level && SameWindow(known.window, window);
  });
  if (pending == windows_.end()) {
    windows_.push_back({std::move(window), level, {}, {}});
    pending = windows_.end() - 1;
  }
  for (size_t i = 0; i < pending->calls.size(); ++i) {
    if (SameCall(pending->calls[i], call)) return pending->places[i];
  }
  const int place = add_place(call);
  levels_[place] = level;
  pending->calls.push_back(std::move(call));
  pending->places.push_back(place);
  return place;
}

bool OverStage::Reads(const BoundExpression& expression) const {
  std::vector<int> columns;
  CollectColumns(expression, &columns);
  return std::any_of(columns.begin(), columns.end(), [this](int column) { return levels_.count(column) > 0; });
}

PlanNodePtr OverStage::Build(const PlanNodePtr& input, int64_t max_partitions, std::vector<int>* mapping) const {
  std::vector<const Pending*> order;
  for (const Pending& pending : windows_) order.push_back(&pending);
  // A window that holds rows back stands above the others, which have to see every row.
  std::stable_sort(order.begin(), order.end(), [](const Pending* a, const Pending* b) {
    return std::pair(a->level, a->window.emit_on_full) < std::pair(b->level, b->window.emit_on_full);
  });
  PlanNodePtr below = input;
  for (const Pending* pending : order) {
    const OverWindow& window = pending->window;
    auto node = std::make_shared<OverNode>();
    node->inputs = {below};
    node->output = below->output;
    node->bounded = below->bounded;
    node->event_time = below->event_time;
    node->changes = below->changes;
    node->change_key = below->change_key;
    node->span = window.span;
    for (const BoundExpressionPtr& key : window.partition_by) {
      node->partition_by.push_back(RemapColumns(key, *mapping));
    }
    for (const SortKey& key : window.order_by) {
      node->order_by.push_back({RemapColumns(key.expression, *mapping), key.descending, key.nulls_first});
    }
    node->frame = window.frame;
    node->buffer_rows = window.buffer_rows;
    node->buffer_ms = window.buffer_ms;
    node->expire_ms = window.expire_ms;
    node->emit_on_full = window.emit_on_full;
    node->max_partitions = max_partitions;
    node->per_emission = window.per_emission;
    if (window.per_emission) {
      node->window_start = below->output.Find(kWindowStartColumn);
      node->window_end = below->output.Find(kWindowEndColumn);
    }
    std::vector<std::pair<size_t, int>> positions;
    for (size_t i = 0; i < pending->calls.size(); ++i) {
      OverCall call = pending->calls[i];
      for (BoundExpressionPtr& argument : call.call.arguments) argument = RemapColumns(argument, *mapping);
      if (call.call.filter != nullptr) call.call.filter = RemapColumns(call.call.filter, *mapping);
      if (call.otherwise != nullptr) call.otherwise = RemapColumns(call.otherwise, *mapping);
      positions.emplace_back(static_cast<size_t>(pending->places[i]), static_cast<int>(node->output.columns.size()));
      node->output.columns.push_back({call.call.text, call.call.types.result, true});
      node->calls.push_back(std::move(call));
    }
    for (const auto& [place, position] : positions) {
      if (mapping->size() <= place) mapping->resize(place + 1, -1);
      (*mapping)[place] = position;
    }
    below = node;
  }
  return below;
}

int64_t RowWindowLimit(const BindingContext& context, const Scope& scope, std::string_view key, int64_t fallback) {
  const sql::Property* property = context.FindProperty(key);
  std::string text = property == nullptr ? "" : property->value;
  if (text.empty() && !scope.relations().empty()) text = PropertyValue(scope.relations()[0].properties, key);
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value > 0 ? value : fallback;
}

bool GivesFinalRows(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kAggregate:
      return !static_cast<const AggregateNode&>(plan).emit_changes;
    case PlanKind::kWindowRows:
      return !static_cast<const WindowRowsNode&>(plan).emit_changes;
    case PlanKind::kFilter:
    case PlanKind::kProject:
      return GivesFinalRows(*plan.inputs[0]);
    case PlanKind::kOver:
      return static_cast<const OverNode&>(plan).per_emission && GivesFinalRows(*plan.inputs[0]);
    default:
      return false;
  }
}

bool IsWindowBound(const PlanNode& plan, int column) {
  if (column < 0 || column >= static_cast<int>(plan.output.columns.size())) return false;
  switch (plan.kind) {
    case PlanKind::kAggregate:
    case PlanKind::kWindowRows: {
      const std::string& name = plan.output.columns[column].name;
      return name == kWindowStartColumn || name == kWindowEndColumn;
    }
    case PlanKind::kFilter:
      return IsWindowBound(*plan.inputs[0], column);
    case PlanKind::kOver:
      return column < static_cast<int>(plan.inputs[0]->output.columns.size()) && IsWindowBound(*plan.inputs[0], column);
    case PlanKind::kProject: {
      std::vector<int> columns;
      CollectColumns(*static_cast<const ProjectNode&>(plan).expressions[column], &columns);
      return std::any_of(columns.begin(), columns.end(),
                         [&](int below) { return IsWindowBound(*plan.inputs[0], below); });
    }
    default:
      return false;
  }
}

}  // namespace velo::plan
