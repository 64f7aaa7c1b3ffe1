#include <algorithm>

#include "engine/exec/columns_read.h"
#include "engine/exec/dictionary_columns.h"
#include "engine/exec/event_time_source.h"
#include "engine/exec/operators/distinct.h"
#include "engine/exec/operators/filter.h"
#include "engine/exec/operators/hash_aggregate.h"
#include "engine/exec/operators/interval_join.h"
#include "engine/exec/operators/limit.h"
#include "engine/exec/operators/lookup_join.h"
#include "engine/exec/operators/normalise.h"
#include "engine/exec/operators/over.h"
#include "engine/exec/operators/over_arrival.h"
#include "engine/exec/operators/project.h"
#include "engine/exec/operators/session_aggregate.h"
#include "engine/exec/operators/sort.h"
#include "engine/exec/operators/subquery.h"
#include "engine/exec/operators/table_join.h"
#include "engine/exec/operators/top_n.h"
#include "engine/exec/operators/unnest.h"
#include "engine/exec/operators/window_aggregate.h"
#include "engine/exec/operators/window_rows.h"
#include "engine/exec/pipeline.h"
#include "engine/exec/stages.h"
#include "engine/plan/nodes/join_node.h"
#include "engine/plan/nodes/normalise_node.h"
#include "engine/plan/nodes/over_node.h"
#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/nodes/unnest_node.h"
#include "engine/plan/step_name.h"

namespace velo::exec {

namespace {

bool IsWindowed(const PlanNode& node) {
  if (node.kind == PlanKind::kWindowRows) return true;
  return node.kind == PlanKind::kAggregate && static_cast<const AggregateNode&>(node).window.has_value();
}

// Whether rows reach the node from its leaf only through steps that pass each of them on or end its way.
bool IsNearSource(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan:
      return true;
    case PlanKind::kFilter:
    case PlanKind::kProject:
    case PlanKind::kSubquery:
      return IsNearSource(*node.inputs[0]);
    default:
      return false;
  }
}

bool IsLookup(const PlanNode& node) {
  return node.kind == PlanKind::kJoin && static_cast<const JoinNode&>(node).method == JoinMethod::kLookup;
}

bool IsInterval(const PlanNode& node) {
  return node.kind == PlanKind::kJoin && static_cast<const JoinNode&>(node).method == JoinMethod::kInterval;
}

// Whether several lanes may run what is at and below the node over parts of its left-most scan.
bool RunsInLanes(const PlanNode& node) {
  if (node.kind == PlanKind::kFilter || node.kind == PlanKind::kProject) return RunsInLanes(*node.inputs[0]);
  if (!IsLookup(node)) return node.kind == PlanKind::kScan;
  const sql::JoinKind kind = static_cast<const JoinNode&>(node).join;
  const bool shows_right = kind == sql::JoinKind::kRight || kind == sql::JoinKind::kFull;
  return !shows_right && node.inputs[1]->bounded && RunsInLanes(*node.inputs[0]);
}

template <typename Node>
std::shared_ptr<const Node> As(const PlanNodePtr& node) {
  return std::static_pointer_cast<const Node>(node);
}

// What the operators above need of those below.
struct Demand {
  bool last_state_only = false;  ///< Intermediate changes would be thrown away.
  bool keeps_newest = false;     ///< Rows are folded by key, so deletes are understood.
  bool joins_updates = false;    ///< Somebody takes the old and the new row of an update in as one step.
  bool rows_counted = false;     ///< Rows of a source are counted as used further up.
  std::vector<const Step*> limits;
  std::vector<TwoInputOperator*> waits_for;  ///< Joins on whose left side this is.
  std::vector<TwoInputOperator*> loads;      ///< Joins on whose right side this is.
  bool every_change = false;                 ///< Each change counts: a row window remembers them.
  std::string time_column;                   ///< As Pipeline::Leaf has it.
};

class Builder {
 public:
  Builder(const PipelineSettings& settings, LaneContext* context, const PlanNode* cut, LaneTables* tables = nullptr)
      : settings_(settings),
        context_(context),
        cut_(cut),
        tables_(tables),
        later_lane_(tables != nullptr && !tables->empty()),
        pipeline_(std::make_unique<Pipeline>()) {}

  Status Build(const PlanNodePtr& node, Port* next, Demand demand) {
    if (node.get() == cut_ || node->kind == PlanKind::kValues) return AddLeaf(node, next, demand);
    if (IsNearSource(*node) && !demand.rows_counted) {
      next = Own(MakeCountingPort(context_->meter, next));
      demand.rows_counted = true;
    }
    if (node->kind == PlanKind::kScan) return AddLeaf(node, next, demand);
    if (node->kind == PlanKind::kUnion) return BuildUnion(node, next, demand);
    if (node->inputs.size() == 2) return BuildTwoInputs(node, next, demand);
    if (node->kind == PlanKind::kNormalise && !ChangesNow(*node->inputs[0])) {
      return Build(node->inputs[0], next, std::move(demand));
    }
    const PlanNodePtr below = InputOf(node);
    const bool near_source = IsNearSource(*below);
    columns_read_[below.get()] = ColumnsRead(*node, TakeColumnsRead(*node));
    VELO_ASSIGN_OR_RETURN(std::unique_ptr<Operator> made, Make(node, near_source, demand));
    Operator* step = made.get();
    step->counts.name = plan::StepName(*node);
    InputMeter* counts_used = near_source && TakesRowsIn(*node) ? context_->meter : nullptr;
    Port* stage = Own(MakeOperatorStage(std::move(made), counts_used, next));
    if (settings_.has_watermarks && IsWindowed(*node) && below->event_time >= 0 && !ScansKnowTime(*below)) {
      const std::optional<int64_t> lag = LagBehindJoin(*below);
      stage = Own(lag.has_value() ? MakeLaggingPort(*lag, stage) : MakeTimeTracker(below->event_time, stage));
    }
    VELO_RETURN_IF_ERROR(Build(below, stage, DemandBelow(*node, step, demand)));
    pipeline_->operators.push_back(step);
    return Status::OK();
  }

  Result<MergeableOperator*> BuildHeld(const std::shared_ptr<const AggregateNode>& node) {
    held_ = node.get();
    const bool near_source = IsNearSource(*node->inputs[0]);
    std::unique_ptr<MergeableOperator> made = MakeAnyAggregate({node, EmitMode::kFinal, near_source, false, false});
    MergeableOperator* step = made.get();
    step->counts.name = plan::StepName(*node);
    Port* stage = Own(MakeHoldingStage(std::move(made)));
    columns_read_[node->inputs[0].get()] = ColumnsRead(*node, {});
    VELO_RETURN_IF_ERROR(Build(node->inputs[0], stage, {true, false, true, true, {}, {}}));
    pipeline_->operators.push_back(step);
    return step;
  }

  std::unique_ptr<Pipeline> Take() { return std::move(pipeline_); }

 private:
  // The node whose rows the operator of a node with one input takes in: row windows are computed several at once.
  static PlanNodePtr InputOf(const PlanNodePtr& node) {
    if (node->kind == PlanKind::kOver) {
      const auto windows = ArrivalWindows(As<OverNode>(node));
      if (!windows.empty()) return windows.front()->inputs[0];
    }
    return node->inputs[0];
  }

  // Operators that end the way of a source row without counting it themselves.
  static bool TakesRowsIn(const PlanNode& node) {
    return node.kind == PlanKind::kDistinct || node.kind == PlanKind::kSort || node.kind == PlanKind::kLimit;
  }

  Demand DemandBelow(const PlanNode& node, const Step* step, Demand demand) const {
    switch (node.kind) {
      case PlanKind::kAggregate:
      case PlanKind::kDistinct:
      case PlanKind::kWindowRows:
        return {settings_.ends, false, true, true, demand.limits, demand.waits_for, demand.loads};
      case PlanKind::kSort: {
        const auto& sort = static_cast<const SortNode&>(node);
        const bool continuous = sort.scope == SortNode::Scope::kContinuous;
        const bool keyed = (continuous || sort.scope == SortNode::Scope::kWhole) && !sort.row_key.empty();
        return {settings_.ends, keyed, false, true, demand.limits, demand.waits_for, demand.loads};
      }
      case PlanKind::kOver: {
        const bool every_change = !static_cast<const OverNode&>(node).per_emission;
        return {false, false, false, true, demand.limits, demand.waits_for, demand.loads, every_change};
      }
      case PlanKind::kNormalise:
        demand.keeps_newest = true;
        return demand;
      case PlanKind::kLimit:
        demand.limits.push_back(step);
        demand.last_state_only |= settings_.ends;
        demand.rows_counted = true;
        return demand;
      case PlanKind::kUnnest:
        demand.keeps_newest = false;
        demand.rows_counted = true;
        return demand;
      default:
        return demand;
    }
  }

  // Whether anything but inserts can leave the node in this run. Where the input ends, what stands below an operator
  // with state gives out its last state only.
  bool ChangesNow(const PlanNode& node) const {
    if (node.changes == Changes::kAppend || !settings_.ends) return node.changes != Changes::kAppend;
    if (node.kind == PlanKind::kAggregate) return settings_.has_watermarks && IsWindowed(node);
    if (node.kind == PlanKind::kJoin || node.inputs.empty()) return true;
    if (node.kind == PlanKind::kSort) return false;
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [this](const PlanNodePtr& input) { return ChangesNow(*input); });
  }

  Status BuildUnion(const PlanNodePtr& node, Port* next, const Demand& demand) {
    auto ports = MakeUnion(node->inputs.size(), node->output.ToArrow(), next);
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      Demand below = demand;
      below.rows_counted = false;
      VELO_RETURN_IF_ERROR(Build(node->inputs[i], Own(std::move(ports[i])), std::move(below)));
    }
    return Status::OK();
  }

  Status BuildTwoInputs(const PlanNodePtr& node, Port* next, const Demand& demand) {
    // These joins count the rows of their sources themselves, as their keys and times may be bad.
    const bool counts = IsLookup(*node) || IsInterval(*node);
    const bool counts_left = counts && IsNearSource(*node->inputs[0]);
    const bool counts_right = counts && IsNearSource(*node->inputs[1]);
    VELO_ASSIGN_OR_RETURN(std::unique_ptr<TwoInputOperator> made, MakeTwoInput(node, counts_left, counts_right));
    TwoInputOperator* step = made.get();
    step->counts.name = plan::StepName(*node);
    const bool shares_table = later_lane_ && counts;
    auto ports = MakeTwoInputStage(std::move(made), next);
    // The rows of a subquery's left side go on, so they may be counted further up.
    const bool left_counted = counts_left || (node->kind == PlanKind::kSubquery && demand.rows_counted);
    Demand left{settings_.ends, demand.keeps_newest, false,       left_counted,
                demand.limits,  demand.waits_for,    demand.loads};
    left.waits_for.push_back(step);
    left.time_column = TimeColumnOf(*node, Side::kLeft);
    VELO_RETURN_IF_ERROR(Build(node->inputs[0], Own(std::move(ports[0])), std::move(left)));
    if (shares_table) {
      pipeline_->operators.push_back(step);
      return Status::OK();
    }
    Demand right{settings_.ends, true, false, counts_right, demand.limits, demand.waits_for, demand.loads};
    right.limits.push_back(step);
    right.loads.push_back(step);
    right.time_column = TimeColumnOf(*node, Side::kRight);
    VELO_RETURN_IF_ERROR(Build(node->inputs[1], Own(std::move(ports[1])), std::move(right)));
    pipeline_->operators.push_back(step);
    return Status::OK();
  }

  // Whether both inputs of the interval join end and have no watermarks before that, so that their rows can be brought
  // into order of time.
  bool JoinsInOrder(const JoinNode& join) const {
    return settings_.ends && !settings_.has_watermarks && join.max_rows == 0 && join.max_rows_per_key == 0;
  }

  // The column of the scan on that side whose lowest times let the join go on.
  std::string TimeColumnOf(const PlanNode& node, Side side) const {
    if (!IsInterval(node)) return "";
    const auto& join = static_cast<const JoinNode&>(node);
    if (!join.bound.has_value() || !JoinsInOrder(join)) return "";
    const PlanNode& input = *node.inputs[static_cast<size_t>(side)];
    BoundExpressionPtr time = side == Side::kLeft ? join.bound->left_time : join.bound->right_time;
    if (time == nullptr && input.event_time >= 0) time = MakeColumn(input.event_time, TypeKind::kInteger);
    return time == nullptr ? "" : TimeColumn(input, time);
  }

  Status AddLeaf(const PlanNodePtr& node, Port* port, const Demand& demand) {
    pipeline_->leaves.push_back({node, port, demand.limits, demand.waits_for, demand.loads, demand.time_column});
    return Status::OK();
  }

  // The node is built once for each reader, who says anew what it reads.
  std::vector<bool> TakeColumnsRead(const PlanNode& node) {
    const auto known = columns_read_.extract(&node);
    return known.empty() ? std::vector<bool>() : known.mapped();
  }

  Port* Own(std::unique_ptr<Port> port) {
    pipeline_->stages.push_back(std::move(port));
    return pipeline_->stages.back().get();
  }

  Result<std::unique_ptr<Operator>> Make(const PlanNodePtr& node, bool near_source, const Demand& demand) {
    switch (node->kind) {
      case PlanKind::kFilter:
        return MakeFilter({As<FilterNode>(node), near_source, settings_.coalesce_changes || demand.keeps_newest,
                           node->inputs[0]->changes == Changes::kRetract},
                          context_);
      case PlanKind::kProject:
        return MakeProject(As<ProjectNode>(node), near_source, context_);
      case PlanKind::kAggregate:
        return MakeAggregate(As<AggregateNode>(node), near_source, demand);
      case PlanKind::kDistinct:
        if (ChangesNow(*node->inputs[0])) return MakeChangingDistinct(As<DistinctNode>(node), demand.joins_updates);
        return MakeDistinct(As<DistinctNode>(node), !settings_.ends, context_);
      case PlanKind::kWindowRows:
        return MakeWindowRows(As<WindowRowsNode>(node), near_source, context_);
      case PlanKind::kLimit:
        return MakeLimit(As<LimitNode>(node));
      case PlanKind::kSort: {
        auto sort = As<SortNode>(node);
        const bool is_stream = sort->scope == SortNode::Scope::kContinuous || sort->scope == SortNode::Scope::kPerBatch;
        if (is_stream && settings_.ends) {
          // What is there now ends, so all of it can be put in order.
          auto whole = std::make_shared<SortNode>(*sort);
          whole->scope = SortNode::Scope::kWhole;
          sort = std::move(whole);
        }
        if (sort->scope == SortNode::Scope::kContinuous) {
          return MakeTopN(std::move(sort), settings_.coalesce_changes, context_);
        }
        return MakeSort(std::move(sort), context_);
      }
      case PlanKind::kScan:
      case PlanKind::kValues:
      case PlanKind::kUnion:
        break;
      case PlanKind::kJoin:
      case PlanKind::kSubquery:
        break;
      case PlanKind::kOver: {
        auto over = As<OverNode>(node);
        if (over->per_emission) return MakeOverEmission(std::move(over), context_);
        if (auto windows = ArrivalWindows(over); !windows.empty()) {
          return MakeArrivalOver(std::move(windows), near_source, context_);
        }
        return MakeOver(std::move(over), near_source, context_);
      }
      case PlanKind::kNormalise:
        return MakeNormalise(As<NormaliseNode>(node));
      case PlanKind::kUnnest:
        return MakeUnnest(As<UnnestNode>(node), near_source, context_);
    }
    return Status::Bug("a leaf of the plan is no operator");
  }

  Result<std::unique_ptr<TwoInputOperator>> MakeTwoInput(const PlanNodePtr& node, bool counts_left, bool counts_right) {
    if (IsLookup(*node)) {
      const auto join = As<JoinNode>(node);
      std::shared_ptr<LookupTable> table = tables_ == nullptr ? nullptr : (*tables_)[node.get()];
      if (table == nullptr) table = std::make_shared<LookupTable>(*join);
      if (tables_ != nullptr) (*tables_)[node.get()] = table;
      std::vector<bool> coded;
      if (held_ != nullptr) coded = DictionaryColumnsOf(*held_, *node);
      return MakeLookupJoin(
          {join, std::move(table), counts_left, counts_right, TakeColumnsRead(*node), std::move(coded)}, context_);
    }
    if (node->kind == PlanKind::kJoin) return MakeJoin(As<JoinNode>(node), counts_left, counts_right);
    if (node->kind == PlanKind::kSubquery) {
      return MakeSubquery(As<SubqueryNode>(node), IsNearSource(*node->inputs[0]), context_);
    }
    return Status::Bug("an operator with two inputs is missing");
  }

  Result<std::unique_ptr<TwoInputOperator>> MakeJoin(const std::shared_ptr<const JoinNode>& node, bool counts_left,
                                                     bool counts_right) {
    switch (node->method) {
      case JoinMethod::kInterval: {
        IntervalJoinSettings settings{node, {counts_left, counts_right}, TakeColumnsRead(*node)};
        return JoinsInOrder(*node) ? MakeCompleteIntervalJoin(std::move(settings), context_)
                                   : MakeIntervalJoin(std::move(settings), context_);
      }
      case JoinMethod::kTable: {
        const bool only_inserts = settings_.ends && !ChangesNow(*node->inputs[0]) && !ChangesNow(*node->inputs[1]);
        if (only_inserts) return MakeCompleteIntervalJoin({node, {false, false}, TakeColumnsRead(*node)}, context_);
        return MakeTableJoin(node, settings_.ends, context_);
      }
      case JoinMethod::kLookup:
        break;
    }
    return Status::Bug("a lookup join is made with its table");
  }

  Result<std::unique_ptr<Operator>> MakeAggregate(std::shared_ptr<const AggregateNode> node, bool near_source,
                                                  const Demand& demand) {
    const bool takes_back = ChangesNow(*node->inputs[0]);
    AggregateSettings settings{std::move(node), EmitMode::kFinal, near_source,
                               settings_.coalesce_changes || demand.keeps_newest, takes_back};
    const bool coalesces = settings_.coalesce_changes && !demand.every_change;
    const bool only_last = settings_.ends && (demand.last_state_only || coalesces);
    if (settings.node->emit_changes && !only_last) {
      settings.emit = coalesces ? EmitMode::kEachBatch : EmitMode::kEachRow;
    }
    const std::optional<WindowSpec>& window = settings.node->window;
    if (takes_back && window.has_value() && window->type == WindowType::kSession) {
      return MakeChangingSessions(std::move(settings), context_);
    }
    return std::unique_ptr<Operator>(MakeAnyAggregate(std::move(settings)));
  }

  std::unique_ptr<MergeableOperator> MakeAnyAggregate(AggregateSettings settings) {
    if (!settings.node->window.has_value()) return MakeHashAggregate(std::move(settings), context_);
    if (settings.node->window->type == WindowType::kSession) return MakeSessionAggregate(std::move(settings), context_);
    return MakeWindowAggregate(std::move(settings), context_);
  }

  const PipelineSettings settings_;
  LaneContext* const context_;
  const PlanNode* const cut_;
  std::map<const PlanNode*, std::vector<bool>> columns_read_;  ///< Of nodes with one reader; empty: all.
  LaneTables* const tables_;                                   ///< Shared by lanes; null when there is one lane.
  const bool later_lane_;                                      ///< The first lane fills the tables.
  const AggregateNode* held_ = nullptr;                        ///< Of a lane: the aggregate on top.
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace

bool Pipeline::Leaf::IsSatisfied() const {
  return std::any_of(limits.begin(), limits.end(), [](const Step* limit) { return limit->IsSatisfied(); });
}

bool Pipeline::Leaf::MayRead() const {
  return std::all_of(waits_for.begin(), waits_for.end(),
                     [](const TwoInputOperator* step) { return step->WantsLeft(); });
}

Status Port::Save(std::string*) const { return Status::OK(); }
Status Port::Load(std::string_view*) { return Status::OK(); }

Status Pipeline::Save(std::string* out) const {
  for (const auto& stage : stages) VELO_RETURN_IF_ERROR(stage->Save(out));
  for (const Step* step : operators) VELO_RETURN_IF_ERROR(step->Save(out));
  return Status::OK();
}

Status Pipeline::Load(std::string_view* in) {
  for (const auto& stage : stages) VELO_RETURN_IF_ERROR(stage->Load(in));
  for (Step* step : operators) VELO_RETURN_IF_ERROR(step->Load(in));
  return Status::OK();
}

int64_t Pipeline::StateBytes() const {
  int64_t bytes = 0;
  for (const Step* step : operators) bytes += step->StateBytes();
  return bytes;
}

std::vector<OperatorMetrics> Pipeline::Metrics() const {
  std::vector<OperatorMetrics> metrics;
  for (const Step* step : operators) {
    OperatorMetrics counts = step->counts;
    if (counts.rows_used == Step::kNotCounted) {
      counts.rows_used = counts.rows_in - counts.rows_filtered - counts.rows_late - counts.rows_bad - counts.rows_held;
    }
    metrics.push_back(std::move(counts));
  }
  return metrics;
}

Timestamp Pipeline::NextTimer() const {
  Timestamp nearest = INT64_MAX;
  for (const auto& stage : stages) nearest = std::min(nearest, stage->NextTimer());
  return nearest;
}

Status Pipeline::FireTimers(Timestamp now) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    if ((*stage)->NextTimer() <= now) VELO_RETURN_IF_ERROR((*stage)->Timer(now));
  }
  return Status::OK();
}

std::vector<OperatorInsight> Pipeline::Explain() const {
  std::vector<OperatorInsight> insights;
  for (const Step* step : operators) step->Explain(&insights);
  return insights;
}

Result<std::unique_ptr<Pipeline>> BuildPipeline(const PlanNodePtr& plan, const PipelineSettings& settings,
                                                LaneContext* context, Port* sink, const PlanNode* cut) {
  Builder builder(settings, context, cut);
  std::unique_ptr<Port> changelog;
  if (plan->changes == Changes::kRetract && plan->kind != PlanKind::kSort) {
    changelog = MakeChangelogPort(settings.coalesce_changes, sink);
    sink = changelog.get();
  }
  VELO_RETURN_IF_ERROR(builder.Build(plan, sink, {false, settings.coalesce_changes, false, false, {}, {}}));
  std::unique_ptr<Pipeline> pipeline = builder.Take();
  if (changelog != nullptr) pipeline->stages.push_back(std::move(changelog));
  return pipeline;
}

std::shared_ptr<const AggregateNode> FindParallelAggregate(const PlanNodePtr& plan, const PipelineSettings& settings) {
  if (!settings.ends || settings.has_watermarks) return nullptr;
  bool last_state_only = settings.coalesce_changes;
  for (PlanNodePtr node = plan; node->inputs.size() == 1; node = node->inputs[0]) {
    if (node->kind == PlanKind::kAggregate && RunsInLanes(*node->inputs[0])) {
      auto aggregate = As<AggregateNode>(node);
      // Limits hold for the groups and sessions of the whole query, in the order of its input.
      const bool limited = aggregate->max_groups > 0 || aggregate->group_ttl_ms > 0 ||
                           (aggregate->window.has_value() && aggregate->window->session_max_ms > 0);
      if (limited) return nullptr;
      return !aggregate->emit_changes || last_state_only ? aggregate : nullptr;
    }
    if (node->kind == PlanKind::kOver) {
      last_state_only = false;  // It remembers every change.
    } else if (node->kind != PlanKind::kFilter && node->kind != PlanKind::kProject) {
      last_state_only = true;
    }
  }
  return nullptr;
}

bool IsStateless(const PlanNode& plan) {
  if (plan.kind == PlanKind::kFilter || plan.kind == PlanKind::kProject) return IsStateless(*plan.inputs[0]);
  return plan.kind == PlanKind::kScan;
}

Result<LanePipeline> BuildLane(const std::shared_ptr<const AggregateNode>& aggregate, LaneContext* context,
                               LaneTables* tables) {
  Builder builder({true, true, false}, context, nullptr, tables);
  LanePipeline lane;
  VELO_ASSIGN_OR_RETURN(lane.aggregate, builder.BuildHeld(aggregate));
  lane.pipeline = builder.Take();
  return lane;
}

}  // namespace velo::exec
