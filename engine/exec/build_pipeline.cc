#include "engine/exec/operators/distinct.h"
#include "engine/exec/operators/filter.h"
#include "engine/exec/operators/hash_aggregate.h"
#include "engine/exec/operators/limit.h"
#include "engine/exec/operators/project.h"
#include "engine/exec/operators/session_aggregate.h"
#include "engine/exec/operators/sort.h"
#include "engine/exec/operators/top_n.h"
#include "engine/exec/operators/window_aggregate.h"
#include "engine/exec/operators/window_rows.h"
#include "engine/exec/pipeline.h"

namespace velo::exec {

namespace {

// One operator with the way on to the next stage.
class OperatorStage : public Port, public Output {
 public:
  OperatorStage(std::unique_ptr<Operator> step, InputMeter* counts_used, Port* next)
      : step_(std::move(step)), counts_used_(counts_used), next_(next) {}

  Status Rows(const Batch& batch) override {
    if (counts_used_ != nullptr) counts_used_->used += batch.num_rows();
    return step_->OnBatch(batch, *this);
  }
  Status Watermark(EventMillis watermark) override {
    VELO_RETURN_IF_ERROR(step_->OnWatermark(watermark, *this));
    return next_->Watermark(watermark);
  }
  Status End() override {
    VELO_RETURN_IF_ERROR(step_->OnEnd(*this));
    return next_->End();
  }
  Status Emit(Batch batch) override { return next_->Rows(batch); }

 private:
  std::unique_ptr<Operator> step_;
  InputMeter* counts_used_;  ///< Null unless rows from the source end their way here.
  Port* next_;
};

// Where rows that no operator has taken in count as used: before a sink or a union.
class CountingPort : public Port {
 public:
  CountingPort(InputMeter* meter, Port* next) : meter_(meter), next_(next) {}
  Status Rows(const Batch& batch) override {
    meter_->used += batch.num_rows();
    return next_->Rows(batch);
  }
  Status Watermark(EventMillis watermark) override { return next_->Watermark(watermark); }
  Status End() override { return next_->End(); }

 private:
  InputMeter* meter_;
  Port* next_;
};

// Several inputs, one output: passes on the lowest watermark and ends with the last input.
class Union {
 public:
  Union(size_t inputs, Port* next) : watermarks_(inputs, kBeginOfTime), open_(inputs), next_(next) {}

  Status Rows(const Batch& batch) { return next_->Rows(batch); }
  Status Watermark(size_t input, EventMillis watermark) {
    watermarks_[input] = watermark;
    const EventMillis lowest = *std::min_element(watermarks_.begin(), watermarks_.end());
    if (lowest <= passed_) return Status::OK();
    passed_ = lowest;
    return next_->Watermark(lowest);
  }
  Status End() { return --open_ == 0 ? next_->End() : Status::OK(); }

 private:
  std::vector<EventMillis> watermarks_;
  EventMillis passed_ = kBeginOfTime;
  size_t open_;
  Port* next_;
};

class UnionPort : public Port {
 public:
  UnionPort(std::shared_ptr<Union> target, size_t input, std::shared_ptr<arrow::Schema> schema)
      : target_(std::move(target)), input_(input), schema_(std::move(schema)) {}
  Status Rows(const Batch& batch) override {
    // Names come from the first arm.
    return target_->Rows(
        {arrow::RecordBatch::Make(schema_, batch.num_rows(), batch.columns->columns()), batch.kinds});
  }
  Status Watermark(EventMillis watermark) override { return target_->Watermark(input_, watermark); }
  Status End() override { return target_->End(); }

 private:
  std::shared_ptr<Union> target_;
  size_t input_;
  std::shared_ptr<arrow::Schema> schema_;
};

// Whether rows reach the node from its leaf only through filters and projections.
bool IsNearSource(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan: return true;
    case PlanKind::kFilter:
    case PlanKind::kProject: return IsNearSource(*node.inputs[0]);
    default: return false;
  }
}

template <typename Node>
std::shared_ptr<const Node> As(const PlanNodePtr& node) {
  return std::static_pointer_cast<const Node>(node);
}

// Keeps what flows in inside the operator.
class HoldingStage : public Port, public Output {
 public:
  explicit HoldingStage(std::unique_ptr<Operator> step) : step_(std::move(step)) {}
  Status Rows(const Batch& batch) override { return step_->OnBatch(batch, *this); }
  Status Watermark(EventMillis) override { return Status::OK(); }
  Status End() override { return Status::OK(); }
  Status Emit(Batch) override { return Status::Bug("an aggregate of a lane gave rows out before it was merged"); }

 private:
  std::unique_ptr<Operator> step_;
};

// What the operators above need of those below.
struct Demand {
  bool last_state_only = false;  ///< Intermediate changes would be thrown away.
  bool keeps_newest = false;     ///< Rows are folded by key, so deletes are understood.
  bool rows_counted = false;     ///< Rows of a source are counted as used further up.
  std::vector<const Operator*> limits;
};

class Builder {
 public:
  Builder(const PipelineSettings& settings, LaneContext* context, const PlanNode* cut)
      : settings_(settings), context_(context), cut_(cut), pipeline_(std::make_unique<Pipeline>()) {}

  Status Build(const PlanNodePtr& node, Port* next, Demand demand) {
    if (node.get() == cut_ || node->kind == PlanKind::kValues) return AddLeaf(node, next, demand);
    if (IsNearSource(*node) && !demand.rows_counted) {
      next = Own(std::make_unique<CountingPort>(context_->meter, next));
      demand.rows_counted = true;
    }
    if (node->kind == PlanKind::kScan) return AddLeaf(node, next, demand);
    if (node->kind == PlanKind::kUnion) return BuildUnion(node, next, demand);
    const bool near_source = IsNearSource(*node->inputs[0]);
    VELO_ASSIGN_OR_RETURN(std::unique_ptr<Operator> made, Make(node, near_source, demand));
    Operator* step = made.get();
    InputMeter* counts_used = near_source && TakesRowsIn(*node) ? context_->meter : nullptr;
    Port* stage = Own(std::make_unique<OperatorStage>(std::move(made), counts_used, next));
    VELO_RETURN_IF_ERROR(Build(node->inputs[0], stage, DemandBelow(*node, step, demand)));
    pipeline_->operators.push_back(step);
    return Status::OK();
  }

  Result<MergeableOperator*> BuildHeld(const std::shared_ptr<const AggregateNode>& node) {
    std::unique_ptr<MergeableOperator> made = MakeAnyAggregate({node, EmitMode::kFinal, true, false});
    MergeableOperator* step = made.get();
    Port* stage = Own(std::make_unique<HoldingStage>(std::move(made)));
    VELO_RETURN_IF_ERROR(Build(node->inputs[0], stage, {true, false, true, {}}));
    pipeline_->operators.push_back(step);
    return step;
  }

  std::unique_ptr<Pipeline> Take() { return std::move(pipeline_); }

 private:
  // Operators that end the way of a source row without counting it themselves.
  static bool TakesRowsIn(const PlanNode& node) {
    return node.kind == PlanKind::kDistinct || node.kind == PlanKind::kSort || node.kind == PlanKind::kLimit;
  }

  Demand DemandBelow(const PlanNode& node, const Operator* step, Demand demand) const {
    switch (node.kind) {
      case PlanKind::kAggregate:
      case PlanKind::kDistinct:
      case PlanKind::kWindowRows: return {settings_.ends, false, true, demand.limits};
      case PlanKind::kSort: {
        const auto& sort = static_cast<const SortNode&>(node);
        const bool continuous = sort.scope == SortNode::Scope::kContinuous;
        return {settings_.ends, continuous && !sort.row_key.empty(), true, demand.limits};
      }
      case PlanKind::kLimit:
        demand.limits.push_back(step);
        demand.last_state_only |= settings_.ends;
        demand.rows_counted = true;
        return demand;
      default: return demand;
    }
  }

  Status BuildUnion(const PlanNodePtr& node, Port* next, const Demand& demand) {
    auto target = std::make_shared<Union>(node->inputs.size(), next);
    const std::shared_ptr<arrow::Schema> schema = node->output.ToArrow();
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      Port* port = Own(std::make_unique<UnionPort>(target, i, schema));
      Demand below = demand;
      below.rows_counted = false;
      VELO_RETURN_IF_ERROR(Build(node->inputs[i], port, std::move(below)));
    }
    return Status::OK();
  }

  Status AddLeaf(const PlanNodePtr& node, Port* port, const Demand& demand) {
    pipeline_->leaves.push_back({node, port, demand.limits});
    return Status::OK();
  }

  Port* Own(std::unique_ptr<Port> port) {
    pipeline_->stages.push_back(std::move(port));
    return pipeline_->stages.back().get();
  }

  Result<std::unique_ptr<Operator>> Make(const PlanNodePtr& node, bool near_source, const Demand& demand) {
    switch (node->kind) {
      case PlanKind::kFilter:
        return MakeFilter({As<FilterNode>(node), near_source, settings_.coalesce_changes || demand.keeps_newest},
                          context_);
      case PlanKind::kProject: return MakeProject(As<ProjectNode>(node), near_source, context_);
      case PlanKind::kAggregate: return MakeAggregate(As<AggregateNode>(node), near_source, demand);
      case PlanKind::kDistinct: return MakeDistinct(As<DistinctNode>(node), !settings_.ends, context_);
      case PlanKind::kWindowRows: return MakeWindowRows(As<WindowRowsNode>(node), near_source, context_);
      case PlanKind::kLimit: return MakeLimit(As<LimitNode>(node));
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
      case PlanKind::kUnion: break;
      case PlanKind::kJoin:
        return Status::User("E3090", "joins cannot be run by this build yet",
                            "join the data beforehand, or query one source at a time")
            .WithSpan(node->span);
    }
    return Status::Bug("a leaf of the plan is no operator");
  }

  Result<std::unique_ptr<Operator>> MakeAggregate(std::shared_ptr<const AggregateNode> node, bool near_source,
                                                  const Demand& demand) {
    AggregateSettings settings{std::move(node), EmitMode::kFinal, near_source,
                               settings_.coalesce_changes || demand.keeps_newest};
    const bool only_last = settings_.ends && (demand.last_state_only || settings_.coalesce_changes);
    if (settings.node->emit_changes && !only_last) {
      settings.emit = settings_.coalesce_changes ? EmitMode::kEachBatch : EmitMode::kEachRow;
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
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace

bool Pipeline::Leaf::IsSatisfied() const {
  return std::any_of(limits.begin(), limits.end(), [](const Operator* limit) { return limit->IsSatisfied(); });
}

int64_t Pipeline::StateBytes() const {
  int64_t bytes = 0;
  for (const Operator* step : operators) bytes += step->StateBytes();
  return bytes;
}

std::vector<OperatorInsight> Pipeline::Explain() const {
  std::vector<OperatorInsight> insights;
  for (const Operator* step : operators) step->Explain(&insights);
  return insights;
}

Result<std::unique_ptr<Pipeline>> BuildPipeline(const PlanNodePtr& plan, const PipelineSettings& settings,
                                                LaneContext* context, Port* sink, const PlanNode* cut) {
  Builder builder(settings, context, cut);
  VELO_RETURN_IF_ERROR(builder.Build(plan, sink, {false, settings.coalesce_changes, false, {}}));
  return builder.Take();
}

std::shared_ptr<const AggregateNode> FindParallelAggregate(const PlanNodePtr& plan, const PipelineSettings& settings) {
  if (!settings.ends || settings.has_watermarks) return nullptr;
  bool last_state_only = settings.coalesce_changes;
  for (PlanNodePtr node = plan; node->inputs.size() == 1; node = node->inputs[0]) {
    if (node->kind == PlanKind::kAggregate && IsNearSource(*node->inputs[0])) {
      auto aggregate = As<AggregateNode>(node);
      return !aggregate->emit_changes || last_state_only ? aggregate : nullptr;
    }
    if (node->kind != PlanKind::kFilter && node->kind != PlanKind::kProject) last_state_only = true;
  }
  return nullptr;
}

Result<LanePipeline> BuildLane(const std::shared_ptr<const AggregateNode>& aggregate, LaneContext* context) {
  Builder builder({true, true, false}, context, nullptr);
  LanePipeline lane;
  VELO_ASSIGN_OR_RETURN(lane.aggregate, builder.BuildHeld(aggregate));
  lane.pipeline = builder.Take();
  return lane;
}

}  // namespace velo::exec
