#include "engine/plan/changes.h"

#include <algorithm>
#include <map>

#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/normalise_node.h"
#include "engine/plan/nodes/over_node.h"
#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/nodes/unnest_node.h"
#include "engine/plan/rewrite.h"

namespace velo::plan {

namespace {

// The windowed aggregate whose rows these are, or null.
const AggregateNode* WindowedAggregateBelow(const PlanNode* node) {
  while (node->kind == PlanKind::kFilter || node->kind == PlanKind::kProject || node->kind == PlanKind::kSort) {
    node = node->inputs[0].get();
  }
  if (node->kind != PlanKind::kAggregate) return nullptr;
  const auto* aggregate = static_cast<const AggregateNode*>(node);
  return aggregate->window.has_value() ? aggregate : nullptr;
}

PlanNodePtr Normalised(const PlanNodePtr& input) {
  if (input->changes != Changes::kUpsert) return input;
  auto node = std::make_shared<NormaliseNode>();
  if (const AggregateNode* aggregate = WindowedAggregateBelow(input.get())) {
    node->window_end = input->output.Find(kWindowEndColumn);
    node->window_kept_ms = LateRowsAcceptedFor(*aggregate->window);
  }
  node->inputs = {input};
  node->output = input->output;
  node->bounded = input->bounded;
  node->span = input->span;
  node->event_time = input->event_time;
  node->changes = Changes::kRetract;
  node->change_key = input->change_key;
  return node;
}

int PositionOf(const ProjectNode& project, int column) {
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    const BoundExpression& expression = *project.expressions[i];
    if (expression.kind == BoundKind::kColumn && expression.column == column) return static_cast<int>(i);
  }
  return -1;
}

class Resolver {
 public:
  // `old_rows`: somebody above must know which row an update replaces.
  PlanNodePtr Resolve(const PlanNodePtr& plan, bool old_rows) {
    const auto known = done_.find({plan.get(), old_rows});
    if (known != done_.end()) return known->second;
    const std::shared_ptr<PlanNode> node = CloneNode(*plan);
    const bool below = old_rows || NeedsOldRows(*node);
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      // The tables of subqueries hold whole rows, so they must be told which ones are gone.
      const bool is_table = node->kind == PlanKind::kSubquery && i == 1;
      node->inputs[i] = Resolve(node->inputs[i], below || is_table);
    }
    Decide(node.get(), old_rows);
    done_[{plan.get(), old_rows}] = node;
    return node;
  }

 private:
  static bool NeedsOldRows(const PlanNode& node) {
    if (node.kind == PlanKind::kJoin) return static_cast<const JoinNode&>(node).method == JoinMethod::kTable;
    if (node.kind == PlanKind::kSort) {
      const auto& sort = static_cast<const SortNode&>(node);
      return sort.row_key.empty() && sort.scope != SortNode::Scope::kPerWindow &&
             sort.scope != SortNode::Scope::kPerBatch;
    }
    return node.kind == PlanKind::kAggregate || node.kind == PlanKind::kDistinct;
  }

  void Decide(PlanNode* node, bool old_rows) {
    switch (node->kind) {
      case PlanKind::kScan:
      case PlanKind::kValues:
        return;
      case PlanKind::kSubquery:
        node->inputs[1] = Normalised(node->inputs[1]);
        return TakeOver(node);
      case PlanKind::kFilter:
      case PlanKind::kLimit:
      case PlanKind::kNormalise:
        return TakeOver(node);
      case PlanKind::kProject:
        return DecideProject(static_cast<ProjectNode*>(node), old_rows);
      case PlanKind::kAggregate:
        return DecideAggregate(static_cast<AggregateNode*>(node));
      case PlanKind::kWindowRows:
        return;
      case PlanKind::kDistinct:
        node->inputs[0] = Normalised(node->inputs[0]);
        node->changes = node->inputs[0]->changes;
        return;
      case PlanKind::kSort:
        return DecideSort(static_cast<SortNode*>(node));
      case PlanKind::kUnion:
        return DecideUnion(node, old_rows);
      case PlanKind::kJoin:
        return DecideJoin(static_cast<JoinNode*>(node), old_rows);
      case PlanKind::kOver:
        if (node->inputs[0]->changes == Changes::kUpsert) TakeOver(node);
        return;
      case PlanKind::kUnnest:
        return Multiplies(node, old_rows);
    }
  }

  static void TakeOver(PlanNode* node) {
    node->changes = node->inputs[0]->changes;
    node->change_key = node->inputs[0]->change_key;
  }

  // One row of the (left) input may become several, so its key is none of the output.
  static void Multiplies(PlanNode* node, bool old_rows) {
    if (old_rows) node->inputs[0] = Normalised(node->inputs[0]);
    node->changes = node->inputs[0]->changes;
  }

  static void DecideProject(ProjectNode* node, bool old_rows) {
    const PlanNode& input = *node->inputs[0];
    node->changes = input.changes;
    if (input.changes != Changes::kUpsert) return;
    for (int column : input.change_key) {
      const int position = PositionOf(*node, column);
      if (position >= 0) {
        node->change_key.push_back(position);
        continue;
      }
      node->change_key.clear();
      if (!old_rows) return;
      node->inputs[0] = Normalised(node->inputs[0]);
      node->changes = Changes::kRetract;
      return;
    }
  }

  static void DecideAggregate(AggregateNode* node) {
    node->inputs[0] = Normalised(node->inputs[0]);
    const bool takes_late_rows = node->window.has_value() && LateRowsAcceptedFor(*node->window) > 0;
    if (!node->emit_changes && !takes_late_rows) return;
    node->changes = Changes::kUpsert;
    for (size_t key = 0; key < node->keys.size(); ++key) node->change_key.push_back(static_cast<int>(key));
    // _window_start stands before _window_end, the last column.
    if (node->window.has_value()) node->change_key.push_back(static_cast<int>(node->output.columns.size()) - 2);
  }

  static void DecideSort(SortNode* node) {
    const PlanNode& input = *node->inputs[0];
    if (node->scope == SortNode::Scope::kContinuous) {
      if (node->row_key.empty() && input.changes == Changes::kUpsert) node->row_key = input.change_key;
      if (node->row_key.empty()) node->inputs[0] = Normalised(node->inputs[0]);
      node->changes = node->row_key.empty() ? Changes::kRetract : Changes::kUpsert;
      node->change_key = node->row_key;
      return;
    }
    TakeOver(node);
    if (node->scope != SortNode::Scope::kWhole) return;
    // At the end of the input the newest rows are sorted, and nothing follows.
    if (input.changes == Changes::kUpsert && node->row_key.empty()) node->row_key = input.change_key;
    node->changes = Changes::kAppend;
    node->change_key.clear();
  }

  static void DecideUnion(PlanNode* node, bool old_rows) {
    for (PlanNodePtr& input : node->inputs) {
      if (old_rows) input = Normalised(input);
      if (input->changes != Changes::kAppend) node->changes = input->changes;
    }
  }

  static void DecideJoin(JoinNode* node, bool old_rows) {
    switch (node->method) {
      case JoinMethod::kInterval:
        return;
      case JoinMethod::kLookup:
        return Multiplies(node, old_rows);
      case JoinMethod::kTable:
        break;
    }
    bool append = node->join == sql::JoinKind::kInner || node->join == sql::JoinKind::kCross;
    for (PlanNodePtr& input : node->inputs) {
      input = Normalised(input);
      append &= input->changes == Changes::kAppend;
    }
    node->changes = append ? Changes::kAppend : Changes::kRetract;
  }

  /// A subtree that several places read stays one, unless they need different things of it.
  std::map<std::pair<const PlanNode*, bool>, PlanNodePtr> done_;
};

}  // namespace

PlanNodePtr ResolveChanges(const PlanNodePtr& plan) { return Resolver().Resolve(plan, false); }

}  // namespace velo::plan
