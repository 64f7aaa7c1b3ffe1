#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/operator.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::exec {

struct LookupTable;

/// The entrance of a stage: what flows through a pipeline.
class Port {
 public:
  virtual ~Port() = default;
  virtual Status Rows(const Batch& batch) = 0;
  virtual Status Watermark(EventMillis watermark) = 0;
  virtual Status End() = 0;
  /// Whether the source may leave out rows that it knows to fail here, and then tells how many.
  virtual bool AllowsLeavingOut() const { return false; }
  virtual void LeftOut(int64_t rows) { (void)rows; }
  /// What the stage itself remembers (times and ends of its inputs); the state of operators is saved by them.
  virtual Status Save(std::string* out) const;
  virtual Status Load(std::string_view* in);
  /// Of the operator behind this entrance; not passed on.
  virtual Timestamp NextTimer() const { return INT64_MAX; }
  virtual Status Timer(Timestamp now) {
    (void)now;
    return Status::OK();
  }
};

/// The operators of one lane, wired from the leaves of the plan to a sink. Everything runs in the caller's thread:
/// giving rows to a leaf's port pushes them through to the sink before the call returns.
struct Pipeline {
  struct Leaf {
    PlanNodePtr node;  ///< A scan, constant rows, or the node where the pipeline was cut off.
    Port* port = nullptr;
    std::vector<const Step*> limits;           ///< When one is satisfied, the leaf needs no more rows.
    std::vector<TwoInputOperator*> waits_for;  ///< The leaf is on their left: read when all want rows.
    std::vector<TwoInputOperator*> loads;      ///< The leaf is on their right.
    /// The column that is the time in which a join above brings its sides together, where knowing beforehand how low it
    /// can get lets the join go on before its input ends. Empty: none.
    std::string time_column;

    bool IsSatisfied() const;
    bool MayRead() const;
  };
  std::vector<std::unique_ptr<Port>> stages;
  std::vector<Step*> operators;  ///< From the leaves up.
  std::vector<Leaf> leaves;      ///< In the order of the plan, left to right.

  /// The state of all stages and operators. Load needs a fresh pipeline of the same plan and settings.
  Status Save(std::string* out) const;
  Status Load(std::string_view* in);
  int64_t StateBytes() const;
  std::vector<OperatorInsight> Explain() const;
  /// From the leaves up.
  std::vector<OperatorMetrics> Metrics() const;
  /// When the next operator wants to be called by the wall clock; INT64_MAX: never.
  Timestamp NextTimer() const;
  /// Calls those whose time has come, from the leaves up.
  Status FireTimers(Timestamp now);
};

/// How a query is run; decides between equivalent forms of operators.
struct PipelineSettings {
  bool coalesce_changes = false;
  /// The input ends: aggregates under an operator that only needs the last state give out just that.
  bool ends = false;
  /// Watermarks come before the end of the input, so the order of rows matters.
  bool has_watermarks = true;
};

/// Makes operators out of the plan; the only place that knows both. Rows leave through `sink`. With `cut` (a node of
/// the plan) that node and all below it are left out, and it becomes a leaf.
Result<std::unique_ptr<Pipeline>> BuildPipeline(const PlanNodePtr& plan, const PipelineSettings& settings,
                                                LaneContext* context, Port* sink, const PlanNode* cut = nullptr);

/// The lowest aggregate when everything below it can run in several lanes over parts of one scan, with the lanes'
/// states merged at the end; null when there is none. Lookup joins on the way share their tables.
std::shared_ptr<const AggregateNode> FindParallelAggregate(const PlanNodePtr& plan, const PipelineSettings& settings);

/// Whether the rows of the result depend on one input row each, so that lanes can work on parts of the one scan.
bool IsStateless(const PlanNode& plan);

/// The operators of one lane of `aggregate` and below. Nothing comes out: the state stays in `aggregate`, which belongs
/// to the pipeline.
struct LanePipeline {
  std::unique_ptr<Pipeline> pipeline;
  MergeableOperator* aggregate = nullptr;
};
/// Tables of lookup joins that the lanes of one query share, by node.
using LaneTables = std::map<const PlanNode*, std::shared_ptr<LookupTable>>;
/// The first lane, called with empty `tables`, fills them and has leaves for their inputs after its own; the others
/// wait for them.
Result<LanePipeline> BuildLane(const std::shared_ptr<const AggregateNode>& aggregate, LaneContext* context,
                               LaneTables* tables);

}  // namespace velo::exec
